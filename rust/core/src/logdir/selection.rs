//! Which rows a scan returns: a filter, and tags that a function of the caller chooses.
//!
//! Globs and lists are matched as tags are met. A function (Python's regular expressions) is given
//! all tags at once instead, so they must be listed before; that is done when the scan is first
//! used.

use super::series;
use super::view::State;
use crate::error::Result;
use crate::filter::{Filter, Names};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Chooses among the tags of a log, sorted. It may be called with tags of runs that the filter
/// leaves out, too.
pub type Choose = Arc<dyn Fn(Vec<String>) -> Result<Vec<String>> + Send + Sync>;

/// A filter, and a function that chooses tags.
#[derive(Clone, Default)]
pub struct Selection {
    /// All other conditions.
    pub filter: Filter,
    /// Takes the place of the filter's `tags`.
    pub tags: Option<Choose>,
}

impl From<Filter> for Selection {
    fn from(filter: Filter) -> Self {
        Self { filter, tags: None }
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Selection");
        shown.field("filter", &self.filter);
        shown.field("tags", &self.tags.is_some()).finish()
    }
}

impl Selection {
    /// The filter with the tags that were chosen. Reads if there is a function to ask.
    pub(super) fn resolve(&self, state: &State, go_on: &mut dyn FnMut() -> bool) -> Result<Filter> {
        let mut filter = self.filter.clone();
        if let Some(choose) = &self.tags {
            let known = state.tags.of_runs(state, &filter, go_on)?;
            filter.tags = Names::exactly(choose(known)?);
        }
        Ok(filter)
    }
}

/// The tags of runs that were listed for a pattern, kept for the next one.
#[derive(Debug, Default)]
pub struct KnownTags(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    runs: HashSet<String>,
    tags: BTreeSet<String>,
}

impl KnownTags {
    /// The tags of the runs in `filter`, and perhaps of others. Only runs that were not listed
    /// before are read.
    fn of_runs(
        &self,
        state: &State,
        filter: &Filter,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<String>> {
        let runs = state.snapshot.runs.iter().map(|run| &run.name);
        let missing: HashSet<String> = {
            let listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = runs.filter(|r| filter.runs.matches(r) && !listed.runs.contains(*r));
            new.cloned().collect()
        };
        let mut found = HashSet::new();
        if !missing.is_empty() {
            let filter = Filter {
                runs: Names::exactly(missing.iter().cloned()),
                ..Filter::default()
            };
            found = series::tags(&state.view(&filter, go_on)?, filter, go_on)?;
        }
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed.runs.extend(missing);
        listed.tags.extend(found);
        Ok(listed.tags.iter().cloned().collect())
    }
}
