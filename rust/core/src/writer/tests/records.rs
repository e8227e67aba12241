//! Nothing is lost, torn or out of order.

use super::*;

#[test]
fn flush_drains_everything_in_order() {
    let disk = disk(ENOUGH);
    let writer = writer(&disk, options());
    for n in 0..50_000 {
        assert_eq!(add(&writer, n, 4 + n as usize % 60), Fate::Kept);
        if n % 9_999 == 0 {
            writer.flush().unwrap();
            assert_eq!(all_records(&disk).len() as u32, n + 1);
        }
    }
    writer.flush().unwrap();
    assert_eq!(all_records(&disk), (0..50_000).collect::<Vec<_>>());
    let stats = writer.stats();
    assert_eq!(stats.written.records, 50_000);
    assert_eq!(
        stats.written.bytes as usize,
        disk.files.lock().unwrap()[0].len()
    );
    assert_eq!(
        (stats.pending, stats.dropped),
        (Count::default(), Count::default())
    );
}

#[test]
fn time_writes_without_a_flush() {
    let disk = disk(ENOUGH);
    let writer = writer(
        &disk,
        Options {
            flush_interval: Some(Duration::from_millis(20)),
            ..options()
        },
    );
    for round in 1..4 {
        add(&writer, round, 10);
        let deadline = Instant::now() + Duration::from_secs(10);
        while all_records(&disk).len() < round as usize {
            assert!(Instant::now() < deadline, "the timer never fired");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn eight_threads_lose_and_tear_nothing() {
    let disk = disk(ENOUGH);
    let writer = writer(
        &disk,
        Options {
            max_buffer_bytes: 100_000,
            ..options()
        },
    );
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let writer = &writer;
            scope.spawn(move || {
                for n in 0..5000 {
                    assert_eq!(add(writer, thread * 5000 + n, 40), Fate::Kept);
                    if n % 1000 == 0 {
                        writer.flush().unwrap();
                    }
                }
            });
        }
    });
    writer.close().unwrap();
    let mut all = all_records(&disk);
    for thread in 0..8 {
        let own: Vec<_> = all.iter().copied().filter(|n| n / 5000 == thread).collect();
        assert!(own.is_sorted(), "one thread's records stay in order");
    }
    all.sort_unstable();
    assert_eq!(all, (0..40_000).collect::<Vec<_>>());
}

#[test]
fn a_record_larger_than_everything_goes_through() {
    let disk = disk(ENOUGH);
    let writer = writer(
        &disk,
        Options {
            max_buffer_bytes: 1000,
            ..options()
        },
    );
    for n in 0..4 {
        add(&writer, n, 1 << 20);
        add(&writer, n + 10, 8);
    }
    writer.close().unwrap();
    assert_eq!(all_records(&disk), [0, 10, 1, 11, 2, 12, 3, 13]);
}

#[test]
fn a_batch_stays_within_the_buffer() {
    let disk = disk(ENOUGH);
    let options = Options {
        max_buffer_bytes: 5000,
        on_full: OnFull::Drop,
        close_timeout: Duration::from_millis(100),
        ..options()
    };
    let writer = writer(&disk, options);
    disk.hang.store(true, SeqCst);
    let (values, steps, wall_times) = ([1.0; 1000], [7; 1000], [0.5; 1000]);
    let points = Points {
        values: &values,
        steps: &steps,
        wall_times: &wall_times,
    };
    let fate = writer.append_scalars("x", points, &mut patiently).unwrap();
    assert_eq!(fate, Fate::Dropped);
    let stats = writer.stats();
    assert!(
        stats.pending.bytes <= 5000 && stats.pending.records > 50,
        "{stats:?}"
    );
    assert_eq!(stats.pending.records + stats.dropped.records, 1000);
    let record = stats.pending.bytes / stats.pending.records;
    assert_eq!(stats.dropped.bytes, stats.dropped.records * record);
    disk.hang.store(false, SeqCst);
    writer.close().unwrap();
    assert_eq!(writer.stats().written.records, stats.pending.records);
}

#[test]
fn a_large_record_is_whole_or_not_there() {
    let disk = disk(ENOUGH);
    let writer = writer(
        &disk,
        Options {
            max_buffer_bytes: usize::MAX,
            ..options()
        },
    );
    let small = 0u32.to_le_bytes();
    let large = vec![0u8; 3 * interrupt::STRETCH];
    let stopped = interrupt::watched(
        || false,
        || {
            // By now the caller is asked again.
            std::thread::sleep(Duration::from_millis(60));
            let small = writer.append(small.as_slice());
            assert_eq!(small.expect("it takes no time"), Fate::Kept);
            writer.append(large.as_slice())
        },
    );
    let error = stopped.expect_err("the caller has gone");
    assert!(matches!(error.kind(), ErrorKind::Interrupted));
    assert_eq!(writer.append(large.as_slice()).unwrap(), Fate::Kept);
    writer.close().unwrap();
    let stats = writer.stats();
    assert_eq!((stats.written.records, stats.dropped.records), (2, 0));
    let bytes = small.len() + large.len() + 2 * OVERHEAD;
    assert_eq!(stats.written.bytes as usize, bytes);
    assert_eq!(all_records(&disk), [0, 0]);
}
