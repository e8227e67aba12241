//! `hparams`: one row a session, the union of all hyperparameters and metrics of all runs.
//!
//! A session is a run with a `session_start_info`. PyTorch writes it to a sub-run named by the
//! time; that is folded into the run it lies in. Metrics are the scalars an experiment declares,
//! or, if none does, all scalars of the session's runs; their last value counts.

use super::hparam_values::{Value, numbers, typed};
use super::rows::rows;
use super::scan::Resolved;
use super::{View, bug, unique_name};
use crate::error::Result;
use crate::event::kind::Kind;
use crate::filter::{Filter, Names};
use crate::proto::HParamsPluginData;
use crate::proto::hparams::{self as message, Data};
use crate::table::keys::{dictionary, int32, int64, strings};
use crate::table::schema::{TensorData, dictionary as dictionary_type};
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

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

/// A metric: the run below the session's it is logged in, and its tag.
type Metric = (String, String);

/// The table of sessions, read.
pub(super) fn hparams(view: View, filter: &Filter, go_on: GoOn<'_>) -> Result<Resolved> {
    // A session may be shown as another run than it lies in, so all runs are looked at.
    let view = view.of_all_runs();
    let runs = Runs::new(view.run_names());
    let (sessions, declared) = sessions(&view, filter, go_on)?;
    let last = last_values(&view, &declared, go_on)?;
    let mut folded: BTreeMap<usize, Vec<usize>> = BTreeMap::new(); // shown as, sessions in it
    for (&run, session) in &sessions {
        let shown = runs.parent(run).unwrap_or(run);
        let matches = |run: usize| filter.runs.matches(&runs.names[run]);
        if session.started.is_some() && (matches(shown) || matches(run)) {
            folded.entry(shown).or_default().push(run);
        }
    }
    let metrics = metrics(&declared, &last, &folded, &runs);
    let files: Vec<String> = view.paths().collect();
    let batch = table(&sessions, &folded, &metrics, &last, &runs, &files)?;
    let usual = batch.num_columns() - 2; // file and offset are returned when asked for
    Resolved::ready(&batch, usual, filter.columns.as_deref())
}

/// The sessions by number of run, and the metrics experiments declare.
fn sessions(
    view: &View,
    filter: &Filter,
    go_on: GoOn<'_>,
) -> Result<(BTreeMap<usize, Session>, BTreeSet<Metric>)> {
    let contents = Filter {
        columns: Some(
            ["run", "content", "file", "offset"]
                .map(String::from)
                .into(),
        ),
        runs: Names::All,
        tags: Names::All,
        plugin: None,
        ..filter.clone()
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

/// The last value of each scalar series that may be a metric.
fn last_values(
    view: &View,
    declared: &BTreeSet<Metric>,
    go_on: GoOn<'_>,
) -> Result<HashMap<(usize, String), f64>> {
    let tags = match declared.is_empty() {
        true => Names::All,
        false => Names::exactly(declared.iter().map(|(_, tag)| tag.as_str())),
    };
    let filter = Filter {
        tags,
        ..Filter::default()
    };
    let mut stream = rows(view.clone(), Kind::Scalars, filter, TensorData::Any)?.stream()?;
    let mut last = HashMap::new();
    while let Some(batch) = stream.next(go_on) {
        let batch = batch?;
        let run = batch.column(0).as_dictionary::<Int32Type>().keys();
        let tag = batch.column(1).as_dictionary::<Int32Type>();
        let names = tag.values().as_string::<i32>();
        let value = batch.column(4).as_primitive::<Float64Type>();
        let mut rows: HashMap<(i32, i32), usize> = HashMap::new();
        for row in 0..batch.num_rows() {
            rows.insert((run.value(row), tag.keys().value(row)), row);
        }
        for ((run, tag), row) in rows {
            last.insert(
                (run as usize, names.value(tag as usize).to_owned()),
                value.value(row),
            );
        }
    }
    Ok(last)
}

/// The runs by number and by name.
struct Runs {
    names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Runs {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let index = names.iter().cloned().zip(0..).collect();
        Self { names, index }
    }

    /// The run a session is shown as: PyTorch's sub-runs are named `str(time.time())`.
    fn parent(&self, run: usize) -> Option<usize> {
        let run = &self.names[run];
        let (above, name) = run.rsplit_once('/').unwrap_or((".", run));
        let (seconds, fraction) = name.split_once('.').unwrap_or((name, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let is_time = seconds.len() >= 10 && digits(seconds) && digits(fraction);
        is_time.then(|| self.index.get(above).copied()).flatten()
    }

    /// The runs in which the metrics of a session are looked for, the first one first: its own,
    /// and the run it is folded into, unless that has other sessions. Then nothing says which of
    /// them a value belongs to.
    fn places(&self, shown: usize, session: usize, members: &[usize], group: &str) -> Vec<usize> {
        let above = (members.len() == 1 && session != shown).then_some(shown);
        let places = [session].into_iter().chain(above);
        if group.is_empty() {
            return places.collect();
        }
        let below = |run: usize| match self.names[run].as_str() {
            "." => self.index.get(group).copied(),
            run => self.index.get(&format!("{run}/{group}")).copied(),
        };
        places.filter_map(below).collect()
    }
}

/// The metric columns, by group and tag.
fn metrics(
    declared: &BTreeSet<Metric>,
    last: &HashMap<(usize, String), f64>,
    folded: &BTreeMap<usize, Vec<usize>>,
    runs: &Runs,
) -> BTreeSet<Metric> {
    if !declared.is_empty() {
        return declared.clone();
    }
    let shown: BTreeSet<usize> = folded
        .iter()
        .flat_map(|(&shown, members)| {
            let places = |&session| runs.places(shown, session, members, "");
            members.iter().flat_map(places).collect::<Vec<_>>()
        })
        .collect();
    let own = last.keys().filter(|(run, _)| shown.contains(run));
    own.map(|(_, tag)| (String::new(), tag.clone())).collect()
}

fn table(
    sessions: &BTreeMap<usize, Session>,
    folded: &BTreeMap<usize, Vec<usize>>,
    metrics: &BTreeSet<Metric>,
    last: &HashMap<(usize, String), f64>,
    runs: &Runs,
    files: &[String],
) -> Result<RecordBatch> {
    // Several sessions folded into one run are one row each, all under that run's name.
    let rows: Vec<(usize, usize, &Session)> = folded
        .iter()
        .flat_map(|(&shown, members)| members.iter().map(move |&m| (shown, m)))
        .filter_map(|(shown, member)| Some((shown, member, sessions.get(&member)?)))
        .collect();
    let mut columns = Columns::default();
    let run = int32(rows.iter().map(|(shown, ..)| *shown as i32).collect());
    columns.push("run", false, dictionary(run, strings(&runs.names)));
    columns.push(
        "group",
        true,
        texts(rows.iter().map(|(.., s)| s.group.as_deref())),
    );
    columns.push("status", true, texts(rows.iter().map(|(.., s)| s.status)));
    columns.push(
        "start_time",
        true,
        numbers(rows.iter().map(|(.., s)| s.start_time)),
    );
    columns.push(
        "end_time",
        true,
        numbers(rows.iter().map(|(.., s)| s.end_time)),
    );
    let hparams: BTreeSet<&str> = rows
        .iter()
        .flat_map(|(.., s)| s.hparams.keys().map(String::as_str))
        .collect();
    let hparams: Vec<&str> = hparams.into_iter().collect();
    let shown = |(group, tag): &Metric| match group.as_str() {
        "" => tag.clone(),
        group => format!("{group}/{tag}"),
    };
    let shown: Vec<String> = metrics.iter().map(shown).collect();
    let (hparam_names, metric_names) = column_names(&hparams, &shown);
    for (hparam, name) in hparams.iter().zip(&hparam_names) {
        let values = rows.iter().map(|(.., s)| s.hparams.get(*hparam));
        columns.push(name, true, typed(values));
    }
    for ((group, tag), name) in metrics.iter().zip(&metric_names) {
        let values = rows.iter().map(|(shown, member, _)| {
            let members = folded.get(shown).map_or(&[][..], Vec::as_slice);
            runs.places(*shown, *member, members, group)
                .into_iter()
                .find_map(|run| last.get(&(run, tag.clone())).copied())
        });
        columns.push(name, true, numbers(values));
    }
    let at = |s: &Session| s.started.unwrap_or_default();
    let file = int32(rows.iter().map(|(.., s)| at(s).0).collect());
    columns.push("file", false, dictionary(file, strings(files)));
    columns.push(
        "offset",
        false,
        int64(rows.iter().map(|(.., s)| at(s).1).collect()),
    );
    columns.finish()
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut column = StringBuilder::new();
    values.for_each(|v| column.append_option(v));
    Arc::new(column.finish())
}

/// Names of the columns that every table has; `file` and `offset` are returned when asked for.
const OWN: [&str; 7] = [
    "run",
    "group",
    "status",
    "start_time",
    "end_time",
    "file",
    "offset",
];

/// The names of the columns of hyperparameters and metrics.
///
/// A name that is unique stands as it is. Of a hyperparameter and a metric of one name, or of one
/// that a column of every table has, the one becomes `hparam/<name>`, the other `metric/<name>`.
/// What is then still taken gets a number: `_2`, `_3`, …
fn column_names(hparams: &[&str], metrics: &[String]) -> (Vec<String>, Vec<String>) {
    let clean = |name: &str| name.replace('\0', "\u{FFFD}"); // it would end the name in Arrow's C interface
    let known: HashSet<String> = OWN.iter().map(|name| (*name).to_owned()).collect();
    let names: [Vec<String>; 2] = [
        hparams.iter().map(|n| clean(n)).collect(),
        metrics.iter().map(|n| clean(n)).collect(),
    ];
    let sets = [0, 1].map(|i: usize| names[i].iter().collect::<HashSet<_>>());
    let collides =
        |kind: usize, name: &String| known.contains(name) || sets[1 - kind].contains(name);
    // Names that stand as they are come first, so that no other takes them.
    let mut taken = known.clone();
    let mut found = [0, 1].map(|kind: usize| {
        let plain = |name: &String| {
            (!collides(kind, name) && taken.insert(name.clone())).then(|| name.clone())
        };
        names[kind]
            .iter()
            .map(plain)
            .collect::<Vec<Option<String>>>()
    });
    for (kind, prefix) in ["hparam", "metric"].into_iter().enumerate() {
        for (name, place) in names[kind].iter().zip(&mut found[kind]) {
            if place.is_none() {
                let name = match collides(kind, name) {
                    true => format!("{prefix}/{name}"),
                    false => name.clone(),
                };
                *place = Some(unique_name(&name, &mut taken));
            }
        }
    }
    let [hparams, metrics] = found.map(|all| all.into_iter().flatten().collect());
    (hparams, metrics)
}

/// Columns under construction.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn push(&mut self, name: &str, nullable: bool, array: ArrayRef) {
        let kind = match array.data_type() {
            DataType::Dictionary(..) => dictionary_type(),
            other => other.clone(),
        };
        self.fields.push(Field::new(name, kind, nullable));
        self.arrays.push(array);
    }

    fn finish(self) -> Result<RecordBatch> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .map_err(|e| bug(&e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(names: &[&str]) -> Runs {
        Runs::new(names.iter().copied())
    }

    #[test]
    fn a_sub_run_named_by_the_time_is_folded_into_the_run_above() {
        let runs = runs(&[
            ".",
            "a",
            "a/1700000000.25",
            "1700000001.5",
            "a/12.5",
            "b/1700000000",
        ]);
        assert_eq!(runs.parent(2), Some(1));
        assert_eq!(runs.parent(3), Some(0));
        assert_eq!(runs.parent(4), None); // no time
        assert_eq!(runs.parent(5), None); // nothing above to fold it into
        assert_eq!(runs.parent(1), None);
    }

    #[test]
    fn metrics_are_looked_for_in_the_session_first() {
        let runs = runs(&["a", "a/1700000000", "a/val", "a/1700000000/val", "."]);
        assert_eq!(runs.places(0, 1, &[1], ""), [1, 0]);
        assert_eq!(runs.places(0, 1, &[1], "val"), [3, 2]);
        assert_eq!(runs.places(4, 4, &[4], "a"), [0]);
        assert!(runs.places(0, 1, &[1], "test").is_empty());
    }

    #[test]
    fn a_metric_of_the_run_above_belongs_to_no_single_one_of_several_sessions() {
        let runs = runs(&["a", "a/1700000000", "a/1700000001"]);
        assert_eq!(runs.places(0, 1, &[1, 2], ""), [1]);
        assert_eq!(runs.places(0, 0, &[0, 1], ""), [0]);
    }

    fn session(hparams: &[(&str, Value)]) -> Session {
        let pairs = hparams.iter().map(|(n, v)| ((*n).to_owned(), v.clone()));
        Session {
            hparams: pairs.collect(),
            started: Some((0, 0)),
            ..Session::default()
        }
    }

    #[test]
    fn the_table_is_the_union_of_all_sessions() {
        let runs = runs(&["a", "a/1700000000", "b"]);
        let sessions = BTreeMap::from([
            (
                1,
                session(&[("lr", Value::Number(0.5)), ("run", Value::Bool(true))]),
            ),
            (
                2,
                session(&[
                    ("lr", Value::Number(1.0)),
                    ("opt", Value::Text("adam".into())),
                ]),
            ),
        ]);
        let folded = BTreeMap::from([(0, vec![1]), (2, vec![2])]);
        let last = HashMap::from([
            ((0, "loss".to_owned()), 9.0), // the session's own value comes first
            ((1, "loss".to_owned()), 1.0),
            ((2, "loss".to_owned()), 2.0),
            ((2, "lr".to_owned()), 3.0),
        ]);
        let metrics = metrics(&BTreeSet::new(), &last, &folded, &runs);
        let batch = table(
            &sessions,
            &folded,
            &metrics,
            &last,
            &runs,
            &["f".to_owned()],
        )
        .unwrap();
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(
            names,
            [
                "run",
                "group",
                "status",
                "start_time",
                "end_time",
                "hparam/lr",
                "opt",
                "hparam/run",
                "loss",
                "metric/lr",
                "file",
                "offset"
            ]
        );
        let run = batch.column(0).as_dictionary::<Int32Type>();
        assert_eq!(run.keys().values(), &[0, 2]); // under the name of the run folded into
        let loss = batch.column(8).as_primitive::<Float64Type>();
        assert_eq!(loss.values(), &[1.0, 2.0]);
        assert!(batch.column(6).is_null(0) && batch.column(7).is_null(1));
    }

    #[test]
    fn names_get_prefixes_only_where_they_collide() {
        let names = |hparams: &[&str], metrics: &[&str]| {
            let metrics: Vec<String> = metrics.iter().map(|m| (*m).to_owned()).collect();
            let (hparams, metrics) = column_names(hparams, &metrics);
            [hparams, metrics].concat()
        };
        assert_eq!(names(&["lr"], &["loss"]), ["lr", "loss"]);
        assert_eq!(names(&["lr"], &["lr"]), ["hparam/lr", "metric/lr"]);
        assert_eq!(
            names(&["status"], &["file"]),
            ["hparam/status", "metric/file"]
        );
        // A name that stands as it is is not taken by another one.
        assert_eq!(
            names(&["x"], &["hparam/x", "x"]),
            ["hparam/x_2", "hparam/x", "metric/x"]
        );
        assert_eq!(
            names(&["a\0", "a\u{FFFD}"], &[]),
            ["a\u{FFFD}", "a\u{FFFD}_2"]
        );
        // Metrics of several groups.
        assert_eq!(names(&[], &["a/b", "a/b"]), ["a/b", "a/b_2"]);
    }
}
