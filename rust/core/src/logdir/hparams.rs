//! `hparams`: one row a session, the union of all hyperparameters and metrics of all runs.
//!
//! A session is a run with a `session_start_info`. PyTorch writes it to a sub-run named by the
//! time; that is folded into the run it lies in. Metrics are the scalars an experiment declares,
//! or, if none does, all scalars of the session's runs; their last value counts. A filter on runs
//! chooses sessions; those on tags, steps and wall times choose metrics and their points.

use super::View;
use super::hparam_values::Value;
use super::rows::rows;
use super::scan::Resolved;
use crate::error::Result;
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::proto::HParamsPluginData;
use crate::proto::hparams::{self as message, Data};
use crate::table::schema::TensorData;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use columns::table;
use metrics::{Metric, Runs, all_scalars_of, last_values};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

mod columns;
mod metrics;

type GoOn<'a> = &'a mut dyn FnMut() -> bool;

#[derive(Debug, Default)]
struct Session {
    group: Option<String>,
    status: Option<&'static str>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    hparams: BTreeMap<String, Value>,
    /// Number of the file and offset of the record that began it.
    started: Option<(i32, i64)>,
}

/// The table of sessions, read. A session may be shown as another run than it lies in, so `view` is
/// of all runs.
pub(super) fn hparams(view: View, filter: &Filter, go_on: GoOn<'_>) -> Result<Resolved> {
    let runs = Runs::new(view.run_names());
    let (sessions, mut declared) = sessions(&view, go_on)?;
    let all_scalars = declared.is_empty();
    declared.retain(|(_, tag)| filter.tags.matches(tag));
    let wanted = (!all_scalars).then_some(&declared);
    let last = last_values(&view, filter, wanted, go_on)?;
    let mut folded: BTreeMap<usize, Vec<usize>> = BTreeMap::new(); // shown as, sessions in it
    for (&run, session) in &sessions {
        let shown = runs.parent(run).unwrap_or(run);
        let matches = |run: usize| filter.runs.matches(&runs.names[run]);
        if session.started.is_some() && (matches(shown) || matches(run)) {
            folded.entry(shown).or_default().push(run);
        }
    }
    let metrics = match wanted {
        Some(declared) => declared.clone(),
        None => all_scalars_of(&last, &folded, &runs),
    };
    let files: Vec<String> = view.paths().collect();
    let batch = table(&sessions, &folded, &metrics, &last, &runs, &files)?;
    let usual = batch.num_columns() - 2; // file and offset are returned when asked for
    Resolved::ready(&batch, usual, filter.columns.as_deref())
}

/// The sessions by number of run, and the metrics experiments declare.
fn sessions(view: &View, go_on: GoOn<'_>) -> Result<(BTreeMap<usize, Session>, BTreeSet<Metric>)> {
    let contents = Filter {
        columns: Some(
            ["run", "content", "file", "offset"]
                .map(String::from)
                .into(),
        ),
        ..Filter::default()
    };
    let mut stream = rows(view.clone(), Kind::HParams, contents, TensorData::Any)?.stream()?;
    let mut sessions: BTreeMap<usize, Session> = BTreeMap::new();
    let mut declared = BTreeSet::new();
    while let Some(batch) = stream.next(go_on) {
        let batch = batch?;
        let run = batch.column(0).as_dictionary::<Int32Type>().keys();
        let content = batch.column(1).as_binary::<i32>();
        let file = batch.column(2).as_dictionary::<Int32Type>().keys();
        let offset = batch.column(3).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let Ok(message) = HParamsPluginData::decode(content.value(row)) else {
                continue; // what does not decode makes no row
            };
            let session = sessions.entry(run.value(row) as usize).or_default();
            match message.data {
                Some(Data::Experiment(experiment)) => {
                    let names = experiment.metric_infos.into_iter().filter_map(|m| m.name);
                    declared.extend(names.map(|n| (n.group, n.tag)));
                }
                Some(Data::SessionStartInfo(info)) => {
                    session.begin(info, (file.value(row), offset.value(row)));
                }
                Some(Data::SessionEndInfo(info)) => {
                    session.status = status(info.status);
                    session.end_time = Some(info.end_time_secs).filter(|t| *t != 0.0);
                }
                None => {}
            }
        }
    }
    Ok((sessions, declared))
}

impl Session {
    fn begin(&mut self, info: message::SessionStartInfo, at: (i32, i64)) {
        self.started = Some(at);
        self.group = Some(info.group_name).filter(|g| !g.is_empty());
        self.start_time = Some(info.start_time_secs).filter(|t| *t != 0.0);
        let hparams = info.hparams.into_iter();
        self.hparams = hparams.map(|(n, value)| (n, value.into())).collect();
    }
}

fn status(number: i32) -> Option<&'static str> {
    match number {
        1 => Some("success"),
        2 => Some("failure"),
        3 => Some("running"),
        _ => None,
    }
}
