//! A scan's rows, split into series.
//!
//! Rows come in record order, so those of a series lie scattered over the batches of its run. The
//! rows of a run are gathered by tag: batch by batch, columns of numbers are sorted by tag while
//! they are in the cache; once the run is complete, each series is put together. Small series share
//! the memory they are put into, so that a log of many costs little for each.

use super::gather::{Held, Piece, Reorder, gathered};
use super::scan::Batches;
use super::tags::NameNumbers;
use super::{Scan, bug};
use crate::error::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
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

/// Rows of some series of one run, one series after the other.
#[derive(Debug)]
pub struct Pack {
    /// The run.
    pub run: String,
    /// The tag of each series; null where events have no values.
    pub tags: Vec<Option<String>>,
    /// Where each series begins, and where the last one ends.
    pub starts: Vec<usize>,
    /// The columns without `run` and `tag`.
    pub schema: SchemaRef,
    /// The rows: one batch, if there are several series.
    pub parts: Vec<RecordBatch>,
    /// If the run was too large to be gathered, the bytes of each series: there are no rows then.
    pub sizes: Option<Vec<usize>>,
}

/// The series of a scan, in packs: by run, then by first row.
pub struct Split {
    stream: Box<dyn Batches>,
    limits: Limits,
    run: Names,
    tag: Names,
    own: Own,
    waiting: Option<(RecordBatch, usize)>,
    gathering: Gathering,
    complete: VecDeque<Range<usize>>,
    ended: bool,
}

/// The columns that are no keys.
#[derive(Debug, Clone)]
pub(super) struct Own {
    numbers: Vec<usize>,
    pub(super) schema: SchemaRef,
}

impl Split {
    /// Begins to read; `None` if the scan lacks the columns `run` or `tag`.
    pub fn open(
        scan: &Scan,
        limits: Limits,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Self>> {
        let schema = scan.schema(go_on)?;
        let (Ok(run), Ok(tag)) = (schema.index_of("run"), schema.index_of("tag")) else {
            return Ok(None);
        };
        let numbers = (0..schema.fields().len()).filter(|&n| n != run && n != tag);
        let numbers: Vec<usize> = numbers.collect();
        let own = schema.project(&numbers).map_err(|e| bug(&e.to_string()))?;
        let schema = Arc::new(own);
        Ok(Some(Self {
            stream: scan.stream(go_on)?,
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
                let pack = self.gathering.pack(series, &self.own, &self.run, &self.tag);
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
        let Some((batch, start)) = self.waiting.take() else {
            return match self.stream.next(go_on).transpose()? {
                Some(batch) => {
                    self.run.learn(batch.column(self.run.column))?;
                    self.tag.learn(batch.column(self.tag.column))?;
                    self.waiting = Some((batch, 0));
                    Ok(None)
                }
                None => {
                    self.ended = true;
                    Ok(self.completed())
                }
            };
        };
        let Some(&run) = self.run.codes().get(start) else {
            return Ok(None); // all of the batch was taken
        };
        if self.gathering.run != Some(run) && self.gathering.run.is_some() {
            self.waiting = Some((batch, start));
            return Ok(self.completed());
        }
        let rest = &self.run.codes()[start..];
        let rows = rest.iter().position(|&code| code != run);
        let rows = rows.unwrap_or(rest.len());
        self.gathering.run = Some(run);
        let part = batch.slice(start, rows);
        let most = 2 * rows >= batch.num_rows();
        let codes = &self.tag.codes()[start..start + rows];
        let splits = !self.tag.nulls;
        self.gathering.add(&part, codes, most, &self.own)?;
        self.gathering.bound(self.limits.run, splits);
        self.waiting = Some((batch, start + rows));
        Ok(None)
    }

    /// What is handed out of a run that is complete.
    fn completed(&mut self) -> Option<Pack> {
        if self.gathering.too_large {
            let sizes = self.gathering.tags.iter().map(|tag| tag.size).collect();
            let pack = Pack {
                run: self.run.name(self.gathering.run?).unwrap_or_default(),
                tags: self
                    .gathering
                    .names(&self.tag, 0..self.gathering.tags.len()),
                starts: vec![0],
                schema: Arc::clone(&self.own.schema),
                parts: Vec::new(),
                sizes: Some(sizes),
            };
            self.gathering.clear();
            return Some(pack);
        }
        self.complete = self.gathering.groups(self.limits.shared);
        if self.complete.is_empty() {
            self.gathering.clear();
        }
        None
    }
}

/// A column of names as numbers, the same ones in all batches.
struct Names {
    column: usize,
    known: NameNumbers,
    dictionary: Option<ArrayRef>,
    codes: Vec<i32>,
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
            nulls: false,
        }
    }

    fn codes(&self) -> &[i32] {
        &self.codes
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

    fn name(&self, code: i32) -> Option<String> {
        let name = match &self.dictionary {
            Some(names) => names.as_string::<i32>().value(code as usize),
            None if code == NULL => return None,
            None => &self.known.names()[code as usize - 1],
        };
        Some(name.to_owned())
    }
}

/// One series of the run that is gathered.
struct Tag {
    code: i32,
    rows: usize,
    size: usize,
    pieces: Vec<Piece>,
}

/// The rows of one run, by tag.
#[derive(Default)]
struct Gathering {
    run: Option<i32>,
    /// In the order of their first rows.
    tags: Vec<Tag>,
    /// The place of each code in `tags`.
    places: Vec<u32>,
    held: Vec<Held>,
    reorder: Reorder,
    size: usize,
    too_large: bool,
}

impl Gathering {
    fn add(&mut self, part: &RecordBatch, codes: &[i32], most: bool, own: &Own) -> Result<()> {
        let (places, counts) = self.places_of(codes);
        let part = part
            .project(&own.numbers)
            .map_err(|e| bug(&e.to_string()))?;
        let columns = part.columns().iter();
        let sizes = columns.map(|c| c.to_data().get_slice_memory_size().unwrap_or(0));
        let size: usize = sizes.sum();
        self.size += size;
        let mut start = 0;
        let mut starts = Vec::with_capacity(counts.len());
        for (tag, &rows) in self.tags.iter_mut().zip(&counts) {
            starts.push(start);
            if rows > 0 {
                tag.rows += rows;
                tag.size += (size as u128 * rows as u128 / codes.len() as u128) as usize;
                if !self.too_large {
                    tag.pieces.push(Piece {
                        held: self.held.len(),
                        rows: start..start + rows,
                    });
                }
            }
            start += rows;
        }
        if !self.too_large {
            let one = counts.iter().filter(|&&rows| rows > 0).count() == 1;
            let order = (!one).then(|| sorted(&places, starts));
            self.held
                .push(Held::new(&part, order, most, &mut self.reorder));
        }
        Ok(())
    }

    /// The series of each row, and how many rows each series has.
    fn places_of(&mut self, codes: &[i32]) -> (Vec<u32>, Vec<usize>) {
        let mut counts = vec![0; self.tags.len()];
        let mut places = Vec::with_capacity(codes.len());
        for &code in codes {
            let at = code as usize;
            if at >= self.places.len() {
                self.places.resize((at + 1).next_power_of_two(), NONE);
            }
            let mut place = self.places[at];
            if place == NONE {
                place = self.tags.len() as u32;
                self.places[at] = place;
                counts.push(0);
                self.tags.push(Tag {
                    code,
                    rows: 0,
                    size: 0,
                    pieces: Vec::new(),
                });
            }
            counts[place as usize] += 1;
            places.push(place);
        }
        (places, counts)
    }

    /// Gives up what was gathered of a run that is too large; `splits` if it can be read by tag.
    fn bound(&mut self, limit: usize, splits: bool) {
        if self.size > limit && self.tags.len() > 1 && splits && !self.too_large {
            self.too_large = true;
            self.held.clear();
            for tag in &mut self.tags {
                tag.pieces = Vec::new();
            }
        }
    }

    /// Series in order, as many together as share memory.
    fn groups(&self, shared: usize) -> VecDeque<Range<usize>> {
        let mut groups = VecDeque::new();
        let (mut start, mut size) = (0, 0);
        for (n, tag) in self.tags.iter().enumerate() {
            if n > start && size + tag.size > shared {
                groups.push_back(start..n);
                (start, size) = (n, 0);
            }
            size += tag.size;
        }
        if start < self.tags.len() {
            groups.push_back(start..self.tags.len());
        }
        groups
    }

    fn names(&self, names: &Names, series: Range<usize>) -> Vec<Option<String>> {
        let tags = self.tags[series].iter();
        tags.map(|tag| names.name(tag.code)).collect()
    }

    fn pack(
        &mut self,
        series: Range<usize>,
        own: &Own,
        runs: &Names,
        tags: &Names,
    ) -> Result<Pack> {
        let run = self.run.and_then(|run| runs.name(run)).unwrap_or_default();
        let mut starts = vec![0];
        let mut pieces = Vec::new();
        for tag in &mut self.tags[series.clone()] {
            starts.push(starts.last().copied().unwrap_or(0) + tag.rows);
            pieces.append(&mut tag.pieces);
        }
        let parts = match self.tags.len() {
            1 => self.alone(own, pieces)?,
            _ => vec![gathered(&self.held, &pieces, &own.schema)?],
        };
        Ok(Pack {
            run,
            tags: self.names(tags, series),
            starts,
            schema: Arc::clone(&own.schema),
            parts,
            sizes: None,
        })
    }

    /// The only series of a run, as it was read; copied where little of a batch is of this run.
    fn alone(&self, own: &Own, pieces: Vec<Piece>) -> Result<Vec<RecordBatch>> {
        let pieces = pieces.into_iter();
        let parts = pieces.map(|piece| match self.held[piece.held].whole() {
            Some(part) => Ok(part.clone()),
            None => gathered(&self.held, &[piece], &own.schema),
        });
        parts.collect()
    }

    /// Ready for the next run.
    fn clear(&mut self) {
        for tag in self.tags.drain(..) {
            self.places[tag.code as usize] = NONE;
        }
        self.held.clear();
        (self.run, self.size, self.too_large) = (None, 0, false);
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
