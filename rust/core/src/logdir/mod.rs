//! Many files as one log: runs, what is in them, and scans over them.
//!
//! A [`LogDir`] is a list of files with the lengths they had when it was opened or last refreshed;
//! every scan until the next refresh sees the same bytes. Scans are values: they hold what they
//! need, can be opened any number of times, and from many threads.

mod batch;
mod beginning;
mod casts;
mod compact;
mod embeddings;
mod events;
mod follow;
mod gather;
mod hparam_values;
mod hparams;
mod kinds;
mod options;
pub mod pbtxt;
mod portable;
mod projector;
mod reads;
mod records;
mod references;
mod refresh;
mod rows;
mod scan;
mod selection;
mod series;
mod split;
mod tables;
mod tags;
mod take;
mod view;

pub use crate::catalog::{Changes, FileVersion, Growth, Root, Run, RunChange, Snapshot, Unlisted};
pub use crate::catalog::{Watcher, Woken};
pub use beginning::looks_like_event_file;
pub use casts::Nulled;
pub use follow::{FindRoots, FollowOptions, Follower, LiveSelection, Notice, Pending, Step};
pub use kinds::{KindBatch, KindScan};
pub use options::{OnDamage, Options, Restarts};
pub use portable::PortableRun;
pub use reads::Reading;
pub use records::{Compression, Payload, Records};
pub use references::{RecordRef, References, StoredRecord};
pub use scan::{Batches, Reader, Scan};
pub use selection::{Choose, Selection};
pub use split::{Limits, Pack, Split};

use crate::catalog::{Catalog, Local, Replaced, Roots};
use crate::error::{Error, Result};
use crate::event::dtype::DType;
use crate::event::kind::Kind;
use crate::filter::{Filter, Names};
use crate::scan::projection::Projection;
use crate::scan::{DamageSummary, Report, Threads};
use crate::table::schema::{self, Layout, OnCast, TensorData, element_type};
use arrow_schema::SchemaRef;
use casts::Casts;
use scan::Resolved;
use std::collections::HashSet;
use std::sync::Arc;
pub(crate) use view::View;
use view::{Current, State};

/// A log directory, or several, or single files.
#[derive(Debug)]
pub struct LogDir {
    catalog: Catalog,
    options: Options,
    current: Current,
    report: Report,
    replaced: Replaced,
    casts: Casts,
}

impl LogDir {
    /// Lists the files under `roots`. Nothing is read but directories and the files' lengths.
    ///
    /// # Errors
    /// If a named root cannot be listed or, without `missing_ok`, holds no event file.
    pub fn open(roots: Vec<Root>, options: Options) -> Result<Self> {
        Self::open_while(roots, options, &mut || true)
    }

    /// The same; `go_on` is asked now and then, and ends it with an error when it says no.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_while(
        roots: Vec<Root>,
        options: Options,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self> {
        let catalog = local(roots, options.missing_ok);
        let snapshot = catalog.open(&mut Threads::new(options.threads, go_on))?;
        check(&snapshot, &options)?;
        Ok(Self {
            catalog,
            options,
            current: Current::new(snapshot),
            report: Report::default(),
            replaced: Replaced::default(),
            casts: Casts::default(),
        })
    }

    /// The log as of now, which a refresh of this one does not change. What is met in the one is
    /// reported by the other, too. A refresh of it looks under other `roots`, if there are any.
    pub fn frozen(&self, roots: Option<Vec<Root>>) -> Self {
        let mut catalog = self.catalog.clone();
        if let Some(roots) = roots {
            catalog.roots.places = roots.into();
        }
        Self {
            catalog,
            options: self.options,
            current: self.current.clone(),
            report: self.report.clone(),
            replaced: self.replaced.clone(),
            casts: self.casts.clone(),
        }
    }

    /// The files as of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.get().0
    }

    /// How the log is read.
    pub fn options(&self) -> Options {
        self.options
    }

    /// What could not be listed, each once: how many, and the first.
    pub fn unlisted_news(&self) -> Option<(usize, Unlisted)> {
        let snapshot = self.snapshot();
        let mut news = snapshot.unlisted.iter();
        let first = news.find(|entry| self.report.is_first_report(&entry.path))?;
        let others = news
            .filter(|entry| self.report.is_first_report(&entry.path))
            .count();
        Some((1 + others, first.clone()))
    }

    /// What any scan met that could not be read: once.
    pub fn damage_summary(&self) -> Option<DamageSummary> {
        self.report.summary()
    }

    /// What casts of tensors have made null since this was last asked.
    pub fn nulled(&self) -> Option<Nulled> {
        self.casts.take()
    }

    /// The rows of one kind.
    pub fn scan(&self, kind: Kind, selection: impl Into<Selection>) -> Result<Scan> {
        if kind == Kind::HParams {
            return Ok(self.hparams(selection));
        }
        let selection = selection.into();
        let columns = selection.filter.columns.as_deref();
        let schema = Layout::new(kind, TensorData::Any, columns)?.schema;
        let rows = move |view, filter, _: &mut dyn FnMut() -> bool| {
            rows::rows(view, kind, filter, TensorData::Any)
        };
        Ok(self.deferred(selection, Some(schema), rows))
    }

    /// The rows of several kinds, decoded in one pass. Of each kind they are those of
    /// [`scan`](Self::scan). The columns are those of the projection.
    pub fn scan_kinds(
        &self,
        projection: Projection,
        selection: impl Into<Selection>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<KindScan> {
        let state = self.state();
        let filter = selection.into().resolve(&state, go_on)?;
        KindScan::new(&state.view(&filter, go_on)?, projection, &filter)
    }

    /// One row a session. Which columns there are depends on what is in the log.
    pub fn hparams(&self, selection: impl Into<Selection>) -> Scan {
        let Selection { filter, tags } = selection.into();
        let runs = filter.runs.clone();
        // A session's metrics may lie in other runs than the one that it is shown as.
        let filter = Filter {
            runs: Names::All,
            ..filter
        };
        let selection = Selection { filter, tags };
        self.deferred(selection, None, move |view, mut filter, go_on| {
            filter.runs = runs.clone();
            hparams::hparams(view, &filter, go_on)
        })
    }

    /// Tensors cast to `dtype`, which is numeric. The type of `values` depends on whether the
    /// tensors in the log have one shape. What casts make null is counted by
    /// [`nulled`](Self::nulled).
    pub fn typed_tensors(
        &self,
        selection: impl Into<Selection>,
        dtype: &str,
        on_cast: OnCast,
    ) -> Result<Scan> {
        let dtype = numeric(dtype)?;
        let selection = selection.into();
        let columns = selection.filter.columns.as_deref();
        let typed = move |shape| TensorData::Typed {
            dtype,
            shape,
            on_cast,
        };
        Layout::new(Kind::Tensors, typed(None), columns)?;
        let rows = move |view, filter, go_on: &mut dyn FnMut() -> bool| {
            let shape = tables::common_shape(&view, &filter, go_on)?;
            rows::rows(view, Kind::Tensors, filter, typed(shape))
        };
        Ok(self.deferred(selection, None, rows))
    }

    /// The embeddings in projector files beside the events. Which columns the metadata has depends
    /// on these files.
    pub fn embeddings(&self, selection: impl Into<Selection>) -> Scan {
        let Selection { filter, tags } = selection.into();
        self.deferred(filter.into(), None, move |view, mut filter, _| {
            if tags.is_some() {
                let named = embeddings::names(&view, &filter, tags.as_ref())?;
                filter.tags = Names::exactly(named.into_iter().map(|(_, name)| name));
            }
            embeddings::embeddings(&view, &filter)
        })
    }

    /// Run and name of the embeddings that meet the conditions on runs and tags.
    pub fn embedding_names(&self, selection: &Selection) -> Result<Vec<(String, String)>> {
        let Selection { filter, tags } = selection;
        embeddings::names(
            &self.state().view(filter, &mut || true)?,
            filter,
            tags.as_ref(),
        )
    }

    /// The series: what each holds and how many values.
    pub fn series(&self, selection: impl Into<Selection>) -> Result<Scan> {
        self.table(schema::series(), selection.into(), series::series)
    }

    /// The files, every record in them checked.
    pub fn files(&self, selection: impl Into<Selection>) -> Result<Scan> {
        self.table(schema::files(), selection.into(), |view, filter| {
            tables::files(view, &filter)
        })
    }

    /// The places that cannot be read; every record and every projector file is checked.
    pub fn damage(&self, selection: impl Into<Selection>) -> Result<Scan> {
        self.table(schema::damage(), selection.into(), tables::damage)
    }

    /// The events as they are.
    pub fn events(&self, selection: impl Into<Selection>) -> Result<Scan> {
        self.table(schema::events(), selection.into(), events::events)
    }

    /// Every tag of the runs in the filter.
    pub fn tags(&self, filter: Filter, go_on: &mut dyn FnMut() -> bool) -> Result<HashSet<String>> {
        series::tags(&self.state().view(&filter, go_on)?, filter, go_on)
    }

    fn state(&self) -> State {
        let (snapshot, tags) = self.current.get();
        State {
            snapshot,
            tags,
            catalog: self.catalog.clone(),
            options: self.options,
            report: self.report.clone(),
            casts: self.casts.clone(),
        }
    }

    /// A scan over the log as it is now, which `resolve` looks into at the first use.
    fn deferred(
        &self,
        selection: Selection,
        schema: Option<SchemaRef>,
        resolve: impl Fn(View, Filter, &mut dyn FnMut() -> bool) -> Result<Resolved>
        + Send
        + Sync
        + 'static,
    ) -> Scan {
        let state = self.state();
        Scan::deferred(self.options.threads, schema, move |go_on| {
            let filter = selection.resolve(&state, go_on)?;
            resolve(state.view(&filter, go_on)?, filter, go_on)
        })
    }

    /// A scan over a table that always has the columns `full`, or some of them.
    fn table(
        &self,
        full: SchemaRef,
        selection: Selection,
        make: impl Fn(View, Filter) -> Result<Resolved> + Send + Sync + 'static,
    ) -> Result<Scan> {
        let schema = tables::layout(full, &selection.filter)?.schema;
        let make = move |view, filter, _: &mut dyn FnMut() -> bool| make(view, filter);
        Ok(self.deferred(selection, Some(schema), make))
    }
}

/// The dtype of this name, which has numbers.
fn numeric(name: &str) -> Result<DType> {
    let is_numeric = |dtype: &DType| element_type(*dtype).is_some();
    DType::from_name(name).filter(is_numeric).ok_or_else(|| {
        let known = DType::names().filter(|n| DType::from_name(n).as_ref().is_some_and(is_numeric));
        let known: Vec<&str> = known.collect();
        Error::argument(format!(
            "`dtype` must be one of {}, not '{name}'",
            known.join(", ")
        ))
    })
}

/// The name of a column: one that is taken gets a number.
fn unique_name(name: &str, taken: &mut HashSet<String>) -> String {
    let name = name.replace('\0', "\u{FFFD}"); // it would end the name in Arrow's C interface
    let mut unique = name.clone();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{name}_{number}");
        number += 1;
    }
    unique
}

/// Where a log of this machine is looked for.
fn local(roots: Vec<Root>, missing_ok: bool) -> Catalog {
    let (places, store) = (roots.into(), Arc::new(Local::default()));
    let roots = Roots { places, missing_ok };
    Catalog { roots, store }
}

/// Fails on what could not be listed, if damage is to be an error.
fn check(snapshot: &Snapshot, options: &Options) -> Result<()> {
    match snapshot.unlisted.first() {
        Some(entry) if options.on_damage == OnDamage::Raise => {
            Err(Error::damaged(&entry.path, 0, entry.reason.as_str()))
        }
        _ => Ok(()),
    }
}
