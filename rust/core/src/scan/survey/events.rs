//! `events`: the log as it is, one row a value, one row for an event without values.

use super::detail;
use crate::error::Result;
use crate::event::Irregular;
use crate::event::check::Proof;
use crate::event::kind::Kind;
use crate::event::view::{Event, What, tagged_run_metadata};
use crate::filter::{Filter, Names};
use crate::scan::block::RecordSpan;
use crate::scan::plugin::Attribution;
use crate::scan::record::{Events, Trouble};
use crate::scan::resolve::{Gate, Resolved, for_each_value};
use crate::scan::tags::{Tags, UnitMetadata};
use crate::scan::{Access, Decoded, Output, Scratch, Task, WorkUnit, decode};
use crate::table::{Judge, Memory};
use std::sync::Arc;

/// Lists events.
pub struct EventsTask {
    /// How files are read.
    pub access: Access,
    /// Which.
    pub filter: Filter,
    /// Fill [`EventRows::detail`].
    pub details: bool,
}

/// The rows of a unit, columns side by side.
#[derive(Debug, Default)]
pub struct EventRows {
    /// Number of the run.
    pub run: Vec<i32>,
    /// Number of the file.
    pub file: Vec<i32>,
    /// Where the record begins.
    pub offset: Vec<i64>,
    /// Bytes of the payload.
    pub length: Vec<i64>,
    /// As stored.
    pub step: Vec<i64>,
    /// As stored.
    pub wall_time: Vec<f64>,
    /// Number in [`WHATS`].
    pub what: Vec<Option<i32>>,
    /// The value's tag.
    pub tag: Vec<Option<String>>,
    /// The value's kind.
    pub kind: Vec<Option<Kind>>,
    /// The plugin whose data it is.
    pub plugin: Vec<Option<String>>,
    /// What it says that is no value, if asked for.
    pub detail: Vec<Option<String>>,
    /// What is known of the tags.
    pub metadata: Arc<UnitMetadata>,
}

/// The fields of `Event.what`.
pub const WHATS: [&str; 7] = [
    "file_version",
    "graph_def",
    "summary",
    "log_message",
    "session_log",
    "tagged_run_metadata",
    "meta_graph_def",
];

impl Output for EventRows {
    fn size(&self) -> usize {
        self.run.len() * 120
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(&self.metadata)
    }
}

impl Task for EventsTask {
    type Output = EventRows;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<EventRows>> {
        decode(self.access, work, scratch, |_| Lister {
            filter: &self.filter,
            details: self.details,
            tags: Tags::new(
                &self.filter.tags,
                self.filter.plugin.as_deref(),
                work.metadata,
            ),
            judge: Judge::default(),
            rows: EventRows::default(),
            run: 0,
            file: 0,
        })
    }
}

struct Lister<'f> {
    filter: &'f Filter,
    details: bool,
    tags: Tags<'f>,
    judge: Judge,
    rows: EventRows,
    run: u32,
    file: u32,
}

/// Record, step, wall time.
type Place = (RecordSpan, i64, f64);

impl Lister<'_> {
    fn row(
        &mut self,
        place: Place,
        what: &What<'_>,
        tag: Option<&str>,
        kind: Option<Kind>,
        attribution: Attribution,
    ) {
        let (record, step, wall_time) = place;
        let rows = &mut self.rows;
        rows.run.push(self.run as i32);
        rows.file.push(self.file as i32);
        rows.offset.push(record.offset as i64);
        rows.length.push(record.length as i64);
        rows.step.push(step);
        rows.wall_time.push(wall_time);
        let what = what
            .name()
            .and_then(|name| WHATS.iter().position(|w| *w == name));
        rows.what.push(what.map(|w| w as i32));
        rows.tag.push(tag.map(str::to_owned));
        rows.kind.push(kind);
        rows.plugin
            .push(self.tags.plugin_name(attribution).map(str::to_owned));
        if self.details {
            rows.detail.push(None);
        }
    }

    /// Gives the last row its detail.
    fn note(&mut self, detail: Option<String>) {
        if let Some(last) = self.rows.detail.last_mut() {
            *last = detail;
        }
    }

    /// The detail of an event that is one row.
    fn detail(&self, what: &What<'_>) -> Result<Option<String>, Trouble> {
        match self.details {
            true => detail::of_event(what).ok_or(Trouble::Irregular),
            false => Ok(None),
        }
    }

    /// The row of a value. One that cannot be read as what it is has no kind.
    fn value(
        &mut self,
        place: Place,
        what: &What<'_>,
        message: &[u8],
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let Some(resolved) = self.tags.resolve(message, gate, false)? else {
            return Ok(());
        };
        let Resolved {
            tag, attribution, ..
        } = resolved;
        let (_, step, wall_time) = place;
        if !self.tags.is_selected(attribution) || !self.filter.matches_time(step, wall_time) {
            return Ok(());
        }
        let judged = self.tags.judge(&mut self.judge, &resolved, gate.pass()?);
        let kind = resolved.kind.filter(|_| judged.is_ok());
        let tag = self.tags.name(tag).to_owned();
        self.row(place, what, Some(&tag), kind, attribution);
        if self.details && kind == Some(Kind::Graphs) {
            self.note(Some(detail::of_graph(attribution.plugin).to_owned()));
        }
        Ok(judged?)
    }
}

impl Events for Lister<'_> {
    type Output = EventRows;

    fn enter(&mut self, run: u32, file: u32, begins: bool) {
        (self.run, self.file) = (run, file);
        self.tags.enter_run(run, begins);
    }

    fn event(&mut self, record: RecordSpan, payload: &[u8]) -> Result<(), Trouble> {
        let event = Event::parse(payload).ok_or(Irregular)?;
        let place = (record, event.step, event.wall_time);
        let timely = self.filter.matches_time(event.step, event.wall_time);
        if let What::Summary(summary) = event.what
            && !summary.is_empty()
        {
            let mut gate = Gate::new(payload, summary);
            gate.pass()?;
            return for_each_value(summary, |_, message| {
                self.value(place, &event.what, message, &mut gate)
            });
        }
        Proof::of(payload)?;
        match event.what {
            What::TaggedRunMetadata(message) => {
                let (tag, _) = tagged_run_metadata(message).ok_or(Trouble::Irregular)?;
                let tag = tag.to_vec(); // bytes of a map may change while they are looked at
                let tag = String::from_utf8_lossy(&tag);
                let attribution = Attribution::GRAPHS;
                if timely && self.filter.tags.matches(&tag) && self.tags.is_selected(attribution) {
                    let detail = self.detail(&event.what)?;
                    self.row(
                        place,
                        &event.what,
                        Some(&tag),
                        Some(Kind::Graphs),
                        attribution,
                    );
                    self.note(detail);
                }
            }
            what => {
                let (kind, attribution) = match what {
                    What::GraphDef(_) | What::MetaGraphDef(_) => {
                        (Some(Kind::Graphs), Attribution::GRAPHS)
                    }
                    _ => (None, Attribution::default()),
                };
                let any =
                    matches!(self.filter.tags, Names::All) && self.tags.is_selected(attribution);
                if timely && any {
                    let detail = self.detail(&what)?;
                    self.row(place, &what, None, kind, attribution);
                    self.note(detail);
                }
            }
        }
        Ok(())
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }

    fn finish(mut self, _: &mut Memory) -> EventRows {
        self.rows.metadata = Arc::new(self.tags.finish());
        self.rows
    }
}
