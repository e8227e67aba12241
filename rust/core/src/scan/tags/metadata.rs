//! What metadata said of the tags of runs: in a unit of work, and before it.

use super::LocalTag;
use std::collections::HashMap;
use std::sync::Arc;

/// What the first metadata of a tag in a run said, and the first that named a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagMetadata {
    /// The plugin's name; empty if no metadata named one.
    pub plugin: String,
    /// Title for people.
    pub display_name: String,
    /// Markdown.
    pub description: String,
    /// All of it, for meshes (what a value is a part of is told nowhere else), and where the
    /// plugin's own message is asked for.
    pub metadata: Option<Arc<[u8]>>,
}

impl TagMetadata {
    /// Takes in what later metadata of the same tag said.
    pub fn and_then(&mut self, later: &Self) {
        if self.plugin.is_empty() {
            self.plugin.clone_from(&later.plugin);
            self.metadata.clone_from(&later.metadata);
        }
    }
}

/// What earlier parts of a run said of its tags.
pub type RunMetadata = HashMap<String, TagMetadata>;

/// Adds to what is `known` of `run` what `later` says of its tags. What others hold, too, is copied
/// only if there is something to add.
pub fn learn(known: &mut Arc<RunMetadata>, run: u32, later: &UnitMetadata) {
    let says_more = |(tag, said): &(&str, &TagMetadata)| {
        let names = !said.plugin.is_empty();
        let known = known.get(*tag);
        known.is_none_or(|known| names && known.plugin.is_empty())
    };
    let of_run = later.learned().filter(|(of, ..)| *of == run);
    let mut said = of_run.map(|(_, tag, said)| (tag, said)).peekable();
    while said.next_if(|said| !says_more(said)).is_some() {}
    if said.peek().is_none() {
        return;
    }
    let known = Arc::make_mut(known);
    for (tag, said) in said {
        match known.get_mut(tag) {
            Some(known) => known.and_then(said),
            None => drop(known.insert(tag.to_owned(), said.clone())),
        }
    }
}

/// What a unit of work knows of tags, and what it had to know from elsewhere.
#[derive(Debug, Default)]
pub struct UnitMetadata {
    /// The tags by their number.
    pub tags: Vec<Box<str>>,
    /// First metadata of each tag in each run, and the first that names a plugin: run, tag, metadata.
    pub(super) learned: Vec<(u32, LocalTag, TagMetadata)>,
    /// Tags whose plugin would be another one if earlier units had said something else.
    pub(super) used: Vec<LocalTag>,
    /// Tags whose plugin nothing told.
    pub(super) missing: Vec<LocalTag>,
}

impl UnitMetadata {
    fn name(&self, tag: LocalTag) -> &str {
        self.tags.get(tag.0 as usize).map_or("", |name| name)
    }

    /// First metadata of each tag in each run, and the first that names a plugin, in order.
    pub fn learned(&self) -> impl Iterator<Item = (u32, &str, &TagMetadata)> {
        self.learned
            .iter()
            .map(|(run, tag, learned)| (*run, self.name(*tag), learned))
    }

    /// Whether the unit, which was done with the hint `assumed`, would have come out the same with
    /// `context`, which is what the run said before it.
    pub fn holds(&self, assumed: &RunMetadata, context: &RunMetadata) -> bool {
        let same = |&tag: &LocalTag| assumed.get(self.name(tag)) == context.get(self.name(tag));
        let named = |&tag: &LocalTag| {
            let known = context.get(self.name(tag));
            known.is_some_and(|learned| !learned.plugin.is_empty())
        };
        self.used.iter().all(same) && !self.missing.iter().any(named)
    }
}
