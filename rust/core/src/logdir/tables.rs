//! The tables about a log: series, files, damage, events.

use super::scan::Batches;
use super::{Restarts, Scan, View};
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::pipeline::Ordered;
use crate::pipeline::restarts::{Cuts, Restarts as Found};
use crate::pipeline::survey::{
    Audit, AuditTask, EventRows, EventsTask, Point, SeriesPart, SeriesTask, Stat,
};
use crate::pipeline::tags::Learned;
use crate::pipeline::walk::Damage;
use crate::table::keys::{dictionary, float64, int32, int64, strings};
use crate::table::schema::{self, Layout, TensorData};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::SchemaRef;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

type GoOn<'a> = &'a mut dyn FnMut() -> bool;

/// A table that is one batch, made when the stream is first asked.
struct Once<F>(Option<F>);

impl<F: FnOnce(GoOn<'_>) -> Result<RecordBatch> + Send> Batches for Once<F> {
    fn next(&mut self, go_on: GoOn<'_>) -> Option<Result<RecordBatch>> {
        let batch = (self.0.take()?)(go_on);
        Some(batch).filter(|b| b.as_ref().map_or(true, |b| b.num_rows() > 0))
    }
}

/// A scan whose one batch `make` makes, in the columns asked for.
fn once(
    full: SchemaRef,
    filter: &Filter,
    make: impl Fn(GoOn<'_>) -> Result<Vec<ArrayRef>> + Send + Sync + 'static,
) -> Result<Scan> {
    let columns = full.fields().len();
    let layout = Layout::of(full, columns, TensorData::Any, filter.columns.as_deref())?;
    let schema = Arc::clone(&layout.schema);
    let make = Arc::new(make);
    Ok(Scan::new(schema, move || {
        let (make, layout) = (Arc::clone(&make), layout.clone());
        let make = move |go_on: GoOn<'_>| {
            let arrays = make(go_on)?;
            let columns = layout
                .projection
                .iter()
                .map(|&i| Arc::clone(&arrays[i]))
                .collect();
            {
                let rows = arrays.first().map(|a| a.len());
                let options = RecordBatchOptions::new().with_row_count(rows);
                RecordBatch::try_new_with_options(layout.schema, columns, &options)
            }
            .map_err(|e| Error::argument(format!("internal error: {e}; please report this")))
        };
        Ok(Box::new(Once(Some(make))) as Box<dyn Batches>)
    }))
}

/// Everything known of one series.
struct Summary {
    stat: Stat,
    plugin: String,
    learned: Learned,
}

/// The series in the order they were first met.
fn summaries(
    view: &View,
    filter: &Filter,
    go_on: GoOn<'_>,
) -> Result<(Vec<Box<str>>, Vec<Summary>)> {
    let last = view.options.restarts == Restarts::Last;
    let cuts = if last {
        Some(find_restarts(view, filter, go_on)?)
    } else {
        None
    };
    let mut tags = Numbers::default();
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
            .get(&(stat.run, stat.tag))
            .cloned()
            .unwrap_or_default();
        let plugin = match stat.kind {
            _ if !learned.plugin.is_empty() => learned.plugin.clone(),
            Some(kind @ (Kind::Scalars | Kind::Histograms | Kind::Images | Kind::Audio)) => {
                kind.name().to_owned()
            }
            Some(Kind::Graphs) => "graphs".to_owned(),
            _ => String::new(),
        };
        if stat.count > 0 {
            summaries.push(Summary {
                stat,
                plugin,
                learned,
            });
        }
    }
    summaries.sort_by_key(|s| s.stat.run);
    Ok((tags.names, summaries))
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
    };
    let mut ordered = Ordered::new(
        task,
        view.files.clone(),
        view.options.threads,
        view.raises(),
        view.report.clone(),
    );
    while let Some(next) = ordered.next(go_on) {
        f(&next?.1.output);
    }
    Ok(())
}

/// Tags numbered in the order they are met.
#[derive(Default)]
struct Numbers {
    names: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
}

impl Numbers {
    fn of(&mut self, tag: &str) -> u32 {
        if let Some(&number) = self.index.get(tag) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(tag.into());
        self.index.insert(tag.into(), number);
        number
    }
}

/// The units' series put together.
#[derive(Default)]
struct Collected {
    stats: Vec<Stat>,
    index: HashMap<(u32, u32, Option<Kind>), usize>,
    learned: HashMap<(u32, u32), Learned>,
    cuts: Option<Cuts>,
}

impl Collected {
    fn take_in(&mut self, part: &SeriesPart, tags: &mut Numbers, filter: &Filter) {
        let numbers: Vec<u32> = part
            .stats
            .iter()
            .map(|s| tags.of(&part.lesson.tags[s.tag as usize]))
            .collect();
        let mut slots = Vec::with_capacity(numbers.len());
        for (stat, &tag) in part.stats.iter().zip(&numbers) {
            let slot = *self
                .index
                .entry((stat.run, tag, stat.kind))
                .or_insert_with(|| {
                    self.stats.push(Stat {
                        tag,
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
        for (run, tag, learned) in part.lesson.learned() {
            let key = (run, tags.of(tag));
            self.learned.entry(key).or_insert_with(|| learned.clone());
        }
        let Some(cuts) = &mut self.cuts else { return };
        for point in &part.points {
            let Point::Value(number, step, wall_time) = *point else {
                continue;
            };
            let slot = slots[number as usize];
            let (kept, _) = cuts.point((slot as i32, 0), step);
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
fn find_restarts(view: &View, filter: &Filter, go_on: GoOn<'_>) -> Result<Cuts> {
    let mut tags = Numbers::default();
    let mut index: HashMap<(u32, u32, Option<Kind>), i32> = HashMap::new();
    let mut by_run: HashMap<u32, Vec<i32>> = HashMap::new();
    let mut found = Found::default();
    each_part(view, filter, true, go_on, |part| {
        let mut slots = Vec::with_capacity(part.stats.len());
        for stat in &part.stats {
            let key = (
                stat.run,
                tags.of(&part.lesson.tags[stat.tag as usize]),
                stat.kind,
            );
            let next = index.len() as i32;
            let slot = *index.entry(key).or_insert_with(|| {
                by_run.entry(stat.run).or_default().push(next);
                next
            });
            slots.push(slot);
        }
        for point in &part.points {
            match *point {
                Point::Value(number, step, _) => {
                    found.point((slots[number as usize], 0), step);
                }
                Point::Start(run, step) => {
                    for &slot in by_run.get(&run).map_or(&[][..], Vec::as_slice) {
                        found.start(slot, step);
                    }
                }
            }
        }
    })?;
    Ok(found.cuts())
}

/// The table of series.
pub(super) fn series(view: View, filter: Filter) -> Result<Scan> {
    once(schema::series(), &filter.clone(), move |go_on| {
        let (tags, all) = summaries(&view, &filter, go_on)?;
        let column = |f: fn(&Stat) -> i64| int64(all.iter().map(|s| f(&s.stat)).collect());
        let times = |f: fn(&Stat) -> f64| float64(all.iter().map(|s| f(&s.stat)).collect());
        let texts = |f: fn(&Summary) -> &str| -> ArrayRef { strings(all.iter().map(f)) };
        let run = int32(all.iter().map(|s| s.stat.run as i32).collect());
        let tag = int32(all.iter().map(|s| s.stat.tag as i32).collect());
        let dtype: StringArray = all.iter().map(|s| s.stat.dtype).collect();
        Ok(vec![
            dictionary(run, strings(view.run_names())),
            dictionary(tag, strings(&tags)),
            kinds(all.iter().map(|s| s.stat.kind)),
            texts(|s| &s.plugin),
            Arc::new(dtype),
            column(|s| s.count as i64),
            column(|s| s.first.0),
            column(|s| s.last.0),
            times(|s| s.first.1),
            times(|s| s.last.1),
            texts(|s| &s.learned.display_name),
            texts(|s| &s.learned.description),
        ])
    })
}

fn kinds(kinds: impl Iterator<Item = Option<Kind>>) -> ArrayRef {
    let keys: Int32Array = kinds.map(|k| k.map(|k| k as i32)).collect();
    dictionary(keys, strings(Kind::ALL.map(Kind::name)))
}

/// Every tag of the files.
pub(super) fn tags(view: &View, filter: Filter, go_on: GoOn<'_>) -> Result<HashSet<String>> {
    let (tags, _) = summaries(view, &filter, go_on)?;
    Ok(tags.into_iter().map(String::from).collect())
}

/// The shape of all tensors, if they have one and it is worth saying.
pub(super) fn common_shape(
    view: &View,
    filter: &Filter,
    go_on: GoOn<'_>,
) -> Result<Option<Vec<u64>>> {
    let columns = Some(vec!["shape".to_owned()]);
    let filter = Filter {
        columns,
        ..filter.clone()
    };
    let shapes = super::scan::rows(view.clone(), Kind::Tensors, filter, TensorData::Any)?;
    let mut stream = shapes.stream()?;
    let mut common: Option<Vec<u64>> = None;
    while let Some(batch) = stream.next(go_on) {
        for shape in batch?.column(0).as_list::<i32>().iter().flatten() {
            let shape: Vec<u64> = shape
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .map(|d| *d as u64)
                .collect();
            match &common {
                None => common = Some(shape),
                Some(known) if *known == shape => {}
                Some(_) => return Ok(None),
            }
        }
    }
    let fits = |shape: &Vec<u64>| {
        let count = shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
        !shape.is_empty() && count.is_some_and(|n| n > 0 && i32::try_from(n).is_ok())
    };
    Ok(common.filter(fits))
}

/// A file's records and damage, every record checked.
struct FileSummary {
    records: u64,
    damage: Vec<Damage>,
    writer: Option<String>,
    version: Option<String>,
}

fn audit(view: &View, go_on: GoOn<'_>) -> Result<Vec<FileSummary>> {
    let empty = || FileSummary {
        records: 0,
        damage: Vec::new(),
        writer: None,
        version: None,
    };
    let mut files: Vec<FileSummary> = view.files.iter().map(|_| empty()).collect();
    let task = AuditTask {
        access: view.access(true),
    };
    // Listing damage is no reason to fail at it.
    let mut ordered = Ordered::new(
        task,
        view.files.clone(),
        view.options.threads,
        false,
        Default::default(),
    );
    while let Some(next) = ordered.next(go_on) {
        let (unit, decoded) = next?;
        for (file, span) in ordered.parts(unit).zip(decoded.spans) {
            files[file].records += span.records;
            files[file].damage.extend(span.damage);
        }
        let Audit { versions, .. } = decoded.output;
        for (file, writer, version) in versions {
            let file = &mut files[file as usize];
            file.writer = writer.or(file.writer.take());
            file.version = version;
        }
    }
    Ok(files)
}

/// The table of files.
pub(super) fn files(view: View, filter: Filter) -> Result<Scan> {
    once(schema::files(), &filter.clone(), move |go_on| {
        let all = audit(&view, go_on)?;
        let run =
            |task: &crate::pipeline::FileTask| view.snapshot.runs[task.run as usize].name.as_str();
        let damaged = |f: &FileSummary| f.damage.iter().map(|d| d.length).sum::<u64>() as i64;
        let writer: StringArray = all.iter().map(|f| f.writer.as_deref()).collect();
        let version: StringArray = all.iter().map(|f| f.version.as_deref()).collect();
        Ok(vec![
            strings(view.files.iter().map(run)),
            strings(view.paths()),
            int64(view.files.iter().map(|f| f.length as i64).collect()),
            int64(all.iter().map(|f| f.records as i64).collect()),
            int64(all.iter().map(damaged).collect()),
            Arc::new(writer),
            Arc::new(version),
        ])
    })
}

/// The table of damage.
pub(super) fn damage(view: View, filter: Filter) -> Result<Scan> {
    once(schema::damage(), &filter.clone(), move |go_on| {
        let all = audit(&view, go_on)?;
        let rows: Vec<(String, Damage)> = view
            .paths()
            .zip(all)
            .flat_map(|(path, file)| file.damage.into_iter().map(move |d| (path.clone(), d)))
            .collect();
        Ok(vec![
            strings(rows.iter().map(|(path, _)| path)),
            int64(rows.iter().map(|(_, d)| d.offset as i64).collect()),
            int64(rows.iter().map(|(_, d)| d.length as i64).collect()),
            strings(rows.iter().map(|(_, d)| &d.reason)),
        ])
    })
}

/// The table of events, one batch for each unit of work.
pub(super) fn events(view: View, filter: Filter) -> Result<Scan> {
    let full = schema::events();
    let columns = full.fields().len();
    let layout = Layout::of(full, columns, TensorData::Any, filter.columns.as_deref())?;
    let schema = Arc::clone(&layout.schema);
    Ok(Scan::new(schema, move || {
        let task = EventsTask {
            access: view.access(false),
            filter: filter.clone(),
        };
        let report = view.report.clone();
        let ordered = Ordered::new(
            task,
            view.files.clone(),
            view.options.threads,
            view.raises(),
            report,
        );
        let stream = Events {
            ordered,
            layout: layout.clone(),
            runs: strings(view.run_names()),
            files: strings(view.paths()),
        };
        Ok(Box::new(stream) as Box<dyn Batches>)
    }))
}

struct Events {
    ordered: Ordered<EventsTask>,
    layout: Layout,
    runs: ArrayRef,
    files: ArrayRef,
}

impl Batches for Events {
    fn next(&mut self, go_on: GoOn<'_>) -> Option<Result<RecordBatch>> {
        loop {
            match self.ordered.next(go_on)? {
                Ok((_, decoded)) if decoded.output.run.is_empty() => {}
                Ok((_, decoded)) => return Some(self.batch(decoded.output)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Events {
    fn batch(&self, rows: EventRows) -> Result<RecordBatch> {
        let tag: StringArray = rows.tag.iter().map(Option::as_deref).collect();
        let plugin: StringArray = rows.plugin.iter().map(Option::as_deref).collect();
        let what: Int32Array = rows.what.into_iter().collect();
        let arrays: Vec<ArrayRef> = vec![
            dictionary(int32(rows.run), Arc::clone(&self.runs)),
            dictionary(int32(rows.file), Arc::clone(&self.files)),
            int64(rows.offset),
            int64(rows.length),
            int64(rows.step),
            float64(rows.wall_time),
            dictionary(what, strings(crate::pipeline::survey::WHATS)),
            Arc::new(tag),
            kinds(rows.kind.into_iter()),
            Arc::new(plugin),
        ];
        let columns = self
            .layout
            .projection
            .iter()
            .map(|&i| Arc::clone(&arrays[i]))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(arrays.first().map(|a| a.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.layout.schema), columns, &options)
            .map_err(|e| Error::argument(format!("internal error: {e}; please report this")))
    }
}
