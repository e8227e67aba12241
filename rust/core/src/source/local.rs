//! Files on this machine's file systems, and the decision which of them to map.

mod base;

pub use base::Base;

use super::{Source, stable_hash};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file unchanged for this long counts as finished. A wrong guess costs a second read of one
/// window, never a wrong value.
const FINISHED_AFTER: Duration = Duration::from_secs(60);

/// Below this size setting up a map costs more than the copy it saves.
const WORTH_MAPPING: u64 = 1 << 20;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Device and inode (0 and 0 where the system has none).
    pub file: (u64, u64),
    /// Bytes.
    pub length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
    /// When the file was created, where that never changes: the inode of a deleted file may be
    /// given to a new one.
    created: Option<SystemTime>,
}

impl Identity {
    /// How long ago it was modified, by this machine's clock.
    pub fn age(&self) -> Option<Duration> {
        self.modified?.elapsed().ok()
    }

    /// The identity in a stat result.
    pub fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (file, changed) = {
            use std::os::unix::fs::MetadataExt;
            (
                (metadata.dev(), metadata.ino()),
                (metadata.ctime(), metadata.ctime_nsec()),
            )
        };
        #[cfg(not(unix))]
        let (file, changed) = ((0, 0), (0, 0));
        Self {
            file,
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed,
            // Elsewhere setting a file's times may change it.
            created: metadata
                .created()
                .ok()
                .filter(|_| cfg!(target_os = "linux")),
        }
    }

    /// Whether both are states of one file, as far as the system can tell.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file && self.created == other.created
    }

    /// Whether the last change was earlier than `moment` by more than `tick`, so that any change
    /// after that moment has another time.
    pub fn is_older_than(&self, tick: Duration, moment: SystemTime) -> bool {
        let changed = u64::try_from(self.changed.0).map(Duration::from_secs);
        let changed = changed
            .ok()
            .and_then(|at| SystemTime::UNIX_EPOCH.checked_add(at));
        let before = |at: Option<SystemTime>| {
            at.and_then(|at| moment.duration_since(at).ok())
                .is_some_and(|age| age > tick)
        };
        before(self.modified) && before(changed)
    }

    /// When the file was last written, in nanoseconds since 1970.
    pub fn modified_ns(&self) -> Option<i64> {
        let since = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok()
    }

    /// A hash of the state, of 49 bits: short as a varint.
    pub fn stamp(&self) -> u64 {
        let time = |time: Option<SystemTime>| {
            let since = time.and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
            since.map_or(0, |since| since.as_nanos() as u64)
        };
        let parts = [
            self.file.0,
            self.file.1,
            self.length,
            time(self.modified),
            self.changed.0 as u64,
            self.changed.1 as u64,
            time(self.created),
        ];
        let hash = stable_hash(parts.into_iter().flat_map(u64::to_le_bytes));
        (hash >> 15).max(1)
    }

    fn is_finished(&self) -> bool {
        self.age().is_some_and(|age| age > FINISHED_AFTER)
    }
}

/// An open file, read up to the length it had when it was opened.
#[derive(Debug)]
pub struct LocalFile {
    handle: File,
    identity: Identity,
    length: u64,
    may_map: bool,
}

impl LocalFile {
    /// Opens `path` for reading up to `length`, or up to its present end. With `maps`, windows may
    /// map it where that is safe and pays.
    pub fn open(path: &Path, length: Option<u64>, maps: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            // Opening a pipe would wait for somebody to write into it.
            use std::os::unix::fs::OpenOptionsExt;
            options.custom_flags(libc::O_NONBLOCK);
        }
        let handle = options.open(path)?;
        let metadata = handle.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            let what = "not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let identity = Identity::of(&metadata);
        let length = length.unwrap_or(identity.length);
        let may_map = maps
            && length >= WORTH_MAPPING
            && length <= identity.length
            && identity.is_finished()
            && super::map::is_safe_for(&handle);
        Ok(Self {
            handle,
            identity,
            length,
            may_map,
        })
    }

    /// The open file.
    pub(super) fn handle(&self) -> &File {
        &self.handle
    }

    /// Whether the file is still in the state it was opened in.
    pub(super) fn is_unchanged(&self) -> bool {
        self.handle
            .metadata()
            .is_ok_and(|now| Identity::of(&now) == self.identity)
    }
}

/// Whether `directory` lies on a file system of this machine.
pub fn is_local(directory: &Path) -> bool {
    File::open(directory).is_ok_and(|handle| super::map::is_safe_for(&handle))
}

impl Source for LocalFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        {
            std::os::unix::fs::FileExt::read_at(&self.handle, buffer, offset)
        }
        #[cfg(windows)]
        {
            std::os::windows::fs::FileExt::seek_read(&self.handle, buffer, offset)
        }
    }

    fn identity(&self) -> Option<Identity> {
        Some(self.identity)
    }

    fn mappable(&self) -> Option<&LocalFile> {
        self.may_map.then_some(self)
    }
}
