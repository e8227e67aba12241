//! Goes through one byte range of a file, record by record, and past what is damaged.
//!
//! A file is cut at arbitrary bytes so that its ranges can be read at the same time. A range that
//! does not begin the file looks for the first header at or after its start, exactly as one looks
//! for the next record after damage, and reads on until a record begins beyond its end. The
//! scheduler compares where one range ended with where the next began: if they agree, they saw the
//! records that one pass would have seen; if not (a payload that looks like records was cut open) the
//! later range is walked again from the right place.

use crate::error::{Error, ErrorKind, Result};
use crate::record::HEADER;
use crate::record::crc::Crc;
use crate::record::recover::{
    Found, Input, Resume, SearchDebt, confirm, find, recover, torn_if_skipped,
};
use crate::record::slice::{Cause, Progress, Stop, scan_slice};
use crate::source::{Source, Window};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

pub use crate::record::recover::{Damage, End};
pub use crate::record::slice::{LARGE, Refusal, Visitor};

/// A walk that passes large payloads over searches no further for the first record of a range:
/// among large payloads, going from header to header is cheaper than looking for one.
pub const SHORT_SEARCH: u64 = 4 * LARGE as u64;

/// Mapped beyond the end of a range, for the record that reaches over it; costs nothing untouched.
const SLACK: u64 = 2 << 20;

/// A range of a file in which records begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where the range begins.
    pub low: u64,
    /// One past its last byte.
    pub high: u64,
}

/// A place between two records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Where the next record begins.
    pub offset: u64,
    /// What was searched before.
    pub debt: SearchDebt,
}

impl From<u64> for Position {
    fn from(offset: u64) -> Self {
        let debt = SearchDebt::default();
        Self { offset, debt }
    }
}

/// What a walk over a range found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// Where the first record began; `None` if none begins in the range.
    pub first: Option<u64>,
    /// Where the next record would begin.
    pub next: Position,
    /// Whole records met, damaged payloads not counted.
    pub records: u64,
    /// What was skipped, in order.
    pub damage: Vec<Damage>,
    /// Nothing follows in this file: its end, or bytes up to its end that are no whole record.
    pub ended: bool,
    /// In a file that grows: bytes from `next` on that may become records, or damage.
    pub pending: bool,
    /// Whether there was a fault, so that what is owed at the start of the range matters.
    pub searched: bool,
}

impl Span {
    /// Whether a range that ends at `high`, and in which the first record was looked for, would have
    /// come out the same if it had been walked from `from` on.
    pub fn holds(&self, from: Position, high: u64) -> bool {
        match self.first {
            Some(first) => first == from.offset && !(self.searched && from.debt.owed(first) > 0),
            None => from.offset >= high,
        }
    }
}

/// A walk over one range of one source.
pub struct Walk<'a> {
    /// The bytes.
    pub source: &'a dyn Source,
    /// For messages.
    pub path: &'a Path,
    /// The range to walk.
    pub part: Part,
    /// How the end of the file is read.
    pub end: End,
    /// Set when nobody waits for the result any more.
    pub cancelled: Option<&'a AtomicBool>,
}

/// A window as the input of a walk.
struct Windowed<'a> {
    walk: &'a Walk<'a>,
    window: &'a mut Window,
}

impl Input for Windowed<'_> {
    fn end(&self) -> u64 {
        self.walk.source.length()
    }

    #[inline(always)]
    fn at(&mut self, offset: u64, want: usize) -> Result<&[u8]> {
        let Walk {
            source,
            path,
            part,
            cancelled,
            ..
        } = self.walk;
        if cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Error::interrupted());
        }
        let span = (part.high + SLACK).saturating_sub(offset).max(SLACK);
        let span = usize::try_from(span).unwrap_or(usize::MAX);
        self.window
            .at(*source, offset, want, span)
            .map_err(|error| Error::io(error, path))
    }
}

/// The state of a walk.
#[derive(Default)]
struct State {
    first: Option<u64>,
    progress: Progress,
    debt: SearchDebt,
    ended: bool,
    searched: bool,
    /// In a file that grows: faults before this offset are followed by a verified record.
    confirmed: u64,
    /// In a file that grows: nothing follows that more bytes could not change.
    waits: bool,
}

impl<'a> Walk<'a> {
    /// A walk over a range of a finished file.
    pub fn new(source: &'a dyn Source, path: &'a Path, part: Part) -> Self {
        Self {
            source,
            path,
            part,
            end: End::Final,
            cancelled: None,
        }
    }

    /// Walks the range. `from` is where its first record is known to begin.
    #[inline(always)]
    pub fn run<C: Crc, V: Visitor>(
        &self,
        window: &mut Window,
        from: Option<Position>,
        visitor: &mut V,
    ) -> Result<Span> {
        let mut state = State::default();
        self.fill::<C, V>(window, from, visitor, &mut state)?;
        Ok(self.span(state))
    }

    /// Like [`run`](Self::run); where the system refuses to read, everything from there to the end
    /// of the file is damage, or pending if the file grows.
    #[inline(always)]
    pub fn run_readable<C: Crc, V: Visitor>(
        &self,
        window: &mut Window,
        from: Option<Position>,
        visitor: &mut V,
    ) -> Result<Span> {
        let mut state = State::default();
        match self.fill::<C, V>(window, from, visitor, &mut state) {
            Ok(()) => Ok(self.span(state)),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => Err(error),
            Err(error) => {
                state.ended = true;
                let mut span = self.span(state);
                if self.end == End::Final {
                    let offset = span.next.offset;
                    span.damage.push(Damage {
                        offset,
                        length: self.source.length().saturating_sub(offset),
                        reason: error.reason(),
                    });
                }
                span.pending = self.end != End::Final;
                Ok(span)
            }
        }
    }

    fn span(&self, mut state: State) -> Span {
        let mut pending = state.waits;
        if self.end == End::Growing && state.progress.is_unconfirmed(self.source.length()) {
            state.progress.forget_unverified();
            pending = true;
        }
        if self.end == End::Settled {
            let position = state.progress.position;
            state.progress.damage.retain(|d| d.offset < position);
            pending = position < self.source.length();
        }
        let Progress {
            position,
            records,
            damage,
            ..
        } = state.progress;
        Span {
            first: state.first,
            next: Position {
                offset: position,
                debt: state.debt,
            },
            records,
            damage,
            ended: state.ended,
            pending,
            searched: state.searched,
        }
    }

    #[inline(always)]
    fn fill<C: Crc, V: Visitor>(
        &self,
        window: &mut Window,
        from: Option<Position>,
        visitor: &mut V,
        state: &mut State,
    ) -> Result<()> {
        let mut input = Windowed { walk: self, window };
        state.progress.position = from.map_or(self.part.low, |place| place.offset);
        state.debt = from.map(|place| place.debt).unwrap_or_default();
        let start = match from {
            Some(place) => Some(place.offset),
            None if self.part.low == 0 => Some(0),
            None => {
                let high = self.part.low.saturating_add(visitor.search());
                let high = high.min(self.part.high);
                match find::<C>(&mut input, self.part.low, high, End::Final)? {
                    Found::At(offset) => Some(offset),
                    _ => None,
                }
            }
        };
        state.first = start;
        state.progress.position = start.unwrap_or(self.part.high);
        loop {
            self.records::<C, V>(&mut input, state, visitor)?;
            // A large record that was not read may have been torn, with others behind it.
            if !self.pass_skipped::<C>(&mut input, state)? {
                break;
            }
        }
        state.ended |= state.progress.position >= self.source.length();
        Ok(())
    }

    /// Walks records up to the end of the range, or of the file.
    #[inline(always)]
    fn records<C: Crc, V: Visitor>(
        &self,
        input: &mut Windowed<'_>,
        state: &mut State,
        visitor: &mut V,
    ) -> Result<()> {
        let end = self.source.length();
        let limit = self.part.high.min(end);
        let mut want = HEADER;
        while state.progress.position < limit {
            let position = state.progress.position;
            let bytes = input.at(position, want)?;
            let left = end - position;
            if bytes.len() < want.min(usize::try_from(left).unwrap_or(usize::MAX)) {
                self.cut_short(state, left);
                return Ok(());
            }
            match scan_slice::<C, V>(bytes, limit, end, &mut state.progress, visitor) {
                Stop::Limit => want = HEADER,
                Stop::Want(bytes) => want = bytes,
                Stop::Fault(cause) => {
                    if !self.pass::<C>(input, cause, state)? {
                        return Ok(());
                    }
                    want = HEADER;
                }
            }
        }
        Ok(())
    }

    /// Passes a fault, if something follows it.
    #[cold]
    fn pass<C: Crc>(
        &self,
        input: &mut Windowed<'_>,
        cause: Cause,
        state: &mut State,
    ) -> Result<bool> {
        let cause = match torn_if_skipped::<C>(input, self.end, &mut state.progress)? {
            Some(length) => Cause::Payload { length },
            None => cause,
        };
        if !self.may_pass::<C>(input, cause, state)? {
            return Ok(state.wait());
        }
        let (progress, debt) = (&mut state.progress, &mut state.debt);
        let resume = recover::<C>(input, cause, self.end, progress, debt)?;
        Ok(state.passed(resume))
    }

    /// Looks at the last record again, if it was skipped unread. Whether that changes anything.
    fn pass_skipped<C: Crc>(&self, input: &mut Windowed<'_>, state: &mut State) -> Result<bool> {
        let progress = &mut state.progress;
        let Some(length) = torn_if_skipped::<C>(input, self.end, progress)? else {
            return Ok(false);
        };
        self.pass::<C>(input, Cause::Payload { length }, state)
    }

    /// Whether a verified record stands behind a fault, where one is needed.
    fn may_pass<C: Crc>(
        &self,
        input: &mut Windowed<'_>,
        cause: Cause,
        state: &mut State,
    ) -> Result<bool> {
        let position = state.progress.position;
        if self.end != End::Growing || position < state.confirmed {
            return Ok(true);
        }
        match confirm::<C>(input, cause, &state.progress, state.debt)? {
            Some(confirmed) => {
                state.confirmed = confirmed;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn cut_short(&self, state: &mut State, missing: u64) {
        state.ended = true;
        if self.end == End::Final {
            state.progress.damage.push(Damage {
                offset: state.progress.position,
                length: missing,
                reason: "the file was cut short while it was being read".into(),
            });
        }
    }
}

impl State {
    /// Takes note that a fault was passed, or not; whether reading goes on.
    fn passed(&mut self, resume: Resume) -> bool {
        self.searched = true;
        self.ended = resume != Resume::Here;
        self.waits = resume == Resume::Later;
        !self.ended
    }

    /// Stops at a fault of which only the bytes to come can tell what it is.
    fn wait(&mut self) -> bool {
        self.progress.forget_unverified();
        self.passed(Resume::Later)
    }
}
