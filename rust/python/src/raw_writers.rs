//! Writers of what is encoded already: events, and any records.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tfevents::writer::Target;

use crate::lifetime::Live;
use crate::options;

/// Writes serialised events to a file, or into a directory.
#[pyclass(name = "EventWriter", module = "tfevents._native", frozen, weakref)]
pub struct PyEventWriter {
    live: Live,
}

#[pymethods]
impl PyEventWriter {
    /// A `path` that is a file already, or whose name holds `tfevents`, is the file itself;
    /// anything else is a directory. `version` is false to leave out the version event.
    #[new]
    #[pyo3(signature = (path, *, filename_suffix = "", version = true, **options))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        filename_suffix: &str,
        version: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let named = name.is_some_and(|name| name.contains("tfevents"));
        let target = if path.is_file() || (named && !path.is_dir()) {
            Target::File(path)
        } else {
            let suffix = filename_suffix.to_owned();
            Target::Directory { path, suffix }
        };
        let mut options = options::from_keywords(target, options)?;
        options.version = version;
        Ok(Self {
            live: Live::open(py, options)?,
        })
    }

    /// Writes a serialised event.
    fn write(&self, py: Python<'_>, event: &[u8]) -> PyResult<()> {
        self.live.append(py, event)
    }

    /// Waits until everything is as safe as `durability` says.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.live.flush(py)
    }

    /// Writes what waits and closes the file.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.live.close(py)
    }

    /// Counters by name.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.live.stats(py)
    }

    /// The file.
    #[getter]
    fn path(&self) -> Option<PathBuf> {
        self.live.paths().pop()
    }

    /// The files so far, oldest first.
    #[getter]
    fn paths<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.live.paths())
    }
}

/// Frames bytes as records of one file, which it replaces.
#[pyclass(name = "RecordWriter", module = "tfevents._native", frozen, weakref)]
pub struct PyRecordWriter {
    live: Live,
}

#[pymethods]
impl PyRecordWriter {
    #[new]
    #[pyo3(signature = (path, **options))]
    fn new(py: Python<'_>, path: PathBuf, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut options = options::from_keywords(Target::File(path), options)?;
        options.version = false;
        Ok(Self {
            live: Live::open(py, options)?,
        })
    }

    /// Writes a record.
    fn write(&self, py: Python<'_>, record: &[u8]) -> PyResult<()> {
        self.live.append(py, record)
    }

    /// Waits until everything is as safe as `durability` says.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.live.flush(py)
    }

    /// Writes what waits and closes the file.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.live.close(py)
    }

    /// Counters by name.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.live.stats(py)
    }

    /// The file.
    #[getter]
    fn path(&self) -> Option<PathBuf> {
        self.live.paths().pop()
    }
}
