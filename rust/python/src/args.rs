//! Python arguments to the core's options.

use crate::error::to_py;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use tfevents::filter::{Filter, Names, Steps};
use tfevents::logdir::{
    Choose, FindRoots, LiveSelection, OnDamage, Options, Restarts, Root, Selection,
};

/// Names: equal to these or matching them as globs, or exactly these.
#[derive(FromPyObject)]
pub(crate) enum GivenArg {
    #[pyo3(transparent)]
    Matching(Vec<String>),
    Exactly {
        #[pyo3(item)]
        exactly: Vec<String>,
    },
}

/// A condition on names, which may have to lie between boundaries, too.
#[derive(FromPyObject)]
pub(crate) enum NamesArg {
    #[pyo3(transparent)]
    Given(GivenArg),
    Within {
        #[pyo3(item)]
        given: Option<GivenArg>,
        #[pyo3(item)]
        within: Vec<String>,
    },
}

/// A condition on tags: names, or a function that chooses among all of them.
#[derive(FromPyObject)]
pub(crate) enum TagsArg {
    #[pyo3(transparent)]
    Names(NamesArg),
    #[pyo3(transparent)]
    Choose(Py<PyAny>),
}

/// A condition on steps: `(start, stop, stride)` or a list.
#[derive(FromPyObject)]
pub(crate) enum StepsArg {
    #[pyo3(transparent)]
    Range((Option<i64>, Option<i64>, i64)),
    #[pyo3(transparent)]
    Exactly(Vec<i64>),
}

/// What a reader may be restricted to, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct FilterArg {
    runs: Option<NamesArg>,
    tags: Option<TagsArg>,
    steps: Option<StepsArg>,
    wall_time: Option<(f64, f64)>,
    plugin: Option<String>,
    columns: Option<Vec<String>>,
}

fn given(arg: Option<GivenArg>) -> Names {
    match arg {
        None => Names::All,
        Some(GivenArg::Matching(given)) => Names::matching(given),
        Some(GivenArg::Exactly { exactly }) => Names::exactly(exactly),
    }
}

pub(crate) fn names(arg: Option<NamesArg>) -> Names {
    match arg {
        None => Names::All,
        Some(NamesArg::Given(one)) => given(Some(one)),
        Some(NamesArg::Within { given: one, within }) => given(one).within(within),
    }
}

/// Calls `function` with the list of all tags; it returns those it chooses.
fn choose(function: Py<PyAny>) -> Choose {
    Arc::new(move |tags| {
        let chosen = Python::attach(|py| function.call1(py, (tags,))?.extract(py));
        chosen.map_err(tfevents::Error::caller)
    })
}

/// What is followed: functions choose among the names of runs and of tags as they are met.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct LiveArg {
    filter: FilterArg,
    choose_runs: Option<Py<PyAny>>,
    find_roots: Option<Py<PyAny>>,
}

fn find_roots(function: Py<PyAny>) -> FindRoots {
    Arc::new(move || {
        let found = Python::attach(|py| function.call0(py)?.extract::<Vec<_>>(py));
        let found = found.map_err(tfevents::Error::caller)?;
        Ok(found.into_iter().map(root).collect())
    })
}

impl LiveArg {
    pub(crate) fn into_selection(self, py: Python<'_>) -> PyResult<LiveSelection> {
        Ok(LiveSelection {
            selection: self.filter.into_selection(py)?,
            runs: self.choose_runs.map(choose),
            roots: self.find_roots.map(find_roots),
        })
    }
}

impl FilterArg {
    pub(crate) fn into_selection(self, py: Python<'_>) -> PyResult<Selection> {
        let (tags, function) = match self.tags {
            None => (None, None),
            Some(TagsArg::Names(names)) => (Some(names), None),
            Some(TagsArg::Choose(function)) => (None, Some(choose(function))),
        };
        let filter = move || {
            Ok(Filter {
                runs: names(self.runs),
                tags: names(tags),
                steps: match self.steps {
                    None => Steps::All,
                    Some(StepsArg::Range((start, stop, stride))) => {
                        Steps::range(start, stop, stride)?
                    }
                    Some(StepsArg::Exactly(steps)) => Steps::Exactly(steps.into_iter().collect()),
                },
                wall_time: self.wall_time,
                plugin: self.plugin,
                columns: self.columns,
            })
        };
        let filter = filter().map_err(|error| to_py(py, &error))?;
        Ok(Selection {
            filter,
            tags: function,
        })
    }
}

/// One of the places to look: `("directory" | "file" | "matched", name, path)`.
pub(crate) fn root((kind, name, path): (String, String, PathBuf)) -> Root {
    match kind.as_str() {
        "file" => Root::File { name, path },
        "matched" => Root::Matched { name, path },
        _ => Root::Directory { name, path },
    }
}

/// The arguments of `open` that say how to read: restarts, on_damage, checksum, mmap, threads,
/// missing_ok.
pub(crate) type OptionsArg = (String, String, bool, String, Option<i64>, bool);

pub(crate) fn options(how: OptionsArg) -> PyResult<Options> {
    let (restarts, on_damage, checksum, mmap, threads, missing_ok) = how;
    let one_of = |argument: &str, given: &str, allowed: &str| {
        PyValueError::new_err(format!("{argument}={given:?}; it is one of {allowed}"))
    };
    let usual = Options::default();
    Ok(Options {
        restarts: match &*restarts {
            "all" => Restarts::All,
            "last" => Restarts::Last,
            given => return Err(one_of("restarts", given, "\"all\", \"last\"")),
        },
        on_damage: match &*on_damage {
            "skip" => OnDamage::Skip,
            "raise" => OnDamage::Raise,
            given => return Err(one_of("on_damage", given, "\"skip\", \"raise\"")),
        },
        checksum,
        maps: match &*mmap {
            "auto" => true,
            "never" => false,
            given => return Err(one_of("mmap", given, "\"auto\", \"never\"")),
        },
        threads: match threads {
            Some(threads) => usize::try_from(threads)
                .ok()
                .filter(|n| *n > 0)
                .ok_or_else(|| {
                    PyValueError::new_err(format!("threads={threads}; it is at least 1"))
                })?,
            None => usual.threads,
        },
        missing_ok,
    })
}
