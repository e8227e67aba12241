//! The payloads of one file, one after the other, in the blocks they were read in.
//!
//! For those who want the records themselves. Blocks are never changed once a record of theirs was
//! given out, so records may be kept.

use crate::error::{Error, Result};
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::record::{FOOTER, Frame, HEADER, frame};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Bytes of a block, unless a record is larger.
const BLOCK: usize = 1 << 20;

/// How a TFRecord file is compressed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all; event files never are.
    None,
    /// `TFRecordOptions("GZIP")`.
    Gzip,
    /// `TFRecordOptions("ZLIB")`.
    Zlib,
}

/// A payload: a range of a block.
pub type Payload = (Arc<Vec<u8>>, Range<usize>);

/// Reads the records of one file in order.
pub struct Records {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    /// The file, if it is not compressed.
    whole: Option<File>,
    checksum: bool,
    block: Arc<Vec<u8>>,
    /// Where in the block the next record begins.
    at: usize,
    /// Where in the (uncompressed) stream the block begins.
    base: u64,
    ended: bool,
    failed: Option<Error>,
    /// Where the file is followed.
    growing: Option<Growing>,
}

/// What is known of a file that is followed.
#[derive(Default)]
struct Growing {
    /// Length and time of the last change when it was last read.
    seen: Option<(u64, Option<SystemTime>)>,
    /// What stands at the end may be bytes that have not come yet.
    is_unsure: bool,
}

enum Front {
    Record(Range<usize>),
    Need(u64),
    Damaged(&'static str),
}

struct Look<'a> {
    bytes: &'a [u8],
    checksum: bool,
}

impl Job for Look<'_> {
    type Output = Front;

    #[inline(always)]
    fn run<C: Crc>(self) -> Front {
        match frame::<C>(self.bytes) {
            Frame::Record { payload, crc } => {
                if self.checksum && MaskedCrc::mask(C::crc32c(payload)) != crc {
                    return Front::Damaged("payload checksum mismatch");
                }
                Front::Record(HEADER..HEADER + payload.len())
            }
            Frame::Longer { need } => Front::Need(need),
            Frame::Short => Front::Need(HEADER as u64),
            Frame::Broken => Front::Damaged("length checksum mismatch"),
        }
    }
}

impl Records {
    /// Opens the file at `path`.
    pub fn open(path: &Path, compression: Compression, checksum: bool) -> Result<Self> {
        let open = || {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(std::io::Error::from(ErrorKind::IsADirectory));
            }
            Ok(file)
        };
        let file = open().map_err(|error| Error::io(error, path))?;
        let plain = matches!(compression, Compression::None);
        let whole = file.try_clone().ok().filter(|_| plain);
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
            Compression::Zlib => Box::new(ZlibDecoder::new(file)),
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            whole,
            checksum,
            block: Arc::default(),
            at: 0,
            base: 0,
            ended: false,
            failed: None,
            growing: None,
        })
    }

    /// Opens the file at `path` to read on as it grows, by [`resume`](Self::resume). What may be
    /// bytes that have not come yet is no damage: zeros up to the end, and a last record whose
    /// checksum does not hold.
    ///
    /// # Errors
    /// If it cannot be opened, or is no regular file.
    pub fn follow(path: &Path, checksum: bool) -> Result<Self> {
        let mut records = Self::open(path, Compression::None, checksum)?;
        if records.length().is_none() {
            return Err(Error::argument(
                "`path` must be a regular file where it is followed, not a pipe or a device",
            ));
        }
        records.growing = Some(Growing::default());
        Ok(records)
    }

    /// Has [`next`](Self::next) look again, after it came to the end of a file that is followed;
    /// false if the file has not changed.
    ///
    /// # Errors
    /// If the file cannot be read any more, or is shorter than what was read.
    pub fn resume(&mut self) -> Result<bool> {
        let position = self.base + self.at as u64;
        let Some((growing, file)) = self.growing.as_mut().zip(self.whole.as_mut()) else {
            return Ok(false);
        };
        let mut go_back = |file: &mut File| {
            let metadata = file.metadata()?;
            let state = Some((metadata.len(), metadata.modified().ok()));
            if metadata.len() >= position && state == growing.seen && !growing.is_unsure {
                return Ok((metadata.len(), false));
            }
            growing.seen = state;
            file.seek(SeekFrom::Start(position))?;
            Ok((metadata.len(), true))
        };
        let (length, changed) = go_back(file).map_err(|error| Error::io(error, &self.path))?;
        if length < position {
            let error = Error::damaged(&self.path, length, "shortened while it was followed");
            self.failed = Some(error.clone());
            return Err(error);
        }
        if changed {
            self.base = position;
            self.at = 0;
            self.block = Arc::default();
            self.ended = false;
        }
        Ok(changed)
    }

    /// Whether the damage here may be bytes that have not come yet.
    fn may_change(&mut self) -> bool {
        let Some(growing) = &mut self.growing else {
            return false;
        };
        let rest = &self.block[self.at..];
        let is_last = with_fastest(Look {
            bytes: rest,
            checksum: false,
        });
        let is_last = match is_last {
            Front::Record(payload) => payload.end + FOOTER == rest.len(),
            _ => rest.iter().all(|byte| *byte == 0),
        };
        growing.is_unsure = is_last && self.ended;
        growing.is_unsure
    }

    fn look(&self) -> Front {
        with_fastest(Look {
            bytes: &self.block[self.at..],
            checksum: self.checksum,
        })
    }

    /// The next record if all of it has been read already.
    pub fn next_buffered(&mut self) -> Option<Payload> {
        match self.look() {
            Front::Record(range) => Some(self.give(range)),
            _ => None,
        }
    }

    fn give(&mut self, range: Range<usize>) -> Payload {
        let range = self.at + range.start..self.at + range.end;
        self.at = range.end + FOOTER;
        (Arc::clone(&self.block), range)
    }

    /// The next record. `None` at the end, or before a record that is not finished; after damage,
    /// the same error again.
    #[expect(
        clippy::should_implement_trait,
        reason = "next_buffered is its other half"
    )]
    pub fn next(&mut self) -> Option<Result<Payload>> {
        if let Some(error) = &self.failed {
            return Some(Err(error.clone()));
        }
        loop {
            let error = match self.look() {
                Front::Record(range) => return Some(Ok(self.give(range))),
                Front::Need(_) if self.ended => {
                    self.is_sure();
                    return None;
                }
                Front::Need(need) => match self.refill(need) {
                    Ok(()) => continue,
                    Err(error) => Error::io(error, &self.path),
                },
                Front::Damaged(_) if self.may_change() => return None,
                Front::Damaged(reason) => {
                    Error::damaged(&self.path, self.base + self.at as u64, reason)
                }
            };
            self.failed = Some(error.clone());
            return Some(Err(error));
        }
    }

    /// The end is no damage: only new bytes change it.
    fn is_sure(&mut self) {
        if let Some(growing) = &mut self.growing {
            growing.is_unsure = false;
        }
    }

    /// The length of a regular file that is not compressed.
    fn length(&self) -> Option<u64> {
        let metadata = self.whole.as_ref()?.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Begins a new block with what is left of this one. However much is needed, memory grows only
    /// with the bytes that come.
    fn refill(&mut self, need: u64) -> std::io::Result<()> {
        // What reaches beyond the end need not be read to see that it does.
        let end = (self.base + self.at as u64).saturating_add(need);
        if need > BLOCK as u64 && self.length().is_some_and(|length| end > length) {
            self.ended = true;
            return Ok(());
        }
        let left = &self.block[self.at..];
        let wanted = need.max(BLOCK as u64) - left.len() as u64;
        let mut block = Vec::with_capacity(left.len() + BLOCK);
        block.extend_from_slice(left);
        let read = (&mut self.reader).take(wanted).read_to_end(&mut block)?;
        self.ended = (read as u64) < wanted;
        self.base += self.at as u64;
        self.at = 0;
        self.block = Arc::new(block);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
