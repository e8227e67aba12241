//! What a follower makes of units: batches of one kind, of several, or of events.

use super::super::batch::{Attempts, BatchMaker, Chosen};
use super::super::compact::alone;
use super::super::events::LiveEvents;
use super::super::kinds::KindsTask;
use super::super::rows::KindTask;
use super::super::{Choose, LogDir, Root, Selection};
use super::cursor::KindAttempts;
use super::task::{Found, RowTask};
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::scan::Access;
use crate::scan::attempts::Attempts as Numbering;
use crate::scan::decode::Spec;
use crate::scan::projection::Projection;
use crate::table::keys::strings;
use crate::table::schema::{KEYS, Layout, TensorData};
use arrow_array::RecordBatch;
use std::collections::HashMap;
use std::sync::Arc;

/// What rows are followed.
#[derive(Clone, Default)]
pub struct LiveSelection {
    /// All conditions, and a function that chooses tags.
    pub selection: Selection,
    /// Takes the place of the filter's `runs`.
    pub runs: Option<Choose>,
    /// Finds the places to look, where globs may match others later.
    pub roots: Option<FindRoots>,
}

/// Finds the places to look.
pub type FindRoots = Arc<dyn Fn() -> Result<Vec<Root>> + Send + Sync>;

/// Rows of a kind, or of events.
pub(super) type Made = (Option<Kind>, RecordBatch);

/// The bit of a kind in what was handed out of a unit. That of events is none: there are no others.
pub(super) fn bit(kind: Option<Kind>) -> u16 {
    kind.map_or(0, |kind| 1 << kind as u16)
}

/// Makes batches of the units of rounds.
pub(super) struct RowMaker {
    access: Access,
    filter: Filter,
    projection: Option<Projection>,
    events: Option<LiveEvents>,
    pub(super) makers: Vec<(Kind, BatchMaker)>,
    choose_run: Option<Choose>,
    runs: Vec<String>,
    files: Vec<String>,
    /// Whether names have come since batches had them last.
    renamed: bool,
}

impl RowMaker {
    /// For rows of one kind.
    pub(super) fn of_kind(
        log: &LogDir,
        kind: Kind,
        tensors: TensorData,
        live: LiveSelection,
    ) -> Result<Self> {
        if kind == Kind::HParams {
            return Err(Error::argument(
                "hparams are no rows of events: call refresh() and then hparams()",
            ));
        }
        let columns = live.selection.filter.columns.as_deref();
        let layout = Layout::new(kind, tensors, columns)?;
        Self::new(log, vec![(kind, layout)], None, live)
    }

    /// For rows of several kinds. Those of hparams are their keys: which runs wrote any.
    pub(super) fn of_kinds(log: &LogDir, kinds: &[Kind], live: LiveSelection) -> Result<Self> {
        let mut projection = Projection::of(kinds)?;
        if kinds.contains(&Kind::HParams) {
            projection = projection.with_columns(Kind::HParams, &KEYS)?;
        }
        projection.keep_provenance(Kind::Meshes);
        let layouts = projection
            .layouts()
            .map(|(kind, layout)| (kind, layout.clone()));
        let layouts = layouts.collect();
        Self::new(log, layouts, Some(projection), live)
    }

    /// For events.
    pub(super) fn of_events(log: &LogDir, mut live: LiveSelection) -> Result<Self> {
        let events = LiveEvents::new(&live.selection.filter, live.selection.tags.take())?;
        Ok(Self {
            events: Some(events),
            ..Self::new(log, Vec::new(), None, live)?
        })
    }

    fn new(
        log: &LogDir,
        layouts: Vec<(Kind, Layout)>,
        projection: Option<Projection>,
        live: LiveSelection,
    ) -> Result<Self> {
        let filter = live.selection.filter;
        let later = projection
            .as_ref()
            .is_some_and(|projection| projection.filters_later(&filter));
        let makers = layouts.iter().map(|(kind, layout)| {
            let attempts = match layout.wanted.has_attempts() {
                true => Attempts::Number(Numbering::default()),
                false => Attempts::Ignore,
            };
            let mut spec = Spec {
                kind: *kind,
                filter: filter.clone(),
                layout: layout.clone(),
                later,
            };
            let none = || strings(std::iter::empty::<&str>());
            let mut maker = BatchMaker::new(&mut spec, none(), none(), attempts, log.casts.clone());
            maker.chosen = live.selection.tags.clone().map(Chosen::new);
            maker.follow_meshes();
            (*kind, maker)
        });
        Ok(Self {
            access: log.options.access(false),
            makers: makers.collect(),
            projection,
            events: None,
            filter,
            choose_run: live.runs,
            runs: Vec::new(),
            files: Vec::new(),
            renamed: false,
        })
    }

    /// What is done with each unit of a round.
    pub(super) fn task(&self) -> RowTask {
        if let Some(events) = &self.events {
            return RowTask::Events(events.batches.task(self.access, &self.filter));
        }
        let later = self.makers.iter().any(|(_, maker)| maker.spec.later);
        match &self.projection {
            Some(projection) => RowTask::Many(KindsTask {
                access: self.access,
                filter: self.filter.clone(),
                projection: projection.clone(),
                later,
            }),
            None => RowTask::One(KindTask {
                access: self.access,
                spec: self.makers[0].1.spec.clone(),
            }),
        }
    }

    /// Whether rows of the run are wanted.
    pub(super) fn wants_run(&self, name: &str) -> Result<bool> {
        match &self.choose_run {
            Some(choose) => Ok(!choose(vec![name.to_owned()])?.is_empty()),
            None => Ok(self.filter.runs.matches(name)),
        }
    }

    /// The next number is that of the run `name`.
    pub(super) fn admit_run(&mut self, name: &str) {
        self.runs.push(name.to_owned());
        self.renamed = true;
    }

    /// The next number is that of the file at `path`.
    pub(super) fn admit_file(&mut self, path: &str) {
        self.files.push(path.to_owned());
        self.renamed = true;
    }

    /// The file of this number is at `path`.
    pub(super) fn name_file(&mut self, id: u32, path: &str) {
        path.clone_into(&mut self.files[id as usize]);
        self.renamed = true;
    }

    /// What was handed out of `run` so far is superseded.
    pub(super) fn supersede(&mut self, run: u32) {
        for (_, maker) in &mut self.makers {
            if let Attempts::Number(attempts) = &mut maker.attempts {
                attempts.start(run as i32, i64::MIN);
            }
        }
    }

    /// Has rows name the runs and files that have come.
    pub(super) fn name(&mut self) {
        if std::mem::take(&mut self.renamed) {
            let (runs, files) = (strings(&self.runs), strings(&self.files));
            for (_, maker) in &mut self.makers {
                maker.runs = Arc::clone(&runs);
                maker.files = Arc::clone(&files);
            }
            if let Some(events) = &mut self.events {
                (events.batches.runs, events.batches.files) = (runs, files);
            }
        }
    }

    /// The batches of a unit, without those of kinds whose bits are in `taken`.
    pub(super) fn make(&mut self, found: Found, taken: u16) -> Result<Vec<Made>> {
        self.name();
        let mut made = Vec::new();
        match (found, &mut self.events) {
            (Found::Events(rows), Some(events)) => {
                made.extend(events.batch(*rows)?.map(|batch| (None, batch)));
            }
            (Found::Events(_), None) => {}
            (Found::Rows(blocks), _) => {
                for (kind, block) in blocks.blocks {
                    let maker = self.makers.iter_mut().find(|(of, _)| *of == kind);
                    if taken & bit(Some(kind)) == 0
                        && let Some((_, maker)) = maker
                        && let Some(batch) = maker.batch(block)?
                    {
                        made.push((Some(kind), batch));
                    }
                }
            }
        }
        for (_, batch) in &mut made {
            *batch = alone(batch)?;
        }
        Ok(made)
    }

    /// What is known of attempts, by the numbers of runs.
    pub(super) fn attempts(&self) -> HashMap<u32, Vec<KindAttempts>> {
        let mut known: HashMap<u32, Vec<KindAttempts>> = HashMap::new();
        for (kind, maker) in &self.makers {
            if let Attempts::Number(attempts) = &maker.attempts {
                let name = |tag: i32| maker.tags.name(tag as usize).to_owned();
                for (run, of_run) in attempts.runs(name) {
                    let of_kind = (*kind as u8, of_run);
                    known.entry(run as u32).or_default().push(of_kind);
                }
            }
        }
        known
    }

    /// Puts back what was known of the attempts of a run.
    pub(super) fn restore(&mut self, run: u32, known: &[KindAttempts]) {
        for (kind, of_run) in known {
            let maker = self.makers.iter_mut().find(|(of, _)| *of as u8 == *kind);
            let Some((_, maker)) = maker else { continue };
            if let Attempts::Number(attempts) = &mut maker.attempts {
                let tags = &mut maker.tags;
                attempts.restore(run as i32, of_run, |tag| tags.of(tag) as i32);
            }
        }
    }
}
