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

/// Whoever passes large payloads over searches no further for the first record of a part: among
/// large payloads, going from header to header is cheaper than looking for one.
pub const SHORT_SEARCH: u64 = 4 * LARGE as u64;

/// Bytes of a large payload that are enough to tell what is in it.
const PEEK: usize = 4 << 10;

/// So much may be searched again and again.
const FEW_BYTES: u64 = 64 << 20;

/// Mapped beyond the end of a part, for the record that reaches over it; costs nothing untouched.
const SLACK: u64 = 2 << 20;

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

    /// How far a part is searched for its first record. Where none is found, the part is walked
    /// again from where the one before ended: right for those who skip whatever is larger.
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

impl Refusal {
    const CHECKSUM: &str = "payload checksum mismatch";
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
        self.fill::<C, V>(window, from, visit, &mut span)?;
        Ok(span)
    }

    /// Like [`run`](Self::run); where the system refuses to read, everything from there to the end
    /// of the file is damage.
    #[inline(always)]
    pub fn run_readable<C: Crc, V: Visit>(
        &self,
        window: &mut Window,
        from: Option<u64>,
        visit: &mut V,
    ) -> Span {
        let mut span = Span::default();
        if let Err(error) = self.fill::<C, V>(window, from, visit, &mut span) {
            span.damage.push(Damage {
                offset: span.next,
                length: self.source.length().saturating_sub(span.next),
                reason: error.reason(),
            });
            span.ended = true;
        }
        span
    }

    #[inline(always)]
    fn fill<C: Crc, V: Visit>(
        &self,
        window: &mut Window,
        from: Option<u64>,
        visit: &mut V,
        span: &mut Span,
    ) -> Result<()> {
        span.next = from.unwrap_or(self.part.low);
        let start = match from {
            Some(offset) => Some(offset),
            None if self.part.low == 0 => Some(0),
            None => {
                let high = self.part.low.saturating_add(visit.search());
                self.find::<C>(window, self.part.low, high.min(self.part.high))?
            }
        };
        span.first = start;
        let mut position = start.unwrap_or(self.part.high);
        let mut doubts = Doubts::default();
        loop {
            position = self.records::<C, V>(window, position, span, &mut doubts, visit)?;
            // A large record that was not read may have been torn, with others behind it.
            match self.second_look::<C>(window, position, span, &mut doubts)? {
                Some(resume) => position = resume,
                None => break,
            }
        }
        span.next = position;
        span.ended |= position >= self.source.length();
        Ok(())
    }

    /// Walks records from `position` on; where the next would begin.
    #[inline(always)]
    fn records<C: Crc, V: Visit>(
        &self,
        window: &mut Window,
        mut position: u64,
        span: &mut Span,
        doubts: &mut Doubts,
        visit: &mut V,
    ) -> Result<u64> {
        let end = self.source.length();
        let mut want = HEADER;
        'refill: while position < self.part.high {
            span.next = position; // as far as all is well, should the system refuse to read
            let bytes = self.at(window, position, want)?;
            let left = end - position;
            if bytes.len() < want.min(usize::try_from(left).unwrap_or(usize::MAX)) {
                cut_short(position, left, span);
                return Ok(position);
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
                            Ok(true) => span.records += 1,
                            Ok(false) => {
                                span.records += 1;
                                doubts.unread = Some((offset, length as u64));
                            }
                            Err(Refusal::Content(reason)) => {
                                span.damage.push(Damage {
                                    offset,
                                    length: length as u64,
                                    reason,
                                });
                            }
                            Err(Refusal::Checksum) => {
                                span.next = offset;
                                position =
                                    self.torn::<C>(window, offset, length as u64, span, doubts)?;
                                continue 'refill;
                            }
                        }
                        at += length;
                    }
                    Frame::Longer { need } if need <= end - offset => {
                        let head = &bytes[at + HEADER..];
                        let large = need > (LARGE + OVERHEAD) as u64;
                        position = offset;
                        if large && head.len() < PEEK.min(need as usize - OVERHEAD) {
                            want = HEADER + PEEK; // then look again
                        } else if large && visit.skips(head, need - OVERHEAD as u64) {
                            span.records += 1;
                            doubts.unread = Some((offset, need));
                            position += need;
                        } else {
                            want = usize::try_from(need).unwrap_or(usize::MAX);
                        }
                        continue 'refill;
                    }
                    Frame::Short if end - offset >= HEADER as u64 => {
                        position = offset;
                        continue 'refill;
                    }
                    Frame::Short if offset == end => return Ok(offset),
                    other @ (Frame::Short | Frame::Longer { .. } | Frame::Broken) => {
                        let broken = other == Frame::Broken;
                        span.next = offset;
                        match self.no_record::<C>(window, offset, broken, span, doubts)? {
                            Some(resume) => position = resume,
                            None => return Ok(offset),
                        }
                        continue 'refill;
                    }
                }
            }
            position += at as u64;
        }
        Ok(position)
    }

    /// No whole record stands at `offset`: either its length fails, or it has fewer bytes than it
    /// says, perhaps because it is still being written. Where to go on, if anywhere.
    #[cold]
    fn no_record<C: Crc>(
        &self,
        window: &mut Window,
        offset: u64,
        broken: bool,
        span: &mut Span,
        doubts: &mut Doubts,
    ) -> Result<Option<u64>> {
        if let Some(resume) = self.second_look::<C>(window, offset, span, doubts)? {
            return Ok(Some(resume));
        }
        let end = self.source.length();
        let next = self.find::<C>(window, offset + 1, end)?;
        if broken || next.is_some() {
            let reason = if broken {
                "length checksum mismatch"
            } else {
                "unfinished record, others follow"
            };
            self.skip(window, offset, next.unwrap_or(end), reason, span)?;
        }
        span.ended = next.is_none();
        Ok(next)
    }

    /// A record fails its checksum. If another begins where it ends, it is damaged within; if not,
    /// it was torn, and what follows it may begin anywhere in it.
    #[cold]
    fn torn<C: Crc>(
        &self,
        window: &mut Window,
        offset: u64,
        length: u64,
        span: &mut Span,
        doubts: &mut Doubts,
    ) -> Result<u64> {
        let mut next = offset + length;
        // Every byte is searched again a few times at the most, whatever a large hostile file claims.
        let most = FEW_BYTES + 4 * (self.part.high - self.part.low);
        if doubts.searched < most && !self.begins::<C>(window, next)? {
            doubts.searched += length;
            next = self.find::<C>(window, offset + 1, next)?.unwrap_or(next);
        }
        let reason = Refusal::CHECKSUM.to_owned();
        span.damage.push(Damage {
            offset,
            length: next - offset,
            reason,
        });
        Ok(next)
    }

    /// At `position`, where the last unread record ends, no other begins: was it torn?
    #[cold]
    fn second_look<C: Crc>(
        &self,
        window: &mut Window,
        position: u64,
        span: &mut Span,
        doubts: &mut Doubts,
    ) -> Result<Option<u64>> {
        let Some((offset, length)) = doubts.unread.take() else {
            return Ok(None);
        };
        if offset + length != position || self.begins::<C>(window, position)? {
            return Ok(None);
        }
        let bytes = self.at(
            window,
            offset,
            usize::try_from(length).unwrap_or(usize::MAX),
        )?;
        if let Frame::Record { payload, crc } = frame::<C>(bytes)
            && MaskedCrc::mask(C::crc32c(payload)) != crc
        {
            span.records -= 1;
            return self
                .torn::<C>(window, offset, length, span, doubts)
                .map(Some);
        }
        Ok(None)
    }

    /// Whether a record begins at `offset`, or the file ends there.
    fn begins<C: Crc>(&self, window: &mut Window, offset: u64) -> Result<bool> {
        let bytes = self.at(window, offset, HEADER)?;
        Ok(frame::<C>(bytes) != Frame::Broken)
    }

    #[inline(always)]
    fn at<'w>(&self, window: &'w mut Window, offset: u64, want: usize) -> Result<&'w [u8]> {
        let span = (self.part.high + SLACK).saturating_sub(offset).max(SLACK);
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
}

fn cut_short(offset: u64, missing: u64, span: &mut Span) {
    span.damage.push(Damage {
        offset,
        length: missing,
        reason: "the file was cut short while it was being read".into(),
    });
    span.ended = true;
}

/// What a walk is not sure of.
#[derive(Debug, Default)]
struct Doubts {
    /// The last record that was skipped unread: where it begins, and how long it claims to be.
    unread: Option<(u64, u64)>,
    /// Bytes searched in torn records.
    searched: u64,
}
