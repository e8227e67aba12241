//! Numbers, strings and shapes out of a `TensorProto`.
//!
//! Elements stand in `tensor_content` (row-major, little-endian) or in the typed `*_val` field of
//! the dtype. Where fewer values are stored than the shape asks for, the last one is repeated and
//! none at all means zeros; more are ignored: the rule of TensorFlow's C++ `Tensor::FromProto`.
//! Two writer quirks of PyTorch are undone: 16-bit floats stored as the bits of a 32-bit float, and
//! uint8 stored in `uint32_val`.

use super::dtype::{DType, Storage};
use super::wire::{Field, Fields};

/// Repeating a value may make a tensor this many elements for each of its bytes, so that twenty
/// hostile bytes cannot ask for terabytes, nor a small file full of such tensors for gigabytes.
const MOST_REPEATED: u64 = 4;
/// … but this many elements are always fine.
const ALWAYS_FINE: u64 = 64;

/// Where the parts of a `TensorProto` lie.
#[derive(Debug, Clone, Copy)]
pub struct Tensor<'a> {
    /// `None` for `DT_INVALID` and numbers without a meaning.
    pub dtype: Option<DType>,
    shape: &'a [u8],
    content: &'a [u8],
    message: &'a [u8],
}

/// Why a tensor's elements cannot be told.
pub type Fault = &'static str;

impl<'a> Tensor<'a> {
    /// Where the parts of the tensor in `message` lie.
    #[inline(always)]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut tensor = Self {
            dtype: None,
            shape: &[],
            content: &[],
            message,
        };
        let mut has_shape = false;
        let mut fields = Fields::of(message);
        while !fields.is_empty() {
            match fields.next()? {
                (1, Field::Varint(v)) => tensor.dtype = DType::from_wire(v as i32),
                (2, Field::Bytes(_)) if has_shape => return None, // protobuf merges them
                (2, Field::Bytes(b)) => {
                    tensor.shape = b;
                    has_shape = true;
                }
                (4, Field::Bytes(b)) => tensor.content = b,
                (1 | 2 | 4, _) => return None,
                _ => {}
            }
        }
        Some(tensor)
    }

    /// The dimensions; an absent shape is rank 0.
    #[inline]
    pub fn dims(&self) -> Dims<'a> {
        Dims {
            fields: Fields::of(self.shape),
            rank_is_known: false,
        }
    }

    /// Rank and number of elements; `None` if a dimension is unknown or the product overflows.
    #[inline]
    pub fn rank_and_count(&self) -> Option<(usize, u64)> {
        if self.shape.is_empty() {
            return Some((0, 1));
        }
        let (mut rank, mut count) = (0, 1u64);
        for dim in self.dims() {
            count = count.checked_mul(u64::try_from(dim?).ok()?)?;
            rank += 1;
        }
        Some((rank, count))
    }

    /// The dimensions where there are exactly `N`.
    pub fn shape<const N: usize>(&self) -> Option<[u64; N]> {
        let mut dims = self.dims();
        let mut shape = [0; N];
        for size in &mut shape {
            *size = u64::try_from(dims.next()??).ok()?;
        }
        dims.next().is_none().then_some(shape)
    }

    /// The one element of a real tensor as f64.
    #[inline(always)]
    pub fn scalar(&self) -> Result<f64, Fault> {
        let dtype = self.dtype.ok_or("tensor of no known dtype")?;
        let width = dtype.width();
        if !self.content.is_empty() {
            if self.content.len() != width {
                return Err("tensor_content does not have the bytes its shape asks for");
            }
            let mut element = [0; 16];
            element[..width].copy_from_slice(self.content);
            dtype.normalize(&mut element[..width]);
            return dtype.to_f64(&element).ok_or("tensor of no real dtype");
        }
        let mut bytes = Vec::new();
        self.elements(1, &mut bytes)?;
        dtype.to_f64(&bytes).ok_or("tensor of no real dtype")
    }

    /// Appends `count` elements, row-major, little-endian, sub-byte integers widened to a byte.
    pub fn elements(&self, count: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
        let dtype = self.dtype.ok_or("tensor of no known dtype")?;
        let width = dtype.width();
        if width == 0 {
            return Err("tensor without numeric elements");
        }
        let start = out.len();
        if !self.content.is_empty() {
            if self.content.len() as u64 != count.saturating_mul(width as u64) {
                return Err("tensor_content does not have the bytes its shape asks for");
            }
            out.extend_from_slice(self.content);
            dtype.normalize(&mut out[start..]);
            return Ok(());
        }
        if count > ALWAYS_FINE.max(MOST_REPEATED * self.message.len() as u64) {
            return Err("tensor claims far more elements than it stores");
        }
        let wanted = count as usize * width; // bounded by the line above
        self.stored(dtype, wanted, out)?;
        let stored = out.len() - start;
        if stored == 0 {
            out.resize(start + wanted, 0);
        }
        while out.len() - start < wanted {
            out.extend_from_within(out.len() - width..);
        }
        dtype.normalize(&mut out[start..]);
        Ok(())
    }

    /// Appends the stored elements, at most `wanted` bytes of them.
    fn stored(&self, dtype: DType, wanted: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let end = out.len() + wanted;
        match dtype.storage() {
            Storage::Float(number) => self.fixed_values::<4>(number, end, out),
            Storage::Double(number) => self.fixed_values::<8>(number, end, out),
            Storage::Varint(number) => {
                let before = out.len();
                if dtype == DType::BOOL {
                    self.bools(end, out);
                } else {
                    self.varints(number, dtype.width(), end, out);
                }
                if before == out.len() && dtype == DType::UINT8 {
                    self.varints(16, 1, end, out); // PyTorch keeps uint8 in uint32_val
                }
            }
            Storage::Half => self.halves(dtype, end, out),
            Storage::Byte => {
                let mut bytes = &[][..];
                self.each(18, |field| {
                    if let Field::Bytes(b) = field {
                        bytes = b; // a singular field: the last one counts
                    }
                });
                out.extend_from_slice(&bytes[..bytes.len().min(wanted)]);
            }
            Storage::String | Storage::Opaque => {}
        }
        // A complex number cut in half.
        let whole = (out.len() + wanted - end) % dtype.width();
        if whole != 0 {
            Err("tensor ends within an element")
        } else {
            Ok(())
        }
    }

    fn each(&self, number: u32, mut f: impl FnMut(Field<'a>)) {
        let mut fields = Fields::of(self.message);
        while let Some((n, field)) = fields.next() {
            if n == number {
                f(field);
            }
        }
    }

    fn fixed_values<const N: usize>(&self, number: u32, end: usize, out: &mut Vec<u8>) {
        self.each(number, |field| {
            let room = end.saturating_sub(out.len());
            match field {
                Field::Bytes(packed) => out.extend_from_slice(&packed[..packed.len().min(room)]),
                Field::Fixed32(b) if room >= N => out.extend_from_slice(&b),
                Field::Fixed64(b) if room >= N => out.extend_from_slice(&b),
                _ => {}
            }
        });
    }

    /// Every varint of field `number`, packed or not.
    fn each_varint(&self, number: u32, mut f: impl FnMut(u64)) {
        self.each(number, |field| match field {
            Field::Varint(v) => f(v),
            Field::Bytes(packed) => {
                let mut numbers = Fields::of(packed);
                while let Some(v) = numbers.varint() {
                    f(v);
                }
            }
            _ => {}
        });
    }

    fn varints(&self, number: u32, width: usize, end: usize, out: &mut Vec<u8>) {
        self.each_varint(number, |value| {
            if out.len() < end {
                out.extend_from_slice(&value.to_le_bytes()[..width]);
            }
        });
    }

    /// `bool_val`: everything but zero is true.
    fn bools(&self, end: usize, out: &mut Vec<u8>) {
        self.each_varint(11, |value| {
            if out.len() < end {
                out.push(u8::from(value != 0));
            }
        });
    }

    /// `half_val`. PyTorch stores the bits of a float32 there instead; a value that needs more
    /// than 16 bits gives it away, and zero is zero either way.
    fn halves(&self, dtype: DType, end: usize, out: &mut Vec<u8>) {
        let mut wide = false;
        self.each_varint(13, |value| wide |= value as u32 > 0xffff); // an int32 on the wire
        self.each_varint(13, |value| {
            let bits = match (wide, dtype.name()) {
                (false, _) => value as u16,
                (true, "bfloat16") => bfloat16_bits(f32::from_bits(value as u32)),
                (true, _) => half_bits(f32::from_bits(value as u32)),
            };
            if out.len() < end {
                out.extend_from_slice(&bits.to_le_bytes());
            }
        });
    }

    /// The stored strings, in order.
    pub fn strings(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut fields = Fields::of(self.message);
        std::iter::from_fn(move || {
            loop {
                match fields.next()? {
                    (8, Field::Bytes(b)) => return Some(b),
                    _ => continue,
                }
            }
        })
    }

    /// `count` strings, as [`elements`](Self::elements) fills them up: the last one is repeated,
    /// none at all means empty ones, more are ignored. Those repeated are no larger in all than a
    /// few times the message, or than a few kilobytes.
    pub fn filled_strings(&self, count: u64) -> Result<Vec<&'a [u8]>, Fault> {
        let size = self.message.len() as u64;
        if count > (ALWAYS_FINE / 4).max(size) {
            return Err("tensor claims far more strings than it stores");
        }
        let count = count as usize;
        let mut strings: Vec<&[u8]> = self.strings().take(count).collect();
        let last = strings.last().copied().unwrap_or_default();
        let repeated = (count - strings.len()) as u64 * last.len() as u64;
        if repeated > (MOST_REPEATED * size).max(16 * ALWAYS_FINE) {
            return Err("tensor claims far more strings than it stores");
        }
        strings.resize(count, last);
        Ok(strings)
    }

    /// The bytes of all elements when they stand in `tensor_content` as they should.
    #[inline]
    pub fn content(&self, count: u64) -> Option<&'a [u8]> {
        let width = self.dtype?.width() as u64;
        (!self.content.is_empty() && self.content.len() as u64 == count.checked_mul(width)?)
            .then_some(self.content)
    }
}

/// Iterates over the dimensions of a shape; `None` for an unknown or malformed one.
#[derive(Debug, Clone)]
pub struct Dims<'a> {
    fields: Fields<'a>,
    /// The last `unknown_rank`, which counts, was found to be false.
    rank_is_known: bool,
}

impl Iterator for Dims<'_> {
    type Item = Option<i64>;

    #[inline]
    fn next(&mut self) -> Option<Option<i64>> {
        while !self.fields.is_empty() {
            match self.fields.next() {
                Some((2, Field::Bytes(dim))) => return Some(size(dim)),
                Some((3, Field::Varint(v))) if v != 0 && !self.rank_is_known => {
                    if self.fields.last_varint(3) != Some(0) {
                        return Some(None); // unknown rank
                    }
                    self.rank_is_known = true;
                }
                Some(_) => {}
                None => return Some(None),
            }
        }
        None
    }
}

#[inline]
fn size(dim: &[u8]) -> Option<i64> {
    if let &[0x08, size @ ..0x80] = dim {
        return Some(i64::from(size)); // nearly all there are
    }
    let mut size = 0;
    let mut fields = Fields::of(dim);
    while !fields.is_empty() {
        if let (1, Field::Varint(v)) = fields.next()? {
            size = v as i64;
        }
    }
    Some(size)
}

fn bfloat16_bits(value: f32) -> u16 {
    (value.to_bits() >> 16) as u16 // PyTorch widened a bfloat16, so the low half is zero
}

/// The float16 nearest to `value`, ties to even; exact for what was widened from float16.
pub fn half_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127;
    let mantissa = bits & 0x7f_ffff;
    let rounded = |value: u32, shift: u32| {
        let half = 1u32 << (shift - 1);
        let odd = (value >> shift) & 1;
        (value + half - 1 + odd) >> shift
    };
    let magnitude = match exponent {
        128 if mantissa != 0 => 0x7e00,
        16.. => 0x7c00,
        -14..=15 => rounded((((exponent + 15) as u32) << 23) | mantissa, 13),
        -25..=-15 => rounded(mantissa | 0x80_0000, (-exponent - 1) as u32),
        _ => 0,
    };
    sign | magnitude as u16
}

#[cfg(test)]
mod tests;
