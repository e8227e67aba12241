//! What a scan returns: the conditions on run, tag, step, wall time and plugin.
//!
//! A tag is tested once for each distinct tag, a step or a wall time with two comparisons, and all
//! of it before a payload is decoded.

use crate::error::{Error, Result};
use std::collections::HashSet;

/// A condition on a name.
#[derive(Debug, Clone, Default)]
pub enum Names {
    /// Every name.
    #[default]
    All,
    /// Names that match one of the globs; `*` matches `/`, too.
    Globs(Vec<glob::Pattern>),
    /// Exactly these names.
    Exactly(HashSet<String>),
}

impl Names {
    /// The condition that one of `globs` matches; `argument` is named in the error.
    pub fn globs<S: AsRef<str>>(globs: &[S], argument: &str) -> Result<Self> {
        let pattern = |glob: &S| {
            let glob = glob.as_ref();
            glob::Pattern::new(glob).map_err(|error| {
                Error::argument(format!("{argument}={glob:?} is no valid glob: {error}"))
            })
        };
        Ok(Self::Globs(
            globs.iter().map(pattern).collect::<Result<_>>()?,
        ))
    }

    /// Whether `name` meets the condition.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Globs(patterns) => patterns.iter().any(|p| p.matches(name)),
            Self::Exactly(names) => names.contains(name),
        }
    }
}

/// A condition on the step.
#[derive(Debug, Clone, Default)]
pub enum Steps {
    /// Every step.
    #[default]
    All,
    /// `start <= step < stop`, every `stride`-th counted from `start` (from 0 without a start).
    Range {
        /// The first step.
        start: Option<i64>,
        /// One past the last.
        stop: Option<i64>,
        /// At least 1.
        stride: u64,
    },
    /// Exactly these steps.
    Exactly(HashSet<i64>),
}

impl Steps {
    /// The condition of a Python slice or range, with steps as values, not positions.
    pub fn range(start: Option<i64>, stop: Option<i64>, stride: i64) -> Result<Self> {
        let Ok(stride @ 1..) = u64::try_from(stride) else {
            return Err(Error::argument(format!(
                "steps has stride {stride}; a stride is at least 1"
            )));
        };
        if let (Some(start), Some(stop)) = (start, stop)
            && start > stop
        {
            return Err(Error::argument(format!(
                "steps runs backwards, from {start} to {stop}; the first must not be greater"
            )));
        }
        Ok(Self::Range {
            start,
            stop,
            stride,
        })
    }

    /// Whether `step` meets the condition.
    #[inline(always)]
    pub fn matches(&self, step: i64) -> bool {
        match self {
            Self::All => true,
            Self::Range {
                start,
                stop,
                stride,
            } => {
                start.is_none_or(|start| step >= start)
                    && stop.is_none_or(|stop| step < stop)
                    && (*stride == 1
                        || (i128::from(step) - i128::from(start.unwrap_or(0)))
                            .rem_euclid(i128::from(*stride))
                            == 0)
            }
            Self::Exactly(steps) => steps.contains(&step),
        }
    }
}

/// Everything a scan may be restricted to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// On the run's name.
    pub runs: Names,
    /// On the tag.
    pub tags: Names,
    /// On the step.
    pub steps: Steps,
    /// `low <= wall_time <= high`.
    pub wall_time: Option<(f64, f64)>,
    /// The plugin, exactly.
    pub plugin: Option<String>,
    /// The columns to return, in this order; all of the kind's own without it.
    pub columns: Option<Vec<String>>,
}

impl Filter {
    /// Whether a point at this place in time is wanted.
    #[inline(always)]
    pub fn matches_time(&self, step: i64, wall_time: f64) -> bool {
        self.steps.matches(step)
            && self
                .wall_time
                .is_none_or(|(low, high)| wall_time >= low && wall_time <= high)
    }

    /// Whether every point in time is wanted.
    pub fn is_any_time(&self) -> bool {
        matches!(self.steps, Steps::All) && self.wall_time.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stride_counts_from_the_start() {
        let steps = Steps::range(Some(-5), Some(10), 4).unwrap();
        let kept: Vec<i64> = (-20..20).filter(|s| steps.matches(*s)).collect();
        assert_eq!(kept, [-5, -1, 3, 7]);
        assert!(
            Steps::range(Some(i64::MIN), None, 3)
                .unwrap()
                .matches(i64::MIN)
        );
        assert!(
            !Steps::range(Some(i64::MIN), None, 2)
                .unwrap()
                .matches(i64::MAX)
        );
    }

    #[test]
    fn a_reversed_range_or_stride_is_refused() {
        assert!(Steps::range(Some(2), Some(1), 1).is_err());
        assert!(Steps::range(None, None, 0).is_err());
        assert!(Steps::range(None, None, -1).is_err());
    }

    #[test]
    fn a_star_matches_slashes() {
        let names = Names::globs(&["loss/*"], "tags").unwrap();
        assert!(names.matches("loss/train/x"));
        assert!(!names.matches("lossy"));
        assert!(Names::globs(&["a[", "b"], "tags").is_err());
    }
}
