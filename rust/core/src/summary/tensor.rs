//! `TensorProto`s, in the two ways writers spell them.
//!
//! TensorFlow puts the elements into `tensor_content`, row-major and little-endian, whatever the
//! dtype; `torch`, and Python code after it, into the typed fields (`float_val`, `int_val`, …).
//! Readers take both. Strings are always `string_val`.

use std::borrow::Cow;

use super::array::{Array, Dtype};
use super::wire;
use crate::{Result, interrupt};

/// Where the elements go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `tensor_content`: the bytes as they are.
    Content,
    /// The field of the dtype.
    Fields,
    /// The field of the dtype, and no shape message: `torch`'s `new_style` scalars.
    FieldsWithoutShape,
}

/// `DT_STRING`.
const STRING: i64 = 7;

/// Appends the shape message; the shape of a single number is an empty one.
fn shape(out: &mut Vec<u8>, shape: &[usize]) {
    wire::message(out, 2, |out| {
        for &axis in shape {
            wire::message(out, 2, |out| wire::integer(out, 1, axis as i64));
        }
    });
}

/// The bytes of a string tensor.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn strings(axes: &[usize], values: &[impl AsRef<[u8]>]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    wire::integer(&mut out, 1, STRING);
    shape(&mut out, axes);
    for value in values {
        wire::begin(&mut out, 8, value.as_ref().len());
        interrupt::copy(value.as_ref(), &mut out)?;
    }
    Ok(out)
}

/// The bytes of a tensor of numbers, in two parts: the elements may be those of the array.
#[derive(Debug, Clone)]
pub struct Tensor<'a> {
    /// What comes before the elements.
    pub(super) head: Vec<u8>,
    pub(super) elements: Cow<'a, [u8]>,
}

/// A tensor of numbers.
///
/// # Errors
/// If the caller of [`interrupt::watched`](crate::interrupt::watched) has asked to stop.
pub fn tensor<'a>(array: &Array<'a>, spelling: Spelling) -> Result<Tensor<'a>> {
    let mut head = Vec::new();
    wire::integer(&mut head, 1, array.dtype.number());
    if spelling != Spelling::FieldsWithoutShape {
        shape(&mut head, array.shape);
    }
    let (field, elements) = match spelling {
        Spelling::Content => (4, Cow::Borrowed(array.data)),
        Spelling::Fields | Spelling::FieldsWithoutShape => fields(array)?,
    };
    if !elements.is_empty() {
        wire::begin(&mut head, field, elements.len());
    }
    Ok(Tensor { head, elements })
}

/// The number of the field for a dtype, and what stands in it.
fn fields<'a>(array: &Array<'a>) -> Result<(u32, Cow<'a, [u8]>)> {
    use Dtype::*;
    macro_rules! varints {
        ($field:literal, $type:ty) => {{
            let elements = array.data.as_chunks::<{ size_of::<$type>() }>().0;
            let wide = elements
                .iter()
                .map(|bytes| <$type>::from_le_bytes(*bytes) as i64 as u64);
            ($field, Cow::Owned(wire::varints(wide)?))
        }};
    }
    let as_it_is = Cow::Borrowed(array.data);
    Ok(match array.dtype {
        Float32 => (5, as_it_is),
        Float64 => (6, as_it_is),
        Int8 => varints!(7, i8),
        Int16 => varints!(7, i16),
        Int32 => varints!(7, i32),
        Uint8 => varints!(7, u8),
        Uint16 => varints!(7, u16),
        Complex64 => (9, as_it_is),
        Int64 => varints!(10, i64),
        Bool => varints!(11, u8),
        Complex128 => (12, as_it_is),
        Float16 | Bfloat16 => varints!(13, u16),
        Uint32 => varints!(16, u32),
        Uint64 => varints!(17, u64),
        Int4 | Int2 => {
            let wide = array.to_f64()?;
            let wide = wide.into_iter().map(|v| v as i64 as u64);
            (7, Cow::Owned(wire::varints(wide)?))
        }
        Uint4 | Uint2 => {
            let wide = array.data.iter().map(|&byte| byte.into());
            (7, Cow::Owned(wire::varints(wide)?))
        }
        Float8E5m2 | Float8E4m3fn | Float8E4m3fnuz | Float8E4m3b11fnuz | Float8E5m2fnuz
        | Float4E2m1fn => (18, as_it_is),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(dtype: Dtype, axes: &[usize], data: &[u8], spelling: Spelling) -> Vec<u8> {
        let array = Array::new(dtype, axes, data).expect("consistent");
        let tensor = tensor(&array, spelling).expect("nobody stops it");
        [tensor.head, tensor.elements.into_owned()].concat()
    }

    #[test]
    fn halves_are_their_own_bits() {
        let got = bytes(Dtype::Float16, &[1], &[0x00, 0x3c], Spelling::Fields);
        assert_eq!(got, [8, 19, 0x12, 4, 0x12, 2, 8, 1, 0x6a, 2, 0x80, 0x78]);
    }

    #[test]
    fn a_scalar_has_an_empty_shape_and_new_style_none() {
        let one = 1f32.to_le_bytes();
        let with = bytes(Dtype::Float32, &[], &one, Spelling::Fields);
        assert_eq!(with, [8, 1, 0x12, 0, 0x2a, 4, 0, 0, 0x80, 0x3f]);
        let without = bytes(Dtype::Float32, &[], &one, Spelling::FieldsWithoutShape);
        assert_eq!(without, [8, 1, 0x2a, 4, 0, 0, 0x80, 0x3f]);
    }

    #[test]
    fn an_axis_of_no_length_is_an_empty_dimension() {
        let got = bytes(Dtype::Float32, &[0], &[], Spelling::Content);
        assert_eq!(got, [8, 1, 0x12, 2, 0x12, 0]);
    }
}
