//! `records`: payloads of one file as views into the blocks they were read in.
#![expect(unsafe_code, reason = "the buffer protocol")]

use crate::error::to_py;
use crate::interrupt::detached;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PySlice};
use std::ffi::{c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use tfevents::logdir::{Compression, Payload, Records, Watcher};

/// How long a wait lasts at most before signals are looked for, should none have ended it.
const SLICE: Duration = Duration::from_millis(250);

/// Bytes that were read; lends them to memoryviews and lives as long as these.
#[pyclass(name = "Block", module = "tfevents._native", frozen)]
struct PyBlock(Arc<Vec<u8>>);

#[pymethods]
impl PyBlock {
    /// # Safety
    /// Called by Python with a `view` that is valid or null, which PyBuffer_FillInfo refuses.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &slf.get().0;
        let length =
            isize::try_from(bytes.len()).map_err(|_| PyBufferError::new_err("block too large"))?;
        // SAFETY: the vector is never changed or dropped while `slf` lives, and PyBuffer_FillInfo
        // takes a reference to `slf` into the view. The view is read-only.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                bytes.as_ptr() as *mut c_void,
                length,
                1,
                flags,
            )
        };
        if status == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}

/// Iterates over the payloads of a file.
#[pyclass(name = "Records", module = "tfevents._native", frozen)]
pub(crate) struct PyRecords {
    state: Mutex<State>,
    /// Where the file is followed.
    watcher: Option<Watcher>,
}

struct State {
    records: Records,
    /// The block of the last record, and the view of all of it.
    block: Option<(Arc<Vec<u8>>, Py<PyMemoryView>)>,
}

impl PyRecords {
    /// The state, unless another thread has it.
    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[pymethods]
impl PyRecords {
    #[new]
    #[pyo3(signature = (path, compression, checksum, follow = false))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        compression: Option<&str>,
        checksum: bool,
        follow: bool,
    ) -> PyResult<Self> {
        let compression = match compression {
            None => Compression::None,
            Some("gzip") => Compression::Gzip,
            Some("zlib") => Compression::Zlib,
            Some(other) => {
                return Err(PyValueError::new_err(format!(
                    "compression={other:?}; it is one of None, \"gzip\", \"zlib\""
                )));
            }
        };
        let records = match follow {
            true => Records::follow(&path, checksum),
            false => Records::open(&path, compression, checksum),
        };
        let watcher = follow.then(Watcher::default);
        if let (Some(watcher), Some(directory)) = (&watcher, path.parent()) {
            watcher.watch(match directory.as_os_str().is_empty() {
                true => Path::new("."),
                false => directory,
            });
        }
        let state = State {
            records: records.map_err(|e| to_py(py, &e))?,
            block: None,
        };
        Ok(Self {
            state: Mutex::new(state),
            watcher,
        })
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // With the GIL the lock is never waited for: where another thread has it, the record is
        // waited for without the GIL, and the view is made anew.
        let buffered = self
            .try_lock()
            .and_then(|mut state| state.records.next_buffered());
        let next = match buffered {
            Some(record) => Some(record),
            None => py
                .detach(|| self.lock().records.next())
                .transpose()
                .map_err(|e| to_py(py, &e))?,
        };
        next.map(|payload| self.view(py, payload)).transpose()
    }

    /// The next record, once there is one; `None` if none has come for `timeout` seconds. Looks
    /// every `poll` seconds where the system does not tell of changes.
    #[pyo3(signature = (poll, timeout = None))]
    fn wait<'py>(
        &self,
        py: Python<'py>,
        poll: f64,
        timeout: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let poll = Duration::try_from_secs_f64(poll).unwrap_or(Duration::MAX);
        let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let next = detached(py, |go_on| self.wait_for_record(poll, timeout, go_on))?;
        next.map(|payload| self.view(py, payload)).transpose()
    }
}

impl PyRecords {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_record(
        &self,
        poll: Duration,
        timeout: Option<Duration>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> tfevents::Result<Option<Payload>> {
        let Some(watcher) = &self.watcher else {
            return self.lock().records.next().transpose();
        };
        let ends = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let mut state = self.lock();
            if let Some(payload) = state.records.next().transpose()? {
                return Ok(Some(payload));
            }
            if state.records.resume()?
                && let Some(payload) = state.records.next().transpose()?
            {
                return Ok(Some(payload));
            }
            drop(state);
            let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            watcher.wait(poll.min(left.unwrap_or(SLICE)).min(SLICE));
            if !go_on() {
                return Err(tfevents::Error::interrupted());
            }
        }
    }

    /// A view of a payload; all views of a block share one of the whole.
    fn view<'py>(&self, py: Python<'py>, (bytes, range): Payload) -> PyResult<Bound<'py, PyAny>> {
        let known = self.try_lock().and_then(|state| {
            let (block, view) = state.block.as_ref()?;
            Arc::ptr_eq(block, &bytes).then(|| view.clone_ref(py))
        });
        let view = match known {
            Some(view) => view,
            None => {
                // Not under the lock: making and dropping objects may run a finaliser, and that
                // may come here.
                let block = Bound::new(py, PyBlock(Arc::clone(&bytes)))?;
                let view = PyMemoryView::from(block.as_any())?.unbind();
                let new = Some((bytes, view.clone_ref(py)));
                let old = self
                    .try_lock()
                    .and_then(|mut state| std::mem::replace(&mut state.block, new));
                drop(old);
                view
            }
        };
        let view = view.bind(py);
        let slice = PySlice::new(py, range.start as isize, range.end as isize, 1);
        view.get_item(slice)
    }
}
