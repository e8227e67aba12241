//! The file that is open: made when there is something to write, left when it is old, full or gone.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::super::buffer::Shared;
use super::super::policy::{Count, Durability, OnError, Target};
use super::{Output, now};
use crate::event::encode::{Encode, Event, Version, WRITER};
use crate::record::frame_in_place;
use crate::{Error, Result};

/// A file that is being written.
pub(super) struct Open {
    pub(super) path: PathBuf,
    pub(super) since: Instant,
    pub(super) bytes: u64,
    pub(super) records: Count,
}

impl Output {
    pub(super) fn ensure_open(&mut self, shared: &Shared) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let path = self.sink.open()?;
        let mut first = Vec::new();
        if shared.options.version {
            let version = Event {
                wall_time: now(),
                step: 0,
                what: Version { writer: WRITER },
            };
            frame_in_place(&mut first, |out| version.encode(out))?;
        }
        if !first.is_empty()
            && let Err(torn) = self.sink.write_all(&first)
        {
            let _ = self.sink.take_back(torn.written as u64);
            self.sink.close(false);
            return Err(Error::io(torn.error, &path));
        }
        let mut state = shared.lock();
        if state.paths.last() != Some(&path) {
            state.paths.push(path.clone());
        }
        drop(state);
        self.open = Some(Open {
            path,
            since: Instant::now(),
            bytes: first.len() as u64,
            records: Count::default(),
        });
        Ok(())
    }

    /// Ends the open file; one without records vanishes.
    pub(super) fn leave(&mut self, shared: &Shared, durable: bool) {
        let Some(open) = self.open.take() else { return };
        let keep = open.records.records > 0;
        if keep && durable && shared.options.durability == Durability::Fsync {
            let _ = self.sink.flush(true);
        }
        self.sink.close(keep);
        if !keep {
            let mut state = shared.lock();
            state.paths.retain(|path| *path != open.path);
        }
    }

    pub(super) fn leave_if_old(&mut self, shared: &Shared) {
        let Some(limit) = shared.options.rotate_after else {
            return;
        };
        let in_directory = matches!(shared.options.target, Target::Directory { .. });
        let old = self
            .open
            .as_ref()
            .is_some_and(|open| open.records.records > 0 && open.since.elapsed() >= limit);
        if in_directory && old {
            self.leave(shared, true);
        }
    }

    /// A file that was deleted took its records with it: they count as lost, and the rest goes
    /// into a file that can be found.
    pub(super) fn leave_if_deleted(&mut self, shared: &Shared) -> Result<()> {
        if self.open.is_none() || !self.sink.is_deleted() {
            return Ok(());
        }
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        self.sink.close(true);
        let mut state = shared.lock();
        if state.session == self.session {
            state.written.take(open.records);
            state.dropped.add(open.records);
            state.paths.retain(|path| *path != open.path);
            let error = Error::io(
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!(
                        "was deleted while it was written: {} records are lost, the next ones go \
                         to a new file",
                        open.records.records
                    ),
                ),
                &open.path,
            );
            match shared.options.on_error {
                OnError::Drop => state.last_error = Some(error.to_string()),
                OnError::Warn | OnError::Raise => shared.notice(&mut state, error),
            }
        }
        Ok(())
    }

    pub(super) fn flush_sink(&mut self, shared: &Shared, durable: bool) -> Result<()> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let Err(error) = self.sink.flush(durable) else {
            return Ok(());
        };
        let error = Error::io(error, &open.path);
        self.leave(shared, false);
        Err(error)
    }
}
