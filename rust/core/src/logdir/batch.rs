//! Blocks of one kind to batches: names of runs, tags and files in place of their numbers, what is
//! known of restarts, and meshes put together of their components.

use super::bug;
use super::casts::Casts;
use super::references::{RecordRef, references};
use super::tags::NameNumbers;
use crate::error::Result;
use crate::event::kind::Kind;
use crate::pipeline::decode::{Block, RowOrRestart, Spec};
use crate::pipeline::restarts::{Cuts, Restarts};
use crate::table::keys::{dictionary, int32, int64};
use crate::table::schema::{KEYS, PROVENANCE};
use crate::table::{MeshAssembler, component_schema};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions,
};
use arrow_schema::SchemaRef;
use std::collections::HashMap;
use std::sync::Arc;

/// What is done about restarts, row by row.
pub(super) enum Attempts {
    /// Nothing.
    Ignore,
    /// They are numbered.
    Number(Restarts),
    /// They are numbered, and what is superseded is left out.
    Cut(Cuts),
}

/// Makes batches of the blocks of a stream, which come in order.
pub(super) struct BatchMaker {
    pub(super) spec: Spec,
    /// The names of runs, by number.
    pub(super) runs: ArrayRef,
    /// The paths of files, by number.
    pub(super) files: ArrayRef,
    pub(super) tags: NameNumbers,
    pub(super) attempts: Attempts,
    meshes: Option<(MeshAssembler, SchemaRef)>,
    casts: Casts,
}

impl BatchMaker {
    /// For rows that meet `spec`, of which conditions that are applied to whole rows are taken.
    pub(super) fn new(
        spec: &mut Spec,
        runs: ArrayRef,
        files: ArrayRef,
        attempts: Attempts,
        casts: Casts,
    ) -> Self {
        spec.later |= !matches!(attempts, Attempts::Ignore);
        let meshes = (spec.kind == Kind::Meshes).then(|| {
            let assembler = MeshAssembler::new(spec.filter.wall_time.take());
            (assembler, component_schema(&spec.layout.full))
        });
        Self {
            spec: spec.clone(),
            runs,
            files,
            tags: NameNumbers::default(),
            attempts,
            meshes,
            casts,
        }
    }

    /// Whether rows have the tags that were numbered for them, in that order.
    pub(super) fn is_compact(&self) -> bool {
        // Otherwise rows are left out, or put together, after their tags were numbered.
        !self.spec.later && self.meshes.is_none()
    }

    /// The rows that are left at the end, a batch at a time.
    pub(super) fn finish(&mut self) -> Option<Result<RecordBatch>> {
        let (assembler, _) = self.meshes.as_mut()?;
        let rest = assembler.finish(&self.spec.layout.schema);
        rest.map_err(|e| bug(&e.to_string())).transpose()
    }

    /// The rows of a block; `None` if there are none.
    pub(super) fn batch(&mut self, block: Block) -> Result<Option<RecordBatch>> {
        let rows = self.batch_with_references(block)?;
        Ok(rows.map(|(batch, _)| batch))
    }

    /// The rows of a block, and where the value of each is stored, if the block says so.
    pub(super) fn batch_with_references(
        &mut self,
        mut block: Block,
    ) -> Result<Option<(RecordBatch, Vec<RecordRef>)>> {
        self.tags.adopt(&mut block);
        let references = references(&block);
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
        let (batch, references) = match keep {
            Some((keep, _)) if keep.true_count() < rows => {
                let kept = references.into_iter().zip(keep.values());
                let kept = kept.filter_map(|(reference, kept)| kept.then_some(reference));
                let batch = arrow_select::filter::filter_record_batch(&batch, &keep)
                    .map_err(|e| bug(&e.to_string()))?;
                (batch, kept.collect())
            }
            _ => (batch, references),
        };
        self.casts.check(&batch, &self.spec.layout.wanted.tensors)?;
        Ok(match &mut self.meshes {
            // Several values make a row.
            Some((assembler, _)) => assembler
                .push(&batch, &self.spec.layout.schema)
                .map_err(|e| bug(&e.to_string()))?
                .map(|batch| (batch, Vec::new())),
            None => Some((batch, references)).filter(|(b, _)| b.num_rows() > 0),
        })
    }

    /// Which rows are kept, and the attempt of each.
    fn settle_attempts(&mut self, block: &Block) -> Option<(BooleanArray, Int32Array)> {
        if !self.spec.later {
            return None;
        }
        let keys = &block.keys;
        let mut keep = Vec::with_capacity(keys.len());
        let mut numbers = Vec::with_capacity(keys.len());
        for next in block.rows_and_restarts() {
            let row = match (next, &mut self.attempts) {
                (RowOrRestart::Row(row), _) => row,
                (RowOrRestart::Restart(start), Attempts::Number(found)) => {
                    found.start(start.run as i32, start.step);
                    continue;
                }
                (RowOrRestart::Restart(_), _) => continue, // cuts were found with them
            };
            let (series, step) = ((keys.run[row], keys.tag[row]), keys.step[row]);
            let (kept, number) = match &mut self.attempts {
                Attempts::Ignore => (true, 0),
                Attempts::Number(found) => (true, found.point(series, step)),
                Attempts::Cut(cuts) => cuts.point(series, step),
            };
            keep.push(kept && self.spec.filter.matches_time(step, keys.wall_time[row]));
            numbers.push(number);
        }
        Some((BooleanArray::from(keep), Int32Array::from(numbers)))
    }
}

/// Finds the restarts of all series in a pass over their keys.
#[derive(Default)]
pub(super) struct RestartFinder {
    tags: NameNumbers,
    found: Restarts,
}

impl RestartFinder {
    /// Takes in the next block.
    pub(super) fn take_in(&mut self, mut block: Block) {
        self.tags.adopt(&mut block);
        let keys = &block.keys;
        for next in block.rows_and_restarts() {
            match next {
                RowOrRestart::Restart(start) => self.found.start(start.run as i32, start.step),
                RowOrRestart::Row(row) => {
                    let series = (keys.run[row], keys.tag[row]);
                    self.found.point(series, keys.step[row]);
                }
            }
        }
    }

    /// What they supersede.
    pub(super) fn found(self) -> Cuts {
        self.found.cuts()
    }
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
