//! A window that slides over a source and lends slices of it.

use super::Source;
use super::map::Map;
use std::io;

/// Reads grow from the first to the second as long as they go straight on, so that hopping from
/// header to header over large payloads costs the headers.
const SMALLEST_READ: usize = 64 << 10;
const LARGEST_READ: usize = 1 << 20;

/// Mapped at least, whatever the caller expects to use: a search goes on beyond that.
const SMALLEST_MAP: usize = 1 << 20;

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
    /// A map that is gone by now held zeros in the place of bytes.
    faulted: bool,
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
        self.faulted = false;
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
                let old = self.map.take(); // before the next, so that at most one is live
                self.faulted |= old.is_some_and(|map| map.is_faulted());
                let end = offset + want.max(span).max(SMALLEST_MAP).min(left) as u64;
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
                // Nobody asked for the bytes that cannot be read: those before them count.
                Err(_) if self.filled >= want => break,
                Err(error) => return Err(error),
            }
        }
        Ok(&self.buffer[..self.filled])
    }

    /// Whether everything lent since the last reset was what the file held when it was opened.
    /// Always so for reads; for maps, only if every page could be read and the file has not
    /// changed since.
    pub fn is_intact(&self, source: &dyn Source) -> bool {
        let faulted = self.faulted || self.map.as_ref().is_some_and(Map::is_faulted);
        let unchanged = |file: &super::LocalFile| file.is_unchanged();
        !self.mapped || (!faulted && source.mappable().is_some_and(unchanged))
    }

    /// Whether the source ended before its length: it was cut short.
    pub fn is_short(&self) -> bool {
        self.short
    }
}

#[cfg(test)]
mod tests {
    use super::super::LocalFile;
    use super::*;
    use std::fs::{self, File};
    use std::path::Path;
    use std::sync::Mutex;
    use std::time::{Duration, SystemTime};

    /// Bytes that take note of how they are read.
    struct Noted {
        bytes: Vec<u8>,
        length: u64,
        reads: Mutex<Vec<(u64, usize)>>,
    }

    impl Source for Noted {
        fn length(&self) -> u64 {
            self.length
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let mut reads = self.reads.lock().unwrap();
            reads.push((offset, buffer.len()));
            if reads.len() % 3 == 1 {
                return Err(io::ErrorKind::Interrupted.into()); // as the system may
            }
            let rest = self.bytes.get(offset as usize..).unwrap_or_default();
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i ^ (i >> 8)) as u8).collect()
    }

    fn noted(length: usize) -> Noted {
        Noted {
            bytes: bytes(length),
            length: length as u64,
            reads: Mutex::default(),
        }
    }

    /// A file that looks finished, so that it may be mapped.
    fn finished(path: &Path, bytes: &[u8]) {
        fs::write(path, bytes).unwrap();
        let handle = File::options().write(true).open(path).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        handle.set_modified(long_ago).unwrap();
    }

    #[test]
    fn a_window_gives_what_was_asked_for_wherever_it_goes() {
        let source = noted(3 << 20);
        let mut window = Window::default();
        window.reset();
        let places = [
            0,
            5,
            70_000,
            65_536,
            200,
            1 << 20,
            3 << 20,
            (3 << 20) - 3,
            2 << 20,
        ];
        for (i, &at) in places.iter().cycle().take(100).enumerate() {
            let want = [1, 12, 100_000, 2 << 20][i % 4];
            let got = window.at(&source, at as u64, want, 0).unwrap();
            assert!(got.len() >= want.min(source.bytes.len() - at));
            assert_eq!(got, &source.bytes[at..at + got.len()]);
        }
        assert!(!window.is_short() && window.is_intact(&source));
    }

    #[test]
    fn reads_grow_while_they_go_straight_on_and_start_small_after_a_hop() {
        let source = noted(8 << 20);
        let mut window = Window::default();
        window.reset();
        let mut at = 0;
        while at < 4 << 20 {
            at += window.at(&source, at, 12, 0).unwrap().len() as u64;
        }
        let largest = source.reads.lock().unwrap().iter().map(|r| r.1).max();
        assert_eq!(largest, Some(LARGEST_READ));
        source.reads.lock().unwrap().clear();
        window.at(&source, 6 << 20, 12, 0).unwrap();
        let reads = source.reads.lock().unwrap().clone();
        assert!(reads.iter().all(|r| r.1 <= SMALLEST_READ), "{reads:?}");
    }

    /// Bytes that cannot be read from some place on.
    struct Bad(Vec<u8>, usize);

    impl Source for Bad {
        fn length(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = &self.0[(offset as usize).min(self.1)..self.1];
            if rest.is_empty() {
                return Err(io::Error::other("bad sector"));
            }
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }
    }

    #[test]
    fn all_bytes_before_a_bad_place_are_lent() {
        let source = Bad(bytes(3 << 20), (2 << 20) + 5);
        let mut window = Window::default();
        window.reset();
        let mut at = 0;
        while at < source.1 {
            let got = window.at(&source, at as u64, 1, 0).unwrap();
            assert_eq!(got, &source.0[at..at + got.len()]);
            at += got.len();
        }
        assert!(window.at(&source, source.1 as u64 - 4, 5, 0).is_err());
        assert_eq!(
            window.at(&source, source.1 as u64 - 4, 4, 0).unwrap().len(),
            4
        );
        assert!(!window.is_short());
    }

    #[test]
    fn a_source_that_ends_early_is_short() {
        let mut source = noted(100);
        source.length = 200;
        let mut window = Window::default();
        window.reset();
        assert_eq!(window.at(&source, 50, 150, 0).unwrap().len(), 50);
        assert!(window.is_short());
    }

    #[test]
    fn a_map_shows_what_reads_show() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let all = bytes((2 << 20) + 77);
        finished(&path, &all);
        let mut seen = Vec::new();
        for maps in [false, true] {
            let file = LocalFile::open(&path, None, maps).unwrap();
            let mut window = Window::default();
            window.reset();
            for at in [0, 1, 4095, 4096, 1 << 20, (2 << 20) + 70, (2 << 20) + 77] {
                let got = window.at(&file, at, 5_000, 100_000).unwrap();
                let got = &got[..got.len().min(5_000)];
                assert_eq!(got, &all[at as usize..all.len().min(at as usize + 5_000)]);
                seen.push(got.to_vec());
            }
            assert!(window.is_intact(&file));
        }
        assert_eq!(seen[..7], seen[7..]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_cut_short_under_a_map_shows_zeros_that_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let all = vec![7; 2 << 20];
        for keep in [0u64, 1 << 20, (1 << 20) + 5] {
            finished(&path, &all);
            let file = LocalFile::open(&path, None, true).unwrap();
            if file.mappable().is_none() {
                return; // a file system whose maps are not trusted
            }
            let mut window = Window::default();
            window.reset();
            let mapped = window.at(&file, 0, all.len(), all.len()).unwrap();
            assert_eq!(mapped[0], 7);
            let other = File::options().write(true).open(&path).unwrap();
            other.set_len(keep).unwrap();
            let sum: u64 = mapped.iter().map(|b| u64::from(*b)).sum();
            assert!(sum < 7 * all.len() as u64);
            assert_eq!(mapped[all.len() - 1], 0);
            assert!(!window.is_intact(&file));
            // Nor when the map has made place for another.
            other.set_len(all.len() as u64).unwrap();
            window.at(&file, 1 << 20, 12, 12).unwrap();
            assert!(!window.is_intact(&file));
            window.reset();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_map_reaches_further_than_a_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        finished(&path, &vec![7; 3 << 20]);
        let file = LocalFile::open(&path, None, true).unwrap();
        let mut window = Window::default();
        window.reset();
        // A search steps on by what it was given, so a few bytes a step would take for ever.
        let mut steps = 0;
        let mut at = 0;
        while at < file.length() {
            at += window.at(&file, at, 12, 0).unwrap().len() as u64;
            steps += 1;
        }
        assert!(steps < 60, "{steps}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn bytes_written_under_a_map_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        finished(&path, &vec![7; 2 << 20]);
        let file = LocalFile::open(&path, None, true).unwrap();
        if file.mappable().is_none() {
            return;
        }
        let mut window = Window::default();
        window.reset();
        assert_eq!(window.at(&file, 0, 100, 100).unwrap()[0], 7);
        assert!(window.is_intact(&file));
        let other = File::options().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&other, b"x", 1 << 20).unwrap();
        assert!(!window.is_intact(&file));
    }
}
