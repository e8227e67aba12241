//! The element types of a `TensorProto`: numbers on the wire, names, sizes, and values as f64.
//!
//! Source: `tensorflow/core/framework/types.proto`; the small floats are described in the
//! ml_dtypes README and in OCP's "8-bit Floating Point Specification".

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
            24 => E5M2.to_f64(u16::from(*bytes.first()?)),
            25 => E4M3FN.to_f64(u16::from(*bytes.first()?)),
            26 => E4M3FNUZ.to_f64(u16::from(*bytes.first()?)),
            27 => E4M3B11FNUZ.to_f64(u16::from(*bytes.first()?)),
            28 => E5M2FNUZ.to_f64(u16::from(*bytes.first()?)),
            33 => E2M1FN.to_f64(u16::from(*bytes.first()?)),
            _ => return None,
        })
    }
}

/// What the all-ones exponent means in a small float.
#[derive(Clone, Copy)]
enum Special {
    /// Infinities and NaNs, as in IEEE 754.
    Ieee,
    /// Numbers, but for the one pattern of all ones, which is NaN.
    OneNan,
    /// Numbers; NaN is negative zero.
    NegativeZeroNan,
    /// Numbers only.
    None,
}

struct SmallFloat {
    exponent: u32,
    mantissa: u32,
    bias: i32,
    special: Special,
}

const fn small(exponent: u32, mantissa: u32, bias: i32, special: Special) -> SmallFloat {
    SmallFloat {
        exponent,
        mantissa,
        bias,
        special,
    }
}

const HALF: SmallFloat = small(5, 10, 15, Special::Ieee);
const E5M2: SmallFloat = small(5, 2, 15, Special::Ieee);
const E4M3FN: SmallFloat = small(4, 3, 7, Special::OneNan);
const E4M3FNUZ: SmallFloat = small(4, 3, 8, Special::NegativeZeroNan);
const E4M3B11FNUZ: SmallFloat = small(4, 3, 11, Special::NegativeZeroNan);
const E5M2FNUZ: SmallFloat = small(5, 2, 16, Special::NegativeZeroNan);
const E2M1FN: SmallFloat = small(2, 1, 1, Special::None);

impl SmallFloat {
    fn to_f64(&self, bits: u16) -> f64 {
        let bits = u32::from(bits);
        let mantissa = bits & ((1 << self.mantissa) - 1);
        let ones = (1 << self.exponent) - 1;
        let exponent = (bits >> self.mantissa) & ones;
        let negative = (bits >> (self.mantissa + self.exponent)) & 1 == 1;
        let sign = if negative { -1.0 } else { 1.0 };
        match self.special {
            Special::Ieee if exponent == ones => {
                return if mantissa == 0 {
                    sign * f64::INFINITY
                } else {
                    f64::NAN
                };
            }
            Special::OneNan if exponent == ones && mantissa == (1 << self.mantissa) - 1 => {
                return f64::NAN;
            }
            Special::NegativeZeroNan if negative && exponent == 0 && mantissa == 0 => {
                return f64::NAN;
            }
            _ => {}
        }
        let fraction = f64::from(mantissa) / f64::from(1u32 << self.mantissa);
        let power = |e: i32| 2f64.powi(e - self.bias);
        sign * if exponent == 0 {
            fraction * power(1)
        } else {
            (1.0 + fraction) * power(exponent as i32)
        }
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
