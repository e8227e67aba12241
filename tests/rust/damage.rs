//! Every byte flipped, every length cut: never a wrong value, and all that is whole is read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod naive;
mod walks;

use naive::Found;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use tfevents::filter::Filter;
use tfevents::logdir::{LogDir, Options, Root};
use tfevents::record::append_record;
use tfevents::record::crc::MaskedCrc;
use walks::{Bytes, account, pieces};

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden");
    fs::read(path.join(name)).unwrap()
}

/// A golden file of a few kilobytes and all kinds of records.
fn sample() -> Vec<u8> {
    golden("keras_digits/validation/events.out.tfevents.1795238596.vm.28952.1.v2")
}

fn walk(bytes: &[u8]) -> Found {
    let most = usize::MAX;
    let found = pieces(&Bytes { bytes, most }, &[], false);
    account(&found, bytes.len() as u64);
    assert_eq!(found, naive::read(bytes));
    found
}

#[test]
fn a_flipped_byte_costs_its_record_and_no_other() {
    let bytes = sample();
    let whole = walk(&bytes).records;
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let found = walk(&bytes);
            let hit = whole
                .iter()
                .rposition(|(offset, _)| *offset <= at as u64)
                .unwrap();
            let mut expected = whole.clone();
            let (offset, payload) = expected.remove(hit);
            assert_eq!(found.records, expected, "byte {at}");
            let tail = found.damage.is_empty(); // the length of the last record grew
            assert!(!tail || hit == whole.len() - 1);
            for damage in &found.damage {
                assert_eq!(
                    (damage.offset, damage.length),
                    (offset, payload.len() as u64 + 16)
                );
            }
        }
    }
}

#[test]
fn a_file_cut_anywhere_keeps_its_whole_records() {
    let bytes = sample();
    let whole = walk(&bytes).records;
    for length in 0..bytes.len() {
        let found = walk(&bytes[..length]);
        let kept =
            |(at, payload): &&(u64, Vec<u8>)| at + payload.len() as u64 + 16 <= length as u64;
        let expected: Vec<_> = whole.iter().filter(kept).cloned().collect();
        assert_eq!(found.records, expected, "{length}");
        assert_eq!(found.damage, []); // perhaps still being written
    }
}

#[test]
fn a_hole_or_garbage_anywhere_costs_what_it_touches() {
    let bytes = sample();
    let whole: HashSet<Vec<u8>> = walk(&bytes).records.into_iter().map(|(_, p)| p).collect();
    for at in (0..bytes.len()).step_by(7) {
        for filler in [vec![0; 100], vec![0xa5; 33], b"no record".to_vec()] {
            let mut inserted = bytes.clone();
            inserted.splice(at..at, filler.clone());
            let found = walk(&inserted);
            assert!(found.records.len() >= whole.len() - 1, "{at}");
            let mut replaced = bytes.clone();
            let end = bytes.len().min(at + filler.len());
            replaced.splice(at..end, filler);
            for (_, payload) in walk(&replaced).records.iter().chain(&found.records) {
                assert!(whole.contains(payload), "{at}");
            }
        }
    }
}

#[test]
fn an_absurd_length_sizes_nothing() {
    let mut record = Vec::new();
    append_record(&mut record, b"after");
    for length in [1 << 20, 1 << 40, 1 << 62, 1 << 63, u64::MAX - 15, u64::MAX] {
        let length = u64::to_le_bytes(length);
        let header = [&length[..], &MaskedCrc::of(&length).to_le_bytes()].concat();
        let alone = walk(&header);
        assert_eq!((alone.next, alone.damage.len()), (0, 0));
        let found = walk(&[&record[..], &header, &record].concat());
        assert_eq!(found.records.len(), 2);
        assert_eq!((found.damage[0].offset, found.damage[0].length), (21, 12));
        assert_eq!(found.damage[0].reason, "unfinished record, others follow");
    }
}

#[test]
fn zeros_are_called_zeros() {
    let mut bytes = Vec::new();
    append_record(&mut bytes, b"before");
    bytes.resize(bytes.len() + 5_000, 0);
    let tail = walk(&bytes);
    assert_eq!(tail.damage[0].reason, "zeros instead of a record");
    assert_eq!(tail.next, 22); // what comes there may still become a record
    append_record(&mut bytes, b"after");
    let found = walk(&bytes);
    assert_eq!((found.records.len(), found.damage.len()), (2, 1));
    assert_eq!(found.damage[0].length, 5_000);
}

fn rows(folder: &Path) -> Vec<String> {
    let root = Root::Directory {
        name: String::new(),
        path: folder.to_owned(),
    };
    let log = LogDir::open(vec![root], Options::default()).unwrap();
    let mut rows = Vec::new();
    for kind in tfevents::event::kind::Kind::ALL {
        let scan = log.scan(kind, Filter::default()).unwrap();
        for batch in scan.collect(&mut || true).unwrap() {
            for row in 0..batch.num_rows() {
                let row = batch.slice(row, 1);
                let cells = row.columns().iter().map(|c| {
                    let cell = arrow_select::concat::concat(&[c]).unwrap();
                    match arrow_array::cast::AsArray::as_any_dictionary_opt(&cell) {
                        Some(d) => {
                            format!("{:?}", arrow_select::take::take(d.values(), d.keys(), None))
                        }
                        None => format!("{cell:?}"),
                    }
                });
                rows.push(format!("{kind:?} {}", cells.collect::<Vec<_>>().join(" ")));
            }
        }
    }
    rows
}

#[test]
fn no_scan_of_a_damaged_file_returns_a_row_the_whole_file_does_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tfevents");
    let bytes = sample();
    fs::write(&path, &bytes).unwrap();
    let whole: HashSet<String> = rows(folder.path()).into_iter().collect();
    assert!(whole.len() > 4, "{}", whole.len());
    for at in (0..bytes.len()).step_by(11) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        for row in rows(folder.path()) {
            assert!(whole.contains(&row), "byte {at}: {row}");
        }
    }
}
