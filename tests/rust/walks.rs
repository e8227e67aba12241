//! Walks bytes in pieces, as a scan does, and puts together what was found.

use super::naive::Found;
use std::io;
use std::path::Path;
use tfevents::record::crc::{Crc, MaskedCrc, Portable};
use tfevents::scan::walk::{End, LARGE, Part, Position, Refusal, Span, Visitor, Walk};
use tfevents::source::{Source, Window};

/// Bytes that come a few at a time.
pub struct Bytes<'a> {
    /// All of them.
    pub bytes: &'a [u8],
    /// As many as one read gives.
    pub most: usize,
}

impl Source for Bytes<'_> {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.bytes.get(offset as usize..).unwrap_or_default();
        let n = rest.len().min(buffer.len()).min(self.most);
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

/// Keeps the records whose checksum holds.
#[derive(Default)]
struct Keep {
    records: Vec<(u64, Vec<u8>)>,
    /// Large records of an even length are of no interest.
    skips: bool,
    search: u64,
}

impl Visitor for Keep {
    fn record<C: Crc>(&mut self, at: u64, payload: &[u8], crc: MaskedCrc) -> Result<bool, Refusal> {
        if payload.len() > LARGE && self.skips(payload, payload.len() as u64) {
            return Ok(false); // whole at hand, and of no interest all the same
        }
        if MaskedCrc::of(payload) != crc {
            return Err(Refusal::Checksum);
        }
        self.records.push((at, payload.to_vec()));
        Ok(true)
    }

    fn skips(&mut self, head: &[u8], length: u64) -> bool {
        assert!(head.len() as u64 <= length + 4);
        self.skips && length.is_multiple_of(2)
    }

    fn search(&self) -> u64 {
        self.search
    }
}

/// What a walk finds in `source`, cut at `cuts`.
///
/// Every piece is walked without knowledge of the others first; one whose first record is not
/// where the piece before ended is walked again from there.
pub fn pieces(source: &Bytes<'_>, cuts: &[u64], skips: bool) -> Found {
    let length = source.length();
    let mut ends: Vec<u64> = cuts.iter().map(|cut| cut % (length + 1)).collect();
    ends.push(length);
    ends.sort_unstable();
    // Some give up early.
    let search = match cuts.len() % 2 {
        0 => u64::MAX,
        _ => cuts[0] % 100,
    };
    let mut window = Window::default();
    let mut walk = |part: Part, from: Option<Position>| -> (Span, Keep) {
        let mut keep = Keep {
            skips,
            search,
            ..Keep::default()
        };
        let path = Path::new("bytes");
        window.reset();
        let span = Walk::new(source, path, part)
            .run::<Portable, _>(&mut window, from, &mut keep)
            .expect("bytes can be read");
        (span, keep)
    };
    let mut found = Found::default();
    let (mut seam, mut low, mut records) = (Span::default(), 0, 0);
    for high in ends {
        let part = Part { low, high };
        let (mut span, mut keep) = walk(part, None);
        if low > 0 {
            let from = if seam.ended { length.into() } else { seam.next };
            if !span.holds(from, high) {
                (span, keep) = walk(part, Some(from));
            }
            if from.offset > span.next.offset {
                span.next = from;
            }
            span.ended |= seam.ended;
            if seam.ended {
                span.next = seam.next;
            }
        }
        found.records.extend(keep.records);
        found.damage.extend(span.damage.iter().cloned());
        records += span.records;
        seam = span;
        low = high;
    }
    found.next = seam.next.offset;
    assert!(skips || records == found.records.len() as u64);
    found
}

#[allow(dead_code, reason = "not all tests that include this file grow")]
/// What is found in `bytes` as they grow to each of `lengths` and, at last, stop growing.
///
/// Every walk goes on where the one before ended.
pub fn grown(bytes: &[u8], lengths: &[u64], skips: bool) -> Found {
    let whole = bytes.len() as u64;
    let mut lengths: Vec<u64> = lengths.iter().map(|n| n % (whole + 1)).collect();
    lengths.sort_unstable();
    let growing = lengths.into_iter().map(|length| (length, End::Growing));
    let mut found = Found::default();
    let (mut at, mut window) = (Position::default(), Window::default());
    for (high, end) in growing.chain([(whole, End::Final)]) {
        let mut keep = Keep {
            skips,
            search: u64::MAX,
            ..Keep::default()
        };
        let source = Bytes {
            bytes: &bytes[..high as usize],
            most: usize::MAX,
        };
        window.reset();
        let part = Part {
            low: at.offset,
            high,
        };
        let walk = Walk {
            end,
            ..Walk::new(&source, Path::new("bytes"), part)
        };
        let span = walk
            .run::<Portable, _>(&mut window, Some(at), &mut keep)
            .expect("bytes can be read");
        assert!(span.next.offset >= at.offset);
        if end == End::Growing && span.next.offset < high {
            assert!(span.pending || span.ended, "stopped for no reason");
        }
        found.records.extend(keep.records);
        found.damage.extend(span.damage);
        at = span.next;
    }
    found.next = at.offset;
    found
}

/// Panics unless records, damage and the unfinished rest are all of `length` bytes, once each.
pub fn account(found: &Found, length: u64) {
    let record = |(at, payload): &(u64, Vec<u8>)| (*at, payload.len() as u64 + 16);
    let mut ranges: Vec<(u64, u64)> = found.records.iter().map(record).collect();
    ranges.extend(found.damage.iter().map(|d| (d.offset, d.length)));
    ranges.sort_unstable();
    let mut at = 0;
    for (offset, length) in ranges {
        assert_eq!(offset, at);
        at += length;
    }
    assert!(at == found.next || at == length, "{at} of {length}");
    assert!(found.next <= length);
}
