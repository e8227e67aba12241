//! Walks through the directories below a root.
//!
//! Directories that are really there come first. Then the symbolic links found in them are
//! followed, in natural order, then the links found behind these, and so on. Each link below a root
//! is followed once, whatever the number of paths that lead to it, and none to a directory that the
//! path to the link leads through. So the names do not depend on the order in which a directory is
//! listed, and directories that link to one another are as many runs as there are links, instead of
//! as many as there are paths.

use super::discover::{Unlisted, is_event_file, non_empty, parent};
use super::natural::natural;
use crate::error::describe;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands in a directory.
enum Entry {
    Directory { link: bool },
    EventFile,
    Other,
}

/// Real paths of the directories in which the links on the way to a directory stand.
type Trail = Arc<[PathBuf]>;

/// A link to a directory.
struct Link {
    name: String,
    path: PathBuf,
    trail: Trail,
}

/// The files found by run, and what is to be looked at yet.
#[derive(Default)]
pub(super) struct Walk {
    /// By the name of the run.
    pub(super) found: BTreeMap<String, Vec<PathBuf>>,
    /// How many files there are.
    pub(super) files: usize,
    /// What is passed over.
    pub(super) unlisted: Vec<Unlisted>,
    /// Links that were found and not followed yet.
    links: Vec<Link>,
    /// The way to the directory that is looked at.
    trail: Trail,
}

impl Walk {
    /// Adds `files` to the run `name`.
    pub(super) fn take(&mut self, name: &str, files: impl IntoIterator<Item = PathBuf>) {
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
    pub(super) fn look_at(&mut self, path: &Path, name: &str) {
        let entry = fs::metadata(path).and_then(|metadata| {
            let link = path.is_symlink();
            entry(metadata.file_type(), path, link)
        });
        match entry {
            Ok(Entry::Directory { link }) => self.directory(path.to_owned(), name, link),
            Ok(Entry::EventFile) => self.take(name, [path.to_owned()]),
            Ok(Entry::Other) => {}
            Err(error) => {
                if fs::symlink_metadata(path).is_ok() {
                    self.pass_over(path, name, &error); // or else it is gone
                }
            }
        }
    }

    /// Takes in a directory that was not named; a link to one is remembered.
    fn directory(&mut self, path: PathBuf, name: &str, link: bool) {
        if link {
            let (name, trail) = (name.to_owned(), Arc::clone(&self.trail));
            self.links.push(Link { name, path, trail });
        } else {
            self.enter_below(&path, name);
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

    /// Takes in what lies in `directory`, and below it.
    pub(super) fn enter(&mut self, directory: &Path, name: &str) -> io::Result<()> {
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
            let part = text(&file_name);
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            self.directory(directory.join(&file_name), &name, link);
        }
        Ok(())
    }

    /// Follows the links below a root, and those found behind them.
    pub(super) fn follow_links(&mut self) {
        let mut followed = HashSet::new();
        while !self.links.is_empty() {
            let mut links = std::mem::take(&mut self.links);
            links.sort_by(|a, b| natural(&a.name, &b.name));
            for link in links {
                if let Err(error) = self.follow(&link, &mut followed) {
                    self.pass_over(&link.path, &link.name, &error);
                }
            }
        }
        self.trail = Trail::default();
    }

    /// Enters what `link` leads to, unless it was followed by another path, or is a loop.
    fn follow(&mut self, link: &Link, followed: &mut HashSet<PathBuf>) -> io::Result<()> {
        let here = fs::canonicalize(non_empty(parent(&link.path)))?;
        if !followed.insert(here.join(link.path.file_name().unwrap_or_default())) {
            return Ok(());
        }
        let target = fs::canonicalize(&link.path)?;
        let trail: Trail = link.trail.iter().cloned().chain([here]).collect();
        if !trail.iter().any(|passed| passed.starts_with(&target)) {
            self.trail = trail;
            self.enter_below(&link.path, &link.name);
        }
        Ok(())
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
