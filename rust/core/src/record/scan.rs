//! What stands at the front of a slice, and where the next record starts after damage.
//!
//! Both are functions of a slice: maps, reads, growing files and object ranges are adapters that
//! bring the slice. A length is believed only if its own checksum holds, so a damaged length never
//! sizes anything.

use super::crc::{Crc, MaskedCrc};
use super::{CRC, FOOTER, HEADER, LENGTH, OVERHEAD};

/// The record at the front of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole record. Its payload has not been checked against `crc` yet.
    Record {
        /// The bytes between header and footer.
        payload: &'a [u8],
        /// The stored checksum of `payload`.
        crc: MaskedCrc,
    },
    /// The length holds, but the slice ends first: the whole record takes `need` bytes.
    Longer {
        /// Bytes of the whole record, framing included.
        need: u64,
    },
    /// Fewer bytes than a header.
    Short,
    /// The length fails its checksum: no record starts here.
    Broken,
}

/// Reads the frame at the front of `bytes`.
#[inline(always)]
pub fn frame<C: Crc>(bytes: &[u8]) -> Frame<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Frame::Short;
    };
    let Some(length) = length_if_valid::<C>(header) else {
        return Frame::Broken;
    };
    // `rest` is shorter than 2^63, so a length that does not fit into usize is longer, too.
    let fits = usize::try_from(length).ok().and_then(|n| {
        let footer = rest.get(n..)?.first_chunk::<FOOTER>()?;
        Some((&rest[..n], MaskedCrc::from_le_bytes(*footer)))
    });
    match fits {
        Some((payload, crc)) => Frame::Record { payload, crc },
        None => Frame::Longer {
            need: length.saturating_add(OVERHEAD as u64),
        },
    }
}

#[inline(always)]
fn length_if_valid<C: Crc>(header: &[u8; HEADER]) -> Option<u64> {
    let (length, stored) = header.split_at(LENGTH);
    let length = <[u8; LENGTH]>::try_from(length).ok()?;
    let stored = <[u8; CRC]>::try_from(stored).ok()?;
    (MaskedCrc::mask(C::crc32c(&length)) == MaskedCrc::from_le_bytes(stored))
        .then(|| u64::from_le_bytes(length))
}

/// The first offset in `bytes` where a header holds whose record ends by `available`.
///
/// `available` counts the bytes from the front of `bytes` to the end of the file, which may be
/// more than `bytes` itself holds. `None` means that no header starts in `bytes`; one that starts
/// in the last eleven bytes cannot be seen, so a caller with more bytes goes on from there.
///
/// A record that fits has zeros in the upper bytes of its length, so the search is one for zeros:
/// at memory speed in compressed images. Twelve zeros are no header, so a run of them is passed
/// over at that speed, too: files that were preallocated end in gigabytes of them. With four zeros
/// and a matching checksum, one in 2^64 random positions is taken for a header.
pub fn resync<C: Crc>(bytes: &[u8], available: u64) -> Option<usize> {
    let zeros = match available {
        0..=0xffff_ffff => 4,
        0x1_0000_0000..=0xff_ffff_ffff => 3,
        _ => 1,
    };
    let finder = memchr::memmem::Finder::new(&[0u8; 4][..zeros]);
    let mut at = LENGTH - zeros; // where the zeros of a header at `at - (LENGTH - zeros)` stand
    while let Some(found) = bytes.get(at..).and_then(|rest| finder.find(rest)) {
        at += found;
        let start = at - (LENGTH - zeros);
        let header = bytes.get(start..)?.first_chunk::<HEADER>()?;
        if let Some(length) = length_if_valid::<C>(header) {
            let end = (start as u64)
                .checked_add(OVERHEAD as u64)
                .and_then(|end| end.checked_add(length));
            if end.is_some_and(|end| end <= available) {
                return Some(start);
            }
        }
        at += 1;
        if *header == [0; HEADER] {
            let end = start + HEADER + zeros_at_front(&bytes[start + HEADER..]);
            at = end - (HEADER - 1) + (LENGTH - zeros);
        }
    }
    None
}

fn zeros_at_front(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<64>();
    let whole = 64 * chunks.iter().take_while(|c| **c == [0; 64]).count();
    whole + bytes[whole..].iter().take_while(|b| **b == 0).count()
}

#[cfg(test)]
mod tests {
    use super::super::append_record;
    use super::super::crc::Portable;
    use super::*;

    fn record(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append_record(&mut out, payload);
        out
    }

    #[test]
    fn a_record_reads_back_and_every_shorter_slice_asks_for_more() {
        let bytes = record(b"hello");
        let Frame::Record { payload, crc } = frame::<Portable>(&bytes) else {
            panic!("not a record")
        };
        assert_eq!(payload, b"hello");
        assert_eq!(crc, MaskedCrc::of(b"hello"));
        for len in 0..bytes.len() {
            let got = frame::<Portable>(&bytes[..len]);
            let want = if len < HEADER {
                Frame::Short
            } else {
                Frame::Longer { need: 21 }
            };
            assert_eq!(got, want, "{len}");
        }
    }

    #[test]
    fn an_absurd_length_never_overflows() {
        for length in [1 << 40, 1 << 62, u64::MAX] {
            let mut bytes = u64::to_le_bytes(length).to_vec();
            bytes.extend(MaskedCrc::of(&bytes).to_le_bytes());
            bytes.extend([0; 64]);
            assert!(matches!(frame::<Portable>(&bytes), Frame::Longer { need } if need > 1 << 39));
            assert_eq!(resync::<Portable>(&bytes, bytes.len() as u64), None);
        }
    }

    #[test]
    fn zeros_are_no_records() {
        assert_eq!(frame::<Portable>(&[0; 64]), Frame::Broken);
        assert_eq!(resync::<Portable>(&[0; 64], 64), None);
    }

    #[test]
    fn resync_equals_trying_every_offset() {
        let naive = |bytes: &[u8], available: u64| {
            (0..bytes.len()).find(|&at| match frame::<Portable>(&bytes[at..]) {
                Frame::Record { payload, .. } => {
                    (at + payload.len() + OVERHEAD) as u64 <= available
                }
                Frame::Longer { need } => at as u64 + need <= available,
                _ => false,
            })
        };
        let mut bytes = vec![0x5a; 40];
        bytes.extend([0; 30]);
        bytes.extend(record(&[7; 300]));
        bytes.extend(record(b""));
        bytes.extend([0; 200]);
        bytes.extend(record(b"x"));
        bytes.extend([0xff; 17]);
        for available in [bytes.len() as u64, 1 << 33, 1 << 45] {
            for start in 0..bytes.len() {
                let tail = &bytes[start..];
                let available = available.max(tail.len() as u64);
                assert_eq!(
                    resync::<Portable>(tail, available),
                    naive(tail, available),
                    "{start}"
                );
            }
        }
    }
}
