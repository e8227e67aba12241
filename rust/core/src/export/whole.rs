//! A file that appears under its name when it is complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The file to write: what a link leads to, and nothing but a regular file, or none yet.
pub(super) fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(there) if there.is_file() => fs::canonicalize(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )),
        Err(_) => Ok(path.to_owned()),
    }
}

/// A file that is removed unless it becomes the final one.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// One with a name of its own in the directory of `path`; it is not made yet.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = path
            .file_name()
            .ok_or(io::ErrorKind::InvalidInput)?
            .to_string_lossy();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self(path.with_file_name(format!(
            ".{name}.{}.{number}.tmp",
            std::process::id()
        ))))
    }

    pub(super) fn create(&self) -> io::Result<File> {
        File::create_new(&self.0)
    }

    /// On disk before it has the name, so that the name never stands for less.
    pub(super) fn become_final(self, path: &Path) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // gone already if it was renamed
    }
}
