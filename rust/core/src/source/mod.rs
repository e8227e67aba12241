//! Where bytes come from: local files now, ranges of objects later. Knows no format.
//!
//! A [`Source`] answers "which bytes stand at this offset"; a [`Window`] slides over it and lends
//! slices. Two ways fill a window:
//!
//! - **Reads** into a buffer that is used again. Always right: the bytes are ours, another process
//!   can change nothing about them any more, and a file that was cut short merely ends early.
//! - **Maps** (Linux), for large finished files on local disks, where they save the copy and, when most of
//!   a file is skipped, the reading. What others do to a mapped file shows through the map, so
//!   its bytes count only if the file is the same *after* they were used ([`Window::is_intact`]);
//!   otherwise the caller does the work again with reads. A page that vanished because the file
//!   was cut short raises SIGBUS, which `guard` turns into zeros, for that check to find.

#[cfg(target_os = "linux")]
mod guard;
mod local;
#[cfg(target_os = "linux")]
mod map;
#[cfg(not(target_os = "linux"))]
#[path = "no_map.rs"]
mod map;
mod window;

pub use local::{Base, Identity, LocalFile, is_local};
pub use window::Window;

use std::io;

/// FNV-1a, which is the same in every process and version: for what is stored or compared across them.
pub(crate) fn stable_hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Bytes of a small file that are read at once.
const READ_AT_ONCE: usize = 1 << 20;

/// Bytes at offsets. Implemented by local files; object stores answer the same two calls with
/// range requests.
pub trait Source: Send + Sync {
    /// How many bytes there are to read. Fixed for the life of the source, however the file grows.
    fn length(&self) -> u64;

    /// Reads into `buffer` from `offset`; 0 only at the end of what is there.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// All bytes there are. Memory grows with the bytes that come, whatever the length says.
    fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let filled = bytes.len();
            let left = usize::try_from(self.length()).unwrap_or(usize::MAX) - filled;
            bytes.resize(filled + left.min(READ_AT_ONCE), 0);
            match self.read_at(&mut bytes[filled..], filled as u64) {
                Ok(0) => {
                    bytes.truncate(filled);
                    return Ok(bytes);
                }
                Ok(read) => bytes.truncate(filled + read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => bytes.truncate(filled),
                Err(error) => return Err(error),
            }
        }
    }

    /// Fills `buffer` from `offset`; an error if the bytes end before.
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    buffer = &mut buffer[read..];
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The state the file was in when it was opened, where that is known.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// The file behind the source, if it may be mapped.
    fn mappable(&self) -> Option<&LocalFile> {
        None
    }
}
