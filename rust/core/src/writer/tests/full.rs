//! Disks that refuse and break off.

use super::*;

#[test]
fn a_hanging_disk_blocks_nobody_until_the_buffer_is_full() {
    let disk = disk(ENOUGH);
    let options = Options {
        max_buffer_bytes: 1 << 20,
        on_full: OnFull::Drop,
        close_timeout: Duration::from_millis(100),
        ..options()
    };
    let writer = writer(&disk, options);
    add(&writer, 0, 100);
    disk.hang.store(true, SeqCst);
    let fates: Vec<_> = (1..20_000).map(|n| add(&writer, n, 100)).collect();
    let kept = fates.iter().filter(|&&fate| fate == Fate::Kept).count();
    assert_eq!(
        kept + 1,
        (1 << 20) / 116,
        "the buffer is used to its bound, and no further"
    );
    let stats = writer.stats();
    assert!(stats.pending.bytes <= 1 << 20);
    assert_eq!(stats.dropped.records as usize, 19_999 - kept);

    let error = writer.close().unwrap_err().to_string();
    assert!(error.contains("given up"), "{error}");
    assert_eq!(writer.stats().pending, Count::default());
    assert_eq!(writer.stats().dropped.records, 20_000);
    writer.close().unwrap();
    disk.hang.store(false, SeqCst);
}

#[test]
fn a_full_disk_is_cut_back_and_gone_on_with_when_there_is_room() {
    for room in [0, 1, 115, 116, 117, 500, 1159, 1160] {
        let disk = disk(room);
        let writer = writer(&disk, options());
        for n in 0..10 {
            add(&writer, n, 100);
        }
        let result = writer.flush();
        assert_eq!(result.is_ok(), room >= 1160);
        assert_eq!(
            all_records(&disk).len(),
            room / 116,
            "whole records are kept"
        );
        let stats = writer.stats();
        assert_eq!(stats.written.records as usize, room / 116);
        assert_eq!(stats.pending.records as usize, 10 - room / 116);
        disk.room.store(ENOUGH, SeqCst);
        writer.close().unwrap();
        assert_eq!(all_records(&disk), (0..10).collect::<Vec<_>>());
        assert_eq!(
            disk.files.lock().unwrap().len(),
            1,
            "a full disk keeps its file"
        );
    }
}

#[test]
fn a_disk_that_stays_full_neither_blocks_nor_kills() {
    let disk = disk(300);
    let writer = writer(
        &disk,
        Options {
            max_buffer_bytes: 1000,
            ..options()
        },
    );
    add(&writer, 0, 100);
    add(&writer, 1, 100);
    add(&writer, 2, 100);
    assert!(writer.flush().is_err());
    let kept = (3..100)
        .filter(|&n| add(&writer, n, 100) == Fate::Kept)
        .count();
    assert_eq!(kept, (1000 - 116) / 116);
    assert!(writer.close().is_err(), "close tells of the loss");
    let stats = writer.stats();
    assert_eq!(stats.written.records, 2);
    assert_eq!(stats.dropped.records, 98);
    assert_eq!(stats.pending, Count::default());
    assert_eq!(all_records(&disk), [0, 1]);
}

#[test]
fn warn_leaves_one_notice_and_raise_fails_the_next_call() {
    let full = disk(0);
    let warn = writer(&full, options());
    add(&warn, 0, 100);
    warn.flush().unwrap_err();
    assert!(warn.take_notice().is_none(), "flush has told already");
    warn.flush().unwrap_err();
    add(&warn, 1, 100);
    assert!(warn.stats().last_error.is_some());

    let raise = writer(
        &full,
        Options {
            on_error: OnError::Raise,
            flush_interval: Some(Duration::from_millis(1)),
            ..options()
        },
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut kept = 0;
    let error = loop {
        match raise.append(payload(0, 100).as_slice()) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(Instant::now() < deadline, "the error never came");
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(error.to_string().contains("file1") || error.to_string().contains("file2"));
    assert_eq!(
        raise.stats().pending.records,
        kept,
        "the call that fails adds nothing"
    );
}

#[test]
fn drop_goes_on_with_the_next_records() {
    let disk = disk(116);
    let writer = writer(
        &disk,
        Options {
            on_error: OnError::Drop,
            ..options()
        },
    );
    for n in 0..5 {
        add(&writer, n, 100);
    }
    writer.flush().unwrap_err();
    assert_eq!(writer.stats().dropped.records, 4);
    assert_eq!(writer.stats().pending.records, 0);
    disk.room.store(ENOUGH, SeqCst);
    add(&writer, 7, 100);
    writer.flush().unwrap();
    assert_eq!(all_records(&disk), [0, 7]);
    assert!(writer.take_notice().is_none());
}

#[test]
fn a_torn_end_that_stays_is_left_and_never_written_behind() {
    let disk = disk(200);
    disk.keeps_torn.store(true, SeqCst);
    let writer = writer(&disk, options());
    for n in 0..5 {
        add(&writer, n, 100);
    }
    writer.flush().unwrap_err();
    disk.room.store(ENOUGH, SeqCst);
    writer.close().unwrap();
    let files = disk.files.lock().unwrap();
    assert_eq!(records(&files[0]), (vec![0], 84));
    assert_eq!(records(&files[1]), (vec![1, 2, 3, 4], 0));
}

#[test]
fn a_file_that_is_too_large_is_followed_by_the_next_and_a_hopeless_record_dropped() {
    let disk = disk(300);
    *disk.kind.lock().unwrap() = Some(io::ErrorKind::FileTooLarge);
    let writer = writer(&disk, options());
    for n in 0..3 {
        add(&writer, n, 100);
    }
    writer.flush().unwrap_err();
    assert_eq!(all_records(&disk), [0, 1]);
    writer.flush().unwrap_err();
    assert_eq!(
        writer.stats().dropped.records,
        1,
        "68 bytes never hold record 2"
    );
    writer.flush().unwrap();
    disk.room.store(ENOUGH, SeqCst);
    add(&writer, 3, 100);
    writer.close().unwrap();
    assert_eq!(all_records(&disk), [0, 1, 3]);
}

#[test]
fn a_large_record_on_a_full_disk_lets_smaller_ones_pass() {
    let disk = disk(1000);
    let writer = writer(&disk, options());
    add(&writer, 0, 100);
    add(&writer, 1, 20_000);
    for n in 2..6 {
        add(&writer, n, 100);
    }
    assert!(writer.flush().is_err(), "flush tells of the large one");
    assert_eq!(all_records(&disk), [0, 2, 3, 4, 5]);
    assert_eq!(writer.stats().pending.records, 1);
    add(&writer, 6, 100);
    writer.flush().unwrap_err();
    assert_eq!(all_records(&disk), [0, 2, 3, 4, 5, 6]);
    disk.room.store(ENOUGH, SeqCst);
    writer.close().unwrap();
    assert_eq!(all_records(&disk), [0, 2, 3, 4, 5, 6, 1]);
    assert_eq!(writer.stats().written.records, 7);
}

#[test]
fn records_that_were_set_aside_leave_room_for_others() {
    let disk = disk(5000);
    let options = Options {
        max_buffer_bytes: 100_000,
        ..options()
    };
    let writer = writer(&disk, options);
    for n in 0..5 {
        add(&writer, n, 20_000);
        writer.flush().unwrap_err();
    }
    let stats = writer.stats();
    assert_eq!((stats.pending.records, stats.dropped.records), (2, 3));
    assert_eq!(add(&writer, 5, 100), Fate::Kept);
    writer.flush().unwrap_err();
    assert_eq!(all_records(&disk), [5]);
    assert!(writer.close().is_err());
    assert_eq!(writer.stats().dropped.records, 5);
}
