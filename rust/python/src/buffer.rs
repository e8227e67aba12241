//! Python arrays as slices. The only unsafe of the summary bindings.
#![expect(
    unsafe_code,
    reason = "an exported buffer becomes a slice, so that no array is copied"
)]

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tfevents::summary::{Array, Dtype};

/// What `_arrays.pack` makes of an array: a contiguous little-endian buffer, the name of the dtype
/// and the shape.
pub struct Packed {
    buffer: PyUntypedBuffer,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl<'py> FromPyObject<'_, 'py> for Packed {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (buffer, dtype, shape): (Bound<'py, PyAny>, String, Vec<usize>) = object.extract()?;
        let buffer = PyUntypedBuffer::get(&buffer)?;
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err("the array must be contiguous"));
        }
        let dtype = Dtype::named(&dtype).map_err(crate::summary::value_error)?;
        Ok(Self {
            buffer,
            dtype,
            shape,
        })
    }
}

impl Packed {
    /// The array, borrowed.
    pub fn array(&self) -> PyResult<Array<'_>> {
        let length = self.buffer.len_bytes();
        let data = if length == 0 {
            &[]
        } else {
            // SAFETY: The buffer protocol keeps `length` initialised bytes at this address for as
            // long as `self.buffer` lives, which the lifetime of the slice is tied to, and they
            // are contiguous, which `extract` checked. Bytes have no alignment and no invalid
            // values. Another thread that writes into the array meanwhile races with the reads
            // here as it would with NumPy's, which also runs without the interpreter lock; every
            // result stays within the bounds of what was allocated for it, whatever is read.
            unsafe { std::slice::from_raw_parts(self.buffer.buf_ptr().cast::<u8>(), length) }
        };
        Array::new(self.dtype, &self.shape, data).map_err(crate::summary::value_error)
    }
}
