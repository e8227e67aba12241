//! Files that other processes cut, overwrite, replace and delete while they are read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::logdir::{LogDir, Options, Root};
use tfevents::proto::{Event, Message, Summary, Value, ValueData, What};
use tfevents::record::append_record;

/// Scalars whose value is `sign` times their step.
fn scalars(count: i64, sign: i64) -> Vec<u8> {
    let mut file = Vec::new();
    for step in 0..count {
        let value = Value {
            tag: "loss".to_owned(),
            value: Some(ValueData::SimpleValue((sign * step) as f32)),
            ..Value::default()
        };
        let what = What::Summary(Summary { value: vec![value] });
        let event = Event {
            step,
            wall_time: 1.0,
            what: Some(what),
            ..Event::default()
        };
        append_record(&mut file, &event.encode_to_vec());
    }
    file
}

/// Writes a file that looks finished, so that it is mapped.
fn finished(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let handle = File::options().write(true).open(path).unwrap();
    handle.set_modified(long_ago).unwrap();
}

/// Reads all scalars; how many there were. Each of them is right.
fn read(log: &LogDir, sign: i64) -> usize {
    let scan = log.scan(Kind::Scalars, Filter::default()).unwrap();
    let mut stream = scan.stream(&mut || true).unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next(&mut || true) {
        let batch = batch.unwrap();
        let steps = batch.column_by_name("step").unwrap();
        let values = batch.column_by_name("value").unwrap();
        let steps = steps.as_primitive::<Int64Type>().values();
        let values = values.as_primitive::<Float64Type>().values();
        for (step, value) in steps.iter().zip(values) {
            let (step, value) = (*step as f64, *value);
            assert!(
                value == step || value == step * sign as f64,
                "{value} at {step}"
            );
        }
        rows += batch.num_rows();
    }
    rows
}

/// Reads a file over and over while `change` is done to it at some moment.
fn while_changed(sign: i64, change: impl Fn(&Path) + Sync) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tfevents");
    let bytes = scalars(200_000, 1);
    let root = Root::File {
        name: ".".to_owned(),
        path: path.clone(),
    };
    for round in 0..8 {
        finished(&path, &bytes);
        let log = LogDir::open(vec![root.clone()], Options::default()).unwrap();
        let start = Instant::now();
        assert_eq!(read(&log, sign), 200_000);
        let usual = start.elapsed();
        let log = LogDir::open(vec![root.clone()], Options::default()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(usual.mul_f64(f64::from(round) / 6.0));
                change(&path);
            });
            for _ in 0..3 {
                read(&log, sign);
            }
        });
    }
}

#[test]
fn a_file_cut_short_ends_early_and_the_process_lives() {
    for keep in [0, 1 << 20, 5_000_001] {
        while_changed(1, |path| {
            let handle = File::options().write(true).open(path).unwrap();
            handle.set_len(keep).unwrap();
        });
    }
}

#[test]
fn a_file_cut_short_and_grown_again_gives_no_zeros_as_values() {
    while_changed(1, |path| {
        let handle = File::options().write(true).open(path).unwrap();
        handle.set_len(4097).unwrap();
        handle.set_len(9_000_000).unwrap();
    });
}

#[test]
fn a_file_written_over_gives_old_values_or_new_ones() {
    let other = scalars(200_000, -1);
    while_changed(-1, |path| {
        let handle = File::options().write(true).open(path).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::FileExt::write_all_at(&handle, &other, 0).unwrap();
        drop(handle);
    });
}

#[test]
fn a_file_replaced_gives_old_values_or_new_ones() {
    let other = scalars(100_000, -1);
    while_changed(-1, |path| {
        let new = path.with_extension("new");
        finished(&new, &other);
        fs::rename(&new, path).unwrap();
    });
}

#[test]
fn a_file_deleted_is_no_error() {
    while_changed(1, |path| fs::remove_file(path).unwrap());
}

/// The handler that saves us from a vanished page must not save anyone from anything else.
#[cfg(target_os = "linux")]
#[test]
fn a_bus_error_sent_from_outside_still_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, id};
    const CHILD: &str = "TFEVENTS_TEST_SIGBUS";
    if std::env::var_os(CHILD).is_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tfevents");
        finished(&path, &scalars(50_000, 1)); // large enough to be mapped
        let name = ".".to_owned();
        let log = LogDir::open(vec![Root::File { name, path }], Options::default()).unwrap();
        assert_eq!(read(&log, 1), 50_000);
        let pid = id().to_string();
        // The handler of Rust's own runtime, which comes after ours, lets the first one pass.
        for _ in 0..600 {
            Command::new("kill").args(["-BUS", &pid]).status().unwrap();
            thread::sleep(Duration::from_millis(100));
        }
        return;
    }
    let this = std::env::current_exe().unwrap();
    let name = "a_bus_error_sent_from_outside_still_ends_the_process";
    let child = Command::new(this)
        .args([name, "--exact"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(7), "{child:?}");
}
