//! Meshes of a log followed as it grows are those of the log read at the end, wherever their
//! components lie and wherever the follower is cut.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod mesh_log;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use mesh_log::{Log, Planned, events};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::logdir::{
    FollowOptions, Follower, LiveSelection, LogDir, Notice, Options, Root, Selection, Step, Woken,
};

const COLUMNS: [&str; 9] = [
    "run", "tag", "step", "vertices", "colors", "faces", "file", "offset", "attempt",
];

/// Everything about a row but its series.
type Row = (i64, Vec<Option<i64>>, String, i64, i32);

fn rows(batches: &[RecordBatch]) -> BTreeMap<(String, String), Vec<Row>> {
    let mut found: BTreeMap<_, Vec<Row>> = BTreeMap::new();
    for batch in batches {
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let text = |name: &str, row: usize| {
            let column = column(name).as_dictionary::<Int32Type>();
            let key = column.keys().value(row) as usize;
            column.values().as_string::<i32>().value(key).to_owned()
        };
        let whole = |name: &str, row: usize| column(name).as_primitive::<Int64Type>().value(row);
        let first = |name: &str, row: usize| {
            let points = column(name).as_list::<i32>();
            let point = points.is_valid(row).then(|| points.value(row))?;
            let numbers = point.as_list::<i32>().value(0);
            Some(match name {
                "faces" => i64::from(numbers.as_primitive::<Int32Type>().value(0)),
                _ => numbers.as_primitive::<Float32Type>().value(0) as i64,
            })
        };
        for row in 0..batch.num_rows() {
            let contents = ["vertices", "colors", "faces"].map(|name| first(name, row));
            let attempt = column("attempt").as_primitive::<Int32Type>().value(row);
            let of = (whole("step", row), contents.to_vec(), text("file", row));
            let of = (of.0, of.1, of.2, whole("offset", row), attempt);
            let series = (text("run", row), text("tag", row));
            found.entry(series).or_default().push(of);
        }
    }
    found
}

fn open(root: &Path) -> LogDir {
    let root = Root::Directory {
        name: String::new(),
        path: root.to_owned(),
    };
    let options = Options {
        threads: 2,
        missing_ok: true,
        ..Options::default()
    };
    LogDir::open(vec![root], options).unwrap()
}

fn filter() -> Filter {
    Filter {
        columns: Some(COLUMNS.map(str::to_owned).to_vec()),
        ..Filter::default()
    }
}

const LATER: Duration = Duration::from_secs(3600);

fn follow(root: &Path, cursor: Option<String>, settle: Duration) -> Follower {
    let options = FollowOptions {
        poll: Duration::from_millis(500),
        settle,
        question: "meshes".into(),
        cursor,
    };
    let live = LiveSelection {
        selection: Selection::from(filter()),
        ..LiveSelection::default()
    };
    open(root).follow(Kind::Meshes, live, options).unwrap()
}

fn follow_both(root: &Path, cursor: Option<String>) -> Follower {
    let options = FollowOptions {
        poll: Duration::from_millis(500),
        settle: LATER,
        question: "both".into(),
        cursor,
    };
    let kinds = [Kind::Scalars, Kind::Meshes];
    open(root)
        .follow_kinds(&kinds, LiveSelection::default(), options)
        .unwrap()
}

/// Takes up to `most` batches.
fn drain(follower: &mut Follower, most: usize, into: &mut Vec<(Kind, RecordBatch)>) {
    follower.wake(Woken::Anything);
    for _ in 0..most {
        match follower.step(&mut || true).unwrap() {
            Step::Rows(kind, batch) => into.push((kind, batch)),
            Step::Events(_) | Step::Idle(_) => return,
        }
    }
}

fn of(kind: Kind, batches: &[(Kind, RecordBatch)]) -> Vec<RecordBatch> {
    let batches = batches.iter().filter(|(of, _)| *of == kind);
    batches.map(|(_, batch)| batch.clone()).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(bytes).unwrap();
}

/// Series, step and first number of the rows of a follower of scalars and meshes.
fn of_both(batches: &[(Kind, RecordBatch)]) -> BTreeMap<(String, String), Vec<i64>> {
    let mut found: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (kind, batch) in batches {
        let text = |name: &str, row: usize| {
            let column = batch
                .column_by_name(name)
                .unwrap()
                .as_dictionary::<Int32Type>();
            let key = column.keys().value(row) as usize;
            column.values().as_string::<i32>().value(key).to_owned()
        };
        let steps = batch.column_by_name("step").unwrap();
        for row in 0..batch.num_rows() {
            let series = (text("run", row), format!("{kind:?} {}", text("tag", row)));
            let step = steps.as_primitive::<Int64Type>().value(row);
            found.entry(series).or_default().push(step);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn meshes_followed_are_those_of_the_scan(
        runs in vec(vec(events(), 1..3), 1..4),
        growth in vec((any::<Index>(), 1usize..900, 0usize..4, any::<bool>()), 0..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let whole: Vec<Vec<Vec<u8>>> = runs.iter().map(|files| {
            let mut log = Log::default();
            let file = |events: &Vec<Planned>| {
                events.iter().flat_map(|planned| log.planned(planned)).collect()
            };
            let mut files: Vec<Vec<u8>> = files.iter().map(file).collect();
            files.last_mut().unwrap().extend(log.end());
            files
        }).collect();
        let mut written = vec![(0usize, 0usize); whole.len()]; // file and offset
        let (mut batches, mut of_kinds, mut uncut) = (vec![], vec![], vec![]);
        let mut follower = follow(folder.path(), None, LATER);
        let mut both = follow_both(folder.path(), None);
        let mut never_cut = follow_both(folder.path(), None);
        let ends = whole.iter().enumerate().flat_map(|(run, files)| vec![(run, usize::MAX); files.len()]);
        let ends = ends.map(|(run, bytes)| (run, bytes, 100, true));
        let growth = growth.into_iter().map(|(run, bytes, most, cut)| (run.index(whole.len()), bytes, most, cut));
        for (run, bytes, most, cut) in growth.chain(ends).collect::<Vec<_>>() {
            let (file, offset) = &mut written[run];
            if let Some(all) = whole[run].get(*file) {
                let path = folder.path().join(format!("run{run}/events.out.tfevents.{file}"));
                let end = all.len().min(offset.saturating_add(bytes));
                append(&path, &all[*offset..end]);
                *offset = end;
                if end == all.len() {
                    (*file, *offset) = (*file + 1, 0);
                }
            }
            drain(&mut follower, most, &mut batches);
            drain(&mut both, most, &mut of_kinds);
            drain(&mut never_cut, most, &mut uncut);
            if cut {
                let cursor = follower.cursor().unwrap();
                follower = follow(folder.path(), Some(cursor), LATER);
                let cursor = both.cursor().unwrap();
                both = follow_both(folder.path(), Some(cursor));
            } else if most == 2 {
                both.rest();
            }
        }
        drain(&mut follower, usize::MAX, &mut batches);
        drain(&mut both, usize::MAX, &mut of_kinds);
        drain(&mut never_cut, usize::MAX, &mut uncut);
        prop_assert!(follower.notices().is_empty());
        let scan = open(folder.path()).scan(Kind::Meshes, filter()).unwrap();
        let all = scan.collect(&mut || true).unwrap();
        prop_assert_eq!(rows(&of(Kind::Meshes, &batches)), rows(&all));
        prop_assert_eq!(of_both(&of_kinds), of_both(&uncut));
    }
}

#[test]
fn components_of_a_replaced_file_are_dropped() {
    for cut in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tfevents");
        let mut log = Log::default();
        append(&path, &log.record(0, &[(0, 0)], &[]));
        let mut follower = follow(folder.path(), None, LATER);
        let mut batches = Vec::new();
        drain(&mut follower, 100, &mut batches);
        if cut {
            let cursor = follower.cursor().unwrap();
            follower = follow(folder.path(), Some(cursor), LATER);
        }
        log.known.clear();
        let mut other = log.record(0, &[(0, 1)], &[]);
        other.extend(log.record(0, &[(0, 2)], &[]));
        other.extend(log.record(1, &[(0, 2)], &[]));
        fs::write(&path, other).unwrap();
        drain(&mut follower, 100, &mut batches);
        let found = rows(&of(Kind::Meshes, &batches));
        let series = &found[&(".".to_owned(), "m0".to_owned())];
        assert_eq!(series.len(), 1, "{cut}");
        assert_eq!(series[0].1, [None, Some(3), Some(2)], "{cut}");
        assert_eq!(follower.notices(), [Notice::Replaced(path)]);
    }
}

/// The contents of the meshes of a log, by what was handed out.
fn contents(batches: &[(Kind, RecordBatch)]) -> Vec<Vec<Option<i64>>> {
    let found = rows(&of(Kind::Meshes, batches)).into_values().flatten();
    found.map(|row| row.1).collect()
}

#[test]
fn a_mesh_with_all_that_its_metadata_lists_comes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tfevents");
    let mut log = Log::default();
    append(&path, &log.record(0, &[(0, 0)], &[(0, 0)]));
    let mut follower = follow(folder.path(), None, LATER);
    let mut batches = Vec::new();
    drain(&mut follower, 100, &mut batches);
    assert_eq!(contents(&batches), [[Some(1), None, None]]);
    assert_eq!(follower.pending(), []);
}

#[test]
fn a_mesh_that_lacks_what_its_metadata_lists_is_waited_for_however_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tfevents");
    let mut log = Log::default();
    let whole = [(0, 0), (0, 1)];
    append(&path, &log.record(0, &[(0, 0)], &whole));
    let mut follower = follow(folder.path(), None, Duration::ZERO);
    let mut batches = Vec::new();
    drain(&mut follower, 100, &mut batches);
    for _ in 0..2 {
        assert_eq!(contents(&batches), Vec::<Vec<_>>::new());
        let pending = follower.pending();
        assert_eq!((pending.len(), pending[0].offset), (1, 0));
        let cursor = follower.cursor().unwrap();
        follower = follow(folder.path(), Some(cursor), Duration::ZERO);
        drain(&mut follower, 100, &mut batches);
    }
    append(&path, &log.record(0, &[(0, 1)], &whole));
    drain(&mut follower, 100, &mut batches);
    assert_eq!(contents(&batches), [[Some(1), None, Some(2)]]);
    assert_eq!(follower.pending(), []);
}

#[test]
fn a_mesh_whose_metadata_lists_nothing_comes_when_it_has_settled() {
    for cut in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tfevents");
        let mut log = Log::default();
        append(&path, &log.record(0, &[(0, 0), (0, 2)], &[]));
        let mut follower = follow(
            folder.path(),
            None,
            if cut { LATER } else { Duration::ZERO },
        );
        let mut batches = Vec::new();
        drain(&mut follower, 100, &mut batches);
        if cut {
            assert_eq!(contents(&batches), Vec::<Vec<_>>::new());
            let cursor = follower.cursor().unwrap();
            follower = follow(folder.path(), Some(cursor), Duration::ZERO);
            drain(&mut follower, 100, &mut batches);
        }
        assert_eq!(contents(&batches), [[Some(1), Some(2), None]]);
        let cursor = follower.cursor().unwrap();
        follower = follow(folder.path(), Some(cursor), Duration::ZERO);
        drain(&mut follower, 100, &mut batches);
        assert_eq!(contents(&batches).len(), 1);
    }
}

#[test]
fn wall_times_are_those_of_whole_meshes_in_every_pass() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tfevents");
    let mut log = Log::default();
    let whole = [(0, 0), (0, 1), (0, 2)];
    for part in whole {
        append(&path, &log.record(0, &[part], &whole)); // at 1, 2 and 3 s
    }
    let filter = Filter {
        wall_time: Some((0.0, 1.5)),
        ..Filter::default()
    };
    let live = || LiveSelection {
        selection: Selection::from(filter.clone()),
        ..LiveSelection::default()
    };
    let options = || FollowOptions {
        poll: Duration::from_millis(500),
        settle: LATER,
        question: String::new(),
        cursor: None,
    };
    let log = open(folder.path());
    let mut single = log.follow(Kind::Meshes, live(), options()).unwrap();
    let kinds = [Kind::Scalars, Kind::Meshes];
    let mut several = log.follow_kinds(&kinds, live(), options()).unwrap();
    let scan = log.scan(Kind::Meshes, filter.clone()).unwrap();
    let scanned = scan.collect(&mut || true).unwrap();
    for follower in [&mut single, &mut several] {
        let mut batches = Vec::new();
        drain(follower, 100, &mut batches);
        let meshes = of(Kind::Meshes, &batches);
        assert_eq!(meshes.len(), 1);
        assert_eq!(meshes[0].num_rows(), 1);
        for name in ["step", "wall_time", "vertices", "colors", "faces"] {
            let column = |batch: &RecordBatch| batch.column_by_name(name).unwrap().clone();
            assert_eq!(&column(&meshes[0]), &column(&scanned[0]), "{name}");
        }
        let scalars = of(Kind::Scalars, &batches);
        assert_eq!(
            scalars.iter().map(RecordBatch::num_rows).sum::<usize>(),
            scalars.len()
        );
    }
}
