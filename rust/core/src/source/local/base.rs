//! The states of many files below one directory.

use super::Identity;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory that the system looks up once, for all that is asked for below it.
///
/// On the way to each file the system looks up every directory of its path. Where ten thousand
/// files are asked for, that is a good part of the time.
#[derive(Debug)]
pub struct Base {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    handle: Option<std::os::fd::OwnedFd>,
}

impl Base {
    /// The directory as it is now. Where it cannot be opened, files are looked up by their whole
    /// path.
    pub fn at(directory: &Path) -> Self {
        Self {
            path: directory.to_owned(),
            #[cfg(target_os = "linux")]
            handle: linux::open(directory),
        }
    }

    /// The state of what stands at `path`, links followed, and whether it is a regular file.
    ///
    /// # Errors
    /// If nothing can be told of it.
    pub fn look(&self, path: &Path) -> io::Result<(Identity, bool)> {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle
            && let Some(below) = linux::below(&self.path, path)
            && let Some(state) = linux::look(handle, below)
        {
            return state;
        }
        let metadata = fs::metadata(path)?;
        Ok((Identity::of(&metadata), metadata.is_file()))
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Identity;
    use rustix::fs::{AtFlags, FileType, Mode, OFlags, Statx, StatxFlags, StatxTimestamp};
    use rustix::io::Errno;
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    pub(super) fn open(directory: &Path) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(directory, flags, Mode::empty()).ok()
    }

    /// The path from `base` to `path`, if one is spelled below the other. `Path::strip_prefix` takes
    /// components apart, which costs a quarter of asking the system.
    pub(super) fn below<'p>(base: &Path, path: &'p Path) -> Option<&'p Path> {
        let base = base.as_os_str().as_bytes();
        let rest = path.as_os_str().as_bytes().strip_prefix(base)?;
        let rest = match base.last() {
            Some(b'/') => rest,
            _ => rest.strip_prefix(b"/")?,
        };
        let is_relative = rest.first().is_some_and(|first| *first != b'/');
        is_relative.then(|| Path::new(OsStr::from_bytes(rest)))
    }

    /// What `fs::metadata` says of `path` in `directory`; `None` if it has to be asked itself.
    pub(super) fn look(directory: &OwnedFd, path: &Path) -> Option<io::Result<(Identity, bool)>> {
        let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        match rustix::fs::statx(directory, path, AtFlags::empty(), flags) {
            Ok(state) => {
                let kind = FileType::from_raw_mode(state.stx_mode.into());
                Some(Ok((identity(&state), kind == FileType::RegularFile)))
            }
            Err(Errno::NOSYS | Errno::PERM) => None, // an old kernel, or a sandbox
            Err(error) => Some(Err(error.into())),
        }
    }

    fn identity(state: &Statx) -> Identity {
        let has_created = state.stx_mask & StatxFlags::BTIME.bits() != 0;
        Identity {
            file: (
                rustix::fs::makedev(state.stx_dev_major, state.stx_dev_minor),
                state.stx_ino,
            ),
            length: state.stx_size,
            modified: time(state.stx_mtime),
            changed: (state.stx_ctime.tv_sec, state.stx_ctime.tv_nsec.into()),
            created: time(state.stx_btime).filter(|_| has_created),
        }
    }

    fn time(at: StatxTimestamp) -> Option<SystemTime> {
        let seconds = Duration::from_secs(at.tv_sec.unsigned_abs());
        let whole = if at.tv_sec < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(seconds)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(seconds)
        };
        whole?.checked_add(Duration::from_nanos(at.tv_nsec.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_base_is_what_the_whole_path_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(&path, "text").unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH - std::time::Duration::from_millis(1_500);
        fs::File::open(&path).unwrap().set_modified(old).unwrap();
        let twice = PathBuf::from(format!("{}//a/b", folder.path().display()));
        let bases = [folder.path(), &folder.path().join("a"), Path::new("/")];
        for base in [&bases[..], &[Path::new("/none"), Path::new("")]].concat() {
            let base = Base::at(base);
            for path in [&path, &twice, folder.path(), &folder.path().join("a")] {
                let metadata = fs::metadata(path).unwrap();
                let expected = (Identity::of(&metadata), metadata.is_file());
                assert_eq!(base.look(path).unwrap(), expected);
            }
            let absent = base.look(&folder.path().join("absent")).unwrap_err();
            assert_eq!(absent.kind(), io::ErrorKind::NotFound);
        }
    }
}
