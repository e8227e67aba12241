//! `Scan`: schema, streams, sinks.

use crate::capsule;
use crate::interrupt::detached;
use crate::split::PySplit;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tfevents::logdir::{Batches, Limits, Reader, Scan, Split};

/// Rows that have not been read yet; any Arrow consumer takes it as it is.
#[pyclass(name = "Scan", module = "tfevents._native", frozen)]
pub(crate) struct PyScan(pub(crate) Scan, Arc<AtomicBool>);

impl PyScan {
    pub(crate) fn new(scan: Scan) -> Self {
        Self(scan, Arc::default())
    }
}

#[pymethods]
impl PyScan {
    /// Whether a stream that a consumer read by itself ended without rows; `None` while one is
    /// being read.
    fn ended_empty(&self) -> Option<bool> {
        (Arc::strong_count(&self.1) == 1).then(|| self.1.load(Ordering::Relaxed))
    }

    /// The schema, as an `arrow_schema` capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = detached(py, |go_on| self.0.schema(go_on))?;
        capsule::schema(py, &schema)
    }

    /// A new stream over all rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema; // a producer that cannot cast may ignore it
        let reader = detached(py, |go_on| self.0.reader(go_on))?;
        capsule::stream(py, Box::new(Watched::new(reader, &self.1)))
    }

    /// All rows, read now.
    fn collect(&self, py: Python<'_>) -> PyResult<PyTable> {
        detached(py, |go_on| {
            Ok(PyTable {
                schema: self.0.schema(go_on)?,
                batches: self.0.collect(go_on)?,
            })
        })
    }

    /// An iterator over batches.
    fn batches(&self, py: Python<'_>) -> PyResult<PyBatches> {
        let stream = detached(py, |go_on| self.0.stream(go_on))?;
        Ok(PyBatches(Mutex::new(stream)))
    }

    /// An iterator over series in packs; holds `run` bytes of a run at once, and series of up to
    /// `shared` bytes in one pack.
    fn split(&self, py: Python<'_>, run: usize, shared: usize) -> PyResult<PySplit> {
        let limits = Limits { run, shared };
        let split = detached(py, |go_on| Split::open(&self.0, limits, go_on))?;
        Ok(PySplit::new(split))
    }

    /// How many rows there are.
    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        detached(py, |go_on| self.0.count(go_on))
    }

    /// Writes all rows to a Parquet file; rows written.
    fn write_parquet(
        &self,
        py: Python<'_>,
        path: PathBuf,
        threads: Option<usize>,
    ) -> PyResult<u64> {
        detached(py, |go_on| {
            tfevents::export::write_parquet(&self.0, &path, threads, go_on)
        })
    }
}

/// A stream that says when it ends without rows.
struct Watched {
    reader: Reader,
    rows: usize,
    empty: Arc<AtomicBool>,
}

impl Watched {
    fn new(reader: Reader, empty: &Arc<AtomicBool>) -> Self {
        let empty = Arc::clone(empty);
        Self {
            reader,
            rows: 0,
            empty,
        }
    }
}

impl Iterator for Watched {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.reader.next();
        match &next {
            Some(Ok(batch)) => self.rows += batch.num_rows(),
            Some(Err(_)) => {}
            None => self.empty.store(self.rows == 0, Ordering::Relaxed),
        }
        next
    }
}

impl RecordBatchReader for Watched {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}

/// Rows in memory.
#[pyclass(name = "Table", module = "tfevents._native", frozen)]
pub(crate) struct PyTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl PyTable {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl PyTable {
    /// A stream over the rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok);
        capsule::stream(
            py,
            Box::new(RecordBatchIterator::new(batches, self.schema.clone())),
        )
    }
}

/// Batches one after the other.
#[pyclass(name = "Batches", module = "tfevents._native", frozen)]
pub(crate) struct PyBatches(Mutex<Box<dyn Batches>>);

#[pymethods]
impl PyBatches {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyBatch>> {
        let next = detached(py, |go_on| {
            let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            stream.next(go_on).transpose()
        })?;
        Ok(next.map(PyBatch))
    }
}

/// One batch of rows.
#[pyclass(name = "Batch", module = "tfevents._native", frozen)]
pub(crate) struct PyBatch(RecordBatch);

impl PyBatch {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self(batch)
    }
}

#[pymethods]
impl PyBatch {
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// The batch as `arrow_schema` and `arrow_array` capsules.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        capsule::batch(py, self.0.clone())
    }
}
