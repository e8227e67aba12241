//! Sinks that hang, refuse and break off: what the engine promises about records and callers.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::record::crc::Portable;
use crate::record::{Frame, append_record, frame};

/// What a [`Script`] does, changed while it runs.
#[derive(Default)]
struct Disk {
    files: Mutex<Vec<Vec<u8>>>,
    /// Bytes that the whole disk takes.
    room: AtomicUsize,
    hang: AtomicBool,
    keeps_torn: AtomicBool,
    kind: Mutex<Option<io::ErrorKind>>,
    flushes: AtomicUsize,
}

struct Script(Arc<Disk>);

impl Sink for Script {
    fn open(&mut self) -> Result<PathBuf> {
        let mut files = self.0.files.lock().unwrap();
        files.push(Vec::new());
        Ok(PathBuf::from(format!("file{}", files.len())))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Torn> {
        while self.0.hang.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let written = bytes.len().min(self.0.room.load(SeqCst));
        self.0.room.fetch_sub(written, SeqCst);
        let mut files = self.0.files.lock().unwrap();
        files
            .last_mut()
            .unwrap()
            .extend_from_slice(&bytes[..written]);
        if written == bytes.len() {
            return Ok(());
        }
        let kind = self
            .0
            .kind
            .lock()
            .unwrap()
            .unwrap_or(io::ErrorKind::StorageFull);
        Err(Torn {
            written,
            error: kind.into(),
        })
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        if self.0.keeps_torn.load(SeqCst) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut files = self.0.files.lock().unwrap();
        let file = files.last_mut().unwrap();
        file.truncate(file.len() - bytes as usize);
        self.0.room.fetch_add(bytes as usize, SeqCst);
        Ok(())
    }

    fn flush(&mut self, _durable: bool) -> io::Result<()> {
        self.0.flushes.fetch_add(1, SeqCst);
        Ok(())
    }

    fn close(&mut self, keep: bool) {
        if !keep {
            self.0.files.lock().unwrap().pop();
        }
    }
}

fn options() -> Options {
    Options {
        version: false,
        flush_interval: Some(Duration::from_secs(3600)),
        close_timeout: Duration::from_secs(20),
        ..Options::directory("unused")
    }
}

fn writer(disk: &Arc<Disk>, options: Options) -> Writer {
    let disk = Arc::clone(disk);
    Writer::with_sink(
        options,
        Arc::new(move |_| Box::new(Script(Arc::clone(&disk)))),
    )
    .unwrap()
}

fn disk(room: usize) -> Arc<Disk> {
    let disk = Disk::default();
    disk.room.store(room, SeqCst);
    Arc::new(disk)
}

const ENOUGH: usize = usize::MAX >> 1;

/// The payloads of a file, and how many bytes behind the last whole record.
fn records(mut bytes: &[u8]) -> (Vec<u32>, usize) {
    let mut all = Vec::new();
    while let Frame::Record { payload, .. } = frame::<Portable>(bytes) {
        all.push(u32::from_le_bytes(payload[..4].try_into().unwrap()));
        bytes = &bytes[payload.len() + OVERHEAD..];
    }
    (all, bytes.len())
}

fn all_records(disk: &Disk) -> Vec<u32> {
    let files = disk.files.lock().unwrap();
    let each = files.iter().map(|file| records(file));
    each.flat_map(|(records, torn)| {
        assert_eq!(torn, 0, "a file ends with a whole record");
        records
    })
    .collect()
}

fn payload(n: u32, len: usize) -> Vec<u8> {
    let mut payload = vec![0x5a; len];
    payload[..4].copy_from_slice(&n.to_le_bytes());
    payload
}

fn add(writer: &Writer, n: u32, len: usize) -> Fate {
    writer.append(payload(n, len).as_slice()).unwrap()
}

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
    let start = Instant::now();
    let fates: Vec<_> = (1..20_000).map(|n| add(&writer, n, 100)).collect();
    assert!(start.elapsed() < Duration::from_secs(5));
    let kept = fates.iter().filter(|&&fate| fate == Fate::Kept).count();
    assert_eq!(
        kept + 1,
        (1 << 20) / 116,
        "the buffer is used to its bound, and no further"
    );
    let stats = writer.stats();
    assert!(stats.pending.bytes <= 1 << 20);
    assert_eq!(stats.dropped.records as usize, 19_999 - kept);

    let start = Instant::now();
    let error = writer.close().unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(5), "close returns");
    assert!(error.contains("given up"), "{error}");
    assert_eq!(writer.stats().pending, Count::default());
    assert_eq!(writer.stats().dropped.records, 20_000);
    writer.close().unwrap();
    disk.hang.store(false, SeqCst);
}

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
    assert!(matches!(
        error.unwrap_err().kind(),
        crate::ErrorKind::Interrupted
    ));
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
        let deadline = Instant::now() + Duration::from_secs(20);
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
