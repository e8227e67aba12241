//! A mesh of which components have been met.

use super::meshes::{COLOR, FACE, VERTEX};
use std::sync::Arc;
use std::time::Instant;

/// Where a component comes from. Those of a mesh's first component are its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keys {
    pub run: i32,
    pub tag: i32,
    pub step: i64,
    pub wall_time: f64,
    pub file: i32,
    pub offset: i64,
    pub attempt: i32,
    pub attempt_step: Option<i64>,
}

/// A mesh of which a component has been met.
#[derive(Clone, Default)]
pub(super) struct Mesh {
    /// In the order in which they came, each content once.
    pub parts: Vec<Arc<Part>>,
    /// When the last of them came, where the log is followed.
    pub since: Option<Instant>,
    pub complete: bool,
}

/// A component.
pub(super) struct Part {
    pub keys: Keys,
    pub content: i32,
    pub config: String,
    /// A bit for each content that the metadata lists; none where it lists none.
    pub components: i32,
    pub shape: [usize; 3],
    pub values: Vec<f64>,
}

/// The bits of all contents.
const ALL: i32 = 1 << VERTEX | 1 << COLOR | 1 << FACE;

impl Mesh {
    /// Whether `part` is another component of this mesh.
    pub(super) fn lacks(&self, part: &Part) -> bool {
        self.keys().step == part.keys.step && self.part(part.content).is_none()
    }

    /// The bits of the contents that its metadata lists, if it lists any.
    pub(super) fn components(&self) -> Option<i32> {
        let said = self
            .parts
            .iter()
            .fold(0, |said, part| said | part.components);
        Some(said & ALL).filter(|said| *said != 0)
    }

    /// Whether nothing is awaited for it.
    pub(super) fn is_whole(&self) -> bool {
        let there = self
            .parts
            .iter()
            .fold(0, |there, part| there | 1 << part.content);
        self.components().unwrap_or(ALL) & !there == 0
    }

    pub(super) fn keys(&self) -> Keys {
        self.parts.first().map(|part| part.keys).unwrap_or_default()
    }

    pub(super) fn part(&self, content: i32) -> Option<&Part> {
        let mut parts = self.parts.iter().map(|part| &**part);
        parts.find(|part| part.content == content)
    }

    pub(super) fn config(&self) -> Option<&str> {
        let mut configs = self.parts.iter().map(|part| part.config.as_str());
        // tensorboardX writes "null" for no config
        configs.find(|c| !c.is_empty()).filter(|c| *c != "null")
    }
}

impl Part {
    /// Meshes in the batch; a claim of many without a number in them counts as one.
    pub(super) fn meshes(&self) -> usize {
        if self.values.is_empty() {
            self.shape[0].min(1)
        } else {
            self.shape[0]
        }
    }
}
