//! In which files first records are found by going from header to header, and how far.
//!
//! That finds the right one where a payload holds records, and is quicker than looking for one where
//! records are large. So each large file begins like this, until a unit has many headers; and it goes
//! on like this once looking has found the wrong record.

use super::Starts;
use crate::scan::walk::Position;
use std::collections::{BTreeMap, HashMap};

/// Wrong guesses in a file, from which on its records are counted off however many there are.
const MOST_MISSES: usize = 2;

/// Headers in a unit up to which they are read without a wrong guess.
const FEW_HEADERS: usize = 16;

/// To go from header to header, over units of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) struct Hop {
    /// The first of the units.
    pub unit: usize,
    /// Where a record before its end begins.
    pub from: Position,
    /// In a unit with more headers, this ends.
    pub most_headers: usize,
}

/// What is to be done before a unit is begun.
pub(super) enum Before {
    Nothing,
    Hop(Hop),
    /// Somebody else does it.
    Wait,
}

/// What is known of the files in which the next units are.
#[derive(Debug, Default)]
pub(super) struct Hops(BTreeMap<usize, File>);

#[derive(Debug, Default)]
struct File {
    misses: usize,
    starts: HashMap<usize, Position>,
    /// What is to be gone over next; `None` where first records are looked for.
    next: Option<Hop>,
    is_running: bool,
}

impl Hops {
    /// What is to be done before a guess in `unit`, which does not begin its `file`; the file's
    /// last known record begins at `from`.
    pub(super) fn before(&mut self, file: usize, unit: usize, from: Position) -> Before {
        let first = Hop {
            unit,
            from,
            most_headers: FEW_HEADERS,
        };
        let file = self.0.entry(file).or_insert_with(|| File {
            next: Some(first),
            ..File::default()
        });
        match file.next {
            Some(hop) if hop.unit <= unit => {
                let is_running = std::mem::replace(&mut file.is_running, true);
                if is_running {
                    Before::Wait
                } else {
                    Before::Hop(hop)
                }
            }
            _ => Before::Nothing,
        }
    }

    /// Where the first record of a unit begins, as far as headers told.
    pub(super) fn start(&self, file: usize, unit: usize) -> Option<Position> {
        self.0.get(&file)?.starts.get(&unit).copied()
    }

    /// Takes the starts that a hop in `file` found.
    pub(super) fn hopped(&mut self, file: usize, hop: Hop, starts: Starts) {
        let Some(file) = self.0.get_mut(&file) else {
            return;
        };
        file.is_running = false;
        // A wrong guess may have asked for more meanwhile.
        if file.next == Some(hop) {
            let next = |(unit, from)| Hop { unit, from, ..hop };
            file.next = starts.frontier.map(next);
        }
        file.starts.extend(starts.found);
    }

    /// The first record of `unit` is at `start`, not where it was found.
    pub(super) fn miss(&mut self, file: usize, unit: usize, start: Position) {
        let file = self.0.entry(file).or_default();
        file.misses += 1;
        if file.misses == MOST_MISSES {
            file.next = Some(Hop {
                unit: unit + 1,
                from: start,
                most_headers: usize::MAX,
            });
        }
    }

    /// Forgets files before `file`.
    pub(super) fn enter(&mut self, file: usize) {
        if self
            .0
            .first_key_value()
            .is_some_and(|(first, _)| *first < file)
        {
            self.0 = self.0.split_off(&file);
        }
    }
}
