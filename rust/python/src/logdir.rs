//! `LogDir`: runs, readers, refresh.

use crate::args::{FilterArg, LiveArg, NamesArg, OptionsArg, names, options, root};
use crate::error::to_py;
use crate::follow::PyFollower;
use crate::interrupt::detached;
use crate::scan::PyScan;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tfevents::catalog::Local;
use tfevents::event::kind::Kind;
use tfevents::logdir::{FileVersion, FollowOptions, Growth, LogDir, Reading};
use tfevents::table::schema::OnCast;

/// Length, device and inode, modification time in ns, checksum of both ends.
type Version = (u64, (u64, u64), Option<i64>, Option<u32>);
/// A run's name, and path and version of its files.
type Run = (String, Vec<(OsString, Option<Version>)>);

/// Runs, files, bytes, replaced files, removed files.
type Changed = (Vec<String>, Vec<PathBuf>, u64, Vec<PathBuf>, Vec<PathBuf>);

fn cast_rule(on_cast: &str) -> OnCast {
    match on_cast {
        "raise" => OnCast::Raise,
        _ => OnCast::Null,
    }
}

/// A list of event files and how to read them.
#[pyclass(name = "LogDir", module = "tfevents._native", frozen)]
pub(crate) struct PyLogDir(LogDir);

#[pymethods]
impl PyLogDir {
    #[new]
    fn new(
        py: Python<'_>,
        roots: Vec<(String, String, PathBuf)>,
        how: OptionsArg,
    ) -> PyResult<Self> {
        let options = options(how)?;
        let roots = roots.into_iter().map(root).collect();
        detached(py, |go_on| LogDir::open_while(roots, options, go_on)).map(Self)
    }

    /// The log as of now, which a refresh of this one does not change. A refresh of it looks under
    /// other `roots`, if there are any.
    fn frozen(&self, roots: Option<Vec<(String, String, PathBuf)>>) -> Self {
        let roots = roots.map(|roots| roots.into_iter().map(root).collect());
        Self(self.0.frozen(roots))
    }

    /// The files of the runs that meet the condition, for `restore` in another process.
    fn portable(&self, py: Python<'_>, runs: Option<NamesArg>) -> PyResult<Vec<Run>> {
        let runs = names(runs);
        let version = |v: FileVersion| (v.length, v.file, v.modified, v.ends);
        let found = py.detach(|| self.0.portable(&runs));
        Ok(found
            .into_iter()
            .map(|(name, files)| {
                let file = |(path, v): (PathBuf, Option<_>)| (path.into(), v.map(version));
                (name, files.into_iter().map(file).collect())
            })
            .collect())
    }

    /// The log that `portable` of another process described.
    #[staticmethod]
    fn restore(
        runs: Vec<Run>,
        roots: Vec<(String, String, PathBuf)>,
        how: OptionsArg,
    ) -> PyResult<Self> {
        let options = options(how)?;
        let version = |(length, file, modified, ends): Version| FileVersion {
            length,
            file,
            modified,
            ends,
        };
        let runs = runs.into_iter().map(|(name, files)| {
            let file = |(path, v): (OsString, Option<_>)| (path.into(), v.map(version));
            (name, files.into_iter().map(file).collect())
        });
        let roots = roots.into_iter().map(root).collect();
        Ok(Self(LogDir::restore(roots, options, runs.collect())))
    }

    /// Files that were others, or shorter, than `restore` was told: each once.
    fn replaced(&self) -> Vec<PathBuf> {
        self.0.replaced()
    }

    /// The names of the runs, in order.
    #[getter]
    fn runs(&self) -> Vec<String> {
        self.0
            .snapshot()
            .runs
            .iter()
            .map(|run| run.name.clone())
            .collect()
    }

    /// The names of the runs that meet the condition, in order.
    fn matching(&self, runs: NamesArg) -> Vec<String> {
        let wanted = names(Some(runs));
        let mut runs = self.runs();
        runs.retain(|run| wanted.matches(run));
        runs
    }

    /// The paths of the files.
    #[getter]
    fn paths(&self) -> Vec<PathBuf> {
        let snapshot = self.0.snapshot();
        snapshot
            .runs
            .iter()
            .flat_map(|run| run.files.iter().map(|f| f.path.clone()))
            .collect()
    }

    /// The files that a scan of these runs reads, in its order: run, path, bytes.
    fn reads(
        &self,
        py: Python<'_>,
        runs: Option<NamesArg>,
    ) -> PyResult<Vec<(String, PathBuf, u64)>> {
        let runs = names(runs);
        let reads = detached(py, |go_on| self.0.reads(&runs, go_on))?;
        let parts = |reading: Reading| (reading.run, reading.path, reading.bytes);
        Ok(reads.into_iter().map(parts).collect())
    }

    /// The table called `table`, restricted. Reads nothing.
    #[pyo3(signature = (table, filter, dtype = None, on_cast = "null"))]
    fn scan(
        &self,
        py: Python<'_>,
        table: &str,
        filter: FilterArg,
        dtype: Option<&str>,
        on_cast: &str,
    ) -> PyResult<PyScan> {
        let selection = filter.into_selection(py)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == table);
        let scan = match (table, kind, dtype) {
            (_, Some(Kind::Tensors), Some(dtype)) => {
                self.0.typed_tensors(selection, dtype, cast_rule(on_cast))
            }
            (_, Some(kind), _) => self.0.scan(kind, selection),
            ("series", ..) => self.0.series(selection),
            ("files", ..) => self.0.files(selection),
            ("damage", ..) => self.0.damage(selection),
            ("events", ..) => self.0.events(selection),
            ("embeddings", ..) => Ok(self.0.embeddings(selection)),
            _ => Err(tfevents::Error::argument(format!(
                "no table is called {table:?}"
            ))),
        };
        scan.map(PyScan::new).map_err(|error| to_py(py, &error))
    }

    /// New rows of `kinds`: of one kind in the columns of the filter, or of several in their own;
    /// `events` alone.
    #[pyo3(signature = (kinds, live, question, cursor, poll, settle, dtype = None, on_cast = "null"))]
    #[expect(clippy::too_many_arguments, reason = "those of `follow`")]
    fn follow(
        &self,
        py: Python<'_>,
        kinds: Vec<String>,
        live: LiveArg,
        question: String,
        cursor: Option<String>,
        poll: f64,
        settle: f64,
        dtype: Option<&str>,
        on_cast: &str,
    ) -> PyResult<PyFollower> {
        let live = live.into_selection(py)?;
        let seconds = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let options = FollowOptions {
            poll: seconds(poll),
            settle: seconds(settle),
            question,
            cursor,
        };
        if kinds == ["events"] {
            let follower = self.0.follow_events(live, options);
            return follower
                .map(PyFollower::new)
                .map_err(|error| to_py(py, &error));
        }
        let named = |name: &String| Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kinds: Vec<Kind> = kinds.iter().filter_map(named).collect();
        let follower = match (&kinds[..], dtype) {
            ([kind], None) if *kind != Kind::HParams => self.0.follow(*kind, live, options),
            ([_], Some(dtype)) => self
                .0
                .follow_typed(dtype, cast_rule(on_cast), live, options),
            (kinds, _) => self.0.follow_kinds(kinds, live, options),
        };
        follower
            .map(PyFollower::new)
            .map_err(|error| to_py(py, &error))
    }

    /// Run and name of the embeddings that meet the conditions on runs and tags.
    fn embedding_names(
        &self,
        py: Python<'_>,
        filter: FilterArg,
    ) -> PyResult<Vec<(String, String)>> {
        let selection = filter.into_selection(py)?;
        detached(py, |_| self.0.embedding_names(&selection))
    }

    /// Takes in what changed: runs that are there, files that came or changed, bytes that came,
    /// files that were replaced or shortened, and files that are gone.
    fn refresh(&self, py: Python<'_>) -> PyResult<Changed> {
        let changes = detached(py, |go_on| self.0.refresh(go_on))?;
        let there = changes
            .runs
            .into_iter()
            .filter(|run| run.growth != Growth::Removed);
        Ok((
            there.map(|run| run.name).collect(),
            changes.files,
            changes.bytes,
            changes.replaced,
            changes.removed,
        ))
    }

    /// What could not be listed and was not told yet: how many, path and reason of the first.
    fn unlisted_news(&self) -> Option<(usize, PathBuf, String)> {
        let (count, first) = self.0.unlisted_news()?;
        Some((count, first.path, first.reason))
    }

    /// Damage met by any scan, told once: places, bytes, and path, offset and reason of the first.
    fn news(&self) -> Option<(usize, u64, PathBuf, u64, String)> {
        let news = self.0.damage_summary()?;
        Some((
            news.places,
            news.bytes,
            news.path,
            news.first.offset,
            news.first.reason,
        ))
    }

    /// What casts made null since the last call: dtype, elements, tensors, and where the first is.
    fn nulled(&self) -> Option<(&'static str, u64, u64, String)> {
        let nulled = self.0.nulled()?;
        Some((nulled.dtype, nulled.elements, nulled.tensors, nulled.first))
    }

    /// Fails unless the file at `path` begins like an event file or holds a record somewhere.
    #[staticmethod]
    fn check(py: Python<'_>, path: PathBuf) -> PyResult<()> {
        match py.detach(|| tfevents::logdir::looks_like_event_file(&Local::default(), &path)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(PyValueError::new_err(format!(
                "path={:?} is no event file: no record was found in it",
                path.display().to_string()
            ))),
            Err(error) => Err(to_py(py, &error)),
        }
    }
}
