//! Tags become small numbers, and each remembers what its metadata said.
//!
//! A training loop logs the same tags in the same order step after step, so the tag that followed
//! the last time is tried first: one comparison of a few bytes, no hash. Metadata is mostly
//! repeated to the letter, so it is parsed once for each distinct text.

mod metadata;

pub use metadata::{RunMetadata, TagMetadata, UnitMetadata, learn};

use super::plugin::{Attribution, PluginNames};
use crate::event::Irregular;
use crate::event::check;
use crate::event::kind::Plugin;
use crate::event::view::{Metadata, PlainScalar, Value, Values};
use crate::filter::Names;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Equality of short strings in a few instructions, where a call to memcmp takes longer.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let word = |s: &[u8], at: usize| {
        s.get(at..)?
            .first_chunk::<8>()
            .map(|c| u64::from_le_bytes(*c))
    };
    match a.len() {
        8..=16 => {
            let tail = a.len() - 8;
            word(a, 0) == word(b, 0) && word(a, tail) == word(b, tail)
        }
        0..8 => a.iter().zip(b).all(|(x, y)| x == y),
        _ => a == b,
    }
}

/// The number of a tag within a unit of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTag(pub u32);

struct Tag {
    name: Box<str>,
    wanted: bool,
    /// The tag that came after this one the last time.
    next: u32,
    /// The run that what follows belongs to.
    run: u32,
    /// The latest metadata, and what it says.
    metadata: Option<Box<[u8]>>,
    latest: Attribution,
    /// The plugin the run's metadata named first, as far as this unit knows.
    first: Option<Attribution>,
    /// All of the metadata that did, where it is kept.
    first_metadata: Option<Arc<[u8]>>,
    /// Whether `first` is what counts for values that name no plugin.
    is_final: bool,
}

/// Interns the tags of one unit of work.
pub struct Tags<'f> {
    filter: &'f Names,
    plugins: PluginNames,
    /// Keep all of the metadata that names a tag's plugin.
    keeps_metadata: bool,
    tags: Vec<Tag>,
    index: HashTable<u32>,
    last: u32,
    run: u32,
    run_begins: bool,
    /// First metadata of each tag in each run, and the first that names a plugin, in order.
    learned: Vec<(u32, LocalTag, TagMetadata)>,
    /// What earlier units said of the tags of the first run.
    assumed: &'f RunMetadata,
    first_run: Option<u32>,
    /// Tags whose plugin nothing told.
    missing: Vec<LocalTag>,
    /// Tags whose plugin would be another one if earlier units had said something else.
    used: Vec<LocalTag>,
}

impl<'f> Tags<'f> {
    /// No tags yet; `plugin` is the one asked for, `assumed` what earlier units of the run have learned.
    pub fn new(filter: &'f Names, plugin: Option<&str>, assumed: &'f RunMetadata) -> Self {
        Self {
            filter,
            plugins: PluginNames::new(plugin),
            keeps_metadata: false,
            tags: Vec::new(),
            index: HashTable::new(),
            last: 0,
            run: 0,
            run_begins: true,
            learned: Vec::new(),
            assumed,
            first_run: None,
            missing: Vec::new(),
            used: Vec::new(),
        }
    }

    /// Keeps all of the metadata that names each tag's plugin, not only that of meshes.
    pub fn keep_metadata(mut self, keeps: bool) -> Self {
        self.keeps_metadata = keeps;
        self
    }

    /// Goes on with run number `run`, whose metadata is its own. If the run `begins` in this unit,
    /// nothing earlier says anything of its tags.
    pub fn enter_run(&mut self, run: u32, begins: bool) {
        self.run = run;
        self.run_begins = begins;
        self.first_run.get_or_insert(run);
    }

    /// The number of the tag `name`; `None` if it is not UTF-8.
    #[inline(always)]
    pub fn id(&mut self, name: &[u8]) -> Option<LocalTag> {
        let guess = self.tags.get(self.last as usize).map_or(0, |t| t.next);
        if let Some(tag) = self.tags.get(guess as usize)
            && same(tag.name.as_bytes(), name)
        {
            self.last = guess;
            return Some(LocalTag(guess));
        }
        self.look_up(name)
    }

    #[inline(never)]
    fn look_up(&mut self, name: &[u8]) -> Option<LocalTag> {
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
        Some(LocalTag(id))
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
            metadata: None,
            latest: Attribution::default(),
            first: None,
            first_metadata: None,
            is_final: false,
        });
        let tags = &self.tags;
        self.index.insert_unique(hash, id, |id| {
            FixedState::default().hash_one(tags[*id as usize].name.as_bytes())
        });
        Some(id)
    }

    #[inline(always)]
    fn tag(&self, id: LocalTag) -> &Tag {
        &self.tags[id.0 as usize]
    }

    /// Whether the filter lets the tag through.
    #[inline(always)]
    pub fn is_wanted(&self, id: LocalTag) -> bool {
        self.tag(id).wanted
    }

    /// The name of a tag.
    pub fn name(&self, id: LocalTag) -> &str {
        &self.tag(id).name
    }

    /// Whether `metadata` says what the tag's latest in this run did not.
    #[inline(always)]
    pub fn is_new_metadata(&self, id: LocalTag, metadata: &[u8]) -> bool {
        let tag = self.tag(id);
        tag.run != self.run || tag.metadata.as_deref() != Some(metadata)
    }

    /// The plugin that a value's metadata names. Metadata that was not met before is remembered.
    #[inline(always)]
    pub(super) fn read_metadata(
        &mut self,
        id: LocalTag,
        metadata: &[u8],
    ) -> Result<Attribution, Irregular> {
        if self.is_new_metadata(id, metadata) {
            return self.parse_metadata(id, metadata);
        }
        Ok(self.tag(id).latest)
    }

    #[inline(never)]
    fn parse_metadata(&mut self, id: LocalTag, metadata: &[u8]) -> Result<Attribution, Irregular> {
        let metadata = &*metadata.to_vec(); // bytes of a map may change while they are checked
        if !check::is_metadata(metadata) {
            return Err(Irregular);
        }
        let parsed = Metadata::parse(metadata).ok_or(Irregular)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let learned = TagMetadata {
            plugin: text(parsed.plugin),
            display_name: text(parsed.display_name),
            description: text(parsed.description),
            metadata: (self.keeps_metadata || parsed.plugin == b"mesh").then(|| metadata.into()),
        };
        let attribution = self.plugins.attribution(&learned.plugin);
        let tag = self.of_this_run(id);
        tag.latest = attribution;
        let names_first = attribution.is_named() && tag.first.is_none();
        if names_first {
            tag.first = Some(attribution);
            tag.first_metadata.clone_from(&learned.metadata);
        }
        let is_first = tag.metadata.replace(metadata.into()).is_none();
        if is_first || names_first {
            self.learned.push((self.run, id, learned));
        }
        Ok(attribution)
    }

    pub(super) fn plugins(&self) -> &PluginNames {
        &self.plugins
    }

    /// The tag, with what it knows from another run forgotten.
    fn of_this_run(&mut self, id: LocalTag) -> &mut Tag {
        let tag = &mut self.tags[id.0 as usize];
        if tag.run != self.run {
            tag.run = self.run;
            tag.metadata = None;
            tag.first = None;
            tag.first_metadata = None;
            tag.is_final = false;
        }
        tag
    }

    /// The plugin that metadata of the tag named first in the run, whichever unit it was in. `None`
    /// if nothing has by now.
    #[inline(always)]
    pub fn known(&mut self, id: LocalTag) -> Option<Attribution> {
        let tag = self.tag(id);
        if tag.run != self.run || !tag.is_final {
            self.look_back(id);
        }
        self.tag(id).first
    }

    /// The plugin of a value that names none.
    #[inline(always)]
    pub(super) fn known_or_missing(&mut self, id: LocalTag) -> Attribution {
        let known = self.known(id);
        if known.is_none() && !self.run_begins && self.missing.last() != Some(&id) {
            self.missing.push(id);
        }
        known.unwrap_or_default()
    }

    /// Earlier units of the run know better than this one.
    #[inline(never)]
    fn look_back(&mut self, id: LocalTag) {
        let is_first_run = self.first_run == Some(self.run);
        let earlier = self.assumed.get(&*self.tag(id).name);
        let earlier = earlier.filter(|said| is_first_run && !said.plugin.is_empty());
        let earlier = earlier.map(|l| (self.plugins.attribution(&l.plugin), l.metadata.clone()));
        let tag = self.of_this_run(id);
        if let Some((attribution, metadata)) = earlier {
            tag.first = Some(attribution);
            tag.first_metadata = metadata;
        }
        tag.is_final = tag.first.is_some();
        if tag.is_final && is_first_run {
            self.used.push(id);
        }
    }

    /// Whether nothing in `summary` is left to check: plain scalars, and their tags are text.
    #[inline(always)]
    pub fn all_plain(&mut self, summary: &[u8]) -> bool {
        let mut values = Values::of(summary);
        while !values.is_empty() {
            match values.next().flatten().and_then(PlainScalar::of) {
                Some(plain) if plain.metadata.is_none() && self.id(plain.tag).is_some() => {}
                _ => return false,
            }
        }
        true
    }

    /// The tag of a plain value that is a scalar and nothing else; `None` where that takes a closer
    /// look.
    #[inline(always)]
    pub fn scalar(&mut self, plain: &PlainScalar<'_>) -> Option<LocalTag> {
        if plain.tag.is_empty() {
            return None;
        }
        let id = self.id(plain.tag)?;
        if !plain.tensor {
            return Some(id);
        }
        let own = match plain.metadata {
            Some(metadata) => self.read_metadata(id, metadata).ok()?,
            None => Attribution::default(),
        };
        let attribution = if own.is_named() { own } else { self.known(id)? };
        (attribution.plugin == Plugin::Scalars).then_some(id)
    }

    /// The metadata that named the tag's plugin first, for the value at hand if its own names none;
    /// only where it is kept. That of a mesh names the mesh and the component.
    pub fn first_metadata(&self, id: LocalTag, value: &Value<'_>) -> Option<Arc<[u8]>> {
        let tag = self.tag(id);
        if value.metadata.is_some() && tag.latest.is_named() {
            return None;
        }
        tag.first_metadata.clone()
    }

    /// What is left.
    pub fn finish(self) -> UnitMetadata {
        UnitMetadata {
            tags: self.tags.into_iter().map(|t| t.name).collect(),
            learned: self.learned,
            used: self.used,
            missing: self.missing,
        }
    }
}

#[cfg(test)]
mod tests;
