//! What a follower makes of events: rows of one kind, or of several in one pass.

use super::super::batch::{Attempts, BatchMaker, Chosen};
use super::super::kinds::KindsTask;
use super::super::rows::KindTask;
use super::super::{Choose, LogDir, Root, Selection};
use super::cursor::KindAttempts;
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::scan::attempts::Attempts as Numbering;
use crate::scan::decode::{Block, Blocks, Spec};
use crate::scan::projection::Projection;
use crate::scan::{Access, Decoded, Scratch, Task, WorkUnit};
use crate::table::keys::strings;
use crate::table::schema::{Layout, TensorData};
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

/// Decodes one kind, or several.
pub(super) enum RowTask {
    One(KindTask),
    Many(KindsTask),
}

impl Task for RowTask {
    type Output = Blocks;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Blocks>> {
        match self {
            Self::Many(task) => task.run(work, scratch),
            Self::One(task) => {
                let Decoded { spans, output } = task.run(work, scratch)?;
                let metadata = Arc::clone(&output.metadata);
                let blocks = vec![(task.spec.kind, output)];
                Ok(Decoded {
                    spans,
                    output: Blocks { blocks, metadata },
                })
            }
        }
    }
}

/// All rows of a block. A cursor knows no mesh that is not put together yet: the parts of one that
/// are in other units make rows of their own.
fn whole(maker: &mut BatchMaker, block: Block) -> Result<Option<RecordBatch>> {
    let mut batches: Vec<RecordBatch> = maker.batch(block)?.into_iter().collect();
    while let Some(rest) = maker.finish() {
        batches.push(rest?);
    }
    // One batch of a kind: a cursor says of a unit which kinds were handed out.
    match &batches[..] {
        [] | [_] => Ok(batches.pop()),
        [first, ..] => arrow_select::concat::concat_batches(&first.schema(), &batches)
            .map(Some)
            .map_err(|error| super::super::bug(&error.to_string())),
    }
}

/// Makes batches of the units of rounds.
pub(super) struct RowMaker {
    access: Access,
    filter: Filter,
    projection: Option<Projection>,
    makers: Vec<(Kind, BatchMaker)>,
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
        let columns = live.selection.filter.columns.as_deref();
        let layout = Layout::new(kind, tensors, columns)?;
        Self::new(log, vec![(kind, layout)], None, live)
    }

    /// For rows of several kinds.
    pub(super) fn of_kinds(log: &LogDir, kinds: &[Kind], live: LiveSelection) -> Result<Self> {
        let projection = Projection::of(kinds)?;
        let layouts = projection
            .layouts()
            .map(|(kind, layout)| (kind, layout.clone()));
        let layouts = layouts.collect();
        Self::new(log, layouts, Some(projection), live)
    }

    fn new(
        log: &LogDir,
        layouts: Vec<(Kind, Layout)>,
        projection: Option<Projection>,
        live: LiveSelection,
    ) -> Result<Self> {
        if layouts.iter().any(|(kind, _)| *kind == Kind::HParams) {
            return Err(Error::argument(
                "hparams are no rows of events: call refresh() and then hparams()",
            ));
        }
        let filter = live.selection.filter;
        let makers = layouts.iter().map(|(kind, layout)| {
            let attempts = match layout.wanted.has_attempts() {
                true => Attempts::Number(Numbering::default()),
                false => Attempts::Ignore,
            };
            let mut spec = Spec {
                kind: *kind,
                filter: filter.clone(),
                layout: layout.clone(),
                later: false,
            };
            let none = || strings(std::iter::empty::<&str>());
            let mut maker = BatchMaker::new(&mut spec, none(), none(), attempts, log.casts.clone());
            maker.chosen = live.selection.tags.clone().map(Chosen::new);
            (*kind, maker)
        });
        Ok(Self {
            access: log.options.access(false),
            makers: makers.collect(),
            projection,
            filter,
            choose_run: live.runs,
            runs: Vec::new(),
            files: Vec::new(),
            renamed: false,
        })
    }

    /// What is done with each unit of a round.
    pub(super) fn task(&self) -> RowTask {
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

    /// The batches of a unit.
    pub(super) fn make(&mut self, blocks: Blocks) -> Result<Vec<(Kind, RecordBatch)>> {
        if std::mem::take(&mut self.renamed) {
            let (runs, files) = (strings(&self.runs), strings(&self.files));
            for (_, maker) in &mut self.makers {
                maker.runs = Arc::clone(&runs);
                maker.files = Arc::clone(&files);
            }
        }
        let mut made = Vec::with_capacity(blocks.blocks.len());
        for (kind, block) in blocks.blocks {
            let maker = self.makers.iter_mut().find(|(of, _)| *of == kind);
            if let Some((_, maker)) = maker
                && let Some(batch) = whole(maker, block)?
            {
                made.push((kind, batch));
            }
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
