//! What tells the file that was read from another in its place: checksums of its first bytes and of
//! those before the place where reading goes on.
//!
//! Inodes are used again, files are cut short and written anew, and all event files begin alike; so
//! neither alone is enough. A file in which only the middle was rewritten passes.

use crate::record::crc::MaskedCrc;
use crate::source::Source;
use serde::{Deserialize, Serialize};
use std::io;

/// So many bytes at either end.
const WINDOW: u64 = 256;

/// Checksums of the first and the last bytes before an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    first: u32,
    last: u32,
}

impl Ends {
    /// Of the bytes of `source` before `offset`.
    pub(super) fn of(source: &dyn Source, offset: u64) -> io::Result<Self> {
        let size = WINDOW.min(offset);
        Ok(Self {
            first: checksum(source, 0, size)?,
            last: checksum(source, offset - size, size)?,
        })
    }

    /// Whether the bytes of `source` before `offset` are those these checksums are of; the first
    /// ones are looked at if `whole`.
    pub(super) fn hold(self, source: &dyn Source, offset: u64, whole: bool) -> io::Result<bool> {
        let size = WINDOW.min(offset);
        Ok(checksum(source, offset - size, size)? == self.last
            && (!whole || checksum(source, 0, size)? == self.first))
    }
}

fn checksum(source: &dyn Source, offset: u64, size: u64) -> io::Result<u32> {
    let mut bytes = [0; WINDOW as usize];
    let bytes = &mut bytes[..size as usize];
    source.read_exact_at(bytes, offset)?;
    Ok(u32::from_le_bytes(MaskedCrc::of(bytes).to_le_bytes()))
}
