//! Writers of what is encoded already: events, and any records.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyFileExistsError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tfevents::writer::Target;

use crate::ending;
use crate::lifetime::Live;
use crate::options;

/// Whether a path that does not exist is to be an event file: `events.out.tfevents.1`, `a.tfevents`.
fn names_an_event_file(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = text.ends_with(std::path::is_separator);
    !directory && name.split('.').skip(1).any(|part| part == "tfevents")
}

/// Makes the directory of a file. If that fails, opening the file says why.
fn make_directory(target: &Target) {
    if let Target::File(path) = target
        && let Some(directory) = path.parent()
    {
        let _ = std::fs::create_dir_all(directory);
    }
}

/// Writes serialised events to a file, or into a directory.
#[pyclass(name = "EventWriter", module = "tfevents._native", frozen, weakref)]
pub struct PyEventWriter {
    live: Live,
}

#[pymethods]
impl PyEventWriter {
    /// A `path` whose name has `.tfevents` as one of its endings, or that is an empty file, is the
    /// file itself; anything else is a directory. `version` is false to leave out the version
    /// event.
    #[new]
    #[pyo3(signature = (path, *, filename_suffix = "", version = true, **options))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        filename_suffix: &str,
        version: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let target = if path.is_dir() || !(path.exists() || names_an_event_file(&path)) {
            let suffix = filename_suffix.to_owned();
            Target::Directory { path, suffix }
        } else {
            if path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                let text = "File exists, and is not replaced; name a directory or a new file";
                return Err(PyFileExistsError::new_err((17, text, path)));
            }
            Target::File(path)
        };
        make_directory(&target);
        let mut options = options::from_keywords(target, options)?;
        options.version = version;
        Ok(Self {
            live: Live::open(py, options)?,
        })
    }

    /// Writes a serialised event.
    fn write(&self, py: Python<'_>, event: &[u8]) -> PyResult<()> {
        self.live.append_large(py, event)
    }

    /// Waits until everything is as safe as `durability` says, or for `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        self.live.flush(py, ending::seconds(timeout))
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
        let target = Target::File(path);
        make_directory(&target);
        let mut options = options::from_keywords(target, options)?;
        options.version = false;
        Ok(Self {
            live: Live::open(py, options)?,
        })
    }

    /// Writes a record.
    fn write(&self, py: Python<'_>, record: &[u8]) -> PyResult<()> {
        self.live.append_large(py, record)
    }

    /// Waits until everything is as safe as `durability` says, or for `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        self.live.flush(py, ending::seconds(timeout))
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
