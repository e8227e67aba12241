//! Finds runs: every directory that directly holds a file whose name contains `tfevents`.
//!
//! The rule is TensorBoard's. Symbolic links are followed, and a directory is entered once on each
//! way down, so a link to a parent ends there. Listing opens no file.

use super::file::{FileEntry, natural};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
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
}

/// The files of each run, by name, runs in natural order.
pub type Runs = Vec<(String, Vec<PathBuf>)>;

/// The runs under `roots`. A root that is gone is an error; a directory below one that cannot be
/// listed is one, too, unless it is gone meanwhile; so are two directories by one name. Roots without event files come back beside.
pub fn discover(roots: &[Root]) -> Result<(Runs, Vec<PathBuf>)> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut empty = Vec::new();
    for root in roots {
        match root {
            Root::File { name, path } => {
                found.entry(name.clone()).or_default().push(path.clone());
            }
            Root::Directory { name, path } => {
                let before: usize = found.values().map(Vec::len).sum();
                let mut walk = Walk {
                    found: &mut found,
                    above: Vec::new(),
                };
                walk.enter(path, name)
                    .map_err(|(error, path)| Error::io(error, &path))?;
                if found.values().map(Vec::len).sum::<usize>() == before {
                    empty.push(path.clone());
                }
            }
        }
    }
    let mut runs: Runs = found.into_iter().collect();
    for (name, files) in &runs {
        let elsewhere = files.iter().find(|file| file.parent() != files[0].parent());
        if let Some(other) = elsewhere {
            return Err(Error::argument(format!(
                "path: two directories are both run {name:?}, give one another name: {} and {}",
                files[0].parent().unwrap_or(&files[0]).display(),
                other.parent().unwrap_or(other).display()
            )));
        }
    }
    runs.sort_by(|(a, _), (b, _)| natural(a, b));
    for (_, files) in &mut runs {
        files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
        files.dedup();
    }
    Ok((runs, empty))
}

struct Walk<'a> {
    found: &'a mut BTreeMap<String, Vec<PathBuf>>,
    /// Canonical paths of the directories a link on the way down was found in.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn enter(&mut self, directory: &Path, name: &str) -> Result<(), (io::Error, PathBuf)> {
        let mut below = Vec::new();
        let mut files = Vec::new();
        let at = |error| (error, directory.to_owned());
        for entry in fs::read_dir(directory).map_err(at)? {
            let entry = entry.map_err(at)?;
            let file_name = entry.file_name();
            let link = entry.file_type().map_err(at)?.is_symlink();
            let kind = if link {
                match fs::metadata(entry.path()) {
                    Ok(metadata) => metadata.file_type(),
                    Err(_) => continue, // dangling
                }
            } else {
                entry.file_type().map_err(at)?
            };
            if kind.is_dir() {
                below.push((file_name, link));
            } else if kind.is_file() && is_event_file(&file_name.to_string_lossy()) {
                files.push(entry.path());
            }
        }
        if !files.is_empty() {
            let name = if name.is_empty() { "." } else { name };
            self.found.entry(name.to_owned()).or_default().extend(files);
        }
        for (file_name, link) in below {
            let path = directory.join(&file_name);
            let part = text(&file_name);
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            let depth = self.above.len();
            if link {
                let Ok(target) = fs::canonicalize(&path) else {
                    continue;
                };
                let here = fs::canonicalize(directory).map_err(at)?;
                if here.starts_with(&target) || self.above.contains(&target) {
                    continue; // a loop
                }
                self.above.push(target);
            }
            match self.enter(&path, &name) {
                Err((error, _)) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
            self.above.truncate(depth);
        }
        Ok(())
    }
}

/// The name as text; bytes that are no UTF-8 as `\xff`, so that names that differ remain so.
fn text(name: &OsStr) -> String {
    let chunks = name.as_encoded_bytes().utf8_chunks();
    chunks
        .flat_map(|chunk| {
            let odd = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            std::iter::once(chunk.valid().to_owned()).chain(odd)
        })
        .collect()
}

/// TensorBoard's rule for what belongs to a log.
pub fn is_event_file(name: &str) -> bool {
    name.contains("tfevents")
}

/// A run: its name, and its files in the order they are read.
#[derive(Debug, Clone)]
pub struct Run {
    /// Path relative to the root; `.` for the root itself.
    pub name: String,
    /// Its files.
    pub files: Vec<std::sync::Arc<FileEntry>>,
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
            .0
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
            .0
            .into_iter()
            .map(|(n, _)| n)
            .collect();
        assert!(names.contains(&"a".into()) && names.contains(&"b".into()));
        assert!(names.len() < 10, "{names:?}");
    }
}
