//! New files and new bytes.

use super::{LogDir, Options};
use crate::catalog::{FileEntry, Frontier, Run, Snapshot, natural};
use crate::error::{ErrorKind, Result};
use crate::pipeline::walk::{Part, Refusal, Visitor, Walk};
use crate::record::OVERHEAD;
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::source::{LocalFile, Source, Window};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a refresh found.
#[derive(Debug, Clone, Default)]
pub struct Refreshed {
    /// Whole, undamaged records that came since the last refresh.
    pub records: u64,
    /// Files that are others now, or shorter: their records count as new.
    pub replaced: Vec<PathBuf>,
}

impl LogDir {
    /// Lists the directories again and takes in what came. Costs a stat or two a file that did not
    /// change. A named root that cannot be listed leaves everything as it was.
    pub fn refresh(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Refreshed> {
        let before = self.snapshot();
        let (mut listed, _) = Snapshot::list(&self.roots)?;
        super::check(&listed, &self.options)?;
        keep_unlisted(&before, &mut listed);
        let known: HashMap<&PathBuf, &Arc<FileEntry>> = before
            .runs
            .iter()
            .flat_map(|run| &run.files)
            .map(|file| (&file.path, file))
            .collect();
        let mut found = Refreshed::default();
        for file in listed.runs.iter_mut().flat_map(|run| &mut run.files) {
            if !go_on() {
                return Err(crate::Error::interrupted());
            }
            let old = known.get(&file.path).copied();
            match update(old, file, &self.options, &mut found) {
                Ok(entry) => *file = entry,
                Err(error) if is_gone(&error) => {}
                // What was known of it remains; a scan tells why it cannot be read.
                Err(_) => *file = Arc::clone(old.unwrap_or(file)),
            }
        }
        self.current.set(without_gone(listed));
        Ok(found)
    }
}

fn is_gone(error: &crate::Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::NotFound)
}

/// Files below what can be listed no more are still there, as far as anybody knows.
fn keep_unlisted(before: &Snapshot, listed: &mut Snapshot) {
    let (runs, unlisted) = (&mut listed.runs, &listed.unlisted);
    for run in before.runs.iter().filter(|_| !unlisted.is_empty()) {
        let hidden = |file: &&Arc<FileEntry>| {
            let mut unlisted = unlisted.iter();
            unlisted.any(|entry| file.path.starts_with(&entry.path))
        };
        let files: Vec<_> = run.files.iter().filter(hidden).cloned().collect();
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

/// Files that vanished between listing and stat have no length.
fn without_gone(mut snapshot: Snapshot) -> Snapshot {
    for run in &mut snapshot.runs {
        run.files
            .retain(|file| !matches!(file.path.try_exists(), Ok(false)));
    }
    snapshot.runs.retain(|run: &Run| !run.files.is_empty());
    snapshot
}

fn update(
    old: Option<&Arc<FileEntry>>,
    new: &Arc<FileEntry>,
    options: &Options,
    found: &mut Refreshed,
) -> Result<Arc<FileEntry>> {
    let entry = old.unwrap_or(new);
    let Some((now, replaced)) = entry.change()? else {
        return Ok(Arc::clone(entry));
    };
    if replaced {
        found.replaced.push(entry.path.clone());
    }
    let fresh = replaced || old.is_none();
    let (from, known_length) = if fresh {
        (Frontier::default(), 0)
    } else {
        (entry.frontier(), entry.length())
    };
    let source = LocalFile::open(&entry.path, Some(now.length), false)
        .map_err(|error| crate::Error::io(error, &entry.path))?;
    let (frontier, came) = with_fastest(Count {
        source: &source,
        entry,
        from,
        known_length,
        checksum: options.checksum,
    })?;
    found.records += came;
    let base = if replaced { new } else { entry };
    Ok(Arc::new(base.grown(now, frontier)))
}

/// Counts whole records from a frontier on, and those among them that end beyond what was known.
struct Count<'a> {
    source: &'a LocalFile,
    entry: &'a FileEntry,
    from: Frontier,
    known_length: u64,
    checksum: bool,
}

struct Counter {
    known_length: u64,
    came: u64,
    checksum: bool,
}

impl Visitor for Counter {
    #[inline(always)]
    fn record<C: Crc>(
        &mut self,
        offset: u64,
        payload: &[u8],
        crc: MaskedCrc,
    ) -> Result<bool, Refusal> {
        if self.checksum && MaskedCrc::mask(C::crc32c(payload)) != crc {
            return Err(Refusal::Checksum);
        }
        let end = offset + (payload.len() + OVERHEAD) as u64;
        self.came += u64::from(end > self.known_length);
        Ok(true)
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }
}

impl Job for Count<'_> {
    type Output = Result<(Frontier, u64)>;

    #[inline(always)]
    fn run<C: Crc>(self) -> Self::Output {
        let part = Part {
            low: self.from.offset,
            high: self.source.length(),
        };
        let walk = Walk::new(self.source, &self.entry.path, part);
        let mut counter = Counter {
            known_length: self.known_length,
            came: 0,
            checksum: self.checksum,
        };
        let mut window = Window::default();
        let span = walk.run::<C, _>(&mut window, Some(self.from.offset.into()), &mut counter)?;
        let records = self.from.records + span.records;
        Ok((
            Frontier {
                offset: span.next.offset,
                records,
            },
            counter.came,
        ))
    }
}
