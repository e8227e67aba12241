//! What only dashboards read: layouts and hyperparameters.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tfevents::summary;
use tfevents::summary::hparams::{Hparam, Setting, Status};
use tfevents::summary::layout::{Category, Chart, Lines};

use super::{PyValue, value};

type ChartArgument = (String, bool, Vec<String>);

/// Layout value; a category is (title, [(title, is a margin chart, tags)]).
#[pyfunction]
pub fn layout_value(
    py: Python<'_>,
    categories: Vec<(String, Vec<ChartArgument>)>,
) -> PyResult<PyValue> {
    let chart = |(title, margin, tags): ChartArgument| {
        let lines = if margin {
            Lines::Margin(tags.try_into().map_err(|_| {
                PyValueError::new_err("tags of a margin chart must be three: value, lower, upper")
            })?)
        } else {
            Lines::Multiline(tags)
        };
        Ok(Chart { title, lines })
    };
    let categories = categories.into_iter().map(|(title, charts)| {
        let charts = charts.into_iter().map(chart).collect::<PyResult<_>>()?;
        Ok(Category { title, charts })
    });
    let categories: Vec<Category> = categories.collect::<PyResult<_>>()?;
    value(py, || summary::layout::layout(&categories))
}

/// A hyperparameter: true or false before numbers, numbers before texts.
#[derive(FromPyObject)]
pub enum SettingArgument {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// None: of no type a dashboard knows.
    Untyped(Option<bool>),
}

impl From<SettingArgument> for Setting {
    fn from(argument: SettingArgument) -> Self {
        match argument {
            SettingArgument::Bool(is) => Self::Bool(is),
            SettingArgument::Number(number) => Self::Number(number),
            SettingArgument::Text(text) => Self::Text(text),
            SettingArgument::Untyped(_) => Self::Untyped,
        }
    }
}

type HparamArgument = (String, SettingArgument, Option<Vec<SettingArgument>>);

fn hparams(arguments: Vec<HparamArgument>) -> Vec<Hparam> {
    let hparam = |(name, setting, domain): HparamArgument| Hparam {
        name,
        setting: setting.into(),
        domain: domain.map(|domain| domain.into_iter().map(Into::into).collect()),
    };
    arguments.into_iter().map(hparam).collect()
}

/// The value that declares hyperparameters, (name, setting, domain), and metrics.
#[pyfunction]
#[pyo3(signature = (settings, metrics, created=0.0))]
pub fn hparams_experiment_value(
    py: Python<'_>,
    settings: Vec<HparamArgument>,
    metrics: Vec<String>,
    created: f64,
) -> PyResult<PyValue> {
    let settings = hparams(settings);
    value(py, || {
        summary::hparams::experiment(&settings, &metrics, created)
    })
}

/// The value that starts a session.
#[pyfunction]
#[pyo3(signature = (settings, group="", started=0.0))]
pub fn hparams_start_value(
    py: Python<'_>,
    settings: Vec<HparamArgument>,
    group: &str,
    started: f64,
) -> PyResult<PyValue> {
    let settings = hparams(settings);
    value(py, || {
        summary::hparams::session_start(&settings, group, started)
    })
}

/// The value that ends a session well.
#[pyfunction]
#[pyo3(signature = (ended=0.0))]
pub fn hparams_end_value(py: Python<'_>, ended: f64) -> PyResult<PyValue> {
    value(py, || summary::hparams::session_end(Status::Success, ended))
}
