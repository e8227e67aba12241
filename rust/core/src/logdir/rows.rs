//! The rows of one kind as a stream of batches.

use super::batch::{Attempts, BatchMaker, RestartFinder};
use super::scan::{Batches, Resolved};
use super::{Restarts, View};
use crate::error::Result;
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::scan::attempts::Attempts as Numbering;
use crate::scan::decode::{Block, Decoder, Spec};
use crate::scan::restarts::RestartFilter;
use crate::scan::tags::UnitMetadata;
use crate::scan::{Access, Budget, Decoded, Ordered, Output, Scratch, Task, WorkUnit, decode};
use crate::table::keys::strings;
use crate::table::schema::{Layout, TensorData};
use crate::table::{Scalars, rows_for};
use arrow_array::RecordBatch;
use std::sync::Arc;

/// Bytes of the shortest record that holds a scalar, to guess how many rows a unit makes.
const SHORTEST_SCALAR: u64 = 46;

/// The rows of one kind.
pub(crate) fn rows(
    view: View,
    kind: Kind,
    filter: Filter,
    tensors: TensorData,
) -> Result<Resolved> {
    let layout = Layout::new(kind, tensors, filter.columns.as_deref())?;
    let schema = Arc::clone(&layout.schema);
    let spec = Spec {
        kind,
        filter,
        layout,
        later: false,
    };
    let opens = |view: View, spec: Spec| {
        move || Ok(Box::new(Stream::open(&view, spec.clone())) as Box<dyn Batches>)
    };
    let counted = spec.with_columns(&["step"])?;
    let count = opens(view.clone(), counted);
    Ok(Resolved::new(schema, opens(view, spec)).counted_by(count))
}

impl Spec {
    fn with_columns(&self, columns: &[&str]) -> Result<Self> {
        let columns: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
        let layout = Layout::new(
            self.kind,
            self.layout.wanted.tensors.clone(),
            Some(&columns),
        )?;
        Ok(Self {
            layout,
            ..self.clone()
        })
    }
}

/// Decodes units into blocks of one kind.
pub struct KindTask {
    pub(super) access: Access,
    pub(super) spec: Spec,
}

impl Task for KindTask {
    type Output = Block;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Block>> {
        let spec = &self.spec;
        if spec.kind == Kind::Scalars {
            let capacity = usize::try_from(work.unit.bytes() / SHORTEST_SCALAR).unwrap_or(0);
            decode(self.access, work, scratch, |memory| {
                Decoder::new(
                    spec,
                    Scalars::new(capacity, memory),
                    work.metadata,
                    capacity,
                    memory,
                )
            })
        } else {
            decode(self.access, work, scratch, |memory| {
                Decoder::new(
                    spec,
                    rows_for(spec.kind, &spec.layout.wanted, memory),
                    work.metadata,
                    0,
                    memory,
                )
            })
        }
    }
}

impl Output for Block {
    fn size(&self) -> usize {
        Block::size(self)
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(&self.metadata)
    }
}

/// Blocks in order, as batches.
struct Stream {
    ordered: Ordered<KindTask>,
    maker: BatchMaker,
    /// The log, where a first pass has to find the restarts.
    find: Option<Box<View>>,
}

impl Stream {
    fn open(view: &View, mut spec: Spec) -> Self {
        let maker = batch_maker(view, &mut spec);
        let last = view.options.restarts == Restarts::Last;
        let find = last.then(|| Box::new(view.clone()));
        let task = KindTask {
            access: view.access(false),
            spec,
        };
        Self {
            ordered: view.ordered(task),
            maker,
            find,
        }
    }
}

/// Makes batches of the rows that `spec` asks for. Where only the last attempts are, the restarts
/// are still to be found.
pub(super) fn batch_maker(view: &View, spec: &mut Spec) -> BatchMaker {
    let numbered = spec.layout.wanted.has_attempts();
    let attempts = match view.options.restarts {
        Restarts::Last => Attempts::Cut(RestartFilter::default()),
        Restarts::All if numbered => Attempts::Number(Numbering::default()),
        Restarts::All => Attempts::Ignore,
    };
    BatchMaker::new(
        spec,
        strings(view.run_names()),
        strings(view.paths()),
        attempts,
        view.casts.clone(),
    )
}

impl Batches for Stream {
    fn budget(&self) -> Option<&Arc<Budget>> {
        Some(self.ordered.budget())
    }

    fn is_compact(&self) -> bool {
        self.maker.is_compact()
    }

    fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
        if let Some(view) = &self.find {
            match find_restarts(view, &self.maker.spec, go_on) {
                Ok(cuts) => self.maker.attempts = Attempts::Cut(cuts),
                Err(error) => return Some(Err(error)),
            }
            self.find = None;
        }
        loop {
            match self.ordered.next(go_on) {
                Some(Ok((_, decoded))) => match self.maker.batch(decoded.output) {
                    Ok(Some(batch)) => return Some(Ok(batch)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                },
                Some(Err(error)) => return Some(Err(error)),
                None => return self.maker.finish(),
            }
        }
    }
}

/// The first pass of `restarts = last`: keys only, all points in time.
fn find_restarts(
    view: &View,
    spec: &Spec,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<RestartFilter> {
    let mut spec = spec.with_columns(&["step"])?;
    spec.later = true;
    let task = KindTask {
        access: view.access(false),
        spec,
    };
    let mut ordered = view.ordered(task);
    let mut finder = RestartFinder::default();
    while let Some(next) = ordered.next(go_on) {
        finder.take_in(next?.1.output);
    }
    Ok(finder.found())
}
