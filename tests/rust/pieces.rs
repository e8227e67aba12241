//! A file walked in pieces is the file walked whole, wherever it is cut and however it is damaged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod naive;
mod walks;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;
use tfevents::filter::Filter;
use tfevents::logdir::{LogDir, Options, Root, Scan};
use tfevents::proto::{Event, Message, Summary, Value, ValueData, What};
use tfevents::record::append_record;
use tfevents::record::crc::MaskedCrc;
use walks::Bytes;

/// A file: records of many sizes, some of which hold records, then damaged.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        6 => vec(any::<u8>(), 0..40),
        1 => vec(any::<u8>(), 0..2000),
        1 => (0usize..9000, any::<u8>()).prop_map(|(n, byte)| vec![byte; n]),
        // Large enough not to be read where only the head is needed.
        1 => (16_000usize..40_000, any::<u8>()).prop_map(|(n, byte)| vec![byte; n]),
    ];
    let stream = vec(payload, 0..8).prop_map(|payloads| framed(&payloads));
    let nested = stream.prop_recursive(2, 8, 2, |inner| vec(inner, 1..4).prop_map(|p| framed(&p)));
    (
        nested,
        vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..8), 0..4),
    )
        .prop_map(|(file, damages)| damages.into_iter().fold(file, damaged))
}

fn framed(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        append_record(&mut out, payload);
    }
    out
}

fn damaged(mut file: Vec<u8>, (at, byte, how): (prop::sample::Index, u8, u8)) -> Vec<u8> {
    let at = at.index(file.len() + 1);
    let end = file.len().min(at + usize::from(byte));
    match how {
        0 => file.truncate(at),
        1 => drop(file.drain(at..end)),
        2 => file[at..end].fill(0),
        3 => drop(file.splice(at..at, vec![byte; usize::from(byte)])),
        4 => drop(file.splice(at..at, framed(&[vec![byte; 20]]))),
        5 => {
            // A length that holds and that nothing follows.
            let mut header = framed(&[vec![]])[..12].to_vec();
            header[..8].copy_from_slice(&(1u64 << (byte % 64)).to_le_bytes());
            let crc = MaskedCrc::of(&header[..8]).to_le_bytes();
            header[8..].copy_from_slice(&crc);
            drop(file.splice(at..at, header));
        }
        _ if at < file.len() => file[at] ^= byte | 1,
        _ => {}
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_walk_finds_what_a_naive_reader_finds(file in file()) {
        let found = naive::read(&file);
        walks::account(&found, file.len() as u64);
        let source = Bytes { bytes: &file, most: usize::MAX };
        prop_assert_eq!(walks::pieces(&source, &[], false), found);
    }

    #[test]
    fn pieces_cut_anywhere_make_the_whole(file in file(), cuts in vec(any::<u64>(), 0..6)) {
        let source = Bytes { bytes: &file, most: usize::MAX };
        prop_assert_eq!(walks::pieces(&source, &cuts, false), naive::read(&file));
    }

    #[test]
    fn bytes_that_come_a_few_at_a_time_make_no_difference(
        file in file(),
        most in 1usize..5000,
        cuts in vec(any::<u64>(), 0..3),
    ) {
        let source = Bytes { bytes: &file, most };
        prop_assert_eq!(walks::pieces(&source, &cuts, false), naive::read(&file));
    }

    #[test]
    fn a_file_read_as_it_grows_is_the_file_read_at_the_end(
        file in file(),
        lengths in vec(any::<u64>(), 0..12),
    ) {
        prop_assert_eq!(walks::grown(&file, &lengths, false), naive::read(&file));
    }

    #[test]
    fn what_is_passed_over_while_a_file_grows_changes_nothing_else(
        file in file(),
        lengths in vec(any::<u64>(), 0..12),
    ) {
        let source = Bytes { bytes: &file, most: usize::MAX };
        prop_assert_eq!(walks::grown(&file, &lengths, true), walks::pieces(&source, &[], true));
    }

    #[test]
    fn what_is_passed_over_changes_nothing_else(file in file(), cuts in vec(any::<u64>(), 0..3)) {
        let source = Bytes { bytes: &file, most: usize::MAX };
        let mut expected = naive::read(&file);
        let skipped = |len: usize| len > 16 << 10 && len.is_multiple_of(2);
        expected.records.retain(|(_, payload)| !skipped(payload.len()));
        // A large record that is passed over is not checked unless no other begins where it ends.
        let begins = |at: usize| {
            at + 12 > file.len() || file[at + 8..at + 12] == MaskedCrc::of(&file[at..at + 8]).to_le_bytes()
        };
        let unchecked = |d: &tfevents::scan::walk::Damage| {
            d.reason == "payload checksum mismatch"
                && d.length.checked_sub(16).is_some_and(|n| skipped(n as usize))
                && file[d.offset as usize..].starts_with(&(d.length - 16).to_le_bytes())
                && begins((d.offset + d.length) as usize)
        };
        expected.damage.retain(|d| !unchecked(d));
        prop_assert_eq!(walks::pieces(&source, &cuts, true), expected);
    }
}

/// A record with a scalar; the step tells it from others.
fn scalar(step: i64) -> Vec<u8> {
    let value = Value {
        tag: "loss".to_owned(),
        value: Some(ValueData::SimpleValue(step as f32)),
        ..Value::default()
    };
    let what = What::Summary(Summary { value: vec![value] });
    Event {
        step,
        wall_time: 1.0,
        what: Some(what),
        ..Event::default()
    }
    .encode_to_vec()
}

/// An event whose payload is a whole event file.
fn parcel(file: Vec<u8>) -> Vec<u8> {
    Event {
        what: Some(What::GraphDef(file)),
        ..Event::default()
    }
    .encode_to_vec()
}

/// 14 MB of scalars with everything in between that a search for records could stumble over.
fn large(seed: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let mut random = seed;
    let mut next = move |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let mut step = 0;
    while file.len() < 14 << 20 {
        match next(2_000) {
            0 => {
                let inner: Vec<Vec<u8>> = (0..next(100_000) as i64).map(scalar).collect();
                append_record(&mut file, &parcel(framed(&inner)));
            }
            1 => file.resize(file.len() + next(100_000) as usize, 0),
            2 => file.extend((0..next(5_000)).map(|i| i as u8)),
            3 => {
                let from = file.len();
                append_record(&mut file, &scalar(step));
                let at = from + next((file.len() - from) as u64) as usize;
                file[at] ^= 1 << next(8);
            }
            _ => append_record(&mut file, &scalar(step)),
        }
        step += 1;
    }
    file.truncate(file.len() - next(30) as usize);
    file
}

fn open(path: &Path, threads: usize, maps: bool) -> LogDir {
    let root = Root::File {
        name: ".".to_owned(),
        path: path.to_owned(),
    };
    let options = Options {
        threads,
        maps,
        ..Options::default()
    };
    LogDir::open(vec![root], options).unwrap()
}

fn integers(scan: &Scan, column: &str) -> Vec<i64> {
    let mut all = Vec::new();
    for batch in scan.collect(&mut || true).unwrap() {
        let column = batch.column_by_name(column).unwrap();
        all.extend(column.as_primitive::<Int64Type>().values());
    }
    all
}

#[test]
fn a_large_file_read_by_many_threads_is_the_file_read_by_one() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..2 {
        let path = folder.path().join(format!("{seed}.tfevents"));
        let file = large(seed);
        std::fs::write(&path, &file).unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        let handle = std::fs::File::options().write(true).open(&path).unwrap();
        handle.set_modified(long_ago).unwrap(); // so that it may be mapped
        let found = naive::read(&file);
        let offsets: Vec<i64> = found.records.iter().map(|(at, _)| *at as i64).collect();
        for (threads, maps) in [(1, false), (2, true), (5, false), (5, true)] {
            let log = open(&path, threads, maps);
            let all = Filter::default;
            let events = log.events(all()).unwrap();
            assert_eq!(integers(&events, "offset"), offsets, "{seed} {threads}");
            let damage = log.damage(all()).unwrap();
            let lengths: Vec<i64> = found.damage.iter().map(|d| d.length as i64).collect();
            assert_eq!(integers(&damage, "length"), lengths, "{seed} {threads}");
            let files = log.files(all()).unwrap();
            assert_eq!(integers(&files, "records"), [offsets.len() as i64]);
        }
    }
}
