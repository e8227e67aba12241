//! Bytes to records and back. Knows framing and checksums; knows no protobuf and does no I/O.
//!
//! ```text
//!  0        8      12               12+n    16+n
//!  +--------+------+-----------------+-------+
//!  | n: u64 | crc  | payload (n)     | crc   |      all little-endian
//!  +--------+------+-----------------+-------+
//!            of n                     of payload    both masked CRC-32C
//! ```
//!
//! A file is a plain concatenation of records: no header, no footer, no index, no alignment.
//! Source: `tensorflow/core/lib/io/record_writer.h`.

pub mod crc;
pub mod recover;
mod scan;
pub mod slice;
mod write;

pub use scan::{Frame, frame, resync};
pub use write::{append_record, frame_in_place, frame_large};

/// Bytes of the length field.
pub const LENGTH: usize = 8;
/// Bytes of a checksum.
pub const CRC: usize = 4;
/// Bytes before the payload: the length and its checksum.
pub const HEADER: usize = LENGTH + CRC;
/// Bytes after the payload: its checksum.
pub const FOOTER: usize = CRC;
/// Bytes that framing adds to a payload.
pub const OVERHEAD: usize = HEADER + FOOTER;
