//! From a record to an event: when a checksum is computed, and when the slow path is taken.

use super::block::RecordSpan;
use super::walk::{LARGE, Refusal, Visitor};
use crate::event::Irregular;
use crate::event::canonical::canonical;
use crate::record::crc::{Crc, MaskedCrc};
use crate::table::Memory;

/// Why an event was not taken in.
#[derive(Debug)]
pub enum Trouble {
    /// Not the shape the fast path expects; nothing has been taken in.
    Irregular,
    /// It holds something that cannot be right.
    Bad(String),
}

impl From<Irregular> for Trouble {
    #[inline(always)]
    fn from(_: Irregular) -> Self {
        Self::Irregular
    }
}

impl From<&str> for Trouble {
    fn from(reason: &str) -> Self {
        Self::Bad(reason.to_owned())
    }
}

/// What is done with events.
pub trait Events {
    /// What is left of them at the end of a unit of work.
    type Output: Send;

    /// The next events are of this run and file. `first` if the run begins here.
    fn enter(&mut self, run: u32, file: u32, first: bool);

    /// One event, and where it is stored; `payload` may have been given its usual form.
    fn event(&mut self, record: RecordSpan, payload: &[u8]) -> Result<(), Trouble>;

    /// Whether an event of `length` bytes that begins with `head` is of no interest.
    fn skips(&mut self, head: &[u8], length: u64) -> bool;

    /// How far to search for a first record; see [`Visitor::search`].
    fn search(&self) -> u64 {
        u64::MAX
    }

    /// The end of the run and file last entered.
    fn leave(&mut self) {}

    /// The end; columns that outlast the unit go to `memory`.
    fn finish(self, memory: &mut Memory) -> Self::Output;
}

/// Which checksums are verified.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Verify payloads at all; without it, only those that cannot be parsed.
    pub checksum: bool,
    /// Verify also the large payloads that are of no interest.
    pub everything: bool,
}

/// Hands records on as events.
pub struct Records<E> {
    /// When to verify.
    pub policy: Policy,
    /// Where the events go.
    pub events: E,
}

impl<E: Events> Visitor for Records<E> {
    #[inline(always)]
    fn record<C: Crc>(
        &mut self,
        offset: u64,
        payload: &[u8],
        crc: MaskedCrc,
    ) -> Result<bool, Refusal> {
        let length = payload.len() as u64;
        if payload.len() >= LARGE && !self.policy.everything && self.events.skips(payload, length) {
            return Ok(false);
        }
        if self.policy.checksum && MaskedCrc::mask(C::crc32c(payload)) != crc {
            return Err(Refusal::Checksum);
        }
        let record = RecordSpan {
            offset,
            length,
            crc,
        };
        match self.events.event(record, payload) {
            Ok(()) => Ok(true),
            Err(trouble) => self.slow_path(record, payload, trouble),
        }
    }

    fn skips(&mut self, head: &[u8], length: u64) -> bool {
        !self.policy.everything && self.events.skips(head, length)
    }

    fn search(&self) -> u64 {
        self.events.search()
    }
}

impl<E: Events> Records<E> {
    #[cold]
    fn slow_path(
        &mut self,
        record: RecordSpan,
        payload: &[u8],
        trouble: Trouble,
    ) -> Result<bool, Refusal> {
        let reason = match trouble {
            Trouble::Bad(reason) => reason,
            Trouble::Irregular => match canonical(payload) {
                Err(reason) => reason,
                Ok(bytes) => match self.events.event(record, &bytes) {
                    Ok(()) => return Ok(true),
                    Err(Trouble::Bad(reason)) => reason,
                    Err(Trouble::Irregular) => "not a regular Event message".to_owned(),
                },
            },
        };
        // Without verification up front, a flipped bit shows here; call it by its name.
        let intact = MaskedCrc::of(payload) == record.crc;
        Err(if intact {
            Refusal::Content(reason)
        } else {
            Refusal::Checksum
        })
    }
}
