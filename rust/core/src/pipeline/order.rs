//! Puts the results of units in order and makes sure they are what one pass would have found.

use super::plan::{FileTask, Unit};
use super::pool::{Budget, Known, Pool};
use super::tags::{self, Context, Lesson};
use super::walk::{Damage, Position, Span};
use super::{Decoded, Task};
use crate::error::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is left of the events of a unit.
pub trait Output: Send {
    /// Bytes held, roughly.
    fn size(&self) -> usize;

    /// What is known of tags, and what had to be.
    fn lesson(&self) -> Option<&Lesson> {
        None
    }
}

/// Damage met by any scan of a log directory, each place once.
#[derive(Debug, Clone, Default)]
pub struct Report(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    places: HashSet<(PathBuf, u64)>,
    first: Option<(PathBuf, Damage)>,
    bytes: u64,
    told: bool,
    /// What could not be listed and was told.
    unlisted: HashSet<PathBuf>,
}

/// So many places are told apart; a file that is damaged all over is summed up.
const MOST_PLACES: usize = 10_000;

/// What [`Report::news`] tells.
#[derive(Debug, Clone)]
pub struct News {
    /// Places met so far.
    pub places: usize,
    /// Bytes skipped there.
    pub bytes: u64,
    /// The file of the first.
    pub path: PathBuf,
    /// The first.
    pub first: Damage,
}

impl Report {
    fn add(&self, path: &Path, damage: &[Damage]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for damage in damage {
            if seen.places.len() < MOST_PLACES
                && seen.places.insert((path.to_owned(), damage.offset))
            {
                seen.bytes += damage.length;
                seen.first
                    .get_or_insert_with(|| (path.to_owned(), damage.clone()));
            }
        }
    }

    /// Takes note of a file that cannot be read as what it should be.
    pub(crate) fn add_unreadable(&self, path: &Path, length: u64, error: &Error) {
        let reason = error.reason();
        self.add(
            path,
            &[Damage {
                offset: 0,
                length,
                reason,
            }],
        );
    }

    /// Takes note that what stands at `path` is told now; whether it had not been before.
    pub(crate) fn tells(&self, path: &Path) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.unlisted.insert(path.to_owned())
    }

    /// A summary of the damage met so far: once, then `None`.
    pub fn news(&self) -> Option<News> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.told {
            return None;
        }
        let (path, first) = seen.first.clone()?;
        seen.told = true;
        Some(News {
            places: seen.places.len(),
            bytes: seen.bytes,
            path,
            first,
        })
    }
}

/// The results of all units, in order.
pub struct Ordered<T: Task> {
    pool: Pool<T>,
    files: Arc<Vec<FileTask>>,
    units: Arc<Vec<Unit>>,
    next: usize,
    /// Where the piece before ended, within one file.
    seam: Span,
    run: u32,
    /// What is known of runs of which earlier bytes were read before.
    known: Known,
    context: Arc<Context>,
    report: Report,
    raise: bool,
    failed: Option<Error>,
}

impl<T: Task> Ordered<T> {
    /// Begins. With `raise`, the first damage is an error.
    pub fn new(task: T, files: Vec<FileTask>, threads: usize, raise: bool, report: Report) -> Self {
        Self::resume(task, files, threads, raise, report, HashMap::new())
    }

    /// Begins where earlier bytes of some runs were read before, which said what is `known` of them.
    pub fn resume(
        task: T,
        files: Vec<FileTask>,
        threads: usize,
        raise: bool,
        report: Report,
        known: HashMap<u32, Arc<Context>>,
    ) -> Self {
        let known = Arc::new(known);
        let units = Arc::new(super::plan(&files));
        let files = Arc::new(files);
        let pool = Pool::new(
            Arc::new(task),
            Arc::clone(&files),
            Arc::clone(&units),
            Arc::clone(&known),
            threads,
        );
        Self {
            pool,
            files,
            units,
            next: 0,
            seam: Span::default(),
            run: u32::MAX,
            known,
            context: Arc::default(),
            report,
            raise,
            failed: None,
        }
    }

    /// The files, in order.
    pub fn files(&self) -> &Arc<Vec<FileTask>> {
        &self.files
    }

    /// What bounds the threads that work for the scan.
    pub fn budget(&self) -> &Arc<Budget> {
        self.pool.budget()
    }

    /// The next unit's result and its number; `None` at the end. After an error, that error again.
    pub fn next(
        &mut self,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Result<(usize, Decoded<T::Output>)>> {
        if let Some(error) = &self.failed {
            return Some(Err(error.clone()));
        }
        let number = self.next;
        if number >= self.units.len() {
            return None;
        }
        self.next += 1;
        let result = self.settle(number, go_on);
        match &result {
            // Whoever asked to stop may ask to go on.
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => self.next = number,
            Err(error) => self.failed = Some(error.clone()),
            Ok(_) => {}
        }
        Some(result.map(|decoded| (number, decoded)))
    }

    /// The files of unit `number`, with what was found in each.
    pub fn parts(&self, number: usize) -> impl Iterator<Item = usize> {
        self.units[number].parts.iter().map(|p| p.file)
    }

    fn settle(
        &mut self,
        number: usize,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Decoded<T::Output>> {
        let units = Arc::clone(&self.units);
        let unit = &units[number];
        if let Some(part) = unit.parts.first() {
            self.enter(self.files[part.file].run);
        }
        let (mut decoded, hint) = self.pool.fetch(number, go_on, &self.context)?;
        let from = self.known_start(unit);
        let mut again = match (from, decoded.spans.first()) {
            (Some(from), Some(span)) => !span.holds(from, unit.parts[0].part.high),
            _ => false,
        };
        let holds = |lesson: &Lesson| lesson.holds(hint.as_deref(), &self.context);
        again |= !decoded.output.lesson().is_none_or(holds);
        if again {
            decoded = self.pool.again(number, from, Some(&self.context))?;
        }
        self.settle_seam(unit, from, &decoded.spans);
        self.learn(&decoded.output);
        for (part, span) in unit.parts.iter().zip(&decoded.spans) {
            let file = &self.files[part.file];
            if !span.damage.is_empty() && !self.raise {
                self.report.add(&file.entry.path, &span.damage);
            }
            if let Some(damage) = span.damage.first().filter(|_| self.raise) {
                return Err(Error::damaged(
                    &file.entry.path,
                    damage.offset,
                    damage.reason.clone(),
                ));
            }
        }
        Ok(decoded)
    }

    /// Where the first record of a later range of a file begins.
    fn known_start(&self, unit: &Unit) -> Option<Position> {
        let part = unit.parts.first()?;
        let file = &self.files[part.file];
        if part.part.low <= file.start.offset {
            return None;
        }
        // Nothing follows an end: any place beyond the range makes it empty.
        Some(if self.seam.ended {
            file.length.into()
        } else {
            self.seam.next
        })
    }

    fn settle_seam(&mut self, unit: &Unit, from: Option<Position>, spans: &[Span]) {
        let Some(span) = spans.last() else { return };
        let ended = from.is_some() && self.seam.ended;
        let next = match from {
            Some(from) if from.offset > span.next.offset => from,
            _ => span.next,
        };
        self.seam = Span {
            next,
            ended: ended || span.ended,
            ..Span::default()
        };
        if let Some(last) = unit.parts.last() {
            self.enter(self.files[last.file].run);
        }
    }

    /// Goes on with `run`.
    fn enter(&mut self, run: u32) {
        if run != self.run {
            self.run = run;
            self.context = self.known.get(&run).cloned().unwrap_or_default();
        }
    }

    fn learn(&mut self, output: &T::Output) {
        if let Some(lesson) = output.lesson() {
            tags::learn(Arc::make_mut(&mut self.context), self.run, lesson);
        }
    }
}
