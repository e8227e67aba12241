//! Damage that scans have met, each place once.

use super::walk::Damage;
use crate::error::Error;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Damage met by any scan of a log directory, each place once.
#[derive(Debug, Clone, Default)]
pub struct Report(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    places: HashSet<(PathBuf, u64)>,
    first: Option<(PathBuf, Damage)>,
    bytes: u64,
    reported: bool,
    /// What could not be listed and was reported.
    unlisted: HashSet<PathBuf>,
}

/// So many places are told apart; a file that is damaged all over is summed up.
const MOST_PLACES: usize = 10_000;

/// What [`Report::summary`] says.
#[derive(Debug, Clone)]
pub struct DamageSummary {
    /// Places met so far.
    pub places: usize,
    /// Bytes skipped there.
    pub bytes: u64,
    /// The file of the first.
    pub path: PathBuf,
    /// The first.
    pub first: Damage,
}

impl Report {
    pub(super) fn add(&self, path: &Path, damage: &[Damage]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for damage in damage {
            if seen.places.len() < MOST_PLACES
                && seen.places.insert((path.to_owned(), damage.offset))
            {
                seen.bytes += damage.length;
                seen.first
                    .get_or_insert_with(|| (path.to_owned(), damage.clone()));
            }
        }
    }

    /// Takes note of a file that cannot be read as what it should be.
    pub(crate) fn add_unreadable(&self, path: &Path, length: u64, error: &Error) {
        let reason = error.reason();
        self.add(
            path,
            &[Damage {
                offset: 0,
                length,
                reason,
            }],
        );
    }

    /// Takes note that what stands at `path` is reported now; whether it had not been before.
    pub(crate) fn is_first_report(&self, path: &Path) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.unlisted.insert(path.to_owned())
    }

    /// A summary of the damage met so far: once, then `None`.
    pub fn summary(&self) -> Option<DamageSummary> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.reported {
            return None;
        }
        let (path, first) = seen.first.clone()?;
        seen.reported = true;
        Some(DamageSummary {
            places: seen.places.len(),
            bytes: seen.bytes,
            path,
            first,
        })
    }
}
