//! The writing thread: takes chunks, writes them, reports what became of them.
//!
//! It owns the sink and whatever it has taken (the backlog). Everything that may hang or fail
//! happens here, with the lock released. After a failure the backlog stays (or, under
//! `on_error = drop`, goes), the file is cut back to its last whole record, and the next try comes
//! after a pause that doubles, or at once when somebody flushes or closes.
//!
//! A full disk keeps its file: it may get room again. Any other error ends the file, since what a
//! descriptor does after `EIO`, `ESTALE` or `EFBIG` is anybody's guess, and the next try goes to
//! the next file. A record that fails with `EFBIG` in a file of its own can never be written and
//! is dropped.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::buffer::{Chunk, Phase, Shared};
use super::policy::{Count, Durability, OnError, Target};
use super::sink::Sink;
use crate::event::encode::{Encode, Event, Version, WRITER};
use crate::record::frame_in_place;
use crate::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// A file that is being written.
struct Open {
    path: PathBuf,
    since: Instant,
    bytes: u64,
    records: Count,
}

/// The sink, and what is on its way there.
pub(super) struct Desk {
    shared: Arc<Shared>,
    session: u64,
    sink: Box<dyn Sink>,
    open: Option<Open>,
    backlog: VecDeque<Chunk>,
    pause: Duration,
    retry_at: Option<Instant>,
}

/// What to do after a wait.
struct Order {
    /// Answer the flushes up to here.
    flush: Option<u64>,
    closing: bool,
}

impl Desk {
    pub fn new(shared: Arc<Shared>, sink: Box<dyn Sink>) -> Self {
        Self {
            shared,
            session: 0,
            sink,
            open: None,
            backlog: VecDeque::new(),
            pause: FIRST_PAUSE,
            retry_at: None,
        }
    }

    /// Opens the first file. Later ones are opened when there is something to write.
    pub fn open_first(&mut self) -> Result<()> {
        self.ensure_open()
    }

    /// Becomes the thread of `session`.
    pub fn spawn(mut self, session: u64) -> io::Result<()> {
        self.session = session;
        std::thread::Builder::new()
            .name("tfevents-writer".to_owned())
            .stack_size(256 << 10)
            .spawn(move || self.run())
            .map(drop)
    }

    /// Ends the open file without a thread.
    pub fn close(mut self) {
        if let Some(open) = self.open.take() {
            drop(open);
            self.sink.close(true);
        }
    }

    fn run(self) {
        let mut leaving = Leaving(self);
        while leaving.0.round() {}
    }

    /// One wait and one go at the backlog. False when there is nothing more to do, ever.
    fn round(&mut self) -> bool {
        let Some(order) = self.wait() else {
            return false;
        };
        let mut result = self.write();
        if result.is_ok() && (order.flush.is_some() || order.closing) {
            let durable = self.shared.options.durability == Durability::Fsync;
            result = self.flush_sink(durable);
        }
        self.conclude(order, result)
    }

    /// Waits until there is something to do. `None`: this thread was given up.
    fn wait(&mut self) -> Option<Order> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            if state.session != self.session {
                return None;
            }
            let closing = state.phase == Phase::Closing;
            let flush = (state.asked > state.answered).then_some(state.asked);
            let now = Instant::now();
            let due = state
                .since
                .map(|since| since + shared.options.flush_interval);
            let is_due = due.is_some_and(|due| due <= now);
            let resting = self.retry_at.is_some_and(|at| at > now);
            let retry = self.retry_at.is_some() && !resting;
            let ready = !resting && (is_due || !state.sealed.is_empty());
            if closing || flush.is_some() || retry || ready {
                if closing || flush.is_some() || is_due {
                    state.seal();
                }
                if state.open.records == 0 {
                    state.since = None;
                }
                self.backlog.append(&mut state.sealed);
                return Some(Order { flush, closing });
            }
            let until = if resting { self.retry_at } else { due };
            state = shared.sleep(state, until.map(|at| at.saturating_duration_since(now)));
        }
    }

    /// Reports `result` to the callers and decides whether and when to go on.
    fn conclude(&mut self, order: Order, result: Result<()>) -> bool {
        let shared = Arc::clone(&self.shared);
        if result.is_err() && (order.closing || shared.options.on_error == OnError::Drop) {
            self.drop_backlog();
        }
        let mut state = shared.lock();
        if state.session != self.session {
            return false;
        }
        match &result {
            Ok(()) => {
                state.failing = false;
                self.retry_at = None;
                self.pause = FIRST_PAUSE;
            }
            Err(error) => {
                let first = !std::mem::replace(&mut state.failing, true);
                match shared.options.on_error {
                    OnError::Raise => shared.notice(&mut state, error.clone()),
                    OnError::Warn if first => shared.notice(&mut state, error.clone()),
                    OnError::Warn | OnError::Drop => state.last_error = Some(error.to_string()),
                }
                self.retry_at = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
        if let Some(flush) = order.flush {
            state.answered = flush;
            state.answer = result.err();
        } else if order.closing {
            state.answer = result.err();
        }
        let empty = state.sealed.is_empty() && state.open.records == 0;
        let done = order.closing && empty;
        if done {
            state.phase = Phase::Closed;
            state.answered = state.asked;
            if self.open.take().is_some() {
                self.sink.close(true);
            }
        }
        shared.report(&mut state);
        !done
    }

    /// Writes the backlog, file after file.
    fn write(&mut self) -> Result<()> {
        while let Some(chunk) = self.backlog.front() {
            if chunk.records == 0 {
                if let Some(done) = self.backlog.pop_front() {
                    let unused = self.shared.lock().recycle(done.bytes);
                    drop(unused);
                }
                continue;
            }
            self.leave_if_deleted()?;
            self.leave_if_old();
            self.ensure_open()?;
            let fits = self.fits();
            if fits.records == 0 {
                self.leave(true);
                continue;
            }
            self.write_records(fits)?;
        }
        Ok(())
    }

    /// How much of the first chunk goes into this file: at least one record into a fresh one.
    fn fits(&self) -> Count {
        let (Some(chunk), Some(open)) = (self.backlog.front(), &self.open) else {
            return Count::default();
        };
        let limit = match (
            &self.shared.options.target,
            self.shared.options.rotate_bytes,
        ) {
            (Target::Directory { .. }, Some(limit)) => limit,
            _ => return chunk.count(),
        };
        let fits = chunk.whole(limit.saturating_sub(open.bytes));
        if fits.records == 0 && open.records.records == 0 {
            return chunk.first();
        }
        fits
    }

    fn write_records(&mut self, fits: Count) -> Result<()> {
        let (Some(chunk), Some(open)) = (self.backlog.front(), &self.open) else {
            return Ok(());
        };
        let bytes = chunk.rest().get(..fits.bytes as usize).unwrap_or_default();
        let Err(torn) = self.sink.write_all(bytes) else {
            self.settle(fits, true);
            return Ok(());
        };
        let error = Error::io(torn.error, &open.path);
        let whole = chunk.whole(torn.written as u64);
        let cut = self
            .sink
            .take_back(torn.written as u64 - whole.bytes)
            .is_ok();
        if whole.records > 0 {
            self.settle(whole, true);
        } else if is(&error, io::ErrorKind::FileTooLarge) && self.is_fresh() {
            let hopeless = self.backlog.front().map_or(Count::default(), Chunk::first);
            self.settle(hopeless, false);
            if cut {
                return Err(error);
            }
        }
        if !cut || !is_full(&error) {
            self.leave(true);
        }
        Err(error)
    }

    fn is_fresh(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.records.records == 0)
    }

    /// Takes `done` off the backlog, as written or as lost.
    fn settle(&mut self, done: Count, written: bool) {
        if let Some(chunk) = self.backlog.front_mut() {
            chunk.settle(done);
        }
        if written && let Some(open) = &mut self.open {
            open.bytes += done.bytes;
            open.records.add(done);
        }
        let shared = Arc::clone(&self.shared);
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

    fn drop_backlog(&mut self) {
        while let Some(chunk) = self.backlog.front() {
            let lost = chunk.count();
            self.settle(lost, false);
            self.backlog.pop_front();
        }
    }

    fn ensure_open(&mut self) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let path = self.sink.open()?;
        let mut first = Vec::new();
        if self.shared.options.version {
            let version = Event {
                wall_time: now(),
                step: 0,
                what: Version { writer: WRITER },
            };
            frame_in_place(&mut first, |out| version.encode(out));
        }
        if !first.is_empty()
            && let Err(torn) = self.sink.write_all(&first)
        {
            let _ = self.sink.take_back(torn.written as u64);
            self.sink.close(false);
            return Err(Error::io(torn.error, &path));
        }
        let mut state = self.shared.lock();
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
    fn leave(&mut self, durable: bool) {
        let Some(open) = self.open.take() else { return };
        let keep = open.records.records > 0;
        if keep && durable && self.shared.options.durability == Durability::Fsync {
            let _ = self.sink.flush(true);
        }
        self.sink.close(keep);
        if !keep {
            let mut state = self.shared.lock();
            state.paths.retain(|path| *path != open.path);
        }
    }

    fn leave_if_old(&mut self) {
        let Some(limit) = self.shared.options.rotate_after else {
            return;
        };
        let in_directory = matches!(self.shared.options.target, Target::Directory { .. });
        let old = self
            .open
            .as_ref()
            .is_some_and(|open| open.records.records > 0 && open.since.elapsed() >= limit);
        if in_directory && old {
            self.leave(true);
        }
    }

    /// A file that was deleted took its records with it: they count as lost, and the rest goes
    /// into a file that can be found.
    fn leave_if_deleted(&mut self) -> Result<()> {
        if self.open.is_none() || !self.sink.is_deleted() {
            return Ok(());
        }
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        self.sink.close(true);
        let shared = Arc::clone(&self.shared);
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

    fn flush_sink(&mut self, durable: bool) -> Result<()> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let Err(error) = self.sink.flush(durable) else {
            return Ok(());
        };
        let error = Error::io(error, &open.path);
        self.leave(false);
        Err(error)
    }
}

/// Leaves nobody waiting, however the thread ends.
struct Leaving(Desk);

impl Drop for Leaving {
    fn drop(&mut self) {
        let shared = &self.0.shared;
        let mut state = shared.lock();
        if state.session == self.0.session && state.phase != Phase::Closed {
            state.give_up();
            state.phase = Phase::Closed;
            state.answered = state.asked;
            let path = self
                .0
                .open
                .as_ref()
                .map_or(Path::new(""), |open| &open.path);
            let error = Error::io(io::Error::other("the writing thread ended"), path);
            state.answer = Some(error.clone());
            shared.notice(&mut state, error);
            shared.report(&mut state);
        }
    }
}

fn is(error: &Error, kind: io::ErrorKind) -> bool {
    matches!(error.kind(), ErrorKind::Io(io) if io.kind() == kind)
}

fn is_full(error: &Error) -> bool {
    is(error, io::ErrorKind::StorageFull) || is(error, io::ErrorKind::QuotaExceeded)
}
