//! Results that come in any order are those of one pass.

use super::super::hop::over;
use super::*;
use crate::catalog::{FileEntry, Local};
use crate::record::append_record;
use crate::record::crc::{Crc, MaskedCrc, Portable};
use crate::scan::plan::UnitPart;
use crate::scan::walk::{End, Part, Refusal, Visitor, Walk};
use crate::source::{Source, Window};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// The records of a unit.
#[derive(Debug, Default)]
struct Records(Vec<(u64, Vec<u8>)>);

impl Output for Records {
    fn size(&self) -> usize {
        1
    }
}

impl Visitor for Records {
    fn record<C: Crc>(&mut self, at: u64, payload: &[u8], crc: MaskedCrc) -> Result<bool, Refusal> {
        if MaskedCrc::of(payload) != crc {
            return Err(Refusal::Checksum);
        }
        self.0.push((at, payload.to_vec()));
        Ok(true)
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }
}

struct Bytes(Vec<u8>);

impl Source for Bytes {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

fn walk(source: &Bytes, part: Part, start: Option<Position>) -> Decoded<Records> {
    let (mut window, mut output) = (Window::default(), Records::default());
    window.reset();
    let walk = Walk::new(source, Path::new("bytes"), part);
    let span = walk.run::<Portable, _>(&mut window, start, &mut output);
    let spans = vec![span.unwrap()];
    Decoded { spans, output }
}

fn framed(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        append_record(&mut out, payload);
    }
    out
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let stream = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..8);
    let stream = stream.prop_map(|payloads| framed(&payloads));
    let nested = stream.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 1..4).prop_map(|payloads| framed(&payloads))
    });
    let flips = prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 0..4);
    (nested, flips).prop_map(|(mut bytes, flips)| {
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        bytes
    })
}

/// Units that end at these offsets, of one file.
fn cut(ends: Vec<u64>) -> (Vec<Unit>, FileTask) {
    let (mut low, length) = (0, ends.last().copied().unwrap_or(0));
    let unit = |high| {
        let part = Part { low, high };
        let first = low == 0;
        low = high;
        let parts = vec![UnitPart {
            file: 0,
            part,
            first,
        }];
        Unit { parts }
    };
    let entry = FileEntry::new(Arc::new(Local::default()), PathBuf::from("bytes"), None);
    let file = FileTask {
        entry: Arc::new(entry),
        run: 0,
        id: 0,
        length,
        start: Position::default(),
        end: End::Final,
        resumes: false,
    };
    (ends.into_iter().map(unit).collect(), file)
}

fn carry_out(scheduler: &mut Scheduler<Records>, source: &Bytes, units: &[Unit], work: Work) {
    match work {
        Work::Decode(unit, assumed) => {
            let decoded = walk(source, units[unit].parts[0].part, assumed.start);
            scheduler.completed(unit, Ok((decoded, assumed)));
        }
        Work::Hop(hop) => {
            let lows = units[hop.unit..].iter().map(|unit| unit.parts[0].part.low);
            let lows: Vec<u64> = lows.collect();
            let starts = over(source, &mut Window::default(), hop, &lows);
            scheduler.hopped(hop, starts);
        }
    }
}

#[test]
fn units_of_large_records_that_hold_records_are_decoded_once() {
    let inner = framed(&vec![vec![7; 20]; 1_000]);
    let source = Bytes(framed(&vec![inner; 30]));
    let ends: Vec<u64> = (1..=90).map(|i| source.length() * i / 90).collect();
    let (units, file) = cut(ends);
    let units = Arc::new(units);
    let known = Known::default();
    let mut scheduler = Scheduler::new(Arc::new(vec![file]), Arc::clone(&units), known, 8);
    let (mut running, mut decoded, mut taken) = (VecDeque::new(), 0, 0);
    while taken < units.len() {
        while let Some(work) = scheduler.next_work() {
            running.push_back(work);
        }
        // The unit that was begun last is done first.
        if let Some(work) = running.pop_back() {
            decoded += usize::from(matches!(work, Work::Decode(..)));
            carry_out(&mut scheduler, &source, &units, work);
        }
        while scheduler.take().is_some() {
            taken += 1;
        }
    }
    assert_eq!(decoded, units.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn results_are_those_of_one_pass_in_whatever_order_they_come(
        bytes in bytes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 100),
    ) {
        let source = Bytes(bytes);
        let length = source.length();
        let whole = walk(&source, Part { low: 0, high: length }, None);
        let mut ends: Vec<u64> = cuts.iter().map(|cut| cut.index(length as usize) as u64).collect();
        ends.push(length);
        ends.sort_unstable();
        let (units, file) = cut(ends);
        let count = units.len();
        let units = Arc::new(units);
        let mut scheduler: Scheduler<Records> = Scheduler::new(Arc::new(vec![file]), Arc::clone(&units), Known::default(), 5);
        let mut running: Vec<Work> = Vec::new();
        let (mut records, mut damage, mut taken) = (Vec::new(), Vec::new(), 0);
        let mut order = order.into_iter().cycle();
        while taken < count {
            while let Some(work) = scheduler.next_work() {
                running.push(work);
            }
            if let Some(Ok(decoded)) = scheduler.take() {
                taken += 1;
                records.extend(decoded.output.0);
                damage.extend(decoded.spans.into_iter().flat_map(|span| span.damage));
                continue;
            }
            prop_assert!(!running.is_empty(), "nothing to do");
            let next = order.next().unwrap().index(running.len());
            carry_out(&mut scheduler, &source, &units, running.swap_remove(next));
        }
        prop_assert_eq!(records, whole.output.0);
        prop_assert_eq!(damage, whole.spans[0].damage.clone());
    }
}
