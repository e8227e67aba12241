//! Columns of numbers, read from Python buffers a block at a time.
#![expect(
    unsafe_code,
    reason = "an exported buffer becomes a slice of bytes, so that no array is copied whole"
)]

use pyo3::buffer::{Element, PyUntypedBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A contiguous buffer of one dimension and one of the kinds that [`Column::of`] was asked for.
pub struct Column {
    buffer: PyUntypedBuffer,
}

fn holds<T: Element>(buffer: &PyUntypedBuffer) -> bool {
    buffer.as_typed::<T>().is_ok()
}

impl Column {
    /// float64 or float32.
    pub fn floats(name: &str, array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let is_float = |buffer: &_| holds::<f64>(buffer) || holds::<f32>(buffer);
        Self::of(name, "float64 or float32", array, is_float)
    }

    /// float64 alone.
    pub fn doubles(name: &str, array: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(name, "float64", array, holds::<f64>)
    }

    /// int64.
    pub fn integers(name: &str, array: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(name, "int64", array, holds::<i64>)
    }

    fn of(
        name: &str,
        kind: &str,
        array: &Bound<'_, PyAny>,
        is_kind: impl Fn(&PyUntypedBuffer) -> bool,
    ) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(array)?;
        if buffer.dimensions() != 1 || !buffer.is_c_contiguous() || !is_kind(&buffer) {
            return Err(PyValueError::new_err(format!(
                "{name} must be a contiguous {kind} array of one dimension"
            )));
        }
        Ok(Self { buffer })
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.buffer.item_count()
    }

    fn bytes(&self) -> &[u8] {
        let length = self.buffer.len_bytes();
        if length == 0 {
            return &[];
        }
        // SAFETY: the buffer protocol keeps `length` initialised bytes at this address for as long
        // as `self.buffer` lives, which the lifetime of the slice is tied to, and they are
        // contiguous, which `of` checked. Bytes have no alignment and no invalid values. A thread
        // that writes into the array meanwhile races with the reads as it would with NumPy's; they
        // are only copied, so it can change a number and nothing else.
        unsafe { std::slice::from_raw_parts(self.buffer.buf_ptr().cast::<u8>(), length) }
    }

    /// Copies elements from `start` on, of whatever float they are.
    pub fn copy_floats(&self, start: usize, out: &mut [f32]) {
        if self.buffer.item_size() == size_of::<f32>() {
            let (all, _) = self.bytes().as_chunks();
            copy(&all[start..], out, f32::from_ne_bytes);
        } else {
            let (all, _) = self.bytes().as_chunks();
            copy(&all[start..], out, |bytes| f64::from_ne_bytes(bytes) as f32);
        }
    }

    /// Copies float64 elements from `start` on.
    pub fn copy_doubles(&self, start: usize, out: &mut [f64]) {
        let (all, _) = self.bytes().as_chunks();
        copy(&all[start..], out, f64::from_ne_bytes);
    }

    /// Copies int64 elements from `start` on.
    pub fn copy_integers(&self, start: usize, out: &mut [i64]) {
        let (all, _) = self.bytes().as_chunks();
        copy(&all[start..], out, i64::from_ne_bytes);
    }
}

fn copy<T, const N: usize>(from: &[[u8; N]], to: &mut [T], read: impl Fn([u8; N]) -> T) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = read(*from);
    }
}
