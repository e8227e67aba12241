//! References to values in place of their bytes, and the way back to the bytes.

use crate::error::{Error, Result};
use crate::event::Irregular;
use crate::event::canonical::canonical;
use crate::event::view::{Event, Values, What};
use crate::record::crc::{MaskedCrc, Portable};
use crate::record::{Frame, OVERHEAD, frame};
use crate::scan::FileTask;
use crate::scan::block::RecordSpan;
use crate::scan::decode::Block;
use crate::source::Source;
use std::io::ErrorKind;
use std::sync::Arc;

/// Where a value is stored. It holds for the files of the scan that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef {
    /// Number of the file in the scan.
    pub file: u32,
    /// The record, with the checksum it had.
    pub record: RecordSpan,
    /// The value's number in its event; 0 for an event without values.
    pub value: u32,
}

/// Where the value of each row is stored, if the block says so.
pub(super) fn references(block: &Block) -> Vec<RecordRef> {
    let stored = block.stored.iter().zip(&block.keys.file);
    let reference = |(stored, file): (&crate::scan::block::Stored, &i32)| RecordRef {
        file: *file as u32,
        record: stored.record,
        value: stored.value,
    };
    stored.map(reference).collect()
}

/// Reads the records that references name.
#[derive(Debug, Clone)]
pub struct References {
    files: Arc<[FileTask]>,
}

/// The payload of a record.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    payload: Vec<u8>,
    value: u32,
}

impl References {
    pub(super) fn new(files: &[FileTask]) -> Self {
        Self {
            files: files.into(),
        }
    }

    /// The record that `reference` names: the very bytes that the scan read, checked against their
    /// checksum. [`ErrorKind::Changed`](crate::ErrorKind::Changed) if the file is gone or another
    /// one, or holds something else there now.
    pub fn fetch(&self, reference: &RecordRef) -> Result<StoredRecord> {
        let Some(task) = self.files.get(reference.file as usize) else {
            let what = format!(
                "`reference` must be to one of the {} files of the scan, not to file {}",
                self.files.len(),
                reference.file
            );
            return Err(Error::argument(what));
        };
        let path = &task.entry.path;
        let changed = |reason: &str| Err(Error::changed(path, reason));
        let source = match task.entry.open(None, false) {
            Ok(source) if task.entry.is(&*source) => source,
            Ok(_) => return changed("the file is another one now"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return changed("the file is gone");
            }
            Err(error) => return Err(Error::io(error, path)),
        };
        let RecordSpan {
            offset,
            length,
            crc,
        } = reference.record;
        let whole = length.saturating_add(OVERHEAD as u64);
        if offset.saturating_add(whole) > source.length() {
            return changed("the file ends before the record");
        }
        let bytes = read(&*source, offset, whole).map_err(|e| Error::io(e, path))?;
        match frame::<Portable>(&bytes) {
            Frame::Record { payload, crc: now }
                if payload.len() as u64 == length
                    && now == crc
                    && MaskedCrc::of(payload) == crc =>
            {
                Ok(StoredRecord {
                    payload: payload.to_vec(),
                    value: reference.value,
                })
            }
            _ => changed("the file holds something else at the place of the record"),
        }
    }
}

/// `length` bytes from `offset` on, or as many as there are.
fn read(source: &dyn Source, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

impl StoredRecord {
    /// The event, as it is stored.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The `Summary.Value` message of the value; `None` for an event without values.
    pub fn value(&self) -> Option<Vec<u8>> {
        value(&self.payload, self.value).unwrap_or_else(|Irregular| {
            let usual = canonical(&self.payload).ok()?;
            value(&usual, self.value).ok().flatten()
        })
    }
}

/// The value of this number in an event.
fn value(payload: &[u8], number: u32) -> Result<Option<Vec<u8>>, Irregular> {
    let What::Summary(summary) = Event::parse(payload).ok_or(Irregular)?.what else {
        return Ok(None);
    };
    let mut values = Values::of(summary);
    let mut left = number;
    while !values.is_empty() {
        match values.next().ok_or(Irregular)? {
            Some(message) if left == 0 => return Ok(Some(message.to_vec())),
            Some(_) => left -= 1,
            None => {}
        }
    }
    Ok(None)
}
