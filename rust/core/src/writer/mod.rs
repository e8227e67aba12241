//! Writes event files: a call costs the encoding of its record, another thread does the I/O.
//!
//! [`Writer::append`] encodes the record where it is called, straight into a bounded buffer
//! (`buffer`). The I/O threads (`thread`), which all writers of a process share, take what
//! gathered, by size and by time, and write it (`output`) to a file that stays open (`sink`). What
//! happens when the disk is slow, full or gone is a choice of the caller (`policy`), and so is what
//! `flush` promises (`ending`).
//!
//! - Only whole records are handed to `write(2)`, and a write that breaks off is cut back. So a
//!   process that dies at any moment leaves every record up to its last flush, and at most a torn
//!   tail.
//! - A call waits for the disk only in `flush`, in `close`, and when the buffer is full under
//!   `on_full = block`; it does so in short rests between which the caller can look for an
//!   interrupt (the `_while` variants). `close` gives up after a time.
//! - A disk that hangs holds up its own writers only.
//! - A forked child keeps nothing of its parent: at its first call it gets a buffer, threads and
//!   a file of its own, and never touches the parent's, whose locks may be held for ever. What the
//!   parent had not written yet, the parent writes.
//! - After `close` a writer goes on in a new file when something is added.

use std::sync::{Arc, MutexGuard};

mod batch;
mod buffer;
mod ending;
mod opening;
mod output;
mod pause;
mod policy;
mod sink;
mod system;
mod thread;

#[cfg(test)]
mod tests;

pub use batch::Points;
pub use ending::{close_all, flush_all};
pub use pause::Pause;
pub use policy::{
    Count, Durability, Fate, OnError, OnFull, Options, Stats, Target, flush_soon,
    set_flush_interval,
};
pub use sink::{FileSink, Sink, Torn};
pub use system::{generation, host, watch_forks};

use crate::event::encode::Encode;
use crate::record::{OVERHEAD, frame_in_place, frame_large};
use crate::{Error, ErrorKind, Result, interrupt};
use batch::Template;
use buffer::{CHUNK, Phase, Shared, State, Wake};
use output::Output;
use system::PerProcess;
use thread::threads;

/// Beyond that a record is encoded while the state is not locked, since the caller may be asked
/// whether it still waits.
const LARGE: usize = interrupt::STRETCH;
/// The largest record: protobuf reads no message of 2 GiB.
const LARGEST: usize = i32::MAX as usize;

/// Makes the sink of a writer, once for each time it opens.
pub type MakeSink = Arc<dyn Fn(&Options) -> Box<dyn Sink> + Send + Sync>;

/// What a caller does while it waits: [`Pause::rest`], and perhaps a look at whether to go on. An
/// error ends the wait and is returned.
pub type Wait<'a> = &'a mut dyn FnMut(&Pause<'_>) -> Result<()>;

fn patiently(pause: &Pause<'_>) -> Result<()> {
    pause.rest();
    Ok(())
}

/// Writes records in the background. All methods take `&self` and may be called from any thread.
pub struct Writer {
    /// What one process has of this writer.
    shared: PerProcess<Arc<Shared>>,
    make_sink: MakeSink,
    options: Options,
}

impl Writer {
    /// A writer of files. The first file is made at once, or later if the disk does not answer for
    /// `close_timeout`.
    ///
    /// # Errors
    /// Under `on_error = raise`, if the file cannot be made. Otherwise that is a
    /// [notice](Self::take_notice), and the file is tried again.
    pub fn open(options: Options) -> Result<Self> {
        Self::with_sink(
            options,
            Arc::new(|options| Box::new(FileSink::new(options))),
        )
    }

    /// A writer into the sinks that `make_sink` makes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_sink(options: Options, make_sink: MakeSink) -> Result<Self> {
        watch_forks();
        let shared = Arc::new(Shared::new(options.clone()));
        let made = || Box::new(Output::new(make_sink(&options)));
        let (output, opened) = opening::open(made, &shared);
        if let Err(error) = opened {
            let stopped = matches!(error.kind(), ErrorKind::Interrupted);
            match options.on_error {
                _ if stopped => return Err(error),
                OnError::Raise => return Err(error),
                OnError::Warn => shared.notice(&mut shared.lock(), error),
                OnError::Drop => shared.lock().last_error = Some(error.to_string()),
            }
        }
        shared.lock().output = output;
        let writer = Self {
            shared: PerProcess::new(),
            make_sink,
            options,
        };
        let _ = writer.shared.get_or_init(|| shared);
        Ok(writer)
    }

    /// How this writer works.
    pub fn options(&self) -> &Options {
        &self.options
    }

    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        self.shared
            .get_or_init(|| Arc::new(Shared::new(self.options.clone())))
    }

    /// Adds one record. Waits if the buffer is full and `on_full` says so.
    ///
    /// # Errors
    /// The trouble of the disk since the last call, under `on_error = raise`; the record is then
    /// not added.
    pub fn append<E: Encode + ?Sized>(&self, record: &E) -> Result<Fate> {
        self.append_while(record, &mut patiently)
    }

    /// As [`append`](Self::append), waiting with `wait`.
    ///
    /// # Errors
    /// As `append`, and those of `wait`.
    #[inline]
    pub fn append_while<E: Encode + ?Sized>(&self, record: &E, wait: Wait<'_>) -> Result<Fate> {
        let payload = record.encoded_len();
        if payload > LARGE {
            return self.append_large(record, payload, wait);
        }
        let bytes = payload + OVERHEAD;
        let shared = self.shared();
        let Some(mut state) = self.enter(shared, bytes, wait)? else {
            return Ok(shared.count_lost(1, bytes as u64));
        };
        let interval = || shared.flush_interval();
        let pushed = state.push(bytes, interval, |out| {
            frame_in_place(out, |out| record.encode(out))
        });
        drop(state);
        shared.wake(pushed?);
        Ok(Fate::Kept)
    }

    /// As [`append_while`](Self::append_while). Other calls need not wait while a large record is
    /// encoded, and an interrupt ends that.
    #[cold]
    fn append_large<E: Encode + ?Sized>(
        &self,
        record: &E,
        payload: usize,
        wait: Wait<'_>,
    ) -> Result<Fate> {
        if payload > LARGEST {
            return Err(Error::argument(format!(
                "the record takes {payload} bytes; readers accept at most {LARGEST}"
            )));
        }
        let bytes = payload + OVERHEAD;
        let shared = self.shared();
        let Some(state) = self.enter(shared, bytes, wait)? else {
            return Ok(shared.count_lost(1, bytes as u64));
        };
        self.add_chunk(shared, state, bytes, |chunk| {
            frame_large(chunk, |out| record.encode(out))?;
            Ok(1)
        })?;
        Ok(Fate::Kept)
    }

    /// Adds a scalar for each of `points`.
    ///
    /// # Errors
    /// As [`append_while`](Self::append_while); the points before are added.
    pub fn append_scalars(&self, tag: &str, points: Points<'_>, wait: Wait<'_>) -> Result<Fate> {
        let template = Template::new(tag);
        let shared = self.shared();
        let mut points = points;
        let bound = self.options.max_buffer_bytes;
        let size = CHUNK.min(bound).max(template.longest());
        let most = size / template.longest();
        while !points.is_empty() {
            interrupt::check()?;
            let Some(state) = self.enter(shared, size, wait)? else {
                let bytes = template.total(points);
                return Ok(shared.count_lost(points.len() as u64, bytes));
            };
            let done = self.add_chunk(shared, state, size, |chunk| {
                Ok(template.fill(points.first(most), chunk))
            })?;
            points = points.skip(done);
        }
        Ok(Fate::Kept)
    }

    /// Has `fill` put records into a chunk of `size` bytes, and say how many, while the state is
    /// not locked.
    fn add_chunk(
        &self,
        shared: &Arc<Shared>,
        mut state: MutexGuard<'_, State>,
        size: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<usize>,
    ) -> Result<usize> {
        let mut chunk = state.chunk(size);
        state.reserved += size;
        drop(state);
        let filled = fill(&mut chunk);
        let mut state = shared.lock();
        state.reserved -= size;
        let mut started = Ok(true);
        let unused = match filled {
            Ok(records) => {
                state.push_chunk(chunk, records as u64);
                if state.phase == Phase::Closed {
                    started = self.start(shared, &mut state);
                }
                if !matches!(started, Ok(true)) {
                    state.give_up();
                }
                None
            }
            Err(_) => state.recycle(chunk),
        };
        drop(state);
        drop(unused);
        shared.wake(Wake::Now);
        started?;
        filled
    }

    /// The locked state with room for `bytes`; `None` if there is none and none is waited for.
    #[inline]
    fn enter<'a>(
        &self,
        shared: &'a Arc<Shared>,
        bytes: usize,
        wait: Wait<'_>,
    ) -> Result<Option<MutexGuard<'a, State>>> {
        let mut state = shared.lock();
        loop {
            if state.notice.is_some() && self.options.on_error == OnError::Raise {
                return shared.take_notice(&mut state).map_or(Ok(None), Err);
            }
            if state.phase == Phase::Closed && !self.start(shared, &mut state)? {
                return Ok(None);
            }
            if state.has_room(bytes, self.options.max_buffer_bytes) {
                return Ok(Some(state));
            }
            if self.options.on_full == OnFull::Drop || state.failing {
                return Ok(None);
            }
            state.seal();
            let pause = shared.pause(&state);
            drop(state);
            shared.wake(Wake::Now);
            wait(&pause)?;
            state = shared.lock();
        }
    }

    /// Begins to write. False if there can be no thread now.
    #[cold]
    fn start(&self, shared: &Arc<Shared>, state: &mut State) -> Result<bool> {
        if state.session > 0
            && let Target::File(path) = &self.options.target
        {
            let path = path.display();
            return Err(Error::argument(format!("{path}: the writer is closed")));
        }
        if let Err(error) = threads().open() {
            let path = state.paths.last().cloned().unwrap_or_default();
            let error = Error::io(error, &path);
            match self.options.on_error {
                OnError::Raise => return Err(error),
                OnError::Warn => shared.notice(state, error),
                OnError::Drop => state.last_error = Some(error.to_string()),
            }
            return Ok(false);
        }
        let made = || Box::new(Output::new((self.make_sink)(&self.options)));
        let output = state.output.take().unwrap_or_else(made);
        state.session += 1;
        state.output = Some(output.begin(state.session));
        state.answer = None;
        state.phase = Phase::Running;
        Ok(true)
    }

    /// The trouble since the last call, once. Cheap when there is none.
    #[inline]
    pub fn take_notice(&self) -> Option<Error> {
        let shared = self.shared.get()?;
        if !shared.noticed.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        shared.take_notice(&mut shared.lock())
    }

    /// Counts a record that its caller could not make as dropped.
    pub fn count_dropped(&self) {
        let one = Count {
            records: 1,
            bytes: 0,
        };
        self.shared().lock().dropped.add(one);
    }

    /// What became of the records so far.
    pub fn stats(&self) -> Stats {
        let Some(shared) = self.shared.get() else {
            return Stats::default();
        };
        let state = shared.lock();
        Stats {
            written: state.written,
            dropped: state.dropped,
            pending: state.pending,
            paths: state.paths.clone(),
            last_error: state.last_error.clone(),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A caller that needs to know what closing lost calls `close`.
        let _ = self.close();
    }
}
