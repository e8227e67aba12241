//! Contents to the bytes of a `Summary.Value`, without the interpreter lock.
//!
//! Arrays arrive as [`Packed`] triples, results leave as `bytes`; the Python layer decides names,
//! defaults and coercions, the core does the work.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tfevents::media::{self, Pixels};
use tfevents::summary::hparams::{Hparam, Setting, Status};
use tfevents::summary::layout::{Category, Chart, Lines};
use tfevents::summary::{
    self, Array, Bins, Content, Dtype, Estimator, Fitted, Histogram, Metadata, Spelling,
};

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
pub fn histogram_value<'py>(
    py: Python<'py>,
    tag: &str,
    values: Packed,
    bins: Option<BinsArgument>,
    max_bins: Option<usize>,
) -> PyResult<Made<'py>> {
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
            Ok(summary::value(
                tag,
                Content::Histogram(&histogram),
                Metadata::default(),
            ))
        })
    })
}

/// `HistogramProto` value of given counts.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the fields of the message")]
pub fn histogram_raw_value<'py>(
    py: Python<'py>,
    tag: &str,
    min: f64,
    max: f64,
    num: f64,
    sum: f64,
    sum_squares: f64,
    limits: Packed,
    counts: Packed,
) -> PyResult<Bound<'py, PyBytes>> {
    let (limits, counts) = (limits.array()?.to_f64(), counts.array()?.to_f64());
    let histogram = Histogram {
        min,
        max,
        num,
        sum,
        sum_squares,
        limits,
        counts,
    };
    let value = summary::value(tag, Content::Histogram(&histogram), Metadata::default());
    Ok(PyBytes::new(py, &value))
}

/// `[buckets, 3]` float64 tensor value, as `tf.summary.histogram` writes.
#[pyfunction]
#[pyo3(signature = (tag, values, buckets=30, description=""))]
pub fn histogram_tensor_value<'py>(
    py: Python<'py>,
    tag: &str,
    values: Packed,
    buckets: usize,
    description: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let values = values.array()?;
    bytes(py, || {
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
        Ok(summary::value(
            tag,
            Content::Tensor(&array, Spelling::Content),
            metadata,
        ))
    })
}

/// The 1549 default edges.
#[pyfunction]
pub fn default_edges() -> Vec<f64> {
    summary::histogram::default_edges().to_vec()
}

fn image<'a>(pixels: &Pixels, encoded: &'a [u8]) -> Content<'a> {
    Content::Image {
        height: pixels.height,
        width: pixels.width,
        channels: pixels.channels,
        encoded,
    }
}

/// PNG image value of an array.
#[pyfunction]
pub fn image_value<'py>(
    py: Python<'py>,
    tag: &str,
    pixels: Packed,
    layout: &str,
) -> PyResult<Made<'py>> {
    let array = pixels.array()?;
    fitted(py, || {
        Pixels::of(&array, layout)?.and_then(|pixels| {
            let encoded = media::png::encode(&pixels)?;
            Ok(summary::value(
                tag,
                image(&pixels, &encoded),
                Metadata::default(),
            ))
        })
    })
}

/// GIF image value of an array of frames.
#[pyfunction]
pub fn video_value<'py>(
    py: Python<'py>,
    tag: &str,
    frames: Packed,
    layout: &str,
    fps: f64,
) -> PyResult<Made<'py>> {
    let array = frames.array()?;
    fitted(py, || {
        media::pixels::frames(&array, layout)?.and_then(|frames| {
            let encoded = media::gif::encode(&frames, fps)?;
            let content = frames
                .first()
                .map_or(Content::Nothing, |first| image(first, &encoded));
            Ok(summary::value(tag, content, Metadata::default()))
        })
    })
}

/// WAV audio value of an array.
#[pyfunction]
pub fn audio_value<'py>(
    py: Python<'py>,
    tag: &str,
    samples: Packed,
    sample_rate: u32,
) -> PyResult<Made<'py>> {
    let array = samples.array()?;
    fitted(py, || {
        media::wav::encode(&array, sample_rate)?.and_then(|wav| {
            let content = Content::Audio {
                sample_rate: sample_rate as f32,
                channels: wav.channels,
                frames: wav.frames,
                encoded: &wav.encoded,
            };
            Ok(summary::value(tag, content, Metadata::default()))
        })
    })
}

/// A PNG file, its height and its width, and what was wrong with the values.
#[pyfunction]
pub fn png<'py>(
    py: Python<'py>,
    pixels: Packed,
    layout: &str,
) -> PyResult<(Bound<'py, PyBytes>, u32, u32, Option<String>)> {
    let array = pixels.array()?;
    let made = watched(py, || {
        Pixels::of(&array, layout)?
            .and_then(|pixels| Ok((media::png::encode(&pixels)?, pixels.height, pixels.width)))
    })?;
    let Fitted {
        made: (encoded, height, width),
        problem,
    } = made.map_err(value_error)?;
    Ok((PyBytes::new(py, &encoded), height, width, problem))
}

/// A PNG file of all images of a batch, in a square.
#[pyfunction]
pub fn sprite_png<'py>(py: Python<'py>, images: Packed, layout: &str) -> PyResult<Made<'py>> {
    let array = images.array()?;
    fitted(py, || {
        media::sprite::sprite(&array, layout)?.and_then(|sheet| media::png::encode(&sheet))
    })
}

/// The elements as float64, of whatever dtype they are.
#[pyfunction]
pub fn doubles<'py>(py: Python<'py>, array: Packed) -> PyResult<Bound<'py, PyBytes>> {
    let array = array.array()?;
    bytes(py, || {
        let wide = array.to_f64().into_iter();
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
        Ok(summary::value(
            tag,
            Content::Tensor(&array, spelling),
            metadata,
        ))
    })
}

/// Precision-recall value of labels and predictions.
#[pyfunction]
pub fn pr_curve_value<'py>(
    py: Python<'py>,
    tag: &str,
    labels: Packed,
    predictions: Packed,
    weights: Option<Packed>,
    thresholds: usize,
) -> PyResult<Made<'py>> {
    let (labels, predictions) = (labels.array()?, predictions.array()?);
    let weights = weights.as_ref().map(Packed::array).transpose()?;
    fitted(py, || {
        summary::pr_curve::curve(&labels, &predictions, weights.as_ref(), thresholds)?
            .and_then(|rows| Ok(summary::pr_curve::pr_curve(tag, &rows)))
    })
}

/// Precision-recall value of the six rows.
#[pyfunction]
pub fn pr_curve_raw_value<'py>(
    py: Python<'py>,
    tag: &str,
    rows: Packed,
) -> PyResult<Bound<'py, PyBytes>> {
    let rows: Vec<f32> = rows
        .array()?
        .to_f64()
        .into_iter()
        .map(|number| number as f32)
        .collect();
    bytes(py, || Ok(summary::pr_curve::pr_curve(tag, &rows)))
}

/// The values of a mesh.
#[pyfunction]
pub fn mesh_values<'py>(
    py: Python<'py>,
    tag: &str,
    vertices: Packed,
    colors: Option<Packed>,
    faces: Option<Packed>,
    config: &str,
) -> PyResult<Bound<'py, PyList>> {
    let vertices = vertices.array()?;
    let colors = colors.as_ref().map(Packed::array).transpose()?;
    let faces = faces.as_ref().map(Packed::array).transpose()?;
    let made =
        py.detach(|| summary::mesh::mesh(tag, &vertices, colors.as_ref(), faces.as_ref(), config));
    let values = made.map_err(value_error)?;
    PyList::new(py, values.iter().map(|value| PyBytes::new(py, value)))
}

type ChartArgument = (String, bool, Vec<String>);

/// Layout value; a category is (title, [(title, is a margin chart, tags)]).
#[pyfunction]
pub fn layout_value(
    py: Python<'_>,
    categories: Vec<(String, Vec<ChartArgument>)>,
) -> PyResult<Bound<'_, PyBytes>> {
    let chart = |(title, margin, tags): ChartArgument| {
        let lines = if margin {
            Lines::Margin(tags.try_into().map_err(|_| {
                PyValueError::new_err("tags of a margin chart must be three: value, lower, upper")
            })?)
        } else {
            Lines::Multiline(tags)
        };
        Ok(Chart { title, lines })
    };
    let categories = categories.into_iter().map(|(title, charts)| {
        let charts = charts.into_iter().map(chart).collect::<PyResult<_>>()?;
        Ok(Category { title, charts })
    });
    let categories: Vec<Category> = categories.collect::<PyResult<_>>()?;
    Ok(PyBytes::new(py, &summary::layout::layout(&categories)))
}

/// A hyperparameter: true or false before numbers, numbers before texts.
#[derive(FromPyObject)]
pub enum SettingArgument {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// None: of no type a dashboard knows.
    Untyped(Option<bool>),
}

impl From<SettingArgument> for Setting {
    fn from(argument: SettingArgument) -> Self {
        match argument {
            SettingArgument::Bool(is) => Self::Bool(is),
            SettingArgument::Number(number) => Self::Number(number),
            SettingArgument::Text(text) => Self::Text(text),
            SettingArgument::Untyped(_) => Self::Untyped,
        }
    }
}

type HparamArgument = (String, SettingArgument, Option<Vec<SettingArgument>>);

fn hparams(arguments: Vec<HparamArgument>) -> Vec<Hparam> {
    let hparam = |(name, setting, domain): HparamArgument| Hparam {
        name,
        setting: setting.into(),
        domain: domain.map(|domain| domain.into_iter().map(Into::into).collect()),
    };
    arguments.into_iter().map(hparam).collect()
}

/// The value that declares hyperparameters, (name, setting, domain), and metrics.
#[pyfunction]
#[pyo3(signature = (settings, metrics, created=0.0))]
pub fn hparams_experiment_value(
    py: Python<'_>,
    settings: Vec<HparamArgument>,
    metrics: Vec<String>,
    created: f64,
) -> Bound<'_, PyBytes> {
    let value = summary::hparams::experiment(&hparams(settings), &metrics, created);
    PyBytes::new(py, &value)
}

/// The value that starts a session.
#[pyfunction]
#[pyo3(signature = (settings, group="", started=0.0))]
pub fn hparams_start_value<'py>(
    py: Python<'py>,
    settings: Vec<HparamArgument>,
    group: &str,
    started: f64,
) -> Bound<'py, PyBytes> {
    PyBytes::new(
        py,
        &summary::hparams::session_start(&hparams(settings), group, started),
    )
}

/// The value that ends a session well.
#[pyfunction]
#[pyo3(signature = (ended=0.0))]
pub fn hparams_end_value(py: Python<'_>, ended: f64) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &summary::hparams::session_end(Status::Success, ended))
}
