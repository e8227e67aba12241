//! What a scan captures when it is made, and what it works on when it is read.

use super::casts::Casts;
use super::selection::KnownTags;
use super::{OnDamage, Options, Snapshot};
use crate::catalog::{Catalog, Changes};
use crate::error::Result;
use crate::filter::{Filter, Names};
use crate::scan::{self, Access, FileTask, Ordered, Report, Task, Threads};
use std::sync::{Arc, PoisonError, RwLock};

/// The snapshot of now, with the tags that were listed of it.
type Held = (Arc<Snapshot>, Arc<KnownTags>);

/// The snapshot that scans capture until the next refresh.
#[derive(Debug)]
pub(super) struct Current(RwLock<Held>);

impl Current {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self(RwLock::new((Arc::new(snapshot), Arc::default())))
    }

    pub(super) fn get(&self) -> Held {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// Has scans capture `snapshot` from now on, which differs by `changes`.
    pub(super) fn set(&self, snapshot: Arc<Snapshot>, changes: &Changes) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.0 = snapshot;
        if *changes != Changes::default() {
            held.1 = Arc::default();
        }
    }
}

impl Clone for Current {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.get()))
    }
}

/// A log at one time: what a scan captures when it is made.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) tags: Arc<KnownTags>,
    pub(super) catalog: Catalog,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) casts: Casts,
}

impl State {
    /// The runs in `filter` and their files, in order. Reads where a run has several.
    pub(super) fn view(&self, filter: &Filter, go_on: &mut dyn FnMut() -> bool) -> Result<View> {
        let snapshot = match &filter.runs {
            Names::All => Arc::clone(&self.snapshot),
            runs => Arc::new(self.snapshot.of_runs(|name| runs.matches(name))),
        };
        let mut threads = Threads::new(self.options.threads, go_on);
        Ok(View {
            files: scan::tasks(&snapshot.runs, &mut threads)?,
            snapshot,
            catalog: self.catalog.clone(),
            options: self.options,
            report: self.report.clone(),
            casts: self.casts.clone(),
        })
    }
}

/// What a scan works on: the files it reads and how.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The runs of the scan, which are numbered in here.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(super) catalog: Catalog,
    pub(crate) files: Vec<FileTask>,
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(super) casts: Casts,
}

impl View {
    pub(crate) fn access(&self, everything: bool) -> Access {
        self.options.access(everything)
    }

    pub(crate) fn raises(&self) -> bool {
        self.options.on_damage == OnDamage::Raise
    }

    /// The results of `task` over all files.
    pub(crate) fn ordered<T: Task>(&self, task: T) -> Ordered<T> {
        Ordered::new(
            task,
            self.files.clone(),
            self.options.threads,
            self.raises(),
            self.report.clone(),
        )
    }

    pub(crate) fn run_names(&self) -> impl Iterator<Item = &str> {
        self.snapshot.runs.iter().map(|run| run.name.as_str())
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        self.files
            .iter()
            .map(|file| file.entry.path.to_string_lossy().into_owned())
    }
}
