//! Finds runs: every directory that directly holds a file whose name contains `tfevents`.
//!
//! The rule is TensorBoard's; [`listing`](super::listing) says which symbolic links are followed.
//! Listing opens no file. What was named has to be there; what lies below it, or was matched by a
//! glob, is passed over where it cannot be listed, and reported with the reason.

use super::listing::Walk;
use super::natural::natural;
use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Where to look.
#[derive(Debug, Clone)]
pub enum Root {
    /// A directory; its runs are named by their path below it, under `name` unless that is empty.
    Directory {
        /// Prefix of the runs' names.
        name: String,
        /// The directory.
        path: PathBuf,
    },
    /// One event file, in the run `name`.
    File {
        /// The run's name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// What a glob matched: such a directory, such a file, or something else.
    Matched {
        /// Prefix of the runs' names, or the run's name.
        name: String,
        /// What was matched.
        path: PathBuf,
    },
}

impl Root {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory { path, .. } | Self::File { path, .. } | Self::Matched { path, .. } => {
                path
            }
        }
    }
}

/// The files of each run, by name, runs in natural order.
pub type Runs = Vec<(String, Vec<PathBuf>)>;

/// Something that would belong to the log and cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The run it would be, or be in.
    pub run: String,
    /// Where it is.
    pub path: PathBuf,
    /// Why it cannot be listed.
    pub reason: String,
}

/// What lies under some roots.
#[derive(Debug, Default)]
pub struct Listing {
    /// The runs.
    pub runs: Runs,
    /// What is passed over.
    pub unlisted: Vec<Unlisted>,
    /// Named directories without event files.
    pub empty: Vec<PathBuf>,
}

/// Lists what lies under `roots`. A named root that cannot be listed is an error; so are two
/// directories by one name.
pub fn discover(roots: &[Root]) -> Result<Listing> {
    let mut walk = Walk::default();
    let mut empty = Vec::new();
    for root in roots {
        match root {
            Root::File { name, path } => walk.take(name, [path.clone()]),
            Root::Directory { name, path } => {
                let before = walk.files;
                let entered = walk.enter(path, name);
                walk.follow_links();
                entered.map_err(|error| Error::io(error, path))?;
                if walk.files == before {
                    empty.push(path.clone());
                }
            }
            Root::Matched { name, path } => {
                walk.look_at(path, name);
                walk.follow_links();
            }
        }
    }
    let mut runs: Runs = walk.found.into_iter().collect();
    for (name, files) in &mut runs {
        one_directory(name, files)?;
        files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
        files.dedup();
    }
    runs.sort_by(|(a, _), (b, _)| natural(a, b));
    Ok(Listing {
        runs,
        unlisted: walk.unlisted,
        empty,
    })
}

/// Fails unless the files of a run lie in one directory. One that was named in two ways is one.
fn one_directory(name: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let first = parent(&files[0]).to_owned();
    let Some(other) = files.iter().find(|file| parent(file) != first) else {
        return Ok(());
    };
    let real = fs::canonicalize(non_empty(&first)).ok();
    let same = |file: &PathBuf| {
        parent(file) == first
            || real.is_some() && fs::canonicalize(non_empty(parent(file))).ok() == real
    };
    if !files.iter().all(same) {
        return Err(Error::argument(format!(
            "path: two directories are both run {name:?}, give one another name: {} and {}",
            first.display(),
            parent(other).display()
        )));
    }
    for file in &mut *files {
        *file = first.join(file.file_name().unwrap_or_default());
    }
    Ok(())
}

/// The directory in which a path without a parent lies.
pub(super) fn non_empty(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

pub(super) fn parent(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

/// TensorBoard's rule for what belongs to a log.
pub fn is_event_file(name: &str) -> bool {
    name.contains("tfevents")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }

    #[test]
    fn directories_with_event_files_are_runs_in_natural_order() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "run_10/a.tfevents.1",
            "run_2/tfevents",
            "run_2/val/x.tfevents",
            "x.tfevents.bak",
            "other/notes.txt",
        ] {
            touch(&root.path().join(file));
        }
        let roots = [Root::Directory {
            name: String::new(),
            path: root.path().into(),
        }];
        let names: Vec<String> = discover(&roots)
            .unwrap()
            .runs
            .into_iter()
            .map(|(n, _)| n)
            .collect();
        assert_eq!(names, [".", "run_2", "run_2/val", "run_10"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_loops_end() {
        let root = tempfile::tempdir().unwrap();
        touch(&root.path().join("a/x.tfevents"));
        std::os::unix::fs::symlink(root.path(), root.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink(root.path().join("a"), root.path().join("b")).unwrap();
        let roots = [Root::Directory {
            name: String::new(),
            path: root.path().into(),
        }];
        let names: Vec<String> = discover(&roots)
            .unwrap()
            .runs
            .into_iter()
            .map(|(n, _)| n)
            .collect();
        assert!(names.contains(&"a".into()) && names.contains(&"b".into()));
        assert!(names.len() < 10, "{names:?}");
    }
}
