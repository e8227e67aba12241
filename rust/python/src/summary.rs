//! Contents to the bytes of a `Summary.Value`, without the interpreter lock.
//!
//! Arrays arrive as [`Packed`] triples, results leave as `bytes`; the Python layer decides names,
//! defaults and coercions, the core does the work.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
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

/// Runs `make` without the interpreter lock and hands its bytes over.
fn bytes<'py>(
    py: Python<'py>,
    make: impl FnOnce() -> tfevents::Result<Vec<u8>> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    let made = watched(py, make)?.map_err(value_error)?;
    Ok(PyBytes::new(py, &made))
}

/// What was made, and what was wrong with the values, if something was changed.
type Made<'py> = (Bound<'py, PyBytes>, Option<String>);

/// As `bytes`, of values that may have been changed.
fn fitted<'py>(
    py: Python<'py>,
    make: impl FnOnce() -> tfevents::Result<Fitted<Vec<u8>>> + Send,
) -> PyResult<Made<'py>> {
    let Fitted { made, problem } = watched(py, make)?.map_err(value_error)?;
    Ok((PyBytes::new(py, &made), problem))
}

/// The elements as float64, of whatever dtype they are.
#[pyfunction]
pub fn doubles<'py>(py: Python<'py>, array: Packed) -> PyResult<Bound<'py, PyBytes>> {
    let array = array.array()?;
    bytes(py, || {
        let wide = array.to_f64()?.into_iter();
        Ok(wide.flat_map(f64::to_le_bytes).collect())
    })
}

/// Rows of tab-separated numbers.
#[pyfunction]
pub fn tsv<'py>(py: Python<'py>, array: Packed) -> PyResult<Bound<'py, PyBytes>> {
    let array = array.array()?;
    bytes(py, || summary::tsv(&array))
}

/// String tensor value.
#[pyfunction]
#[pyo3(signature = (tag, values, shape, plugin="", content=Vec::new(), display_name="", description=""))]
#[expect(clippy::too_many_arguments, reason = "the fields of the metadata")]
pub fn strings_value<'py>(
    py: Python<'py>,
    tag: &str,
    values: Vec<pyo3::pybacked::PyBackedBytes>,
    shape: Vec<usize>,
    plugin: &str,
    content: Vec<u8>,
    display_name: &str,
    description: &str,
) -> Bound<'py, PyBytes> {
    let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    let metadata = Metadata {
        plugin,
        content: &content,
        display_name,
        description,
    };
    PyBytes::new(
        py,
        &summary::value(tag, Content::Strings(&shape, &values), metadata),
    )
}

/// Numeric tensor value; `spelling` is "content", "fields" or "fields_without_shape".
#[pyfunction]
#[pyo3(signature = (
    tag, array, spelling="fields", plugin="", content=Vec::new(), display_name="", description=""
))]
#[expect(clippy::too_many_arguments, reason = "the fields of the metadata")]
pub fn tensor_value<'py>(
    py: Python<'py>,
    tag: &str,
    array: Packed,
    spelling: &str,
    plugin: &str,
    content: Vec<u8>,
    display_name: &str,
    description: &str,
) -> PyResult<Bound<'py, PyBytes>> {
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
    bytes(py, || {
        let tensor = summary::tensor(&array, spelling)?;
        Ok(summary::value(tag, Content::Tensor(&tensor), metadata))
    })
}
