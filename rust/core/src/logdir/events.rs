//! The table of events: the log as it is, one batch for each unit of work.

use super::batch::Chosen;
use super::scan::{Batches, Resolved};
use super::series::kinds;
use super::tables::{GoOn, layout, project};
use super::tags::NameNumbers;
use super::{Choose, View};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::scan::survey::{EventRows, EventsTask, WHATS};
use crate::scan::{Access, Budget, Ordered};
use crate::table::keys::{dictionary, float64, int32, int64, strings};
use crate::table::schema::{self, Layout};
use arrow_array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use std::sync::Arc;

/// The table of events.
pub(super) fn events(view: View, filter: Filter) -> Result<Resolved> {
    let events = EventBatches::new(&filter)?;
    let schema = Arc::clone(events.schema());
    Ok(Resolved::new(schema, move || {
        let mut events = events.clone();
        events.runs = strings(view.run_names());
        events.files = strings(view.paths());
        let stream = Events {
            ordered: view.ordered(events.task(view.access(false), &filter)),
            events,
        };
        Ok(Box::new(stream) as Box<dyn Batches>)
    }))
}

struct Events {
    ordered: Ordered<EventsTask>,
    events: EventBatches,
}

impl Batches for Events {
    fn budget(&self) -> Option<&Arc<Budget>> {
        Some(self.ordered.budget())
    }

    fn next(&mut self, go_on: GoOn<'_>) -> Option<Result<RecordBatch>> {
        loop {
            match self.ordered.next(go_on)? {
                Ok((_, decoded)) => match self.events.batch(decoded.output) {
                    Ok(Some(batch)) => return Some(Ok(batch)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Makes batches of the events of units.
#[derive(Clone)]
pub(super) struct EventBatches {
    layout: Layout,
    /// The names of runs, by number.
    pub(super) runs: ArrayRef,
    /// The paths of files, by number.
    pub(super) files: ArrayRef,
}

impl EventBatches {
    /// For the columns that `filter` asks for.
    pub(super) fn new(filter: &Filter) -> Result<Self> {
        let none = || strings(std::iter::empty::<&str>());
        Ok(Self {
            layout: layout(schema::events(), filter)?,
            runs: none(),
            files: none(),
        })
    }

    fn schema(&self) -> &SchemaRef {
        &self.layout.schema
    }

    /// What is done with each unit.
    pub(super) fn task(&self, access: Access, filter: &Filter) -> EventsTask {
        EventsTask {
            access,
            filter: filter.clone(),
            details: self.layout.wanted.has(schema::DETAIL),
        }
    }

    /// The rows of a unit; `None` if there are none.
    pub(super) fn batch(&self, rows: EventRows) -> Result<Option<RecordBatch>> {
        if rows.run.is_empty() {
            return Ok(None);
        }
        let tag: StringArray = rows.tag.iter().map(Option::as_deref).collect();
        let plugin: StringArray = rows.plugin.iter().map(Option::as_deref).collect();
        let detail: StringArray = match rows.detail.len() == rows.run.len() {
            true => rows.detail.iter().map(Option::as_deref).collect(),
            false => StringArray::new_null(rows.run.len()),
        };
        let what: Int32Array = rows.what.into_iter().collect();
        let arrays: Vec<ArrayRef> = vec![
            dictionary(int32(rows.run), Arc::clone(&self.runs)),
            dictionary(int32(rows.file), Arc::clone(&self.files)),
            int64(rows.offset),
            int64(rows.length),
            int64(rows.step),
            float64(rows.wall_time),
            dictionary(what, strings(WHATS)),
            Arc::new(tag),
            kinds(rows.kind.into_iter()),
            Arc::new(plugin),
            Arc::new(detail),
        ];
        project(&self.layout, &arrays).map(Some)
    }
}

/// Makes batches of the events of a followed log, whose tags a function may choose as they come.
pub(super) struct LiveEvents {
    pub(super) batches: EventBatches,
    chosen: Option<(Chosen, NameNumbers)>,
}

impl LiveEvents {
    pub(super) fn new(filter: &Filter, choose: Option<Choose>) -> Result<Self> {
        Ok(Self {
            batches: EventBatches::new(filter)?,
            chosen: choose.map(|choose| (Chosen::new(choose), NameNumbers::default())),
        })
    }

    /// The rows of a unit; `None` if there are none.
    pub(super) fn batch(&mut self, rows: EventRows) -> Result<Option<RecordBatch>> {
        let keep = self.kept(&rows)?;
        let batch = self.batches.batch(rows)?;
        let (Some(batch), Some(keep)) = (&batch, keep) else {
            return Ok(batch);
        };
        let kept = arrow_select::filter::filter_record_batch(batch, &keep);
        let kept = kept.map_err(Error::internal)?;
        Ok(Some(kept).filter(|kept| kept.num_rows() > 0))
    }

    /// Which rows have a tag that was chosen; `None` for all.
    fn kept(&mut self, rows: &EventRows) -> Result<Option<BooleanArray>> {
        let Some((chosen, tags)) = &mut self.chosen else {
            return Ok(None);
        };
        let numbers = rows
            .tag
            .iter()
            .map(|tag| tag.as_deref().map(|tag| tags.of(tag)));
        let numbers: Vec<Option<u32>> = numbers.collect();
        chosen.ask(tags)?;
        let keep = numbers
            .iter()
            .map(|tag| tag.is_some_and(|tag| chosen.is_wanted(tag as i32)));
        Ok(Some(keep.collect::<Vec<bool>>().into()))
    }
}
