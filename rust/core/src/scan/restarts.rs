//! Restarts: where a series' step goes back, or a session starts, and what they supersede.
//!
//! A resumed training logs steps again that an earlier attempt had logged already. The earlier
//! points at or after the step where it resumed are what the resumed one replaced. One pass in
//! order finds the restarts of each series; a point is kept if its step lies before the lowest
//! step at which any later restart of its series took up again. Only restarts are remembered, so
//! a second pass can stream.

use super::attempts::Attempt;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A series of a scan: number of its run, and a number of its own in there.
pub type Series = (i32, i32);

/// The restarts of every series.
#[derive(Debug, Default)]
pub struct Restarts {
    series: HashMap<Series, Found, FixedState>,
    starts: HashMap<i32, Starts, FixedState>,
}

#[derive(Debug, Default)]
struct Found {
    points: u64,
    last: Option<i64>,
    at: Vec<Restart>,
    /// How many of its run's sessions it has restarted with.
    met: u64,
}

/// The sessions of a run. A series takes them in at its next point, so that a session costs the
/// same however many series there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Starts {
    count: u64,
    /// The number of each session whose step is lower than that of every later one, and the step.
    lowest: Vec<(u64, i64)>,
}

impl Starts {
    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn add(&mut self, step: i64) {
        while self.lowest.pop_if(|(_, above)| *above >= step).is_some() {}
        self.lowest.push((self.count, step));
        self.count += 1;
    }

    /// The lowest step of the sessions from number `first` on.
    pub(super) fn lowest_from(&self, first: u64) -> Option<i64> {
        let at = self.lowest.partition_point(|(number, _)| *number < first);
        self.lowest.get(at).map(|(_, step)| *step)
    }
}

/// One restart of a series, or several without a point between them.
#[derive(Debug, Clone, Copy)]
struct Restart {
    /// Position of the first point after it.
    position: u64,
    /// The lowest step it took up again.
    step: i64,
    /// The lowest step that it or a later one took up again, once all are known.
    lowest: i64,
    /// How many there were by then.
    number: i32,
}

impl Found {
    fn number(&self) -> i32 {
        self.at.last().map_or(0, |restart| restart.number)
    }

    fn attempt(&self) -> Attempt {
        let last = self.at.last();
        last.map_or((0, None), |restart| (restart.number, Some(restart.step)))
    }

    /// `times` restarts, the lowest of them at `step`.
    fn restart(&mut self, step: i64, times: u64) {
        let times = i32::try_from(times).unwrap_or(i32::MAX);
        let number = self.number().saturating_add(times);
        match self.at.last_mut() {
            Some(last) if last.position == self.points => {
                last.step = last.step.min(step);
                last.number = number;
            }
            _ => self.at.push(Restart {
                position: self.points,
                step,
                lowest: step,
                number,
            }),
        }
    }

    /// Takes in the sessions that started since its last point.
    fn catch_up(&mut self, starts: &Starts) {
        let Some(step) = starts.lowest_from(self.met) else {
            return;
        };
        self.restart(step, starts.count - self.met);
        self.met = starts.count;
        // What is kept ends before `step`; going back behind that is another restart.
        self.last = self.last.map(|last| last.min(step.saturating_sub(1)));
    }
}

impl Restarts {
    /// The next point of a series; the attempt it belongs to.
    pub fn point(&mut self, series: Series, step: i64) -> Attempt {
        let starts = match self.starts.is_empty() {
            true => None,
            false => self.starts.get(&series.0),
        };
        let found = self.series.entry(series).or_insert_with(|| Found {
            met: starts.map_or(0, |starts| starts.count),
            ..Found::default()
        });
        if let Some(starts) = starts {
            found.catch_up(starts);
        }
        if found.last.is_some_and(|last| step < last) {
            found.restart(step, 1);
        }
        found.last = Some(step);
        found.points += 1;
        found.attempt()
    }

    /// A session of `run` starts at `step`: all its series take up again there.
    pub fn start(&mut self, run: i32, step: i64) {
        self.starts.entry(run).or_default().add(step);
    }

    /// What is kept, for a second pass.
    pub fn cuts(mut self) -> RestartFilter {
        for ((run, _), found) in &mut self.series {
            if let Some(starts) = self.starts.get(run) {
                found.catch_up(starts);
            }
        }
        let cut = |mut found: Found| {
            let mut lowest = i64::MAX;
            for restart in found.at.iter_mut().rev() {
                lowest = lowest.min(restart.step);
                restart.lowest = lowest;
            }
            Cut {
                cuts: found.at,
                position: 0,
                passed: 0,
            }
        };
        let series = self.series.into_iter().filter(|(_, f)| !f.at.is_empty());
        RestartFilter {
            series: series.map(|(key, found)| (key, cut(found))).collect(),
        }
    }
}

/// Which points are superseded by later ones.
#[derive(Debug, Default, Clone)]
pub struct RestartFilter {
    series: HashMap<Series, Cut, FixedState>,
}

#[derive(Debug, Clone)]
struct Cut {
    cuts: Vec<Restart>,
    position: u64,
    /// How many of `cuts` lie behind.
    passed: usize,
}

impl RestartFilter {
    /// The next point of a series: whether it is kept, and its attempt.
    pub fn point(&mut self, series: Series, step: i64) -> (bool, Attempt) {
        let Some(cut) = self.series.get_mut(&series) else {
            return (true, (0, None));
        };
        let ahead = &cut.cuts[cut.passed..];
        let met = ahead.iter().take_while(|c| c.position <= cut.position);
        cut.passed += met.count();
        cut.position += 1;
        let kept = cut.cuts.get(cut.passed).is_none_or(|c| step < c.lowest);
        let attempt = match cut.passed {
            0 => (0, None),
            passed => {
                let restart = cut.cuts[passed - 1];
                (restart.number, Some(restart.step))
            }
        };
        (kept, attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(steps: &[i64]) -> Vec<(i64, i32)> {
        let mut restarts = Restarts::default();
        for &step in steps {
            restarts.point((0, 0), step);
        }
        let mut cuts = restarts.cuts();
        let point = |&step: &i64| match cuts.point((0, 0), step) {
            (true, (attempt, _)) => Some((step, attempt)),
            _ => None,
        };
        steps.iter().filter_map(point).collect()
    }

    #[test]
    fn earlier_points_give_way_where_the_step_goes_back() {
        assert_eq!(kept(&[1, 2, 3, 4, 2, 3]), [(1, 0), (2, 1), (3, 1)]);
        assert_eq!(kept(&[5, 6, 7, 3, 8, 1, 2]), [(1, 2), (2, 2)]);
    }

    #[test]
    fn equal_steps_are_no_restart() {
        assert_eq!(kept(&[1, 1, 2, 2]), [(1, 0), (1, 0), (2, 0), (2, 0)]);
    }

    #[test]
    fn a_session_start_cuts_every_series_of_its_run() {
        let mut restarts = Restarts::default();
        for step in 0..10 {
            restarts.point((0, 0), step);
            restarts.point((1, 0), step);
        }
        restarts.start(0, 5);
        for step in 5..8 {
            restarts.point((0, 0), step);
        }
        let mut cuts = restarts.cuts();
        let first: Vec<bool> = (0..10).map(|s| cuts.point((0, 0), s).0).collect();
        assert_eq!(
            first,
            [
                true, true, true, true, true, false, false, false, false, false
            ]
        );
        assert_eq!(cuts.point((0, 0), 5), (true, (1, Some(5))));
        assert!((0..10).all(|s| cuts.point((1, 0), s).0));
    }

    #[test]
    fn a_session_may_resume_behind_its_start() {
        let mut restarts = Restarts::default();
        for step in 0..10 {
            restarts.point((0, 0), step);
        }
        restarts.start(0, 5);
        for step in 3..6 {
            restarts.point((0, 0), step);
        }
        let mut cuts = restarts.cuts();
        let kept = (0..10).filter(|s| cuts.point((0, 0), *s).0).count();
        assert_eq!(kept, 3);
    }

    /// What happens to three series of one run.
    #[derive(Debug, Clone, Copy)]
    enum Moment {
        Point(i32, i64),
        Start(i64),
    }

    /// Attempt of each point, and whether it is kept, every session told to every series at once.
    fn one_by_one(moments: &[Moment]) -> Vec<(bool, i32)> {
        let mut points: Vec<(i32, i64, bool, i32)> = Vec::new();
        let mut state: HashMap<i32, (i64, i32)> = HashMap::new(); // last step, attempt
        let cut = |points: &mut Vec<(i32, i64, bool, i32)>, series: i32, from: i64| {
            for point in points.iter_mut().filter(|p| p.0 == series && p.1 >= from) {
                point.2 = false;
            }
        };
        for &moment in moments {
            match moment {
                Moment::Start(step) => {
                    for (&series, (last, attempt)) in &mut state {
                        cut(&mut points, series, step);
                        *last = (*last).min(step - 1);
                        *attempt += 1;
                    }
                }
                Moment::Point(series, step) => {
                    let (last, attempt) = state.entry(series).or_insert((i64::MIN, 0));
                    if step < *last {
                        cut(&mut points, series, step);
                        *attempt += 1;
                    }
                    *last = step;
                    points.push((series, step, true, *attempt));
                }
            }
        }
        points.into_iter().map(|p| (p.2, p.3)).collect()
    }

    fn moments() -> impl Strategy<Value = Vec<Moment>> {
        let point = (0i32..3, 0i64..8).prop_map(|(series, step)| Moment::Point(series, step));
        let start = (0i64..8).prop_map(Moment::Start);
        prop::collection::vec(prop_oneof![4 => point, 1 => start], 0..40)
    }

    proptest! {
        #[test]
        fn sessions_taken_in_late_equal_sessions_told_at_once(moments in moments()) {
            let (mut all, mut first) = (Restarts::default(), Vec::new());
            for &moment in &moments {
                match moment {
                    Moment::Start(step) => all.start(0, step),
                    Moment::Point(series, step) => first.push(all.point((0, series), step)),
                }
            }
            let mut cuts = all.cuts();
            let mut got = Vec::new();
            for &moment in &moments {
                if let Moment::Point(series, step) = moment {
                    got.push(cuts.point((0, series), step));
                }
            }
            let attempts: Vec<Attempt> = got.iter().map(|(_, attempt)| *attempt).collect();
            prop_assert_eq!(&attempts, &first);
            let got: Vec<_> = got.iter().map(|(kept, (number, _))| (*kept, *number)).collect();
            prop_assert_eq!(got, one_by_one(&moments));
        }

        #[test]
        fn equals_removing_points_one_restart_at_a_time(steps in prop::collection::vec(0i64..8, 0..40)) {
            let mut naive: Vec<i64> = Vec::new();
            let mut last = i64::MIN;
            for &step in &steps {
                if step < last {
                    naive.retain(|s| *s < step);
                }
                naive.push(step);
                last = step;
            }
            let got: Vec<i64> = kept(&steps).into_iter().map(|(s, _)| s).collect();
            prop_assert_eq!(got, naive);
        }
    }
}
