//! Writers: Python arguments to records, the core's errors to warnings and exceptions.
//!
//! `add_scalar` is the path that counts: its arguments are read in place (no copy of the tag, no
//! Python object made) and the record is encoded with the interpreter lock held, which takes less
//! time than to give it up and get it back. Whatever may wait gives it up and looks for signals.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use tfevents::event::encode::{
    Encode, Event, Graph, PlainScalar, RunMetadata, Scalar, ScalarValue, SessionLog, Summary,
    Values, Version, put_value, value_len,
};
use tfevents::writer::{Points, Target, Writer};

use crate::column::Column;
use crate::ending;
use crate::lifetime::Live;
use crate::number::{number, plain, quick};
use crate::summary::PyValue;
use crate::{exit, options};

/// Points of a batch that are copied and encoded at a time.
const BLOCK: usize = 16 << 10;

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// One summary of values that are encoded already.
struct Encoded<'a>(Vec<&'a [u8]>);

impl Encoded<'_> {
    fn inner_len(&self) -> usize {
        self.0.iter().map(|value| value_len(value.len())).sum()
    }
}

impl Encode for Encoded<'_> {
    fn encoded_len(&self) -> usize {
        Values::around(self.inner_len())
    }

    fn encode(&self, out: &mut Vec<u8>) -> tfevents::Result<()> {
        Values::open(out, self.inner_len());
        self.0.iter().try_for_each(|value| put_value(out, *value))
    }
}

/// Writes the event files of one run.
#[pyclass(name = "Writer", module = "tfevents._native", frozen, weakref)]
pub struct PyWriter {
    live: Live,
}

impl PyWriter {
    /// A scalar of now, without metadata.
    #[inline]
    pub fn add_plain(&self, py: Python<'_>, tag: &str, value: f64, step: i64) -> PyResult<()> {
        let value = value as f32;
        self.add(py, Some(step), None, Summary(PlainScalar { tag, value }))
    }

    /// The writer itself.
    pub fn writer(&self) -> &Writer {
        self.live.writer()
    }

    #[inline]
    fn add<E: Encode>(
        &self,
        py: Python<'_>,
        step: Option<i64>,
        wall_time: Option<f64>,
        what: E,
    ) -> PyResult<()> {
        self.live.append(py, &event(step, wall_time, what))
    }

    /// As `add`, of what may take a while to copy.
    fn add_large<E: Encode + Sync>(
        &self,
        py: Python<'_>,
        step: Option<i64>,
        wall_time: Option<f64>,
        what: E,
    ) -> PyResult<()> {
        self.live.append_large(py, &event(step, wall_time, what))
    }
}

#[inline]
fn event<E>(step: Option<i64>, wall_time: Option<f64>, what: E) -> Event<E> {
    Event {
        wall_time: wall_time.unwrap_or_else(now),
        step: step.unwrap_or(0),
        what,
    }
}

#[pymethods]
impl PyWriter {
    /// Opens a file in the directory `path`. `max_queue` is accepted for the sake of those who
    /// give it; the buffer is bounded by `max_buffer_bytes`.
    #[new]
    #[pyo3(signature = (path, *, filename_suffix = "", max_queue = None, purge_step = None, **options))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        filename_suffix: &str,
        max_queue: Option<&Bound<'_, PyAny>>,
        purge_step: Option<i64>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let _ = max_queue;
        if filename_suffix.contains(['/', '\\', '\0']) {
            return Err(PyValueError::new_err(
                "filename_suffix must be part of a file name, without separators",
            ));
        }
        let suffix = filename_suffix.to_owned();
        let options = options::from_keywords(Target::Directory { path, suffix }, options)?;
        let writer = Self {
            live: Live::open(py, options)?,
        };
        if let Some(step) = purge_step {
            writer.add(py, Some(step), None, Version { writer: "" })?;
            writer.add(py, Some(step), None, SessionLog::Start)?;
        }
        Ok(writer)
    }

    /// Adds a scalar.
    #[pyo3(signature = (tag, value, step = None, wall_time = None, *, new_style = false,
        double_precision = false, display_name = "", description = ""))]
    #[expect(
        clippy::too_many_arguments,
        reason = "one argument each is what Python gives fastest"
    )]
    fn add_scalar(
        &self,
        py: Python<'_>,
        tag: &str,
        value: &Bound<'_, PyAny>,
        step: Option<i64>,
        wall_time: Option<f64>,
        new_style: bool,
        double_precision: bool,
        display_name: &str,
        description: &str,
    ) -> PyResult<()> {
        let value = number(value, "value")?;
        let value = match (new_style, double_precision) {
            (false, _) => Scalar::Simple(value as f32),
            (true, false) => Scalar::Float(value as f32),
            (true, true) => Scalar::Double(value),
        };
        let value = ScalarValue {
            tag,
            value,
            display_name,
            description,
        };
        self.add(py, step, wall_time, Summary(value))
    }

    /// Adds the scalars of a mapping as one event.
    #[pyo3(signature = (values, step = None, wall_time = None))]
    fn log(
        &self,
        py: Python<'_>,
        values: &Bound<'_, PyAny>,
        step: Option<i64>,
        wall_time: Option<f64>,
    ) -> PyResult<()> {
        let mut encoded = self.live.scratch();
        let done = match values.cast_exact::<PyDict>() {
            Ok(dict) => put_plain(dict, &mut encoded)?,
            Err(_) => false,
        };
        if !done {
            encoded.clear();
            let put = || put_mapping(values, &mut encoded);
            if exit::call(put)?.is_none() {
                return Ok(());
            }
        }
        if !encoded.is_empty() {
            self.add(py, step, wall_time, Values(&encoded))?;
        }
        self.live.keep(encoded);
        Ok(())
    }

    /// Adds a scalar for each element of `values` (float64 or float32) at `steps` (int64) and
    /// `wall_times` (float64; now, if None): contiguous buffers of one length.
    #[pyo3(signature = (tag, values, steps, wall_times = None))]
    fn add_scalar_batch(
        &self,
        py: Python<'_>,
        tag: &str,
        values: &Bound<'_, PyAny>,
        steps: &Bound<'_, PyAny>,
        wall_times: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let values = Column::floats("values", values)?;
        let steps = Column::integers("steps", steps)?;
        let wall_times = wall_times.map(|times| Column::doubles("wall_times", times));
        let wall_times = wall_times.transpose()?;
        let length = values.len();
        let times = wall_times.as_ref().map_or(length, Column::len);
        if steps.len() != length || times != length {
            return Err(PyValueError::new_err(format!(
                "values, steps and wall_times must have one length, not {length}, {} and {times}",
                steps.len(),
            )));
        }
        self.live.detached(py, |writer, waiting| {
            let mut block = vec![0f32; BLOCK.min(length)];
            let mut at = vec![0i64; block.len()];
            let mut when = vec![now(); block.len()];
            for start in (0..length).step_by(BLOCK) {
                let n = BLOCK.min(length - start);
                values.copy_floats(start, &mut block[..n]);
                steps.copy_integers(start, &mut at[..n]);
                if let Some(times) = &wall_times {
                    times.copy_doubles(start, &mut when[..n]);
                }
                let points = Points {
                    values: &block[..n],
                    steps: &at[..n],
                    wall_times: &when[..n],
                };
                // A record that is dropped is counted.
                let _ = writer.append_scalars(tag, points, &mut |pause| waiting.rest(pause))?;
            }
            Ok(())
        })
    }

    /// Adds encoded `Summary.Value` messages as one event.
    #[pyo3(signature = (values, step = None, wall_time = None))]
    fn add_values(
        &self,
        py: Python<'_>,
        values: &Bound<'_, PyAny>,
        step: Option<i64>,
        wall_time: Option<f64>,
    ) -> PyResult<()> {
        let values: Vec<Bound<'_, PyValue>> = values.extract()?;
        let values = values.iter().map(|value| value.get().0.as_slice());
        self.add_large(py, step, wall_time, Encoded(values.collect()))
    }

    /// Adds a serialised `Event` as it is.
    fn add_event(&self, py: Python<'_>, event: &[u8]) -> PyResult<()> {
        self.live.append_large(py, event)
    }

    /// Adds a serialised `GraphDef`.
    #[pyo3(signature = (graph_def, wall_time = None, step = None))]
    fn add_graph_def(
        &self,
        py: Python<'_>,
        graph_def: &[u8],
        wall_time: Option<f64>,
        step: Option<i64>,
    ) -> PyResult<()> {
        self.add_large(py, step, wall_time, Graph::GraphDef(graph_def))
    }

    /// Adds a serialised `MetaGraphDef`.
    #[pyo3(signature = (meta_graph, wall_time = None, step = None))]
    fn add_meta_graph(
        &self,
        py: Python<'_>,
        meta_graph: &[u8],
        wall_time: Option<f64>,
        step: Option<i64>,
    ) -> PyResult<()> {
        self.add_large(py, step, wall_time, Graph::MetaGraph(meta_graph))
    }

    /// Adds a serialised `RunMetadata`.
    #[pyo3(signature = (tag, run_metadata, step = None, wall_time = None))]
    fn add_run_metadata(
        &self,
        py: Python<'_>,
        tag: &str,
        run_metadata: &[u8],
        step: Option<i64>,
        wall_time: Option<f64>,
    ) -> PyResult<()> {
        let data = run_metadata;
        self.add_large(py, step, wall_time, RunMetadata { tag, data })
    }

    /// Says that a session starts at `step`.
    #[pyo3(signature = (step = None, wall_time = None))]
    fn add_session_start(
        &self,
        py: Python<'_>,
        step: Option<i64>,
        wall_time: Option<f64>,
    ) -> PyResult<()> {
        self.add(py, step, wall_time, SessionLog::Start)
    }

    /// Waits until everything is as safe as `durability` says, or for `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        self.live.flush(py, ending::seconds(timeout))
    }

    /// Writes what waits and closes the file; adding afterwards begins a new one.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.live.close(py)
    }

    /// Counts a value that could not be written as dropped.
    fn count_dropped(&self) {
        self.live.count_dropped();
    }

    /// Counters by name.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.live.stats(py)
    }

    /// The file that is written; None before a forked or reopened writer has made it.
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

fn no_tag(tag: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("a tag must be a str, not {}", tag.get_type()))
}

#[inline]
fn put_scalar(tag: &str, value: f64, out: &mut Vec<u8>) {
    let value = value as f32;
    // A scalar is never so large that it can be interrupted.
    let _ = put_value(out, &PlainScalar { tag, value });
}

/// Encodes a mapping of anything that holds numbers.
fn put_mapping(values: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    for item in values.call_method0("items")?.try_iter()? {
        let item = item?.cast_into::<PyTuple>()?;
        let (tag, value) = (item.get_item(0)?, item.get_item(1)?);
        let tag = tag.cast::<PyString>().map_err(|_| no_tag(&tag))?;
        let number = match quick(&value)? {
            Some(number) => number,
            None => number(&value, "value")?,
        };
        put_scalar(tag.to_str()?, number, out);
    }
    Ok(())
}

/// Encodes a dict of plain numbers, and says whether it was one. Nothing here runs Python code,
/// which could change the dict meanwhile.
fn put_plain(values: &Bound<'_, PyDict>, out: &mut Vec<u8>) -> PyResult<bool> {
    for (tag, value) in values {
        let (Ok(tag), Some(value)) = (tag.cast::<PyString>(), plain(&value)) else {
            return Ok(false);
        };
        put_scalar(tag.to_str()?, value, out);
    }
    Ok(true)
}
