//! A window that slides over a source and lends slices of it.

use super::Source;
use super::map::Map;
use std::io;

/// Reads grow from the first to the second as long as they go straight on, so that hopping from
/// header to header over large payloads costs the headers.
const SMALLEST_READ: usize = 64 << 10;
const LARGEST_READ: usize = 1 << 20;

/// The bytes around one place of a source. Reuse one for many sources: its buffer is kept.
#[derive(Debug, Default)]
pub struct Window {
    buffer: Vec<u8>,
    filled: usize,
    /// Source offset of the buffer's first byte.
    base: u64,
    next_read: usize,
    map: Option<Map>,
    mapped: bool,
    short: bool,
}

impl Window {
    /// Turns to another source, or back to the beginning of the same one.
    pub fn reset(&mut self) {
        self.filled = 0;
        self.base = 0;
        self.next_read = SMALLEST_READ;
        self.map = None;
        self.mapped = false;
        self.short = false;
    }

    /// The bytes from `offset` on: at least `want` of them unless the source ends before, more
    /// where they are at hand. `span` is how many the caller expects to use in all.
    pub fn at(
        &mut self,
        source: &dyn Source,
        offset: u64,
        want: usize,
        span: usize,
    ) -> io::Result<&[u8]> {
        let left = usize::try_from(source.length().saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = want.min(left);
        if let Some(file) = source.mappable() {
            let covered = self
                .map
                .as_ref()
                .and_then(|map| map.from(offset))
                .is_some_and(|b| b.len() >= want);
            if !covered {
                self.map = None; // before the next, so that at most one is live
                let end = offset + want.max(span).min(left) as u64;
                self.map = Map::new(file.handle(), offset..end);
            }
            if self.map.is_some() {
                self.mapped = true;
                return Ok(self
                    .map
                    .as_ref()
                    .and_then(|map| map.from(offset))
                    .unwrap_or_default());
            }
        }
        self.read(source, offset, want, left)
    }

    fn read(
        &mut self,
        source: &dyn Source,
        offset: u64,
        want: usize,
        left: usize,
    ) -> io::Result<&[u8]> {
        let skip = offset
            .checked_sub(self.base)
            .and_then(|n| usize::try_from(n).ok());
        let kept = match skip.filter(|skip| *skip <= self.filled) {
            Some(skip) if self.filled - skip >= want => return Ok(&self.buffer[skip..self.filled]),
            Some(skip) => {
                self.next_read = (self.next_read * 2).min(LARGEST_READ);
                self.buffer.copy_within(skip..self.filled, 0);
                self.filled - skip
            }
            None => {
                self.next_read = SMALLEST_READ;
                0
            }
        };
        self.base = offset;
        self.filled = kept;
        let target = want.max(kept + self.next_read).min(left);
        if self.buffer.len() < target {
            self.buffer
                .resize(target.next_multiple_of(SMALLEST_READ), 0);
        }
        while self.filled < target {
            match source.read_at(
                &mut self.buffer[self.filled..target],
                offset + self.filled as u64,
            ) {
                Ok(0) => {
                    self.short = true;
                    break;
                }
                Ok(n) => self.filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.buffer[..self.filled])
    }

    /// Whether everything lent since the last reset was what the file held when it was opened.
    /// Always so for reads; for maps, only if the file has not changed since.
    pub fn is_intact(&self, source: &dyn Source) -> bool {
        !self.mapped
            || source
                .mappable()
                .is_some_and(super::LocalFile::is_unchanged)
    }

    /// Whether the source ended before its length: it was cut short.
    pub fn is_short(&self) -> bool {
        self.short
    }
}
