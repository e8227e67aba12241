//! One directory as listed.
//!
//! A directory whose modification time is what it was holds what it held. That is relied upon where
//! it is true: on file systems of this machine, not across a network; once the time was well in
//! the past when the directory was listed, so that no later change can have the same; and if no
//! link is in it, since what that leads to may change without it.

use super::super::root::is_event_file;
use crate::error::describe;
use crate::source::{Identity, is_local};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What a directory holds.
#[derive(Debug)]
pub(super) struct Directory {
    /// The state in which it was listed, if it has to change with what is in it.
    pub(super) state: Option<Identity>,
    /// Event files.
    pub(super) files: Vec<PathBuf>,
    /// Directories in it, and whether each is a link to one.
    pub(super) below: Vec<(OsString, bool)>,
    /// What cannot be looked at, and why.
    pub(super) unlisted: Vec<(PathBuf, String)>,
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
    /// Lists what is in the directory `path`.
    pub(super) fn list(path: &Path, devices: &Devices) -> io::Result<Self> {
        let started = SystemTime::now();
        let state = fs::metadata(path).ok().map(|now| Identity::of(&now));
        let mut listed = Self {
            state: state.filter(|state| state.is_older_than(devices.tick, started)),
            files: Vec::new(),
            below: Vec::new(),
            unlisted: Vec::new(),
        };
        let mut has_links = false;
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry.file_type();
            has_links |= kind.as_ref().is_ok_and(fs::FileType::is_symlink);
            listed.take(entry.path(), entry.file_name(), kind);
        }
        let is_sure = !has_links && listed.unlisted.is_empty();
        listed.state = listed
            .state
            .filter(|state| is_sure && devices.is_local(path, state));
        Ok(listed)
    }

    fn take(&mut self, path: PathBuf, name: OsString, kind: io::Result<fs::FileType>) {
        let entry = kind.and_then(|kind| {
            if kind.is_symlink() {
                Entry::of(fs::metadata(&path)?.file_type(), &path, true)
            } else {
                Entry::of(kind, &path, false)
            }
        });
        match entry {
            Ok(Entry::Directory { link }) => self.below.push((name, link)),
            Ok(Entry::EventFile) => self.files.push(path),
            Ok(Entry::Other) => {}
            Err(error) => {
                if fs::symlink_metadata(&path).is_ok() {
                    self.unlisted.push((path, describe(&error))); // or else it is gone
                }
            }
        }
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
