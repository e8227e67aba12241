//! The results of units in the order of the log, and what they met on the way.

use super::budget::Budget;
use super::plan::{FileTask, Unit};
use super::pool::Pool;
use super::report::Report;
use super::tags::{RunMetadata, UnitMetadata};
use super::{Decoded, Task};
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// What is left of the events of a unit.
pub trait Output: Send {
    /// Bytes held, roughly.
    fn size(&self) -> usize;

    /// What is known of tags, and what had to be.
    fn metadata(&self) -> Option<&UnitMetadata> {
        None
    }
}

/// The results of all units, in order.
pub struct Ordered<T: Task> {
    pool: Pool<T>,
    files: Arc<Vec<FileTask>>,
    units: Arc<Vec<Unit>>,
    next: usize,
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
        known: HashMap<u32, Arc<RunMetadata>>,
    ) -> Self {
        let units = Arc::new(super::plan(&files));
        let files = Arc::new(files);
        let (of_files, of_units) = (Arc::clone(&files), Arc::clone(&units));
        Self {
            pool: Pool::new(task, of_files, of_units, Arc::new(known), threads),
            files,
            units,
            next: 0,
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
        let result = self.pool.fetch(go_on);
        let result = result.and_then(|decoded| self.take_note(number, decoded));
        match &result {
            Ok(_) => self.next += 1,
            // A consumer that asked to stop may ask to go on.
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => {}
            Err(error) => self.failed = Some(error.clone()),
        }
        Some(result.map(|decoded| (number, decoded)))
    }

    /// The files of unit `number`, in the order of its spans.
    pub fn parts(&self, number: usize) -> impl Iterator<Item = usize> {
        self.units[number].parts.iter().map(|p| p.file)
    }

    /// The numbers of the files of unit `number`, and whether it has their last bytes.
    pub fn files_of(&self, number: usize) -> impl Iterator<Item = (u32, bool)> {
        self.units[number].parts.iter().map(|part| {
            let file = &self.files[part.file];
            (file.id, part.part.high == file.length)
        })
    }

    /// Reports the damage that a unit has met.
    fn take_note(&self, number: usize, decoded: Decoded<T::Output>) -> Result<Decoded<T::Output>> {
        for (part, span) in self.units[number].parts.iter().zip(&decoded.spans) {
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
}
