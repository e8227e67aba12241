//! One event file: how far it is read, and what is known of it by now.

use super::store::{Stat, Store};
use super::version::{Arrival, FileVersion};
use crate::source::{Identity, Source};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What tells the state of a location.
pub(super) type LookAt<'a> = &'a dyn Fn(&Path) -> io::Result<Stat>;

/// One event file, shared by all snapshots that hold it unchanged.
#[derive(Debug)]
pub struct FileEntry {
    /// Where it is.
    pub path: PathBuf,
    store: Arc<dyn Store>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The file as it was when it was first looked at; scans read up to its length then.
    identity: Option<Identity>,
    first_wall_time: Option<f64>,
    /// The file as another process saw it, until it is first looked at here.
    arrival: Option<Arrival>,
    /// What [`FileEntry::version`] found.
    version: Option<FileVersion>,
}

impl FileEntry {
    /// A file as it was when it was listed, if that said.
    pub fn new(store: Arc<dyn Store>, path: PathBuf, identity: Option<Identity>) -> Self {
        Self::with(
            store,
            path,
            State {
                identity,
                ..State::default()
            },
        )
    }

    /// A file as another process saw it; compared when it is first looked at.
    pub(crate) fn arrived(store: Arc<dyn Store>, path: PathBuf, arrival: Arrival) -> Self {
        let arrival = Some(arrival);
        Self::with(
            store,
            path,
            State {
                arrival,
                ..State::default()
            },
        )
    }

    fn with(store: Arc<dyn Store>, path: PathBuf, state: State) -> Self {
        Self {
            path,
            store,
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
            && let Ok(now) = self.store.stat(&self.path)
        {
            let arrival = state.arrival.take();
            let known = |a: Arrival| a.identity(&*self.store, &self.path, now.identity);
            state.identity = Some(arrival.map_or(now.identity, known));
        }
        state.identity.map_or(0, |i| i.length)
    }

    /// Opens the file for reading up to `length`. With `maps`, it may be mapped.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(&self, length: Option<u64>, maps: bool) -> io::Result<Box<dyn Source>> {
        self.store.open(&self.path, length, maps)
    }

    /// A hash of the state that is known; 0 if none is.
    pub fn stamp(&self) -> u64 {
        self.lock().identity.map_or(0, |i| i.stamp())
    }

    /// For how long it has not changed, if that is known.
    pub fn age(&self) -> Option<Duration> {
        self.lock().identity?.age()
    }

    /// Whether `source` is the file that was first looked at, as far as the store can tell.
    pub fn is(&self, source: &dyn Source) -> bool {
        match (self.lock().identity, source.identity()) {
            (Some(known), Some(opened)) => opened.is_same_file(&known),
            _ => true,
        }
    }

    /// Whether this is the file that `earlier` was, perhaps longer.
    pub fn continues(&self, earlier: &Self) -> bool {
        let earlier = earlier.lock().identity;
        let now = self.lock().identity;
        earlier.is_none_or(|earlier| {
            now.is_some_and(|now| now.is_same_file(&earlier) && now.length >= earlier.length)
        })
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
        let version = FileVersion::of(&*self.store, &self.path, &identity);
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

    /// The length that is known already; 0 if none is.
    pub(super) fn known_length(&self) -> u64 {
        self.lock().identity.map_or(0, |i| i.length)
    }

    /// The file as it is now, if that is not what is known of it.
    ///
    /// # Errors
    /// If nothing can be told of it, because it is gone or may not be looked at.
    pub(crate) fn now(&self) -> io::Result<Option<Self>> {
        self.now_by(&|location: &Path| self.store.stat(location))
    }

    /// The same, as `look` tells.
    pub(super) fn now_by(&self, look: LookAt<'_>) -> io::Result<Option<Self>> {
        if self.lock().arrival.is_some() {
            self.length(); // settles which file it was
        }
        let now = look(&self.path)?.identity;
        Ok(self.changed_to(now))
    }

    /// The same, for a file that has just been `listed`, perhaps with its state; `look` tells it
    /// otherwise.
    pub(super) fn now_as(&self, listed: &Self, look: LookAt<'_>) -> io::Result<Option<Self>> {
        let told = (!std::ptr::eq(self, listed)).then(|| listed.lock().identity);
        match told.flatten() {
            Some(now) => Ok(self.changed_to(now)),
            None => self.now_by(look),
        }
    }

    fn changed_to(&self, now: Identity) -> Option<Self> {
        let (known, first_wall_time) = {
            let state = self.lock();
            (state.identity, state.first_wall_time)
        };
        if known == Some(now) {
            return None;
        }
        let file = Self::new(Arc::clone(&self.store), self.path.clone(), Some(now));
        if file.continues(self) {
            file.lock().first_wall_time = first_wall_time;
        }
        Some(file)
    }
}
