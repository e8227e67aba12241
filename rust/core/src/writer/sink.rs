//! Where bytes end up: one trait, and the sink that is a file.
//!
//! A sink is a row of objects (files, or later the segments of a bucket) of which one is open. It
//! knows bytes, not records: the engine hands it whole records and, when a write breaks off in the
//! middle of one, has it take the torn end back. Only the writing thread calls a sink, so it may
//! take as long as it likes. Dropping a sink must not do I/O: a forked child drops the parent's.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::policy::{Durability, Options, Target};
use super::system;
use crate::{Error, Result};

/// A write that broke off.
#[derive(Debug)]
pub struct Torn {
    /// How many bytes had been taken.
    pub written: usize,
    /// Why.
    pub error: io::Error,
}

/// A row of objects that take bytes.
pub trait Sink: Send {
    /// Begins the next object and says its name. The one before is closed.
    ///
    /// # Errors
    /// With the path that could not be made; the sink then has no open object.
    fn open(&mut self) -> Result<PathBuf>;

    /// Whether the open object can no longer be found under its name.
    fn is_deleted(&mut self) -> bool {
        false
    }

    /// Appends `bytes` to the open object.
    ///
    /// # Errors
    /// [`Torn`], after which [`take_back`](Self::take_back) or [`close`](Self::close) follows.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Torn>;

    /// Removes the last `bytes` bytes of the open object.
    ///
    /// # Errors
    /// If the object must stay as it is; the engine then leaves it and opens the next.
    fn take_back(&mut self, bytes: u64) -> io::Result<()>;

    /// Makes what was written visible to others; with `durable`, on stable storage.
    ///
    /// # Errors
    /// If that cannot be promised.
    fn flush(&mut self, durable: bool) -> io::Result<()>;

    /// Ends the open object. `keep` is false for one that holds nothing and may vanish.
    fn close(&mut self, keep: bool);
}

/// The seconds and the number in the last file name of this process.
static LAST: AtomicU64 = AtomicU64::new(0);
/// Bits of [`LAST`] that hold the number.
const NUMBER_BITS: u32 = 28;

/// Seconds since 1970 and a number for the next file name. Names sort in the order in which they
/// were made, as strings and by their numbers: where a number gets a further digit, the seconds go
/// on by one; where the clock went back, they stay.
fn next_stamp() -> (u64, u64) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let following = |last: u64| {
        if last == 0 {
            return now << NUMBER_BITS;
        }
        let (seconds, number) = (last >> NUMBER_BITS, (last & ((1 << NUMBER_BITS) - 1)) + 1);
        let longer = number.ilog10() > (number - 1).max(1).ilog10();
        now.max(seconds + u64::from(longer)) << NUMBER_BITS | number
    };
    let mut last = LAST.load(Ordering::Relaxed);
    loop {
        let next = following(last);
        match LAST.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return (next >> NUMBER_BITS, next & ((1 << NUMBER_BITS) - 1)),
            Err(now) => last = now,
        }
    }
}

/// How many names are tried before a collision is an error.
const ATTEMPTS: usize = 1000;

/// Descriptors that the sinks of this process hold.
static HELD: AtomicUsize = AtomicUsize::new(0);
/// From so many on, a sink opens its file for each write and closes it behind that: a process may
/// have thousands of writers, and few descriptors.
const MOST_HELD: usize = 64;

/// A file that counts as held.
struct Held(File);

impl Held {
    fn new(file: File) -> Self {
        HELD.fetch_add(1, Ordering::Relaxed);
        Self(file)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Device and number of a file.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// A file that is written, perhaps closed between two writes.
struct Written {
    path: PathBuf,
    file: Option<Held>,
    /// How the file is known again; `None` if it has to stay open.
    identity: Option<(u64, u64)>,
}

impl Written {
    /// The file, to be written from `length` on.
    fn at(&mut self, length: u64) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.again(length)?,
        };
        Ok(&mut self.file.insert(file).0)
    }

    fn again(&self, length: u64) -> io::Result<Held> {
        let mut file = Held::new(OpenOptions::new().write(true).open(&self.path)?);
        if identity(&file.0.metadata()?) != self.identity {
            let text = "was replaced while it was written";
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        file.0.seek(SeekFrom::Start(length))?;
        Ok(file)
    }

    /// Closes the file for now, if there are many.
    fn rest(&mut self) {
        if self.identity.is_some() && HELD.load(Ordering::Relaxed) > MOST_HELD {
            self.file = None;
        }
    }

    #[cfg(unix)]
    fn is_deleted(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match &self.file {
            Some(file) => file.0.metadata().is_ok_and(|found| found.nlink() == 0),
            None => match std::fs::metadata(&self.path) {
                Ok(found) => identity(&found) != self.identity,
                Err(error) => error.kind() == io::ErrorKind::NotFound,
            },
        }
    }

    #[cfg(not(unix))]
    fn is_deleted(&self) -> bool {
        false
    }
}

/// Files in a directory, or one file.
pub struct FileSink {
    target: Target,
    host: String,
    pid: u32,
    open: Option<Written>,
    durable: bool,
    /// Whole bytes in the open file, and in a file that is opened again.
    length: u64,
    /// The directory's entry of the open file is on the disk.
    listed: bool,
}

impl FileSink {
    /// The sink of `options`.
    pub fn new(options: &Options) -> Self {
        Self {
            target: options.target.clone(),
            host: options.host.clone().unwrap_or_else(system::host),
            pid: std::process::id(),
            open: None,
            durable: options.durability == Durability::Fsync,
            length: 0,
            listed: false,
        }
    }

    /// `events.out.tfevents.<seconds>.<host>.<pid>.<number><suffix>`, after the last one in string
    /// order, which is the order in which readers take the files of a run.
    fn next_name(&self, suffix: &str) -> String {
        let (seconds, number) = next_stamp();
        let (host, pid) = (&self.host, self.pid);
        format!("events.out.tfevents.{seconds:010}.{host}.{pid}.{number}{suffix}")
    }

    fn open_in(&mut self, directory: &Path, suffix: &str) -> Result<(File, PathBuf)> {
        std::fs::create_dir_all(directory).map_err(|error| Error::io(error, directory))?;
        for _ in 0..ATTEMPTS {
            let path = directory.join(self.next_name(suffix));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(error, &path)),
            }
        }
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "every file name is taken");
        Err(Error::io(error, directory))
    }

    /// A file that this sink opens again goes on behind its last whole record.
    fn open_file(&mut self, path: &Path) -> io::Result<File> {
        if self.pid != std::process::id() {
            return Err(io::Error::other(
                "was opened by another process, which forked this one; open a file of its own",
            ));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(self.length == 0)
            .open(path)?;
        if self.length > 0 {
            self.length = self.length.min(file.metadata()?.len());
            file.set_len(self.length)?;
            file.seek(SeekFrom::Start(self.length))?;
        }
        Ok(file)
    }
}

impl Sink for FileSink {
    fn open(&mut self) -> Result<PathBuf> {
        self.open = None;
        let (file, path) = match self.target.clone() {
            Target::Directory { path, suffix } => {
                self.length = 0;
                self.open_in(&path, &suffix)?
            }
            Target::File(path) => match self.open_file(&path) {
                Ok(file) => (file, path),
                Err(error) => return Err(Error::io(error, &path)),
            },
        };
        // What an `fsync` says about a file holds for what was written through one descriptor, and
        // a file that was given may be none that can be opened twice.
        let in_directory = matches!(self.target, Target::Directory { .. });
        let may_rest = in_directory && !self.durable;
        let found = may_rest.then(|| file.metadata().ok()).flatten();
        self.open = Some(Written {
            path: path.clone(),
            file: Some(Held::new(file)),
            identity: found.as_ref().and_then(identity),
        });
        self.listed = false;
        Ok(path)
    }

    fn is_deleted(&mut self) -> bool {
        self.open.as_ref().is_some_and(Written::is_deleted)
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Torn> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            let Some(open) = &mut self.open else {
                let error = io::Error::other("no file is open");
                return Err(Torn { written, error });
            };
            match open.at(self.length).and_then(|file| file.write(rest)) {
                Ok(0) => {
                    let error = io::ErrorKind::WriteZero.into();
                    return Err(Torn { written, error });
                }
                Ok(n) => {
                    written += n;
                    self.length += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Torn { written, error }),
            }
        }
        if let Some(open) = &mut self.open {
            open.rest();
        }
        Ok(())
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        self.length = self.length.saturating_sub(bytes);
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let file = open.at(self.length)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        Ok(())
    }

    fn flush(&mut self, durable: bool) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|_| durable) else {
            return Ok(());
        };
        open.at(self.length)?.sync_data()?;
        if !self.listed {
            sync_directory(&open.path)?;
            self.listed = true;
        }
        Ok(())
    }

    fn close(&mut self, keep: bool) {
        let ours = matches!(self.target, Target::Directory { .. });
        if let Some(Written { path, .. }) = self.open.take()
            && ours
            && !keep
        {
            // It holds no record, so a file that stays is untidy and not wrong.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A file that outlives the machine needs its name to, as well.
fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        let here = directory.as_os_str().is_empty();
        let directory = if here { Path::new(".") } else { directory };
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path; // directories cannot be opened as files there
    Ok(())
}
