//! `Follower`: new rows of a log as they come.

use crate::error::to_py;
use crate::interrupt::detached;
use crate::scan::PyBatch;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tfevents::logdir::{Follower, Notice, Step, Watcher};

/// How long a wait lasts at most before signals are looked for, should none have ended it.
const SLICE: Duration = Duration::from_millis(250);

/// New rows of a log.
#[pyclass(name = "Follower", module = "tfevents._native", frozen)]
pub(crate) struct PyFollower {
    follower: Mutex<Follower>,
    watcher: Arc<Watcher>,
    closed: AtomicBool,
}

impl PyFollower {
    pub(crate) fn new(follower: Follower) -> Self {
        Self {
            watcher: follower.watcher(),
            follower: Mutex::new(follower),
            closed: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Follower> {
        self.follower.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn wait_for_rows(
        &self,
        timeout: Option<Duration>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> tfevents::Result<Option<(&'static str, PyBatch)>> {
        let ends = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut has_waited = false;
        while !self.is_closed() {
            let patience = match self.lock().step(&mut || !self.is_closed() && go_on()) {
                Ok(Step::Rows(kind, batch)) => return Ok(Some((kind.name(), PyBatch::new(batch)))),
                Ok(Step::Events(batch)) => return Ok(Some(("events", PyBatch::new(batch)))),
                Ok(Step::Idle(patience)) => patience,
                Err(_) if self.is_closed() => break,
                Err(error) => return Err(error),
            };
            let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
            // Without any time, too, what has changed since the last time is looked at once.
            if has_waited && left.is_some_and(|left| left.is_zero()) {
                break;
            }
            has_waited = true;
            let woken = self
                .watcher
                .wait(patience.min(left.unwrap_or(SLICE)).min(SLICE));
            if !go_on() {
                return Err(tfevents::Error::interrupted());
            }
            self.lock().wake(woken);
        }
        Ok(None)
    }
}

#[pymethods]
impl PyFollower {
    /// Kind and rows of the next batch; `None` when none has come for `timeout` seconds, or after
    /// `close`.
    #[pyo3(signature = (timeout = None))]
    fn next(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
    ) -> PyResult<Option<(&'static str, PyBatch)>> {
        let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        detached(py, |go_on| self.wait_for_rows(timeout, go_on))
    }

    /// What accounts for the rows handed out.
    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        let cursor = py.detach(|| self.lock().cursor());
        cursor.map_err(|error| to_py(py, &error))
    }

    /// Path, offset and length of the bytes that are waited at.
    fn pending(&self, py: Python<'_>) -> Vec<(PathBuf, u64, u64)> {
        let pending = py.detach(|| self.lock().pending());
        let pending = pending.into_iter();
        pending.map(|p| (p.path, p.offset, p.length)).collect()
    }

    /// Files that were replaced since this was last asked, and what cannot be listed any more.
    fn notices(&self, py: Python<'_>) -> (Vec<PathBuf>, Vec<(PathBuf, String)>) {
        let (mut replaced, mut gone) = (Vec::new(), Vec::new());
        for notice in py.detach(|| self.lock().notices()) {
            match notice {
                Notice::Replaced(path) => replaced.push(path),
                Notice::Gone(path, reason) => gone.push((path, reason)),
            }
        }
        (replaced, gone)
    }

    /// Ends it, also while another thread waits for rows. The cursor remains.
    fn close(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::Release);
        self.watcher.waker().wake();
        py.detach(|| self.lock().rest());
    }

    #[getter]
    fn closed(&self) -> bool {
        self.is_closed()
    }
}
