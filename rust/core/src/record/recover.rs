//! Where to go on after damage.
//!
//! A header is believed if its checksum holds and its record fits into the file. What is decided
//! depends on the bytes alone, never on where a reader cut the file or began.
//!
//! The end of a file is read in one of two ways ([`End`]). A file that is finished ends where it
//! ends: what stands there is judged as it is. A file that grows may have its last record, or a hole
//! before it, filled in later; so nothing counts as damage there that more bytes could make whole,
//! until a record that was verified stands behind it.

use super::crc::{Crc, MaskedCrc};
use super::slice::{Cause, PEEK, Progress, Refusal, Stop, Visitor, scan_slice};
use super::{Frame, HEADER, OVERHEAD, frame, resync};
use crate::error::Result;

/// So many bytes of torn records are searched before those behind them have to pay for it.
const FREE_SEARCH: u64 = 64 << 20;

/// Every byte that is passed pays for the search of so many.
const SEARCHES_PER_BYTE: u64 = 4;

/// No longer record is waited for: a header that claims one is taken for chance.
const LONGEST_AWAITED: u64 = (1 << 40) - 1;

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

/// How the end of a file is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// Nothing will come after it.
    #[default]
    Final,
    /// More may come, and what stands there may still change.
    Growing,
    /// More may come, but has not for so long that what stands there is judged as it is. What
    /// nothing follows is no damage, for it may be what comes next.
    Settled,
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// At `position`.
    Here,
    /// Nowhere: nothing up to the end of the file is a record.
    Nowhere,
    /// Not yet: only the bytes to come can tell.
    Later,
}

/// The bytes of a file, at hand or fetched.
pub trait Input {
    /// The end of the file.
    fn end(&self) -> u64;

    /// The bytes from `offset` on: at least `want` unless the file ends before.
    fn at(&mut self, offset: u64, want: usize) -> Result<&[u8]>;
}

/// How much has been searched in torn records for what was not paid by bytes passed since.
///
/// A hostile file can claim that records lie in records. Each has to be checked and searched, which
/// is too much if nearly every byte begins one; so beyond a fixed amount it takes as much progress.
/// This is a property of a place in a file: it is part of a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SearchDebt {
    bytes: u64,
    at: u64,
}

impl SearchDebt {
    /// What is owed at `offset`.
    pub fn owed(self, offset: u64) -> u64 {
        let paid = offset
            .saturating_sub(self.at)
            .saturating_mul(SEARCHES_PER_BYTE);
        self.bytes.saturating_sub(paid)
    }

    /// A debt of `bytes` at `offset`.
    pub fn new(bytes: u64, offset: u64) -> Self {
        Self { bytes, at: offset }
    }
}

/// Finds out where reading goes on from a fault at `progress.position`, and lists what is skipped.
/// A record before it that was not verified has been looked at again.
#[cold]
pub fn recover<C: Crc>(
    input: &mut dyn Input,
    cause: Cause,
    end: End,
    progress: &mut Progress,
    debt: &mut SearchDebt,
) -> Result<Resume> {
    match cause {
        Cause::Payload { length } => {
            torn::<C>(input, progress.position, length, end, progress, debt)
        }
        Cause::Unfinished if end == End::Growing => Ok(Resume::Later),
        Cause::Header | Cause::Unfinished => no_record::<C>(input, cause, end, progress),
    }
}

/// Looks at the last record again if it was not verified, ends here, and no other begins here: it
/// may have been torn, with others behind its head. Its length if it was; `progress` is then back at
/// it.
#[cold]
pub fn torn_if_skipped<C: Crc>(
    input: &mut dyn Input,
    end: End,
    progress: &mut Progress,
) -> Result<Option<u64>> {
    let position = progress.position;
    let Some((offset, length)) = progress.unverified.filter(|(at, n)| at + n == position) else {
        return Ok(None);
    };
    if progress.is_unconfirmed(input.end()) && end == End::Growing {
        return Ok(None);
    }
    if begins::<C>(input, position)? {
        progress.unverified = None;
        return Ok(None);
    }
    let bytes = input.at(offset, usize::try_from(length).unwrap_or(usize::MAX))?;
    match frame::<C>(bytes) {
        Frame::Record { payload, crc } if MaskedCrc::mask(C::crc32c(payload)) != crc => {
            progress.forget_unverified();
            Ok(Some(length))
        }
        _ => {
            progress.unverified = None;
            Ok(None)
        }
    }
}

/// In a file that grows: where the verified record stands that tells that the fault at
/// `progress.position` is none that more bytes could mend. It lies behind what the faulty records
/// claim to be; `None` if there is none by now.
#[cold]
pub fn confirm<C: Crc>(
    input: &mut dyn Input,
    cause: Cause,
    progress: &Progress,
    mut debt: SearchDebt,
) -> Result<Option<u64>> {
    let mut ahead = Progress {
        damage: Vec::new(),
        ..progress.clone()
    };
    let mut claimed = 0;
    let mut cause = cause;
    let (mut want, end) = (HEADER, input.end());
    'fault: loop {
        if let Cause::Payload { length } = cause {
            claimed = claimed.max(ahead.position + length);
        }
        if recover::<C>(input, cause, End::Growing, &mut ahead, &mut debt)? != Resume::Here {
            return Ok(None);
        }
        while ahead.position < end {
            let bytes = input.at(ahead.position, want)?;
            if (bytes.len() as u64) < (want as u64).min(end - ahead.position) {
                return Ok(None); // cut short meanwhile
            }
            let (position, verified) = (ahead.position, ahead.verified);
            let limit = claimed.max(position + 1);
            want = HEADER;
            match scan_slice::<C, _>(bytes, limit, end, &mut ahead, &mut Checksums) {
                Stop::Limit if position >= claimed && ahead.verified > verified => {
                    return Ok(Some(position));
                }
                Stop::Limit => {}
                Stop::Want(more) => want = more,
                Stop::Fault(other) => {
                    cause = other;
                    continue 'fault;
                }
            }
        }
        return Ok(None);
    }
}

/// Checks the checksum of every record.
struct Checksums;

impl Visitor for Checksums {
    fn record<C: Crc>(&mut self, _: u64, payload: &[u8], crc: MaskedCrc) -> Result<bool, Refusal> {
        match MaskedCrc::mask(C::crc32c(payload)) == crc {
            true => Ok(true),
            false => Err(Refusal::Checksum),
        }
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }
}

/// No whole record stands at the position.
fn no_record<C: Crc>(
    input: &mut dyn Input,
    cause: Cause,
    end: End,
    progress: &mut Progress,
) -> Result<Resume> {
    let (offset, file_end) = (progress.position, input.end());
    let next = match find::<C>(input, offset + 1, file_end, end)? {
        Found::At(next) => Some(next),
        Found::NotYet => return Ok(Resume::Later),
        Found::Nothing if end == End::Growing => return Ok(Resume::Later),
        Found::Nothing => None,
    };
    let broken = cause == Cause::Header;
    if broken || next.is_some() {
        let to = next.unwrap_or(file_end);
        let reason = match cause {
            _ if are_zeros(input, offset, to)? => "zeros instead of a record",
            Cause::Header => "length checksum mismatch",
            _ => "unfinished record, others follow",
        };
        progress.damage.push(Damage {
            offset,
            length: to - offset,
            reason: reason.to_owned(),
        });
    }
    progress.position = next.unwrap_or(offset);
    Ok(match next {
        Some(_) => Resume::Here,
        None => Resume::Nowhere,
    })
}

/// The record at `offset` fails its checksum. If another begins where it ends, it is damaged within;
/// if not, it was torn, and what follows it may begin anywhere in it.
fn torn<C: Crc>(
    input: &mut dyn Input,
    offset: u64,
    length: u64,
    end: End,
    progress: &mut Progress,
    debt: &mut SearchDebt,
) -> Result<Resume> {
    let mut next = offset + length;
    if end == End::Growing && input.end() - next < HEADER as u64 {
        return Ok(Resume::Later);
    }
    let owed = debt.owed(offset);
    if owed < FREE_SEARCH && !begins::<C>(input, next)? {
        *debt = SearchDebt::new(owed + length, offset);
        match find::<C>(input, offset + 1, next, end)? {
            Found::At(found) => next = found,
            Found::NotYet => return Ok(Resume::Later),
            Found::Nothing => {}
        }
    }
    progress.damage.push(Damage {
        offset,
        length: next - offset,
        reason: "payload checksum mismatch".to_owned(),
    });
    progress.position = next;
    Ok(Resume::Here)
}

/// Whether a record begins at `offset`, or the file ends there.
fn begins<C: Crc>(input: &mut dyn Input, offset: u64) -> Result<bool> {
    let bytes = input.at(offset, HEADER)?;
    Ok(frame::<C>(bytes) != Frame::Broken)
}

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The header of a record that fits into the file.
    At(u64),
    /// In a file that grows: a header whose record does not fit yet.
    NotYet,
    /// Neither.
    Nothing,
}

/// The first header in `low..high`.
#[inline(never)]
pub fn find<C: Crc>(input: &mut dyn Input, low: u64, high: u64, end: End) -> Result<Found> {
    let file_end = input.end();
    let (shortest, longest) = match end {
        End::Growing => (HEADER, LONGEST_AWAITED),
        End::Final | End::Settled => (OVERHEAD, 0),
    };
    let mut offset = low;
    while offset < high && file_end - offset >= shortest as u64 {
        let bytes = input.at(offset, HEADER)?;
        let most = usize::try_from(high - offset)
            .unwrap_or(usize::MAX)
            .saturating_add(HEADER - 1);
        let bytes = &bytes[..bytes.len().min(most)];
        if bytes.len() < HEADER {
            break; // cut short meanwhile
        }
        let left = file_end - offset;
        if let Some(found) = resync::<C>(bytes, left.max(longest)) {
            let fits = match frame::<C>(&bytes[found..]) {
                Frame::Longer { need } => need <= left - found as u64,
                _ => true,
            };
            return Ok(if fits {
                Found::At(offset + found as u64)
            } else {
                Found::NotYet
            });
        }
        offset += (bytes.len() - (HEADER - 1)) as u64;
    }
    Ok(Found::Nothing)
}

/// Whether the first bytes of `from..to` are zeros.
fn are_zeros(input: &mut dyn Input, from: u64, to: u64) -> Result<bool> {
    let most = usize::try_from(to - from).unwrap_or(PEEK).min(PEEK);
    let bytes = input.at(from, most)?;
    Ok(bytes[..most.min(bytes.len())].iter().all(|b| *b == 0))
}
