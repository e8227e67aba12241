//! A scan: a schema, and as many streams of batches as are asked for.
//!
//! Every sink takes the same [`Batches`]: the Arrow C stream, Parquet, the counts.

use super::bug;
use super::tags::share_dictionaries;
use crate::error::Result;
use crate::table::schema::{Layout, TensorData};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

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

    /// With a way to count the rows that is cheaper than to make them.
    pub(crate) fn counted_by(
        mut self,
        count: impl Fn() -> Result<Box<dyn Batches>> + Send + Sync + 'static,
    ) -> Self {
        self.count = Some(Arc::new(count));
        self
    }

    /// Rows that are there already, in the columns asked for.
    pub(crate) fn ready(batch: &RecordBatch, columns: Option<&[String]>) -> Result<Self> {
        let all = batch.num_columns();
        let layout = Layout::of(batch.schema(), all, TensorData::Any, columns)?;
        let batch = batch
            .project(&layout.projection)
            .map_err(|e| bug(&e.to_string()))?;
        Ok(Self::new(batch.schema(), move || {
            let batch = Some(batch.clone()).filter(|b| b.num_rows() > 0);
            Ok(Box::new(Ready(batch)) as Box<dyn Batches>)
        }))
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
        // The caller may be C, which no panic may reach.
        let next = || self.batches.next(&mut || true);
        let next =
            catch_unwind(AssertUnwindSafe(next)).unwrap_or_else(|_| Some(Err(bug("a panic"))))?;
        Some(next.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
