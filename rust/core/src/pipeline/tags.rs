//! Tags become small numbers, and each remembers what its metadata said.
//!
//! A training loop logs the same tags in the same order step after step, so the tag that followed
//! the last time is tried first: one comparison of a few bytes, no hash. Metadata is mostly
//! repeated to the letter, so it is parsed once for each distinct text.

use crate::event::check;
use crate::event::kind::Plugin;
use crate::event::view::Metadata;
use crate::filter::Names;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// What the first metadata of a tag in a run said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// The plugin's name.
    pub plugin: String,
    /// Title for people.
    pub display_name: String,
    /// Markdown.
    pub description: String,
}

/// What earlier parts of a run said of its tags.
pub type Context = HashMap<String, Learned>;

struct Tag {
    name: Box<str>,
    wanted: bool,
    /// The tag that came after this one the last time.
    next: u32,
    /// The run this tag's metadata belongs to.
    run: u32,
    metadata: Box<[u8]>,
    plugin: Plugin,
    plugin_wanted: bool,
    has_metadata: bool,
}

/// Interns the tags of one unit of work.
pub struct Tags<'f> {
    filter: &'f Names,
    plugin_filter: Option<&'f str>,
    tags: Vec<Tag>,
    index: HashTable<u32>,
    last: u32,
    run: u32,
    /// First metadata of each tag in each run, in the order met.
    learned: Vec<(u32, u32, Learned)>,
    seed: Option<&'f Context>,
}

impl<'f> Tags<'f> {
    /// No tags yet; `seed` is what earlier units of the run have learned.
    pub fn new(
        filter: &'f Names,
        plugin_filter: Option<&'f str>,
        seed: Option<&'f Context>,
    ) -> Self {
        Self {
            filter,
            plugin_filter,
            tags: Vec::new(),
            index: HashTable::new(),
            last: 0,
            run: 0,
            learned: Vec::new(),
            seed,
        }
    }

    /// Goes on with run number `run`, whose metadata is its own.
    pub fn enter_run(&mut self, run: u32) {
        self.run = run;
    }

    /// The number of the tag `name`; `None` if it is not UTF-8.
    #[inline(always)]
    pub fn id(&mut self, name: &[u8]) -> Option<u32> {
        let guess = self.tags.get(self.last as usize).map_or(0, |t| t.next);
        if let Some(tag) = self.tags.get(guess as usize)
            && tag.name.as_bytes() == name
        {
            self.last = guess;
            return Some(guess);
        }
        self.look_up(name)
    }

    #[inline(never)]
    fn look_up(&mut self, name: &[u8]) -> Option<u32> {
        let hash = FixedState::default().hash_one(name);
        let found = self
            .index
            .find(hash, |id| self.tags[*id as usize].name.as_bytes() == name);
        let id = match found {
            Some(id) => *id,
            None => self.insert(name, hash)?,
        };
        if let Some(last) = self.tags.get_mut(self.last as usize) {
            last.next = id;
        }
        self.last = id;
        Some(id)
    }

    fn insert(&mut self, name: &[u8], hash: u64) -> Option<u32> {
        // Copied before it is checked: bytes of a map may change meanwhile.
        let name = String::from_utf8(name.to_vec()).ok()?;
        let id = u32::try_from(self.tags.len()).ok()?;
        self.tags.push(Tag {
            wanted: self.filter.matches(&name),
            name: name.into_boxed_str(),
            next: id,
            run: u32::MAX,
            metadata: Box::default(),
            plugin: Plugin::Other,
            plugin_wanted: false,
            has_metadata: false,
        });
        let tags = &self.tags;
        self.index.insert_unique(hash, id, |id| {
            FixedState::default().hash_one(tags[*id as usize].name.as_bytes())
        });
        Some(id)
    }

    /// Whether the filter lets the tag through.
    #[inline(always)]
    pub fn is_wanted(&self, id: u32) -> bool {
        self.tags[id as usize].wanted
    }

    /// The name of a tag.
    pub fn name(&self, id: u32) -> &str {
        &self.tags[id as usize].name
    }

    /// Takes note of a value's metadata; its plugin. `None` if it is malformed.
    #[inline(always)]
    pub fn note(&mut self, id: u32, metadata: &[u8]) -> Option<Plugin> {
        let tag = &self.tags[id as usize];
        if tag.run == self.run && tag.has_metadata && *tag.metadata == *metadata {
            return Some(tag.plugin);
        }
        self.learn(id, metadata)
    }

    #[inline(never)]
    fn learn(&mut self, id: u32, metadata: &[u8]) -> Option<Plugin> {
        let metadata = &*metadata.to_vec(); // bytes of a map may change while they are checked
        if !check::is_metadata(metadata) {
            return None;
        }
        let parsed = Metadata::parse(metadata)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let first = {
            let tag = &self.tags[id as usize];
            tag.run != self.run || !tag.has_metadata
        };
        if first {
            let learned = Learned {
                plugin: text(parsed.plugin),
                display_name: text(parsed.display_name),
                description: text(parsed.description),
            };
            self.learned.push((self.run, id, learned));
        }
        let name = text(parsed.plugin);
        let plugin_wanted = self.plugin_filter.is_some_and(|wanted| wanted == name);
        let tag = &mut self.tags[id as usize];
        tag.run = self.run;
        tag.has_metadata = true;
        tag.metadata = metadata.into();
        tag.plugin = Plugin::of(parsed.plugin);
        tag.plugin_wanted = plugin_wanted;
        Some(tag.plugin)
    }

    /// The plugin of a tag whose value brings no metadata: what the run said of it before. `None`
    /// if nothing here has.
    #[inline(always)]
    pub fn known(&mut self, id: u32) -> Option<Plugin> {
        let tag = &self.tags[id as usize];
        if tag.run == self.run && tag.has_metadata {
            return Some(tag.plugin);
        }
        let learned = self.seed?.get(&*tag.name)?;
        let plugin = Plugin::of(learned.plugin.as_bytes());
        let plugin_wanted = self
            .plugin_filter
            .is_some_and(|wanted| wanted == learned.plugin);
        let tag = &mut self.tags[id as usize];
        tag.run = self.run;
        tag.has_metadata = true;
        tag.plugin = plugin;
        tag.plugin_wanted = plugin_wanted;
        Some(plugin)
    }

    /// Whether the tag's latest metadata names the plugin asked for.
    #[inline]
    pub fn plugin_is_wanted(&self, id: u32) -> bool {
        let tag = &self.tags[id as usize];
        tag.run == self.run && tag.plugin_wanted
    }

    /// The tags' names, by number, and what was learned: `(run, tag, metadata)`.
    pub fn finish(self) -> (Vec<Box<str>>, Vec<(u32, u32, Learned)>) {
        (
            self.tags.into_iter().map(|t| t.name).collect(),
            self.learned,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_its_number_in_any_order() {
        let filter = Names::globs(&["a*"], "tags").unwrap();
        let mut tags = Tags::new(&filter, None, None);
        let order = ["a", "b", "a2", "a", "b", "a2", "b", "b", "a", "", "a2"];
        let ids: Vec<u32> = order
            .iter()
            .map(|t| tags.id(t.as_bytes()).unwrap())
            .collect();
        assert_eq!(ids, [0, 1, 2, 0, 1, 2, 1, 1, 0, 3, 2]);
        assert!(tags.is_wanted(0) && !tags.is_wanted(1) && tags.is_wanted(2));
        assert_eq!(tags.id(b"\xff"), None);
    }

    #[test]
    fn metadata_belongs_to_its_run() {
        let filter = Names::All;
        let mut tags = Tags::new(&filter, None, None);
        let text = [0x0a, 6, 0x0a, 4, b't', b'e', b'x', b't'];
        let id = tags.id(b"x").unwrap();
        assert_eq!(tags.known(id), None);
        assert_eq!(tags.note(id, &text), Some(Plugin::Text));
        assert_eq!(tags.known(id), Some(Plugin::Text));
        tags.enter_run(1);
        assert_eq!(tags.known(id), None);
        assert_eq!(tags.note(id, &text), Some(Plugin::Text));
        let learned = tags.finish().1;
        assert_eq!(learned.len(), 2);
        assert_eq!(learned[1].2.plugin, "text");
    }
}
