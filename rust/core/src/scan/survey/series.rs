//! The series of a log: what each holds and how many values, told from the heads of events.

use crate::error::Result;
use crate::event::Irregular;
use crate::event::check::Proof;
use crate::event::dtype::DType;
use crate::event::kind::{Kind, Plugin};
use crate::event::peek::Peek;
use crate::event::tensor::Tensor;
use crate::event::view::{Content, Event, PlainScalar, What, tagged_run_metadata};
use crate::filter::Filter;
use crate::scan::block::RecordSpan;
use crate::scan::decode::is_start;
use crate::scan::plugin::Attribution;
use crate::scan::record::{Events, Trouble};
use crate::scan::resolve::{Gate, Resolved, for_each_value};
use crate::scan::tags::{LocalTag, Tags, UnitMetadata};
use crate::scan::walk::SHORT_SEARCH;
use crate::scan::{Access, Decoded, Output, Scratch, Task, WorkUnit, decode};
use crate::table::{Judge, Memory};

/// Counts the values of each series.
pub struct SeriesTask {
    /// How files are read.
    pub access: Access,
    /// Which values count.
    pub filter: Filter,
    /// Return every value's place in time, too.
    pub points: bool,
    /// Keep all of each series' metadata.
    pub contents: bool,
}

/// One series within a unit.
#[derive(Debug, Clone)]
pub struct Stat {
    /// Number of the run.
    pub run: u32,
    /// Number of the tag within the unit; a mesh is listed by its name.
    pub tag: u32,
    /// Number of the tag whose metadata describes the series.
    pub described_by: u32,
    /// `None` for values that hold nothing.
    pub kind: Option<Kind>,
    /// The plugin of its first value.
    pub plugin: Option<Box<str>>,
    /// The elements' dtype, where the content tells.
    pub dtype: Option<&'static str>,
    /// Values.
    pub count: u64,
    /// Step and wall time of the first value.
    pub first: (i64, f64),
    /// Step and wall time of the last value.
    pub last: (i64, f64),
}

/// A value's place: number of its [`Stat`], step, wall time; or a session's start.
#[derive(Debug, Clone, Copy)]
pub enum Point {
    /// A value.
    Value(u32, i64, f64),
    /// `SessionLog.START` of a run at a step.
    Start(u32, i64),
}

/// The series of a unit.
#[derive(Default)]
pub struct SeriesPart {
    /// What is known of the tags.
    pub metadata: UnitMetadata,
    /// In the order met.
    pub stats: Vec<Stat>,
    /// Every value, if asked for.
    pub points: Vec<Point>,
}

impl Output for SeriesPart {
    fn size(&self) -> usize {
        self.stats.len() * 128 + self.points.len() * 24
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(&self.metadata)
    }
}

impl Task for SeriesTask {
    type Output = SeriesPart;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<SeriesPart>> {
        decode(self.access, work, scratch, |_| Survey {
            task: self,
            tags: Tags::new(
                &self.filter.tags,
                self.filter.plugin.as_deref(),
                work.metadata,
            )
            .keep_metadata(self.contents),
            by_tag: Vec::new(),
            part: SeriesPart::default(),
            run: 0,
            judge: Judge::default(),
            pending: Vec::new(),
        })
    }
}

struct Survey<'t> {
    task: &'t SeriesTask,
    tags: Tags<'t>,
    /// The series of each tag; nearly always one.
    by_tag: Vec<Vec<u32>>,
    part: SeriesPart,
    run: u32,
    judge: Judge,
    /// The values of the event at hand that can be read.
    pending: Vec<Pending>,
}

/// A value about to be counted.
#[derive(Debug, Clone, Copy)]
struct Pending {
    tag: LocalTag,
    described_by: LocalTag,
    kind: Option<Kind>,
    attribution: Attribution,
    dtype: Option<&'static str>,
    /// Step and wall time.
    at: (i64, f64),
}

impl Survey<'_> {
    fn count(&mut self, value: Pending) {
        let Pending { tag, kind, at, .. } = value;
        if self.by_tag.len() <= tag.0 as usize {
            self.by_tag.resize(tag.0 as usize + 1, Vec::new());
        }
        let run = self.run;
        let known = &mut self.by_tag[tag.0 as usize];
        let stats = &mut self.part.stats;
        let found = known.iter().rev().copied().find(|&i| {
            let stat = &stats[i as usize];
            stat.run == run && stat.kind == kind
        });
        let number = found.unwrap_or_else(|| {
            let number = stats.len() as u32;
            known.push(number);
            stats.push(Stat {
                run,
                tag: tag.0,
                described_by: value.described_by.0,
                kind,
                plugin: self.tags.plugin_name(value.attribution).map(Box::from),
                dtype: value.dtype,
                count: 0,
                first: at,
                last: at,
            });
            number
        });
        let stat = &mut stats[number as usize];
        stat.count += 1;
        stat.last = at;
        if self.task.points {
            self.part.points.push(Point::Value(number, at.0, at.1));
        }
    }

    fn is_timely(&self, at: (i64, f64)) -> bool {
        self.task.points || self.task.filter.matches_time(at.0, at.1)
    }

    /// Takes a value in; it counts once all of the event has been seen.
    fn value(
        &mut self,
        at: (i64, f64),
        message: &[u8],
        gate: &mut Gate<'_>,
    ) -> Result<(), Trouble> {
        let Some(resolved) = self.tags.resolve(message, gate, true)? else {
            return Ok(());
        };
        let Resolved {
            value, attribution, ..
        } = resolved;
        let mut tag = resolved.tag;
        if resolved.kind == Some(Kind::Meshes) {
            let metadata = self.tags.first_metadata(tag, &value);
            tag = self
                .tags
                .of_mesh(&value.with_metadata(metadata.as_deref()))?;
        }
        let wanted = self.tags.is_wanted(tag) && self.tags.is_selected(attribution);
        if wanted && self.is_timely(at) {
            self.tags.judge(&mut self.judge, &resolved, gate.pass()?)?;
            self.pending.push(Pending {
                tag,
                described_by: resolved.tag,
                kind: resolved.kind,
                attribution,
                dtype: dtype(&value.content),
                at,
            });
        }
        Ok(())
    }

    fn summary(
        &mut self,
        at: (i64, f64),
        summary: &[u8],
        mut gate: Gate<'_>,
    ) -> Result<(), Trouble> {
        gate.pass()?;
        self.pending.clear();
        for_each_value(summary, |_, message| self.value(at, message, &mut gate))
    }

    /// Takes an event in. Of one that is not `verified`, nothing counts unless all of it can be read.
    #[inline(never)] // so that the fast path stays small
    fn take_in(
        &mut self,
        event: &Event<'_>,
        payload: &[u8],
        verified: bool,
    ) -> Result<(), Trouble> {
        let at = (event.step, event.wall_time);
        if let What::Summary(summary) = event.what {
            let plain = event.bare && self.tags.all_plain(summary);
            let gate = Gate::new(payload, summary).opened_if(plain);
            let result = self.summary(at, summary, gate);
            if result.is_ok() || verified && matches!(result, Err(Trouble::Bad(_))) {
                self.count_pending();
            }
            return result;
        }
        Proof::of(payload)?;
        let tag = match event.what {
            What::SessionLog(message) if self.task.points => {
                if is_start(message).ok_or(Irregular)? {
                    self.part.points.push(Point::Start(self.run, event.step));
                }
                return Ok(());
            }
            What::GraphDef(_) => &b"__run_graph__"[..],
            What::MetaGraphDef(_) => &b"__meta_graph__"[..],
            What::TaggedRunMetadata(message) => {
                let (tag, _) = tagged_run_metadata(message).ok_or(Irregular)?;
                tag
            }
            _ => return Ok(()),
        };
        let tag = self.tags.id(tag).ok_or(Irregular)?;
        let attribution = Attribution::GRAPHS;
        if self.tags.is_wanted(tag) && self.is_timely(at) && self.tags.is_selected(attribution) {
            self.count(Pending {
                tag,
                described_by: tag,
                kind: Some(Kind::Graphs),
                attribution,
                dtype: None,
                at,
            });
        }
        Ok(())
    }

    fn count_pending(&mut self) {
        for i in 0..self.pending.len() {
            self.count(self.pending[i]);
        }
    }

    /// The fast path of the commonest event there is; false sends it through the usual one.
    #[inline(always)]
    fn plain_scalar(&mut self, event: &Event<'_>) -> bool {
        if let What::Summary(summary) = event.what
            && event.bare
            && self.task.filter.plugin.is_none()
            && let Some(plain) = PlainScalar::parse(summary)
            && let Some(tag) = self.tags.scalar(&plain)
        {
            let at = (event.step, event.wall_time);
            if self.tags.is_wanted(tag) && self.is_timely(at) {
                self.count(Pending {
                    tag,
                    described_by: tag,
                    kind: Some(Kind::Scalars),
                    attribution: Attribution::SCALARS,
                    dtype: Some("float32"),
                    at,
                });
            }
            return true;
        }
        false
    }
}

/// The dtype a value's content tells.
fn dtype(content: &Content<'_>) -> Option<&'static str> {
    match content {
        Content::Simple(_) => Some("float32"),
        Content::Histogram(_) => Some("float64"),
        Content::Tensor(message) => Tensor::parse(message)?.dtype.map(|d| d.name()),
        _ => None,
    }
}

impl Events for Survey<'_> {
    type Output = SeriesPart;

    fn enter(&mut self, run: u32, _: u32, begins: bool) {
        self.run = run;
        self.tags.enter_run(run, begins);
    }

    #[inline(always)]
    fn event(&mut self, _: RecordSpan, payload: &[u8]) -> Result<(), Trouble> {
        let event = Event::parse(payload).ok_or(Irregular)?;
        if self.plain_scalar(&event) {
            return Ok(());
        }
        self.take_in(&event, payload, true)
    }

    /// Takes large values in from their heads. With all of the payload at hand that is the usual
    /// way, hopping over the data; otherwise what the first kilobytes tell must be enough.
    fn skips(&mut self, head: &[u8], length: u64) -> bool {
        if head.len() as u64 == length {
            let event = Event::parse(head);
            return event.is_some_and(|event| {
                self.plain_scalar(&event) || self.take_in(&event, head, false).is_ok()
            });
        }
        let Some(peek) = Peek::at(head, length) else {
            return false;
        };
        let Some(value) = peek.value else {
            return false;
        };
        let Some(tag) = self.tags.id(value.tag) else {
            return false;
        };
        let attribution = self
            .tags
            .attribution_of_head(tag, value.content, value.metadata);
        let Some(attribution) = attribution else {
            return false;
        };
        let string = value.dtype == Some(DType::STRING);
        let kind = match value.content {
            4 => Kind::Images,
            5 => Kind::Histograms,
            6 => Kind::Audio,
            8 if string && attribution.plugin == Plugin::Images => Kind::Images,
            _ => return false,
        };
        let at = (peek.step, peek.wall_time);
        if self.tags.is_wanted(tag) && self.is_timely(at) && self.tags.is_selected(attribution) {
            self.count(Pending {
                tag,
                described_by: tag,
                kind: Some(kind),
                attribution,
                dtype: value.dtype.map(|d| d.name()),
                at,
            });
        }
        true
    }

    fn search(&self) -> u64 {
        SHORT_SEARCH
    }

    fn finish(mut self, _: &mut Memory) -> SeriesPart {
        self.part.metadata = self.tags.finish();
        self.part
    }
}
