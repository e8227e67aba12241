//! The columns of the table of sessions, and their names.

use super::Session;
use super::metrics::{Last, Metric, Runs};
use crate::error::{Error, Result};
use crate::logdir::hparam_values::{numbers, typed};
use crate::logdir::unique_name;
use crate::table::keys::{dictionary, int32, int64, strings};
use crate::table::schema::dictionary as dictionary_type;
use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// One row for each session, under the run that it is shown as.
pub(super) fn table(
    sessions: &BTreeMap<usize, Session>,
    folded: &BTreeMap<usize, Vec<usize>>,
    metrics: &BTreeSet<Metric>,
    last: &Last,
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
            .map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::all_scalars_of;
    use super::*;
    use crate::logdir::hparam_values::Value;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int32Type};
    use std::collections::HashMap;

    fn runs(names: &[&str]) -> Runs {
        Runs::new(names.iter().copied())
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
        let metrics = all_scalars_of(&last, &folded, &runs);
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
