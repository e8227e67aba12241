//! Frames payloads.

use super::crc::{LongCrc, MaskedCrc};
use super::{HEADER, OVERHEAD};
use crate::{Result, interrupt};

/// Appends `payload` as one record.
pub fn append_record(out: &mut Vec<u8>, payload: &[u8]) {
    out.reserve(payload.len() + OVERHEAD);
    out.extend_from_slice(&header(payload.len()));
    out.extend_from_slice(payload);
    out.extend_from_slice(&MaskedCrc::of(payload).to_le_bytes());
}

/// Makes a record of what `write` appends: the payload is written once, at its final place, and
/// the header is filled in afterwards.
///
/// # Errors
/// Those of `write`; nothing is appended then.
#[inline]
pub fn frame_in_place(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    frame(out, write, |payload| Ok(MaskedCrc::of(payload)))
}

/// As [`frame_in_place`], of so many bytes that their checksum takes a while.
///
/// # Errors
/// Those of `write`, and if the caller of [`interrupt::watched`] has asked to stop.
pub fn frame_large(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    frame(out, write, |payload| {
        let mut crc = LongCrc::new();
        for stretch in payload.chunks(interrupt::STRETCH) {
            interrupt::check()?;
            crc.add(stretch);
        }
        Ok(crc.masked())
    })
}

#[inline]
fn frame(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    sum: impl FnOnce(&[u8]) -> Result<MaskedCrc>,
) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER]);
    let summed = write(out).and_then(|()| sum(&out[start + HEADER..]));
    let footer = match summed {
        Ok(crc) => crc.to_le_bytes(),
        Err(error) => {
            out.truncate(start);
            return Err(error);
        }
    };
    let payload = &out[start + HEADER..];
    let header = header(payload.len());
    out[start..start + HEADER].copy_from_slice(&header);
    out.extend_from_slice(&footer);
    Ok(())
}

/// The twelve bytes before a payload of `length` bytes.
fn header(length: usize) -> [u8; HEADER] {
    let length = (length as u64).to_le_bytes();
    let mut header = [0; HEADER];
    header[..length.len()].copy_from_slice(&length);
    header[length.len()..].copy_from_slice(&MaskedCrc::of(&length).to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_record_has_the_documented_bytes() {
        let payload = b"\x09\x00\x00\x80\x38\x99\xd6\xd7\x41\x1a\x0dbrain.Event:2";
        let mut out = Vec::new();
        append_record(&mut out, payload);
        assert_eq!(out.len(), 24 + OVERHEAD);
        assert_eq!(out[8..12], 0x224b_7fa3u32.to_le_bytes());
        assert_eq!(out[36..], 0xab36_4b12u32.to_le_bytes());
        for frame in [frame_in_place, frame_large] {
            let mut same = vec![1, 2, 3];
            let put = |out: &mut Vec<u8>| {
                out.extend_from_slice(payload);
                Ok(())
            };
            frame(&mut same, put).expect("nobody stops it");
            assert_eq!(same[3..], out);
        }
    }
}
