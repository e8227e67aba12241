//! Which files there are, and when.

use super::*;

#[test]
fn rotation_splits_between_records() {
    for limit in [1, 116, 117, 300, 1000] {
        let disk = disk(ENOUGH);
        let writer = writer(
            &disk,
            Options {
                rotate_bytes: Some(limit),
                ..options()
            },
        );
        for n in 0..100 {
            add(&writer, n, 100);
        }
        writer.close().unwrap();
        assert_eq!(all_records(&disk), (0..100).collect::<Vec<_>>());
        let files = disk.files.lock().unwrap();
        let per_file = (limit as usize / 116).max(1);
        assert_eq!(files.len(), 100usize.div_ceil(per_file));
        assert!(files.iter().all(|file| file.len() <= per_file * 116));
        assert_eq!(writer.stats().paths.len(), files.len());
    }
}

#[test]
fn a_writer_reopens_after_close_and_closes_twice() {
    let disk = disk(ENOUGH);
    let writer = writer(&disk, options());
    for n in 0..3 {
        add(&writer, n, 10);
        writer.close().unwrap();
        writer.close().unwrap();
    }
    writer.flush().unwrap();
    assert_eq!(disk.files.lock().unwrap().len(), 3);
    assert_eq!(all_records(&disk), [0, 1, 2]);
}

#[test]
fn files_begin_with_a_version_and_never_share_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..20)
        .map(|_| Writer::open(Options::directory(dir.path())).unwrap())
        .collect();
    let mut paths: Vec<_> = writers.iter().flat_map(|w| w.stats().paths).collect();
    paths.dedup();
    assert_eq!(paths.len(), 20);
    for path in paths {
        let bytes = std::fs::read(path).unwrap();
        let Frame::Record { payload, .. } = frame::<Portable>(&bytes) else {
            panic!("no whole record");
        };
        assert_eq!(payload[9..24], *b"\x1a\x0dbrain.Event:2");
    }
}

#[test]
fn a_deleted_directory_is_made_again_and_the_loss_counted() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let writer = Writer::open(Options::directory(&run)).unwrap();
    add(&writer, 1, 100);
    writer.flush().unwrap();
    std::fs::remove_dir_all(&run).unwrap();
    add(&writer, 2, 100);
    writer.flush().unwrap();
    let notice = writer.take_notice().unwrap().to_string();
    assert!(
        notice.contains("deleted") && notice.contains("1 records"),
        "{notice}"
    );
    let stats = writer.stats();
    assert_eq!((stats.written.records, stats.dropped.records), (1, 1));
    let mut expected = Vec::new();
    append_record(&mut expected, &payload(2, 100));
    assert!(std::fs::read(&stats.paths[0]).unwrap().ends_with(&expected));
}

#[test]
fn a_directory_that_cannot_be_made_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let run = blocked.join("run");
    let raising = Options {
        on_error: OnError::Raise,
        ..Options::directory(&run)
    };
    assert!(Writer::open(raising).is_err());
    let writer = Writer::open(Options::directory(&run)).unwrap();
    assert!(writer.take_notice().is_some());
    add(&writer, 1, 100);
    writer.flush().unwrap_err();
    std::fs::remove_file(&blocked).unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.stats().written.records, 1);
}

#[test]
fn one_file_is_replaced_once_and_closed_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records");
    std::fs::write(&path, "what was there").unwrap();
    let writer = Writer::open(Options {
        version: false,
        ..Options::new(Target::File(path.clone()))
    })
    .unwrap();
    add(&writer, 1, 10);
    writer.close().unwrap();
    assert!(writer.append(payload(2, 10).as_slice()).is_err());
    assert_eq!(records(&std::fs::read(&path).unwrap()), (vec![1], 0));
}

#[test]
fn opening_and_closing_in_a_hurry_loses_nothing() {
    let disk = disk(ENOUGH);
    let writer = writer(&disk, options());
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let writer = &writer;
            scope.spawn(move || {
                for n in 0..300 {
                    add(writer, thread * 300 + n, 20);
                    writer.close().unwrap();
                }
            });
        }
    });
    writer.close().unwrap();
    let mut all = all_records(&disk);
    all.sort_unstable();
    assert_eq!(all, (0..900).collect::<Vec<_>>());
}

#[test]
fn names_sort_in_the_order_in_which_they_were_made() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..250)
        .map(|_| {
            let writer = Writer::open(Options::directory(dir.path())).unwrap();
            let path = writer.stats().paths.remove(0);
            path.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    let numbers = |name: &String| {
        let mut parts = name.split('.');
        let seconds: u64 = parts.nth(3).unwrap().parse().unwrap();
        let number: u64 = parts.next_back().unwrap().parse().unwrap();
        (seconds, number)
    };
    assert!(names.is_sorted(), "as strings");
    assert!(names.iter().map(numbers).is_sorted(), "by their numbers");
}
