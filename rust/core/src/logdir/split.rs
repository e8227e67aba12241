//! A scan's rows, split into series.
//!
//! Rows come in record order, so those of a series lie scattered over the batches of its run. The
//! rows of a run are gathered by tag: batch by batch, columns of numbers are sorted by tag while
//! they are in the cache; once the run is complete, each series is put together. Small series share
//! the memory they are put into, and small runs are gathered together, so that a log of many costs
//! little for each.

mod gathering;
mod names;

use self::gathering::{Gathering, end_of_run};
use self::names::Names;
use super::Scan;
use super::gather::{Piece, gathered, parts};
use super::scan::Batches;
use crate::error::{Error, Result};
use crate::table::Memory;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// How much of a run is held.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a run that are gathered at once, unless a single series has more.
    pub run: usize,
    /// Bytes that series share.
    pub shared: usize,
}

/// Rows of some series, one series after the other.
#[derive(Debug)]
pub struct Pack {
    /// Run and tag of each series; the tag is null where events have no values.
    pub names: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// Where each series begins, and where the last one ends.
    pub starts: Vec<usize>,
    /// The columns without `run` and `tag`.
    pub schema: SchemaRef,
    /// The rows: one batch, if there are several series.
    pub parts: Vec<RecordBatch>,
    /// If there is one run, too large to be gathered, the bytes of each series: there are no rows
    /// then.
    pub sizes: Option<Vec<usize>>,
}

/// The series of a scan, in packs: by run, then by first row.
pub struct Split {
    stream: Box<dyn Batches>,
    limits: Limits,
    run: Names,
    tag: Names,
    own: Own,
    waiting: Option<Waiting>,
    gathering: Gathering,
    complete: VecDeque<Range<usize>>,
    ended: bool,
}

/// A batch of which not all rows were taken.
struct Waiting {
    /// The columns that are no keys.
    batch: RecordBatch,
    /// Bytes of these.
    size: usize,
    /// The first row that was not taken.
    start: usize,
}

/// The columns that are no keys.
#[derive(Debug, Clone)]
struct Own {
    numbers: Vec<usize>,
    schema: SchemaRef,
}

impl Split {
    /// Begins to read; `None` if the scan lacks the columns `run` or `tag`.
    pub fn open(
        scan: &Scan,
        limits: Limits,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Self>> {
        let schema = scan.schema(go_on)?;
        if schema.index_of("run").is_err() || schema.index_of("tag").is_err() {
            return Ok(None);
        }
        Self::over(scan.stream(go_on)?, &schema, limits)
    }

    /// The series of a stream; `None` if it lacks the columns `run` or `tag`.
    fn over(stream: Box<dyn Batches>, schema: &Schema, limits: Limits) -> Result<Option<Self>> {
        let (Ok(run), Ok(tag)) = (schema.index_of("run"), schema.index_of("tag")) else {
            return Ok(None);
        };
        let numbers = (0..schema.fields().len()).filter(|&n| n != run && n != tag);
        let numbers: Vec<usize> = numbers.collect();
        let own = schema.project(&numbers).map_err(Error::internal)?;
        let schema = Arc::new(own);
        Ok(Some(Self {
            stream,
            limits,
            run: Names::new(run),
            tag: Names::new(tag),
            own: Own { numbers, schema },
            waiting: None,
            gathering: Gathering::default(),
            complete: VecDeque::new(),
            ended: false,
        }))
    }

    /// The next pack.
    pub fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<Pack>> {
        loop {
            if let Some(series) = self.complete.pop_front() {
                let pack = self.pack(series);
                if self.complete.is_empty() {
                    self.gathering.clear();
                }
                return Some(pack);
            }
            if self.ended {
                return None;
            }
            match self.take_in(go_on) {
                Ok(None) => {}
                Ok(Some(too_large)) => return Some(Ok(too_large)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Takes in the next rows of the run, or completes it.
    fn take_in(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Pack>> {
        let Some(mut waiting) = self.waiting.take() else {
            let Some(batch) = self.stream.next(go_on).transpose()? else {
                self.ended = true;
                return Ok(self.completed());
            };
            self.waiting = Some(self.learn(&batch)?);
            return Ok(None);
        };
        let Some(&run) = self.run.codes.get(waiting.start) else {
            return Ok(None); // all of the batch was taken
        };
        if self.gathering.run.is_some_and(|gathered| gathered != run) {
            self.waiting = Some(waiting);
            return Ok(self.completed());
        }
        let end = self.stretch(&waiting);
        self.gathering.add(&waiting, end, &self.run, &self.tag);
        self.gathering.bound(self.limits.run, !self.tag.nulls);
        waiting.start = end;
        self.waiting = Some(waiting);
        Ok(None)
    }

    fn learn(&mut self, batch: &RecordBatch) -> Result<Waiting> {
        self.run.learn(batch.column(self.run.column))?;
        self.tag.learn(batch.column(self.tag.column))?;
        let batch = batch.project(&self.own.numbers);
        let batch = batch.map_err(Error::internal)?;
        Ok(Waiting {
            size: size_of_rows(&batch),
            batch,
            start: 0,
        })
    }

    /// Where the rows end that are taken in at once: those of one run, and those of further runs
    /// that are complete in this batch, as long as all of them may share memory.
    fn stretch(&self, waiting: &Waiting) -> usize {
        let runs = &self.run.codes[..];
        let mut end = end_of_run(runs, waiting.start);
        let shared = self.limits.shared.min(self.limits.run);
        let most = (shared as u128 * runs.len() as u128 / waiting.size.max(1) as u128) as usize;
        if self.gathering.run.is_some() {
            return end; // it began in an earlier batch
        }
        while end < runs.len() {
            let next = end_of_run(runs, end);
            if next == runs.len() || next - waiting.start > most {
                break;
            }
            end = next;
        }
        end
    }

    /// What is handed out of a run that is complete.
    fn completed(&mut self) -> Option<Pack> {
        if self.gathering.too_large {
            let series = self.gathering.series.iter();
            let sizes = series.map(|one| one.size).collect();
            let pack = Pack {
                names: self.names(0..self.gathering.series.len()),
                starts: vec![0],
                schema: Arc::clone(&self.own.schema),
                parts: Vec::new(),
                sizes: Some(sizes),
            };
            self.gathering.clear();
            return Some(pack);
        }
        self.complete = self.gathering.groups(self.limits.shared);
        None
    }

    fn names(&mut self, series: Range<usize>) -> Vec<(Arc<str>, Option<Arc<str>>)> {
        let Self {
            run,
            tag,
            gathering,
            ..
        } = self;
        let series = gathering.series[series].iter();
        let names = series.map(|one| {
            let run = run.name(one.run).unwrap_or_default();
            (run, tag.name(one.tag))
        });
        names.collect()
    }

    fn pack(&mut self, series: Range<usize>) -> Result<Pack> {
        let gathering = &self.gathering;
        let mut starts = vec![0];
        for one in &gathering.series[series.clone()] {
            starts.push(starts.last().copied().unwrap_or(0) + one.rows);
        }
        let pieces: Vec<Piece> = gathering.pieces_of(&series).cloned().collect();
        let (held, schema) = (&gathering.held, &self.own.schema);
        let mut memory = Memory::default();
        let parts = match series.len() {
            1 => parts(held, &pieces, schema, &mut memory)?,
            _ => vec![gathered(held, &pieces, schema, &mut memory)?],
        };
        Ok(Pack {
            names: self.names(series),
            starts,
            schema: Arc::clone(&self.own.schema),
            parts,
            sizes: None,
        })
    }
}

/// Bytes of the rows of a batch, wherever they lie; of dictionaries, those of the numbers.
fn size_of_rows(batch: &RecordBatch) -> usize {
    let sizes = batch.columns().iter().map(|column| {
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        let data = dictionary.map_or_else(|| column.to_data(), |column| column.keys().to_data());
        data.get_slice_memory_size().unwrap_or(0)
    });
    sizes.sum()
}

#[cfg(test)]
mod tests;
