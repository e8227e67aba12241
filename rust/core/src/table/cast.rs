//! Casts of many elements at once, for the dtypes that tensors usually have.
//!
//! The rule is that of [`typed`](super::typed), which casts the others element by element. Here the
//! types are known before the loop: an element is read, cast and written without a branch, and
//! whether all of them fit is asked once.

use crate::event::dtype::DType;
use crate::event::tensor::half_bits;
use arrow_buffer::{MutableBuffer, NullBufferBuilder};

/// Elements that were cast, and which of them fit; those that do not are zeros.
#[derive(Debug)]
pub(super) struct Elements {
    pub(super) values: MutableBuffer,
    pub(super) fits: NullBufferBuilder,
}

/// A dtype to cast to, and the bytes of its elements in Arrow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) dtype: DType,
    pub(super) width: usize,
}

impl Target {
    /// The whole numbers of the dtype that are between these two; both, if it is a float.
    fn bounds(self, least: i128, most: i128) -> (i128, i128) {
        let (low, high) = self.dtype.bounds().unwrap_or((least, most));
        (low.max(least), high.min(most))
    }
}

/// Appends elements cast from `stored`; false, and nothing, if it is not known how.
pub(super) fn cast(stored: DType, to: Target, bytes: &[u8], out: &mut Elements) -> bool {
    match stored.name() {
        "float32" => from_f32(bytes, to, out),
        "float64" => from_float(bytes, to, out, f64::from_le_bytes),
        "bfloat16" => from_float(bytes, to, out, |b: [u8; 2]| {
            f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))
        }),
        "float16" => from_float(bytes, to, out, |b| from_half(u16::from_le_bytes(b))),
        name if name.starts_with("float8") || name.starts_with("float4") => {
            let value = |b: usize| stored.to_f64(&[b as u8]).unwrap_or(f64::NAN);
            let values: [f64; 256] = std::array::from_fn(value);
            if to.width == 2 && to.dtype.bounds().is_none() {
                let halves = values.map(|value| to_half(to.dtype, value));
                return each(bytes, out, |[b]: [u8; 1]| halves[usize::from(b)]);
            }
            from_float(bytes, to, out, |[b]: [u8; 1]| values[usize::from(b)])
        }
        "int8" | "qint8" | "int4" | "int2" => {
            from_float(bytes, to, out, |b| f64::from(i8::from_le_bytes(b)))
        }
        "uint8" | "quint8" | "uint4" | "uint2" => {
            from_float(bytes, to, out, |b| f64::from(u8::from_le_bytes(b)))
        }
        "bool" => from_float(bytes, to, out, |[b]: [u8; 1]| f64::from(u8::from(b != 0))),
        "int16" | "qint16" => from_float(bytes, to, out, |b| f64::from(i16::from_le_bytes(b))),
        "uint16" | "quint16" => from_float(bytes, to, out, |b| f64::from(u16::from_le_bytes(b))),
        "int32" | "qint32" => from_float(bytes, to, out, |b| f64::from(i32::from_le_bytes(b))),
        "uint32" => from_float(bytes, to, out, |b| f64::from(u32::from_le_bytes(b))),
        "int64" => {
            let (least, most) = to.bounds(i128::from(i64::MIN), i128::from(i64::MAX));
            let (least, most) = (least as i64, most as i64);
            let fits = |value: i64| value >= least && value <= most;
            let long = Long {
                fits: |b| fits(i64::from_le_bytes(b)),
                double: |b| i64::from_le_bytes(b) as f64,
                single: |b| i64::from_le_bytes(b) as f32,
            };
            long.cast(bytes, to, out)
        }
        "uint64" => {
            let (least, most) = to.bounds(0, i128::from(u64::MAX));
            let (least, most) = (least as u64, most as u64);
            let fits = |value: u64| value >= least && value <= most;
            let long = Long {
                fits: |b| fits(u64::from_le_bytes(b)),
                double: |b| u64::from_le_bytes(b) as f64,
                single: |b| u64::from_le_bytes(b) as f32,
            };
            long.cast(bytes, to, out)
        }
        _ => false,
    }
}

fn from_f32(bytes: &[u8], to: Target, out: &mut Elements) -> bool {
    if to.dtype.name() != "float16" {
        return from_float(bytes, to, out, |b| f64::from(f32::from_le_bytes(b)));
    }
    each(bytes, out, |b| {
        let value = f32::from_le_bytes(b);
        let half = half_bits(value);
        let infinite = half & 0x7fff == 0x7c00;
        (half.to_le_bytes(), !infinite || value.is_infinite())
    })
}

/// From elements that `read` makes floats of, which hold all of them exactly.
fn from_float<const S: usize>(
    bytes: &[u8],
    to: Target,
    out: &mut Elements,
    read: impl Fn([u8; S]) -> f64,
) -> bool {
    let dtype = to.dtype;
    if let Some((low, high)) = dtype.bounds() {
        // A bound and the number behind the other are powers of two, or zero: floats hold them.
        let (low, end) = (low as f64, (high + 1) as f64);
        let whole = |b| {
            let value = read(b);
            (value, value >= low && value < end)
        };
        return match to.width {
            1 => each(bytes, out, |b| {
                let (value, within) = whole(b);
                let cast = value as i16; // of both signs
                (
                    (cast as u8).to_le_bytes(),
                    within && f64::from(cast) == value,
                )
            }),
            2 => each(bytes, out, |b| {
                let (value, within) = whole(b);
                let cast = value as i32;
                (
                    (cast as u16).to_le_bytes(),
                    within && f64::from(cast) == value,
                )
            }),
            4 => each(bytes, out, |b| {
                let (value, within) = whole(b);
                let cast = value as i64;
                ((cast as u32).to_le_bytes(), within && cast as f64 == value)
            }),
            8 if low < 0.0 => each(bytes, out, |b| {
                let (value, within) = whole(b);
                let cast = value as i64;
                (cast.to_le_bytes(), within && cast as f64 == value)
            }),
            _ => each(bytes, out, |b| {
                let (value, within) = whole(b);
                let cast = value as u64;
                (cast.to_le_bytes(), within && cast as f64 == value)
            }),
        };
    }
    match (dtype.name(), to.width) {
        ("float64", _) => each(bytes, out, |b| (read(b).to_le_bytes(), true)),
        ("float32", _) => each(bytes, out, |b| {
            let value = read(b);
            let near = value as f32;
            (near.to_le_bytes(), near.is_finite() || !value.is_finite())
        }),
        (_, 2) => each(bytes, out, |b| to_half(dtype, read(b))),
        ("bfloat16", 4) => each(bytes, out, |b| {
            let value = read(b);
            let near = to_bfloat16(value);
            (near.to_le_bytes(), near.is_finite() || !value.is_finite())
        }),
        _ => false,
    }
}

/// Whole numbers of 64 bits, of which floats do not hold all.
struct Long<F, D, S> {
    /// Whether one is within the bounds of the dtype.
    fits: F,
    double: D,
    single: S,
}

impl<F, D, S> Long<F, D, S>
where
    F: Fn([u8; 8]) -> bool,
    D: Fn([u8; 8]) -> f64,
    S: Fn([u8; 8]) -> f32,
{
    fn cast(&self, bytes: &[u8], to: Target, out: &mut Elements) -> bool {
        if to.dtype.bounds().is_some() {
            // What is within the bounds of fewer bits is in the lower bytes.
            return match to.width {
                1 => each(bytes, out, |b: [u8; 8]| ([b[0]], (self.fits)(b))),
                2 => each(bytes, out, |b: [u8; 8]| ([b[0], b[1]], (self.fits)(b))),
                4 => each(bytes, out, |b: [u8; 8]| {
                    ([b[0], b[1], b[2], b[3]], (self.fits)(b))
                }),
                _ => each(bytes, out, |b: [u8; 8]| (b, (self.fits)(b))),
            };
        }
        match to.dtype.name() {
            "float64" => each(bytes, out, |b| ((self.double)(b).to_le_bytes(), true)),
            "float32" => each(bytes, out, |b| ((self.single)(b).to_le_bytes(), true)),
            _ => false, // rounded once, which takes a whole number of more bits
        }
    }
}

/// The nearest value of a dtype that stands in a float16, and whether there is one.
fn to_half(dtype: DType, value: f64) -> ([u8; 2], bool) {
    let rounded = dtype.round(value);
    let half = half_bits(rounded.unwrap_or(0.0) as f32);
    (half.to_le_bytes(), rounded.is_some())
}

/// The value of a float16.
fn from_half(half: u16) -> f64 {
    let magnitude = u32::from(half & 0x7fff) << 13;
    // With the exponent of a float32, it is too small by this factor; an infinity and NaN are not.
    let value = f64::from(f32::from_bits(magnitude)) * 2f64.powi(112);
    let special = f64::from(f32::from_bits(magnitude | 0x7f80_0000));
    let value = if half & 0x7c00 == 0x7c00 {
        special
    } else {
        value
    };
    if half & 0x8000 == 0 { value } else { -value }
}

/// The nearest bfloat16, ties to even, as the float32 of that value.
fn to_bfloat16(value: f64) -> f32 {
    let near = value as f32;
    let back = f64::from(near);
    // Rounded to odd, so that rounding again comes out as rounding once.
    let cut = u32::from(back != value);
    let away = u32::from(back.abs() > value.abs());
    let bits = (near.to_bits() - away) | cut;
    let even = (bits >> 16) & 1;
    let rounded = f32::from_bits((bits.wrapping_add(0x7fff + even)) & 0xffff_0000);
    if value.is_nan() { f32::NAN } else { rounded }
}

/// Appends what `one` makes of each element, and whether it fits.
#[inline(always)]
fn each<const S: usize, const W: usize>(
    bytes: &[u8],
    out: &mut Elements,
    one: impl Fn([u8; S]) -> ([u8; W], bool),
) -> bool {
    let (elements, _) = bytes.as_chunks::<S>();
    let start = out.values.len();
    out.values.resize(start + elements.len() * W, 0);
    let (values, _) = out.values.as_slice_mut()[start..].as_chunks_mut::<W>();
    let mut all = true;
    for (element, value) in elements.iter().zip(values) {
        let (cast, fits) = one(*element);
        *value = if fits { cast } else { [0; W] };
        all &= fits;
    }
    if all {
        out.fits.append_n_non_nulls(elements.len());
    } else {
        for element in elements {
            out.fits.append(one(*element).1);
        }
    }
    true
}
