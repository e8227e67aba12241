//! What a scan returns: the conditions on run, tag, step, wall time and plugin.
//!
//! A tag is tested once for each distinct tag, a step or a wall time with two comparisons, and all
//! of it before a payload is decoded.

use crate::error::{Error, Result};
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::sync::Arc;

/// A condition on a name.
#[derive(Debug, Clone, Default)]
pub enum Names {
    /// Every name.
    #[default]
    All,
    /// The names that meet one of several conditions; shared, for a scan has several copies.
    Any(Arc<AnyName>),
    /// The names that meet a condition and lie in one of several ranges.
    Within(Arc<Within>),
}

/// Names, and globs.
#[derive(Debug, Default)]
pub struct AnyName {
    equal: HashSet<String, FixedState>,
    globs: Vec<glob::Pattern>,
}

/// A condition, and ranges of names in the order of their bytes.
#[derive(Debug)]
pub struct Within {
    names: Names,
    /// Where a range begins, and where it ends, and where the next begins.
    boundaries: Vec<String>,
}

impl Names {
    /// The names of these that lie in a range: from the first of `boundaries` to before the second,
    /// from the third to before the fourth, and so on; the last has no end if none is given.
    /// `boundaries` ascend.
    pub fn within(self, boundaries: Vec<String>) -> Self {
        let names = self;
        Self::Within(Arc::new(Within { names, boundaries }))
    }

    /// Names that equal one of `given`, or that match one of them as a glob; `*` matches `/`, too.
    /// What is no valid glob matches the equal name only.
    pub fn matching<S: Into<String>>(given: impl IntoIterator<Item = S>) -> Self {
        let mut globs = Vec::new();
        let equal = given.into_iter().map(Into::into);
        let equal = equal.inspect(|text: &String| globs.extend(glob(text)));
        let equal = equal.collect();
        Self::Any(Arc::new(AnyName { equal, globs }))
    }

    /// Exactly the names `given`.
    pub fn exactly<S: Into<String>>(given: impl IntoIterator<Item = S>) -> Self {
        let equal = given.into_iter().map(Into::into).collect();
        let globs = Vec::new();
        Self::Any(Arc::new(AnyName { equal, globs }))
    }

    /// Whether `name` meets the condition.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Any(any) => {
                any.equal.contains(name) || any.globs.iter().any(|glob| glob.matches(name))
            }
            Self::Within(within) => {
                let passed = within.boundaries.partition_point(|b| b.as_str() <= name);
                passed % 2 == 1 && within.names.matches(name)
            }
        }
    }
}

/// `text` as a glob; `None` if it can match nothing but itself.
fn glob(text: &str) -> Option<glob::Pattern> {
    if !text.contains(['*', '?', '[']) {
        return None;
    }
    // Beside anything but a slash, the glob crate takes one star only.
    let single_stars = || {
        let mut last = ' ';
        let is_new = |c: &char| !(std::mem::replace(&mut last, *c) == '*' && *c == '*');
        let text: String = text.chars().filter(is_new).collect();
        glob::Pattern::new(&text)
    };
    glob::Pattern::new(text).or_else(|_| single_stars()).ok()
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
        let names = Names::matching(["loss/*"]);
        assert!(names.matches("loss/train/x"));
        assert!(!names.matches("lossy"));
    }

    #[test]
    fn a_name_matches_itself_whatever_it_holds() {
        for name in [
            "lr=[0.1, 0.2]",
            "acc[top1]",
            "a[",
            "a**b",
            "***",
            "[!]",
            "a\nb",
            "'\"",
            "",
        ] {
            assert!(Names::matching([name]).matches(name), "{name}");
            assert!(Names::exactly([name]).matches(name), "{name}");
        }
        assert!(!Names::exactly(["a*"]).matches("ab"));
        assert!(!Names::matching(["a["]).matches("ab"));
    }

    #[test]
    fn names_lie_from_a_boundary_to_before_the_next() {
        let names = Names::matching(["*s*"]).within(["a", "loss", "s"].map(String::from).into());
        for (name, expected) in [
            ("as", true),
            ("a", false),
            ("loss", false),
            ("ns", false),
            ("s", true),
            ("zs", true),
            ("z", false),
            ("", false),
        ] {
            assert_eq!(names.matches(name), expected, "{name}");
        }
        assert!(!Names::All.within(Vec::new()).matches(""));
        assert!(Names::All.within(vec![String::new()]).matches(""));
    }

    #[test]
    fn several_stars_are_one() {
        for glob in ["loss**", "lo***s*", "**ss/**", "loss/**"] {
            assert!(Names::matching([glob]).matches("loss/train"), "{glob}");
        }
        assert!(!Names::matching(["x**"]).matches("loss"));
    }
}
