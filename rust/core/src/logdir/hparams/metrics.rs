//! Which metrics sessions have, where they are logged, and their last values.

use super::GoOn;
use crate::error::Result;
use crate::event::kind::Kind;
use crate::filter::{Filter, Names};
use crate::logdir::View;
use crate::logdir::rows::rows;
use crate::table::schema::TensorData;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A metric: the run below the session's it is logged in, and its tag.
pub(super) type Metric = (String, String);

/// The last value of the scalars, by number of run and tag.
pub(super) type Last = HashMap<(usize, String), f64>;

/// The last value of each scalar series that may be a metric, of the points in `filter`; of all
/// series if no experiment has declared some.
pub(super) fn last_values(
    view: &View,
    filter: &Filter,
    declared: Option<&BTreeSet<Metric>>,
    go_on: GoOn<'_>,
) -> Result<Last> {
    let filter = Filter {
        tags: match declared {
            None => filter.tags.clone(),
            Some(declared) => Names::exactly(declared.iter().map(|(_, tag)| tag.as_str())),
        },
        steps: filter.steps.clone(),
        wall_time: filter.wall_time,
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
pub(super) struct Runs {
    pub(super) names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Runs {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let index = names.iter().cloned().zip(0..).collect();
        Self { names, index }
    }

    /// The run a session is shown as: PyTorch's sub-runs are named `str(time.time())`.
    pub(super) fn parent(&self, run: usize) -> Option<usize> {
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
    pub(super) fn places(
        &self,
        shown: usize,
        session: usize,
        members: &[usize],
        group: &str,
    ) -> Vec<usize> {
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

/// All scalars of the runs of the sessions, as metrics without a group.
pub(super) fn all_scalars_of(
    last: &Last,
    folded: &BTreeMap<usize, Vec<usize>>,
    runs: &Runs,
) -> BTreeSet<Metric> {
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
}
