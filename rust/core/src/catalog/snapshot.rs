//! The files of a log at one time.

use super::discover::{Root, Unlisted, discover};
use super::file::FileEntry;
use crate::error::Result;
use std::path::PathBuf;
use std::sync::Arc;

/// A run: its name, and its files in the order they are read.
#[derive(Debug, Clone)]
pub struct Run {
    /// Path relative to the root; `.` for the root itself.
    pub name: String,
    /// Its files.
    pub files: Vec<Arc<FileEntry>>,
}

/// The files of a log at one time.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// In natural order.
    pub runs: Vec<Run>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
}

impl Snapshot {
    /// The files under `roots`, and the roots that have none.
    pub fn list(roots: &[Root]) -> Result<(Self, Vec<PathBuf>)> {
        let entry = |path: PathBuf| Arc::new(FileEntry::new(path));
        let run = |(name, files): (String, Vec<PathBuf>)| Run {
            name,
            files: files.into_iter().map(entry).collect(),
        };
        let listing = discover(roots)?;
        let snapshot = Self {
            runs: listing.runs.into_iter().map(run).collect(),
            unlisted: listing.unlisted,
        };
        Ok((snapshot, listing.empty))
    }

    /// The runs whose names meet the condition; what could not be listed of them.
    pub fn of_runs(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let runs = self.runs.iter().filter(|run| is_wanted(&run.name));
        let unlisted = self.unlisted.iter().filter(|entry| is_wanted(&entry.run));
        Self {
            runs: runs.cloned().collect(),
            unlisted: unlisted.cloned().collect(),
        }
    }
}
