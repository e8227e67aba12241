//! What became of the files of a snapshot: listed and looked at, not read.

use super::changes::{Changes, Growth, RunChange};
use super::file::{FileEntry, LookAt};
use super::natural::natural;
use super::snapshot::{Catalog, FEW_FILES, Run, Snapshot};
use super::spread::{Spread, collect};
use crate::error::Result;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The files of a snapshot by their path.
type Known<'a> = HashMap<&'a Path, &'a Arc<FileEntry>>;

/// What became of a file.
enum Outcome {
    Same,
    Came(Arc<FileEntry>),
    /// How many bytes it had before.
    Grown(Arc<FileEntry>, u64),
    Replaced(Arc<FileEntry>),
    Gone,
}

impl Catalog {
    /// The files as of now, and how they differ from those `before`. What did not change is
    /// shared, down to the whole snapshot.
    ///
    /// # Errors
    /// If a named root cannot be listed, or the caller wants to stop.
    pub fn refresh(
        &self,
        before: &Arc<Snapshot>,
        spread: &mut dyn Spread,
    ) -> Result<(Arc<Snapshot>, Changes)> {
        let then = before.listing.as_ref();
        let listing = self.store.list(&self.roots, then, spread)?;
        let are_known = before.is_whole && then.is_some_and(|then| Arc::ptr_eq(then, &listing));
        let mut known = Known::new();
        let now = if are_known {
            Cow::Borrowed(&**before)
        } else {
            known.extend(before.files().map(|file| (&*file.path, file)));
            let mut now = Snapshot::of(listing, &self.store, |path| known.get(path).copied())?;
            keep_hidden(before, &mut now);
            Cow::Owned(now)
        };
        let files: Vec<_> = now.files().collect();
        let look = self.store.look_below(self.roots.common());
        let outcomes = collect(spread, files.len(), FEW_FILES, |i| {
            let file = files[i];
            let known = if are_known {
                Some(file)
            } else {
                known.get(&*file.path).copied()
            };
            outcome(file, known, &*look)
        })?;
        if are_known && outcomes.iter().all(|o| matches!(o, Outcome::Same)) {
            return Ok((Arc::clone(before), Changes::default()));
        }
        let (mut now, mut changes) = (now.into_owned(), Changes::default());
        now.apply(outcomes, &known, &mut changes);
        changes.compare(before, &now);
        Ok((Arc::new(now), changes))
    }
}

/// What became of a file that was listed. One that cannot be looked at remains what it was known
/// as, and a scan tells why it cannot be read.
fn outcome(listed: &Arc<FileEntry>, known: Option<&Arc<FileEntry>>, look: LookAt<'_>) -> Outcome {
    let Some(known) = known else {
        return match listed.now_by(look) {
            Ok(Some(now)) => Outcome::Came(Arc::new(now)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Gone,
            Ok(None) | Err(_) => Outcome::Came(Arc::clone(listed)),
        };
    };
    match known.now_as(listed, look) {
        Ok(Some(now)) if now.continues(known) => {
            Outcome::Grown(Arc::new(now), known.known_length())
        }
        Ok(Some(now)) => Outcome::Replaced(Arc::new(now)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Gone,
        Ok(None) | Err(_) => Outcome::Same,
    }
}

/// Files below what can be listed no more are still there, as far as anybody knows.
fn keep_hidden(before: &Snapshot, now: &mut Snapshot) {
    let (runs, unlisted) = (&mut now.runs, &now.unlisted);
    for run in before.runs.iter().filter(|_| !unlisted.is_empty()) {
        let is_hidden = |file: &&Arc<FileEntry>| {
            let mut unlisted = unlisted.iter();
            unlisted.any(|entry| file.path.starts_with(&entry.path))
        };
        let files: Vec<_> = run.files.iter().filter(is_hidden).cloned().collect();
        if files.is_empty() {
            continue;
        }
        let name = run.name.clone();
        match runs.iter_mut().find(|known| known.name == name) {
            Some(known) => known.files.extend(files),
            None => runs.push(Run { name, files }),
        }
    }
    runs.sort_by(|a, b| natural(&a.name, &b.name));
}

impl Snapshot {
    /// Takes in what became of each file, in order.
    fn apply(&mut self, outcomes: Vec<Outcome>, known: &Known<'_>, changes: &mut Changes) {
        let mut outcomes = outcomes.into_iter();
        let listed = self.files().count();
        for run in &mut self.runs {
            run.files.retain_mut(|file| {
                let (now, earlier) = match outcomes.next() {
                    None | Some(Outcome::Gone) => return false,
                    Some(Outcome::Same) => {
                        if let Some(known) = known.get(&*file.path) {
                            *file = Arc::clone(known);
                        }
                        return true;
                    }
                    Some(Outcome::Came(now)) => (now, 0),
                    Some(Outcome::Grown(now, earlier)) => (now, earlier),
                    Some(Outcome::Replaced(now)) => {
                        changes.replaced.push(file.path.clone());
                        (now, 0)
                    }
                };
                changes.files.push(now.path.clone());
                changes.bytes += now.known_length().saturating_sub(earlier);
                *file = now;
                true
            });
        }
        self.is_whole &= self.files().count() == listed;
        self.runs.retain(|run| !run.files.is_empty());
    }
}

impl Changes {
    /// Finds the runs that differ, and the files that are gone.
    fn compare(&mut self, before: &Snapshot, now: &Snapshot) {
        let earlier: HashMap<&str, &Run> = before.runs.iter().map(|r| (&*r.name, r)).collect();
        let there: Known<'_> = now.files().map(|file| (&*file.path, file)).collect();
        let gone = before.files().map(|file| &file.path);
        let gone = gone.filter(|path| !there.contains_key(path.as_path()));
        self.removed = gone.cloned().collect();
        for run in &now.runs {
            let growth = match earlier.get(&*run.name) {
                None => Growth::New,
                Some(before) if run.is_same(before) => continue,
                Some(before) => run.growth_since(before),
            };
            self.add(&run.name, growth);
        }
        let names: std::collections::HashSet<&str> = now.runs.iter().map(|r| &*r.name).collect();
        for run in before.runs.iter().filter(|run| !names.contains(&*run.name)) {
            self.add(&run.name, Growth::Removed);
        }
        self.runs.sort_by(|a, b| natural(&a.name, &b.name));
    }

    fn add(&mut self, name: &str, growth: Growth) {
        let name = name.to_owned();
        self.runs.push(RunChange { name, growth });
    }
}

impl Run {
    /// Whether the files and their states are the same.
    fn is_same(&self, before: &Self) -> bool {
        let pairs = self.files.iter().zip(&before.files);
        self.files.len() == before.files.len() && pairs.into_iter().all(|(a, b)| Arc::ptr_eq(a, b))
    }
}
