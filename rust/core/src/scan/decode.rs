//! Events to rows: of one kind, or of several.

pub use super::block::{Block, Blocks, RowOrRestart, Start};

use super::block::RecordSpan;
use super::plugin::Attribution;
use super::projection::Projection;
use super::record::{Events, Trouble};
use super::resolve::{Gate, Resolved, for_each_value};
use super::sink::{Many, One, Place, Sink};
use super::tags::{LocalTag, RunMetadata, Tags};
use super::walk::SHORT_SEARCH;
use crate::event::Irregular;
use crate::event::check::Proof;
use crate::event::dtype::DType;
use crate::event::kind::{Kind, Plugin};
use crate::event::peek::{Peek, PeekValue};
use crate::event::view::{Content, Event, Metadata, PlainScalar, Value, What, tagged_run_metadata};
use crate::event::wire::{Field, Fields};
use crate::filter::Filter;
use crate::table::schema::{Layout, PLUGIN_CONTENT};
use crate::table::{Entry, Memory, Rows};
use std::sync::Arc;

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

/// Collects rows.
pub struct Decoder<'s, S> {
    filter: &'s Filter,
    /// See [`Spec::later`].
    later: bool,
    tags: Tags<'s>,
    sink: S,
    run: u32,
    file: u32,
}

impl<'s, R: Rows> Decoder<'s, One<R>> {
    /// Collects into `rows`; `assumed` is what earlier units said of the run's tags.
    pub fn new(
        spec: &'s Spec,
        rows: R,
        assumed: &'s RunMetadata,
        capacity: usize,
        memory: &mut Memory,
    ) -> Self {
        let content = spec.layout.wanted.has(PLUGIN_CONTENT);
        let sink = One::new(spec.kind, &spec.layout, rows, capacity, memory);
        Self::into(sink, &spec.filter, spec.later, content, assumed)
    }
}

impl<'s> Decoder<'s, Many<'s>> {
    /// Collects the kinds of `projection`, as [`new`](Decoder::new) collects each.
    pub fn of_kinds(
        projection: &'s Projection,
        filter: &'s Filter,
        later: bool,
        assumed: &'s RunMetadata,
        memory: &mut Memory,
    ) -> Self {
        let sink = Many::new(projection, memory);
        Self::into(sink, filter, later, projection.wants_content(), assumed)
    }
}

impl<'s, S: Sink> Decoder<'s, S> {
    fn into(
        sink: S,
        filter: &'s Filter,
        later: bool,
        content: bool,
        assumed: &'s RunMetadata,
    ) -> Self {
        Self {
            filter,
            later,
            tags: Tags::new(&filter.tags, filter.plugin.as_deref(), assumed).keep_metadata(content),
            sink,
            run: 0,
            file: 0,
        }
    }

    #[inline(always)]
    fn is_timely(&self, step: i64, wall_time: f64) -> bool {
        self.later || self.filter.matches_time(step, wall_time)
    }

    #[inline(always)]
    fn summary(
        &mut self,
        record: RecordSpan,
        payload: &[u8],
        event: &Event<'_>,
        summary: &[u8],
    ) -> Result<(), Trouble> {
        let plain = self.sink.takes_plain_scalars() && event.bare;
        if plain
            && let Some(plain) = PlainScalar::parse(summary)
            && self.plain_scalar(record, event, plain)
        {
            return Ok(());
        }
        let plain = plain && self.tags.all_plain(summary);
        let mut gate = Gate::new(payload, summary).opened_if(plain);
        for_each_value(summary, |number, message| {
            if plain
                && let Some(scalar) = PlainScalar::of(message)
                && self.plain_scalar(record, event, scalar)
            {
                return Ok(());
            }
            self.value(record, event, number, message, &mut gate)
        })
    }

    /// The fast path of the commonest event there is; false sends it through the usual one.
    #[inline(always)]
    fn plain_scalar(
        &mut self,
        record: RecordSpan,
        event: &Event<'_>,
        plain: PlainScalar<'_>,
    ) -> bool {
        if self.filter.plugin.is_some() {
            return false;
        }
        let Some(tag) = self.tags.scalar(&plain) else {
            return false;
        };
        if self.tags.is_wanted(tag) && self.is_timely(event.step, event.wall_time) {
            let place = place(tag, event, record, 0);
            self.sink.push_plain(place, f64::from(plain.value));
        }
        true
    }

    #[inline(always)]
    fn value(
        &mut self,
        record: RecordSpan,
        event: &Event<'_>,
        number: u32,
        message: &[u8],
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let meshes = self.sink.takes(Kind::Meshes);
        let Some(resolved) = self.tags.resolve(message, gate, meshes)? else {
            return Ok(());
        };
        if !self.is_timely(event.step, event.wall_time)
            || !self.tags.is_selected(resolved.attribution)
        {
            return Ok(());
        }
        let place = place(resolved.tag, event, record, number);
        let of_kind = match resolved.kind {
            Some(kind) if self.sink.takes(kind) => self.rows(kind, &resolved, place, gate),
            _ => Ok(()),
        };
        if self.filter.plugin.is_some() && self.sink.takes(Kind::Tensors) {
            return of_kind.and(self.any_tensor(&resolved, place, gate));
        }
        of_kind
    }

    /// Asked for by plugin, any tensor may be read as a plain tensor.
    #[cold]
    fn any_tensor(
        &mut self,
        resolved: &Resolved<'_>,
        place: Place,
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let is_tensor = matches!(resolved.value.content, Content::Tensor(_));
        if !is_tensor || resolved.kind == Some(Kind::Tensors) {
            return Ok(());
        }
        self.rows(Kind::Tensors, resolved, place, gate)
    }

    /// The rows of a value, read as `kind`.
    #[inline(always)]
    fn rows(
        &mut self,
        kind: Kind,
        resolved: &Resolved<'_>,
        mut place: Place,
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let proof = gate.pass()?;
        let metadata = if self.sink.completes(kind) {
            self.tags.first_metadata(resolved.tag, &resolved.value)
        } else {
            None
        };
        let entry = resolved.entry(proof, metadata.as_deref());
        if kind == Kind::Meshes {
            place.tag = self.tags.of_mesh(&entry.value)?;
        }
        if self.tags.is_wanted(place.tag) {
            self.sink.push(kind, place, &entry)?;
        }
        Ok(())
    }

    fn graph(
        &mut self,
        record: RecordSpan,
        event: &Event<'_>,
        payload: &[u8],
    ) -> Result<(), Trouble> {
        let (tag, graph, data) = match event.what {
            What::GraphDef(data) => (&b"__run_graph__"[..], "graph_def", data),
            What::MetaGraphDef(data) => (&b"__meta_graph__"[..], "meta_graph", data),
            What::TaggedRunMetadata(message) => {
                let (tag, data) = tagged_run_metadata(message).ok_or(Irregular)?;
                (tag, "run_metadata", data)
            }
            _ => return Ok(()),
        };
        let proof = Proof::of(payload)?;
        let tag = self.tags.id(tag).ok_or(Irregular)?;
        let wanted = self.tags.is_wanted(tag) && self.tags.is_selected(Attribution::GRAPHS);
        if wanted && self.is_timely(event.step, event.wall_time) {
            let entry = proof.covers(Entry {
                value: Value::default(),
                plugin: Plugin::Other,
                is_described: true,
                graph: Some((graph, data)),
            });
            let place = place(tag, event, record, 0);
            self.sink.push(Kind::Graphs, place, &entry)?;
        }
        Ok(())
    }
}

#[inline(always)]
fn place(tag: LocalTag, event: &Event<'_>, record: RecordSpan, value: u32) -> Place {
    Place {
        tag,
        step: event.step,
        wall_time: event.wall_time,
        record,
        value,
    }
}

impl<S: Sink> Events for Decoder<'_, S> {
    type Output = S::Output;

    fn enter(&mut self, run: u32, file: u32, begins: bool) {
        self.run = run;
        self.file = file;
        self.tags.enter_run(run, begins);
    }

    #[inline(always)]
    fn event(&mut self, record: RecordSpan, payload: &[u8]) -> Result<(), Trouble> {
        let event = Event::parse(payload).ok_or(Irregular)?;
        match event.what {
            What::Summary(summary) => self.summary(record, payload, &event, summary),
            What::SessionLog(message) => {
                Proof::of(payload)?;
                if is_start(message).ok_or(Irregular)? {
                    self.sink.start(self.run, event.step);
                }
                Ok(())
            }
            _ if self.sink.takes(Kind::Graphs) => self.graph(record, &event, payload),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn skips(&mut self, head: &[u8], length: u64) -> bool {
        let Some(peek) = Peek::at(head, length) else {
            return false;
        };
        let Some(value) = peek.value else {
            return !self.sink.takes(Kind::Graphs);
        };
        let Some(id) = self.tags.id(value.tag) else {
            return false;
        };
        if !self.sink.takes(Kind::Meshes) && !self.tags.is_wanted(id) {
            return true;
        }
        // Nothing is learned from a payload that has not been verified.
        let own = value.metadata.and_then(Metadata::parse);
        let plugin = match own.filter(|own| !own.plugin.is_empty()) {
            Some(own) => Some(Plugin::of(own.plugin)),
            None => self.tags.known(id).map(|attribution| attribution.plugin),
        };
        // Metadata that is not known yet must be learned, whenever its event happened.
        if !self.is_timely(peek.step, peek.wall_time) && self.tags.known(id).is_some() {
            return true;
        }
        let by_plugin = self.filter.plugin.is_some();
        let mut kinds = self.sink.kinds().iter();
        let is_other = |kind: &Kind| is_of_another_kind(*kind, &value, plugin, by_plugin);
        kinds.all(is_other)
    }

    fn search(&self) -> u64 {
        match self.sink.kinds() {
            [Kind::Scalars] => SHORT_SEARCH,
            _ => u64::MAX,
        }
    }

    fn leave(&mut self) {
        self.sink.fill_run(self.run, self.file);
    }

    fn finish(self, memory: &mut Memory) -> S::Output {
        self.sink.finish(Arc::new(self.tags.finish()), memory)
    }
}

/// Whether a large value is certain not to be of `kind`, told from its head. `plugin` is whose data
/// it is, if that is known.
fn is_of_another_kind(
    kind: Kind,
    value: &PeekValue<'_>,
    plugin: Option<Plugin>,
    by_plugin: bool,
) -> bool {
    match value.content {
        8 => match value.dtype {
            _ if by_plugin => false,
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
