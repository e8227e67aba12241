//! A scan's rows by series.

use crate::interrupt::detached;
use crate::scan::PyTable;
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};
use tfevents::logdir::{Pack, Split};

/// Packs of series one after the other.
#[pyclass(name = "Split", module = "tfevents._native", frozen)]
pub(crate) struct PySplit(Mutex<Option<Split>>);

impl PySplit {
    pub(crate) fn new(split: Option<Split>) -> Self {
        Self(Mutex::new(split))
    }
}

#[pymethods]
impl PySplit {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyPack>> {
        let next = detached(py, |go_on| {
            let mut split = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let next = split.as_mut().and_then(|split| split.next(go_on));
            next.transpose()
        })?;
        Ok(next.map(PyPack))
    }
}

/// Rows of some series.
#[pyclass(name = "Pack", module = "tfevents._native", frozen)]
pub(crate) struct PyPack(Pack);

#[pymethods]
impl PyPack {
    /// How many series there are.
    fn __len__(&self) -> usize {
        self.0.names.len()
    }

    /// The run of a series.
    fn run(&self, number: usize) -> Option<&str> {
        let (run, _) = self.0.names.get(number)?;
        Some(run)
    }

    /// The tag of a series; `None` where events have no values.
    fn tag(&self, number: usize) -> Option<&str> {
        let (_, tag) = self.0.names.get(number)?;
        tag.as_deref()
    }

    /// The row a series begins with; that after the last series is the number of rows.
    fn start(&self, number: usize) -> usize {
        let starts = &self.0.starts;
        starts.get(number).or(starts.last()).copied().unwrap_or(0)
    }

    /// If there is one run, too large to be gathered, the bytes of each series; there are no rows then.
    #[getter]
    fn sizes(&self) -> Option<Vec<usize>> {
        self.0.sizes.clone()
    }

    /// The rows without the columns `run` and `tag`: one batch, if there are several series.
    fn rows(&self) -> PyTable {
        PyTable::new(self.0.schema.clone(), self.0.parts.clone())
    }
}
