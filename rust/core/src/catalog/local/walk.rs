//! Walks through the directories below some roots.
//!
//! Directories that are really there come first. Then the symbolic links found in them are
//! followed, in natural order, then the links found behind these, and so on. Each link below a root
//! is followed once, whatever the number of paths that lead to it, and none to a directory that the
//! path to the link leads through. So the names do not depend on the order in which a directory is
//! listed, and directories that link to one another are as many runs as there are links, instead of
//! as many as there are paths.

use super::super::natural::natural;
use super::super::root::{Root, Unlisted, run_name};
use super::super::spread::{Spread, collect};
use super::super::store::{Listed, ListedFile, Listing, Roots};
use super::directory::{Below, Directory, Entry};
use super::{Directories, FEW_DIRECTORIES, Memory, non_empty, parent};
use crate::error::{Error, Result, describe};
use crate::source::Identity;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Real paths of the directories in which the links on the way to a directory stand.
type Trail = Arc<[PathBuf]>;

/// A link to a directory.
struct Link {
    name: String,
    path: PathBuf,
    trail: Trail,
}

/// A directory to be listed, and the run it would be.
struct Found {
    name: String,
    path: PathBuf,
    inode: Option<u64>,
}

/// What is found, and what is to be looked at yet.
pub(super) struct Walk<'a> {
    spread: &'a mut dyn Spread,
    /// What was listed before, and has not changed.
    unchanged: Directories,
    listing: Listing,
    /// What was listed, or found unchanged, now.
    directories: Directories,
    /// Links that were found and not followed yet.
    links: Vec<Link>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(unchanged: Directories, spread: &'a mut dyn Spread) -> Self {
        Self {
            spread,
            unchanged,
            listing: Listing::default(),
            directories: Directories::default(),
            links: Vec::new(),
        }
    }

    /// Everything below the roots.
    pub(super) fn list(mut self, roots: &Roots) -> Result<Listing> {
        for root in roots.places.iter() {
            let before = self.listing.directories.len();
            match root {
                Root::File { name, path } => self.take(name, one(path)),
                Root::Directory { name, path } => self.named(path, name, roots.missing_ok)?,
                Root::Matched { name, path } => self.matched(path, name)?,
            }
            self.follow_links()?;
            let is_empty = self.listing.directories.len() == before;
            if is_empty && matches!(root, Root::Directory { .. }) {
                self.listing.empty.push(root.path().to_owned());
            }
        }
        self.listing.unlisted.sort();
        self.listing.memory = Some(Box::new(Memory {
            roots: Arc::clone(&roots.places),
            directories: self.directories,
        }));
        Ok(self.listing)
    }

    fn take(&mut self, name: &str, files: Arc<Vec<ListedFile>>) {
        if !files.is_empty() {
            let run = run_name(name);
            self.listing.directories.push(Listed { run, files });
        }
    }

    fn pass_over(&mut self, path: &Path, name: &str, reason: String) {
        self.listing.unlisted.push(Unlisted {
            run: run_name(name),
            path: path.to_owned(),
            reason,
        });
    }

    /// Takes in a directory that was named. With `missing_ok` it need not be there, or may turn
    /// out to be a file.
    fn named(&mut self, path: &Path, name: &str, missing_ok: bool) -> Result<()> {
        if missing_ok && !self.unchanged.contains_key(path.as_os_str()) {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => {
                    self.take(name, one(path));
                    return Ok(());
                }
                Err(error) if is_absent(&error) => return Ok(()),
                _ => {}
            }
        }
        let place = Found::at(name.to_owned(), path.to_owned());
        let first = match known_or_listed(&place, &self.unchanged) {
            Err(error) if missing_ok && is_absent(&error) => return Ok(()),
            first => first.map_err(|error| Error::io(error, path))?,
        };
        let below = self.enter(place, &first, &Trail::default());
        self.descend(below, &Trail::default())
    }

    /// Takes in what a glob matched.
    fn matched(&mut self, path: &Path, name: &str) -> Result<()> {
        let entry = fs::metadata(path).and_then(|metadata| {
            let link = path.is_symlink();
            Entry::of(metadata.file_type(), path, link)
        });
        let (name, path) = (name.to_owned(), path.to_owned());
        match entry {
            Ok(Entry::Directory { link: true }) => self.links.push(Link {
                name,
                path,
                trail: Trail::default(),
            }),
            Ok(Entry::Directory { link: false }) => {
                return self.descend(vec![Found::at(name, path)], &Trail::default());
            }
            Ok(Entry::EventFile) => self.take(&name, one(&path)),
            Ok(Entry::Other) => {}
            Err(error) => {
                if fs::symlink_metadata(&path).is_ok() {
                    self.pass_over(&path, &name, describe(&error)); // or else it is gone
                }
            }
        }
        Ok(())
    }

    /// Enters directories that were not named, and those below them, level by level.
    fn descend(&mut self, mut level: Vec<Found>, trail: &Trail) -> Result<()> {
        while !level.is_empty() {
            let unchanged = &self.unchanged;
            let listed = collect(self.spread, level.len(), FEW_DIRECTORIES, |i| {
                known_or_listed(&level[i], unchanged)
            })?;
            let mut below = Vec::new();
            for (place, directory) in level.into_iter().zip(listed) {
                match directory {
                    Ok(directory) => below.extend(self.enter(place, &directory, trail)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {} // gone meanwhile
                    Err(error) => self.pass_over(&place.path, &place.name, describe(&error)),
                }
            }
            level = below;
        }
        Ok(())
    }

    /// Takes in what a directory holds; the directories in it that are no links.
    fn enter(&mut self, place: Found, directory: &Arc<Directory>, trail: &Trail) -> Vec<Found> {
        let Found { name, path, .. } = place;
        self.take(&name, Arc::clone(&directory.files));
        for (path, reason) in &directory.unlisted {
            self.pass_over(path, &name, reason.clone());
        }
        let mut below = Vec::new();
        for Below {
            name: file_name,
            link,
            inode,
        } in &directory.below
        {
            let part = text(file_name);
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            let path = path.join(file_name);
            if *link {
                let trail = Arc::clone(trail);
                self.links.push(Link { name, path, trail });
            } else {
                let inode = *inode;
                below.push(Found { name, path, inode });
            }
        }
        self.directories
            .insert(path.into_os_string(), Arc::clone(directory));
        below
    }

    /// Follows the links below a root, and those found behind them.
    fn follow_links(&mut self) -> Result<()> {
        let mut followed = HashSet::new();
        while !self.links.is_empty() {
            let mut links = std::mem::take(&mut self.links);
            links.sort_by(|a, b| natural(&a.name, &b.name));
            for link in links {
                match trail_behind(&link, &mut followed) {
                    Ok(Some(trail)) => {
                        let Link { name, path, .. } = link;
                        self.descend(vec![Found::at(name, path)], &trail)?;
                    }
                    Ok(None) => {}
                    Err(error) => self.pass_over(&link.path, &link.name, describe(&error)),
                }
            }
        }
        Ok(())
    }
}

/// What a directory holds, as it was listed before if it cannot have changed.
fn known_or_listed(place: &Found, unchanged: &Directories) -> io::Result<Arc<Directory>> {
    match unchanged.get(place.path.as_os_str()) {
        Some(known) => Ok(Arc::clone(known)),
        None => Directory::list(&place.path, place.inode).map(Arc::new),
    }
}

impl Found {
    /// A directory that no listing led to, but a root or a link.
    fn at(name: String, path: PathBuf) -> Self {
        let stat = fs::metadata(&path).map(|now| Identity::of(&now));
        let inode = stat.ok().map(|stat| stat.file.1);
        Self { name, path, inode }
    }
}

/// The trail to what `link` leads to; `None` if it was followed by another path, or is a loop.
fn trail_behind(link: &Link, followed: &mut HashSet<PathBuf>) -> io::Result<Option<Trail>> {
    let here = fs::canonicalize(non_empty(parent(&link.path)))?;
    if !followed.insert(here.join(link.path.file_name().unwrap_or_default())) {
        return Ok(None);
    }
    let target = fs::canonicalize(&link.path)?;
    let trail: Trail = link.trail.iter().cloned().chain([here]).collect();
    let is_loop = trail.iter().any(|passed| passed.starts_with(&target));
    Ok((!is_loop).then_some(trail))
}

/// A list of one file.
fn one(path: &Path) -> Arc<Vec<ListedFile>> {
    Arc::new(vec![(path.to_owned(), None)])
}

/// Whether nothing is there: neither the path nor what it would be in.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
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
