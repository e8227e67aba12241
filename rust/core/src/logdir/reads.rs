//! What a scan would read.

use super::LogDir;
use crate::error::Result;
use crate::filter::{Filter, Names};
use std::path::PathBuf;

/// A file that a scan reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its run.
    pub run: String,
    /// Where it is.
    pub path: PathBuf,
    /// Up to which length.
    pub bytes: u64,
}

impl LogDir {
    /// The files that a scan of these runs reads, in its order. Of files that are one of several in
    /// their run, the first event is read, unless it was before: it decides on the order.
    ///
    /// # Errors
    /// If `go_on` says no.
    pub fn reads(&self, runs: &Names, go_on: &mut dyn FnMut() -> bool) -> Result<Vec<Reading>> {
        let filter = Filter {
            runs: runs.clone(),
            ..Filter::default()
        };
        let view = self.state().view(&filter, go_on)?;
        let reading = |task: &crate::scan::FileTask| Reading {
            run: view.snapshot.runs[task.run as usize].name.clone(),
            path: task.entry.path.clone(),
            bytes: task.length,
        };
        Ok(view.files.iter().map(reading).collect())
    }
}
