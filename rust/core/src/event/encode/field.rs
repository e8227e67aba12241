//! Fields of protobuf whose sizes are known before they are written. Field numbers are those that
//! take one byte.

use crate::{Result, interrupt};

const LEN: u8 = 2;
pub(super) const I64: u8 = 1;
pub(super) const I32: u8 = 5;
pub(super) const VARINT: u8 = 0;

/// `field` with `wire` type, for the fields 1 to 15 that take one byte.
pub(super) const fn key(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

/// Bytes of `value` as a varint.
#[inline]
pub const fn varint_len(value: u64) -> usize {
    ((64 - (value | 1).leading_zeros()) as usize).div_ceil(7)
}

/// Appends `value` as a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
pub(super) const fn varint_field_len(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + varint_len(value) }
}

#[inline]
pub(super) fn put_varint_field(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(key(field, VARINT));
        put_varint(out, value);
    }
}

#[inline]
pub(super) const fn len_field_len(bytes: usize) -> usize {
    1 + varint_len(bytes as u64) + bytes
}

#[inline]
pub(super) const fn optional_len(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { len_field_len(bytes) }
}

#[inline]
pub(super) fn put_len_field(out: &mut Vec<u8>, field: u8, bytes: usize) {
    out.push(key(field, LEN));
    put_varint(out, bytes as u64);
}

#[inline]
pub(super) fn put_bytes_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_len_field(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// As `put_bytes_field`, of so many bytes that copying them takes a while.
///
/// # Errors
/// If the caller has asked to stop.
pub(super) fn put_large_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) -> Result<()> {
    put_len_field(out, field, bytes.len());
    interrupt::copy(bytes, out)
}

#[inline]
pub(super) fn put_optional(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes_field(out, field, bytes);
    }
}
