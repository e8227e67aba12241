//! A scan: a schema, and as many streams of batches as are asked for.
//!
//! Every sink takes the same [`Batches`]: the Arrow C stream, Parquet, the counts.

use super::{Restarts, View};
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::pipeline::decode::{Block, Decoder, Spec};
use crate::pipeline::restarts::{Cuts, Restarts as Found};
use crate::pipeline::tags::{Context, Lesson};
use crate::pipeline::{Access, Decoded, FileTask, Ordered, Output, Scratch, Task, Unit, decode};
use crate::table::keys::{dictionary, int32, int64, strings};
use crate::table::schema::{KEYS, Layout, PROVENANCE, TensorData};
use crate::table::{MeshAssembler, Scalars, component_schema, rows_for};
use arrow_array::RecordBatchOptions;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    RecordBatchReader,
};
use arrow_schema::{ArrowError, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of the shortest record that holds a scalar, to guess how many rows a unit makes.
const SHORTEST_SCALAR: u64 = 46;

/// A stream of record batches.
pub trait Batches: Send {
    /// The next batch; `go_on` is asked now and then, and ends the stream with an error when it
    /// says no.
    fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>>;
}

type Open = dyn Fn() -> Result<Box<dyn Batches>> + Send + Sync;

/// Rows of a log that have not been read yet.
#[derive(Clone)]
pub struct Scan {
    schema: SchemaRef,
    open: Arc<Open>,
    count: Option<Arc<Open>>,
}

impl Scan {
    pub(crate) fn new(
        schema: SchemaRef,
        open: impl Fn() -> Result<Box<dyn Batches>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            schema,
            open: Arc::new(open),
            count: None,
        }
    }

    /// Rows that are there already.
    pub(crate) fn ready(batch: RecordBatch) -> Self {
        let schema = batch.schema();
        Self::new(schema, move || {
            let batch = Some(batch.clone()).filter(|b| b.num_rows() > 0);
            Ok(Box::new(Ready(batch)) as Box<dyn Batches>)
        })
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Begins to read.
    pub fn stream(&self) -> Result<Box<dyn Batches>> {
        (self.open)()
    }

    /// Begins to read, as arrow's reader.
    pub fn reader(&self) -> Result<Reader> {
        Ok(Reader {
            schema: self.schema(),
            batches: self.stream()?,
        })
    }

    /// All batches; their dictionaries are one.
    pub fn collect(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Vec<RecordBatch>> {
        let mut stream = self.stream()?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next(go_on) {
            batches.push(batch?);
        }
        share_dictionaries(&mut batches);
        Ok(batches)
    }

    /// How many rows there are.
    pub fn count(&self, go_on: &mut dyn FnMut() -> bool) -> Result<u64> {
        let mut stream = self
            .count
            .as_ref()
            .map_or_else(|| self.stream(), |open| open())?;
        let mut rows = 0;
        while let Some(batch) = stream.next(go_on) {
            rows += batch?.num_rows() as u64;
        }
        Ok(rows)
    }
}

struct Ready(Option<RecordBatch>);

impl Batches for Ready {
    fn next(&mut self, _: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
        self.0.take().map(Ok)
    }
}

/// A stream as arrow's `RecordBatchReader`, for the C stream interface and for Parquet.
pub struct Reader {
    schema: SchemaRef,
    batches: Box<dyn Batches>,
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.batches.next(&mut || true)?;
        Some(next.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The dictionary of a tag grows from batch to batch, each a continuation of the one before; the
/// last one serves them all.
fn share_dictionaries(batches: &mut [RecordBatch]) {
    let Some(last) = batches.last().cloned() else {
        return;
    };
    for (i, column) in last.columns().iter().enumerate() {
        let Some(whole) = column.as_dictionary_opt::<Int32Type>() else {
            continue;
        };
        for batch in &mut *batches {
            let Some(part) = batch.column(i).as_dictionary_opt::<Int32Type>() else {
                continue;
            };
            if Arc::ptr_eq(part.values(), whole.values())
                || part.values().len() > whole.values().len()
            {
                continue;
            }
            let mut columns = batch.columns().to_vec();
            let shared =
                DictionaryArray::<Int32Type>::new(part.keys().clone(), Arc::clone(whole.values()));
            columns[i] = Arc::new(shared);
            if let Ok(shared) = RecordBatch::try_new(batch.schema(), columns) {
                *batch = shared;
            }
        }
    }
}

/// A scan over the rows of one kind.
pub(crate) fn rows(view: View, kind: Kind, filter: Filter, tensors: TensorData) -> Result<Scan> {
    let layout = Layout::new(kind, tensors, filter.columns.as_deref())?;
    let schema = Arc::clone(&layout.schema);
    let spec = Spec {
        kind,
        filter,
        layout,
        later: false,
    };
    let open = {
        let (view, spec) = (view.clone(), spec.clone());
        move || Stream::open(&view, spec.clone()).map(|s| Box::new(s) as Box<dyn Batches>)
    };
    let counted = spec.with_columns(&["step"])?;
    let count =
        move || Stream::open(&view, counted.clone()).map(|s| Box::new(s) as Box<dyn Batches>);
    Ok(Scan {
        schema,
        open: Arc::new(open),
        count: Some(Arc::new(count)),
    })
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
        from: Option<u64>,
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
    /// They are numbered, and what gave way is left out.
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
    tags: TagDictionary,
    attempts: Attempts,
    meshes: Option<(MeshAssembler, SchemaRef)>,
}

impl Stream {
    fn open(view: &View, mut spec: Spec) -> Result<Self> {
        let numbered = spec.layout.wanted.has("attempt");
        let attempts = match view.options.restarts {
            Restarts::Last => Attempts::Find(Box::new(view.clone())),
            Restarts::All if numbered => Attempts::Number(Found::default()),
            Restarts::All => Attempts::Ignore,
        };
        spec.later = !matches!(attempts, Attempts::Ignore);
        let meshes = (spec.kind == Kind::Meshes).then(|| {
            (
                MeshAssembler::default(),
                component_schema(&spec.layout.full),
            )
        });
        let task = KindTask {
            access: view.access(false),
            spec: spec.clone(),
        };
        let threads = view.options.threads;
        Ok(Self {
            ordered: Ordered::new(
                task,
                view.files.clone(),
                threads,
                view.raises(),
                view.report.clone(),
            ),
            runs: strings(view.run_names()),
            files: strings(view.paths()),
            tags: TagDictionary::default(),
            spec,
            attempts,
            meshes,
        })
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
        Ok(match &mut self.meshes {
            Some((assembler, _)) => assembler.push(&batch, &self.spec.layout.schema),
            None => Some(batch).filter(|b| b.num_rows() > 0),
        })
    }

    /// Which rows are kept, and the attempt of each.
    fn settle_attempts(&mut self, block: &Block) -> Option<(BooleanArray, Int32Array)> {
        if matches!(self.attempts, Attempts::Ignore) {
            return None;
        }
        let keys = &block.keys;
        let mut starts = block.starts.iter().peekable();
        let mut keep = Vec::with_capacity(keys.len());
        let mut numbers = Vec::with_capacity(keys.len());
        for row in 0..=keys.len() {
            while let Some(start) = starts.next_if(|s| s.row <= row) {
                if let Attempts::Number(found) = &mut self.attempts {
                    found.start(start.run as i32, start.step);
                }
            }
            if row == keys.len() {
                break;
            }
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
                    return assembler.finish(&self.spec.layout.schema).map(Ok);
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
    let mut ordered = Ordered::new(
        task,
        view.files.clone(),
        view.options.threads,
        view.raises(),
        view.report.clone(),
    );
    let mut tags = TagDictionary::default();
    let mut found = Found::default();
    while let Some(next) = ordered.next(go_on) {
        let mut block = next?.1.output;
        tags.adopt(&mut block);
        let keys = &block.keys;
        let mut starts = block.starts.iter().peekable();
        for row in 0..=keys.len() {
            while let Some(start) = starts.next_if(|s| s.row <= row) {
                found.start(start.run as i32, start.step);
            }
            if row < keys.len() {
                found.point((keys.run[row], keys.tag[row]), keys.step[row]);
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

/// An error that no input can cause.
fn bug(what: &str) -> Error {
    Error::argument(format!("internal error: {what}; please report this"))
}

/// The tags of a stream, in the order they were first met.
#[derive(Default)]
struct TagDictionary {
    numbers: HashMap<Box<str>, i32>,
    names: Vec<Box<str>>,
    values: Option<ArrayRef>,
}

impl TagDictionary {
    /// Numbers a block's tags as the stream does. Usually every block meets the same tags in the
    /// same order, and there is nothing to rewrite.
    fn adopt(&mut self, block: &mut Block) {
        let mut order: Vec<i32> = vec![-1; block.lesson.tags.len()];
        for (local, name) in block.lesson.tags.iter().enumerate() {
            if block.used[local] {
                order[local] = self.number(name);
            }
        }
        let same = order
            .iter()
            .enumerate()
            .all(|(i, &n)| n < 0 || n == i as i32);
        if !same {
            let tags = block.keys.tag.iter().map(|tag| order[*tag as usize]);
            block.keys.tag = tags.collect::<Vec<i32>>().into();
        }
    }

    fn number(&mut self, name: &str) -> i32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as i32;
        self.numbers.insert(name.into(), number);
        self.names.push(name.into());
        self.values = None;
        number
    }

    fn values(&mut self) -> ArrayRef {
        Arc::clone(self.values.get_or_insert_with(|| strings(&self.names)))
    }
}
