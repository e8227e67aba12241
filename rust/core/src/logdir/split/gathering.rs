//! The rows of one run, or of several small ones, by series.

use super::names::Names;
use super::{Waiting, size_of_rows};
use crate::logdir::gather::{Held, Piece, Reorder};
use std::collections::VecDeque;
use std::ops::Range;

/// No series yet.
const NONE: u32 = u32::MAX;

/// One series of what is gathered.
pub(super) struct Series {
    pub(super) run: i32,
    pub(super) tag: i32,
    pub(super) rows: usize,
    pub(super) size: usize,
}

/// The rows of one run, by tag; or of several small ones, by run and tag.
#[derive(Default)]
pub(super) struct Gathering {
    /// The last run.
    pub(super) run: Option<i32>,
    /// Its first series.
    first: u32,
    /// Run by run, in the order of their first rows.
    pub(super) series: Vec<Series>,
    /// The place in `series` that each tag had last.
    places: Vec<u32>,
    /// The series of each piece; sorted once everything is there.
    pieces: Vec<(u32, Piece)>,
    pub(super) held: Vec<Held>,
    reorder: Reorder,
    size: usize,
    pub(super) too_large: bool,
}

impl Gathering {
    /// Takes in the rows up to `end`.
    pub(super) fn add(&mut self, waiting: &Waiting, end: usize, runs: &Names, tags: &Names) {
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
    pub(super) fn bound(&mut self, limit: usize, splits: bool) {
        let one_run = self.first == 0; // small runs together are not much
        let large = one_run && self.size > limit && self.series.len() > 1;
        if large && splits && !self.too_large {
            self.too_large = true;
            self.held.clear();
            self.pieces.clear();
        }
    }

    /// Series in order, as many together as share memory.
    pub(super) fn groups(&mut self, shared: usize) -> VecDeque<Range<usize>> {
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
    pub(super) fn pieces_of(&self, series: &Range<usize>) -> impl Iterator<Item = &Piece> {
        let first = |end: usize| {
            let before = |(number, _): &(u32, Piece)| (*number as usize) < end;
            self.pieces.partition_point(before)
        };
        let pieces = &self.pieces[first(series.start)..first(series.end)];
        pieces.iter().map(|(_, piece)| piece)
    }

    /// Ready for the next run.
    pub(super) fn clear(&mut self) {
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

/// The first row from `start` on that is not of the run of that row.
pub(super) fn end_of_run(runs: &[i32], start: usize) -> usize {
    let same = runs[start..].iter().position(|run| *run != runs[start]);
    same.map_or(runs.len(), |rows| start + rows)
}
