//! `series()`: every series with its count and its ends, and what metadata says of it.

use super::scan::Resolved;
use super::tables::{GoOn, once};
use super::tags::NameNumbers;
use super::{Restarts, View};
use crate::error::Result;
use crate::event::kind::Kind;
use crate::event::view::Metadata;
use crate::filter::Filter;
use crate::scan::restarts::{RestartFilter, Restarts as Found};
use crate::scan::survey::{Point, SeriesPart, SeriesTask, Stat};
use crate::scan::tags::TagMetadata;
use crate::table::keys::{dictionary, float64, int32, int64, strings};
use crate::table::schema;
use arrow_array::{ArrayRef, Int32Array, LargeBinaryArray, StringArray};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Everything known of one series.
struct Summary {
    stat: Stat,
    learned: TagMetadata,
}

/// The series in the order they were first met.
fn summaries(view: &View, filter: &Filter, go_on: GoOn<'_>) -> Result<(NameNumbers, Vec<Summary>)> {
    let last = view.options.restarts == Restarts::Last;
    let cuts = if last {
        Some(find_restarts(view, filter, go_on)?)
    } else {
        None
    };
    let mut tags = NameNumbers::default();
    let mut all = Collected {
        cuts,
        ..Collected::default()
    };
    each_part(view, filter, last, go_on, |part| {
        all.take_in(part, &mut tags, filter)
    })?;
    let mut summaries: Vec<Summary> = Vec::new();
    for stat in all.stats {
        let learned = all
            .learned
            .get(&(stat.run, stat.described_by))
            .cloned()
            .unwrap_or_default();
        if stat.count > 0 {
            summaries.push(Summary { stat, learned });
        }
    }
    summaries.sort_by_key(|s| s.stat.run);
    Ok((tags, summaries))
}

fn each_part(
    view: &View,
    filter: &Filter,
    points: bool,
    go_on: GoOn<'_>,
    mut f: impl FnMut(&SeriesPart),
) -> Result<()> {
    let task = SeriesTask {
        access: view.access(false),
        filter: filter.clone(),
        points,
        contents: wants_content(filter),
    };
    let mut ordered = view.ordered(task);
    while let Some(next) = ordered.next(go_on) {
        f(&next?.1.output);
    }
    Ok(())
}

/// The units' series put together.
#[derive(Default)]
struct Collected {
    stats: Vec<Stat>,
    index: HashMap<(u32, u32, Option<Kind>), usize>,
    learned: HashMap<(u32, u32), TagMetadata>,
    cuts: Option<RestartFilter>,
}

impl Collected {
    fn take_in(&mut self, part: &SeriesPart, tags: &mut NameNumbers, filter: &Filter) {
        let mut number = |tag: u32| tags.of(&part.metadata.tags[tag as usize]);
        let mut slots = Vec::with_capacity(part.stats.len());
        for stat in &part.stats {
            let (tag, described_by) = (number(stat.tag), number(stat.described_by));
            let slot = *self
                .index
                .entry((stat.run, tag, stat.kind))
                .or_insert_with(|| {
                    self.stats.push(Stat {
                        tag,
                        described_by,
                        count: 0,
                        ..stat.clone()
                    });
                    self.stats.len() - 1
                });
            slots.push(slot);
            if self.cuts.is_none() {
                let known = &mut self.stats[slot];
                known.count += stat.count;
                known.last = stat.last;
            }
        }
        for (run, tag, learned) in part.metadata.learned() {
            let key = (run, tags.of(tag));
            let known = self.learned.entry(key);
            known
                .and_modify(|known| known.and_then(learned))
                .or_insert_with(|| learned.clone());
        }
        let Some(cuts) = &mut self.cuts else { return };
        for point in &part.points {
            let Point::Value(number, step, wall_time) = *point else {
                continue;
            };
            let slot = slots[number as usize];
            let run = self.stats[slot].run as i32;
            let (kept, _) = cuts.point((run, slot as i32), step);
            if kept && filter.matches_time(step, wall_time) {
                let known = &mut self.stats[slot];
                if known.count == 0 {
                    known.first = (step, wall_time);
                }
                known.count += 1;
                known.last = (step, wall_time);
            }
        }
    }
}

/// Restarts by number of series, in the order [`Collected`] numbers them.
fn find_restarts(view: &View, filter: &Filter, go_on: GoOn<'_>) -> Result<RestartFilter> {
    let mut tags = NameNumbers::default();
    let mut index: HashMap<(u32, u32, Option<Kind>), i32> = HashMap::new();
    let mut found = Found::default();
    each_part(view, filter, true, go_on, |part| {
        let mut slots = Vec::with_capacity(part.stats.len());
        for stat in &part.stats {
            let key = (
                stat.run,
                tags.of(&part.metadata.tags[stat.tag as usize]),
                stat.kind,
            );
            let next = index.len() as i32;
            slots.push((stat.run as i32, *index.entry(key).or_insert(next)));
        }
        for point in &part.points {
            match *point {
                Point::Value(number, step, _) => {
                    found.point(slots[number as usize], step);
                }
                Point::Start(run, step) => found.start(run as i32, step),
            }
        }
    })?;
    Ok(found.cuts())
}

/// Whether the plugins' own messages are asked for.
fn wants_content(filter: &Filter) -> bool {
    let wanted = |columns: &Vec<String>| columns.iter().any(|c| c == schema::PLUGIN_CONTENT);
    filter.columns.as_ref().is_none_or(wanted)
}

/// The table of series.
pub(super) fn series(view: View, filter: Filter) -> Result<Resolved> {
    once(schema::series(), &filter.clone(), move |go_on| {
        let (mut tags, all) = summaries(&view, &filter, go_on)?;
        let column = |f: fn(&Stat) -> i64| int64(all.iter().map(|s| f(&s.stat)).collect());
        let times = |f: fn(&Stat) -> f64| float64(all.iter().map(|s| f(&s.stat)).collect());
        let texts = |f: fn(&Summary) -> &str| -> ArrayRef { strings(all.iter().map(f)) };
        let run = int32(all.iter().map(|s| s.stat.run as i32).collect());
        let tag = int32(all.iter().map(|s| s.stat.tag as i32).collect());
        let content: LargeBinaryArray = all.iter().map(|s| content(&s.learned)).collect();
        let dtype: StringArray = all.iter().map(|s| s.stat.dtype).collect();
        Ok(vec![
            dictionary(run, strings(view.run_names())),
            dictionary(tag, tags.values()),
            kinds(all.iter().map(|s| s.stat.kind)),
            texts(|s| s.stat.plugin.as_deref().unwrap_or_default()),
            Arc::new(dtype),
            column(|s| s.count as i64),
            column(|s| s.first.0),
            column(|s| s.last.0),
            times(|s| s.first.1),
            times(|s| s.last.1),
            texts(|s| &s.learned.display_name),
            texts(|s| &s.learned.description),
            Arc::new(content),
        ])
    })
}

/// The plugin's own message in a series' metadata, if there is one.
fn content(learned: &TagMetadata) -> Option<&[u8]> {
    let metadata = Metadata::parse(learned.metadata.as_deref()?)?;
    Some(metadata.content).filter(|content| !content.is_empty())
}

pub(super) fn kinds(kinds: impl Iterator<Item = Option<Kind>>) -> ArrayRef {
    let keys: Int32Array = kinds.map(|k| k.map(|k| k as i32)).collect();
    dictionary(keys, strings(Kind::ALL.map(Kind::name)))
}

/// Every tag of the files.
pub(super) fn tags(view: &View, filter: Filter, go_on: GoOn<'_>) -> Result<HashSet<String>> {
    let (tags, _) = summaries(view, &filter, go_on)?;
    Ok(tags.names().map(str::to_owned).collect())
}
