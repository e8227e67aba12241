//! A file that is followed: how far it was read, and what is to be done about it.

use super::cursor::FileState;
use super::ends::Ends;
use crate::catalog::FileEntry;
use crate::record::recover::SearchDebt;
use crate::scan::Position;
use crate::scan::walk::End;
use crate::source::Source;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One file of a followed log.
#[derive(Debug)]
pub(super) struct Followed {
    /// Number of its run.
    pub run: u32,
    /// Its name in the run's directory.
    pub name: String,
    /// The file as it is now; `None` while it has not been found.
    pub entry: Option<Arc<FileEntry>>,
    /// Up to where its records were handed out.
    pub position: Position,
    ends: Option<Ends>,
    /// Whether its first bytes were looked at by this process.
    is_checked: bool,
    /// A hash of the state in which it was read to its end.
    read: u64,
    /// When its present state was first seen.
    since: Instant,
    /// There are bytes behind the position that are no whole record, or not yet.
    pub is_pending: bool,
    is_settled: bool,
}

/// What came of reading on.
pub(super) enum Advance {
    /// The file is the one that was read before.
    Same(Option<Ends>),
    /// Another file is in its place, or a shorter one.
    Replaced,
}

impl Followed {
    /// A file of which nothing has been read.
    pub(super) fn new(run: u32, name: String) -> Self {
        Self {
            run,
            name,
            entry: None,
            position: Position::default(),
            ends: None,
            is_checked: false,
            read: 0,
            since: Instant::now(),
            is_pending: false,
            is_settled: false,
        }
    }

    /// A file that was read up to the place in a cursor.
    pub(super) fn restored(state: FileState) -> Self {
        Self {
            position: Position {
                offset: state.offset,
                debt: SearchDebt::new(state.debt, state.offset),
            },
            ends: state.ends,
            read: state.stamp,
            ..Self::new(state.run, state.name)
        }
    }

    /// The place, for a cursor.
    pub(super) fn state(&self) -> FileState {
        FileState {
            run: self.run,
            name: self.name.clone(),
            offset: self.position.offset,
            debt: self.position.debt.owed(self.position.offset),
            ends: self.ends,
            stamp: self.read,
        }
    }

    /// Takes note of the state that the file is in now; false if it is shorter than what was read.
    pub(super) fn see(&mut self, entry: &Arc<FileEntry>) -> bool {
        if self
            .entry
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, entry))
        {
            return true;
        }
        self.entry = Some(Arc::clone(entry));
        self.since = Instant::now();
        self.is_settled = false;
        // As a cursor knows it: what is behind the position was waited at.
        let left = entry.length().checked_sub(self.position.offset);
        self.is_pending |= entry.stamp() == self.read && left != Some(0);
        left.is_some()
    }

    /// Begins anew, for another file is in the place of the one that was read.
    pub(super) fn restart(&mut self) {
        let entry = self.entry.take();
        *self = Self {
            entry,
            ..Self::new(self.run, std::mem::take(&mut self.name))
        };
    }

    /// How the end is to be read, if there is something to read.
    pub(super) fn due(&self, settle: Duration) -> Option<End> {
        let entry = self.entry.as_ref()?;
        if entry.stamp() != self.read {
            return Some(End::Growing);
        }
        let quiet = self.is_pending && !self.is_settled && self.since.elapsed() >= settle;
        quiet.then_some(End::Settled)
    }

    /// How long until what is pending counts as settled.
    pub(super) fn settles_in(&self, settle: Duration) -> Option<Duration> {
        let waits = self.entry.is_some() && self.is_pending && !self.is_settled;
        waits.then(|| settle.saturating_sub(self.since.elapsed()))
    }

    /// Holds the file, as it is after reading, against what was read before; `next` is where reading
    /// goes on.
    pub(super) fn check(&self, next: Position) -> io::Result<Advance> {
        let Some(entry) = &self.entry else {
            return Ok(Advance::Replaced);
        };
        let source = match entry.open(None, false) {
            Ok(source) => source,
            // It is gone by now, but it was there when it was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Advance::Same(None));
            }
            Err(error) => return Err(error),
        };
        // What was read may have been another file than the one that is there by now.
        let is_same = entry.is(&*source) && self.holds(&*source)?;
        if !is_same || source.length() < next.offset {
            return Ok(Advance::Replaced);
        }
        if next.offset == self.position.offset && self.ends.is_some() {
            return Ok(Advance::Same(self.ends));
        }
        Ok(Advance::Same(Some(Ends::of(&*source, next.offset)?)))
    }

    fn holds(&self, source: &dyn Source) -> io::Result<bool> {
        let offset = self.position.offset;
        if offset == 0 {
            return Ok(true);
        }
        match self.ends {
            Some(ends) if source.length() >= offset => ends.hold(source, offset, !self.is_checked),
            _ => Ok(false),
        }
    }

    /// Goes on from `next`.
    pub(super) fn advance(&mut self, next: Position, ends: Option<Ends>) {
        self.position = next;
        self.ends = ends;
        self.is_checked = true;
    }

    /// Takes note that it was read to the end of the state with this stamp, as `end` says.
    pub(super) fn was_read(&mut self, stamp: u64, end: End, pending: bool) {
        self.read = stamp;
        self.is_pending = pending;
        self.is_settled = end == End::Settled;
    }
}
