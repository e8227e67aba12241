//! Blocks of one kind to batches: names of runs, tags and files in place of their numbers, what is
//! known of restarts, and meshes put together of their components.

use super::Choose;
use super::casts::Casts;
use super::references::{RecordRef, references};
use super::tags::NameNumbers;
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::scan::attempts::{Attempt, Attempts as Numbering};
use crate::scan::decode::{Block, RowOrRestart, Spec};
use crate::scan::restarts::{RestartFilter, Restarts};
use crate::table::keys::{dictionary, int32, int64};
use crate::table::schema::{KEYS, PROVENANCE};
use crate::table::{Age, LiveMeshes, MeshAssembler, StoredPart, component_schema};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions,
};
use arrow_schema::SchemaRef;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What is done about restarts, row by row.
pub(super) enum Attempts {
    /// Nothing.
    Ignore,
    /// They are numbered as they come.
    Number(Numbering),
    /// They are numbered, and what is superseded is left out.
    Cut(RestartFilter),
}

/// Which tags a function of the caller has chosen, by number.
pub(super) struct Chosen {
    choose: Choose,
    wanted: Vec<bool>,
}

impl Chosen {
    pub(super) fn new(choose: Choose) -> Self {
        let wanted = Vec::new();
        Self { choose, wanted }
    }

    /// Whether a tag that was asked for is chosen.
    pub(super) fn is_wanted(&self, tag: i32) -> bool {
        self.wanted[tag as usize]
    }

    /// Asks for the tags that have been met since.
    pub(super) fn ask(&mut self, tags: &NameNumbers) -> Result<()> {
        let new = tags.names().skip(self.wanted.len()).map(str::to_owned);
        let new: Vec<String> = new.collect();
        if !new.is_empty() {
            let chosen: HashSet<String> = (self.choose)(new.clone())?.into_iter().collect();
            self.wanted
                .extend(new.iter().map(|tag| chosen.contains(tag)));
        }
        Ok(())
    }
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
    /// Leaves out tags that a function does not choose, where they are not chosen beforehand.
    pub(super) chosen: Option<Chosen>,
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
            chosen: None,
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
        rest.map_err(Error::internal).transpose()
    }

    /// The meshes that are begun, where the log is followed.
    pub(super) fn live_meshes(&mut self) -> Option<&mut LiveMeshes> {
        self.meshes.as_mut().and_then(|(meshes, _)| meshes.live())
    }

    /// Rows of meshes that nothing has been added to for so long, where the log is followed.
    pub(super) fn settled_meshes(
        &mut self,
        settle: Duration,
        age: Age<'_>,
    ) -> Result<Option<RecordBatch>> {
        let Some((meshes, _)) = &mut self.meshes else {
            return Ok(None);
        };
        let rows = meshes.settled(settle, age, &self.spec.layout.schema);
        rows.map_err(Error::internal)
    }

    /// The components of meshes that are begun, where the log is followed.
    pub(super) fn stored_meshes(&self, with_unit: bool) -> Vec<StoredPart<i32>> {
        let meshes = self.meshes.as_ref();
        meshes.map_or(Vec::new(), |(meshes, _)| meshes.stored(with_unit))
    }

    /// Gives out meshes as a follower does.
    pub(super) fn follow_meshes(&mut self) {
        if let Some((meshes, _)) = &mut self.meshes {
            self.spec.layout.wanted.keep_provenance();
            meshes.follow();
        }
    }

    /// Takes in the components of a record that is read again; attempts know its points.
    pub(super) fn seek_in(&mut self, block: Block) -> Result<()> {
        let attempts = std::mem::replace(&mut self.attempts, Attempts::Ignore);
        let batch = self.batch(block);
        self.attempts = attempts;
        batch.map(drop)
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
        if let Some(chosen) = &mut self.chosen {
            chosen.ask(&self.tags)?;
        }
        let attempts = self.number_attempts(&block);
        let keep = self.kept(&block, &attempts);
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
        if let Some(Numbered { number, from, .. }) = attempts {
            by_name.insert("attempt", Arc::new(Int32Array::from(number)));
            by_name.insert("attempt_step", Arc::new(Int64Array::from(from)));
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
            .ok_or_else(|| Error::internal("a column"))?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(Error::internal)?;
        let (batch, references) = match keep {
            Some(keep) if keep.true_count() < rows => {
                let kept = references.into_iter().zip(keep.values());
                let kept = kept.filter_map(|(reference, kept)| kept.then_some(reference));
                let batch = arrow_select::filter::filter_record_batch(&batch, &keep)
                    .map_err(Error::internal)?;
                (batch, kept.collect())
            }
            _ => (batch, references),
        };
        self.casts.check(&batch, &self.spec.layout.wanted.tensors)?;
        Ok(match &mut self.meshes {
            // Several values make a row.
            Some((assembler, _)) => assembler
                .push(&batch, &self.spec.layout.schema)
                .map_err(Error::internal)?
                .map(|batch| (batch, Vec::new())),
            None => Some((batch, references)).filter(|(b, _)| b.num_rows() > 0),
        })
    }

    /// The attempt of each row.
    fn number_attempts(&mut self, block: &Block) -> Option<Numbered> {
        if matches!(self.attempts, Attempts::Ignore) && !self.spec.later {
            return None;
        }
        let keys = &block.keys;
        let mut numbered = Numbered::with_capacity(keys.len());
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
            match &mut self.attempts {
                Attempts::Ignore => numbered.push(true, (0, None)),
                Attempts::Number(found) => {
                    // In a scan files come one after the other; they need not be told apart.
                    let file = keys.file.get(row).copied().unwrap_or(0);
                    numbered.push(true, found.point(series, file as u32, step));
                }
                Attempts::Cut(cuts) => {
                    let (kept, attempt) = cuts.point(series, step);
                    numbered.push(kept, attempt);
                }
            }
        }
        Some(numbered)
    }

    /// Which rows are kept; `None` for all.
    fn kept(&self, block: &Block, attempts: &Option<Numbered>) -> Option<BooleanArray> {
        let (keys, filter) = (&block.keys, &self.spec.filter);
        let chosen = self.chosen.as_ref();
        let is_chosen = |row: usize| chosen.is_none_or(|c| c.is_wanted(keys.tag[row]));
        let keep: Vec<bool> = match attempts {
            Some(attempts) => (0..keys.len())
                .map(|row| {
                    let timely = filter.matches_time(keys.step[row], keys.wall_time[row]);
                    attempts.kept[row] && timely && is_chosen(row)
                })
                .collect(),
            None if chosen.is_some() => (0..keys.len()).map(is_chosen).collect(),
            None => return None,
        };
        Some(BooleanArray::from(keep))
    }
}

/// The attempts of a block's rows.
struct Numbered {
    /// Whether no later attempt supersedes the row.
    kept: Vec<bool>,
    number: Vec<i32>,
    from: Vec<Option<i64>>,
}

impl Numbered {
    fn with_capacity(rows: usize) -> Self {
        Self {
            kept: Vec::with_capacity(rows),
            number: Vec::with_capacity(rows),
            from: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, kept: bool, (number, from): Attempt) {
        self.kept.push(kept);
        self.number.push(number);
        self.from.push(from);
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
    pub(super) fn found(self) -> RestartFilter {
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
