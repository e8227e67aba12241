//! What the caller chose, and what became of the records.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::system::generation;

/// What happens when the disk refuses.
///
/// Under every policy the records that could not be written are counted, the file ends with a
/// whole record, and the next records are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Keep the records, try again with growing pauses, and leave a notice for the caller once per
    /// trouble. While the trouble lasts a full buffer drops what comes.
    #[default]
    Warn,
    /// As `Warn`, but the next call fails with the error instead of adding anything.
    Raise,
    /// Drop the records and go on in silence.
    Drop,
}

/// What happens to a record that comes when the buffer is full and the disk merely slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFull {
    /// The call waits for room.
    #[default]
    Block,
    /// The record is dropped and counted.
    Drop,
}

/// What `flush` promises when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The records are handed to the writing thread; nothing was waited for.
    Buffered,
    /// The records are in the file: other processes see them, and they outlive this one.
    #[default]
    Flush,
    /// The records are on the disk: they outlive the machine.
    Fsync,
}

/// Where the records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Files with names of their own in this directory, which is made if it is not there.
    Directory {
        /// The run.
        path: PathBuf,
        /// What the names end with.
        suffix: String,
    },
    /// This file. What it held is replaced.
    File(PathBuf),
}

/// How a [`Writer`](super::Writer) works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the records go.
    pub target: Target,
    /// The host in file names; `None` asks the system.
    pub host: Option<String>,
    /// Whether each file starts with a version event: yes for event files, no for other records.
    pub version: bool,
    /// The most bytes that wait in memory. A record larger than this is taken when nothing waits.
    pub max_buffer_bytes: usize,
    /// How long a record waits at most before it is written; `None` is the default of the process,
    /// [`set_flush_interval`].
    pub flush_interval: Option<Duration>,
    /// Go on in the next file before this one grows beyond so many bytes.
    pub rotate_bytes: Option<u64>,
    /// Go on in the next file when this one is older.
    pub rotate_after: Option<Duration>,
    /// What `flush` promises.
    pub durability: Durability,
    /// What happens when the disk refuses.
    pub on_error: OnError,
    /// What happens when the buffer is full.
    pub on_full: OnFull,
    /// How long `close`, and the opening of a writer, wait for a disk that hangs.
    pub close_timeout: Duration,
}

impl Options {
    /// The defaults for `target`.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            host: None,
            version: true,
            max_buffer_bytes: 64 << 20,
            flush_interval: None,
            rotate_bytes: None,
            rotate_after: None,
            durability: Durability::default(),
            on_error: OnError::default(),
            on_full: OnFull::default(),
            close_timeout: Duration::from_secs(30),
        }
    }

    /// The defaults for event files in the directory `path`.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::new(Target::Directory {
            path: path.into(),
            suffix: String::new(),
        })
    }
}

/// Milliseconds.
static FLUSH_INTERVAL: AtomicU64 = AtomicU64::new(2000);
/// The process that is about to end: its generation, counted from 1.
static ENDING: AtomicU64 = AtomicU64::new(0);

/// Sets how long a record waits in writers that do not say it themselves; 2 seconds at first. A
/// forked child inherits it.
pub fn set_flush_interval(interval: Duration) {
    let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    FLUSH_INTERVAL.store(millis.max(1), Ordering::Relaxed);
}

/// Has all writers of this process write what is added from here on as soon as they can: the
/// process is about to end, and perhaps without closing them again.
pub fn flush_soon() {
    ENDING.store(generation() + 1, Ordering::Relaxed);
}

pub(super) fn flush_interval(of_writer: Option<Duration>) -> Duration {
    if ENDING.load(Ordering::Relaxed) == generation() + 1 {
        return Duration::from_millis(1);
    }
    let default = || Duration::from_millis(FLUSH_INTERVAL.load(Ordering::Relaxed));
    of_writer.unwrap_or_else(default)
}

/// Whether a record was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in the buffer.
    Kept,
    /// There was no room; it is counted.
    Dropped,
}

/// What became of the records. Bytes include framing; version events are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// How many records.
    pub records: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Count {
    pub(super) fn add(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }

    pub(super) fn take(&mut self, other: Self) {
        self.records = self.records.saturating_sub(other.records);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}

/// The counters of a writer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// In a file.
    pub written: Count,
    /// Lost: no room, a disk that refused, or a file that was deleted while it was written.
    pub dropped: Count,
    /// In memory.
    pub pending: Count,
    /// The files so far, oldest first.
    pub paths: Vec<PathBuf>,
    /// The last trouble, in words.
    pub last_error: Option<String>,
}
