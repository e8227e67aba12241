//! Protobuf, written: the handful of moves the messages of this module are made of.
//!
//! ```text
//!  field = key varint, payload
//!  key   = number << 3 | type      type 0: varint   1: 8 bytes   2: length varint, bytes   5: 4 bytes
//! ```
//!
//! As in proto3, a scalar field at its default is left out unless the caller asks for it, so that
//! what is written here is what protobuf's own serializer writes.

use crate::{Result, interrupt};

/// Numbers between two looks at whether the caller still waits: about a millisecond.
const STRETCH: usize = 1 << 18;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// Appends `value` in base 128, least significant group first.
#[inline]
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
fn key(out: &mut Vec<u8>, field: u32, kind: u32) {
    varint(out, u64::from(field << 3 | kind));
}

/// An integer field; zero is left out.
pub(crate) fn integer(out: &mut Vec<u8>, field: u32, value: i64) {
    if value != 0 {
        integer_always(out, field, value);
    }
}

/// An integer field that is written even at zero: members of a `oneof`.
pub(crate) fn integer_always(out: &mut Vec<u8>, field: u32, value: i64) {
    key(out, field, VARINT);
    varint(out, value as u64);
}

/// A double field; positive zero is left out.
pub(crate) fn double(out: &mut Vec<u8>, field: u32, value: f64) {
    if value.to_bits() != 0 {
        double_always(out, field, value);
    }
}

/// A double field that is written even at zero.
pub(crate) fn double_always(out: &mut Vec<u8>, field: u32, value: f64) {
    key(out, field, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A float field; positive zero is left out.
pub(crate) fn float(out: &mut Vec<u8>, field: u32, value: f32) {
    if value.to_bits() != 0 {
        key(out, field, FIXED32);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A bytes or string field; an empty one is left out.
pub(crate) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        bytes_always(out, field, value);
    }
}

/// A bytes, string or message field that is written even when empty: presence, or one of many.
pub(crate) fn bytes_always(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    begin(out, field, value.len());
    out.extend_from_slice(value);
}

/// A message field made of what `write` appends.
pub(crate) fn message(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes_always(out, field, &inner);
}

/// A packed field of doubles; an empty one is left out.
pub(crate) fn packed_doubles(out: &mut Vec<u8>, field: u32, values: &[f64]) {
    if values.is_empty() {
        return;
    }
    begin(out, field, values.len() * 8);
    out.reserve(values.len() * 8);
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A packed field of varints; an empty one is left out.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn packed_varints(
    out: &mut Vec<u8>,
    field: u32,
    values: impl Iterator<Item = u64>,
) -> Result<()> {
    large(out, field, &varints(values)?)
}

/// `values` as varints. Negative numbers take ten bytes, as protobuf's own.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn varints(mut values: impl Iterator<Item = u64>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        interrupt::check()?;
        let before = out.len();
        let stretch = values.by_ref().take(STRETCH);
        stretch.for_each(|value| varint(&mut out, value));
        if out.len() == before {
            return Ok(out);
        }
    }
}

/// As [`bytes`], of so many that copying them takes a while.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn large(out: &mut Vec<u8>, field: u32, value: &[u8]) -> Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    begin(out, field, value.len());
    interrupt::copy(value, out)
}

/// A message field of three parts, of which `value` takes a while to copy.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn parts(
    out: &mut Vec<u8>,
    field: u32,
    head: &[u8],
    value: &[u8],
    tail: &[u8],
) -> Result<()> {
    begin(out, field, head.len() + value.len() + tail.len());
    out.reserve(head.len() + value.len() + tail.len());
    out.extend_from_slice(head);
    interrupt::copy(value, out)?;
    out.extend_from_slice(tail);
    Ok(())
}

/// The key and the length of a field of `length` bytes, which follow.
pub(crate) fn begin(out: &mut Vec<u8>, field: u32, length: usize) {
    key(out, field, BYTES);
    varint(out, length as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_protobuf_writes_them() {
        let mut out = Vec::new();
        integer(&mut out, 2, 0);
        integer(&mut out, 2, 300);
        integer(&mut out, 2, -1);
        bytes(&mut out, 1, b"");
        bytes(&mut out, 1, b"ab");
        double(&mut out, 3, 0.0);
        double(&mut out, 3, -0.0);
        float(&mut out, 4, 1.0);
        packed_varints(&mut out, 5, [1, 200].into_iter()).expect("nobody stops it");
        let wanted = [
            &[0x10, 0xac, 0x02][..],
            &[
                0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            &[0x0a, 2, b'a', b'b'],
            &[0x19, 0, 0, 0, 0, 0, 0, 0, 0x80],
            &[0x25, 0, 0, 0x80, 0x3f],
            &[0x2a, 3, 1, 0xc8, 1],
        ]
        .concat();
        assert_eq!(out, wanted);
    }
}
