//! Finds runs: every directory that directly holds a file whose name contains `tfevents`.
//!
//! The rule is TensorBoard's. Symbolic links are followed, and a directory is entered once on each
//! way down, so a link to a parent ends there. Listing opens no file. What was named has to be
//! there; what lies below it, or was matched by a glob, is passed over where it cannot be listed,
//! and told with the reason.

use super::natural::natural;
use crate::error::{Error, Result, describe};
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
                entered.map_err(|error| Error::io(error, path))?;
                if walk.files == before {
                    empty.push(path.clone());
                }
            }
            Root::Matched { name, path } => walk.look_at(path, name),
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
fn non_empty(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

fn parent(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

/// What stands in a directory.
enum Entry {
    Directory { link: bool },
    EventFile,
    Other,
}

#[derive(Default)]
struct Walk {
    found: BTreeMap<String, Vec<PathBuf>>,
    files: usize,
    unlisted: Vec<Unlisted>,
    /// Canonical paths of the directories a link on the way down was found in.
    above: Vec<PathBuf>,
}

impl Walk {
    fn take(&mut self, name: &str, files: impl IntoIterator<Item = PathBuf>) {
        let run = self.found.entry(run_name(name)).or_default();
        let before = run.len();
        run.extend(files);
        self.files += run.len() - before;
    }

    fn pass_over(&mut self, path: &Path, name: &str, error: &io::Error) {
        self.unlisted.push(Unlisted {
            run: run_name(name),
            path: path.to_owned(),
            reason: describe(error),
        });
    }

    /// Takes in what a glob matched.
    fn look_at(&mut self, path: &Path, name: &str) {
        let entry = fs::metadata(path).and_then(|metadata| {
            let link = path.is_symlink();
            entry(metadata.file_type(), path, link)
        });
        match entry {
            Ok(Entry::Directory { link }) => self.enter_once(parent(path), path, name, link),
            Ok(Entry::EventFile) => self.take(name, [path.to_owned()]),
            Ok(Entry::Other) => {}
            Err(error) => {
                if fs::symlink_metadata(path).is_ok() {
                    self.pass_over(path, name, &error); // or else it is gone
                }
            }
        }
    }

    /// Enters a directory that was not named.
    fn enter_below(&mut self, directory: &Path, name: &str) {
        match self.enter(directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // gone meanwhile
            Err(error) => self.pass_over(directory, name, &error),
            Ok(()) => {}
        }
    }

    fn enter(&mut self, directory: &Path, name: &str) -> io::Result<()> {
        let mut below = Vec::new();
        let mut files = Vec::new();
        for listed in fs::read_dir(directory)? {
            let listed = listed?;
            let path = listed.path();
            match kind_of(&listed) {
                Ok(Entry::Directory { link }) => below.push((listed.file_name(), link)),
                Ok(Entry::EventFile) => files.push(path),
                Ok(Entry::Other) => {}
                Err(error) => {
                    if fs::symlink_metadata(&path).is_ok() {
                        self.pass_over(&path, name, &error);
                    }
                }
            }
        }
        if !files.is_empty() {
            self.take(name, files);
        }
        for (file_name, link) in below {
            let path = directory.join(&file_name);
            let part = text(&file_name);
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            self.enter_once(directory, &path, &name, link);
        }
        Ok(())
    }

    /// Enters the directory `path`, unless it is a link to a directory that it lies in.
    fn enter_once(&mut self, above: &Path, path: &Path, name: &str, link: bool) {
        let depth = self.above.len();
        match link.then(|| self.follow(above, path)) {
            Some(Ok(false)) => {} // a loop
            Some(Err(error)) => self.pass_over(path, name, &error),
            None | Some(Ok(true)) => self.enter_below(path, name),
        }
        self.above.truncate(depth);
    }

    /// Whether the link `path` leads to anything but a directory it lies in.
    fn follow(&mut self, directory: &Path, path: &Path) -> io::Result<bool> {
        let target = fs::canonicalize(path)?;
        let here = fs::canonicalize(non_empty(directory))?;
        if here.starts_with(&target) || self.above.contains(&target) {
            return Ok(false);
        }
        self.above.push(target);
        Ok(true)
    }
}

fn kind_of(listed: &fs::DirEntry) -> io::Result<Entry> {
    let kind = listed.file_type()?;
    if kind.is_symlink() {
        entry(
            fs::metadata(listed.path())?.file_type(),
            &listed.path(),
            true,
        )
    } else {
        entry(kind, &listed.path(), false)
    }
}

fn entry(kind: fs::FileType, path: &Path, link: bool) -> io::Result<Entry> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if kind.is_dir() {
        Ok(Entry::Directory { link })
    } else if !is_event_file(&name) {
        Ok(Entry::Other)
    } else if kind.is_file() {
        Ok(Entry::EventFile)
    } else {
        let what = "not a regular file";
        Err(io::Error::new(io::ErrorKind::InvalidInput, what))
    }
}

fn run_name(name: &str) -> String {
    if name.is_empty() { "." } else { name }.to_owned()
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
