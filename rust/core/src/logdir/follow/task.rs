//! What a follower does with each unit of a round: rows of one kind, of several, or events.

use crate::error::Result;
use crate::logdir::kinds::KindsTask;
use crate::logdir::rows::KindTask;
use crate::scan::decode::Blocks;
use crate::scan::survey::{EventRows, EventsTask};
use crate::scan::tags::UnitMetadata;
use crate::scan::{Decoded, Output, Scratch, Task, WorkUnit};
use std::sync::Arc;

/// Decodes one kind, or several, or lists events.
pub(super) enum RowTask {
    One(KindTask),
    Many(KindsTask),
    Events(EventsTask),
}

/// What is left of a unit.
pub(super) enum Found {
    Rows(Blocks),
    Events(Box<EventRows>),
}

impl Found {
    /// What the unit said of tags.
    pub(super) fn metadata(&self) -> &Arc<UnitMetadata> {
        match self {
            Self::Rows(blocks) => &blocks.metadata,
            Self::Events(rows) => &rows.metadata,
        }
    }
}

impl Output for Found {
    fn size(&self) -> usize {
        match self {
            Self::Rows(blocks) => blocks.size(),
            Self::Events(rows) => rows.size(),
        }
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(self.metadata())
    }
}

impl Task for RowTask {
    type Output = Found;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Found>> {
        match self {
            Self::One(task) => {
                let found = task.run(work, scratch)?;
                Ok(found.map(|block| {
                    let metadata = Arc::clone(&block.metadata);
                    let blocks = vec![(task.spec.kind, block)];
                    Found::Rows(Blocks { blocks, metadata })
                }))
            }
            Self::Many(task) => {
                let found = task.run(work, scratch)?;
                Ok(found.map(Found::Rows))
            }
            Self::Events(task) => {
                let found = task.run(work, scratch)?;
                Ok(found.map(|rows| Found::Events(Box::new(rows))))
            }
        }
    }
}
