//! The `values` of tensors that are cast to one dtype.
//!
//! A cast keeps the value. Whole numbers must be held exactly, a bool is 0 or 1, and a float is
//! rounded to the nearest, ties to even; a finite number never becomes an infinity. An element that
//! does not fit is null, and its tensor stays. A tensor that holds no real numbers (strings,
//! complex numbers) is null as a whole.

use super::cast::{Elements, Target, cast};
use super::schema::{cast_item, element_type};
use crate::event::dtype::DType;
use crate::event::tensor::{Fault, Tensor, half_bits};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeListArray, ListArray, make_array, new_empty_array,
};
use arrow_buffer::{
    BooleanBuffer, BooleanBufferBuilder, MutableBuffer, NullBuffer, NullBufferBuilder,
    OffsetBuffer, ScalarBuffer,
};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use std::sync::Arc;

/// The column under construction. Elements stand as in Arrow's type for the dtype; bools, which
/// Arrow packs, a byte each.
pub(super) struct Typed {
    dtype: DType,
    element: DataType,
    elements: Elements,
    ends: Vec<i32>,
    valid: BooleanBufferBuilder,
    fixed: Option<u64>,
    scratch: Vec<u8>,
}

impl Typed {
    /// No rows yet; `shape` is that of all tensors, if they have one.
    pub(super) fn new(dtype: DType, shape: Option<&[u64]>) -> Self {
        Self {
            dtype,
            element: element_type(dtype).unwrap_or(DataType::Float64),
            elements: Elements {
                values: MutableBuffer::new(0),
                fits: NullBufferBuilder::new(0),
            },
            ends: vec![0],
            valid: BooleanBufferBuilder::new(0),
            fixed: shape.map(|s| s.iter().product()),
            scratch: Vec::new(),
        }
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> usize {
        self.elements.values.len()
    }

    /// Bytes of an element.
    fn width(&self) -> usize {
        self.element.primitive_width().unwrap_or(1)
    }

    /// Appends a tensor of `count` elements.
    pub(super) fn push(&mut self, tensor: &Tensor<'_>, count: u64) -> Result<(), Fault> {
        let last = self.ends.last().copied().unwrap_or(0);
        let end = i32::try_from(count).ok().and_then(|n| last.checked_add(n));
        let end = end.ok_or("too many elements for one batch")?;
        let mut real = None;
        if let Some(stored) = tensor.dtype.filter(|d| d.is_real()) {
            self.scratch.clear();
            tensor.elements(count, &mut self.scratch)?;
            // Of another shape are only rows that are left out in the end.
            real = Some(stored).filter(|_| self.fixed.is_none_or(|fixed| fixed == count));
        }
        if let Some(stored) = real {
            let bytes = std::mem::take(&mut self.scratch);
            self.append(stored, &bytes);
            self.scratch = bytes;
        } else {
            let missing = self.fixed.unwrap_or(0) as usize;
            self.elements.values.extend_zeros(missing * self.width());
            self.elements.fits.append_n_non_nulls(missing);
        }
        self.ends.push(if real.is_some() { end } else { last });
        self.valid.append(real.is_some());
        Ok(())
    }

    /// Appends elements cast from `stored`.
    fn append(&mut self, stored: DType, bytes: &[u8]) {
        let as_it_is = stored == self.dtype && !matches!(self.element, DataType::Boolean);
        if as_it_is && stored.width() == self.width() {
            self.elements.values.extend_from_slice(bytes);
            self.elements
                .fits
                .append_n_non_nulls(bytes.len() / self.width());
            return;
        }
        let (dtype, width) = (self.dtype, self.width());
        if !cast(stored, Target { dtype, width }, bytes, &mut self.elements) {
            self.append_each(stored, bytes);
        }
    }

    /// As `append`, element by element.
    fn append_each(&mut self, stored: DType, bytes: &[u8]) {
        for element in bytes.chunks_exact(stored.width()) {
            let fits = match self.dtype.bounds() {
                Some(bounds) => self.whole(stored, element, bounds),
                None => self.float(stored, element),
            };
            if !fits {
                self.elements.values.extend_zeros(self.width());
            }
            self.elements.fits.append(fits);
        }
    }

    /// Appends an element that is a whole number within `bounds`; whether it is one.
    fn whole(&mut self, stored: DType, element: &[u8], (low, high): (i128, i128)) -> bool {
        let value = stored.to_i128(element).or_else(|| {
            let value = stored.to_f64(element)?;
            let whole = value as i128;
            (whole as f64 == value).then_some(whole)
        });
        let Some(value) = value.filter(|value| (low..=high).contains(value)) else {
            return false;
        };
        let width = self.width();
        self.elements
            .values
            .extend_from_slice(&value.to_le_bytes()[..width]);
        true
    }

    /// Appends an element rounded to the dtype; whether there is such a value.
    fn float(&mut self, stored: DType, element: &[u8]) -> bool {
        let exact = stored.to_i128(element).map(|whole| match self.width() {
            8 => whole as f64,
            _ => sticky(whole),
        });
        let value = exact.or_else(|| stored.to_f64(element));
        let Some(value) = value.and_then(|value| self.dtype.round(value)) else {
            return false;
        };
        // Every value of the dtype is one of its Arrow type, too.
        match self.width() {
            2 => self
                .elements
                .values
                .extend_from_slice(&half_bits(value as f32).to_le_bytes()),
            4 => self
                .elements
                .values
                .extend_from_slice(&(value as f32).to_le_bytes()),
            _ => self.elements.values.extend_from_slice(&value.to_le_bytes()),
        }
        true
    }

    /// The column.
    pub(super) fn finish(&mut self) -> ArrayRef {
        let bytes = std::mem::replace(&mut self.elements.values, MutableBuffer::new(0));
        let fits = self.elements.fits.finish();
        let length = bytes.len() / self.width();
        let values: ArrayRef = if self.element == DataType::Boolean {
            let packed = BooleanBuffer::collect_bool(length, |i| bytes[i] != 0);
            Arc::new(BooleanArray::new(packed, fits))
        } else {
            let data = ArrayData::builder(self.element.clone())
                .len(length)
                .add_buffer(bytes.into())
                .nulls(fits);
            // Little-endian numbers of the right width in an aligned buffer: nothing to refuse.
            data.build()
                .map(make_array)
                .unwrap_or_else(|_| new_empty_array(&self.element))
        };
        let item = cast_item(self.element.clone());
        let nulls = Some(NullBuffer::new(self.valid.finish())).filter(|n| n.null_count() > 0);
        let ends = std::mem::replace(&mut self.ends, vec![0]);
        match self.fixed {
            Some(size) => Arc::new(FixedSizeListArray::new(item, size as i32, values, nulls)),
            None => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                Arc::new(ListArray::new(item, offsets, values, nulls))
            }
        }
    }
}

/// A whole number as a float from which rounding to fewer bits comes out as from the number itself:
/// where it has more bits than a float, the last one says that something was cut off.
fn sticky(whole: i128) -> f64 {
    let near = whole as f64;
    let back = near as i128;
    if back == whole {
        return near;
    }
    let bits = near.to_bits();
    let away = (back > whole) == (whole > 0);
    f64::from_bits((if away { bits - 1 } else { bits }) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bits of floats and of whole numbers: any, small ones, and those around powers of two.
    fn number() -> impl Strategy<Value = u64> {
        let float = |value: f64| value.to_bits();
        prop_oneof![
            any::<u64>(),
            (-300i64..300).prop_map(|whole| whole as u64),
            (-300i64..300).prop_map(move |whole| float(whole as f64)),
            (-70_000.0..70_000.0).prop_map(float),
            (0u32..64, -2i64..3).prop_map(|(bit, off)| (1u64 << bit).wrapping_add_signed(off)),
            (-160i32..160, -2i64..3, any::<bool>()).prop_map(move |(power, off, negative)| {
                let near = float(2f64.powi(power)).wrapping_add_signed(off << 29);
                near | u64::from(negative) << 63
            }),
            (0i32..66, -2i64..3)
                .prop_map(move |(power, off)| { float(2f64.powi(power) + off as f64) }),
            Just(float(f64::NAN)),
            Just(0xFFBF), // a NaN of bfloat16 that signals
            Just(float(f64::INFINITY)),
            Just(float(f64::NEG_INFINITY)),
            Just(float(-0.0)),
            Just(float(f64::MAX)),
        ]
    }

    /// The bits of each element. Which of the NaNs one is, is not said: it depends on the machine.
    fn elements(typed: &Typed) -> Vec<u64> {
        let bits = |element: &[u8]| {
            let mut bytes = [0; 8];
            bytes[..element.len()].copy_from_slice(element);
            let bits = u64::from_le_bytes(bytes);
            let is_nan = match typed.element {
                DataType::Float16 => bits & 0x7FFF > 0x7C00,
                DataType::Float32 => f32::from_bits(bits as u32).is_nan(),
                DataType::Float64 => f64::from_bits(bits).is_nan(),
                _ => false,
            };
            if is_nan { u64::MAX } else { bits }
        };
        let values = typed.elements.values.chunks_exact(typed.width());
        values.map(bits).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_whole_number_is_rounded_once(whole in any::<i64>(), shift in 0u32..40) {
            let whole = i128::from(whole >> shift);
            prop_assert_eq!(sticky(whole) as f32, whole as f32);
        }

        #[test]
        fn many_elements_are_cast_as_one_by_one(
            stored in 1..DType::names().len() as i32,
            wanted in 1..DType::names().len() as i32,
            numbers in prop::collection::vec(number(), 0..40),
        ) {
            let real = |number| DType::from_wire(number).filter(|dtype| dtype.is_real());
            let (Some(stored), Some(wanted)) = (real(stored), real(wanted)) else {
                return Ok(());
            };
            let mut bytes: Vec<u8> = Vec::new();
            for number in numbers {
                let element = match stored.name() {
                    "float32" => (f64::from_bits(number) as f32).to_le_bytes().to_vec(),
                    _ => number.to_le_bytes().to_vec(),
                };
                bytes.extend(&element[..stored.width()]);
            }
            stored.normalize(&mut bytes);
            let [mut many, mut each] = [(); 2].map(|()| Typed::new(wanted, None));
            many.append(stored, &bytes);
            let as_it_is = stored == wanted && stored.width() == each.width();
            match as_it_is && wanted != DType::BOOL {
                true => each.append(stored, &bytes),
                false => each.append_each(stored, &bytes),
            }
            prop_assert_eq!(elements(&many), elements(&each));
            prop_assert_eq!(many.elements.fits.finish(), each.elements.fits.finish());
        }
    }
}
