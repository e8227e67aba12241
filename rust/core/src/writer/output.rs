//! What happens to the records of one writer on an I/O thread: written, tried again, dropped.
//!
//! An [`Output`] owns the sink and whatever it has taken (the backlog). Everything that may hang or
//! fail happens here, with the writer's state unlocked. After a failure the backlog stays (or,
//! under `on_error = drop`, goes), the file is cut back to its last whole record, and the next try
//! comes after a pause that doubles, or at once when somebody flushes or closes.
//!
//! A full disk keeps its file: it may get room again. A large record that it has no room for is set
//! aside, so that the smaller ones behind it are written; it is tried again with the next try, and
//! then comes behind them in the file. Any other error ends the file, since what a descriptor does
//! after `EIO`, `ESTALE` or `EFBIG` is undefined, and the next try goes to the next file. A record
//! that fails with `EFBIG` in a file of its own can never be written and is dropped.

use std::collections::VecDeque;
use std::io;
use std::sync::MutexGuard;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::buffer::{Chunk, Phase, Shared, State};
use super::policy::{Count, OnError, Target};
use super::sink::Sink;
use super::thread::threads;
use crate::{Error, ErrorKind, Result};

mod file;
mod serve;

pub(super) use serve::{Served, serve};

use file::Open;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Records up to this size are never set aside: a disk without room for them is full.
const SMALL: u64 = 4 << 10;

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// The sink, and what is on its way there.
pub(super) struct Output {
    session: u64,
    sink: Box<dyn Sink>,
    open: Option<Open>,
    backlog: VecDeque<Chunk>,
    /// Records that were too large for the room on the disk, and why.
    aside: VecDeque<Chunk>,
    refused: Option<Error>,
    pause: Duration,
    retry_at: Option<Instant>,
}

/// What an I/O thread does for a writer.
struct Command {
    /// Answer the flushes up to here.
    flush: Option<u64>,
    closing: bool,
    /// Try again what failed before.
    retry: bool,
}

impl Output {
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self {
            session: 0,
            sink,
            open: None,
            backlog: VecDeque::new(),
            aside: VecDeque::new(),
            refused: None,
            pause: FIRST_PAUSE,
            retry_at: None,
        }
    }

    /// Opens the first file. Later ones are opened when there is something to write.
    pub fn open_first(&mut self, shared: &Shared) -> Result<()> {
        self.ensure_open(shared)
    }

    /// Is for `session` from here on.
    pub fn begin(mut self: Box<Self>, session: u64) -> Box<Self> {
        self.session = session;
        self
    }

    /// Ends the open file, to which nothing was added.
    pub fn close(mut self) {
        if self.open.take().is_some() {
            self.sink.close(true);
        }
    }

    /// Removes the open file, to which nothing was added.
    pub fn discard(mut self, shared: &Shared) {
        self.leave(shared, false);
    }

    /// Whether there is something to do at `now`.
    fn is_due(&self, shared: &Shared, state: &State, now: Instant) -> bool {
        // A chunk that is still being filled wakes the threads when it comes.
        let closing = state.phase == Phase::Closing && state.reserved == 0;
        let asked = closing || state.asked > state.answered;
        asked
            || self.due(shared, state).is_some_and(|due| due <= now)
            || (self.may_write(now) && !state.sealed.is_empty())
    }

    /// Whether what comes is written at once: not between two tries of what came before.
    fn may_write(&self, now: Instant) -> bool {
        self.backlog.is_empty() || self.retry_at.is_none_or(|at| at <= now)
    }

    /// When there is something to do without a further call.
    fn due(&self, shared: &Shared, state: &State) -> Option<Instant> {
        let due = state.since.map(|since| since + shared.flush_interval());
        match self.retry_at {
            Some(at) if !self.backlog.is_empty() => Some(at),
            retry => due.into_iter().chain(retry).min(),
        }
    }

    /// What there is to do now. Takes what the callers have added.
    fn command(&mut self, shared: &Shared, state: &mut State) -> Option<Command> {
        let now = Instant::now();
        if state.session != self.session || !self.is_due(shared, state, now) {
            return None;
        }
        let closing = state.phase == Phase::Closing;
        let flush = (state.asked > state.answered).then_some(state.asked);
        let interval = shared.flush_interval();
        let is_old = state.since.is_some_and(|since| since + interval <= now);
        if closing || flush.is_some() || is_old {
            state.seal();
        }
        if state.open.records == 0 {
            state.since = None;
        }
        self.backlog.append(&mut state.sealed);
        let retry = closing || flush.is_some() || self.retry_at.is_some_and(|at| at <= now);
        Some(Command {
            flush,
            closing,
            retry,
        })
    }

    /// Reports `result` to the callers and decides whether and when to go on.
    fn conclude<'a>(
        &mut self,
        shared: &'a Shared,
        command: &Command,
        result: Result<()>,
    ) -> MutexGuard<'a, State> {
        if result.is_err() && (command.closing || shared.options.on_error == OnError::Drop) {
            self.drop_backlog(shared);
        }
        let mut state = shared.lock();
        if state.session != self.session {
            return state;
        }
        match &result {
            Ok(()) if self.aside.is_empty() => {
                state.failing = false;
                self.retry_at = None;
                self.pause = FIRST_PAUSE;
            }
            Ok(()) => {}
            Err(error) => {
                shared.trouble(&mut state, error);
                self.retry_at = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
        if let Some(flush) = command.flush {
            state.answered = flush;
            state.answer = result.err();
        } else if command.closing {
            state.answer = result.err();
        }
        let empty = state.sealed.is_empty() && state.open.records == 0;
        if command.closing && empty {
            state = self.finish(shared, state);
        }
        shared.report(&mut state);
        state
    }

    /// Closes the file, and ends the session if nothing was added meanwhile.
    fn finish<'a>(
        &mut self,
        shared: &'a Shared,
        state: MutexGuard<'a, State>,
    ) -> MutexGuard<'a, State> {
        drop(state);
        if self.open.take().is_some() {
            self.sink.close(true);
        }
        let mut state = shared.lock();
        let empty = state.sealed.is_empty() && state.open.records == 0 && state.reserved == 0;
        if state.session == self.session && empty {
            state.end();
            drop(state);
            threads().close();
            state = shared.lock();
        }
        state
    }

    /// Writes the backlog, file after file.
    fn write(&mut self, shared: &Shared, command: &Command) -> Result<()> {
        if command.retry {
            while let Some(chunk) = self.aside.pop_back() {
                self.backlog.push_front(chunk);
            }
        }
        self.refused = None;
        while let Some(chunk) = self.backlog.front() {
            if chunk.records == 0 {
                if let Some(done) = self.backlog.pop_front() {
                    let unused = shared.lock().recycle(done.bytes);
                    drop(unused);
                }
                continue;
            }
            self.leave_if_deleted(shared)?;
            self.leave_if_old(shared);
            self.ensure_open(shared)?;
            let fits = self.fits(shared);
            if fits.records == 0 {
                self.leave(shared, true);
                continue;
            }
            self.write_records(shared, fits)?;
        }
        self.refused.take().map_or(Ok(()), Err)
    }

    /// How much of the first chunk goes into this file: at least one record into a fresh one.
    fn fits(&self, shared: &Shared) -> Count {
        let (Some(chunk), Some(open)) = (self.backlog.front(), &self.open) else {
            return Count::default();
        };
        let limit = match (&shared.options.target, shared.options.rotate_bytes) {
            (Target::Directory { .. }, Some(limit)) => limit,
            _ => return chunk.count(),
        };
        let fits = chunk.whole(limit.saturating_sub(open.bytes));
        if fits.records == 0 && open.records.records == 0 {
            return chunk.first();
        }
        fits
    }

    fn write_records(&mut self, shared: &Shared, fits: Count) -> Result<()> {
        let (Some(chunk), Some(open)) = (self.backlog.front(), &self.open) else {
            return Ok(());
        };
        let bytes = chunk.rest().get(..fits.bytes as usize).unwrap_or_default();
        let Err(torn) = self.sink.write_all(bytes) else {
            self.settle(shared, fits, true);
            return Ok(());
        };
        let error = Error::io(torn.error, &open.path);
        let whole = chunk.whole(torn.written as u64);
        let cut = self
            .sink
            .take_back(torn.written as u64 - whole.bytes)
            .is_ok();
        if whole.records > 0 {
            self.settle(shared, whole, true);
        } else if is(&error, io::ErrorKind::FileTooLarge) && self.is_fresh() {
            let hopeless = self.backlog.front().map_or(Count::default(), Chunk::first);
            self.settle(shared, hopeless, false);
            if cut {
                return Err(error);
            }
        }
        if cut && is_full(&error) {
            return self.set_aside(shared, error);
        }
        self.leave(shared, true);
        Err(error)
    }

    /// Lets the records behind the one that failed go first, if it failed because it is large. At
    /// most half of the buffer is kept for such records, or nothing else would have room.
    fn set_aside(&mut self, shared: &Shared, error: Error) -> Result<()> {
        let Some(chunk) = self.backlog.front_mut() else {
            return Err(error);
        };
        let large = chunk.first();
        if large.bytes <= SMALL {
            return Err(error);
        }
        let bytes = chunk.rest().get(..large.bytes as usize).unwrap_or_default();
        self.aside.push_back(Chunk {
            bytes: bytes.to_vec(),
            start: 0,
            records: 1,
        });
        chunk.settle(large);
        self.refused = Some(error);
        let bound = (shared.options.max_buffer_bytes / 2) as u64;
        while self
            .aside
            .iter()
            .map(|chunk| chunk.count().bytes)
            .sum::<u64>()
            > bound
        {
            let Some(lost) = self.aside.pop_front() else {
                break;
            };
            self.count(shared, lost.count(), false);
        }
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.records.records == 0)
    }

    /// Takes `done` off the backlog, as written or as lost.
    fn settle(&mut self, shared: &Shared, done: Count, written: bool) {
        if let Some(chunk) = self.backlog.front_mut() {
            chunk.settle(done);
        }
        self.count(shared, done, written);
    }

    /// Counts `done` as written or as lost.
    fn count(&mut self, shared: &Shared, done: Count, written: bool) {
        if written && let Some(open) = &mut self.open {
            open.bytes += done.bytes;
            open.records.add(done);
        }
        let mut state = shared.lock();
        if state.session == self.session {
            state.pending.take(done);
            let sum = if written {
                &mut state.written
            } else {
                &mut state.dropped
            };
            sum.add(done);
            shared.report(&mut state);
        }
    }

    fn drop_backlog(&mut self, shared: &Shared) {
        self.backlog.extend(self.aside.drain(..));
        while let Some(chunk) = self.backlog.front() {
            let lost = chunk.count();
            self.settle(shared, lost, false);
            self.backlog.pop_front();
        }
    }
}

fn is(error: &Error, kind: io::ErrorKind) -> bool {
    matches!(error.kind(), ErrorKind::Io(io) if io.kind() == kind)
}

fn is_full(error: &Error) -> bool {
    is(error, io::ErrorKind::StorageFull) || is(error, io::ErrorKind::QuotaExceeded)
}
