//! Sinks that hang, refuse and break off: what the engine promises about records and callers.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::record::crc::Portable;
use crate::record::{Frame, append_record, frame};

mod files;
mod full;
mod hangs;
mod records;

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
