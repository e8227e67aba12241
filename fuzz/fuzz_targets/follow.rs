//! A log of any events, damaged anywhere, that grows by any bytes and is followed through cursors:
//! the rows are those of one follower, and those of a scan at the end. Any text as a cursor: an
//! error, never a panic.
#![no_main]

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use libfuzzer_sys::fuzz_target;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::logdir::{
    FollowOptions, Follower, LiveSelection, LogDir, Options, Root, Scan, Step, Woken,
};
use tfevents::proto::{
    Dim, Event, Message, PluginData, SessionLog, Summary, SummaryMetadata, TensorProto,
    TensorShapeProto, Value, ValueData, What,
};
use tfevents::record::append_record;

const KINDS: [Kind; 4] = [Kind::Scalars, Kind::Tensors, Kind::Text, Kind::Meshes];
const LATER: Duration = Duration::from_secs(3600);

/// Step, wall time, and a bit for each column of a mesh.
type Rows = Vec<(i64, u64, u8)>;

/// Rows of each kind.
type Found = [Rows; KINDS.len()];

/// Takes bytes from the front; zeros when there are no more.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

fn described(plugin: &str, content: Vec<u8>) -> SummaryMetadata {
    SummaryMetadata {
        plugin_data: Some(PluginData {
            plugin_name: plugin.to_owned(),
            content,
        }),
        ..SummaryMetadata::default()
    }
}

/// A tensor: plain, a scalar, a text or a component of a mesh, with metadata or without.
fn tensor(input: &mut Input<'_>) -> Value {
    let (how, tag) = (input.byte(), input.byte() % 3);
    let part = how / 4 % 3 + 1;
    let (plugin, content) = match how % 4 {
        0 => ("", Vec::new()),
        1 => ("scalars", Vec::new()),
        2 => ("text", Vec::new()),
        // Name, content type, and which components there are.
        _ => ("mesh", vec![18, 1, b'a' + tag, 24, part, 56, input.byte() & 14]),
    };
    let dim = |size| Dim {
        size,
        ..Dim::default()
    };
    let is_mesh = how % 4 == 3;
    let tensor = TensorProto {
        dtype: if is_mesh && part == 2 { 3 } else { 1 },
        tensor_shape: is_mesh.then(|| TensorShapeProto {
            dim: vec![dim(1), dim(1), dim(3)],
            ..TensorShapeProto::default()
        }),
        float_val: vec![1.0; if is_mesh { 3 } else { 1 }],
        int_val: vec![1; if is_mesh && part == 2 { 3 } else { 0 }],
        ..TensorProto::default()
    };
    Value {
        tag: format!("{plugin}{tag}{}", if is_mesh { part } else { 0 }),
        value: Some(ValueData::Tensor(tensor)),
        metadata: (how < 128 && !plugin.is_empty()).then(|| described(plugin, content)),
        ..Value::default()
    }
}

fn what(input: &mut Input<'_>) -> What {
    match input.byte() % 8 {
        0 => What::SessionLog(SessionLog {
            status: 1,
            ..SessionLog::default()
        }),
        1 => What::FileVersion("brain.Event:2".to_owned()),
        2 => {
            // A payload that holds a record.
            let mut graph = Vec::new();
            append_record(&mut graph, input.bytes(8));
            What::GraphDef(graph)
        }
        3 | 4 => What::Summary(Summary {
            value: vec![Value {
                tag: format!("s{}", input.byte() % 3),
                value: Some(ValueData::SimpleValue(1.0)),
                ..Value::default()
            }],
        }),
        _ => What::Summary(Summary {
            value: (0..=input.byte() % 3).map(|_| tensor(input)).collect(),
        }),
    }
}

/// The bytes of a file, and where followers look at it.
fn file(input: &mut Input<'_>) -> (Vec<u8>, Vec<(usize, usize)>) {
    let (mut bytes, mut looks) = (Vec::new(), Vec::new());
    let mut number = 0u32;
    while !input.0.is_empty() && number < 64 {
        number += 1;
        match input.byte() % 16 {
            0 => bytes.extend_from_slice(input.bytes(9)),
            1 => append_record(&mut bytes, input.bytes(40)),
            2 => bytes.resize(bytes.len() + usize::from(input.byte()), 0),
            3 => {
                let back = 1 + usize::from(input.byte());
                if let Some(at) = bytes.len().checked_sub(back) {
                    bytes[at] ^= 1 | input.byte();
                }
            }
            4..8 => {
                let at = bytes.len().saturating_sub(usize::from(input.byte() % 64));
                looks.push((at, usize::from(input.byte() % 4)));
            }
            _ => {
                let event = Event {
                    step: i64::from(input.byte() % 8),
                    wall_time: f64::from(number),
                    what: Some(what(input)),
                    ..Event::default()
                };
                append_record(&mut bytes, &event.encode_to_vec());
            }
        }
    }
    looks.sort_unstable();
    (bytes, looks)
}

fn log(folder: &Path) -> LogDir {
    let root = Root::Directory {
        name: String::new(),
        path: folder.to_owned(),
    };
    let options = Options {
        threads: 1,
        missing_ok: true,
        ..Options::default()
    };
    LogDir::open(vec![root], options).expect("an empty directory")
}

fn follow(folder: &Path, settle: Duration, cursor: Option<String>) -> tfevents::Result<Follower> {
    log(folder).follow_kinds(&KINDS, LiveSelection::default(), options(settle, cursor))
}

fn options(settle: Duration, cursor: Option<String>) -> FollowOptions {
    FollowOptions {
        poll: LATER,
        settle,
        question: String::new(),
        cursor,
    }
}

fn add(batch: &RecordBatch, rows: &mut Rows) {
    let steps = batch["step"].as_primitive::<Int64Type>().values();
    let times = batch["wall_time"].as_primitive::<Float64Type>().values();
    let columns = ["vertices", "colors", "faces"].map(|name| batch.column_by_name(name));
    for (row, (step, time)) in steps.iter().zip(times).enumerate() {
        let there = columns.map(|column| column.is_some_and(|column| column.is_valid(row)));
        let bits = there.iter().fold(0, |bits, there| bits << 1 | u8::from(*there));
        rows.push((*step, time.to_bits(), bits));
    }
}

/// Takes up to `most` batches; whether there is nothing left.
fn drain(follower: &mut Follower, most: usize, found: &mut Found) -> bool {
    follower.wake(Woken::Anything);
    for _ in 0..most {
        match follower.step(&mut || true).expect("rows") {
            Step::Idle(_) => return true,
            Step::Events(_) => unreachable!("events were not asked for"),
            Step::Rows(kind, batch) => {
                let at = KINDS.iter().position(|of| *of == kind);
                add(&batch, &mut found[at.expect("one of the kinds")]);
            }
        }
    }
    false
}

/// Goes on from the cursor, all of it final.
fn finish(folder: &Path, follower: Follower, found: &mut Found) {
    let cursor = follower.cursor().expect("a cursor");
    let mut follower = follow(folder, Duration::ZERO, Some(cursor)).expect("a cursor");
    while !drain(&mut follower, 100, found) {}
    assert!(follower.notices().is_empty());
}

fn scanned(scan: tfevents::Result<Scan>) -> Rows {
    let batches = scan.and_then(|scan| scan.collect(&mut || true));
    let mut rows = Rows::new();
    batches.expect("rows").iter().for_each(|batch| add(batch, &mut rows));
    rows
}

fn followed_events(folder: &Path) -> Rows {
    let follower = log(folder).follow_events(LiveSelection::default(), options(Duration::ZERO, None));
    let mut follower = follower.expect("a follower");
    let mut rows = Rows::new();
    while let Step::Events(batch) = follower.step(&mut || true).expect("rows") {
        add(&batch, &mut rows);
    }
    rows
}

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = follow(folder, Duration::ZERO, Some(text.to_owned()));
    }
    let (bytes, looks) = file(&mut Input(data));
    let path = folder.join("events.out.tfevents.0");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.expect("a file");
    let (mut cut, mut uncut) = (Found::default(), Found::default());
    let mut one = follow(folder, LATER, None).expect("a follower");
    let mut other = follow(folder, LATER, None).expect("a follower");
    let mut written = 0;
    for (end, most) in looks {
        file.write_all(&bytes[written..end]).expect("room");
        written = end;
        drain(&mut other, 100, &mut uncut);
        drain(&mut one, most, &mut cut);
        let cursor = one.cursor().expect("a cursor");
        one = follow(folder, LATER, Some(cursor)).expect("a cursor");
    }
    file.write_all(&bytes[written..]).expect("room");
    finish(folder, one, &mut cut);
    finish(folder, other, &mut uncut);
    assert_eq!(cut, uncut);
    for (kind, rows) in KINDS.iter().zip(&cut) {
        // A scan puts components together that came too late for the mesh of a follower.
        if *kind != Kind::Meshes {
            assert_eq!(*rows, scanned(log(folder).scan(*kind, Filter::default())));
        }
    }
    assert_eq!(followed_events(folder), scanned(log(folder).events(Filter::default())));
});
