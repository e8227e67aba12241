//! `records`: payloads of one file as views into the blocks they were read in.
#![expect(unsafe_code, reason = "the buffer protocol")]

use crate::error::to_py;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PySlice};
use std::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use tfevents::logdir::{Compression, Records};

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
pub(crate) struct PyRecords(Mutex<State>);

struct State {
    records: Records,
    /// The block of the last record, and the view of all of it.
    block: Option<(Arc<Vec<u8>>, Py<PyMemoryView>)>,
}

impl PyRecords {
    /// The state, unless another thread has it.
    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.0.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[pymethods]
impl PyRecords {
    #[new]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        compression: Option<&str>,
        checksum: bool,
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
        let records = Records::open(&path, compression, checksum).map_err(|e| to_py(py, &e))?;
        Ok(Self(Mutex::new(State {
            records,
            block: None,
        })))
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
                .detach(|| {
                    let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    state.records.next()
                })
                .transpose()
                .map_err(|e| to_py(py, &e))?,
        };
        let Some((bytes, range)) = next else {
            return Ok(None);
        };
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
        view.get_item(slice).map(Some)
    }
}
