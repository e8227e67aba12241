//! `records`: payloads of one file as views into the blocks they were read in.
#![expect(unsafe_code, reason = "the buffer protocol")]

use crate::error::to_py;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PySlice};
use std::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tfevents::logdir::{Compression, Records};

/// Bytes that were read; lends them to memoryviews and lives as long as these.
#[pyclass(name = "Block", module = "tfevents._native", frozen)]
struct PyBlock(Arc<Vec<u8>>);

#[pymethods]
impl PyBlock {
    /// # Safety
    /// Called by Python with a valid `view`.
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
        // The lock is never waited for or held across taking the GIL back.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let buffered = lock().records.next_buffered();
        let next = match buffered {
            Some(record) => Some(record),
            None => py
                .detach(|| lock().records.next())
                .transpose()
                .map_err(|e| to_py(py, &e))?,
        };
        let mut state = lock();
        let Some((bytes, range)) = next else {
            return Ok(None);
        };
        let view = match &state.block {
            Some((known, view)) if Arc::ptr_eq(known, &bytes) => view.bind(py).clone(),
            _ => {
                let block = Bound::new(py, PyBlock(Arc::clone(&bytes)))?;
                let view = PyMemoryView::from(block.as_any())?;
                state.block = Some((bytes, view.clone().unbind()));
                view
            }
        };
        let slice = PySlice::new(py, range.start as isize, range.end as isize, 1);
        view.get_item(slice).map(Some)
    }
}
