//! Which unit is done next, on what assumptions, and whether its result holds.
//!
//! A unit is done before those in front of it are, on assumptions: where its first record begins,
//! and what earlier bytes of its run said of tags. What the accepted units have said is the whole
//! truth about the bytes so far; a result that was made on other assumptions, where that matters, is
//! made again. Knows no threads: the [pool](super::pool) drives it under its lock.

use super::hop::Starts;
use super::plan::{FileTask, Unit};
use super::tags::{self, RunMetadata, UnitMetadata};
use super::walk::{Position, Span};
use super::{Decoded, Output};
use crate::error::Result;
use hops::{Before, Hops};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

pub(super) use hops::Hop;

/// Bytes of waiting results above which no new unit is begun.
const MOST_WAITING: usize = 48 << 20;

/// What is known of runs, by number, before the first unit.
pub(super) type Known = Arc<HashMap<u32, Arc<RunMetadata>>>;

/// What a unit is done on.
#[derive(Debug, Clone, Default)]
pub(super) struct Assumed {
    /// Where its first record begins; it is searched for without.
    pub start: Option<Position>,
    /// What earlier bytes of its first run said.
    pub metadata: Arc<RunMetadata>,
}

/// Something to do.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// To decode a unit.
    Decode(usize, Assumed),
    /// To find out where the first records of some units begin.
    Hop(Hop),
}

/// A unit's result.
pub(super) type Outcome<O> = Result<(Decoded<O>, Assumed)>;

/// The work of one scan.
pub(super) struct Scheduler<O> {
    files: Arc<Vec<FileTask>>,
    units: Arc<Vec<Unit>>,
    known: Known,
    /// So many units may be begun beyond the last that was taken.
    ahead: usize,
    /// The first unit that was never begun.
    next: usize,
    /// Results that nobody has held against the truth yet.
    done: BTreeMap<usize, Outcome<O>>,
    /// Units that have to be done again.
    again: BTreeSet<usize>,
    /// The number of accepted units, which is that of the next to be accepted.
    accepted: usize,
    ready: VecDeque<Result<Decoded<O>>>,
    waiting_bytes: usize,
    truth: Truth,
    /// What units that are done by now said of a run.
    guess: (u32, Arc<RunMetadata>),
    hops: Hops,
}

/// What the accepted units have said.
#[derive(Debug, Default)]
struct Truth {
    /// Where the next record of the file begins.
    next: Position,
    /// Nothing follows in the file.
    ended: bool,
    run: Option<u32>,
    metadata: Arc<RunMetadata>,
}

impl<O: Output> Scheduler<O> {
    pub(super) fn new(
        files: Arc<Vec<FileTask>>,
        units: Arc<Vec<Unit>>,
        known: Known,
        ahead: usize,
    ) -> Self {
        Self {
            files,
            units,
            known,
            ahead,
            next: 0,
            done: BTreeMap::new(),
            again: BTreeSet::new(),
            accepted: 0,
            ready: VecDeque::new(),
            waiting_bytes: 0,
            truth: Truth::default(),
            guess: (u32::MAX, Arc::default()),
            hops: Hops::default(),
        }
    }

    /// What to do next; `None` while there is nothing.
    pub(super) fn next_work(&mut self) -> Option<Work> {
        if let Some(unit) = self.again.pop_first() {
            return Some(Work::Decode(unit, self.assume(unit)));
        }
        let unit = self.next;
        if unit >= self.units.len() {
            return None;
        }
        let taken = self.accepted - self.ready.len();
        let room = unit < taken + self.ahead && self.waiting_bytes < MOST_WAITING;
        let is_awaited = unit == self.accepted && self.ready.is_empty();
        if !room && !is_awaited {
            return None;
        }
        match self.before_guess(unit) {
            Before::Nothing => {}
            Before::Hop(hop) => return Some(Work::Hop(hop)),
            Before::Wait => return None,
        }
        self.next += 1;
        Some(Work::Decode(unit, self.assume(unit)))
    }

    /// What is to be done before the start of a unit is guessed, if it has to be.
    fn before_guess(&mut self, unit: usize) -> Before {
        let Some(part) = self.units[unit].parts.first() else {
            return Before::Nothing;
        };
        let (file, start) = (part.file, self.files[part.file].start);
        if unit == self.accepted || part.part.low <= start.offset {
            return Before::Nothing;
        }
        let is_file_of_accepted = self.file_of(self.accepted) == Some(file);
        let known = is_file_of_accepted.then(|| self.known_start(self.accepted));
        self.hops
            .before(file, unit, known.flatten().unwrap_or(start))
    }

    /// The best assumptions there are; for the next unit to be accepted, the truth.
    fn assume(&mut self, unit: usize) -> Assumed {
        if unit == self.accepted {
            self.enter(unit);
            return Assumed {
                start: self.known_start(unit),
                metadata: Arc::clone(&self.truth.metadata),
            };
        }
        let run = self.run_of(unit);
        let metadata = match &self.guess {
            (of, guess) if Some(*of) == run => Arc::clone(guess),
            _ => self.before(run),
        };
        let file = self.file_of(unit);
        let start = file.and_then(|file| self.hops.start(file, unit));
        Assumed { start, metadata }
    }

    /// Takes the result of a unit.
    pub(super) fn completed(&mut self, unit: usize, outcome: Outcome<O>) {
        if let Ok((decoded, _)) = &outcome {
            self.waiting_bytes += decoded.output.size();
            if let (Some(run), Some(metadata)) = (self.run_of(unit + 1), decoded.output.metadata())
            {
                self.hint(run, metadata);
            }
        }
        self.done.insert(unit, outcome);
        while let Some(outcome) = self.done.remove(&self.accepted) {
            if !self.accept(outcome) {
                break;
            }
        }
    }

    /// Takes the starts that a hop found.
    pub(super) fn hopped(&mut self, hop: Hop, starts: Starts) {
        if let Some(file) = self.file_of(hop.unit) {
            self.hops.hopped(file, hop, starts);
        }
    }

    /// The next accepted result, if there is one.
    pub(super) fn take(&mut self) -> Option<Result<Decoded<O>>> {
        let result = self.ready.pop_front()?;
        if let Ok(decoded) = &result {
            self.waiting_bytes -= decoded.output.size();
        }
        Some(result)
    }

    /// Holds the result of the next unit against the truth; false if it has to be done again.
    fn accept(&mut self, outcome: Outcome<O>) -> bool {
        let unit = self.accepted;
        let (decoded, assumed) = match outcome {
            Ok(done) => done,
            Err(error) => {
                self.ready.push_back(Err(error));
                self.accepted += 1;
                return true;
            }
        };
        self.enter(unit);
        let start = self.known_start(unit);
        let high = self.units[unit]
            .parts
            .first()
            .map_or(0, |part| part.part.high);
        let begins = match (start, decoded.spans.first()) {
            (Some(start), Some(span)) => assumed.start == Some(start) || span.holds(start, high),
            _ => true,
        };
        let metadata = &self.truth.metadata;
        let holds = |unit: &UnitMetadata| unit.holds(&assumed.metadata, metadata);
        let is_told = Arc::ptr_eq(&assumed.metadata, metadata);
        if begins && (is_told || decoded.output.metadata().is_none_or(holds)) {
            self.advance(unit, start, &decoded);
            self.ready.push_back(Ok(decoded));
            self.accepted += 1;
            return true;
        }
        self.waiting_bytes -= decoded.output.size();
        self.again.insert(unit);
        if begins {
            self.put_back_unattributed(unit);
        } else if let (Some(file), Some(start)) = (self.file_of(unit), start) {
            self.hops.miss(file, unit, start);
        }
        false
    }

    /// Results of the same run that were made without what is known by now are made again, too.
    fn put_back_unattributed(&mut self, unit: usize) {
        let run = self.run_of(unit);
        let known = match &self.guess {
            (of, guess) if Some(*of) == run => Arc::clone(guess),
            _ => return,
        };
        let stale: Vec<usize> = self
            .done
            .iter()
            .filter_map(|(later, outcome)| {
                let (decoded, assumed) = outcome.as_ref().ok()?;
                let metadata = decoded.output.metadata()?;
                let holds = metadata.holds(&assumed.metadata, &known);
                (self.run_of(*later) == run && !holds).then_some(*later)
            })
            .collect();
        for later in stale {
            if let Some(Ok((decoded, _))) = self.done.remove(&later) {
                self.waiting_bytes -= decoded.output.size();
            }
            self.again.insert(later);
        }
    }

    fn advance(&mut self, unit: usize, start: Option<Position>, decoded: &Decoded<O>) {
        if let Some(span) = decoded.spans.last() {
            self.truth.pass(start, span);
        }
        if let Some(file) = self.units[unit].parts.last().map(|part| part.file) {
            self.enter_run(self.files[file].run);
            self.hops.enter(file);
        }
        if let (Some(run), Some(metadata)) = (self.truth.run, decoded.output.metadata()) {
            tags::learn(&mut self.truth.metadata, run, metadata);
        }
    }

    fn enter(&mut self, unit: usize) {
        if let Some(run) = self.run_of(unit) {
            self.enter_run(run);
        }
    }

    fn enter_run(&mut self, run: u32) {
        if self.truth.run != Some(run) {
            self.truth.run = Some(run);
            self.truth.metadata = self.before(Some(run));
        }
    }

    /// What was known of a run before the first unit.
    fn before(&self, run: Option<u32>) -> Arc<RunMetadata> {
        let known = run.and_then(|run| self.known.get(&run));
        known.cloned().unwrap_or_default()
    }

    /// Where the first record of a unit begins that does not begin its file.
    fn known_start(&self, unit: usize) -> Option<Position> {
        let part = self.units[unit].parts.first()?;
        let file = &self.files[part.file];
        if part.part.low <= file.start.offset {
            return None;
        }
        // Nothing follows an end: any place beyond the range makes it empty.
        Some(if self.truth.ended {
            file.length.into()
        } else {
            self.truth.next
        })
    }

    fn run_of(&self, unit: usize) -> Option<u32> {
        Some(self.files[self.file_of(unit)?].run)
    }

    fn file_of(&self, unit: usize) -> Option<usize> {
        Some(self.units.get(unit)?.parts.first()?.file)
    }

    /// Adds what `metadata` says of the tags of `run` to the guess.
    fn hint(&mut self, run: u32, metadata: &UnitMetadata) {
        if self.guess.0 != run {
            self.guess = (run, self.before(Some(run)));
        }
        tags::learn(&mut self.guess.1, run, metadata);
    }
}

impl Truth {
    /// Takes in where the last range of a unit ended, whose first record began at `start`.
    fn pass(&mut self, start: Option<Position>, span: &Span) {
        let ended = start.is_some() && self.ended;
        self.next = match start {
            Some(start) if start.offset > span.next.offset => start,
            _ => span.next,
        };
        self.ended = ended || span.ended;
    }
}

mod hops;
#[cfg(test)]
mod tests;
