//! Writes event files: a call costs the encoding of its record, a thread does the I/O.
//!
//! [`Writer::append`] encodes the record where it is called, straight into a bounded buffer
//! (`buffer`); a background thread (`thread`) takes what gathered, by size and by time, and
//! writes it to a file that stays open (`sink`). What happens when the disk is slow, full or gone
//! is a choice of the caller (`policy`), and so is what `flush` promises.
//!
//! - Only whole records are handed to `write(2)`, and a write that breaks off is cut back. So a
//!   process that dies at any moment leaves every record up to its last flush, and at most a torn
//!   tail.
//! - A call waits for the disk only in `flush`, in `close`, and when the buffer is full under
//!   `on_full = block`; it does so in short rests between which the caller can look for an
//!   interrupt (the `_while` variants). `close` gives up after a time.
//! - A forked child keeps nothing of its parent: at its first call it gets a buffer, a thread and
//!   a file of its own, and never touches the parent's, whose locks may be held for ever. What the
//!   parent had not written yet, the parent writes.
//! - After `close` a writer goes on in a new file when something is added.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

mod batch;
mod buffer;
mod policy;
mod sink;
mod system;
mod thread;

#[cfg(test)]
mod tests;

pub use batch::Points;
pub use buffer::Pause;
pub use policy::{Count, Durability, Fate, OnError, OnFull, Options, Stats, Target};
pub use sink::{FileSink, Sink, Torn};
pub use system::{generation, host};

use crate::event::encode::Encode;
use crate::record::{OVERHEAD, frame_in_place};
use crate::{Error, Result};
use batch::Template;
use buffer::{CHUNK, Phase, Shared, State};
use thread::Desk;

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
    first: Engine,
    make_sink: MakeSink,
    options: Options,
}

/// What one process has of a writer.
struct Engine {
    generation: u64,
    shared: Arc<Shared>,
    /// The sink before the first record, while there is no thread.
    idle: Mutex<Option<Desk>>,
    /// The engine of the child that was forked from this process.
    heir: OnceLock<Box<Engine>>,
}

impl Engine {
    fn new(options: &Options) -> Self {
        Self {
            generation: generation(),
            shared: Arc::new(Shared::new(options.clone())),
            idle: Mutex::new(None),
            heir: OnceLock::new(),
        }
    }

    fn idle(&self) -> Option<Desk> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.take()
    }
}

impl Writer {
    /// A writer of files. The first file is made at once.
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
        system::watch_forks();
        let engine = Engine::new(&options);
        let mut desk = Desk::new(Arc::clone(&engine.shared), make_sink(&options));
        if let Err(error) = desk.open_first() {
            match options.on_error {
                OnError::Raise => return Err(error),
                OnError::Warn => engine.shared.notice(&mut engine.shared.lock(), error),
                OnError::Drop => engine.shared.lock().last_error = Some(error.to_string()),
            }
        }
        let mut idle = engine.idle.lock().unwrap_or_else(PoisonError::into_inner);
        *idle = Some(desk);
        drop(idle);
        Ok(Self {
            first: engine,
            make_sink,
            options,
        })
    }

    /// How this writer works.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The engine of this process, if it has one.
    fn engine(&self) -> Option<&Engine> {
        let now = generation();
        let mut engine = &self.first;
        while engine.generation != now {
            engine = engine.heir.get()?;
        }
        Some(engine)
    }

    #[inline]
    fn engine_or_new(&self) -> &Engine {
        let now = generation();
        let mut engine = &self.first;
        while engine.generation != now {
            engine = engine
                .heir
                .get_or_init(|| Box::new(Engine::new(&self.options)));
        }
        engine
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
        if payload > LARGEST {
            return Err(Error::argument(format!(
                "the record takes {payload} bytes; readers accept at most {LARGEST}"
            )));
        }
        let bytes = payload + OVERHEAD;
        let engine = self.engine_or_new();
        let Some(mut state) = self.enter(engine, bytes, wait)? else {
            let mut state = engine.shared.lock();
            state.dropped.add(Count {
                records: 1,
                bytes: bytes as u64,
            });
            return Ok(Fate::Dropped);
        };
        let wake = state.push(bytes, |out| frame_in_place(out, |out| record.encode(out)));
        drop(state);
        if wake {
            engine.shared.wake();
        }
        Ok(Fate::Kept)
    }

    /// Adds a scalar for each of `points`.
    ///
    /// # Errors
    /// As [`append_while`](Self::append_while); the points before are added.
    pub fn append_scalars(&self, tag: &str, points: Points<'_>, wait: Wait<'_>) -> Result<Fate> {
        let template = Template::new(tag);
        let engine = self.engine_or_new();
        let mut points = points;
        let bound = self.options.max_buffer_bytes;
        let size = CHUNK.min(bound).max(template.longest());
        let most = size / template.longest();
        while !points.is_empty() {
            let Some(mut state) = self.enter(engine, size, wait)? else {
                let lost = Count {
                    records: points.len() as u64,
                    bytes: template.total(points),
                };
                engine.shared.lock().dropped.add(lost);
                return Ok(Fate::Dropped);
            };
            let mut chunk = state.chunk(size);
            state.reserved += size;
            drop(state);
            let done = template.fill(points.first(most), &mut chunk);
            let mut state = engine.shared.lock();
            state.reserved -= size;
            state.push_chunk(chunk, done as u64);
            if state.phase == Phase::Closed && !self.start(engine, &mut state)? {
                state.give_up();
            }
            drop(state);
            engine.shared.wake();
            points = points.skip(done);
        }
        Ok(Fate::Kept)
    }

    /// The locked state with room for `bytes`; `None` if there is none and none is waited for.
    #[inline]
    fn enter<'a>(
        &self,
        engine: &'a Engine,
        bytes: usize,
        wait: Wait<'_>,
    ) -> Result<Option<std::sync::MutexGuard<'a, State>>> {
        let shared = &engine.shared;
        let mut state = shared.lock();
        loop {
            if state.notice.is_some() && self.options.on_error == OnError::Raise {
                return shared.take_notice(&mut state).map_or(Ok(None), Err);
            }
            if state.phase == Phase::Closed && !self.start(engine, &mut state)? {
                return Ok(None);
            }
            if state.has_room(bytes, self.options.max_buffer_bytes) {
                return Ok(Some(state));
            }
            if self.options.on_full == OnFull::Drop || state.failing {
                return Ok(None);
            }
            state.seal();
            shared.wake();
            let pause = shared.pause(&state);
            drop(state);
            wait(&pause)?;
            state = shared.lock();
        }
    }

    /// Starts the thread. False if there can be none now.
    #[cold]
    fn start(&self, engine: &Engine, state: &mut State) -> Result<bool> {
        if state.session > 0
            && let Target::File(path) = &self.options.target
        {
            let path = path.display();
            return Err(Error::argument(format!("{path}: the writer is closed")));
        }
        let desk = engine.idle().unwrap_or_else(|| {
            Desk::new(Arc::clone(&engine.shared), (self.make_sink)(&self.options))
        });
        state.session += 1;
        state.answer = None;
        if let Err(error) = desk.spawn(state.session) {
            let path = state.paths.last().cloned().unwrap_or_default();
            let error = Error::io(error, &path);
            match self.options.on_error {
                OnError::Raise => return Err(error),
                OnError::Warn => engine.shared.notice(state, error),
                OnError::Drop => state.last_error = Some(error.to_string()),
            }
            return Ok(false);
        }
        state.phase = Phase::Running;
        Ok(true)
    }

    /// Waits until everything that was added is as safe as `durability` says.
    ///
    /// # Errors
    /// If it could not be made so; the records wait for the next try, or are lost, as `on_error`
    /// says.
    pub fn flush(&self) -> Result<()> {
        self.flush_while(&mut patiently)
    }

    /// As [`flush`](Self::flush), waiting with `wait`.
    ///
    /// # Errors
    /// As `flush`, and those of `wait`.
    pub fn flush_while(&self, wait: Wait<'_>) -> Result<()> {
        let Some(engine) = self.engine() else {
            return Ok(());
        };
        let shared = &engine.shared;
        let mut state = shared.lock();
        if state.phase == Phase::Closed {
            return Ok(());
        }
        state.asked += 1;
        let mine = state.asked;
        shared.wake();
        if self.options.durability == Durability::Buffered {
            return Ok(());
        }
        while state.answered < mine {
            let pause = shared.pause(&state);
            drop(state);
            wait(&pause)?;
            state = shared.lock();
        }
        match state.answer.clone() {
            Some(error) => {
                shared.take_notice(&mut state);
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// Writes what waits and ends the file and the thread. Again is harmless; `append` afterwards
    /// begins a new file. Returns after `close_timeout` at the latest, whatever the disk does.
    ///
    /// # Errors
    /// If records were lost by closing; they are counted.
    pub fn close(&self) -> Result<()> {
        self.close_while(&mut patiently)
    }

    /// As [`close`](Self::close), waiting with `wait`.
    ///
    /// # Errors
    /// As `close`, and those of `wait`; the thread then closes on its own.
    pub fn close_while(&self, wait: Wait<'_>) -> Result<()> {
        let Some(engine) = self.engine() else {
            return Ok(());
        };
        if let Some(desk) = engine.idle() {
            desk.close();
        }
        let shared = &engine.shared;
        let deadline = Instant::now() + self.options.close_timeout;
        let mut state = shared.lock();
        let session = state.session;
        if state.phase == Phase::Closed {
            return Ok(());
        }
        if state.phase == Phase::Running {
            state.phase = Phase::Closing;
            state.answer = None;
            shared.wake();
        }
        while state.phase == Phase::Closing && state.session == session {
            if Instant::now() >= deadline {
                return Err(self.abandon(shared, &mut state));
            }
            let pause = shared.pause(&state);
            drop(state);
            wait(&pause)?;
            state = shared.lock();
        }
        match state.answer.take() {
            Some(error) => {
                shared.take_notice(&mut state);
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// Leaves a thread that hangs to itself.
    #[cold]
    fn abandon(&self, shared: &Shared, state: &mut State) -> Error {
        let lost = state.pending;
        state.give_up();
        state.phase = Phase::Closed;
        state.session += 1;
        state.answered = state.asked;
        let text = format!(
            "the disk did not answer for {:?}; {} records ({} bytes) are given up",
            self.options.close_timeout, lost.records, lost.bytes
        );
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, text);
        let path = state.paths.last().cloned().unwrap_or_default();
        let error = Error::io(error, &path);
        state.last_error = Some(error.to_string());
        state.answer = Some(error.clone());
        shared.report(state);
        error
    }

    /// The trouble since the last call, once. Cheap when there is none.
    #[inline]
    pub fn take_notice(&self) -> Option<Error> {
        let shared = &self.engine()?.shared;
        if !shared.noticed.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        shared.take_notice(&mut shared.lock())
    }

    /// What became of the records so far.
    pub fn stats(&self) -> Stats {
        let Some(engine) = self.engine() else {
            return Stats::default();
        };
        let state = engine.shared.lock();
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
        // Whoever wants to know what closing lost calls `close`.
        let _ = self.close();
    }
}
