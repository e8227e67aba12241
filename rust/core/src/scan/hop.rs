//! Goes from header to header, to find out where the first records of ranges begin.
//!
//! For files of large records, and those in which looking for a header finds the wrong one, because
//! their payloads hold records: reads the lengths, which have checksums of their own, and nothing
//! else. What comes of it is an assumption as any other, so damage only ends it.

use super::plan::{FileTask, Unit};
use super::schedule::Hop;
use super::walk::Position;
use crate::record::crc::{Crc, Job, with_fastest};
use crate::record::{Frame, HEADER, OVERHEAD, frame};
use crate::source::{Source, Window};

/// Units that one hop goes over.
const UNITS: usize = 16;

/// Bytes that are read ahead where records are small.
const AHEAD: usize = 64 << 10;

/// Where the first records of some units begin.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// Units and their first records.
    pub found: Vec<(usize, Position)>,
    /// The unit from which on nothing is known, and a record before it.
    pub frontier: Option<(usize, Position)>,
}

/// Goes over some units.
pub(super) fn hop(files: &[FileTask], units: &[Unit], hop: Hop, window: &mut Window) -> Starts {
    let first = hop.unit;
    let file = units.get(first).and_then(|unit| unit.parts.first());
    let Some(file) = file.map(|part| part.file) else {
        return Starts::default();
    };
    let task = &files[file];
    let Ok(source) = task.entry.open(Some(task.length), false) else {
        return Starts::default();
    };
    let parts = units[first..].iter().map_while(|unit| unit.parts.first());
    let parts = parts.take_while(|part| part.file == file).take(UNITS);
    let lows: Vec<u64> = parts.map(|part| part.part.low).collect();
    over(&*source, window, hop, &lows)
}

/// The same over units that begin at these offsets.
pub(super) fn over(source: &dyn Source, window: &mut Window, hop: Hop, lows: &[u64]) -> Starts {
    let mut starts = Starts::default();
    window.reset();
    let mut at = hop.from.offset;
    for (unit, &low) in (hop.unit..).zip(lows) {
        let window = &mut *window;
        let Some(next) = with_fastest(Headers {
            source,
            window,
            at,
            low,
            most: hop.most_headers,
        }) else {
            return starts;
        };
        at = next;
        starts.found.push((unit, at.into()));
    }
    starts.frontier = Some((hop.unit + lows.len(), at.into()));
    starts
}

/// The first record at or after `low`, from the one at `at`; at most so many headers are read.
struct Headers<'a> {
    source: &'a dyn Source,
    window: &'a mut Window,
    at: u64,
    low: u64,
    most: usize,
}

impl Job for Headers<'_> {
    type Output = Option<u64>;

    #[inline(always)]
    fn run<C: Crc>(self) -> Option<u64> {
        let (mut at, mut left, mut large) = (self.at, self.most, false);
        let mut header = [0; HEADER];
        while at < self.low {
            // Between large records, a window would read what nobody wants.
            let bytes = if large {
                self.source.read_exact_at(&mut header, at).ok()?;
                &header[..]
            } else {
                self.window.at(self.source, at, HEADER, AHEAD).ok()?
            };
            let mut skip = 0;
            while at + (skip as u64) < self.low {
                left = left.checked_sub(1)?;
                match frame::<C>(&bytes[skip..]) {
                    Frame::Record { payload, .. } => skip += payload.len() + OVERHEAD,
                    Frame::Longer { need } => {
                        large = need > AHEAD as u64;
                        at = (at + skip as u64).checked_add(need)?;
                        skip = 0;
                        break;
                    }
                    Frame::Short if skip > 0 => break,
                    Frame::Short | Frame::Broken => return None,
                }
            }
            at += skip as u64;
        }
        (at <= self.source.length()).then_some(at)
    }
}
