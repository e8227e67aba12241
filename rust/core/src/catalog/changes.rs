//! How two snapshots of a log differ.

use super::file::FileEntry;
use super::snapshot::Run;
use std::path::PathBuf;
use std::sync::Arc;

/// What a refresh found. Empty if nothing changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Runs of which files came, changed or went, in natural order.
    pub runs: Vec<RunChange>,
    /// Files that came or changed, in the order of their runs.
    pub files: Vec<PathBuf>,
    /// Bytes that came: by which files grew, and all of new and of replaced files.
    pub bytes: u64,
    /// Files that are others now, or shorter.
    pub replaced: Vec<PathBuf>,
    /// Files that are gone.
    pub removed: Vec<PathBuf>,
}

/// A run that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChange {
    /// Its name.
    pub name: String,
    /// How it changed.
    pub growth: Growth,
}

/// How a run changed, which tells whether rows that were read of it remain what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// It was not there before.
    New,
    /// It grew at the end of its last file, or by files behind that: earlier rows remain.
    Appended,
    /// A file was replaced, shortened or removed, or rows came before others that were there.
    Rewritten,
    /// It grew, and which of its files is the last is not known yet. Once the wall times of the
    /// first events are, [`Run::growth_since`] tells.
    Undecided,
    /// It is gone.
    Removed,
}

impl Run {
    /// How this run differs from what it was `before`. Reads nothing: the order of several files
    /// counts as unknown unless the wall times of their first events were read.
    pub fn growth_since(&self, before: &Self) -> Growth {
        let successor = |old: &FileEntry| self.files.iter().find(|new| new.path == old.path);
        let is_kept = |old: &Arc<FileEntry>| successor(old).is_some_and(|new| new.continues(old));
        if !before.files.iter().all(is_kept) {
            return Growth::Rewritten;
        }
        let (Some(old), Some(new)) = (before.in_order(), self.in_order()) else {
            return Growth::Undecided;
        };
        let (last, earlier) = match old.split_last() {
            Some((last, earlier)) => (Some(*last), earlier),
            None => (None, &[][..]),
        };
        let stays = |(old, new): (&&Arc<FileEntry>, &&Arc<FileEntry>)| Arc::ptr_eq(old, new);
        let at_last = new.get(earlier.len()).map(|file| &file.path);
        let appended = earlier.iter().zip(&new).all(stays)
            && last.is_none_or(|last| at_last == Some(&last.path));
        if appended {
            Growth::Appended
        } else {
            Growth::Rewritten
        }
    }

    /// The files in the order they are read, if that is known without reading.
    fn in_order(&self) -> Option<Vec<&Arc<FileEntry>>> {
        if self.files.len() < 2 {
            return Some(self.files.iter().collect());
        }
        let timed = self.files.iter().map(|f| Some((f.first_wall_time()?, f)));
        let mut timed: Vec<_> = timed.collect::<Option<_>>()?;
        timed.sort_by(|(a, _), (b, _)| a.total_cmp(b)); // stable: by name, where times are equal
        Some(timed.into_iter().map(|(_, file)| file).collect())
    }
}
