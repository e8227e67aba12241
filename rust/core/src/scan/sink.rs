//! Where a decoder's rows go: to the columns of one kind, or of several.

use super::block::{Block, Blocks, RecordSpan, Start, Stored};
use super::projection::{Projection, completes};
use super::tags::{LocalTag, UnitMetadata};
use crate::event::check::Checked;
use crate::event::kind::Kind;
use crate::event::tensor::Fault;
use crate::table::schema::Layout;
use crate::table::{Entry, Keys, Memory, Rows, Scalars, rows_for};
use std::sync::Arc;

/// The keys of a value, and where it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Number of the tag.
    pub tag: LocalTag,
    /// As stored.
    pub step: i64,
    /// As stored.
    pub wall_time: f64,
    /// The record.
    pub record: RecordSpan,
    /// Number of the value in its event.
    pub value: u32,
}

/// Takes rows in.
pub trait Sink {
    /// The rows of a unit.
    type Output: Send;

    /// The kinds it takes.
    fn kinds(&self) -> &[Kind];

    /// Whether it takes rows of `kind`.
    fn takes(&self, kind: Kind) -> bool;

    /// Whether the rows of `kind` need the metadata that describes a value, be it an earlier one's.
    fn completes(&self, kind: Kind) -> bool;

    /// Whether [`push_plain`](Self::push_plain) may be called.
    fn takes_plain_scalars(&self) -> bool;

    /// Appends a scalar.
    fn push_plain(&mut self, place: Place, value: f64);

    /// Appends the rows of a value. On error nothing was appended.
    fn push(&mut self, kind: Kind, place: Place, entry: &Checked<Entry<'_>>) -> Result<(), Fault>;

    /// A session of `run` starts at `step`.
    fn start(&mut self, run: u32, step: i64);

    /// All rows since the last call are of this run and file.
    fn fill_run(&mut self, run: u32, file: u32);

    /// The end of the unit.
    fn finish(self, metadata: Arc<UnitMetadata>, memory: &mut Memory) -> Self::Output;
}

/// The rows of one kind.
pub struct One<R> {
    kind: [Kind; 1],
    completes: bool,
    keys: Keys,
    rows: R,
    starts: Vec<Start>,
    /// Where each row's value is stored, if it is asked for.
    stored: Option<Vec<Stored>>,
}

impl<R: Rows> One<R> {
    /// No rows yet; those of `kind` go to `rows`.
    pub fn new(kind: Kind, layout: &Layout, rows: R, capacity: usize, memory: &mut Memory) -> Self {
        let wanted = &layout.wanted;
        let provenance = wanted.has("file") || wanted.has("offset") || wanted.has_attempts();
        Self {
            kind: [kind],
            completes: completes(kind, layout),
            keys: Keys::new(provenance, capacity, memory),
            rows,
            starts: Vec::new(),
            stored: None,
        }
    }

    /// With where the value of each row is stored.
    fn with_references(mut self) -> Self {
        self.keys.keep_provenance();
        self.stored = Some(Vec::new());
        self
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.starts.is_empty()
    }
}

impl<R: Rows> Sink for One<R> {
    type Output = Block;

    #[inline(always)]
    fn kinds(&self) -> &[Kind] {
        &self.kind
    }

    #[inline(always)]
    fn takes(&self, kind: Kind) -> bool {
        self.kind[0] == kind
    }

    #[inline(always)]
    fn completes(&self, _: Kind) -> bool {
        self.completes
    }

    #[inline(always)]
    fn takes_plain_scalars(&self) -> bool {
        self.rows.takes_plain_scalars()
    }

    #[inline(always)]
    fn push_plain(&mut self, place: Place, value: f64) {
        self.rows.push_plain(value);
        self.keys.push_one(
            place.tag.0,
            place.step,
            place.wall_time,
            place.record.offset,
        );
    }

    #[inline(always)]
    fn push(&mut self, _: Kind, place: Place, entry: &Checked<Entry<'_>>) -> Result<(), Fault> {
        let rows = self.rows.push(entry)?;
        let Place { tag, step, .. } = place;
        self.keys
            .push(tag.0, step, place.wall_time, place.record.offset, rows);
        if let Some(stored) = &mut self.stored {
            let (record, value) = (place.record, place.value);
            stored.resize(self.keys.len(), Stored { record, value });
        }
        Ok(())
    }

    fn start(&mut self, run: u32, step: i64) {
        let row = self.keys.len();
        self.starts.push(Start { row, run, step });
    }

    fn fill_run(&mut self, run: u32, file: u32) {
        self.keys.fill_run(run, file);
    }

    fn finish(mut self, metadata: Arc<UnitMetadata>, memory: &mut Memory) -> Block {
        let mut used = Vec::new();
        let mut met = vec![false; metadata.tags.len()];
        for &tag in &self.keys.tag {
            if !std::mem::replace(&mut met[tag as usize], true) {
                used.push(tag as u32);
            }
        }
        Block {
            used,
            keys: self.keys.finish(memory),
            columns: self.rows.finish(memory),
            stored: self.stored.unwrap_or_default(),
            starts: self.starts,
            metadata,
        }
    }
}

/// The rows of several kinds, each made when it is first met.
pub struct Many<'p> {
    projection: &'p Projection,
    takes_scalars: bool,
    scalars: Option<One<Scalars>>,
    others: [Option<One<Box<dyn Rows>>>; Kind::ALL.len()],
    /// Run and step of the sessions so far, for kinds that are met later.
    sessions: Vec<(u32, i64)>,
    /// The worker's, as long as this takes rows in.
    memory: Memory,
}

impl<'p> Many<'p> {
    /// No rows yet.
    pub fn new(projection: &'p Projection, memory: &mut Memory) -> Self {
        Self {
            projection,
            takes_scalars: projection.kinds().contains(&Kind::Scalars),
            scalars: None,
            others: Kind::ALL.map(|_| None),
            sessions: Vec::new(),
            memory: std::mem::take(memory),
        }
    }

    /// The rows of scalars; `None` if they are not asked for.
    #[inline(always)]
    fn scalars(&mut self) -> Option<&mut One<Scalars>> {
        if self.scalars.is_none() {
            self.begin_scalars();
        }
        self.scalars.as_mut()
    }

    // Not before the first: the vectors they take are those that other kinds have grown.
    #[cold]
    fn begin_scalars(&mut self) {
        if let Some(layout) = self.projection.layout(Kind::Scalars) {
            let rows = Scalars::new(0, &mut self.memory);
            self.scalars = Some(self.one(Kind::Scalars, layout, rows));
        }
    }

    fn one<R: Rows>(&mut self, kind: Kind, layout: &Layout, rows: R) -> One<R> {
        let mut one = One::new(kind, layout, rows, 0, &mut self.memory);
        if self.projection.has_references() {
            one = one.with_references();
        }
        for &(run, step) in &self.sessions {
            one.start(run, step);
        }
        one
    }

    /// The rows of a kind that is not scalars; `None` if it is not asked for.
    fn other(&mut self, kind: Kind) -> Option<&mut One<Box<dyn Rows>>> {
        if self.others[kind as usize].is_none() {
            let layout = self.projection.layout(kind)?;
            let rows = rows_for(kind, &layout.wanted, &mut self.memory);
            self.others[kind as usize] = Some(self.one(kind, layout, rows));
        }
        self.others[kind as usize].as_mut()
    }
}

impl Sink for Many<'_> {
    type Output = Blocks;

    fn kinds(&self) -> &[Kind] {
        self.projection.kinds()
    }

    #[inline]
    fn takes(&self, kind: Kind) -> bool {
        match kind {
            Kind::Scalars => self.takes_scalars,
            _ => self.projection.kinds().contains(&kind),
        }
    }

    #[inline]
    fn completes(&self, kind: Kind) -> bool {
        let layout = self.projection.layout(kind);
        layout.is_some_and(|layout| completes(kind, layout))
    }

    #[inline(always)]
    fn takes_plain_scalars(&self) -> bool {
        self.takes_scalars && !self.projection.has_references()
    }

    #[inline(always)]
    fn push_plain(&mut self, place: Place, value: f64) {
        if let Some(scalars) = self.scalars() {
            scalars.push_plain(place, value);
        }
    }

    #[inline]
    fn push(&mut self, kind: Kind, place: Place, entry: &Checked<Entry<'_>>) -> Result<(), Fault> {
        if kind == Kind::Scalars {
            let scalars = self.scalars();
            return scalars.map_or(Ok(()), |scalars| scalars.push(kind, place, entry));
        }
        let other = self.other(kind);
        other.map_or(Ok(()), |other| other.push(kind, place, entry))
    }

    fn start(&mut self, run: u32, step: i64) {
        self.sessions.push((run, step));
        if let Some(scalars) = &mut self.scalars {
            scalars.start(run, step);
        }
        for other in self.others.iter_mut().flatten() {
            other.start(run, step);
        }
    }

    fn fill_run(&mut self, run: u32, file: u32) {
        if let Some(scalars) = &mut self.scalars {
            scalars.fill_run(run, file);
        }
        for other in self.others.iter_mut().flatten() {
            other.fill_run(run, file);
        }
    }

    fn finish(mut self, metadata: Arc<UnitMetadata>, memory: &mut Memory) -> Blocks {
        let mut blocks = Vec::new();
        for &kind in self.projection.kinds() {
            if !self.sessions.is_empty() {
                // Series restart although they have no row here.
                match kind {
                    Kind::Scalars => drop(self.scalars()),
                    _ => drop(self.other(kind)),
                }
            }
            let of_tags = Arc::clone(&metadata);
            let memory = &mut self.memory;
            let block = match kind {
                Kind::Scalars => finished(self.scalars.take(), of_tags, memory),
                _ => finished(self.others[kind as usize].take(), of_tags, memory),
            };
            blocks.extend(block.map(|block| (kind, block)));
        }
        *memory = self.memory;
        Blocks { blocks, metadata }
    }
}

fn finished<R: Rows>(
    one: Option<One<R>>,
    metadata: Arc<UnitMetadata>,
    memory: &mut Memory,
) -> Option<Block> {
    let one = one?;
    let is_empty = one.is_empty();
    let block = one.finish(metadata, memory); // which gives its vectors back
    (!is_empty).then_some(block)
}
