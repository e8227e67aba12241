//! A scan's rows, split into series.
//!
//! Rows come in record order, so those of a series lie scattered over the batches of its run. The
//! rows of a run are gathered by tag: batch by batch, columns of numbers are sorted by tag while
//! they are in the cache; once the run is complete, each series is put together. Small series share
//! the memory they are put into, and small runs are gathered together, so that a log of many costs
//! little for each.

use super::gather::{Held, Piece, Reorder, gathered, parts};
use super::scan::Batches;
use super::tags::NameNumbers;
use super::{Scan, bug};
use crate::error::Result;
use crate::table::Memory;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// The number of null among names that are no dictionary.
const NULL: i32 = 0;

/// No series yet.
const NONE: u32 = u32::MAX;

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
        let own = schema.project(&numbers).map_err(|e| bug(&e.to_string()))?;
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
        let batch = batch.map_err(|e| bug(&e.to_string()))?;
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

/// The first row from `start` on that is not of the run of that row.
fn end_of_run(runs: &[i32], start: usize) -> usize {
    let same = runs[start..].iter().position(|run| *run != runs[start]);
    same.map_or(runs.len(), |rows| start + rows)
}

/// A column of names as numbers, the same ones in all batches.
struct Names {
    column: usize,
    known: NameNumbers,
    dictionary: Option<ArrayRef>,
    codes: Vec<i32>,
    /// The names that were asked for, by number.
    asked: Vec<Option<Arc<str>>>,
    /// Whether there was a null.
    nulls: bool,
}

impl Names {
    fn new(column: usize) -> Self {
        Self {
            column,
            known: NameNumbers::default(),
            dictionary: None,
            codes: Vec::new(),
            asked: Vec::new(),
            nulls: false,
        }
    }

    /// Numbers the names of a batch. A dictionary continues that of the batch before.
    fn learn(&mut self, column: &ArrayRef) -> Result<()> {
        self.codes.clear();
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        if let Some(column) = dictionary.filter(|column| column.null_count() == 0) {
            self.codes.extend_from_slice(column.keys().values());
            self.dictionary = Some(Arc::clone(column.values()));
            return Ok(());
        }
        let column = column
            .as_string_opt::<i32>()
            .ok_or_else(|| bug("names that are no strings"))?;
        for name in column {
            let code = name.map_or(NULL, |name| self.known.of(name) as i32 + 1);
            self.nulls |= code == NULL;
            self.codes.push(code);
        }
        Ok(())
    }

    fn name(&mut self, code: i32) -> Option<Arc<str>> {
        let at = code as usize;
        if at >= self.asked.len() {
            self.asked.resize((at + 1).next_power_of_two(), None);
        }
        if self.asked[at].is_none() {
            let name = match &self.dictionary {
                Some(names) => names.as_string::<i32>().value(at),
                None if code == NULL => return None,
                None => self.known.name(at - 1),
            };
            self.asked[at] = Some(name.into());
        }
        self.asked[at].clone()
    }
}

/// One series of what is gathered.
struct Series {
    run: i32,
    tag: i32,
    rows: usize,
    size: usize,
}

/// The rows of one run, by tag; or of several small ones, by run and tag.
#[derive(Default)]
struct Gathering {
    /// The last run.
    run: Option<i32>,
    /// Its first series.
    first: u32,
    /// Run by run, in the order of their first rows.
    series: Vec<Series>,
    /// The place in `series` that each tag had last.
    places: Vec<u32>,
    /// The series of each piece; sorted once everything is there.
    pieces: Vec<(u32, Piece)>,
    held: Vec<Held>,
    reorder: Reorder,
    size: usize,
    too_large: bool,
}

impl Gathering {
    /// Takes in the rows up to `end`.
    fn add(&mut self, waiting: &Waiting, end: usize, runs: &Names, tags: &Names) {
        let rows = waiting.start..end;
        let read = waiting.batch.num_rows();
        let part = waiting.batch.slice(rows.start, rows.len());
        let size = match rows.len() == read {
            true => waiting.size,
            false => size_of_rows(&part),
        };
        self.size += size;
        let (places, counts) = self.places_of(&runs.codes[rows.clone()], &tags.codes[rows]);
        let mut start = 0;
        let mut starts = Vec::with_capacity(counts.len());
        for ((number, one), &rows) in (0..).zip(&mut self.series).zip(&counts) {
            starts.push(start);
            if rows > 0 {
                one.rows += rows;
                one.size += (size as u128 * rows as u128 / places.len() as u128) as usize;
                let held = self.held.len();
                let rows = start..start + rows;
                if !self.too_large {
                    self.pieces.push((number, Piece { held, rows }));
                }
            }
            start += rows;
        }
        if !self.too_large {
            let order = (!places.is_sorted()).then(|| sorted(&places, starts));
            let held = Held::new(part, order, read, &mut self.reorder);
            self.held.push(held);
        }
    }

    /// The series of each row, and how many rows each series has.
    fn places_of(&mut self, runs: &[i32], tags: &[i32]) -> (Vec<u32>, Vec<usize>) {
        let mut counts = vec![0; self.series.len()];
        let mut places = Vec::with_capacity(tags.len());
        let mut start = 0;
        while let Some(&run) = runs.get(start) {
            let end = end_of_run(runs, start);
            if self.run != Some(run) {
                self.run = Some(run);
                self.first = self.series.len() as u32;
            }
            for &tag in &tags[start..end] {
                let place = self.place(run, tag, &mut counts);
                counts[place as usize] += 1;
                places.push(place);
            }
            start = end;
        }
        (places, counts)
    }

    /// The series of this tag of the last run.
    #[inline]
    fn place(&mut self, run: i32, tag: i32, counts: &mut Vec<usize>) -> u32 {
        let at = tag as usize;
        if at >= self.places.len() {
            self.places.resize((at + 1).next_power_of_two(), NONE);
        }
        let place = self.places[at];
        if place != NONE && place >= self.first {
            return place;
        }
        let place = self.series.len() as u32;
        self.places[at] = place;
        counts.push(0);
        self.series.push(Series {
            run,
            tag,
            rows: 0,
            size: 0,
        });
        place
    }

    /// Gives up what was gathered of a run that is too large; `splits` if it can be read by tag.
    fn bound(&mut self, limit: usize, splits: bool) {
        let one_run = self.first == 0; // small runs together are not much
        let large = one_run && self.size > limit && self.series.len() > 1;
        if large && splits && !self.too_large {
            self.too_large = true;
            self.held.clear();
            self.pieces.clear();
        }
    }

    /// Series in order, as many together as share memory.
    fn groups(&mut self, shared: usize) -> VecDeque<Range<usize>> {
        if self.held.len() > 1 {
            self.pieces.sort_by_key(|(series, _)| *series); // each batch's are sorted already
        }
        let mut groups = VecDeque::new();
        let (mut start, mut size) = (0, 0);
        for (n, one) in self.series.iter().enumerate() {
            if n > start && size + one.size > shared {
                groups.push_back(start..n);
                (start, size) = (n, 0);
            }
            size += one.size;
        }
        if start < self.series.len() {
            groups.push_back(start..self.series.len());
        }
        groups
    }

    /// The rows of some series, one series after the other.
    fn pieces_of(&self, series: &Range<usize>) -> impl Iterator<Item = &Piece> {
        let first = |end: usize| {
            let before = |(number, _): &(u32, Piece)| (*number as usize) < end;
            self.pieces.partition_point(before)
        };
        let pieces = &self.pieces[first(series.start)..first(series.end)];
        pieces.iter().map(|(_, piece)| piece)
    }

    /// Ready for the next run.
    fn clear(&mut self) {
        for one in self.series.drain(..) {
            self.places[one.tag as usize] = NONE;
        }
        self.held.clear();
        self.pieces.clear();
        (self.run, self.first, self.size, self.too_large) = (None, 0, 0, false);
    }
}

/// Row numbers by series, in order within each; `next` is where each series begins.
fn sorted(places: &[u32], mut next: Vec<usize>) -> Vec<u32> {
    let mut order = vec![0; places.len()];
    for (row, &place) in (0..).zip(places) {
        let at = &mut next[place as usize];
        order[*at] = row;
        *at += 1;
    }
    order
}

#[cfg(test)]
mod tests;
