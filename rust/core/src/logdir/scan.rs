//! A scan: a schema, and as many streams of batches as are asked for.
//!
//! Making a scan reads nothing. What must be known before there are rows (the order of files, the
//! tags a pattern matches, the columns of `hparams`) is read at the first use of the schema or of
//! the rows, and kept. Every sink takes the same [`Batches`]: the Arrow C stream, Parquet, the
//! counts.

use super::compact::Compact;
use super::tags::share_dictionaries;
use crate::error::{Error, Result};
use crate::scan::Budget;
use crate::table::schema::{Layout, TensorData};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// A stream of record batches.
pub trait Batches: Send {
    /// The next batch; `go_on` is asked now and then, and ends the stream with an error when it
    /// says no.
    fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>>;

    /// What bounds the threads that make the batches, where there are any.
    fn budget(&self) -> Option<&Arc<Budget>> {
        None
    }

    /// Whether the dictionaries, those of runs and files aside, hold only what rows have, in the
    /// order of the first rows.
    fn is_compact(&self) -> bool {
        false
    }
}

type Open = dyn Fn() -> Result<Box<dyn Batches>> + Send + Sync;
type Resolve = dyn Fn(&mut dyn FnMut() -> bool) -> Result<Resolved> + Send + Sync;

/// Rows of a log that have not been read yet.
#[derive(Clone)]
pub struct Scan(Arc<Deferred>);

struct Deferred {
    threads: usize,
    /// The columns, where they are known without reading.
    schema: Option<SchemaRef>,
    resolve: Box<Resolve>,
    resolved: OnceLock<Resolved>,
}

/// A scan of which everything is known but its rows.
#[derive(Clone)]
pub(crate) struct Resolved {
    schema: SchemaRef,
    open: Arc<Open>,
    count: Option<Arc<Open>>,
}

impl Resolved {
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

    /// With a way to count the rows that is cheaper than to make them.
    pub(crate) fn counted_by(
        mut self,
        count: impl Fn() -> Result<Box<dyn Batches>> + Send + Sync + 'static,
    ) -> Self {
        self.count = Some(Arc::new(count));
        self
    }

    /// Rows that are there already, in the columns asked for; the first `usual` without a choice.
    pub(crate) fn ready(
        batch: &RecordBatch,
        usual: usize,
        columns: Option<&[String]>,
    ) -> Result<Self> {
        let layout = Layout::of(batch.schema(), usual, TensorData::Any, columns)?;
        let batch = batch.project(&layout.projection).map_err(Error::internal)?;
        Ok(Self::new(batch.schema(), move || {
            let batch = Some(batch.clone()).filter(|b| b.num_rows() > 0);
            Ok(Box::new(Ready(batch)) as Box<dyn Batches>)
        }))
    }

    /// Begins to read.
    pub(crate) fn stream(&self) -> Result<Box<dyn Batches>> {
        (self.open)()
    }
}

impl Scan {
    /// A scan that `resolve` looks into the log for, at its first use.
    pub(crate) fn deferred(
        threads: usize,
        schema: Option<SchemaRef>,
        resolve: impl Fn(&mut dyn FnMut() -> bool) -> Result<Resolved> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Deferred {
            threads,
            schema,
            resolve: Box::new(resolve),
            resolved: OnceLock::new(),
        }))
    }

    /// What was found at the first use; an error or an interrupt is not kept.
    ///
    /// No lock is held while the log is read: threads that come at the same time all read it, each
    /// as interruptible as alone, and the first result counts. A lock would have to survive forks
    /// and signal handlers that use the scan themselves.
    fn resolved(&self, go_on: &mut dyn FnMut() -> bool) -> Result<&Resolved> {
        let Deferred {
            resolve, resolved, ..
        } = &*self.0;
        if let Some(known) = resolved.get() {
            return Ok(known);
        }
        let found = resolve(go_on)?;
        Ok(resolved.get_or_init(|| found))
    }

    /// How many threads may work for the scan.
    pub fn threads(&self) -> usize {
        self.0.threads
    }

    /// The columns. Where they depend on what is in the log, the first call reads it; `go_on` is
    /// asked now and then, and ends that with an error when it says no.
    pub fn schema(&self, go_on: &mut dyn FnMut() -> bool) -> Result<SchemaRef> {
        match &self.0.schema {
            Some(known) => Ok(Arc::clone(known)),
            None => Ok(Arc::clone(&self.resolved(go_on)?.schema)),
        }
    }

    /// Begins to read.
    pub fn stream(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Box<dyn Batches>> {
        let stream = self.resolved(go_on)?.stream()?;
        Ok(Box::new(Compact::new(stream)))
    }

    /// Begins to read, as arrow's reader.
    pub fn reader(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Reader> {
        Ok(Reader {
            schema: self.schema(go_on)?,
            batches: self.stream(go_on)?,
        })
    }

    /// All batches; their dictionaries are one.
    pub fn collect(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Vec<RecordBatch>> {
        let mut stream = self.stream(go_on)?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next(go_on) {
            batches.push(batch?);
        }
        share_dictionaries(&mut batches);
        Ok(batches)
    }

    /// How many rows there are.
    pub fn count(&self, go_on: &mut dyn FnMut() -> bool) -> Result<u64> {
        let resolved = self.resolved(go_on)?;
        let open = resolved.count.as_ref().unwrap_or(&resolved.open);
        let mut stream = open()?;
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
        // The caller may be C, which no panic may reach.
        let next = || self.batches.next(&mut || true);
        let next = catch_unwind(AssertUnwindSafe(next))
            .unwrap_or_else(|_| Some(Err(Error::internal("a panic"))))?;
        Some(next.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
