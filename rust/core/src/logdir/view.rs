//! What a scan captures when it is made, and what it works on when it is read.

use super::casts::Casts;
use super::{OnDamage, Options, Root, Snapshot};
use crate::filter::Filter;
use crate::pipeline::record::Policy;
use crate::pipeline::{Access, FileTask, Ordered, Report, Task};
use std::sync::Arc;

/// A log at one time: what a scan captures when it is made.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) roots: Arc<[Root]>,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) casts: Casts,
}

impl State {
    /// The runs in `filter` and their files, in order. Reads where a run has several.
    pub(super) fn view(&self, filter: &Filter) -> View {
        let snapshot = Snapshot::of_runs(&self.snapshot, filter);
        View {
            files: snapshot.tasks(),
            snapshot,
            state: self.clone(),
            roots: Arc::clone(&self.roots),
            options: self.options,
            report: self.report.clone(),
            casts: self.casts.clone(),
        }
    }
}

/// What a scan works on: the files it reads and how.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// All of the log.
    state: State,
    /// The runs of the scan, which are numbered in here.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) roots: Arc<[Root]>,
    pub(crate) files: Vec<FileTask>,
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(super) casts: Casts,
}

impl View {
    /// The same log with all its runs.
    pub(super) fn of_all_runs(&self) -> Self {
        self.state.view(&Filter::default())
    }

    pub(crate) fn access(&self, everything: bool) -> Access {
        let policy = Policy {
            checksum: self.options.checksum || everything,
            everything,
        };
        Access {
            maps: self.options.maps,
            policy,
        }
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
