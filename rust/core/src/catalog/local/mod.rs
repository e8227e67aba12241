//! Logs on this machine's file systems.

mod directory;
mod walk;

use super::root::Root;
use super::spread::{Spread, collect};
use super::store::{Listing, Look, Roots, Stat, Store};
use crate::error::Result;
use crate::source::{Base, Identity, LocalFile, Source};
use directory::{Devices, Directory};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use walk::Walk;

/// Directories that one thread looks at before another helps.
const FEW_DIRECTORIES: usize = 64;

/// The coarsest clock of a file system, that of FAT, ticks every two seconds.
const COARSEST_TICK: Duration = Duration::from_secs(3);

/// The local file systems.
#[derive(Debug, Clone, Copy)]
pub struct Local {
    /// Two changes of a directory that are further apart than this have different times.
    pub tick: Duration,
}

impl Default for Local {
    fn default() -> Self {
        Self {
            tick: COARSEST_TICK,
        }
    }
}

/// Directories by the path that led to them.
type Directories = HashMap<OsString, Arc<Directory>, RandomState>;

/// What is kept from one listing for the next.
struct Memory {
    roots: Arc<[Root]>,
    directories: Directories,
}

impl Memory {
    /// Whether all that the roots led to was directories and named files.
    fn is_of(&self, roots: &[Root]) -> bool {
        let is_known = |root: &Root| match root {
            Root::File { .. } => true,
            root => self.directories.contains_key(root.path().as_os_str()),
        };
        *self.roots == *roots && roots.iter().all(is_known)
    }
}

impl Store for Local {
    fn list(
        &self,
        roots: &Roots,
        before: Option<&Arc<Listing>>,
        spread: &mut dyn Spread,
    ) -> Result<Arc<Listing>> {
        let known = before.and_then(|before| before.memory.as_ref()?.downcast_ref::<Memory>());
        let unchanged = match known {
            Some(known) => {
                let (base, devices) = (Base::at(roots.common()), Devices::new(self.tick));
                unchanged(&known.directories, &base, &devices, spread)?
            }
            None => Vec::new(),
        };
        if let (Some(before), Some(known)) = (before, known)
            && before.unlisted.is_empty()
            && unchanged.len() == known.directories.len()
            && known.is_of(&roots.places)
        {
            return Ok(Arc::clone(before));
        }
        let unchanged = unchanged.into_iter();
        let unchanged = unchanged.map(|(path, known)| (path.clone(), Arc::clone(known)));
        let unchanged = unchanged.collect();
        Walk::new(unchanged, spread).list(roots).map(Arc::new)
    }

    fn stat(&self, location: &Path) -> io::Result<Stat> {
        let metadata = fs::metadata(location)?;
        Ok(Stat {
            identity: Identity::of(&metadata),
            is_file: metadata.is_file(),
        })
    }

    fn look_below<'a>(&'a self, directory: &Path) -> Look<'a> {
        let base = Base::at(directory);
        Box::new(move |location| {
            let (identity, is_file) = base.look(location)?;
            Ok(Stat { identity, is_file })
        })
    }

    fn open(
        &self,
        location: &Path,
        length: Option<u64>,
        maps: bool,
    ) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(LocalFile::open(location, length, maps)?))
    }

    fn resolve(&self, location: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(non_empty(location))
    }
}

/// Those of the `known` directories that hold what they held when they were listed.
fn unchanged<'a>(
    known: &'a Directories,
    base: &Base,
    devices: &Devices,
    spread: &mut dyn Spread,
) -> Result<Vec<(&'a OsString, &'a Arc<Directory>)>> {
    let known: Vec<_> = known.iter().collect();
    let holds = collect(spread, known.len(), FEW_DIRECTORIES, |i| {
        let (path, directory) = known[i];
        directory.holds(Path::new(path), base, devices)
    })?;
    let kept = known.into_iter().zip(holds).filter(|(_, holds)| *holds);
    Ok(kept.map(|(known, _)| known).collect())
}

/// The directory that a path is in; that of a path without a parent is `.`.
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
