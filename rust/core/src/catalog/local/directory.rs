//! One directory as listed.
//!
//! A directory whose times and inode are what they were holds what it held, and so does one whose
//! times lie well before it was listed. That is relied upon where it is true: on file systems of
//! this machine, not across a network, and if no link is in it, since what that leads to may change
//! without it.

use super::super::root::is_event_file;
use super::super::store::ListedFile;
use crate::error::describe;
use crate::source::{Base, Identity, is_local};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

/// What a directory holds.
#[derive(Debug)]
pub(super) struct Directory {
    /// Which directory it was, where what led to it said so.
    inode: Option<u64>,
    /// When it was listed.
    listed: SystemTime,
    /// Whether it has to change when anything in it does.
    is_sure: bool,
    /// The state in which it holds this, once that was asked.
    state: OnceLock<Identity>,
    /// Event files.
    pub(super) files: Arc<Vec<ListedFile>>,
    /// Directories in it.
    pub(super) below: Vec<Below>,
    /// What cannot be looked at, and why.
    pub(super) unlisted: Vec<(PathBuf, String)>,
}

/// A directory in another.
#[derive(Debug)]
pub(super) struct Below {
    pub(super) name: OsString,
    /// Whether it is a link to one.
    pub(super) link: bool,
    pub(super) inode: Option<u64>,
}

/// How far the times of directories can be relied upon, by device.
#[derive(Debug)]
pub(super) struct Devices {
    tick: Duration,
    /// Which of them hold file systems of this machine, as far as that was asked.
    local: Mutex<HashMap<u64, bool>>,
}

impl Devices {
    pub(super) fn new(tick: Duration) -> Self {
        let local = Mutex::default();
        Self { tick, local }
    }

    fn is_local(&self, directory: &Path, state: &Identity) -> bool {
        let mut known = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let device = known.entry(state.file.0);
        *device.or_insert_with(|| is_local(directory))
    }
}

/// What stands at a path.
pub(super) enum Entry {
    Directory { link: bool },
    EventFile,
    Other,
}

impl Directory {
    /// Lists what is in the directory `path`, which has this inode.
    pub(super) fn list(path: &Path, inode: Option<u64>) -> io::Result<Self> {
        let mut directory = Self {
            inode,
            listed: SystemTime::now(),
            is_sure: true,
            state: OnceLock::new(),
            files: Arc::default(),
            below: Vec::new(),
            unlisted: Vec::new(),
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            directory.take(&entry?, &mut files);
        }
        directory.files = Arc::new(files);
        directory.is_sure &= directory.unlisted.is_empty();
        Ok(directory)
    }

    /// Whether the directory `path` holds what it held when it was listed.
    pub(super) fn holds(&self, path: &Path, base: &Base, devices: &Devices) -> bool {
        let stat = || base.look(path).map(|(now, _)| now).ok();
        let Some(now) = self.is_sure.then(stat).flatten() else {
            return false;
        };
        if let Some(then) = self.state.get() {
            return *then == now;
        }
        let holds = self.inode == Some(now.file.1)
            && now.is_older_than(devices.tick, self.listed)
            && devices.is_local(path, &now);
        if holds {
            let _ = self.state.set(now);
        }
        holds
    }

    fn take(&mut self, listed: &fs::DirEntry, files: &mut Vec<ListedFile>) {
        let path = listed.path();
        let entry = listed.file_type().and_then(|kind| {
            if kind.is_symlink() {
                self.is_sure = false;
                Entry::of(fs::metadata(&path)?.file_type(), &path, true)
            } else {
                Entry::of(kind, &path, false)
            }
        });
        match entry {
            Ok(Entry::Directory { link }) => self.below.push(Below {
                name: listed.file_name(),
                link,
                inode: inode(listed),
            }),
            Ok(Entry::EventFile) => files.push((path, None)),
            Ok(Entry::Other) => {}
            Err(error) => {
                if fs::symlink_metadata(&path).is_ok() {
                    self.unlisted.push((path, describe(&error))); // or else it is gone
                }
            }
        }
    }
}

/// The inode that `listed` names. A file system that is mounted there has another.
fn inode(listed: &fs::DirEntry) -> Option<u64> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirEntryExt;
        Some(listed.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = listed;
        None
    }
}

impl Entry {
    /// What stands at `path`; `link` if by a link.
    pub(super) fn of(kind: fs::FileType, path: &Path, link: bool) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if kind.is_dir() {
            Ok(Self::Directory { link })
        } else if !is_event_file(&name) {
            Ok(Self::Other)
        } else if kind.is_file() {
            Ok(Self::EventFile)
        } else {
            let what = "not a regular file";
            Err(io::Error::new(io::ErrorKind::InvalidInput, what))
        }
    }
}
