//! Goes through one part of a file, record by record, and past what is damaged.
//!
//! A file is cut at arbitrary bytes so that its parts can be read at the same time. A part that
//! does not begin the file looks for the first header at or after its start, exactly as one looks
//! for the next record after damage, and reads on until a record begins beyond its end. Whoever
//! puts the parts together compares where one part ended with where the next began: if they
//! agree, the parts saw the very records that one pass would have seen; if not (a payload that
//! looks like records was cut open) the later part is walked again from the right place.

use crate::error::{Error, Result};
use crate::record::crc::{Crc, MaskedCrc};
use crate::record::{Frame, HEADER, OVERHEAD, frame, resync};
use crate::source::{Source, Window};
use std::path::Path;

/// Payloads from this size on are not read where only their head is needed.
pub const LARGE: usize = 16 << 10;

/// Bytes of a large payload that are enough to tell what is in it.
const PEEK: usize = 4 << 10;

/// Mapped beyond the end of a part, for the record that reaches over it.
const SLACK: u64 = 64 << 10;

/// A range of a file in which records begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where the range begins.
    pub low: u64,
    /// One past its last byte.
    pub high: u64,
}

/// What a walk tells of the records it meets.
pub trait Visit {
    /// A whole record whose length holds. `Err` says why it is damaged.
    fn record<C: Crc>(&mut self, offset: u64, payload: &[u8], crc: MaskedCrc)
    -> Result<(), String>;

    /// Whether a large record that begins with `head` is of no interest, so that the rest of it
    /// need not be read.
    fn skips(&mut self, head: &[u8], length: u64) -> bool;
}

/// Bytes that could not be read as a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin.
    pub offset: u64,
    /// How many.
    pub length: u64,
    /// What is wrong with them.
    pub reason: String,
}

/// What a walk over a part found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// Where the first record began; `None` if none begins in the part.
    pub first: Option<u64>,
    /// Where the next record would begin.
    pub next: u64,
    /// Whole records met, damaged payloads not counted.
    pub records: u64,
    /// What was skipped, in order.
    pub damage: Vec<Damage>,
    /// Nothing follows in this file: its end, or bytes up to its end that are no whole record.
    pub ended: bool,
}

/// A walk over one part of one source.
pub struct Walk<'a> {
    /// The bytes.
    pub source: &'a dyn Source,
    /// For messages.
    pub path: &'a Path,
    /// The part to walk.
    pub part: Part,
}

impl Walk<'_> {
    /// Walks the part. `from` is where its first record is known to begin.
    #[inline(always)]
    pub fn run<C: Crc, V: Visit>(
        &self,
        window: &mut Window,
        from: Option<u64>,
        visit: &mut V,
    ) -> Result<Span> {
        let mut span = Span::default();
        let start = match from {
            Some(offset) => Some(offset),
            None if self.part.low == 0 => Some(0),
            None => self.find::<C>(window, self.part.low, self.part.high)?,
        };
        span.first = start;
        span.next = start.unwrap_or(self.part.high);
        let (mut position, mut want) = (span.next, HEADER);
        let end = self.source.length();
        'refill: while position < self.part.high {
            let bytes = self.at(window, position, want)?;
            let left = end - position;
            if bytes.len() < want.min(usize::try_from(left).unwrap_or(usize::MAX)) {
                self.cut_short(position, left, &mut span);
                return Ok(span);
            }
            let mut at = 0;
            want = HEADER;
            // The hot loop: one turn a record, all of it in `bytes`.
            while position + (at as u64) < self.part.high {
                let offset = position + at as u64;
                match frame::<C>(&bytes[at..]) {
                    Frame::Record { payload, crc } => {
                        let length = payload.len() + OVERHEAD;
                        match visit.record::<C>(offset, payload, crc) {
                            Ok(()) => span.records += 1,
                            Err(reason) => span.damage.push(Damage {
                                offset,
                                length: length as u64,
                                reason,
                            }),
                        }
                        at += length;
                    }
                    Frame::Longer { need } if need <= end - offset => {
                        let head = &bytes[at + HEADER..];
                        let large = need > (LARGE + OVERHEAD) as u64;
                        if large && head.len() < PEEK.min(need as usize - OVERHEAD) {
                            want = HEADER + PEEK; // then look again
                        } else if large && visit.skips(head, need - OVERHEAD as u64) {
                            span.records += 1;
                            position = offset + need;
                            continue 'refill;
                        } else {
                            want = usize::try_from(need).unwrap_or(usize::MAX);
                        }
                        position = offset;
                        continue 'refill;
                    }
                    Frame::Short if end - offset >= HEADER as u64 => {
                        position = offset;
                        continue 'refill;
                    }
                    Frame::Short if offset == end => {
                        position = offset;
                        break 'refill;
                    }
                    // Fewer bytes than a header, or than the header says: perhaps still being
                    // written, unless whole records follow.
                    other @ (Frame::Short | Frame::Longer { .. } | Frame::Broken) => {
                        let broken = other == Frame::Broken;
                        match self.find::<C>(window, offset + 1, end)? {
                            Some(next) => {
                                let reason = if broken {
                                    "length checksum mismatch"
                                } else {
                                    "unfinished record, others follow"
                                };
                                self.skip(window, offset, next, reason, &mut span)?;
                                position = next;
                                continue 'refill;
                            }
                            None if broken => {
                                self.skip(
                                    window,
                                    offset,
                                    end,
                                    "length checksum mismatch",
                                    &mut span,
                                )?;
                            }
                            None => {}
                        }
                        span.next = offset;
                        span.ended = true;
                        return Ok(span);
                    }
                }
            }
            position += at as u64;
        }
        span.next = position;
        span.ended = position >= end;
        Ok(span)
    }

    #[inline(always)]
    fn at<'w>(&self, window: &'w mut Window, offset: u64, want: usize) -> Result<&'w [u8]> {
        let span = (self.part.high + SLACK).saturating_sub(offset);
        window
            .at(
                self.source,
                offset,
                want,
                usize::try_from(span).unwrap_or(usize::MAX),
            )
            .map_err(|error| Error::io(error, self.path))
    }

    /// The first header in `low..high` of a record that fits into the file.
    #[inline(never)]
    fn find<C: Crc>(&self, window: &mut Window, low: u64, high: u64) -> Result<Option<u64>> {
        let end = self.source.length();
        let mut offset = low;
        while offset < high && end - offset >= OVERHEAD as u64 {
            let bytes = self.at(window, offset, HEADER)?;
            let most = usize::try_from(high - offset)
                .unwrap_or(usize::MAX)
                .saturating_add(HEADER - 1);
            let bytes = &bytes[..bytes.len().min(most)];
            if bytes.len() < HEADER {
                break; // cut short meanwhile
            }
            if let Some(found) = resync::<C>(bytes, end - offset) {
                return Ok(Some(offset + found as u64));
            }
            offset += (bytes.len() - (HEADER - 1)) as u64;
        }
        Ok(None)
    }

    /// Lists `from..to` as damage; zeros are called by their name.
    fn skip(
        &self,
        window: &mut Window,
        from: u64,
        to: u64,
        reason: &str,
        span: &mut Span,
    ) -> Result<()> {
        let most = usize::try_from(to - from).unwrap_or(PEEK).min(PEEK);
        let bytes = self.at(window, from, most)?;
        let zeros = bytes[..most.min(bytes.len())].iter().all(|b| *b == 0);
        let reason = if zeros {
            "zeros instead of a record"
        } else {
            reason
        };
        span.damage.push(Damage {
            offset: from,
            length: to - from,
            reason: reason.into(),
        });
        Ok(())
    }

    fn cut_short(&self, offset: u64, missing: u64, span: &mut Span) {
        span.damage.push(Damage {
            offset,
            length: missing,
            reason: "the file was cut short while it was being read".into(),
        });
        span.next = offset;
        span.ended = true;
    }
}
