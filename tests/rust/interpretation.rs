//! Rows, `series`, `events` and the audit hold a value for the same thing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod wire;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tfevents::event::check::Checked;
use tfevents::event::kind::Kind;
use tfevents::event::tensor::Fault;
use tfevents::filter::Filter;
use tfevents::logdir::{LogDir, Options, Root, Scan};
use tfevents::proto::{Event, Message};
use tfevents::record::crc::{MaskedCrc, Portable};
use tfevents::record::{Frame, OVERHEAD, append_record, frame};
use tfevents::scan::decode::{Decoder, Spec};
use tfevents::scan::record::{Events, Policy, Records};
use tfevents::scan::tags::RunMetadata;
use tfevents::scan::walk::Visitor;
use tfevents::table::schema::{Layout, TensorData};
use tfevents::table::{Entry, Memory, Rows, rows_for};
use wire::{Taste, varint};

/// Values by kind.
type Counts = BTreeMap<&'static str, i64>;

/// Counts the values that become rows.
struct Counting<'c> {
    rows: Box<dyn Rows>,
    values: &'c std::sync::atomic::AtomicI64,
}

impl Rows for Counting<'_> {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let made = self.rows.push(entry)?;
        self.values
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(made)
    }

    fn size(&self) -> usize {
        self.rows.size()
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        self.rows.finish(memory)
    }
}

/// Values of `kind` that become rows in a file of one run, and which records were refused.
fn rows(kind: Kind, file: &[u8]) -> (i64, BTreeSet<i64>) {
    let spec = Spec {
        kind,
        filter: Filter::default(),
        layout: Layout::new(kind, TensorData::Any, None).unwrap(),
        later: false,
    };
    let values = std::sync::atomic::AtomicI64::new(0);
    let mut memory = Memory::default();
    let counting = Counting {
        rows: rows_for(kind, &spec.layout.wanted, &mut memory),
        values: &values,
    };
    let nothing = RunMetadata::new();
    let mut events = Decoder::new(&spec, counting, &nothing, 0, &mut memory);
    events.enter(0, 0, true);
    let policy = Policy {
        checksum: true,
        everything: true,
    };
    let mut records = Records { policy, events };
    let mut refused = BTreeSet::new();
    for (offset, payload) in payloads(file) {
        let result = records.record::<Portable>(offset, payload, MaskedCrc::of(payload));
        if result.is_err() {
            refused.insert(offset as i64);
        }
    }
    records.events.leave();
    drop(records.events.finish(&mut memory));
    (values.into_inner(), refused)
}

fn payloads(file: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Frame::Record { payload, .. } = frame::<Portable>(&file[at..]) {
        found.push((at as u64, payload));
        at += payload.len() + OVERHEAD;
    }
    found
}

fn open(path: &Path) -> LogDir {
    let path = path.to_owned();
    let root = Root::Directory {
        name: String::new(),
        path,
    };
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    LogDir::open(vec![root], options).unwrap()
}

fn batches(scan: &Scan) -> Vec<RecordBatch> {
    let reader = scan.reader(&mut || true).unwrap();
    reader.map(Result::unwrap).collect()
}

/// The text in a row of a dictionary, which may be null.
fn text(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column.as_dictionary::<Int32Type>();
    let values = column.values().as_string::<i32>();
    let key = column
        .keys()
        .is_valid(row)
        .then(|| column.keys().value(row));
    key.map(|key| values.value(key as usize).to_owned())
}

fn name_of(kind: &str) -> &'static str {
    let known = Kind::ALL.into_iter().find(|k| k.name() == kind);
    known.unwrap().name()
}

/// Values by kind as `column` counts them, or one a row.
fn counted(scan: &Scan, column: Option<&str>) -> Counts {
    let mut counts = Counts::new();
    for batch in batches(scan) {
        let kinds = batch.column_by_name("kind").unwrap();
        for row in 0..batch.num_rows() {
            let Some(kind) = text(kinds, row) else {
                continue;
            };
            let count = column.map_or(1, |name| {
                let counts = batch.column_by_name(name).unwrap();
                counts.as_primitive::<Int64Type>().value(row)
            });
            *counts.entry(name_of(&kind)).or_default() += count;
        }
    }
    counts
}

/// Fails unless all say the same of the only file in `folder`.
fn agree(folder: &Path, file: &[u8]) {
    let mut by_rows = Counts::new();
    let mut refused: BTreeSet<i64> = BTreeSet::new();
    for kind in Kind::ALL {
        let (count, bad) = rows(kind, file);
        if count > 0 {
            by_rows.insert(kind.name(), count);
        }
        refused.extend(bad);
    }
    // Rows leave alone what holds nothing for them.
    let events = payloads(file).into_iter();
    let illegal = events.filter(|(_, payload)| Event::decode(*payload).is_err());
    refused.extend(illegal.map(|(offset, _)| offset as i64));

    let log = open(folder);
    assert_eq!(
        counted(&log.series(Filter::default()).unwrap(), Some("count")),
        by_rows
    );
    let places = log.damage_summary().map_or(0, |news| news.places);
    assert_eq!(places, refused.len(), "series");
    let log = open(folder);
    assert_eq!(
        counted(&log.events(Filter::default()).unwrap(), None),
        by_rows
    );
    let places = log.damage_summary().map_or(0, |news| news.places);
    assert_eq!(places, refused.len(), "events");
    let damage = log.damage(Filter::default()).unwrap();
    let mut listed = BTreeSet::new();
    for batch in batches(&damage) {
        let offsets = batch.column_by_name("offset").unwrap();
        listed.extend(offsets.as_primitive::<Int64Type>().values().iter().copied());
    }
    assert_eq!(listed, refused);
}

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

#[test]
fn all_agree_on_every_golden_file() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden");
    let mut files = Vec::new();
    event_files(&golden, &mut files);
    assert!(files.len() > 20);
    for path in files {
        let folder = tempfile::tempdir().unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(folder.path().join("events.out.tfevents.1"), &bytes).unwrap();
        agree(folder.path(), &bytes);
    }
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let key = varint(u64::from(number << 3 | 2));
    [key, varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A tensor that fits a plugin, or nearly.
fn tensor() -> impl Strategy<Value = Vec<u8>> {
    let shape = prop::sample::select(vec![
        vec![],
        vec![1],
        vec![2],
        vec![3],
        vec![2, 3],
        vec![6, 2],
        vec![1, 2, 3],
    ]);
    let dtype = prop::sample::select(vec![1u8, 2, 3, 7]);
    (shape, dtype, 0usize..4).prop_map(|(shape, dtype, how)| {
        let dims: Vec<u8> = shape.iter().flat_map(|n| [0x12, 2, 0x08, *n]).collect();
        let count: usize = shape.iter().map(|n| usize::from(*n)).product();
        let width = if dtype == 2 { 8 } else { 4 };
        let data = match (dtype, how) {
            (7, _) => (0..how).flat_map(|_| field(8, b"1")).collect(),
            (_, 0) => Vec::new(),
            (_, 1) => field(4, &vec![0; count * width + 1]), // too long
            _ => field(4, &vec![0; count * width]),
        };
        [vec![0x08, dtype], field(2, &dims), data].concat()
    })
}

/// Metadata that may name a plugin, with a message that may say which part of a mesh it is.
fn metadata() -> impl Strategy<Value = Vec<u8>> {
    let plugin = prop::sample::select(vec![
        "",
        "scalars",
        "histograms",
        "images",
        "audio",
        "text",
        "pr_curves",
        "mesh",
        "hparams",
        "mine",
    ]);
    let content = prop::sample::select(vec![
        &b""[..],
        b"\x12\x01m\x18\x01",
        b"\x12\x01m\x18\x02",
        b"\x12\x01\xff\x18\x01",
        b"\xff",
    ]);
    (plugin, content).prop_map(|(plugin, content)| {
        let plugin = [field(1, plugin.as_bytes()), field(2, content)].concat();
        field(9, &field(1, &plugin))
    })
}

/// A value of a series that has others: legacy or not, good or bad, with metadata or without.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let content = prop_oneof![
        4 => tensor().prop_map(|t| field(8, &t)),
        1 => any::<[u8; 4]>().prop_map(|v| [&[0x15][..], &v].concat()),
        1 => (0usize..3, 0usize..3).prop_map(|(edges, counts)| {
            field(5, &[field(6, &vec![0; 8 * edges]), field(7, &vec![0; 8 * counts])].concat())
        }),
        1 => Just(field(4, b"\x22\x01a")),
        1 => Just(field(6, b"\x22\x01a")),
        1 => Just(field(3, b"old")),
        1 => Just(Vec::new()),
    ];
    let metadata = prop_oneof![2 => Just(Vec::new()), 1 => metadata()];
    let twice = prop_oneof![8 => Just(Vec::new()), 1 => Just(field(8, b"\x08\x01"))];
    (0u8..3, content, metadata, twice).prop_map(|(tag, content, metadata, twice)| {
        let tag = field(1, &[b'a' + tag]);
        field(1, &[tag, content, metadata, twice].concat())
    })
}

fn event() -> impl Strategy<Value = Vec<u8>> {
    let summary = prop::collection::vec(value(), 0..4);
    prop_oneof![
        6 => summary.prop_map(|values| field(5, &values.concat())),
        1 => Just(field(4, b"graph")),
        1 => wire::event(Taste::Groups),
        1 => wire::event(Taste::Wild),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn all_agree_on_any_file(events in prop::collection::vec(event(), 1..6)) {
        let mut file = Vec::new();
        for payload in &events {
            append_record(&mut file, payload);
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("events.out.tfevents.1"), &file).unwrap();
        agree(folder.path(), &file);
    }
}
