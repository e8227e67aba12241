//! Finds runs: every directory that directly holds a file whose name contains `tfevents`.
//!
//! The rule is TensorBoard's. Listing opens no file. What was named has to be there; what lies below
//! it, or was matched by a glob, is passed over where it cannot be listed, with the reason.

use super::natural::natural;
use super::store::{ListedFile, Listing, Store};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The files of each run, by name, runs and files in natural order. Two directories by one name
/// are an error.
pub(super) fn runs(listing: &Listing, store: &dyn Store) -> Result<Vec<(String, Vec<ListedFile>)>> {
    let mut found: BTreeMap<&str, Vec<ListedFile>> = BTreeMap::new();
    for directory in &listing.directories {
        let files = found.entry(&directory.run).or_default();
        files.extend(directory.files.iter().cloned());
    }
    let mut runs = Vec::with_capacity(found.len());
    for (name, mut files) in found {
        one_directory(name, &mut files, store)?;
        files.sort_by(|(a, _), (b, _)| natural(&a.to_string_lossy(), &b.to_string_lossy()));
        files.dedup_by(|(a, _), (b, _)| a == b);
        runs.push((name.to_owned(), files));
    }
    runs.sort_by(|(a, _), (b, _)| natural(a, b));
    Ok(runs)
}

/// Fails unless the files of a run lie in one directory. One that was named in two ways is one.
fn one_directory(name: &str, files: &mut [ListedFile], store: &dyn Store) -> Result<()> {
    let parent = |(path, _): &ListedFile| path.parent().unwrap_or(path).to_owned();
    let Some(first) = files.first().map(parent) else {
        return Ok(());
    };
    let Some(other) = files.iter().map(parent).find(|other| *other != first) else {
        return Ok(());
    };
    let real = store.resolve(&first).ok();
    let same = |file: &ListedFile| {
        let directory = parent(file);
        directory == first || real.is_some() && store.resolve(&directory).ok() == real
    };
    if !files.iter().all(same) {
        return Err(Error::argument(format!(
            "path: two directories are both run {name:?}, give one another name: {} and {}",
            first.display(),
            other.display()
        )));
    }
    for (path, _) in files {
        let file_name = path.file_name().unwrap_or_default();
        *path = first.join(Path::new(file_name));
    }
    Ok(())
}
