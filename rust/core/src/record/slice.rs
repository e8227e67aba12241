//! Goes through the records of a slice: the hot loop of every reader of whole files.
//!
//! [`scan_slice`] stops where the slice ends or something is wrong; its caller brings more bytes,
//! from a window over a file or a range of an object, and asks [`recover`](super::recover::recover)
//! where to go on.

use super::crc::{Crc, MaskedCrc};
use super::recover::Damage;
use super::{Frame, HEADER, OVERHEAD, frame};

/// Payloads from this size on are not read where only their head is needed.
pub const LARGE: usize = 16 << 10;

/// Bytes of a large payload that are enough to tell what is in it.
pub(super) const PEEK: usize = 4 << 10;

/// What is done with the records of a file.
pub trait Visitor {
    /// A whole record whose length holds; whether its payload's checksum was verified.
    fn record<C: Crc>(
        &mut self,
        offset: u64,
        payload: &[u8],
        crc: MaskedCrc,
    ) -> Result<bool, Refusal>;

    /// Whether a large record that begins with `head` is of no interest, so that the rest of it
    /// need not be read.
    fn skips(&mut self, head: &[u8], length: u64) -> bool;

    /// How far a byte range is searched for its first record. Where none is found, the range is
    /// walked again from where the one before ended: right for those who skip whatever is larger.
    fn search(&self) -> u64 {
        u64::MAX
    }
}

/// Why a record is not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Its payload fails its checksum, so where it ends is doubtful, too.
    Checksum,
    /// It is whole, but no event, or one that contradicts itself.
    Content(String),
}

/// How far the records of a file have been read, and what was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where the next record would begin.
    pub position: u64,
    /// Whole records, those with a damaged payload not counted.
    pub records: u64,
    /// Records whose checksum held.
    pub verified: u64,
    /// The last record that was not verified: where it begins, and how long it claims to be.
    pub unverified: Option<(u64, u64)>,
    /// What was skipped, in order.
    pub damage: Vec<Damage>,
}

impl Progress {
    /// Whether the last record was not verified, and the file ends at `end` before another header
    /// could speak for it.
    pub fn is_unconfirmed(&self, end: u64) -> bool {
        let ends_here = |(offset, length)| offset + length == self.position;
        self.unverified.is_some_and(ends_here) && end - self.position < HEADER as u64
    }

    /// Goes back to before the last record, if it ends here and was not verified.
    pub fn forget_unverified(&mut self) {
        let position = self.position;
        if let Some((offset, _)) = self.unverified.take_if(|(at, n)| *at + *n == position) {
            self.position = offset;
            self.records -= 1;
        }
    }
}

/// Why [`scan_slice`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The next record would begin at the limit or behind it, or the file ends here.
    Limit,
    /// So many bytes are needed from the position on.
    Want(usize),
    /// No whole, undamaged record stands at the position.
    Fault(Cause),
}

/// What is wrong at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The length fails its checksum.
    Header,
    /// The file ends before the record does, perhaps because it is still being written.
    Unfinished,
    /// The payload of a record of `length` bytes fails its checksum.
    Payload {
        /// Framing included.
        length: u64,
    },
}

/// Hands the records in `bytes`, which begin at `progress.position`, to `visitor`: those that begin
/// before `limit`. `end` is the end of the file.
#[inline(always)]
pub fn scan_slice<C: Crc, V: Visitor>(
    bytes: &[u8],
    limit: u64,
    end: u64,
    progress: &mut Progress,
    visitor: &mut V,
) -> Stop {
    let base = progress.position;
    let mut at = 0;
    let mut verified = 0;
    let stop = loop {
        let offset = base + at as u64;
        if offset >= limit {
            break Stop::Limit;
        }
        match frame::<C>(&bytes[at..]) {
            Frame::Record { payload, crc } => {
                let length = payload.len() + OVERHEAD;
                match visitor.record::<C>(offset, payload, crc) {
                    Ok(true) => verified += 1,
                    Ok(false) => {
                        progress.records += 1;
                        progress.unverified = Some((offset, length as u64));
                    }
                    Err(Refusal::Content(reason)) => {
                        progress.verified += 1;
                        progress.damage.push(Damage {
                            offset,
                            length: length as u64,
                            reason,
                        });
                    }
                    Err(Refusal::Checksum) => {
                        break Stop::Fault(Cause::Payload {
                            length: length as u64,
                        });
                    }
                }
                at += length;
            }
            Frame::Longer { need } if need <= end - offset => {
                let head = &bytes[at + HEADER..];
                let large = need > (LARGE + OVERHEAD) as u64;
                if large && head.len() < PEEK {
                    break Stop::Want(HEADER + PEEK); // then look again
                }
                if large && visitor.skips(head, need - OVERHEAD as u64) {
                    progress.unverified = Some((offset, need));
                    progress.position = offset + need;
                    progress.records += verified + 1;
                    progress.verified += verified;
                    return Stop::Want(HEADER);
                }
                break Stop::Want(usize::try_from(need).unwrap_or(usize::MAX));
            }
            Frame::Short if offset == end => break Stop::Limit,
            Frame::Short if end - offset >= HEADER as u64 => break Stop::Want(HEADER),
            Frame::Broken => break Stop::Fault(Cause::Header),
            Frame::Short | Frame::Longer { .. } => break Stop::Fault(Cause::Unfinished),
        }
    };
    progress.position = base + at as u64;
    progress.records += verified;
    progress.verified += verified;
    stop
}
