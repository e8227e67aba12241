//! Waits without being told of changes, on systems for which [`watch`](super::watch) has no way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

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

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Watcher(Waker);

/// Ends a wait from another thread.
#[derive(Debug, Clone, Default)]
pub struct Waker(Arc<(Mutex<bool>, Condvar)>);

impl Waker {
    /// Ends the present wait, or else the next.
    pub fn wake(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

impl Watcher {
    /// Watches nothing.
    pub fn watch(&self, _directory: &Path) {}

    /// Whether every directory it was told of is watched.
    pub fn is_complete(&self) -> bool {
        false
    }

    /// Ends waits from other threads.
    pub fn waker(&self) -> Waker {
        self.0.clone()
    }

    /// Waits for `timeout`, unless it is woken.
    pub fn wait(&self, timeout: Duration) -> Woken {
        let (lock, woken) = &*self.0.0;
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = woken.wait_timeout_while(guard, timeout, |woken| !*woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
        Woken::Nothing
    }
}
