//! The files of a log at one time.

use super::discover;
use super::file::FileEntry;
use super::root::Unlisted;
use super::spread::Spread;
use super::store::{ListedFile, Listing, Roots, Store};
use crate::error::{Error, Result};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files whose state one thread asks for before another helps.
pub(super) const FEW_FILES: usize = 128;

/// A run: its name, and its files.
#[derive(Debug, Clone)]
pub struct Run {
    /// Path relative to the root; `.` for the root itself.
    pub name: String,
    /// Its files, in natural order.
    pub files: Vec<Arc<FileEntry>>,
}

/// The files of a log at one time.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// In natural order.
    pub runs: Vec<Run>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
    /// What the runs were made of, for the next refresh.
    pub(super) listing: Option<Arc<Listing>>,
    /// Whether the files are all that were listed: none was gone when it was looked at.
    pub(super) is_whole: bool,
}

/// The places where a log is looked for, in the store that has them.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Where to look.
    pub roots: Roots,
    /// What is asked.
    pub store: Arc<dyn Store>,
}

impl Catalog {
    /// The files there are, with their states.
    ///
    /// # Errors
    /// If a named root cannot be listed, or one without `missing_ok` has no event file; if two
    /// directories have one name.
    pub fn open(&self, spread: &mut dyn Spread) -> Result<Snapshot> {
        let listing = self.store.list(&self.roots, None, spread)?;
        let mut snapshot = Snapshot::of(listing, &self.store, |_| None)?;
        self.check_empty(&snapshot)?;
        let files: Vec<_> = snapshot.files().collect();
        spread.each(files.len(), FEW_FILES, &|i| {
            files[i].length();
        })?;
        if self.roots.missing_ok {
            snapshot.drop_absent(&*self.store);
        }
        Ok(snapshot)
    }

    fn check_empty(&self, snapshot: &Snapshot) -> Result<()> {
        let empty = snapshot.listing.iter().flat_map(|listing| &listing.empty);
        let nothing = self.roots.places.first().map(super::Root::path);
        let nothing = nothing.filter(|_| snapshot.runs.is_empty());
        match empty.map(PathBuf::as_path).next().or(nothing) {
            Some(path) if !self.roots.missing_ok => Err(no_event_file(path, &snapshot.unlisted)),
            _ => Ok(()),
        }
    }
}

impl From<Vec<Run>> for Snapshot {
    /// Runs that were listed elsewhere.
    fn from(runs: Vec<Run>) -> Self {
        Self {
            runs,
            ..Self::default()
        }
    }
}

impl Snapshot {
    /// The runs of a listing. Files that are `known` by their path remain
    /// what they are, unless the listing says what they are now.
    pub(super) fn of<'a>(
        listing: Arc<Listing>,
        store: &Arc<dyn Store>,
        known: impl Fn(&Path) -> Option<&'a Arc<FileEntry>>,
    ) -> Result<Self> {
        let entry = |(path, identity): ListedFile| match (known(&path), identity) {
            (Some(known), None) => Arc::clone(known),
            _ => Arc::new(FileEntry::new(Arc::clone(store), path, identity)),
        };
        let run = |(name, files): (String, Vec<ListedFile>)| Run {
            name,
            files: files.into_iter().map(entry).collect(),
        };
        let runs = discover::runs(&listing, &**store)?;
        Ok(Self {
            runs: runs.into_iter().map(run).collect(),
            unlisted: listing.unlisted.clone(),
            listing: Some(listing),
            is_whole: true,
        })
    }

    /// Leaves out files that were named and are not there yet.
    fn drop_absent(&mut self, store: &dyn Store) {
        let is_absent = |path: &Path| {
            let error = store.stat(path).err();
            error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        for run in &mut self.runs {
            let before = run.files.len();
            run.files
                .retain(|file| file.length() > 0 || !is_absent(&file.path));
            self.is_whole &= run.files.len() == before;
        }
        self.runs.retain(|run| !run.files.is_empty());
    }

    /// The files of all runs.
    pub fn files(&self) -> impl Iterator<Item = &Arc<FileEntry>> {
        self.runs.iter().flat_map(|run| &run.files)
    }

    /// The runs whose names meet the condition; what could not be listed of them.
    pub fn of_runs(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let runs = self.runs.iter().filter(|run| is_wanted(&run.name));
        let unlisted = self.unlisted.iter().filter(|entry| is_wanted(&entry.run));
        Self {
            runs: runs.cloned().collect(),
            unlisted: unlisted.cloned().collect(),
            ..Self::default()
        }
    }
}

fn no_event_file(path: &Path, unlisted: &[Unlisted]) -> Error {
    let others = unlisted.first().map(|entry| {
        let (count, path) = (unlisted.len(), entry.path.display());
        format!("; {count} cannot be listed, first {path}: {}", entry.reason)
    });
    Error::argument(format!(
        "path={:?}: no event file in it; their names contain \"tfevents\"{}",
        path.display().to_string(),
        others.unwrap_or_default()
    ))
}
