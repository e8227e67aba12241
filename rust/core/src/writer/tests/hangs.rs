//! Disks that hang, and callers that wait.

use super::*;

#[test]
fn block_waits_for_room_and_loses_nothing() {
    let disk = disk(ENOUGH);
    disk.hang.store(true, SeqCst);
    let writer = writer(
        &disk,
        Options {
            max_buffer_bytes: 10_000,
            ..options()
        },
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            for n in 0..1000 {
                assert_eq!(add(&writer, n, 100), Fate::Kept);
            }
        });
        std::thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished());
        assert!(writer.stats().pending.bytes <= 10_000);
        disk.hang.store(false, SeqCst);
    });
    writer.close().unwrap();
    assert_eq!(all_records(&disk), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_wait_can_be_ended_by_the_caller() {
    let disk = disk(ENOUGH);
    disk.hang.store(true, SeqCst);
    let writer = writer(&disk, options());
    add(&writer, 0, 10);
    let error = writer.flush_while(None, &mut |_| Err(Error::interrupted()));
    assert!(matches!(error.unwrap_err().kind(), ErrorKind::Interrupted));
    disk.hang.store(false, SeqCst);
}

#[test]
fn a_disk_that_hangs_holds_up_its_own_writer_only() {
    let (hung, sound) = (disk(ENOUGH), disk(ENOUGH));
    hung.hang.store(true, SeqCst);
    let timed = |close_timeout| Options {
        flush_interval: Some(Duration::from_millis(5)),
        close_timeout,
        ..options()
    };
    let brief = Duration::from_secs(1);
    let stuck: Vec<_> = (0..12).map(|_| writer(&hung, timed(brief))).collect();
    let well = writer(&sound, timed(Duration::from_secs(20)));
    for writer in &stuck {
        add(writer, 0, 100);
    }
    for n in 0..5 {
        add(&well, n, 100);
        let deadline = Instant::now() + Duration::from_secs(60);
        while all_records(&sound).len() <= n as usize {
            assert!(Instant::now() < deadline, "written by the timer alone");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    well.close().unwrap();
    let all: Vec<_> = stuck.iter().collect();
    let start = Instant::now();
    let closed = close_all(&all, None, &mut patiently).unwrap();
    assert!(closed.iter().all(|result| result.is_err()));
    assert!(
        start.elapsed() < brief * 12,
        "one deadline for all, not one after the other"
    );
    hung.hang.store(false, SeqCst);
}

#[test]
fn a_writer_goes_on_after_a_disk_that_hung_was_given_up() {
    let disk = disk(ENOUGH);
    let options = Options {
        close_timeout: Duration::from_millis(50),
        ..options()
    };
    let writer = writer(&disk, options);
    disk.hang.store(true, SeqCst);
    add(&writer, 0, 100);
    writer.close().unwrap_err();
    add(&writer, 1, 100);
    disk.hang.store(false, SeqCst);
    writer.flush().unwrap();
    writer.close().unwrap();
    assert_eq!(writer.stats().written.records, 1);
    assert_eq!(writer.stats().dropped.records, 1);
}

#[test]
fn a_writer_that_was_given_up_holds_up_no_later_one() {
    let (hung, sound) = (disk(ENOUGH), disk(ENOUGH));
    hung.hang.store(true, SeqCst);
    let brief = Options {
        close_timeout: Duration::from_millis(50),
        ..options()
    };
    let stuck = writer(&hung, brief);
    add(&stuck, 0, 100);
    stuck.close().unwrap_err();
    let well = writer(&sound, options());
    add(&well, 1, 100);
    well.close().unwrap();
    assert_eq!(all_records(&sound), [1]);
    hung.hang.store(false, SeqCst);
}

#[test]
fn a_flush_has_a_deadline_if_asked_for() {
    let disk = disk(ENOUGH);
    disk.hang.store(true, SeqCst);
    let writer = writer(&disk, options());
    add(&writer, 0, 100);
    let limit = Some(Duration::from_millis(50));
    let error = writer.flush_while(limit, &mut patiently).unwrap_err();
    assert!(error.to_string().contains("did not answer"), "{error}");
    disk.hang.store(false, SeqCst);
    writer.close().unwrap();
    assert_eq!(all_records(&disk), [0], "nothing was given up");
}
