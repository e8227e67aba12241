//! Events to the rows of one kind.

use super::plugin::Owner;
use super::record::{Events, Trouble};
use super::resolve::{Gate, Resolved, for_each_value};
use super::tags::{Context, Lesson, Tags};
use super::walk::SHORT_SEARCH;
use crate::event::check::Proof;
use crate::event::dtype::DType;
use crate::event::kind::{Kind, Plugin};
use crate::event::peek::Peek;
use crate::event::view::{Content, Event, Metadata, PlainScalar, Value, What, tagged_run_metadata};
use crate::event::wire::{Field, Fields};
use crate::filter::Filter;
use crate::table::keys::KeyColumns;
use crate::table::schema::{Layout, PLUGIN_CONTENT};
use crate::table::{Entry, Keys, Memory, Rows};
use arrow_array::ArrayRef;

/// What rows a scan wants.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Of this kind.
    pub kind: Kind,
    /// That meet these conditions.
    pub filter: Filter,
    /// In these columns.
    pub layout: Layout,
    /// The conditions on time are applied later, because restarts must see every row.
    pub later: bool,
}

/// Rows of a unit of work, tags numbered within it.
pub struct Block {
    /// The key columns.
    pub keys: KeyColumns,
    /// The kind's own columns.
    pub columns: Vec<ArrayRef>,
    /// The tags that have rows, in the order of their first.
    pub used: Vec<u32>,
    /// Where sessions started.
    pub starts: Vec<Start>,
    /// What is known of the tags.
    pub lesson: Lesson,
}

/// A `SessionLog` with status `START`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// It stands before this row of the block.
    pub row: usize,
    /// Its run.
    pub run: u32,
    /// Points of the run from this step on are superseded.
    pub step: i64,
}

/// What comes next in a block.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// A session starts.
    Start(Start),
    /// The row of this number.
    Row(usize),
}

impl Block {
    /// Rows and starts of sessions, in the order they were stored.
    pub fn moments(&self) -> impl Iterator<Item = Moment> {
        let mut starts = self.starts.iter().copied().peekable();
        let mut rows = (0..self.keys.len()).peekable();
        std::iter::from_fn(move || {
            let row = rows.peek().copied().unwrap_or(usize::MAX);
            starts
                .next_if(|start| start.row <= row)
                .map(Moment::Start)
                .or_else(|| rows.next().map(Moment::Row))
        })
    }
}

/// Collects the rows of one kind.
pub struct Decoder<'s, R> {
    spec: &'s Spec,
    tags: Tags<'s>,
    keys: Keys,
    rows: R,
    /// Rows need a value's metadata, be it from an earlier one.
    completes: bool,
    starts: Vec<Start>,
    run: u32,
    file: u32,
}

impl<'s, R: Rows> Decoder<'s, R> {
    /// Collects into `rows`; `seed` is what earlier units said of the run's tags.
    pub fn new(
        spec: &'s Spec,
        rows: R,
        seed: Option<&'s Context>,
        capacity: usize,
        memory: &mut Memory,
    ) -> Self {
        let wanted = &spec.layout.wanted;
        let provenance = wanted.has("file") || wanted.has("offset");
        let content = wanted.has(PLUGIN_CONTENT);
        Self {
            spec,
            tags: Tags::new(&spec.filter.tags, spec.filter.plugin.as_deref(), seed)
                .keep_metadata(content),
            completes: spec.kind == Kind::Meshes || content,
            keys: Keys::new(provenance, capacity, memory),
            rows,
            starts: Vec::new(),
            run: 0,
            file: 0,
        }
    }

    #[inline(always)]
    fn is_timely(&self, step: i64, wall_time: f64) -> bool {
        self.spec.later || self.spec.filter.matches_time(step, wall_time)
    }

    #[inline(always)]
    fn summary(
        &mut self,
        offset: u64,
        payload: &[u8],
        event: &Event<'_>,
        summary: &[u8],
    ) -> Result<(), Trouble> {
        if self.rows.takes_plain_scalars()
            && event.bare
            && let Some(plain) = PlainScalar::parse(summary)
            && self.plain_scalar(offset, event, plain)
        {
            return Ok(());
        }
        let plain = self.rows.takes_plain_scalars() && event.bare && self.tags.all_plain(summary);
        let mut gate = Gate::new(payload, summary).opened_if(plain);
        for_each_value(summary, |message| {
            if plain
                && let Some(scalar) = PlainScalar::of(message)
                && self.plain_scalar(offset, event, scalar)
            {
                return Ok(());
            }
            self.value(offset, event, message, &mut gate)
        })
    }

    /// The fast path of the commonest event there is; false sends it through the usual one.
    #[inline(always)]
    fn plain_scalar(&mut self, offset: u64, event: &Event<'_>, plain: PlainScalar<'_>) -> bool {
        if self.spec.filter.plugin.is_some() {
            return false;
        }
        let Some(id) = self.tags.scalar(&plain) else {
            return false;
        };
        if self.tags.is_wanted(id) && self.is_timely(event.step, event.wall_time) {
            self.rows.push_plain(f64::from(plain.value));
            self.keys.push_one(id, event.step, event.wall_time, offset);
        }
        true
    }

    #[inline(always)]
    fn value(
        &mut self,
        offset: u64,
        event: &Event<'_>,
        message: &[u8],
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let renames = self.spec.kind == Kind::Meshes;
        let Some(resolved) = self.tags.resolve(message, gate, renames)? else {
            return Ok(());
        };
        if !self.is_timely(event.step, event.wall_time) || !self.takes(&resolved) {
            return Ok(());
        }
        let proof = gate.pass()?;
        let metadata = if self.completes {
            self.tags.first_metadata(resolved.tag, &resolved.value)
        } else {
            None
        };
        let entry = resolved.entry(proof, metadata.as_deref());
        let mut tag = resolved.tag;
        if renames {
            tag = self.tags.of_mesh(&entry.value)?;
            if !self.tags.is_wanted(tag) {
                return Ok(());
            }
        }
        let rows = self.rows.push(&entry)?;
        self.keys
            .push(tag, event.step, event.wall_time, offset, rows);
        Ok(())
    }

    /// Whether the value is of the kind and plugin asked for.
    #[inline(always)]
    fn takes(&self, resolved: &Resolved<'_>) -> bool {
        // Asked for by plugin, any tensor may be read as a plain tensor.
        let as_tensor = self.spec.kind == Kind::Tensors
            && self.spec.filter.plugin.is_some()
            && matches!(resolved.value.content, Content::Tensor(_));
        self.tags.is_selected(resolved.owner)
            && (resolved.kind == Some(self.spec.kind) || as_tensor)
    }

    fn graph(&mut self, offset: u64, event: &Event<'_>, payload: &[u8]) -> Result<(), Trouble> {
        let (tag, graph, data) = match event.what {
            What::GraphDef(data) => (&b"__run_graph__"[..], "graph_def", data),
            What::MetaGraphDef(data) => (&b"__meta_graph__"[..], "meta_graph", data),
            What::TaggedRunMetadata(message) => {
                let (tag, data) = tagged_run_metadata(message).ok_or(Trouble::Irregular)?;
                (tag, "run_metadata", data)
            }
            _ => return Ok(()),
        };
        let proof = Proof::of(payload)?;
        let id = self.tags.id(tag).ok_or(Trouble::Irregular)?;
        let wanted = self.tags.is_wanted(id) && self.tags.is_selected(Owner::GRAPHS);
        if !wanted || !self.is_timely(event.step, event.wall_time) {
            return Ok(());
        }
        let entry = proof.covers(Entry {
            value: Value::default(),
            plugin: Plugin::Other,
            graph: Some((graph, data)),
        });
        let rows = self.rows.push(&entry)?;
        self.keys
            .push(id, event.step, event.wall_time, offset, rows);
        Ok(())
    }
}

impl<R: Rows> Events for Decoder<'_, R> {
    type Output = Block;

    fn enter(&mut self, run: u32, file: u32, begins: bool) {
        self.run = run;
        self.file = file;
        self.tags.enter_run(run, begins);
    }

    #[inline(always)]
    fn event(&mut self, offset: u64, _: u64, payload: &[u8]) -> Result<(), Trouble> {
        let event = Event::parse(payload).ok_or(Trouble::Irregular)?;
        match event.what {
            What::Summary(summary) => self.summary(offset, payload, &event, summary),
            What::SessionLog(message) => {
                Proof::of(payload)?;
                if is_start(message).ok_or(Trouble::Irregular)? {
                    let start = Start {
                        row: self.keys.len(),
                        run: self.run,
                        step: event.step,
                    };
                    self.starts.push(start);
                }
                Ok(())
            }
            _ if self.spec.kind == Kind::Graphs => self.graph(offset, &event, payload),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn skips(&mut self, head: &[u8], length: u64) -> bool {
        let Some(peek) = Peek::at(head, length) else {
            return false;
        };
        let kind = self.spec.kind;
        let Some(value) = peek.value else {
            return kind != Kind::Graphs;
        };
        let Some(id) = self.tags.id(value.tag) else {
            return false;
        };
        if kind != Kind::Meshes && !self.tags.is_wanted(id) {
            return true;
        }
        // Nothing is learned from a payload that has not been verified.
        let own = value.metadata.and_then(Metadata::parse);
        let plugin = match own.filter(|own| !own.plugin.is_empty()) {
            Some(own) => Some(Plugin::of(own.plugin)),
            None => self.tags.known(id).map(|owner| owner.plugin),
        };
        // Metadata that is not known yet must be learned, whenever its event happened.
        if !self.is_timely(peek.step, peek.wall_time) && self.tags.known(id).is_some() {
            return true;
        }
        match value.content {
            8 => match value.dtype {
                _ if self.spec.filter.plugin.is_some() => false,
                Some(DType::STRING) => {
                    let listed = plugin.is_some_and(|p| p == Plugin::Images || p == Plugin::Audio);
                    numeric(kind)
                        || (listed && !matches!(kind, Kind::Images | Kind::Audio | Kind::Tensors))
                }
                Some(_) => matches!(
                    kind,
                    Kind::Images | Kind::Audio | Kind::Text | Kind::Layouts | Kind::Graphs
                ),
                None => false,
            },
            4 => kind != Kind::Images,
            5 => kind != Kind::Histograms,
            6 => kind != Kind::Audio,
            _ => false,
        }
    }

    fn search(&self) -> u64 {
        match self.spec.kind {
            Kind::Scalars => SHORT_SEARCH,
            _ => u64::MAX,
        }
    }

    fn leave(&mut self) {
        self.keys.fill_run(self.run, self.file);
    }

    fn finish(mut self, memory: &mut Memory) -> Block {
        let lesson = self.tags.finish();
        let mut used = Vec::new();
        let mut met = vec![false; lesson.tags.len()];
        for &tag in &self.keys.tag {
            if !std::mem::replace(&mut met[tag as usize], true) {
                used.push(tag as u32);
            }
        }
        Block {
            used,
            keys: self.keys.finish(memory),
            columns: self.rows.finish(memory),
            starts: self.starts,
            lesson,
        }
    }
}

/// Kinds that no string tensor can be.
fn numeric(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Scalars | Kind::Histograms | Kind::PrCurves | Kind::Meshes
    )
}

/// Whether a `SessionLog` says `START`.
pub fn is_start(message: &[u8]) -> Option<bool> {
    let mut status = 0;
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        if let (1, Field::Varint(v)) = fields.next()? {
            status = v as i32;
        }
    }
    Some(status == 1)
}
