//! The bounded buffer between the callers and the I/O threads.
//!
//! ```text
//!  callers --encode--> [open chunk] --full--> [sealed][sealed] --take--> thread --write(2)--> file
//!                          ^                                              |
//!                          +--------------- spare chunks -----------------+
//! ```
//!
//! A chunk is a `Vec` that never grows after it was made: records are encoded at their final place
//! and a chunk that has no room left is handed on whole. So no call copies what earlier calls
//! wrote, the memory that a busy writer touches stays the same few pages, and a chunk always holds
//! whole records. The mutex is held to encode one record or to move a few pointers, never during
//! I/O. Records stay counted as pending until the thread has settled them, which is what bounds
//! the memory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use super::pause::Pause;
use super::policy::{self, Count, Fate, OnError, Options};
use super::thread::threads;
use crate::record::{HEADER, OVERHEAD};
use crate::{Error, Result};

/// Room in a chunk. Some five thousand scalars: enough that the thread wakes rarely.
pub(super) const CHUNK: usize = 256 << 10;
/// Chunks that are kept for the next records; more go back to the system.
const SPARE: usize = 8;

/// Whole records, of which those before `start` are settled.
#[derive(Default)]
pub(super) struct Chunk {
    pub bytes: Vec<u8>,
    pub start: usize,
    pub records: u64,
}

impl Chunk {
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub fn count(&self) -> Count {
        Count {
            records: self.records,
            bytes: self.rest().len() as u64,
        }
    }

    /// How many bytes of [`rest`](Self::rest) are whole records within `room`, and how many records.
    pub fn whole(&self, room: u64) -> Count {
        let rest = self.rest();
        if rest.len() as u64 <= room {
            return self.count();
        }
        let mut fits = Count::default();
        while let Some(next) = rest.get(fits.bytes as usize..).and_then(record_len) {
            if fits.bytes + next > room {
                break;
            }
            fits.bytes += next;
            fits.records += 1;
        }
        fits
    }

    /// The first record alone.
    pub fn first(&self) -> Count {
        record_len(self.rest()).map_or(Count::default(), |bytes| Count { records: 1, bytes })
    }

    pub fn settle(&mut self, done: Count) {
        self.start += done.bytes as usize;
        self.records -= done.records;
    }
}

/// Bytes of the record at the front of `bytes`, which this process framed.
fn record_len(bytes: &[u8]) -> Option<u64> {
    let (length, _) = bytes.get(..HEADER)?.split_first_chunk()?;
    Some(u64::from_le_bytes(*length) + OVERHEAD as u64)
}

/// Whether chunks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is no file, or one without records.
    Closed,
    /// The I/O threads take what comes.
    Running,
    /// They take what is there and close the file.
    Closing,
}

/// When the I/O threads have to look at a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// They know already.
    Not,
    Now,
    At(Instant),
}

/// Everything the callers and the thread share.
pub(super) struct State {
    pub open: Chunk,
    pub sealed: VecDeque<Chunk>,
    spare: Vec<Vec<u8>>,
    /// When the first record came into an empty buffer.
    pub since: Option<Instant>,
    pub pending: Count,
    /// Bytes of chunks that are being filled outside of the lock.
    pub reserved: usize,
    pub written: Count,
    pub dropped: Count,
    pub paths: Vec<PathBuf>,
    pub phase: Phase,
    /// Where the records go, unless an I/O thread has it in hand.
    pub output: Option<Box<Output>>,
    /// Counts openings: an output that was given up finds another number here and is dropped.
    pub session: u64,
    /// Counts outputs that were left to a thread that hangs.
    pub abandoned: u64,
    /// When the I/O threads look at this writer at the latest.
    pub timer: Option<Instant>,
    /// Flushes asked for, and answered so far, the last one with `answer`.
    pub asked: u64,
    pub answered: u64,
    pub answer: Option<Error>,
    /// The sink refused at the last try.
    pub failing: bool,
    /// For the next call: an error to raise or to warn of.
    pub notice: Option<Error>,
    pub last_error: Option<String>,
    /// Counts reports, so that nobody who waits misses one.
    pub(super) reports: u64,
}

pub(super) struct Shared {
    pub options: Options,
    pub noticed: AtomicBool,
    /// Waits for an I/O thread or is in the hands of one.
    enqueued: AtomicBool,
    state: Mutex<State>,
    pub(super) report: Condvar,
}

impl Shared {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            noticed: AtomicBool::new(false),
            enqueued: AtomicBool::new(false),
            state: Mutex::new(State {
                open: Chunk::default(),
                sealed: VecDeque::new(),
                spare: Vec::new(),
                since: None,
                pending: Count::default(),
                reserved: 0,
                written: Count::default(),
                dropped: Count::default(),
                paths: Vec::new(),
                phase: Phase::Closed,
                output: None,
                session: 0,
                abandoned: 0,
                timer: None,
                asked: 0,
                answered: 0,
                answer: None,
                failing: false,
                notice: None,
                last_error: None,
                reports: 0,
            }),
            report: Condvar::new(),
        }
    }

    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a record waits at most.
    pub fn flush_interval(&self) -> Duration {
        policy::flush_interval(self.options.flush_interval)
    }

    /// Marks this writer as waiting for an I/O thread. False if it was already.
    pub fn enqueue(&self) -> bool {
        !self.enqueued.swap(true, Ordering::AcqRel)
    }

    /// Ends the mark, with the state locked: what is asked for from now on enqueues it again.
    pub fn dequeue(&self, _state: &MutexGuard<'_, State>) {
        self.enqueued.store(false, Ordering::Release);
    }

    /// Counts what there was no room for.
    pub fn count_lost(&self, records: u64, bytes: u64) -> Fate {
        self.lock().dropped.add(Count { records, bytes });
        Fate::Dropped
    }

    /// Gives up what waits, and leaves the output to the thread that has it in hand.
    pub fn abandon(&self, state: &mut MutexGuard<'_, State>, error: Error) {
        state.give_up();
        state.end();
        state.abandoned += 1;
        self.dequeue(state);
        state.last_error = Some(error.to_string());
        state.answer = Some(error);
        self.report(state);
    }

    /// Has the I/O threads look at this writer. The state is not locked.
    #[inline]
    pub fn wake(self: &Arc<Self>, when: Wake) {
        match when {
            Wake::Not => {}
            Wake::Now if self.enqueue() => threads().submit(Arc::clone(self)),
            Wake::Now => {}
            Wake::At(at) => threads().schedule(self, at),
        }
    }

    /// Wakes the callers that wait for the I/O.
    pub fn report(&self, state: &mut State) {
        state.reports += 1;
        self.report.notify_all();
    }

    pub fn notice(&self, state: &mut State, error: Error) {
        state.last_error = Some(error.to_string());
        state.notice = Some(error);
        self.noticed.store(true, Ordering::Relaxed);
    }

    /// What `error` means for the callers: a notice once per trouble, or each time.
    pub fn trouble(&self, state: &mut State, error: &Error) {
        let first = !std::mem::replace(&mut state.failing, true);
        match self.options.on_error {
            OnError::Raise => self.notice(state, error.clone()),
            OnError::Warn if first => self.notice(state, error.clone()),
            OnError::Warn | OnError::Drop => state.last_error = Some(error.to_string()),
        }
    }

    pub fn take_notice(&self, state: &mut State) -> Option<Error> {
        self.noticed.store(false, Ordering::Relaxed);
        state.notice.take()
    }

    /// A pause until the next report after `state` was looked at.
    pub fn pause(&self, state: &State) -> Pause<'_> {
        Pause {
            shared: self,
            seen: state.reports,
        }
    }
}

impl State {
    /// Whether `bytes` more may wait. A record that is larger than the bound may wait alone.
    #[inline]
    pub fn has_room(&self, bytes: usize, bound: usize) -> bool {
        let waiting = self.pending.bytes as usize + self.reserved;
        waiting == 0 || waiting + bytes <= bound
    }

    /// Lets `fill` append one record of `bytes` bytes.
    ///
    /// # Errors
    /// Those of `fill`, which then has appended nothing.
    #[inline]
    pub fn push(
        &mut self,
        bytes: usize,
        interval: impl FnOnce() -> Duration,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<Wake> {
        let mut wake = Wake::Not;
        if self.open.bytes.capacity() - self.open.bytes.len() < bytes {
            if self.seal() {
                wake = Wake::Now;
            }
            self.open.bytes = self.chunk(bytes);
        }
        fill(&mut self.open.bytes)?;
        self.open.records += 1;
        self.pending.records += 1;
        self.pending.bytes += bytes as u64;
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            if wake == Wake::Not {
                wake = self.alarm(now + interval());
            }
        }
        Ok(wake)
    }

    /// A wake at `at`, unless there is one before.
    pub fn alarm(&mut self, at: Instant) -> Wake {
        if self.timer.is_some_and(|timer| timer <= at) {
            return Wake::Not;
        }
        self.timer = Some(at);
        Wake::At(at)
    }

    /// Queues a chunk that was filled elsewhere.
    pub fn push_chunk(&mut self, bytes: Vec<u8>, records: u64) {
        self.seal();
        let chunk = Chunk {
            bytes,
            start: 0,
            records,
        };
        self.pending.add(chunk.count());
        self.since.get_or_insert_with(Instant::now);
        self.sealed.push_back(chunk);
    }

    /// An empty chunk with room for `bytes`.
    pub fn chunk(&mut self, bytes: usize) -> Vec<u8> {
        if bytes <= CHUNK
            && let Some(spare) = self.spare.pop()
        {
            return spare;
        }
        Vec::with_capacity(bytes.max(CHUNK))
    }

    /// Takes an emptied chunk back; gives it on to be freed, outside of the lock, if there are
    /// enough.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        if bytes.capacity() == CHUNK && self.spare.len() < SPARE {
            bytes.clear();
            self.spare.push(bytes);
            return None;
        }
        Some(bytes)
    }

    /// Hands the open chunk on. True if it held anything.
    pub fn seal(&mut self) -> bool {
        if self.open.records == 0 {
            if let Some(unused) = Some(std::mem::take(&mut self.open.bytes))
                && unused.capacity() > 0
            {
                drop(self.recycle(unused));
            }
            return false;
        }
        self.sealed.push_back(std::mem::take(&mut self.open));
        true
    }

    /// Ends the session: nothing is written any more, and no memory is kept for it.
    pub fn end(&mut self) {
        self.phase = Phase::Closed;
        self.session += 1;
        self.timer = None;
        self.answered = self.asked;
        self.spare = Vec::new();
    }

    /// Counts everything that waits as lost.
    pub fn give_up(&mut self) {
        self.open = Chunk::default();
        self.sealed.clear();
        self.since = None;
        let lost = std::mem::take(&mut self.pending);
        self.dropped.add(lost);
    }
}
