//! Arrow out, through the PyCapsule interface: any library that speaks it takes our tables.
//!
//! The structs that are put into capsules release what they hold when they are dropped, and the
//! capsule drops them unless a consumer moved them out (the C data interface marks that by a null
//! release callback).

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

fn refuse(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// An `arrow_array_stream`.
pub(crate) fn stream<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}

/// An `arrow_schema`.
pub(crate) fn schema<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(refuse)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

/// An `arrow_schema` and an `arrow_array`.
pub(crate) fn batch<'py>(
    py: Python<'py>,
    batch: RecordBatch,
) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    let names = schema(py, &batch.schema())?;
    let data = StructArray::from(batch).into_data();
    let (array, _): (FFI_ArrowArray, FFI_ArrowSchema) = to_ffi(&data).map_err(refuse)?;
    Ok((names, PyCapsule::new_with_value(py, array, c"arrow_array")?))
}
