//! The element types of a `TensorProto`: numbers on the wire, names, sizes, and values as f64.
//!
//! Source: `tensorflow/core/framework/types.proto`.

use super::float::{
    BFLOAT16, E2M1FN, E4M3B11FNUZ, E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ, HALF, SmallFloat,
};

/// An element type that has a fixed width or is a string; the number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DType(u8);

/// How one element is stored in the typed `*_val` fields, and how wide it is in `tensor_content`.
struct Layout {
    name: &'static str,
    width: u8,
    storage: Storage,
}

/// The repeated field that holds the elements of a dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// `float_val`, or pairs in `scomplex_val`.
    Float(u32),
    /// `double_val`, or pairs in `dcomplex_val`.
    Double(u32),
    /// A repeated varint, cut to the element's width.
    Varint(u32),
    /// `half_val`: bit patterns of 16-bit floats.
    Half,
    /// `float8_val`: one byte an element.
    Byte,
    /// `string_val`.
    String,
    /// Nothing that can be shown as bytes (resources, variants).
    Opaque,
}

const fn layout(name: &'static str, width: u8, storage: Storage) -> Layout {
    Layout {
        name,
        width,
        storage,
    }
}

const LAYOUTS: [Layout; 34] = [
    layout("invalid", 0, Storage::Opaque),
    layout("float32", 4, Storage::Float(5)),
    layout("float64", 8, Storage::Double(6)),
    layout("int32", 4, Storage::Varint(7)),
    layout("uint8", 1, Storage::Varint(7)),
    layout("int16", 2, Storage::Varint(7)),
    layout("int8", 1, Storage::Varint(7)),
    layout("string", 0, Storage::String),
    layout("complex64", 8, Storage::Float(9)),
    layout("int64", 8, Storage::Varint(10)),
    layout("bool", 1, Storage::Varint(11)),
    layout("qint8", 1, Storage::Varint(7)),
    layout("quint8", 1, Storage::Varint(7)),
    layout("qint32", 4, Storage::Varint(7)),
    layout("bfloat16", 2, Storage::Half),
    layout("qint16", 2, Storage::Varint(7)),
    layout("quint16", 2, Storage::Varint(7)),
    layout("uint16", 2, Storage::Varint(7)),
    layout("complex128", 16, Storage::Double(12)),
    layout("float16", 2, Storage::Half),
    layout("resource", 0, Storage::Opaque),
    layout("variant", 0, Storage::Opaque),
    layout("uint32", 4, Storage::Varint(16)),
    layout("uint64", 8, Storage::Varint(17)),
    layout("float8_e5m2", 1, Storage::Byte),
    layout("float8_e4m3fn", 1, Storage::Byte),
    layout("float8_e4m3fnuz", 1, Storage::Byte),
    layout("float8_e4m3b11fnuz", 1, Storage::Byte),
    layout("float8_e5m2fnuz", 1, Storage::Byte),
    layout("int4", 1, Storage::Varint(7)),
    layout("uint4", 1, Storage::Varint(7)),
    layout("int2", 1, Storage::Varint(7)),
    layout("uint2", 1, Storage::Varint(7)),
    layout("float4_e2m1fn", 1, Storage::Byte),
];

impl DType {
    /// `DT_FLOAT`.
    pub const FLOAT: Self = Self(1);
    /// `DT_DOUBLE`.
    pub const DOUBLE: Self = Self(2);
    /// `DT_INT32`.
    pub const INT32: Self = Self(3);
    /// `DT_UINT8`.
    pub const UINT8: Self = Self(4);
    /// `DT_BOOL`.
    pub const BOOL: Self = Self(10);
    /// `DT_STRING`.
    pub const STRING: Self = Self(7);

    /// The dtype with this wire number; `None` for `DT_INVALID`, the `_REF` twins (+100), which
    /// TensorFlow itself refuses in a tensor, and numbers yet to be given out.
    pub fn from_wire(number: i32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (number != 0 && usize::from(number) < LAYOUTS.len()).then_some(Self(number))
    }

    /// Every dtype's name, at the index of its wire number.
    pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
        LAYOUTS.iter().map(|l| l.name)
    }

    /// The dtype called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        let number = Self::names().position(|n| n == name)?;
        Self::from_wire(i32::try_from(number).ok()?)
    }

    /// The wire number.
    #[inline]
    pub fn number(self) -> u8 {
        self.0
    }

    /// As NumPy and ml_dtypes call it.
    pub fn name(self) -> &'static str {
        LAYOUTS[usize::from(self.0)].name
    }

    /// Bytes of an element; 0 for strings and what has no bytes.
    #[inline]
    pub fn width(self) -> usize {
        usize::from(LAYOUTS[usize::from(self.0)].width)
    }

    /// Where the elements are when not in `tensor_content`.
    #[inline]
    pub fn storage(self) -> Storage {
        LAYOUTS[usize::from(self.0)].storage
    }

    /// Whether elements are real numbers (bool included).
    #[inline]
    pub fn is_real(self) -> bool {
        self.width() != 0 && !self.is_complex()
    }

    /// Whether elements are pairs.
    #[inline]
    pub fn is_complex(self) -> bool {
        matches!(self.0, 8 | 18)
    }

    /// Whether elements are floats.
    pub fn is_float(self) -> bool {
        matches!(self.0, 1 | 2 | 14 | 19 | 24..=28 | 33)
    }

    /// The element at the front of `bytes` if elements are whole numbers (bool included).
    pub fn to_i128(self, bytes: &[u8]) -> Option<i128> {
        match self.0 {
            9 => bytes
                .first_chunk()
                .map(|b| i128::from(i64::from_le_bytes(*b))),
            23 => bytes
                .first_chunk()
                .map(|b| i128::from(u64::from_le_bytes(*b))),
            _ if self.is_float() => None,
            _ => self.to_f64(bytes).map(|value| value as i128),
        }
    }

    /// The least and the largest whole number that an element can be; `None` unless elements are
    /// whole numbers (bool included: 0 and 1).
    pub fn bounds(self) -> Option<(i128, i128)> {
        let signed = |bits: u32| (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1);
        let unsigned = |bits: u32| (0, (1i128 << bits) - 1);
        Some(match self.0 {
            10 => (0, 1),
            31 => signed(2),
            29 => signed(4),
            32 => unsigned(2),
            30 => unsigned(4),
            4 | 12 | 16 | 17 | 22 | 23 => unsigned(8 * self.width() as u32),
            3 | 5 | 6 | 9 | 11 | 13 | 15 => signed(8 * self.width() as u32),
            _ => return None,
        })
    }

    /// The value nearest to `value`, ties to the even one; `None` unless elements are floats, and
    /// for what there is no such value for: a number that rounds beyond the largest, an infinity
    /// or NaN in formats without them.
    pub fn round(self, value: f64) -> Option<f64> {
        match self.0 {
            1 => {
                let near = value as f32;
                (near.is_finite() || !value.is_finite()).then_some(f64::from(near))
            }
            2 => Some(value),
            _ => self.small_float()?.round(value),
        }
    }

    fn small_float(self) -> Option<SmallFloat> {
        Some(match self.0 {
            14 => BFLOAT16,
            19 => HALF,
            24 => E5M2,
            25 => E4M3FN,
            26 => E4M3FNUZ,
            27 => E4M3B11FNUZ,
            28 => E5M2FNUZ,
            33 => E2M1FN,
            _ => return None,
        })
    }

    /// Brings the sub-byte integers to one sign-extended byte an element: `tensor_content` keeps
    /// them in the low bits, unextended, the typed fields extended.
    pub fn normalize(self, bytes: &mut [u8]) {
        let (bits, signed) = match self.0 {
            29 => (4, true),
            30 => (4, false),
            31 => (2, true),
            32 => (2, false),
            _ => return,
        };
        for byte in bytes {
            let shift = 8 - bits;
            *byte = if signed {
                (((*byte << shift) as i8) >> shift) as u8
            } else {
                (*byte << shift) >> shift
            };
        }
    }

    /// The element at the front of `bytes` (little-endian, normalized) as f64; exact for
    /// everything but 64-bit integers beyond 2^53. `None` for strings, complex numbers, and
    /// slices that are too short.
    #[inline(always)]
    pub fn to_f64(self, bytes: &[u8]) -> Option<f64> {
        fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
            bytes.first_chunk().copied()
        }
        Some(match self.0 {
            1 => f64::from(f32::from_le_bytes(first(bytes)?)),
            2 => f64::from_le_bytes(first(bytes)?),
            3 | 13 => f64::from(i32::from_le_bytes(first(bytes)?)),
            4 | 12 | 30 | 32 => f64::from(*bytes.first()?),
            5 | 15 => f64::from(i16::from_le_bytes(first(bytes)?)),
            6 | 11 | 29 | 31 => f64::from(*bytes.first()? as i8),
            9 => i64::from_le_bytes(first(bytes)?) as f64,
            10 => f64::from(u8::from(*bytes.first()? != 0)),
            14 => f64::from(f32::from_bits(
                u32::from(u16::from_le_bytes(first(bytes)?)) << 16,
            )),
            16 | 17 => f64::from(u16::from_le_bytes(first(bytes)?)),
            19 => HALF.to_f64(u16::from_le_bytes(first(bytes)?)),
            22 => f64::from(u32::from_le_bytes(first(bytes)?)),
            23 => u64::from_le_bytes(first(bytes)?) as f64,
            24..=28 | 33 => self.small_float()?.to_f64(u16::from(*bytes.first()?)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_hold_their_published_extremes() {
        let value = |name: &str, bits: u8| DType::from_name(name).unwrap().to_f64(&[bits]).unwrap();
        assert_eq!(value("float8_e5m2", 0x7b), 57344.0);
        assert_eq!(value("float8_e5m2", 0xfc), f64::NEG_INFINITY);
        assert_eq!(value("float8_e4m3fn", 0x7e), 448.0);
        assert!(value("float8_e4m3fn", 0x7f).is_nan());
        assert_eq!(value("float8_e4m3fnuz", 0x7f), 240.0);
        assert!(value("float8_e4m3fnuz", 0x80).is_nan());
        assert_eq!(value("float8_e4m3b11fnuz", 0x7f), 30.0);
        assert_eq!(value("float8_e5m2fnuz", 0x7f), 57344.0);
        assert_eq!(value("float4_e2m1fn", 0x07), 6.0);
        assert_eq!(value("float4_e2m1fn", 0x09), -0.5);
        let half = DType::from_name("float16").unwrap();
        assert_eq!(half.to_f64(&0x3c00u16.to_le_bytes()), Some(1.0));
        assert_eq!(half.to_f64(&0x0001u16.to_le_bytes()), Some(2f64.powi(-24)));
        assert_eq!(half.to_f64(&0x7bffu16.to_le_bytes()), Some(65504.0));
    }

    #[test]
    fn sub_byte_integers_are_sign_extended() {
        let mut bytes = [0x0e, 0x07, 0x08];
        DType::from_name("int4").unwrap().normalize(&mut bytes);
        assert_eq!(bytes.map(|b| b as i8), [-2, 7, -8]);
    }

    #[test]
    fn names_and_numbers_are_one_to_one() {
        for (number, name) in DType::names().enumerate().skip(1) {
            let dtype = DType::from_wire(number as i32).unwrap();
            assert_eq!(DType::from_name(name), Some(dtype));
            assert_eq!(dtype.name(), name);
        }
        assert_eq!(DType::from_wire(0), None);
        assert_eq!(DType::from_wire(101), None);
        assert_eq!(DType::from_wire(-1), None);
    }
}
