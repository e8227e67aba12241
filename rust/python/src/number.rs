//! One number out of whatever a caller logs: Python's, NumPy's, a 0-d array or tensor.
//!
//! The types of NumPy and torch are learned when one is met, and compared by address from then on:
//! to look at their names would take longer than the rest of the call.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyInt, PyString, PyType};

use crate::exit;

/// Addresses of types that were learned; none of them is ever freed.
struct Types([AtomicUsize; 12]);

/// NumPy's scalars: numbers by themselves, without Python code.
static SCALARS: Types = Types::new();
/// What has an `item()`.
static HOLDERS: Types = Types::new();

impl Types {
    const fn new() -> Self {
        Self([const { AtomicUsize::new(0) }; 12])
    }

    #[inline]
    fn has(&self, value: &Bound<'_, PyAny>) -> bool {
        let address = value.get_type_ptr() as usize;
        let known = self.0.iter().map(|slot| slot.load(Ordering::Relaxed));
        known
            .take_while(|&slot| slot != 0)
            .any(|slot| slot == address)
    }

    fn learn(&self, kind: &Bound<'_, PyType>) {
        let address = kind.as_ptr() as usize;
        for slot in &self.0 {
            let learned = slot.compare_exchange(0, address, Ordering::Relaxed, Ordering::Relaxed);
            match learned {
                Ok(_) => {
                    std::mem::forget(kind.clone());
                    return;
                }
                Err(known) if known == address => return,
                Err(_) => {}
            }
        }
    }
}

fn item_name(py: Python<'_>) -> &Bound<'_, PyString> {
    pyo3::intern!(py, "item")
}

/// Makes the names that pyo3 keeps from their first use on.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    let kind = py.get_type::<PyFloat>();
    let _ = (kind.module()?, kind.name()?, item_name(py));
    Ok(())
}

/// Learns the type of `value`, if it is one whose numbers can be had faster the next time.
#[cold]
fn learn(value: &Bound<'_, PyAny>) -> PyResult<()> {
    let kind = value.get_type();
    let (module, name) = (kind.module()?, kind.name()?);
    match (module.to_str()?, name.to_str()?) {
        (
            "numpy",
            "float16" | "float32" | "float64" | "int8" | "int16" | "int32" | "int64" | "uint8"
            | "uint16" | "uint32" | "uint64",
        ) => SCALARS.learn(&kind),
        ("numpy", "ndarray") | ("torch", "Tensor") => HOLDERS.learn(&kind),
        _ => {}
    }
    Ok(())
}

/// A number that can be had without running Python code.
#[inline]
pub fn plain(value: &Bound<'_, PyAny>) -> Option<f64> {
    if let Ok(float) = value.cast_exact::<PyFloat>() {
        return Some(float.value());
    }
    plain_other(value)
}

/// Apart, so that what floats take stays short.
#[inline(never)]
fn plain_other(value: &Bound<'_, PyAny>) -> Option<f64> {
    if value.is_exact_instance_of::<PyInt>() || SCALARS.has(value) {
        return value.extract().ok();
    }
    None
}

/// A number that can be had quickly; `None` for what needs a closer look, and for what is none.
#[inline]
pub fn quick(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if let Some(number) = plain(value) {
        return Ok(Some(number));
    }
    if !HOLDERS.has(value) {
        // A type without a name is none of those.
        let _ = learn(value);
        return Ok(None);
    }
    let item = exit::call(|| value.call_method0(item_name(value.py())));
    // More than one number, or none: the closer look says so.
    Ok(item.ok().flatten().and_then(|item| plain(&item)))
}

/// A step that can be had quickly, as by [`quick`].
#[inline]
pub fn quick_step(step: &Bound<'_, PyAny>) -> Option<i64> {
    if step.is_exact_instance_of::<PyInt>() || SCALARS.has(step) {
        return step.extract().ok();
    }
    // A type without a name is none of those.
    let _ = learn(step);
    None
}

/// A Python number, or anything that holds exactly one.
#[inline]
pub fn number(value: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
    if value.is_exact_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>() {
        return value.extract();
    }
    other_number(value, name)
}

#[cold]
fn other_number(value: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
    let wrong = |error: PyErr| {
        let py = value.py();
        let kind = value.get_type().to_string();
        let text = format!("{name} must be a number or hold exactly one, not {kind}: {error}");
        if error.is_instance_of::<PyValueError>(py) {
            return PyValueError::new_err(text);
        }
        PyTypeError::new_err(text)
    };
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
        return Err(wrong(PyTypeError::new_err("text")));
    }
    let kind = value.get_type().name()?;
    if kind == "MaskedArray" || kind == "MaskedConstant" {
        // What its `item` gives may be hidden.
        return Err(wrong(PyTypeError::new_err("a masked array")));
    }
    let held = match value.getattr_opt("item")? {
        Some(item) => item.call0().map_err(wrong)?,
        None => value.clone(),
    };
    held.extract().map_err(wrong)
}
