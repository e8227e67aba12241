//! The rows of several kinds in one pass.

use super::batch::{Attempts, BatchMaker, RestartFinder};
use super::references::{RecordRef, References};
use super::rows::batch_maker;
use super::{Restarts, View};
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::scan::decode::{Blocks, Decoder, Spec};
use crate::scan::projection::Projection;
use crate::scan::tags::UnitMetadata;
use crate::scan::{Access, Decoded, Ordered, Output, Scratch, Task, WorkUnit, decode};
use crate::table::schema::Layout;
use arrow_array::RecordBatch;
use std::collections::VecDeque;

/// Decodes units into blocks of several kinds.
#[derive(Clone)]
pub(super) struct KindsTask {
    pub(super) access: Access,
    pub(super) filter: Filter,
    pub(super) projection: Projection,
    /// The conditions on time are applied to the blocks.
    pub(super) later: bool,
}

impl Task for KindsTask {
    type Output = Blocks;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Blocks>> {
        let (projection, filter, later) = (&self.projection, &self.filter, self.later);
        decode(self.access, work, scratch, |memory| {
            Decoder::of_kinds(projection, filter, later, work.metadata, memory)
        })
    }
}

impl Output for Blocks {
    fn size(&self) -> usize {
        self.blocks.iter().map(|(_, block)| block.size()).sum()
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(&self.metadata)
    }
}

/// Rows of one kind.
#[derive(Debug, Clone)]
pub struct KindBatch {
    /// The kind.
    pub kind: Kind,
    /// Its rows.
    pub batch: RecordBatch,
    /// Where the value of each row is stored, if the projection asks for references; empty for
    /// meshes.
    pub references: Vec<RecordRef>,
}

/// The rows of several kinds, as a stream of batches. The rows of each kind come in the order of the
/// contract.
pub struct KindScan {
    ordered: Ordered<KindsTask>,
    makers: Vec<(Kind, BatchMaker)>,
    references: References,
    ready: VecDeque<KindBatch>,
    /// What is read once more before the first batch, to find the restarts.
    first_pass: Option<(View, KindsTask)>,
}

impl KindScan {
    pub(super) fn new(view: &View, projection: Projection, filter: &Filter) -> Result<Self> {
        if filter.columns.is_some() {
            let what = "`columns` must be those of the projection; give them to it";
            return Err(Error::argument(what));
        }
        if projection.kinds().contains(&Kind::HParams) {
            let what = "`kinds` must be kinds of event rows, not 'hparams'; hparams() reads those";
            return Err(Error::argument(what));
        }
        let numbered = |(_, layout): (_, &Layout)| layout.wanted.has_attempts();
        let last = view.options.restarts == Restarts::Last;
        let later = projection.filters_later(filter) || last || projection.layouts().any(numbered);
        let maker = |(kind, layout): (Kind, &Layout)| {
            let mut spec = Spec {
                kind,
                filter: filter.clone(),
                layout: layout.clone(),
                later,
            };
            (kind, batch_maker(view, &mut spec))
        };
        let makers: Vec<_> = projection.layouts().map(maker).collect();
        let task = |projection, later| KindsTask {
            access: view.access(false),
            filter: filter.clone(),
            projection,
            later,
        };
        let mut first_pass = None;
        if last {
            let keys = Projection::of(projection.kinds())?.with_columns_of_all(&["step"])?;
            first_pass = Some((view.clone(), task(keys, true)));
        }
        Ok(Self {
            first_pass,
            references: References::new(&view.files),
            ordered: view.ordered(task(projection, later)),
            makers,
            ready: VecDeque::new(),
        })
    }

    /// Reads the records that references name, also after the scan has ended.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// The next rows; `None` at the end. `go_on` is asked now and then, and ends the scan with an
    /// error when it says no.
    pub fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<KindBatch>> {
        if let Err(error) = self.find_restarts(go_on) {
            return Some(Err(error));
        }
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            match self.ordered.next(go_on) {
                Some(Ok((_, decoded))) => {
                    if let Err(error) = self.take_in(decoded.output) {
                        return Some(Err(error));
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None => return self.rest(),
            }
        }
    }

    fn take_in(&mut self, blocks: Blocks) -> Result<()> {
        for (kind, block) in blocks.blocks {
            let maker = self.makers.iter_mut().find(|(k, _)| *k == kind);
            if let Some((_, maker)) = maker {
                let rows = maker.batch_with_references(block)?;
                self.ready.extend(rows.map(|(batch, references)| KindBatch {
                    kind,
                    batch,
                    references,
                }));
            }
        }
        Ok(())
    }

    /// The rows that waited for others; `None` when there are no more.
    fn rest(&mut self) -> Option<Result<KindBatch>> {
        while let Some((kind, maker)) = self.makers.first_mut() {
            let kind = *kind;
            if let Some(rest) = maker.finish() {
                return Some(rest.map(|batch| KindBatch {
                    kind,
                    batch,
                    references: Vec::new(),
                }));
            }
            self.makers.remove(0);
        }
        None
    }

    /// The first pass of `restarts = last`: keys only, all points in time.
    fn find_restarts(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        let Some((view, task)) = &self.first_pass else {
            return Ok(());
        };
        let mut finders = Kind::ALL.map(|_| RestartFinder::default());
        let mut ordered = view.ordered(task.clone());
        while let Some(next) = ordered.next(go_on) {
            for (kind, block) in next?.1.output.blocks {
                finders[kind as usize].take_in(block);
            }
        }
        for (kind, maker) in &mut self.makers {
            let finder = std::mem::take(&mut finders[*kind as usize]);
            maker.attempts = Attempts::Cut(finder.found());
        }
        self.first_pass = None;
        Ok(())
    }
}
