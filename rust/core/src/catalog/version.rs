//! What tells one state of a file from another, also for another process.
//!
//! A file is recognised by what it holds. Device and inode mean nothing on another machine, and a
//! modification time changes with every append; so a version has a checksum of the first and the
//! last bytes up to its length, too. A file in which only the middle was rewritten passes.

use super::store::Store;
use crate::record::crc::MaskedCrc;
use crate::source::Identity;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// So many bytes at either end tell one file from another.
const END: u64 = 256;

/// A file up to a length, as another process can recognise it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// Bytes that belong to it; the file may have grown since.
    pub length: u64,
    /// Device and inode.
    pub file: (u64, u64),
    /// When it was last written, in nanoseconds since 1970.
    pub modified: Option<i64>,
    /// Checksum of its first and its last bytes; `None` if they could not be read.
    pub ends: Option<u32>,
}

/// Paths of files that were others, or shorter, when they were first looked at here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replaced(Arc<Mutex<Vec<PathBuf>>>);

impl Replaced {
    pub(crate) fn paths(&self) -> std::sync::MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A version to be compared with what is found here.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) version: FileVersion,
    pub(crate) replaced: Replaced,
}

impl Arrival {
    /// The file to read: what the version says if `now` is that file, perhaps longer; otherwise
    /// the file as it is.
    pub(super) fn identity(&self, store: &dyn Store, path: &Path, mut now: Identity) -> Identity {
        if self.version.is_still(store, path, &now) {
            now.length = self.version.length;
        } else {
            self.replaced.paths().push(path.to_owned());
        }
        now
    }
}

impl FileVersion {
    /// The file at `path` as it was when it had this identity.
    pub(super) fn of(store: &dyn Store, path: &Path, identity: &Identity) -> Self {
        Self {
            length: identity.length,
            file: identity.file,
            modified: identity.modified_ns(),
            ends: ends(store, path, identity.length, Some(identity)).ok(),
        }
    }

    fn is_still(&self, store: &dyn Store, path: &Path, now: &Identity) -> bool {
        let same_time = self.modified.is_some() && self.modified == now.modified_ns();
        let untouched = now.length == self.length && same_time;
        if now.length < self.length || (untouched && self.file == now.file) {
            return untouched;
        }
        match self.ends {
            Some(ends_then) => {
                ends(store, path, self.length, None).is_ok_and(|ends| ends == ends_then)
            }
            None => untouched,
        }
    }
}

/// Checksum of the first and the last bytes of the file up to `length`.
fn ends(store: &dyn Store, path: &Path, length: u64, known: Option<&Identity>) -> io::Result<u32> {
    let source = store.open(path, Some(length), false)?;
    let is_it = source.identity().is_none_or(|now| {
        now.length >= length && known.is_none_or(|known| now.is_same_file(known))
    });
    if !is_it {
        return Err(io::ErrorKind::NotFound.into());
    }
    let size = END.min(length);
    let mut bytes = vec![0; 2 * size as usize];
    let (first, last) = bytes.split_at_mut(size as usize);
    source.read_exact_at(first, 0)?;
    source.read_exact_at(last, length - size)?;
    Ok(u32::from_le_bytes(MaskedCrc::of(&bytes).to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::local::Local;
    use super::*;

    fn version(path: &Path) -> FileVersion {
        let identity = Identity::of(&std::fs::metadata(path).unwrap());
        FileVersion::of(&Local::default(), path, &identity)
    }

    #[test]
    fn a_file_that_only_grew_is_still_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [7; 1000]).unwrap();
        let before = version(&path);
        std::fs::write(&path, [7; 1500]).unwrap();
        assert!(before.is_still(
            &Local::default(),
            &path,
            &Identity::of(&std::fs::metadata(&path).unwrap())
        ));
    }

    #[test]
    fn another_beginning_or_end_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for changed in [0, 255, 744, 999] {
            let mut bytes = vec![7; 1000];
            std::fs::write(&path, &bytes).unwrap();
            let before = version(&path);
            bytes[changed] = 8;
            bytes.push(0);
            std::fs::write(&path, &bytes).unwrap();
            let now = Identity::of(&std::fs::metadata(&path).unwrap());
            assert!(
                !before.is_still(&Local::default(), &path, &now),
                "{changed}"
            );
        }
    }

    #[test]
    fn a_shorter_file_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [7; 1000]).unwrap();
        let before = version(&path);
        std::fs::write(&path, [7; 999]).unwrap();
        assert!(!before.is_still(
            &Local::default(),
            &path,
            &Identity::of(&std::fs::metadata(&path).unwrap())
        ));
    }
}
