//! A log followed as it grows is the log read at the end, wherever it is cut and however it is
//! damaged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod logged;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use logged::{Logged, Planned, damage, file};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::logdir::{
    FollowOptions, Follower, LiveSelection, LogDir, Notice, Options, Root, Selection, Step, Woken,
};

const COLUMNS: [&str; 7] = ["run", "tag", "step", "value", "file", "offset", "attempt"];

#[derive(Debug, Clone, PartialEq)]
struct Row(String, String, i64, u64, i64, i32);

fn rows(batches: &[RecordBatch]) -> BTreeMap<String, Vec<Row>> {
    let mut found: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for batch in batches {
        let text = |name: &str, row: usize| {
            let column = batch
                .column_by_name(name)
                .unwrap()
                .as_dictionary::<Int32Type>();
            let key = column.keys().value(row) as usize;
            column.values().as_string::<i32>().value(key).to_owned()
        };
        let whole = |name: &str| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_primitive::<Int64Type>()
                .clone()
        };
        let (step, offset) = (whole("step"), whole("offset"));
        let value = batch
            .column_by_name("value")
            .unwrap()
            .as_primitive::<Float64Type>();
        let attempt = batch
            .column_by_name("attempt")
            .unwrap()
            .as_primitive::<Int32Type>();
        for i in 0..batch.num_rows() {
            let row = Row(
                text("run", i),
                text("tag", i),
                step.value(i),
                value.value(i).to_bits(),
                offset.value(i),
                attempt.value(i),
            );
            found.entry(text("file", i)).or_default().push(row);
        }
    }
    found
}

fn filter() -> Filter {
    Filter {
        columns: Some(COLUMNS.map(str::to_owned).to_vec()),
        ..Filter::default()
    }
}

fn live() -> LiveSelection {
    LiveSelection {
        selection: Selection::from(filter()),
        ..LiveSelection::default()
    }
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

fn follow(root: &Path, cursor: Option<String>, settle: Duration) -> Follower {
    let options = FollowOptions {
        poll: Duration::from_millis(500),
        settle,
        question: "scalars".into(),
        cursor,
    };
    open(root).follow(Kind::Scalars, live(), options).unwrap()
}

/// Takes up to `most` batches; whether there was nothing left.
fn drain(follower: &mut Follower, most: usize, into: &mut Vec<RecordBatch>) -> bool {
    follower.wake(Woken::Anything);
    for _ in 0..most {
        match follower.step(&mut || true).unwrap() {
            Step::Rows(_, batch) | Step::Events(batch) => into.push(batch),
            Step::Idle(_) => return true,
        }
    }
    false
}

const LATER: Duration = Duration::from_secs(3600);

fn files() -> impl Strategy<Value = Vec<Planned>> {
    vec((vec((0u8..12, 0u8..4, 0i64..30), 0..25), damage()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each run grows at the end of its last file; followers are cut at any batch.
    #[test]
    fn a_log_followed_as_it_grows_is_the_log_read_at_the_end(
        runs in vec(files(), 1..4),
        growth in vec((any::<Index>(), 1usize..400, 0usize..4, any::<bool>(), any::<bool>()), 0..40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut whole: Vec<Vec<(PathBuf, Vec<u8>)>> = Vec::new();
        for (number, files) in runs.iter().enumerate() {
            let mut first = [true; 4];
            let run = folder.path().join(format!("run{number}"));
            let bytes = files.iter().enumerate().map(|(i, (events, damage))| {
                (run.join(format!("events.out.tfevents.{i}")), file(events, damage, &mut first))
            });
            whole.push(bytes.collect());
        }
        let mut written = vec![(0usize, 0usize); whole.len()]; // file and offset
        let mut batches = Vec::new();
        let mut follower = follow(folder.path(), None, LATER);
        let ends = whole.iter().enumerate().flat_map(|(run, files)| vec![(run, usize::MAX); files.len()]);
        let growth = growth.into_iter().map(|(run, bytes, most, cut, hole)| (run.index(whole.len()), bytes, most, cut, hole));
        let growth: Vec<_> = growth.chain(ends.map(|(run, bytes)| (run, bytes, 100, false, false))).collect();
        for (run, bytes, most, cut, hole) in growth {
            let (file, offset) = &mut written[run];
            if let Some((path, all)) = whole[run].get(*file) {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let end = all.len().min(offset.saturating_add(bytes));
                let mut out = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                if hole && most > 0 {
                    // Blocks that were reserved, and are written later.
                    let written = fs::metadata(path).unwrap().len();
                    out.set_len(written + (end - *offset) as u64).unwrap();
                    drain(&mut follower, most, &mut batches);
                    out.set_len(written).unwrap();
                }
                out.write_all(&all[*offset..end]).unwrap();
                *offset = end;
                if end == all.len() {
                    (*file, *offset) = (*file + 1, 0);
                }
            }
            drain(&mut follower, most, &mut batches);
            if cut {
                let cursor = follower.cursor().unwrap();
                drop(follower);
                follower = follow(folder.path(), Some(cursor), LATER);
            }
        }
        let cursor = follower.cursor().unwrap();
        follower = follow(folder.path(), Some(cursor), Duration::ZERO);
        while !drain(&mut follower, 100, &mut batches) {}
        let notices = follower.notices();
        prop_assert!(notices.is_empty(), "{:?}", notices);
        let scan = open(folder.path()).scan(Kind::Scalars, filter()).unwrap();
        let all = scan.collect(&mut || true).unwrap();
        let (mut followed, mut read) = (rows(&batches), rows(&all));
        // What waits behind damage comes after rows of later files, so its attempt may be another.
        if runs.iter().flatten().any(|(_, damage)| !damage.is_empty()) {
            let all = followed.values_mut().chain(read.values_mut()).flatten();
            all.for_each(|row| row.5 = 0);
        }
        prop_assert_eq!(followed, read);
    }
}

fn scalars(steps: std::ops::Range<i64>) -> Vec<u8> {
    let events: Vec<Logged> = steps.map(|step| (9, 0, step)).collect();
    file(&events, &[], &mut [true; 4])
}

fn steps(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| {
        batch
            .column_by_name("step")
            .unwrap()
            .as_primitive::<Int64Type>()
            .values()
            .to_vec()
    };
    batches.iter().flat_map(column).collect()
}

#[test]
fn a_replaced_or_shortened_file_comes_from_its_start_and_is_told() {
    for resumes in [false, true] {
        for (replacement, by_rename) in [
            (scalars(50..53), false),
            (scalars(50..90), false),
            (scalars(50..90), true),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.tfevents");
            fs::write(&path, scalars(0..20)).unwrap();
            let mut follower = follow(folder.path(), None, LATER);
            let mut batches = Vec::new();
            assert!(drain(&mut follower, 100, &mut batches));
            assert_eq!(steps(&batches), (0..20).collect::<Vec<_>>());
            if resumes {
                let cursor = follower.cursor().unwrap();
                follower = follow(folder.path(), Some(cursor), LATER);
            }
            if by_rename {
                let other = folder.path().join("other");
                fs::write(&other, &replacement).unwrap();
                fs::rename(&other, &path).unwrap();
            } else {
                fs::write(&path, &replacement).unwrap();
            }
            let mut after = Vec::new();
            assert!(drain(&mut follower, 100, &mut after));
            let expected: Vec<i64> = if replacement.len() < 400 {
                (50..53).collect()
            } else {
                (50..90).collect()
            };
            assert_eq!(steps(&after), expected, "{resumes} {by_rename}");
            let attempts = after[0]
                .column_by_name("attempt")
                .unwrap()
                .as_primitive::<Int32Type>();
            assert!(attempts.values().iter().all(|attempt| *attempt == 1));
            assert_eq!(follower.notices(), [Notice::Replaced(path.clone())]);
        }
    }
}

#[test]
fn a_cursor_that_is_none_is_refused_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.tfevents"), scalars(0..20)).unwrap();
    let mut follower = follow(folder.path(), None, LATER);
    assert!(drain(&mut follower, 100, &mut Vec::new()));
    let cursor = follower.cursor().unwrap();
    let refused = |root: &Path, cursor: &str, question: &str| {
        let options = FollowOptions {
            poll: Duration::from_millis(500),
            settle: LATER,
            question: question.into(),
            cursor: Some(cursor.to_owned()),
        };
        let follower = open(root).follow(Kind::Scalars, live(), options);
        match follower.and_then(|mut follower| follower.step(&mut || true)) {
            Ok(step) => panic!("{step:?}"),
            Err(error) => error.to_string(),
        }
    };
    let root = folder.path();
    for length in 5..cursor.len() {
        assert!(
            refused(root, &cursor[..length], "scalars").contains("cut short"),
            "{length}"
        );
    }
    assert!(refused(root, "events", "scalars").contains("must be what"));
    assert!(refused(root, &cursor.replacen('1', "2", 1), "scalars").contains("version 2"));
    assert!(refused(root, &cursor, "images").contains("another question"));
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("b.tfevents"), scalars(0..20)).unwrap();
    assert!(refused(other.path(), &cursor, "scalars").contains("another directory"));
}

#[test]
fn a_cursor_is_small() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..200 {
        let run = folder.path().join(format!("lr=0.{run:03}/train"));
        fs::create_dir_all(&run).unwrap();
        let name = format!(
            "events.out.tfevents.17952{:05}.host-{}.{}.0",
            38596, 7, 28952
        );
        let events: Vec<Logged> = (0..20).map(|i| (4, i as u8, i)).collect();
        fs::write(run.join(name), file(&events, &[], &mut [true; 4])).unwrap();
    }
    let mut follower = follow(folder.path(), None, LATER);
    while !drain(&mut follower, 1000, &mut Vec::new()) {}
    let length = follower.cursor().unwrap().len();
    assert!(length <= 200 * 64 + 800 * 32, "{length}");
}

#[test]
fn dictionaries_hold_the_names_that_rows_of_the_batch_have() {
    let folder = tempfile::tempdir().unwrap();
    let write = |run: &str, events: &[Logged]| {
        fs::create_dir_all(folder.path().join(run)).unwrap();
        let path = folder.path().join(run).join("a.tfevents");
        let mut out = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        out.write_all(&file(events, &[], &mut [false; 4])).unwrap();
    };
    write("empty", &[(1, 0, 0)]);
    write("train", &[(9, 2, 0)]);
    let mut follower = follow(folder.path(), None, LATER);
    let mut batches = Vec::new();
    assert!(drain(&mut follower, 100, &mut batches));
    write("eval", &[(9, 1, 0)]);
    assert!(drain(&mut follower, 100, &mut batches));
    let names = |batch: &RecordBatch, column: &str| -> Vec<String> {
        let column = batch.column_by_name(column).unwrap();
        let values = column.as_dictionary::<Int32Type>().values();
        values
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(names(&batches[0], "run"), ["train"]);
    assert_eq!(names(&batches[0], "tag"), ["tag2"]);
    assert_eq!(names(&batches[0], "file").len(), 1);
    assert_eq!(names(&batches[1], "run"), ["eval"]);
    assert_eq!(names(&batches[1], "tag"), ["tag1"]);
    assert_eq!(names(&batches[1], "file").len(), 1);
}
