//! Contents to the bytes of a `Summary.Value`, without the interpreter lock.
//!
//! Arrays arrive as [`Packed`] triples, results leave as `bytes`; the Python layer decides names,
//! defaults and coercions, the core does the work.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tfevents::summary::{self, Content, Fitted, Metadata, Spelling};

pub mod curves;
pub mod histograms;
pub mod media;
pub mod plugins;

pub use crate::buffer::Packed;
use crate::interrupt::watched;

/// The encoders only ever object to an argument.
pub fn value_error(error: tfevents::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// An encoded `Summary.Value`, for `Writer.add_values`. It may be large: no copy of it is made.
#[pyclass(name = "Value", module = "tfevents._native", frozen)]
pub struct PyValue(pub Vec<u8>);

#[pymethods]
impl PyValue {
    #[new]
    fn new(encoded: Vec<u8>) -> Self {
        Self(encoded)
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0)
    }
}

/// Runs `make` without the interpreter lock and hands its value over.
fn value(
    py: Python<'_>,
    make: impl FnOnce() -> tfevents::Result<Vec<u8>> + Send,
) -> PyResult<PyValue> {
    watched(py, make)?.map(PyValue).map_err(value_error)
}

/// What was made, and what was wrong with the values, if something was changed.
type Made = (PyValue, Option<String>);

/// As `value`, of numbers that may have been changed.
fn fitted(
    py: Python<'_>,
    make: impl FnOnce() -> tfevents::Result<Fitted<Vec<u8>>> + Send,
) -> PyResult<Made> {
    let Fitted { made, problem } = watched(py, make)?.map_err(value_error)?;
    Ok((PyValue(made), problem))
}

/// Bytes in each of the pieces of a file.
const PIECE: usize = 8 << 20;

/// The content of a file in pieces, since copying all of it takes a while.
fn pieces<'py>(py: Python<'py>, content: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let pieces = PyList::empty(py);
    for piece in content.chunks(PIECE) {
        py.check_signals()?;
        pieces.append(PyBytes::new(py, piece))?;
    }
    Ok(pieces)
}

/// The elements as float64, of whatever dtype they are.
#[pyfunction]
pub fn doubles<'py>(py: Python<'py>, array: Packed) -> PyResult<Bound<'py, PyBytes>> {
    let array = array.array()?;
    let made = watched(py, || {
        let wide = array.to_f64()?.into_iter();
        Ok(wide.flat_map(f64::to_le_bytes).collect::<Vec<u8>>())
    })?;
    Ok(PyBytes::new(py, &made.map_err(value_error)?))
}

/// Rows of tab-separated numbers, in pieces.
#[pyfunction]
pub fn tsv<'py>(py: Python<'py>, array: Packed) -> PyResult<Bound<'py, PyList>> {
    let array = array.array()?;
    let made = watched(py, || summary::tsv(&array))?;
    pieces(py, &made.map_err(value_error)?)
}

/// String tensor value.
#[pyfunction]
#[pyo3(signature = (tag, values, shape, plugin="", content=Vec::new(), display_name="", description=""))]
#[expect(clippy::too_many_arguments, reason = "the fields of the metadata")]
pub fn strings_value(
    py: Python<'_>,
    tag: &str,
    values: Vec<pyo3::pybacked::PyBackedBytes>,
    shape: Vec<usize>,
    plugin: &str,
    content: Vec<u8>,
    display_name: &str,
    description: &str,
) -> PyResult<PyValue> {
    let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    let metadata = Metadata {
        plugin,
        content: &content,
        display_name,
        description,
    };
    value(py, || {
        summary::value(tag, Content::Strings(&shape, &values), metadata)
    })
}

/// Numeric tensor value; `spelling` is "content", "fields" or "fields_without_shape".
#[pyfunction]
#[pyo3(signature = (
    tag, array, spelling="fields", plugin="", content=Vec::new(), display_name="", description=""
))]
#[expect(clippy::too_many_arguments, reason = "the fields of the metadata")]
pub fn tensor_value(
    py: Python<'_>,
    tag: &str,
    array: Packed,
    spelling: &str,
    plugin: &str,
    content: Vec<u8>,
    display_name: &str,
    description: &str,
) -> PyResult<PyValue> {
    let array = array.array()?;
    let spelling = match spelling {
        "content" => Spelling::Content,
        "fields" => Spelling::Fields,
        "fields_without_shape" => Spelling::FieldsWithoutShape,
        other => return Err(PyValueError::new_err(format!("spelling is not {other:?}"))),
    };
    let metadata = Metadata {
        plugin,
        content: &content,
        display_name,
        description,
    };
    value(py, || {
        let tensor = summary::tensor(&array, spelling)?;
        summary::value(tag, Content::Tensor(&tensor), metadata)
    })
}
