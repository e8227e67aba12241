//! Every record of the golden files reads as prost reads it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod equal;

use std::fs;
use std::path::{Path, PathBuf};
use tfevents::event::canonical::canonical;
use tfevents::event::peek::Peek;
use tfevents::event::view::{Event, Value, Values, What};
use tfevents::record::crc::{MaskedCrc, Portable};
use tfevents::record::{Frame, OVERHEAD, frame};

/// All event files below `folder`.
fn event_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            event_files(&path, found);
        } else if path.to_string_lossy().contains("events.out.tfevents.") {
            found.push(path);
        }
    }
}

fn for_each_payload(mut each: impl FnMut(&[u8])) -> usize {
    let mut files = Vec::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden");
    event_files(&golden, &mut files);
    let mut records = 0;
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let mut rest = &bytes[..];
        while let Frame::Record { payload, crc } = frame::<Portable>(rest) {
            assert_eq!(crc, MaskedCrc::of(payload), "{}", path.display());
            each(payload);
            rest = &rest[payload.len() + OVERHEAD..];
            records += 1;
        }
        assert!(rest.is_empty(), "{}", path.display());
    }
    records
}

#[test]
fn every_golden_record_reads_as_prost_reads_it() {
    let records = for_each_payload(|payload| {
        assert!(equal::agree(payload));
        // Writers write the usual form, so nothing takes the slow path.
        assert_eq!(canonical(payload).unwrap(), payload);
    });
    assert_eq!(records, 986);
}

#[test]
fn every_head_of_a_golden_record_tells_the_truth_or_nothing() {
    let mut told = 0;
    for_each_payload(|payload| {
        let event = Event::parse(payload).unwrap();
        for cut in (0..=payload.len()).step_by(if payload.len() > 4096 { 97 } else { 1 }) {
            let Some(peek) = Peek::at(&payload[..cut], payload.len() as u64) else {
                continue;
            };
            told += 1;
            assert_eq!((peek.step, peek.wall_time), (event.step, event.wall_time));
            let (Some(seen), What::Summary(summary)) = (peek.value, event.what) else {
                continue;
            };
            let message = Values::of(summary).next().unwrap().unwrap();
            let value = Value::parse(message).unwrap();
            assert_eq!(seen.tag, value.series_tag());
            assert!(seen.metadata.is_none() || seen.metadata == value.metadata);
        }
    });
    assert!(told > 1_000, "{told}");
}
