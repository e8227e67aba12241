//! A log as data: what another process, perhaps on another machine, needs to read the same bytes.

use super::casts::Casts;
use super::view::Current;
use super::{LogDir, Options, Report, local};
use crate::catalog::{Arrival, FileEntry, FileVersion, Replaced, Root, Run, Snapshot};
use crate::filter::Names;
use std::path::PathBuf;
use std::sync::Arc;

/// A run's name and its files; a file without a version was not there.
pub type PortableRun = (String, Vec<(PathBuf, Option<FileVersion>)>);

impl LogDir {
    /// The files of the runs that meet the condition, for [`LogDir::restore`].
    pub fn portable(&self, runs: &Names) -> Vec<PortableRun> {
        let file = |file: &Arc<FileEntry>| (file.path.clone(), file.version());
        self.snapshot()
            .runs
            .iter()
            .filter(|run| runs.matches(&run.name))
            .map(|run| (run.name.clone(), run.files.iter().map(file).collect()))
            .collect()
    }

    /// The log another process described. Nothing is looked at until a scan needs it; a file that
    /// is another one here, or shorter, is then read as it is, and listed by [`LogDir::replaced`].
    pub fn restore(roots: Vec<Root>, options: Options, runs: Vec<PortableRun>) -> Self {
        let replaced = Replaced::default();
        let catalog = local(roots, options.missing_ok);
        let file = |(path, version): (PathBuf, Option<FileVersion>)| {
            let (store, replaced) = (Arc::clone(&catalog.store), replaced.clone());
            Arc::new(match version {
                Some(version) => FileEntry::arrived(store, path, Arrival { version, replaced }),
                None => FileEntry::new(store, path, None),
            })
        };
        let run = |(name, files): PortableRun| Run {
            name,
            files: files.into_iter().map(file).collect(),
        };
        let runs: Vec<Run> = runs.into_iter().map(run).collect();
        Self {
            catalog,
            options,
            current: Current::new(Snapshot::from(runs)),
            report: Report::default(),
            replaced,
            casts: Casts::default(),
        }
    }

    /// Files that another process had described and that were others, or shorter, when they were
    /// looked at here: each once.
    pub fn replaced(&self) -> Vec<PathBuf> {
        std::mem::take(&mut *self.replaced.paths())
    }
}
