//! The bounded buffer between the callers and the writing thread.
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
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::policy::{Count, Options};
use crate::Error;
use crate::record::{HEADER, OVERHEAD};

/// Room in a chunk. Some five thousand scalars: enough that the thread wakes rarely.
pub(super) const CHUNK: usize = 256 << 10;
/// Chunks that are kept for the next records; more go back to the system.
const SPARE: usize = 8;
/// The longest sleep of a caller that waits, so that it can look for an interrupt.
const REST: Duration = Duration::from_millis(50);

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

/// What the writing thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    Closed,
    /// It takes chunks.
    Running,
    /// It takes what is there and ends.
    Closing,
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
    /// Counts threads: one that was given up finds another number here and leaves.
    pub session: u64,
    /// Flushes asked for, and answered so far, the last one with `answer`.
    pub asked: u64,
    pub answered: u64,
    pub answer: Option<Error>,
    /// The sink refused at the last try.
    pub failing: bool,
    /// For the next call: an error to raise or to warn of.
    pub notice: Option<Error>,
    pub last_error: Option<String>,
    /// Counts the thread's reports, so that nobody who waits misses one.
    reports: u64,
}

pub(super) struct Shared {
    pub options: Options,
    pub noticed: AtomicBool,
    state: Mutex<State>,
    work: Condvar,
    report: Condvar,
}

impl Shared {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            noticed: AtomicBool::new(false),
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
                session: 0,
                asked: 0,
                answered: 0,
                answer: None,
                failing: false,
                notice: None,
                last_error: None,
                reports: 0,
            }),
            work: Condvar::new(),
            report: Condvar::new(),
        }
    }

    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// The thread sleeps until it is woken, or for `limit`.
    pub fn sleep<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match limit {
            None => self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let slept = self.work.wait_timeout(state, limit);
                slept.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Wakes whoever waits for the thread.
    pub fn report(&self, state: &mut State) {
        state.reports += 1;
        self.report.notify_all();
    }

    pub fn notice(&self, state: &mut State, error: Error) {
        state.last_error = Some(error.to_string());
        state.notice = Some(error);
        self.noticed.store(true, Ordering::Relaxed);
    }

    pub fn take_notice(&self, state: &mut State) -> Option<Error> {
        self.noticed.store(false, Ordering::Relaxed);
        state.notice.take()
    }

    /// A pause until the thread's next report after `state` was looked at.
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

    /// Lets `fill` append one record of `bytes` bytes. True if the thread has something new to
    /// wait for or to take.
    #[inline]
    pub fn push(&mut self, bytes: usize, fill: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut wake = false;
        if self.open.bytes.capacity() - self.open.bytes.len() < bytes {
            wake = self.seal();
            self.open.bytes = self.chunk(bytes);
        }
        fill(&mut self.open.bytes);
        self.open.records += 1;
        self.pending.records += 1;
        self.pending.bytes += bytes as u64;
        if self.since.is_none() {
            self.since = Some(Instant::now());
            wake = true;
        }
        wake
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

    /// Counts everything that waits as lost.
    pub fn give_up(&mut self) {
        self.open = Chunk::default();
        self.sealed.clear();
        self.since = None;
        let lost = std::mem::take(&mut self.pending);
        self.dropped.add(lost);
    }
}

/// What a caller does instead of spinning while the thread is busy.
pub struct Pause<'a> {
    shared: &'a Shared,
    seen: u64,
}

impl Pause<'_> {
    /// Sleeps until there is news, or a twentieth of a second.
    pub fn rest(&self) {
        let state = self.shared.lock();
        let waited = self
            .shared
            .report
            .wait_timeout_while(state, REST, |state| state.reports == self.seen);
        drop(waited);
    }
}
