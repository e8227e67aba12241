//! One event file: how far it is read, and what is known of it by now.

use super::version::{Arrival, FileVersion};
use crate::error::{Error, Result};
use crate::source::Identity;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One event file, shared by all snapshots that hold it unchanged.
#[derive(Debug)]
pub struct FileEntry {
    /// Where it is.
    pub path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The file as it was when it was first looked at; scans read up to its length then.
    identity: Option<Identity>,
    first_wall_time: Option<f64>,
    frontier: Frontier,
    /// The file as another process saw it, until it is first looked at here.
    arrival: Option<Arrival>,
    /// What [`FileEntry::version`] found.
    version: Option<FileVersion>,
}

/// How far the records of a file have been counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frontier {
    /// Where the next record would begin.
    pub offset: u64,
    /// Whole records before it.
    pub records: u64,
}

impl FileEntry {
    /// A file nothing is known of but its path.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// A file as another process saw it; compared when it is first looked at.
    pub(crate) fn arrived(path: PathBuf, arrival: Arrival) -> Self {
        let state = State {
            arrival: Some(arrival),
            ..State::default()
        };
        Self {
            path,
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far to read: the file's length when it was first looked at, or last refreshed. A file
    /// that is gone, or tells nothing of itself, has no bytes; why shows when it is opened.
    pub fn length(&self) -> u64 {
        let mut state = self.lock();
        if state.identity.is_none()
            && let Ok(metadata) = std::fs::metadata(&self.path)
        {
            let now = Identity::of(&metadata);
            let arrival = state.arrival.take();
            state.identity = Some(arrival.map_or(now, |a| a.identity(&self.path, now)));
        }
        state.identity.map_or(0, |i| i.length)
    }

    /// Which file it was when it was first looked at, as far as the system can tell.
    pub fn is(&self, identity: &Identity) -> bool {
        self.lock()
            .identity
            .is_none_or(|known| known.file == identity.file)
    }

    /// The file up to its length, as another process can recognise it; `None` if it was not there
    /// when it was first looked at.
    pub(crate) fn version(&self) -> Option<FileVersion> {
        let identity = {
            let state = self.lock();
            if let Some(known) = &state.version {
                return Some(known.clone());
            }
            if let Some(arrival) = &state.arrival {
                return Some(arrival.version.clone());
            }
            state.identity?
        };
        let version = FileVersion::of(&self.path, &identity);
        self.lock().version = Some(version.clone());
        Some(version)
    }

    /// Wall time of the first event, which orders the files of a run, once it was read.
    pub fn first_wall_time(&self) -> Option<f64> {
        self.lock().first_wall_time
    }

    /// Keeps the wall time of the first event.
    pub fn set_first_wall_time(&self, time: f64) {
        self.lock().first_wall_time = Some(time);
    }

    /// Takes note that the records from `first` on were walked up to `next`.
    pub fn passed(&self, first: u64, next: u64, records: u64) {
        let mut state = self.lock();
        // What does not join on was walked by an earlier scan.
        if state.frontier.offset == first {
            state.frontier.records += records;
            state.frontier.offset = next;
        }
    }

    /// How far records have been counted.
    pub fn frontier(&self) -> Frontier {
        self.lock().frontier
    }

    /// The file's state on disk now, if it differs from what is known: `(now, is it another file
    /// or a shorter one)`.
    pub fn change(&self) -> Result<Option<(Identity, bool)>> {
        if self.lock().arrival.is_some() {
            self.length(); // settles which file it was
        }
        let known = self.lock().identity;
        let now = match std::fs::metadata(&self.path) {
            Ok(metadata) => Identity::of(&metadata),
            Err(error) => return Err(Error::io(error, &self.path)),
        };
        Ok(match known {
            Some(known) if known == now => None,
            Some(known) => Some((now, known.file != now.file || now.length < known.length)),
            None => Some((now, false)),
        })
    }

    /// The same file, read up to its length in `identity`.
    pub fn grown(&self, identity: Identity, frontier: Frontier) -> Self {
        let first_wall_time = self.lock().first_wall_time;
        let state = State {
            identity: Some(identity),
            first_wall_time,
            frontier,
            ..State::default()
        };
        Self {
            path: self.path.clone(),
            state: Mutex::new(state),
        }
    }
}
