//! Restarts: where a series' step goes back, or a session starts, and what gives way.
//!
//! A resumed training logs steps again that an earlier attempt had logged already. The earlier
//! points at or after the step where it resumed are what the resumed one replaced. One pass in
//! order finds the restarts of each series; a point is kept if its step lies before the lowest
//! step at which any later restart of its series took up again. Only restarts are remembered, so
//! a second pass can stream.

use std::collections::HashMap;

/// A series of a scan: numbers of run and tag.
pub type Series = (i32, i32);

/// The restarts of every series.
#[derive(Debug, Default)]
pub struct Restarts {
    series: HashMap<Series, Found>,
}

#[derive(Debug, Default)]
struct Found {
    points: u64,
    last: Option<i64>,
    at: Vec<Restart>,
}

/// One restart of a series, or several without a point between them.
#[derive(Debug, Clone, Copy)]
struct Restart {
    /// Position of the first point after it.
    position: u64,
    /// The lowest step it took up again.
    step: i64,
    /// How many there were by then.
    number: i32,
}

impl Found {
    fn number(&self) -> i32 {
        self.at.last().map_or(0, |restart| restart.number)
    }

    fn restart(&mut self, step: i64) {
        let number = self.number().saturating_add(1);
        match self.at.last_mut() {
            Some(last) if last.position == self.points => {
                last.step = last.step.min(step);
                last.number = number;
            }
            _ => self.at.push(Restart {
                position: self.points,
                step,
                number,
            }),
        }
    }

    fn start(&mut self, step: i64) {
        self.restart(step);
        // What is kept ends before `step`; going back behind that is another restart.
        self.last = self.last.map(|last| last.min(step.saturating_sub(1)));
    }
}

impl Restarts {
    /// The next point of a series; how many restarts it has had by now.
    pub fn point(&mut self, series: Series, step: i64) -> i32 {
        let found = self.series.entry(series).or_default();
        if found.last.is_some_and(|last| step < last) {
            found.restart(step);
        }
        found.last = Some(step);
        found.points += 1;
        found.number()
    }

    /// A session of `run` starts at `step`: all its series take up again there.
    pub fn start(&mut self, run: i32, step: i64) {
        for (_, found) in self.series.iter_mut().filter(|((r, _), _)| *r == run) {
            found.start(step);
        }
    }

    /// A session of the run of `series` starts at `step`.
    pub fn start_series(&mut self, series: Series, step: i64) {
        if let Some(found) = self.series.get_mut(&series) {
            found.start(step);
        }
    }

    /// What is kept, for a second pass.
    pub fn cuts(self) -> Cuts {
        let cut = |mut found: Found| {
            let mut lowest = i64::MAX;
            for restart in found.at.iter_mut().rev() {
                lowest = lowest.min(restart.step);
                restart.step = lowest;
            }
            Cut {
                cuts: found.at,
                position: 0,
                passed: 0,
            }
        };
        let series = self.series.into_iter().filter(|(_, f)| !f.at.is_empty());
        Cuts {
            series: series.map(|(key, found)| (key, cut(found))).collect(),
        }
    }
}

/// Which points give way to later ones.
#[derive(Debug, Default, Clone)]
pub struct Cuts {
    series: HashMap<Series, Cut>,
}

#[derive(Debug, Clone)]
struct Cut {
    /// The step of each is the lowest at which it or a later one took up again.
    cuts: Vec<Restart>,
    position: u64,
    /// How many of `cuts` lie behind.
    passed: usize,
}

impl Cuts {
    /// The next point of a series: whether it is kept, and the number of its attempt.
    pub fn point(&mut self, series: Series, step: i64) -> (bool, i32) {
        let Some(cut) = self.series.get_mut(&series) else {
            return (true, 0);
        };
        let ahead = &cut.cuts[cut.passed..];
        let met = ahead.iter().take_while(|c| c.position <= cut.position);
        cut.passed += met.count();
        cut.position += 1;
        let kept = cut.cuts.get(cut.passed).is_none_or(|c| step < c.step);
        let number = match cut.passed {
            0 => 0,
            passed => cut.cuts[passed - 1].number,
        };
        (kept, number)
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
            (true, attempt) => Some((step, attempt)),
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
        assert_eq!(cuts.point((0, 0), 5), (true, 1));
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

    proptest! {
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
