//! Histograms.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tfevents::summary::{
    self, Array, Bins, Content, Dtype, Estimator, Histogram, Metadata, Spelling,
};

use super::{Made, Packed, PyValue, fitted, value, value_error};

/// The bins of a histogram: None for the default edges, a number, a rule, or edges.
#[derive(FromPyObject)]
pub enum BinsArgument {
    /// So many of equal width.
    Count(usize),
    /// As many of equal width as the rule of this name says.
    Rule(String),
    /// Between these edges.
    Edges(Vec<f64>),
}

/// `HistogramProto` value of an array.
#[pyfunction]
#[pyo3(signature = (tag, values, bins=None, max_bins=None))]
pub fn histogram_value(
    py: Python<'_>,
    tag: &str,
    values: Packed,
    bins: Option<BinsArgument>,
    max_bins: Option<usize>,
) -> PyResult<Made> {
    let values = values.array()?;
    let bins = match bins {
        None => Bins::Default,
        Some(BinsArgument::Count(count)) => Bins::Count(count),
        Some(BinsArgument::Rule(name)) => Bins::Estimated(
            Estimator::named(&name)
                .ok_or_else(|| PyValueError::new_err(format!("bins has no rule {name:?}")))?,
        ),
        Some(BinsArgument::Edges(edges)) => Bins::Edges(edges),
    };
    fitted(py, || {
        Histogram::of(&values, &bins, max_bins)?.and_then(|histogram| {
            summary::value(tag, Content::Histogram(&histogram), Metadata::default())
        })
    })
}

/// `HistogramProto` value of given counts.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the fields of the message")]
pub fn histogram_raw_value(
    py: Python<'_>,
    tag: &str,
    min: f64,
    max: f64,
    num: f64,
    sum: f64,
    sum_squares: f64,
    limits: Packed,
    counts: Packed,
) -> PyResult<PyValue> {
    let doubles = |packed: &Packed| packed.array()?.to_f64().map_err(value_error);
    let (limits, counts) = (doubles(&limits)?, doubles(&counts)?);
    let histogram = Histogram {
        min,
        max,
        num,
        sum,
        sum_squares,
        limits,
        counts,
    };
    value(py, || {
        summary::value(tag, Content::Histogram(&histogram), Metadata::default())
    })
}

/// `[buckets, 3]` float64 tensor value, as `tf.summary.histogram` writes.
#[pyfunction]
#[pyo3(signature = (tag, values, buckets=30, description=""))]
pub fn histogram_tensor_value(
    py: Python<'_>,
    tag: &str,
    values: Packed,
    buckets: usize,
    description: &str,
) -> PyResult<PyValue> {
    let values = values.array()?;
    value(py, || {
        let rows = summary::histogram::rows(&values, buckets)?;
        let data: Vec<u8> = rows
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let shape = [buckets, 3];
        let array = Array::new(Dtype::Float64, &shape, &data)?;
        let metadata = Metadata {
            description,
            ..Metadata::plugin("histograms")
        };
        let tensor = summary::tensor(&array, Spelling::Content)?;
        summary::value(tag, Content::Tensor(&tensor), metadata)
    })
}

/// The 1549 default edges.
#[pyfunction]
pub fn default_edges() -> Vec<f64> {
    summary::histogram::default_edges().to_vec()
}
