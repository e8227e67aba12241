//! Numbers the attempts of series while a log is followed: restarts as
//! [`restarts`](super::restarts) defines them, found as rows come.
//!
//! Files of a run may grow at the same time, so whether a step went back is judged within a file; a
//! file's first point of a series is held against the last one of all.

use super::restarts::{Series, Starts};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Files of a run that are told apart; those that were written to last.
const MOST_FILES: usize = 4;

/// An attempt: its number, and the step from which it supersedes earlier ones.
pub type Attempt = (i32, Option<i64>);

/// The attempts of all series.
#[derive(Debug, Default)]
pub struct Attempts {
    runs: HashMap<i32, Starts, FixedState>,
    series: HashMap<Series, SeriesAttempts, FixedState>,
}

/// The attempts of one series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesAttempts {
    number: i32,
    from: Option<i64>,
    /// Whether no point has come since the last restart.
    fresh: bool,
    /// Files and the last step in each, the latest last.
    files: Vec<(u32, i64)>,
    /// How many of its run's sessions it has restarted with.
    met: u64,
}

/// The attempts of the series of one run; `T` stands for a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAttempts<T> {
    starts: Starts,
    series: Vec<(T, SeriesAttempts)>,
}

impl<T> Default for RunAttempts<T> {
    fn default() -> Self {
        Self {
            starts: Starts::default(),
            series: Vec::new(),
        }
    }
}

impl<T> RunAttempts<T> {
    /// The same with other names for the tags; `None` if one has none.
    pub fn map<U>(&self, name: impl Fn(&T) -> Option<U>) -> Option<RunAttempts<U>> {
        let series = self.series.iter();
        let series = series.map(|(tag, of)| Some((name(tag)?, of.clone())));
        Some(RunAttempts {
            starts: self.starts.clone(),
            series: series.collect::<Option<_>>()?,
        })
    }

    /// The tags.
    pub fn tags(&self) -> impl Iterator<Item = &T> {
        self.series.iter().map(|(tag, _)| tag)
    }
}

impl SeriesAttempts {
    fn restart(&mut self, step: i64, times: u64) {
        let times = i32::try_from(times).unwrap_or(i32::MAX);
        self.number = self.number.saturating_add(times);
        let before = self.from.filter(|_| self.fresh);
        self.from = Some(before.map_or(step, |before| before.min(step)));
        self.fresh = true;
    }

    /// Takes in the sessions that started since its last point.
    fn catch_up(&mut self, starts: &Starts) {
        let Some(step) = starts.lowest_from(self.met) else {
            return;
        };
        self.restart(step, starts.count() - self.met);
        self.met = starts.count();
        for (_, last) in &mut self.files {
            *last = (*last).min(step.saturating_sub(1));
        }
    }

    fn point(&mut self, file: u32, step: i64) {
        let known = self.files.iter().position(|(of, _)| *of == file);
        let before = known.or(self.files.len().checked_sub(1));
        if before.is_some_and(|at| step < self.files[at].1) {
            self.restart(step, 1);
        }
        self.fresh = false;
        if known != Some(self.files.len().wrapping_sub(1)) {
            if let Some(at) = known {
                self.files.remove(at);
            } else if self.files.len() == MOST_FILES {
                self.files.remove(0);
            }
            self.files.push((file, step));
        } else if let Some((_, last)) = self.files.last_mut() {
            *last = step;
        }
    }
}

impl Attempts {
    /// The next point of a series, in `file`.
    pub fn point(&mut self, series: Series, file: u32, step: i64) -> Attempt {
        let starts = match self.runs.is_empty() {
            true => None,
            false => self.runs.get(&series.0),
        };
        let known = self.series.entry(series).or_insert_with(|| SeriesAttempts {
            met: starts.map_or(0, Starts::count),
            ..SeriesAttempts::default()
        });
        if let Some(starts) = starts {
            known.catch_up(starts);
        }
        known.point(file, step);
        (known.number, known.from)
    }

    /// A session of `run` starts at `step`: all its series take up again there.
    pub fn start(&mut self, run: i32, step: i64) {
        self.runs.entry(run).or_default().add(step);
    }

    /// What is known of the series of each run; `name` is a tag's name by its number.
    pub fn runs(&self, name: impl Fn(i32) -> String) -> HashMap<i32, RunAttempts<String>> {
        let mut runs: HashMap<i32, RunAttempts<String>> = HashMap::new();
        for (run, starts) in &self.runs {
            runs.entry(*run).or_default().starts = starts.clone();
        }
        for ((run, tag), known) in &self.series {
            let of_run = &mut runs.entry(*run).or_default().series;
            of_run.push((name(*tag), known.clone()));
        }
        for run in runs.values_mut() {
            run.series.sort_by(|a, b| a.0.cmp(&b.0));
        }
        runs
    }

    /// Puts back what [`runs`](Self::runs) gave for `run`; `number` is a tag's number by its name.
    pub fn restore(
        &mut self,
        run: i32,
        known: &RunAttempts<String>,
        mut number: impl FnMut(&str) -> i32,
    ) {
        if known.starts != Starts::default() {
            self.runs.insert(run, known.starts.clone());
        }
        for (tag, of) in &known.series {
            self.series.insert((run, number(tag)), of.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::restarts::Restarts;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_that_grow_at_the_same_time_do_not_restart_one_another() {
        let mut attempts = Attempts::default();
        let series = (0, 0);
        for step in 0..10 {
            assert_eq!(attempts.point(series, 0, step), (0, None));
        }
        assert_eq!(attempts.point(series, 1, 5), (1, Some(5)));
        assert_eq!(attempts.point(series, 0, 10), (1, Some(5)));
        assert_eq!(attempts.point(series, 1, 6), (1, Some(5)));
        assert_eq!(attempts.point(series, 1, 2), (2, Some(2)));
    }

    proptest! {
        #[test]
        fn of_files_one_after_the_other_they_are_those_of_a_scan(
            moments in prop::collection::vec((0u8..5, 0i32..3, 0i64..8), 0..60),
            cut in 0usize..60,
        ) {
            let (mut live, mut scan) = (Attempts::default(), Restarts::default());
            for (i, (what, tag, step)) in moments.into_iter().enumerate() {
                if i == cut {
                    // As through a cursor.
                    let known = live.runs(|tag| tag.to_string());
                    live = Attempts::default();
                    for (run, of_run) in known {
                        live.restore(run, &of_run, |tag| tag.parse().unwrap());
                    }
                }
                if what == 0 {
                    live.start(0, step);
                    scan.start(0, step);
                } else {
                    let found = live.point((0, tag), i as u32 / 9, step);
                    prop_assert_eq!(found, scan.point((0, tag), step));
                }
            }
        }
    }
}
