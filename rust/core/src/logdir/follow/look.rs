//! Looks at what may have changed: all files now and then, those that were written to at once.

use super::file::Followed;
use super::{Follower, Notice};
use crate::catalog::{FileEntry, Woken};
use crate::error::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at everything lies at least so many times what one costs.
const REST: u32 = 100;

/// So many times `poll` lies between two looks at everything where changes wake.
const SELDOM: u32 = 20;

/// However seldom it is asked for, everything is looked at as often as this.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Follower {
    /// How long there is nothing to do unless something changes.
    pub(super) fn patience(&mut self) -> Duration {
        let meshes = self.meshes_settle_in();
        let files = self.files.files.iter();
        let settles = files.filter_map(|file| file.settles_in(self.options.settle));
        let sweep = self.next_sweep.saturating_duration_since(Instant::now());
        settles.chain(meshes).min().unwrap_or(sweep).min(sweep)
    }

    /// Looks at what may have changed.
    pub(super) fn look(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        let now = Instant::now();
        match std::mem::replace(&mut self.woken, Woken::Nothing) {
            Woken::Files(paths) if now < self.next_sweep => {
                for path in paths {
                    self.look_at(&path);
                }
                return Ok(());
            }
            Woken::Nothing if now < self.next_sweep => return Ok(()),
            _ => {}
        }
        if let Some(find) = &self.find_roots {
            self.log = self.log.frozen(Some(find()?));
        }
        match self.log.refresh(go_on) {
            Ok(_) => self.is_gone = false,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => return Err(error),
            Err(error) => self.miss(&error),
        }
        self.see_all(go_on)?;
        let cost = now.elapsed();
        let poll = match self.watcher.is_complete() {
            true => self.options.poll.saturating_mul(SELDOM),
            false => self.options.poll,
        };
        self.next_sweep = Instant::now() + poll.min(LONGEST).max(cost * REST);
        Ok(())
    }

    /// Looks at one file, of which it is known that it was written to.
    fn look_at(&mut self, path: &Path) {
        let Some(&id) = self.files.by_path.get(path) else {
            return;
        };
        let known = self.files.files[id as usize].entry.clone();
        if let Some(Some(now)) = known.map(|entry| entry.now().ok().flatten()) {
            self.see(id, &Arc::new(now));
        }
    }

    fn miss(&mut self, error: &Error) {
        if !self.is_gone {
            self.is_gone = true;
            let path = error.path().unwrap_or(Path::new("")).to_owned();
            self.notices.push(Notice::Gone(path, error.reason()));
        }
    }

    /// Takes note of the files that were listed.
    fn see_all(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        let snapshot = self.log.snapshot();
        for root in self.log.catalog.roots.places.iter() {
            self.watcher.watch(root.path());
        }
        let mut met = false;
        for run in &snapshot.runs {
            if self.runs.ignored.contains(&run.name) {
                continue;
            }
            if !self.runs.by_name.contains_key(&run.name) && !self.maker.wants_run(&run.name)? {
                self.runs.ignored.insert(run.name.clone());
                continue;
            }
            if !go_on() {
                return Err(Error::interrupted());
            }
            let number = self.runs.number(&run.name, &mut self.maker);
            for file in &run.files {
                met |= self.admit(number, file);
            }
        }
        match self.given.take() {
            Some(place) if !met && !snapshot.runs.is_empty() && place != self.place() => Err(
                Error::argument("`cursor` belongs to another directory: none of its files is here"),
            ),
            _ => Ok(()),
        }
    }

    /// Takes note of a file; whether a cursor knew it.
    fn admit(&mut self, run: u32, entry: &Arc<FileEntry>) -> bool {
        if let Some(&id) = self.files.by_path.get(&entry.path) {
            self.see(id, entry);
            return true;
        }
        if let Some(directory) = entry.path.parent() {
            for above in directory.ancestors().take_while(|path| !self.is_root(path)) {
                self.watcher.watch(above);
            }
        }
        let name = entry.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let path = entry.path.to_string_lossy();
        let known = self.files.by_name.get(&(run, name.clone())).copied();
        let id = known.unwrap_or_else(|| {
            self.maker.admit_file(&path);
            self.files.restore(Followed::new(run, name))
        });
        if known.is_some() {
            self.maker.name_file(id, &path);
        }
        self.files.by_path.insert(entry.path.clone(), id);
        self.see(id, entry);
        known.is_some()
    }

    fn is_root(&self, path: &Path) -> bool {
        path.as_os_str().is_empty()
            || self
                .log
                .catalog
                .roots
                .places
                .iter()
                .any(|root| root.path() == path)
    }

    fn see(&mut self, id: u32, entry: &Arc<FileEntry>) {
        if !self.files.files[id as usize].see(entry) {
            self.replace(id);
        }
    }

    /// Begins a file anew.
    pub(super) fn replace(&mut self, id: u32) {
        let file = &mut self.files.files[id as usize];
        file.restart();
        self.partial.remove(&id);
        self.maker.supersede(file.run);
        if let Some(entry) = &file.entry {
            self.notices.push(Notice::Replaced(entry.path.clone()));
        }
        self.forget_meshes(id);
    }
}
