//! Wakes threads that wait for files to change.
//!
//! What the system tells is only a reason to look: the files' lengths and times are the truth. So
//! nothing is lost where events are (a full queue, too many directories, NFS, maps), it only takes
//! until the next look at everything. Uses inotify.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::{HashMap, HashSet};
use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Changes that come so soon after the first are looked at together with it.
const GATHER: Duration = Duration::from_millis(20);

/// What woke a waiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Woken {
    /// Nothing, until the time was over or [`Waker::wake`] was called.
    Nothing,
    /// These files were written to, and nothing else happened.
    Files(HashSet<PathBuf>),
    /// Files or directories came or went.
    Anything,
}

/// Directories that are watched.
#[derive(Debug)]
pub struct Watcher {
    inotify: Option<OwnedFd>,
    waker: Waker,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    by_number: HashMap<i32, PathBuf>,
    directories: HashSet<PathBuf>,
    /// A directory could not be watched.
    incomplete: bool,
}

/// Ends a wait from another thread.
#[derive(Debug, Clone)]
pub struct Waker(Option<Arc<OwnedFd>>);

impl Waker {
    /// Ends the present wait, or else the next.
    pub fn wake(&self) {
        if let Some(fd) = &self.0 {
            let _ = rustix::io::write(fd, &1u64.to_ne_bytes()); // full means that it is awake
        }
    }
}

impl Default for Watcher {
    fn default() -> Self {
        let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
        Self {
            inotify: inotify::init(flags).ok(),
            waker: Waker(event.ok().map(Arc::new)),
            watched: Mutex::default(),
        }
    }
}

impl Watcher {
    /// Watches `directory`, too, if the system can and it is not watched yet.
    pub fn watch(&self, directory: &Path) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.directories.contains(directory) {
            return;
        }
        let Some(fd) = &self.inotify else { return };
        let flags = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(fd, directory, flags) {
            Ok(number) => {
                watched.by_number.insert(number, directory.to_owned());
                watched.directories.insert(directory.to_owned());
            }
            Err(_) => watched.incomplete = true,
        }
    }

    /// Whether every directory it was told of is watched.
    pub fn is_complete(&self) -> bool {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        self.inotify.is_some() && !watched.incomplete
    }

    /// Ends waits from other threads.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits until something changes, but no longer than `timeout`. A signal ends the wait, too.
    pub fn wait(&self, timeout: Duration) -> Woken {
        let ends = Instant::now() + timeout;
        if !self.poll(timeout) {
            return Woken::Nothing;
        }
        let found = self.read(Woken::Nothing);
        if found == Woken::Nothing {
            return found; // woken by hand
        }
        self.gather(GATHER.min(ends.saturating_duration_since(Instant::now())));
        self.read(found)
    }

    /// Waits for an event, or to be woken; false if neither came.
    fn poll(&self, timeout: Duration) -> bool {
        let fds = [self.inotify.as_ref(), self.waker.0.as_deref()];
        let mut fds: Vec<_> = fds
            .into_iter()
            .flatten()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let Ok(limit) = Timespec::try_from(timeout) else {
            return false;
        };
        let woken = poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready > 0);
        if let Some(fd) = &self.waker.0 {
            let mut count = [0; 8];
            let _ = rustix::io::read(fd, &mut count); // not to be woken again
        }
        woken
    }

    /// Waits for so long, unless it is woken by hand.
    fn gather(&self, time: Duration) {
        let fd = self.waker.0.as_deref();
        let mut fds: Vec<_> = fd
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .into_iter()
            .collect();
        if let Ok(limit) = Timespec::try_from(time) {
            let _ = poll(&mut fds, Some(&limit)); // whatever ends it, what has come is read
        }
    }

    /// Takes in the events that have come.
    fn read(&self, found: Woken) -> Woken {
        let Some(fd) = &self.inotify else {
            return found;
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut files, mut anything) = match found {
            Woken::Files(files) => (files, false),
            Woken::Anything => (HashSet::new(), true),
            Woken::Nothing => (HashSet::new(), false),
        };
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = inotify::Reader::new(fd, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(error) if io::Error::from(error).kind() == io::ErrorKind::Interrupted => {
                    continue;
                }
                Err(_) => break, // no more
            };
            let gone = ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF;
            let directory = watched.by_number.get(&event.wd());
            match (directory, event.file_name()) {
                (Some(directory), Some(name)) if event.events() == ReadFlags::MODIFY => {
                    files.insert(directory.join(text(name)));
                }
                _ => anything = true,
            }
            if event.events().intersects(gone)
                && let Some(directory) = watched.by_number.remove(&event.wd())
            {
                watched.directories.remove(&directory);
            }
        }
        match anything {
            true => Woken::Anything,
            false if files.is_empty() => Woken::Nothing,
            false => Woken::Files(files),
        }
    }
}

fn text(name: &std::ffi::CStr) -> &std::ffi::OsStr {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(name.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_write_and_a_new_file_wake() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"1").unwrap();
        let watcher = Watcher::default();
        watcher.watch(folder.path());
        assert!(watcher.is_complete());
        assert_eq!(watcher.wait(Duration::ZERO), Woken::Nothing);
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| io::Write::write_all(&mut file, b"2"))
            .unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(watcher.wait(minute), Woken::Files([path].into()));
        fs::write(folder.path().join("b"), b"").unwrap();
        assert_eq!(watcher.wait(minute), Woken::Anything);
    }

    #[test]
    fn another_thread_ends_a_wait() {
        let watcher = Watcher::default();
        let waker = watcher.waker();
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake());
            assert_eq!(watcher.wait(Duration::from_secs(60)), Woken::Nothing);
        });
        assert_eq!(watcher.wait(Duration::ZERO), Woken::Nothing);
    }

    #[test]
    fn what_cannot_be_watched_is_known() {
        let watcher = Watcher::default();
        watcher.watch(Path::new("/nowhere/at/all"));
        assert!(!watcher.is_complete());
    }
}
