//! Meshes that are begun, in a cursor: not their numbers, but where their components are stored.

use super::Follower;
use super::file::Advance;
use super::maker::RowMaker;
use super::maker::bit;
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::logdir::batch::BatchMaker;
use crate::logdir::compact::alone;
use crate::logdir::rows::KindTask;
use crate::scan::walk::Part;
use crate::scan::{FileTask, Scratch, Task, Unit, UnitPart, WorkUnit};
use crate::table::{LiveMeshes, StoredPart};
use arrow_array::RecordBatch;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

impl RowMaker {
    fn mesh_maker(&mut self) -> Option<&mut BatchMaker> {
        let mut makers = self.makers.iter_mut();
        let maker = makers.find(|(kind, _)| *kind == Kind::Meshes);
        maker.map(|(_, maker)| maker)
    }

    /// The meshes that are begun.
    pub(super) fn meshes(&mut self) -> Option<&mut LiveMeshes> {
        self.mesh_maker()?.live_meshes()
    }

    /// The components of meshes that are begun; as before the unit in hand, or with it.
    fn mesh_parts(&self, with_unit: bool) -> Vec<StoredPart<String>> {
        let mut makers = self.makers.iter();
        let Some((_, maker)) = makers.find(|(kind, _)| *kind == Kind::Meshes) else {
            return Vec::new();
        };
        let stored = maker.stored_meshes(with_unit).into_iter();
        let named =
            stored.map(|part| part.with_tag(|tag| maker.tags.name(tag as usize).to_owned()));
        named.collect()
    }
}

impl Follower {
    /// Rows of meshes that are begun, and are settled.
    pub(super) fn settled_meshes(&mut self) -> Result<Option<RecordBatch>> {
        let settle = self.options.settle;
        let files = &self.files;
        let maker = self.maker.mesh_maker();
        let rows = maker.map(|maker| maker.settled_meshes(settle, &|file| files.age(file)));
        let rows = rows.transpose()?.flatten();
        rows.map(|rows| alone(&rows)).transpose()
    }

    /// How long until a mesh that is begun settles.
    pub(super) fn meshes_settle_in(&mut self) -> Option<Duration> {
        let (files, settle) = (&self.files, self.options.settle);
        let meshes = self.maker.meshes()?;
        meshes.settles_in(settle, &|file| files.age(file))
    }

    /// Whether components that a cursor names can be read again.
    pub(super) fn can_begin_meshes(&self) -> bool {
        let there =
            |part: &StoredPart<String>| self.files.files[part.file as usize].entry.is_some();
        !self.begun.is_empty() && self.begun.iter().all(there)
    }

    /// The components of meshes that are begun, for a cursor.
    pub(super) fn begun_meshes(&self) -> Vec<StoredPart<String>> {
        if !self.begun.is_empty() {
            return self.begun.clone();
        }
        self.maker.mesh_parts(self.has_taken_meshes())
    }

    /// Whether the rows of meshes of the unit in hand are handed out.
    fn has_taken_meshes(&self) -> bool {
        let in_hand = self.round.as_ref().and_then(|round| round.in_hand());
        in_hand.is_none_or(|taken| taken & bit(Some(Kind::Meshes)) != 0)
    }

    /// Undoes what meshes have of a unit whose rows are not handed out.
    pub(super) fn rest_meshes(&mut self) {
        let is_taken = self.round.as_ref().and_then(|round| round.in_hand());
        let is_taken = is_taken.is_some_and(|taken| taken & bit(Some(Kind::Meshes)) != 0);
        match self.maker.meshes() {
            Some(meshes) if is_taken => meshes.commit(),
            Some(meshes) => meshes.undo(),
            None => {}
        }
    }

    /// Drops components that are stored in a file which is another one now.
    pub(super) fn forget_meshes(&mut self, file: u32) {
        self.begun.retain(|part| part.file != file);
        if let Some(meshes) = self.maker.meshes() {
            meshes.forget(file);
        }
    }

    /// Reads the components again that a cursor names.
    pub(super) fn begin_meshes(&mut self) -> Result<()> {
        self.drop_replaced()?;
        let begun = self.begun.clone();
        let mut tasks = Vec::new();
        let mut done = HashSet::new();
        for part in &begun {
            if done.insert((part.file, part.offset)) {
                tasks.extend(self.record(part).map(|task| (task, part.offset)));
            }
        }
        let access = self.log.options.access(false);
        let metadata = &self.runs.metadata;
        self.maker.name();
        let Some(maker) = self.maker.mesh_maker() else {
            self.begun.clear();
            return Ok(());
        };
        let tags = &mut maker.tags;
        let stored = begun.into_iter();
        let stored: Vec<_> = stored
            .map(|part| part.with_tag(|tag| tags.of(&tag) as i32))
            .collect();
        let task = KindTask {
            access,
            spec: maker.spec.clone(),
        };
        if let Some(meshes) = maker.live_meshes() {
            meshes.seek(&stored);
        }
        let mut scratch = Scratch::default();
        let unit = |offset: u64| Unit {
            parts: vec![UnitPart {
                file: 0,
                part: Part {
                    low: offset,
                    high: offset + 1,
                },
                first: false,
            }],
        };
        for (file, offset) in tasks {
            let seed = Arc::clone(&metadata[file.run as usize]);
            let work = WorkUnit {
                files: &[file],
                unit: &unit(offset),
                start: Some(offset.into()),
                metadata: &seed,
            };
            let decoded = task.run(work, &mut scratch)?;
            maker.seek_in(decoded.output)?;
        }
        if let Some(meshes) = maker.live_meshes() {
            meshes.sought(&stored);
        }
        self.begun.clear();
        Ok(())
    }

    /// Holds the files that hold components against what was read of them.
    fn drop_replaced(&mut self) -> Result<()> {
        let files: HashSet<u32> = self.begun.iter().map(|part| part.file).collect();
        for id in files {
            let file = &self.files.files[id as usize];
            let Some(entry) = &file.entry else { continue };
            let held = file.check(file.position);
            let held = held.map_err(|error| Error::io(error, &entry.path))?;
            if matches!(held, Advance::Replaced) {
                self.replace(id);
            }
        }
        Ok(())
    }

    /// The file of a component, up to where it was read.
    fn record(&self, part: &StoredPart<String>) -> Option<FileTask> {
        let file = &self.files.files[part.file as usize];
        let taken = self
            .partial
            .get(&part.file)
            .map_or(0, |partial| partial.end);
        let length = file.position.offset.max(taken);
        let entry = Arc::clone(file.entry.as_ref()?);
        (part.offset < length).then(|| FileTask {
            length,
            resumes: true,
            ..FileTask::whole(entry, file.run, part.file)
        })
    }
}
