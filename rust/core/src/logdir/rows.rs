//! The rows of one kind as a stream of batches: blocks in order, with what is known across them:
//! names of runs, tags and files, and which rows a restart superseded.

use super::casts::Casts;
use super::scan::{Batches, Resolved};
use super::tags::NameNumbers;
use super::{Restarts, View, bug};
use crate::error::Result;
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::pipeline::decode::{Block, Decoder, Moment, Spec};
use crate::pipeline::restarts::{Cuts, Restarts as Found};
use crate::pipeline::tags::{Context, Lesson};
use crate::pipeline::{
    Access, Budget, Decoded, FileTask, Ordered, Output, Position, Scratch, Task, Unit, decode,
};
use crate::table::keys::{dictionary, int32, int64, strings};
use crate::table::schema::{KEYS, Layout, PROVENANCE, TensorData};
use crate::table::{MeshAssembler, Scalars, component_schema, rows_for};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions,
};
use arrow_schema::SchemaRef;
use std::collections::HashMap;
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
struct KindTask {
    access: Access,
    spec: Spec,
}

impl Task for KindTask {
    type Output = Block;

    fn access(&self) -> Access {
        self.access
    }

    fn run(
        &self,
        files: &[FileTask],
        unit: &Unit,
        from: Option<Position>,
        seed: Option<&Context>,
        scratch: &mut Scratch,
    ) -> Result<Decoded<Block>> {
        let spec = &self.spec;
        if spec.kind == Kind::Scalars {
            let capacity = usize::try_from(unit.bytes() / SHORTEST_SCALAR).unwrap_or(0);
            decode(self.access, files, unit, from, scratch, |memory| {
                Decoder::new(spec, Scalars::new(capacity, memory), seed, capacity, memory)
            })
        } else {
            decode(self.access, files, unit, from, scratch, |memory| {
                Decoder::new(
                    spec,
                    rows_for(spec.kind, &spec.layout.wanted, memory),
                    seed,
                    0,
                    memory,
                )
            })
        }
    }
}

impl Output for Block {
    fn size(&self) -> usize {
        self.columns
            .iter()
            .map(|c| c.get_array_memory_size())
            .sum::<usize>()
            + self.keys.len() * 28
    }

    fn lesson(&self) -> Option<&Lesson> {
        Some(&self.lesson)
    }
}

/// What is done about restarts, row by row.
enum Attempts {
    /// Nothing.
    Ignore,
    /// They are numbered.
    Number(Found),
    /// They are numbered, and what is superseded is left out.
    Cut(Cuts),
    /// As `Cut`, once a first pass has found them.
    Find(Box<View>),
}

/// Blocks in order, as batches.
struct Stream {
    ordered: Ordered<KindTask>,
    spec: Spec,
    runs: ArrayRef,
    files: ArrayRef,
    tags: NameNumbers,
    attempts: Attempts,
    meshes: Option<(MeshAssembler, SchemaRef)>,
    casts: Casts,
}

impl Stream {
    fn open(view: &View, mut spec: Spec) -> Self {
        let numbered = spec.layout.wanted.has("attempt");
        let attempts = match view.options.restarts {
            Restarts::Last => Attempts::Find(Box::new(view.clone())),
            Restarts::All if numbered => Attempts::Number(Found::default()),
            Restarts::All => Attempts::Ignore,
        };
        spec.later = !matches!(attempts, Attempts::Ignore);
        let meshes = (spec.kind == Kind::Meshes).then(|| {
            let assembler = MeshAssembler::new(spec.filter.wall_time.take());
            (assembler, component_schema(&spec.layout.full))
        });
        let task = KindTask {
            access: view.access(false),
            spec: spec.clone(),
        };
        Self {
            ordered: view.ordered(task),
            runs: strings(view.run_names()),
            files: strings(view.paths()),
            tags: NameNumbers::default(),
            spec,
            attempts,
            meshes,
            casts: view.casts.clone(),
        }
    }

    fn batch(&mut self, mut block: Block) -> Result<Option<RecordBatch>> {
        self.tags.adopt(&mut block);
        let keep = self.settle_attempts(&block);
        let rows = block.keys.len();
        let keys = block.keys;
        let mut by_name: HashMap<&str, ArrayRef> = HashMap::from([
            (
                "run",
                dictionary(Int32Array::new(keys.run, None), Arc::clone(&self.runs)),
            ),
            (
                "tag",
                dictionary(Int32Array::new(keys.tag, None), self.tags.values()),
            ),
            (
                "step",
                Arc::new(Int64Array::new(keys.step, None)) as ArrayRef,
            ),
            (
                "wall_time",
                Arc::new(Float64Array::new(keys.wall_time, None)),
            ),
        ]);
        if keys.file.len() == rows {
            by_name.insert(
                "file",
                dictionary(int32(keys.file), Arc::clone(&self.files)),
            );
            by_name.insert("offset", int64(keys.offset));
        }
        if let Some((_, attempts)) = &keep {
            by_name.insert("attempt", Arc::new(attempts.clone()));
        }
        let full = match &self.meshes {
            Some((_, components)) => components,
            None => &self.spec.layout.full,
        };
        let own = full.fields().iter().map(|f| f.name().as_str());
        let own = own.filter(|n| !KEYS.contains(n) && !PROVENANCE.contains(n));
        by_name.extend(own.zip(block.columns));
        let schema = match &self.meshes {
            Some((_, components)) => present(components, &by_name),
            None => Arc::clone(&self.spec.layout.schema),
        };
        let columns = schema
            .fields()
            .iter()
            .map(|f| by_name.get(f.name().as_str()).cloned());
        let columns: Vec<ArrayRef> = columns
            .collect::<Option<_>>()
            .ok_or_else(|| bug("a column"))?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|e| bug(&e.to_string()))?;
        let batch = match keep {
            Some((keep, _)) if keep.true_count() < rows => {
                arrow_select::filter::filter_record_batch(&batch, &keep)
                    .map_err(|e| bug(&e.to_string()))?
            }
            _ => batch,
        };
        self.casts.check(&batch, &self.spec.layout.wanted.tensors)?;
        Ok(match &mut self.meshes {
            Some((assembler, _)) => assembler
                .push(&batch, &self.spec.layout.schema)
                .map_err(|e| bug(&e.to_string()))?,
            None => Some(batch).filter(|b| b.num_rows() > 0),
        })
    }

    /// Which rows are kept, and the attempt of each.
    fn settle_attempts(&mut self, block: &Block) -> Option<(BooleanArray, Int32Array)> {
        if matches!(self.attempts, Attempts::Ignore) {
            return None;
        }
        let keys = &block.keys;
        let mut keep = Vec::with_capacity(keys.len());
        let mut numbers = Vec::with_capacity(keys.len());
        for moment in block.moments() {
            let row = match (moment, &mut self.attempts) {
                (Moment::Row(row), _) => row,
                (Moment::Start(start), Attempts::Number(found)) => {
                    found.start(start.run as i32, start.step);
                    continue;
                }
                (Moment::Start(_), _) => continue, // cuts were found with them
            };
            let (series, step) = ((keys.run[row], keys.tag[row]), keys.step[row]);
            let (kept, number) = match &mut self.attempts {
                Attempts::Ignore | Attempts::Find(_) => (true, 0),
                Attempts::Number(found) => (true, found.point(series, step)),
                Attempts::Cut(cuts) => cuts.point(series, step),
            };
            keep.push(kept && self.spec.filter.matches_time(step, keys.wall_time[row]));
            numbers.push(number);
        }
        Some((BooleanArray::from(keep), Int32Array::from(numbers)))
    }
}

impl Batches for Stream {
    fn budget(&self) -> Option<&Arc<Budget>> {
        Some(self.ordered.budget())
    }

    fn is_compact(&self) -> bool {
        // Otherwise rows are left out, or put together, after their tags were numbered.
        matches!(self.attempts, Attempts::Ignore) && self.meshes.is_none()
    }

    fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
        if let Attempts::Find(view) = &self.attempts {
            match find_restarts(view, &self.spec, go_on) {
                Ok(cuts) => self.attempts = Attempts::Cut(cuts),
                Err(error) => return Some(Err(error)),
            }
        }
        loop {
            match self.ordered.next(go_on) {
                Some(Ok((_, decoded))) => match self.batch(decoded.output) {
                    Ok(Some(batch)) => return Some(Ok(batch)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                },
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    let (assembler, _) = self.meshes.as_mut()?;
                    let rest = assembler.finish(&self.spec.layout.schema);
                    return rest.map_err(|e| bug(&e.to_string())).transpose();
                }
            }
        }
    }
}

/// The first pass of `restarts = last`: keys only, all points in time.
fn find_restarts(view: &View, spec: &Spec, go_on: &mut dyn FnMut() -> bool) -> Result<Cuts> {
    let mut spec = spec.with_columns(&["step"])?;
    spec.later = true;
    let task = KindTask {
        access: view.access(false),
        spec,
    };
    let mut ordered = view.ordered(task);
    let mut tags = NameNumbers::default();
    let mut found = Found::default();
    while let Some(next) = ordered.next(go_on) {
        let mut block = next?.1.output;
        tags.adopt(&mut block);
        let keys = &block.keys;
        for moment in block.moments() {
            match moment {
                Moment::Start(start) => found.start(start.run as i32, start.step),
                Moment::Row(row) => {
                    found.point((keys.run[row], keys.tag[row]), keys.step[row]);
                }
            }
        }
    }
    Ok(found.cuts())
}

/// The columns of `schema` that are there.
fn present(schema: &SchemaRef, columns: &HashMap<&str, ArrayRef>) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .filter(|f| columns.contains_key(f.name().as_str()))
        .cloned();
    Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()))
}
