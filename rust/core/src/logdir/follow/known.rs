//! The runs and files of a followed log. Each has the number of its arrival, for good.

use super::cursor::RunState;
use super::file::Followed;
use super::maker::RowMaker;
use crate::scan::tags::{RunMetadata, TagMetadata};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Files {
    pub files: Vec<Followed>,
    pub by_path: HashMap<PathBuf, u32>,
    pub by_name: HashMap<(u32, String), u32>,
}

#[derive(Default)]
pub(super) struct Runs {
    pub names: Vec<String>,
    pub by_name: HashMap<String, u32>,
    pub metadata: Vec<Arc<RunMetadata>>,
    /// Whether anything of the run was read.
    pub is_begun: Vec<bool>,
    /// Runs that are not wanted.
    pub ignored: HashSet<String>,
}

impl Runs {
    pub(super) fn number(&mut self, name: &str, maker: &mut RowMaker) -> u32 {
        if let Some(&number) = self.by_name.get(name) {
            return number;
        }
        maker.admit_run(name);
        self.add(name, RunMetadata::default(), false)
    }

    pub(super) fn add(&mut self, name: &str, metadata: RunMetadata, is_begun: bool) -> u32 {
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), number);
        self.metadata.push(Arc::new(metadata));
        self.is_begun.push(is_begun);
        number
    }

    pub(super) fn restore(&mut self, state: &RunState) -> u32 {
        let mut metadata = RunMetadata::default();
        for (tag, plugin, all) in &state.metadata {
            let known = TagMetadata {
                plugin: plugin.clone(),
                metadata: all.as_ref().map(|bytes| bytes.as_slice().into()),
                ..Default::default()
            };
            metadata.insert(tag.clone(), known);
        }
        self.add(&state.name, metadata, true)
    }
}

impl Files {
    /// For how long the file of this number has not changed, as far as is known.
    pub(super) fn age(&self, id: u32) -> Duration {
        let entry = self.files[id as usize].entry.as_ref();
        entry.and_then(|entry| entry.age()).unwrap_or_default()
    }

    pub(super) fn restore(&mut self, file: Followed) -> u32 {
        let id = self.files.len() as u32;
        self.by_name.insert((file.run, file.name.clone()), id);
        self.files.push(file);
        id
    }
}
