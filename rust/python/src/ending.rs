//! `flush` and `close`, of one writer and of many; the exit of the interpreter; multiprocessing.
//!
//! Every live writer is in one list. `close_all` closes what is in it: when the interpreter exits,
//! and, since `multiprocessing` ends its children without the exit handlers, as a finaliser of such
//! a child. The list is locked only with the interpreter lock held and for no longer than to copy
//! it, so that a fork never finds it locked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tfevents::Error;
use tfevents::writer::{
    self, OnError, Writer, flush_soon, generation, set_flush_interval, watch_forks,
};

use crate::lifetime::{Waiting, exception, warn};
use crate::writer::PyWriter;
use crate::{exit, number};

static LIVE: Mutex<Vec<Weak<Writer>>> = Mutex::new(Vec::new());
/// The generation of this process that is prepared for its end.
static PREPARED: AtomicU64 = AtomicU64::new(u64::MAX);
/// Whether `multiprocessing` tells of the start of a child. What a fork copies includes both this and
/// what was registered there.
static FOLLOWED: AtomicBool = AtomicBool::new(false);
/// How long values wait in a child of `multiprocessing`, which may be ended at any moment:
/// `Pool` terminates its workers as soon as it has their results.
const IN_CHILD: Duration = Duration::from_millis(20);

/// Has `writer` closed at the end of this process.
pub fn watch(writer: &Arc<Writer>) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    live.retain(|weak| weak.strong_count() > 0);
    live.push(Arc::downgrade(writer));
}

/// Flushes `writers`, and tells of what failed as the policy of each says.
pub fn flush(py: Python<'_>, writers: &[&Writer], timeout: Option<Duration>) -> PyResult<()> {
    finish(py, writers, |waiting| {
        writer::flush_all(writers, timeout, &mut |pause| waiting.rest(pause))
    })
}

/// Closes `writers`, as [`flush`] flushes them.
pub fn close(py: Python<'_>, writers: &[&Writer], timeout: Option<Duration>) -> PyResult<()> {
    finish(py, writers, |waiting| {
        writer::close_all(writers, timeout, &mut |pause| waiting.rest(pause))
    })
}

fn finish(
    py: Python<'_>,
    writers: &[&Writer],
    work: impl FnOnce(&mut Waiting) -> tfevents::Result<Vec<tfevents::Result<()>>> + Send,
) -> PyResult<()> {
    let mut waiting = Waiting::default();
    let done = py.detach(|| work(&mut waiting));
    if let Some(signal) = waiting.signal() {
        return Err(signal);
    }
    let results = done.map_err(|error| exception(&error))?;
    let mut troubles = Vec::new();
    let mut raised = None;
    for (writer, result) in writers.iter().zip(results) {
        match (writer.options().on_error, result) {
            (OnError::Warn, Ok(())) => troubles.extend(writer.take_notice()),
            (OnError::Warn, Err(error)) => troubles.push(error),
            (OnError::Raise, Err(error)) => raised = raised.or(Some(error)),
            (OnError::Raise | OnError::Drop, _) => {}
        }
    }
    warn_once(py, &troubles)?;
    raised.map_or(Ok(()), |error| Err(exception(&error)))
}

/// One warning for all of `troubles`.
fn warn_once(py: Python<'_>, troubles: &[Error]) -> PyResult<()> {
    match troubles {
        [] => Ok(()),
        [error] => warn(py, &error.to_string()),
        [error, rest @ ..] => warn(
            py,
            &format!("{error} (and {} more files have trouble)", rest.len()),
        ),
    }
}

/// Flushes `writers` with one deadline, in seconds.
#[pyfunction]
#[pyo3(signature = (writers, timeout = None))]
pub fn flush_writers(
    py: Python<'_>,
    writers: Vec<Py<PyWriter>>,
    timeout: Option<f64>,
) -> PyResult<()> {
    let writers: Vec<_> = writers.iter().map(|writer| writer.get().writer()).collect();
    flush(py, &writers, seconds(timeout))
}

/// Closes `writers` with one deadline, in seconds; the longest `close_timeout`, if None.
#[pyfunction]
#[pyo3(signature = (writers, timeout = None))]
pub fn close_writers(
    py: Python<'_>,
    writers: Vec<Py<PyWriter>>,
    timeout: Option<f64>,
) -> PyResult<()> {
    let writers: Vec<_> = writers.iter().map(|writer| writer.get().writer()).collect();
    close(py, &writers, seconds(timeout))
}

/// A duration; one that is too long is none.
pub fn seconds(timeout: Option<f64>) -> Option<Duration> {
    timeout.and_then(|timeout| Duration::try_from_secs_f64(timeout.max(0.0)).ok())
}

/// Closes the writers that are still there. What is added later is written at once.
#[pyfunction]
pub fn close_all(py: Python<'_>) -> PyResult<()> {
    let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let writers: Vec<_> = live.iter().filter_map(Weak::upgrade).collect();
    drop(live);
    flush_soon();
    let writers: Vec<_> = writers.iter().map(Arc::as_ref).collect();
    close(py, &writers, None)
}

/// As `close_all`, at the exit of the interpreter.
#[pyfunction]
pub fn close_at_exit(py: Python<'_>) -> PyResult<()> {
    exit::begin(py);
    close_all(py)
}

/// Forgets, in a forked child, what only concerns the parent.
#[pyfunction]
pub fn after_fork() {
    exit::forget_calls();
}

/// Prepares a child of `multiprocessing` again that was prepared when its arguments were unpickled:
/// a child forgets all finalisers when it has them.
#[pyfunction]
pub fn child_begins(py: Python<'_>, _module: &Bound<'_, PyAny>) -> PyResult<()> {
    if generation() == PREPARED.load(Ordering::Relaxed) {
        prepare_process(py)?;
    }
    Ok(())
}

/// Prepares this module for forks and for the exit.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    watch_forks();
    // pyo3 makes some objects once, and another thread waits for the one that does so. A fork
    // meanwhile would leave the child waiting for ever, so they are made before there are writers.
    number::prepare(py)?;
    PathBuf::new().into_pyobject(py)?;
    let at_exit = module.getattr("close_at_exit")?;
    py.import("atexit")?.call_method1("register", (at_exit,))?;
    if let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? {
        let handlers = PyDict::new(py);
        handlers.set_item("after_in_child", module.getattr("after_fork")?)?;
        register.call((), Some(&handlers))?;
    }
    Ok(())
}

/// Prepares this process for its end, at the first call of each process.
#[inline]
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    if generation() == PREPARED.load(Ordering::Relaxed) {
        return Ok(());
    }
    prepare_process(py)
}

/// A child of `multiprocessing` has loaded what ends it before it runs anything of the user's.
#[cold]
fn prepare_process(py: Python<'_>) -> PyResult<()> {
    PREPARED.store(generation(), Ordering::Relaxed);
    let modules = py.import("sys")?.getattr("modules")?;
    let util = modules.call_method1("get", ("multiprocessing.util",))?;
    if util.is_none() {
        return Ok(());
    }
    let native = py.import("tfevents._native")?;
    let close_all = native.getattr("close_all")?;
    let priority = PyDict::new(py);
    // Behind those of the user, who may log in them.
    priority.set_item("exitpriority", -100)?;
    util.call_method("Finalize", (py.None(), close_all), Some(&priority))?;
    if !FOLLOWED.swap(true, Ordering::Relaxed) {
        let child_begins = native.getattr("child_begins")?;
        util.call_method1("register_after_fork", (&native, child_begins))?;
    }
    let process = modules.call_method1("get", ("multiprocessing.process",))?;
    if !process.is_none() && !process.call_method0("parent_process")?.is_none() {
        set_flush_interval(IN_CHILD);
    }
    Ok(())
}
