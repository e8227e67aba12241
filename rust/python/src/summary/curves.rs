//! Precision-recall curves and meshes.

use pyo3::prelude::*;
use tfevents::summary;

use super::{Made, Packed, PyValue, fitted, value, value_error};
use crate::interrupt::watched;

/// Precision-recall value of labels and predictions.
#[pyfunction]
pub fn pr_curve_value(
    py: Python<'_>,
    tag: &str,
    labels: Packed,
    predictions: Packed,
    weights: Option<Packed>,
    thresholds: usize,
) -> PyResult<Made> {
    let (labels, predictions) = (labels.array()?, predictions.array()?);
    let weights = weights.as_ref().map(Packed::array).transpose()?;
    fitted(py, || {
        summary::pr_curve::curve(&labels, &predictions, weights.as_ref(), thresholds)?
            .and_then(|rows| summary::pr_curve::pr_curve(tag, &rows))
    })
}

/// Precision-recall value of the six rows.
#[pyfunction]
pub fn pr_curve_raw_value(py: Python<'_>, tag: &str, rows: Packed) -> PyResult<PyValue> {
    let rows = rows.array()?;
    value(py, || {
        let rows: Vec<f32> = rows.to_f64()?.iter().map(|&number| number as f32).collect();
        summary::pr_curve::pr_curve(tag, &rows)
    })
}

/// The values of a mesh.
#[pyfunction]
pub fn mesh_values(
    py: Python<'_>,
    tag: &str,
    vertices: Packed,
    colors: Option<Packed>,
    faces: Option<Packed>,
    config: &str,
) -> PyResult<Vec<PyValue>> {
    let vertices = vertices.array()?;
    let colors = colors.as_ref().map(Packed::array).transpose()?;
    let faces = faces.as_ref().map(Packed::array).transpose()?;
    let made = watched(py, || {
        summary::mesh::mesh(tag, &vertices, colors.as_ref(), faces.as_ref(), config)
    })?;
    let values = made.map_err(value_error)?;
    Ok(values.into_iter().map(PyValue).collect())
}
