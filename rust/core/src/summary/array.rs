//! Arrays as they come from outside: a dtype, a shape and row-major little-endian bytes.
//!
//! The algorithms of this crate want `f64` (every dtype but 64-bit integers fits exactly) and want
//! it in blocks, so that one machine-code loop serves all dtypes: [`Array::load`] widens a block
//! into a stack buffer, which the compiler vectorises for the common dtypes, and the algorithm runs
//! over that.

use crate::error::{Error, Result};
use crate::interrupt;

/// Elements that are widened at a time.
pub(crate) const BLOCK: usize = 128;
/// Elements between two looks at whether the caller still waits: about a millisecond.
pub(crate) const STRETCH: usize = 1 << 18;

/// Element types, with the names NumPy and `ml_dtypes` give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Dtype {
    Float64,
    Float32,
    Float16,
    Bfloat16,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Bool,
    Complex64,
    Complex128,
    Float8E5m2,
    Float8E4m3fn,
    Float8E4m3fnuz,
    Float8E4m3b11fnuz,
    Float8E5m2fnuz,
    Int4,
    Uint4,
    Int2,
    Uint2,
    Float4E2m1fn,
}

use Dtype::*;

/// Name, `tensorflow.DataType` number and bytes of an element.
const DTYPES: [(Dtype, &str, i64, usize); 25] = [
    (Float32, "float32", 1, 4),
    (Float64, "float64", 2, 8),
    (Int32, "int32", 3, 4),
    (Uint8, "uint8", 4, 1),
    (Int16, "int16", 5, 2),
    (Int8, "int8", 6, 1),
    (Complex64, "complex64", 8, 8),
    (Int64, "int64", 9, 8),
    (Bool, "bool", 10, 1),
    (Bfloat16, "bfloat16", 14, 2),
    (Uint16, "uint16", 17, 2),
    (Complex128, "complex128", 18, 16),
    (Float16, "float16", 19, 2),
    (Uint32, "uint32", 22, 4),
    (Uint64, "uint64", 23, 8),
    (Float8E5m2, "float8_e5m2", 24, 1),
    (Float8E4m3fn, "float8_e4m3fn", 25, 1),
    (Float8E4m3fnuz, "float8_e4m3fnuz", 26, 1),
    (Float8E4m3b11fnuz, "float8_e4m3b11fnuz", 27, 1),
    (Float8E5m2fnuz, "float8_e5m2fnuz", 28, 1),
    (Int4, "int4", 29, 1),
    (Uint4, "uint4", 30, 1),
    (Int2, "int2", 31, 1),
    (Uint2, "uint2", 32, 1),
    (Float4E2m1fn, "float4_e2m1fn", 33, 1),
];

impl Dtype {
    /// The dtype NumPy or `ml_dtypes` calls `name`.
    pub fn named(name: &str) -> Result<Self> {
        let found = DTYPES.iter().find(|row| row.1 == name);
        found.map(|row| row.0).ok_or_else(|| {
            let known: Vec<_> = DTYPES.iter().map(|row| row.1).collect();
            Error::argument(format!(
                "dtype {name} cannot be written; allowed are {}",
                known.join(", ")
            ))
        })
    }

    fn row(self) -> &'static (Dtype, &'static str, i64, usize) {
        // The table holds every variant; a test says so.
        DTYPES
            .iter()
            .find(|row| row.0 == self)
            .unwrap_or(&DTYPES[0])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its `tensorflow.DataType` number.
    pub fn number(self) -> i64 {
        self.row().2
    }

    /// Bytes of one element; four- and two-bit integers take a whole one.
    pub fn size(self) -> usize {
        self.row().3
    }

    /// Whether every value is a single-precision float too.
    pub fn fits_single(self) -> bool {
        !matches!(self, Float64 | Int32 | Int64 | Uint32 | Uint64 | Complex128)
    }

    /// Whether NaN and the infinities can occur.
    pub fn is_float(self) -> bool {
        self.name().contains("float")
    }
}

/// A borrowed array: `data` holds the elements in row-major order, little-endian.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a> {
    /// What the elements are.
    pub dtype: Dtype,
    /// Lengths of the axes; empty for a single number.
    pub shape: &'a [usize],
    /// The elements.
    pub data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Checks that `data` is as long as `shape` and `dtype` say.
    pub fn new(dtype: Dtype, shape: &'a [usize], data: &'a [u8]) -> Result<Self> {
        let wanted = shape
            .iter()
            .try_fold(dtype.size(), |product, &axis| product.checked_mul(axis));
        if wanted != Some(data.len()) {
            return Err(Error::argument(format!(
                "an array of {} and shape {shape:?} cannot have {} bytes",
                dtype.name(),
                data.len()
            )));
        }
        Ok(Self { dtype, shape, data })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len() / self.dtype.size()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Widens elements `start..start + out.len()` into `out`; complex numbers give their real
    /// part. Elements past the end leave `out` as it is.
    #[inline]
    pub(crate) fn load(&self, start: usize, out: &mut [f64]) {
        macro_rules! numbers {
            ($type:ty) => {{
                const SIZE: usize = size_of::<$type>();
                let bytes = self.data.get(start * SIZE..).unwrap_or_default();
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<SIZE>().0) {
                    *out = <$type>::from_le_bytes(*bytes) as f64;
                }
            }};
        }
        let size = self.dtype.size();
        let bytes = self.data.get(start * size..).unwrap_or_default();
        match self.dtype {
            Float64 => numbers!(f64),
            Float32 => numbers!(f32),
            Int8 => numbers!(i8),
            Int16 => numbers!(i16),
            Int32 => numbers!(i32),
            Int64 => numbers!(i64),
            Uint8 => numbers!(u8),
            Uint16 => numbers!(u16),
            Uint32 => numbers!(u32),
            Uint64 => numbers!(u64),
            Bfloat16 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *out = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16).into();
                }
            }
            Float16 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *out = small_float(u16::from_le_bytes(*bytes).into(), 5, 10, 15, Ieee);
                }
            }
            Complex64 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<8>().0) {
                    *out = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).into();
                }
            }
            Complex128 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<16>().0) {
                    *out = bytes
                        .first_chunk()
                        .map_or(0.0, |real| f64::from_le_bytes(*real));
                }
            }
            _ => {
                for (out, &byte) in out.iter_mut().zip(bytes) {
                    *out = self.dtype.byte_to_f64(byte);
                }
            }
        }
    }

    /// Hands `each` the elements, widened, block by block, with the index of the first.
    ///
    /// # Errors
    /// If the caller of [`interrupt::watched`] has asked to stop.
    #[inline]
    pub(crate) fn blocks(&self, mut each: impl FnMut(usize, &[f64])) -> Result<()> {
        let mut block = [0.0; BLOCK];
        for stretch in (0..self.len()).step_by(STRETCH) {
            interrupt::check()?;
            let end = self.len().min(stretch + STRETCH);
            for start in (stretch..end).step_by(BLOCK) {
                let block = &mut block[..BLOCK.min(end - start)];
                self.load(start, block);
                each(start, block);
            }
        }
        Ok(())
    }

    /// All elements as `f64`.
    ///
    /// # Errors
    /// If the caller of [`interrupt::watched`] has asked to stop.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        let mut all = Vec::with_capacity(self.len());
        self.blocks(|_, block| all.extend_from_slice(block))?;
        Ok(all)
    }
}

/// How the largest codes of a small float are used.
#[derive(Clone, Copy, PartialEq)]
enum Specials {
    /// Infinities and NaN at the largest exponent.
    Ieee,
    /// No infinity; NaN is all ones.
    Fn,
    /// No infinity, no negative zero; NaN is the code of negative zero.
    Fnuz,
    /// Finite numbers only.
    Finite,
}

use Specials::{Fn, Fnuz, Ieee};

impl Dtype {
    /// The value of a one-byte element.
    fn byte_to_f64(self, byte: u8) -> f64 {
        let bits = u32::from(byte);
        match self {
            Bool => f64::from(byte != 0),
            Float8E5m2 => small_float(bits, 5, 2, 15, Ieee),
            Float8E4m3fn => small_float(bits, 4, 3, 7, Fn),
            Float8E4m3fnuz => small_float(bits, 4, 3, 8, Fnuz),
            Float8E4m3b11fnuz => small_float(bits, 4, 3, 11, Fnuz),
            Float8E5m2fnuz => small_float(bits, 5, 2, 16, Fnuz),
            Float4E2m1fn => small_float(bits & 0xf, 2, 1, 1, Specials::Finite),
            Int4 => f64::from((byte << 4) as i8 >> 4),
            Int2 => f64::from((byte << 6) as i8 >> 6),
            Uint4 => f64::from(byte & 0xf),
            Uint2 => f64::from(byte & 0x3),
            _ => f64::from(byte),
        }
    }
}

/// A float of one sign bit, `exponent` and `mantissa` bits.
#[inline]
fn small_float(bits: u32, exponent: u32, mantissa: u32, bias: i32, specials: Specials) -> f64 {
    let all = (1 << exponent) - 1;
    let sign_bit = 1 << (exponent + mantissa);
    let (power, fraction) = ((bits >> mantissa) & all, bits & ((1 << mantissa) - 1));
    let special = match specials {
        Ieee if power == all && fraction == 0 => Some(f64::INFINITY),
        Ieee => (power == all).then_some(f64::NAN),
        Fn => (bits & (sign_bit - 1) == sign_bit - 1).then_some(f64::NAN),
        Fnuz => (bits == sign_bit).then_some(f64::NAN),
        Specials::Finite => None,
    };
    let scale = |power: i32| f64::from_bits(((1023 + power) as u64) << 52);
    let magnitude = special.unwrap_or_else(|| {
        let hidden = if power == 0 { 0 } else { 1 << mantissa };
        f64::from(fraction + hidden) * scale(power.max(1) as i32 - bias - mantissa as i32)
    });
    if bits & sign_bit == 0 {
        magnitude
    } else {
        -magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_dtype_once() {
        for (index, row) in DTYPES.iter().enumerate() {
            assert_eq!(Dtype::named(row.1).map(Dtype::number).ok(), Some(row.2));
            assert!(
                DTYPES[..index]
                    .iter()
                    .all(|earlier| earlier.0 != row.0 && earlier.2 < row.2)
            );
        }
        assert!(Dtype::named("complex32").is_err());
    }

    #[test]
    fn small_floats_have_the_documented_values() {
        let first =
            |dtype, bytes: &[u8]| Array::new(dtype, &[1], bytes).and_then(|a| Ok(a.to_f64()?[0]));
        for (dtype, bytes, value) in [
            (Float16, &[0x00, 0x3c][..], 1.0),
            (Float16, &[0x01, 0x00], 5.960_464_477_539_063e-8),
            (Float16, &[0xff, 0xfb], -65504.0),
            (Float16, &[0x00, 0xfc], f64::NEG_INFINITY),
            (Bfloat16, &[0x80, 0x3f], 1.0),
            (Float8E4m3fn, &[0x7e], 448.0),
            (Float8E5m2, &[0x7b], 57344.0),
            (Float8E4m3fnuz, &[0x7f], 240.0),
            (Float8E4m3b11fnuz, &[0x7f], 30.0),
            (Float8E5m2fnuz, &[0x7f], 57344.0),
            (Float4E2m1fn, &[0x0f], -6.0),
            (Int4, &[0x0e], -2.0),
            (Int2, &[0x02], -2.0),
        ] {
            assert_eq!(first(dtype, bytes).ok(), Some(value), "{dtype:?} {bytes:?}");
        }
        assert!(first(Float8E4m3fn, &[0xff]).is_ok_and(f64::is_nan));
        assert!(first(Float8E5m2fnuz, &[0x80]).is_ok_and(f64::is_nan));
    }

    #[test]
    fn a_length_that_does_not_fit_is_refused() {
        assert!(Array::new(Float32, &[2], &[0; 7]).is_err());
        assert!(Array::new(Float32, &[usize::MAX, 2], &[0; 8]).is_err());
    }
}
