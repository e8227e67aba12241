//! The scalar call of `SummaryWriter` without a Python frame, which would cost more than the call.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::exit;
use crate::number::{quick, quick_step};
use crate::writer::PyWriter;

/// What `SummaryWriter` inherits: a plain scalar goes straight to the writer, every other call to
/// the subclass' `_add_scalar`, with all arguments.
#[pyclass(name = "SummaryBase", module = "tfevents._native", subclass, frozen)]
pub struct PySummaryBase {
    writer: Mutex<Option<Py<PyWriter>>>,
}

#[pymethods]
impl PySummaryBase {
    #[new]
    #[pyo3(signature = (*_args, **_options))]
    fn new(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            writer: Mutex::new(None),
        }
    }

    /// Where plain scalars go; None to have `_add_scalar` called for them, too.
    #[pyo3(signature = (writer))]
    fn _direct(&self, writer: Option<Py<PyWriter>>) {
        let mut current = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, writer);
        drop(current);
        drop(before);
    }

    /// Adds a scalar.
    ///
    /// Args:
    ///     tag: The tag.
    ///     scalar_value: A number, or an array of one element; NaN and infinities are kept.
    ///     global_step: The step, an integer.
    ///     walltime: Seconds since 1970; now, if None.
    ///     new_style: Store it as a tensor with the metadata of the scalars plugin.
    ///     double_precision: With ``new_style``, keep all of a double.
    ///     display_name: What to show instead of the tag. It may stand in the place of
    ///         ``new_style``, and ``summary_description`` in that of ``double_precision``, as in
    ///         tensorboardX.
    ///     summary_description: A description, in Markdown.
    ///
    /// Raises:
    ///     TypeError: If ``tag`` is no string, ``scalar_value`` no number, or ``global_step`` no
    ///         integer.
    ///     ValueError: If ``scalar_value`` holds more than one number, or a text a lone surrogate.
    #[pyo3(
        signature = (tag, scalar_value, global_step = None, walltime = None, new_style = None,
            double_precision = None, display_name = None, summary_description = None),
        text_signature = "($self, tag, scalar_value, global_step=None, walltime=None, \
            new_style=False, double_precision=False, display_name='', summary_description='')"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the writers' of torch and tensorboardX"
    )]
    fn add_scalar(
        slf: &Bound<'_, Self>,
        tag: &Bound<'_, PyAny>,
        scalar_value: &Bound<'_, PyAny>,
        global_step: Option<&Bound<'_, PyAny>>,
        walltime: Option<&Bound<'_, PyAny>>,
        new_style: Option<&Bound<'_, PyAny>>,
        double_precision: Option<&Bound<'_, PyAny>>,
        display_name: Option<&Bound<'_, PyAny>>,
        summary_description: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let given = [
            walltime,
            new_style,
            double_precision,
            display_name,
            summary_description,
        ];
        if let (Ok(text), Some(step)) = (tag.cast_exact::<PyString>(), global_step)
            && given.iter().all(Option::is_none)
            && let (Ok(text), Some(step)) = (text.to_str(), quick_step(step))
            && let Some(writer) = slf.get().writer(slf.py())
            && let Some(value) = quick(scalar_value)?
        {
            return writer.get().add_plain(slf.py(), text, value, step);
        }
        let arguments = (
            tag,
            scalar_value,
            global_step,
            walltime,
            new_style,
            double_precision,
            display_name,
            summary_description,
        );
        exit::call(|| slf.call_method1("_add_scalar", arguments)).map(drop)
    }
}

impl PySummaryBase {
    /// A reference of its own, since the call may wait and another one change the writer.
    #[inline]
    fn writer(&self, py: Python<'_>) -> Option<Py<PyWriter>> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.as_ref().map(|writer| writer.clone_ref(py))
    }
}
