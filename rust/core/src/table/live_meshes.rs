//! Meshes that are begun while a log is followed, and where their components are stored.
//!
//! A mesh is whole when it has the components that its metadata lists, or all three. It is complete,
//! too, when its series goes on to another step or repeats a component. The end of a run, which
//! completes the rest in a scan, does not come; a mesh whose metadata does not list its components is
//! complete when none has come for a while. What a unit of work changed can be undone until its rows
//! are handed out.

use super::mesh::{Mesh, Part};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Run and tag.
type Series = (i32, i32);

/// Where a component of a mesh is stored, and its attempt. `T` stands for a tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoredPart<T> {
    /// Number of the file.
    pub file: u32,
    /// Where the record begins.
    pub offset: u64,
    /// The name of the mesh.
    pub tag: T,
    /// What it is of the mesh.
    pub content: i32,
    /// See the column `attempt`.
    pub attempt: i32,
    /// See the column `attempt_step`.
    pub attempt_step: Option<i64>,
}

/// The meshes that are begun.
#[derive(Default)]
pub struct LiveMeshes {
    open: HashMap<Series, Mesh>,
    /// As they were before the unit, of the series that it changed.
    before: HashMap<Series, Option<Mesh>>,
    /// The components that are looked for, and those that were found.
    sought: Option<HashMap<Place, Option<Arc<Part>>>>,
}

/// For how long the file of this number has not changed.
pub type Age<'a> = &'a dyn Fn(u32) -> Duration;

/// For how long nothing was added to a mesh whose metadata does not list its components.
fn waited(mesh: &Mesh, age: Age<'_>) -> Option<Duration> {
    let last = mesh.parts.last()?;
    let seen = mesh.since.filter(|_| mesh.components().is_none())?;
    Some(seen.elapsed().max(age(last.keys.file as u32)))
}

/// File, offset, tag and content.
type Place = (i32, i64, i32, i32);

impl LiveMeshes {
    /// Takes in a component; the meshes that are complete by it.
    pub(super) fn add(&mut self, part: Arc<Part>) -> impl Iterator<Item = Mesh> + use<> {
        if let Some(sought) = &mut self.sought {
            // A later one of the same place began a mesh of its own.
            sought
                .entry(place(&part))
                .and_modify(|found| *found = Some(part));
            return [None, None].into_iter().flatten();
        }
        let series = (part.keys.run, part.keys.tag);
        let mut mesh = self.open.remove(&series);
        self.before.entry(series).or_insert_with(|| mesh.clone());
        let ended = mesh.take_if(|mesh| !mesh.lacks(&part));
        let mut mesh = mesh.unwrap_or_default();
        mesh.parts.push(part);
        mesh.since = Some(Instant::now());
        let full = match mesh.is_whole() {
            true => Some(mesh),
            false => {
                self.open.insert(series, mesh);
                None
            }
        };
        [ended, full].into_iter().flatten()
    }

    /// How long until a mesh settles, if one will. `age` tells for how long a file has not changed.
    pub fn settles_in(&self, settle: Duration, age: Age<'_>) -> Option<Duration> {
        let meshes = self.open.values();
        let waited = meshes.filter_map(|mesh| waited(mesh, age)).max();
        waited.map(|waited| settle.saturating_sub(waited))
    }

    /// Takes out the meshes whose metadata does not list their components, and to which none has
    /// been added for so long.
    pub(super) fn take_settled(&mut self, settle: Duration, age: Age<'_>) -> Vec<Mesh> {
        let settled = self
            .open
            .extract_if(|_, mesh| waited(mesh, age) >= Some(settle));
        let mut settled: Vec<Mesh> = settled.map(|(_, mesh)| mesh).collect();
        settled.sort_by_key(|mesh| mesh.parts.first().map(|part| place(part)));
        settled
    }

    /// The rows that the unit made are handed out.
    pub fn commit(&mut self) {
        self.before.clear();
    }

    /// The unit is done again.
    pub fn undo(&mut self) {
        for (series, mesh) in self.before.drain() {
            match mesh {
                Some(mesh) => self.open.insert(series, mesh),
                None => self.open.remove(&series),
            };
        }
    }

    /// Drops the components that are stored in `file`.
    pub fn forget(&mut self, file: u32) {
        self.open.retain(|_, mesh| {
            mesh.parts.retain(|part| part.keys.file as u32 != file);
            !mesh.parts.is_empty()
        });
    }

    /// The components of the meshes that are begun, each mesh's together and in the order in which
    /// they came; as before the unit, or with it.
    pub fn stored(&self, with_unit: bool) -> Vec<StoredPart<i32>> {
        let open = self.open.iter();
        let open = open.filter(|(series, _)| with_unit || !self.before.contains_key(series));
        let undone = self.before.values().flatten().filter(|_| !with_unit);
        let mut meshes: Vec<&Mesh> = open.map(|(_, mesh)| mesh).chain(undone).collect();
        meshes.sort_by_key(|mesh| mesh.parts.first().map(|part| place(part)));
        let parts = meshes.into_iter().flat_map(|mesh| &mesh.parts);
        let stored = parts.map(|part| StoredPart {
            file: part.keys.file as u32,
            offset: part.keys.offset as u64,
            tag: part.keys.tag,
            content: part.content,
            attempt: part.keys.attempt,
            attempt_step: part.keys.attempt_step,
        });
        stored.collect()
    }

    /// From here on, components are those of records that are read again to find `stored`.
    pub fn seek(&mut self, stored: &[StoredPart<i32>]) {
        let places = stored.iter().map(|part| (part.place(), None));
        self.sought = Some(places.collect());
    }

    /// Begins the meshes anew of the components that were found.
    pub fn sought(&mut self, stored: &[StoredPart<i32>]) {
        let mut found = self.sought.take().unwrap_or_default();
        for stored in stored {
            let part = found.remove(&stored.place()).flatten();
            let Some(mut part) = part.and_then(Arc::into_inner) else {
                continue;
            };
            part.keys.attempt = stored.attempt;
            part.keys.attempt_step = stored.attempt_step;
            let mesh = self.open.entry((part.keys.run, part.keys.tag)).or_default();
            if mesh.parts.is_empty() || mesh.lacks(&part) {
                mesh.parts.push(Arc::new(part));
                mesh.since = Some(Instant::now());
            }
        }
    }
}

impl<T> StoredPart<T> {
    /// The same with another name for the tag.
    pub fn with_tag<U>(self, name: impl FnOnce(T) -> U) -> StoredPart<U> {
        StoredPart {
            file: self.file,
            offset: self.offset,
            tag: name(self.tag),
            content: self.content,
            attempt: self.attempt,
            attempt_step: self.attempt_step,
        }
    }
}

impl StoredPart<i32> {
    fn place(&self) -> Place {
        (self.file as i32, self.offset as i64, self.tag, self.content)
    }
}

fn place(part: &Part) -> Place {
    let keys = &part.keys;
    (keys.file, keys.offset, keys.tag, part.content)
}
