//! A pass over several kinds gives the rows of each, and references in place of bytes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tfevents::ErrorKind;
use tfevents::event::kind::Kind;
use tfevents::filter::{Filter, Names, Steps};
use tfevents::logdir::{LogDir, Options, Restarts, Root};
use tfevents::proto::{Message, Value, ValueData};
use tfevents::scan::projection::Projection;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden")
}

fn open(path: &Path, restarts: Restarts, threads: usize) -> LogDir {
    let root = Root::Directory {
        name: String::new(),
        path: path.to_owned(),
    };
    let options = Options {
        restarts,
        threads,
        ..Options::default()
    };
    LogDir::open(vec![root], options).unwrap()
}

/// The kinds that are rows of events.
fn kinds() -> Vec<Kind> {
    let kinds = Kind::ALL.into_iter();
    kinds.filter(|kind| *kind != Kind::HParams).collect()
}

fn text(column: &ArrayRef, row: usize) -> String {
    match column.as_dictionary_opt::<Int32Type>() {
        Some(words) if words.keys().is_valid(row) => {
            let key = words.keys().value(row) as usize;
            words.values().as_string::<i32>().value(key).to_owned()
        }
        _ => format!("{:?}", column.slice(row, 1)),
    }
}

/// Rows as text, with the names of their columns.
fn rows(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let row = |row: usize| {
        let columns = schema.fields().iter().zip(batch.columns());
        let texts =
            columns.map(|(field, column)| format!("{}={}", field.name(), text(column, row)));
        texts.collect::<Vec<_>>().join(" ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The rows of each kind, read in one pass.
fn together(log: &LogDir, projection: &Projection, filter: &Filter) -> BTreeMap<Kind, Vec<String>> {
    let mut scan = log
        .scan_kinds(projection.clone(), filter.clone(), &mut || true)
        .unwrap();
    let mut found: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    while let Some(next) = scan.next(&mut || true) {
        let next = next.unwrap();
        found
            .entry(next.kind)
            .or_default()
            .extend(rows(&next.batch));
    }
    found
}

/// The rows of each kind, read one kind after the other.
fn apart(log: &LogDir, projection: &Projection, filter: &Filter) -> BTreeMap<Kind, Vec<String>> {
    let mut found = BTreeMap::new();
    for (kind, layout) in projection.layouts() {
        let columns = layout.schema.fields().iter().map(|f| f.name().clone());
        let filter = Filter {
            columns: Some(columns.collect()),
            ..filter.clone()
        };
        let scan = log.scan(kind, filter).unwrap();
        let reader = scan.reader(&mut || true).unwrap();
        let all: Vec<String> = reader.flat_map(|batch| rows(&batch.unwrap())).collect();
        if !all.is_empty() {
            found.insert(kind, all);
        }
    }
    found
}

#[test]
fn a_pass_over_several_kinds_gives_the_rows_of_each() {
    let all = Projection::of(&kinds()).unwrap();
    let numbered = all.clone();
    let numbered = numbered
        .with_columns(Kind::Scalars, &["attempt_step", "value", "file", "offset"])
        .and_then(|p| p.with_columns(Kind::Tensors, &["tag", "plugin_content", "shape"]))
        .unwrap();
    let two = Projection::of(&[Kind::Tensors, Kind::Meshes]).unwrap();
    let filters = [
        Filter::default(),
        Filter {
            tags: Names::matching(["*a*", "loss"]),
            steps: Steps::range(Some(1), Some(8), 1).unwrap(),
            ..Filter::default()
        },
        Filter {
            wall_time: Some((0.0, 1.7e9)),
            ..Filter::default()
        },
        Filter {
            plugin: Some("mesh".to_owned()),
            ..Filter::default()
        },
        Filter {
            plugin: Some("pr_curves".to_owned()),
            ..Filter::default()
        },
    ];
    let mut met = BTreeMap::new();
    for restarts in [Restarts::All, Restarts::Last] {
        for threads in [1, 3] {
            let log = open(&golden(), restarts, threads);
            for filter in &filters {
                for projection in [&all, &numbered, &two] {
                    let expected = apart(&log, projection, filter);
                    assert_eq!(together(&log, projection, filter), expected);
                    met.extend(expected);
                }
            }
        }
    }
    assert_eq!(met.len(), kinds().len(), "every kind has rows");
}

#[test]
fn hyperparameters_and_columns_in_the_filter_are_refused() {
    let log = open(&golden(), Restarts::All, 1);
    let refused = |projection, filter: Filter| {
        let scan = log.scan_kinds(projection, filter, &mut || true);
        assert!(matches!(scan.err().unwrap().kind(), ErrorKind::Argument(_)));
    };
    refused(Projection::of(&Kind::ALL).unwrap(), Filter::default());
    let columns = Some(vec!["step".to_owned()]);
    let filter = Filter {
        columns,
        ..Filter::default()
    };
    refused(Projection::of(&[Kind::Text]).unwrap(), filter);
}

#[test]
fn a_reference_leads_to_the_value_of_its_row() {
    let log = open(&golden(), Restarts::Last, 2);
    let projection = Projection::of(&kinds()).unwrap().with_references().unwrap();
    for (kind, layout) in projection.layouts() {
        let has_bytes = layout.schema.field_with_name("data").is_ok();
        assert!(!has_bytes, "{}", kind.name());
    }
    let mut scan = log
        .scan_kinds(projection, Filter::default(), &mut || true)
        .unwrap();
    let mut fetched = 0;
    while let Some(next) = scan.next(&mut || true) {
        let next = next.unwrap();
        if next.kind == Kind::Meshes {
            assert!(next.references.is_empty());
            continue;
        }
        assert_eq!(next.references.len(), next.batch.num_rows());
        let tags = next.batch.column_by_name("tag").unwrap();
        for (row, reference) in next.references.iter().enumerate() {
            let record = scan.references().fetch(reference).unwrap();
            fetched += 1;
            let Some(value) = record.value() else {
                assert_eq!(next.kind, Kind::Graphs);
                continue;
            };
            let value = Value::decode(&value[..]).unwrap();
            let tag = if value.tag.is_empty() {
                &value.node_name
            } else {
                &value.tag
            };
            assert_eq!(*tag, text(tags, row));
            if next.kind == Kind::Scalars
                && let Some(ValueData::SimpleValue(number)) = value.value
            {
                let expected = format!("{:?}", f64::from(number));
                let shown = text(next.batch.column_by_name("value").unwrap(), row);
                assert!(shown.contains(&expected) || number == 0.0, "{shown}");
            }
        }
    }
    assert!(fetched > 500, "{fetched}");
}

#[test]
fn a_reference_into_a_file_that_changed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.out.tfevents.1");
    let from = golden().join("tbx_all");
    let source = fs::read_dir(&from)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("tfevents"))
        .unwrap();
    fs::copy(source, &path).unwrap();
    let log = open(folder.path(), Restarts::All, 1);
    let projection = Projection::of(&[Kind::Scalars]).unwrap();
    let mut scan = log
        .scan_kinds(
            projection.with_references().unwrap(),
            Filter::default(),
            &mut || true,
        )
        .unwrap();
    let batch = scan.next(&mut || true).unwrap().unwrap();
    let reference = *batch.references.last().unwrap();
    let references = scan.references().clone();
    drop(scan);
    let whole = fs::read(&path).unwrap();
    let payload = references.fetch(&reference).unwrap();
    let offset = reference.record.offset as usize + 12;
    assert_eq!(
        payload.payload(),
        &whole[offset..][..payload.payload().len()]
    );

    let changed = || {
        let error = references.fetch(&reference).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Changed(_)), "{error}");
        assert!(error.to_string().contains("events.out.tfevents.1"));
    };
    let write = |bytes: &[u8]| {
        let mut file = fs::File::options().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
    };
    let mut flipped = whole.clone();
    flipped[offset] ^= 1;
    write(&flipped);
    changed();
    write(&whole[..offset]);
    changed();
    // Another record of the same length, sound in itself.
    let mut other = flipped.clone();
    let length = payload.payload().len();
    let crc = tfevents::record::crc::MaskedCrc::of(&other[offset..][..length]);
    other[offset + length..][..4].copy_from_slice(&crc.to_le_bytes());
    write(&other);
    changed();
    write(&whole);
    assert!(references.fetch(&reference).is_ok());
    fs::remove_file(&path).unwrap();
    changed();
}
