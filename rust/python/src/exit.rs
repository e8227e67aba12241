//! The end of the interpreter, seen from other threads.
//!
//! When the interpreter is finalised, Python up to 3.13 ends every other thread at the moment it
//! asks for the interpreter lock. pyo3 lets such a thread hang where it asks itself. But where
//! Python code runs below our frames the thread is unwound through them, which aborts the process.
//! So [`call`] counts the threads in such calls; before the interpreter is finalised [`begin`]
//! waits until they have left, and no further ones enter.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tfevents::writer::generation;

/// The process that exits: its generation, counted from 1.
static EXITING: AtomicU64 = AtomicU64::new(0);
/// The thread that finalises the interpreter.
static BY: Mutex<Option<ThreadId>> = Mutex::new(None);
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// How long the exit waits for threads that are in a call.
const LONGEST: Duration = Duration::from_secs(2);

/// Whether the interpreter exits, and not by this thread: what this thread adds is too late.
#[inline]
pub fn is_too_late() -> bool {
    EXITING.load(Ordering::SeqCst) == generation() + 1 && !is_exiting_thread()
}

#[cold]
fn is_exiting_thread() -> bool {
    *BY.lock().unwrap_or_else(PoisonError::into_inner) == Some(thread::current().id())
}

struct Call;

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `work`, which runs Python code. `None` if it is too late for that.
#[inline]
pub fn call<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<Option<T>> {
    CALLS.fetch_add(1, Ordering::SeqCst);
    let call = Call;
    if is_too_late() {
        return Ok(None);
    }
    let done = work();
    drop(call);
    done.map(Some)
}

/// Marks the beginning of the exit, and waits for the threads that are in a call.
pub fn begin(py: Python<'_>) {
    *BY.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
    EXITING.store(generation() + 1, Ordering::SeqCst);
    let start = Instant::now();
    while CALLS.load(Ordering::SeqCst) > 0 && start.elapsed() < LONGEST {
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}

/// A forked child has none of the parent's threads.
pub fn forget_calls() {
    CALLS.store(0, Ordering::SeqCst);
}
