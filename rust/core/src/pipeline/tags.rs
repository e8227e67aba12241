//! Tags become small numbers, and each remembers what its metadata said.
//!
//! A training loop logs the same tags in the same order step after step, so the tag that followed
//! the last time is tried first: one comparison of a few bytes, no hash. Metadata is mostly
//! repeated to the letter, so it is parsed once for each distinct text.

use super::plugin::{Owner, Owners};
use crate::event::check;
use crate::event::kind::Plugin;
use crate::event::view::{Metadata, PlainScalar, Value, Values};
use crate::filter::Names;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::HashMap;
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

/// What the first metadata of a tag in a run said, and the first that named a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
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

impl Learned {
    /// Takes in what later metadata of the same tag said.
    pub fn and_then(&mut self, later: &Self) {
        if self.plugin.is_empty() {
            self.plugin.clone_from(&later.plugin);
            self.metadata.clone_from(&later.metadata);
        }
    }
}

/// What earlier parts of a run said of its tags.
pub type Context = HashMap<String, Learned>;

/// Adds what `lesson` says of the tags of `run`, which comes later.
pub fn learn(context: &mut Context, run: u32, lesson: &Lesson) {
    for (_, tag, learned) in lesson.learned().filter(|(of, ..)| *of == run) {
        match context.get_mut(tag) {
            Some(known) => known.and_then(learned),
            None => drop(context.insert(tag.to_owned(), learned.clone())),
        }
    }
}

struct Tag {
    name: Box<str>,
    wanted: bool,
    /// The tag that came after this one the last time.
    next: u32,
    /// The run that what follows belongs to.
    run: u32,
    /// The latest metadata, and what it says.
    metadata: Option<Box<[u8]>>,
    latest: Owner,
    /// The plugin the run's metadata named first, as far as this unit knows.
    first: Option<Owner>,
    /// All of the metadata that did, where it is kept.
    first_metadata: Option<Arc<[u8]>>,
    /// Whether `first` is what counts for values that name no plugin.
    settled: bool,
}

/// Interns the tags of one unit of work.
pub struct Tags<'f> {
    filter: &'f Names,
    owners: Owners,
    /// Keep all of the metadata that names a tag's plugin.
    keeps_metadata: bool,
    tags: Vec<Tag>,
    index: HashTable<u32>,
    last: u32,
    run: u32,
    run_begins: bool,
    /// First metadata of each tag in each run, and the first that names a plugin, in order.
    learned: Vec<(u32, u32, Learned)>,
    /// What earlier units said of the tags of the first run.
    seed: Option<&'f Context>,
    first_run: Option<u32>,
    /// Tags whose plugin nothing told.
    unresolved: Vec<u32>,
    /// Tags whose plugin would be another one if earlier units had said something else.
    borrowed: Vec<u32>,
}

impl<'f> Tags<'f> {
    /// No tags yet; `plugin` is the one asked for, `seed` what earlier units of the run have learned.
    pub fn new(filter: &'f Names, plugin: Option<&str>, seed: Option<&'f Context>) -> Self {
        Self {
            filter,
            owners: Owners::new(plugin),
            keeps_metadata: false,
            tags: Vec::new(),
            index: HashTable::new(),
            last: 0,
            run: 0,
            run_begins: true,
            learned: Vec::new(),
            seed,
            first_run: None,
            unresolved: Vec::new(),
            borrowed: Vec::new(),
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
    pub fn id(&mut self, name: &[u8]) -> Option<u32> {
        let guess = self.tags.get(self.last as usize).map_or(0, |t| t.next);
        if let Some(tag) = self.tags.get(guess as usize)
            && same(tag.name.as_bytes(), name)
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
            metadata: None,
            latest: Owner::default(),
            first: None,
            first_metadata: None,
            settled: false,
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

    /// Whether `metadata` says what the tag's latest in this run did not.
    #[inline(always)]
    pub fn is_news(&self, id: u32, metadata: &[u8]) -> bool {
        let tag = &self.tags[id as usize];
        tag.run != self.run || tag.metadata.as_deref() != Some(metadata)
    }

    /// Takes note of a value's metadata; the plugin it names. `None` if it is malformed.
    #[inline(always)]
    pub(super) fn note(&mut self, id: u32, metadata: &[u8]) -> Option<Owner> {
        if self.is_news(id, metadata) {
            return self.learn(id, metadata);
        }
        Some(self.tags[id as usize].latest)
    }

    #[inline(never)]
    fn learn(&mut self, id: u32, metadata: &[u8]) -> Option<Owner> {
        let metadata = &*metadata.to_vec(); // bytes of a map may change while they are checked
        if !check::is_metadata(metadata) {
            return None;
        }
        let parsed = Metadata::parse(metadata)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let learned = Learned {
            plugin: text(parsed.plugin),
            display_name: text(parsed.display_name),
            description: text(parsed.description),
            metadata: (self.keeps_metadata || parsed.plugin == b"mesh").then(|| metadata.into()),
        };
        let owner = self.owners.owner(&learned.plugin);
        let tag = self.of_this_run(id);
        tag.latest = owner;
        let names_first = owner.is_named() && tag.first.is_none();
        if names_first {
            tag.first = Some(owner);
            tag.first_metadata.clone_from(&learned.metadata);
        }
        let is_first = tag.metadata.replace(metadata.into()).is_none();
        if is_first || names_first {
            self.learned.push((self.run, id, learned));
        }
        Some(owner)
    }

    pub(super) fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The tag, with what it knows from another run forgotten.
    fn of_this_run(&mut self, id: u32) -> &mut Tag {
        let tag = &mut self.tags[id as usize];
        if tag.run != self.run {
            tag.run = self.run;
            tag.metadata = None;
            tag.first = None;
            tag.first_metadata = None;
            tag.settled = false;
        }
        tag
    }

    /// The plugin that metadata of the tag named first in the run, whichever unit it was in. `None`
    /// if nothing has by now.
    #[inline(always)]
    pub fn known(&mut self, id: u32) -> Option<Owner> {
        let tag = &self.tags[id as usize];
        if tag.run != self.run || !tag.settled {
            self.settle(id);
        }
        self.tags[id as usize].first
    }

    /// The plugin of a value that names none.
    #[inline(always)]
    pub(super) fn known_or_unresolved(&mut self, id: u32) -> Owner {
        let known = self.known(id);
        if known.is_none() && !self.run_begins && self.unresolved.last() != Some(&id) {
            self.unresolved.push(id);
        }
        known.unwrap_or_default()
    }

    /// Earlier units of the run know better than this one.
    #[inline(never)]
    fn settle(&mut self, id: u32) {
        let seed = self.seed.filter(|_| self.first_run == Some(self.run));
        let earlier = seed.and_then(|seed| seed.get(&*self.tags[id as usize].name));
        let earlier = earlier.filter(|learned| !learned.plugin.is_empty());
        let earlier = earlier.map(|l| (self.owners.owner(&l.plugin), l.metadata.clone()));
        let tag = self.of_this_run(id);
        if let Some((owner, metadata)) = earlier {
            tag.first = Some(owner);
            tag.first_metadata = metadata;
        }
        tag.settled = tag.first.is_some();
        if tag.settled && self.first_run == Some(self.run) {
            self.borrowed.push(id);
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
    pub fn scalar(&mut self, plain: &PlainScalar<'_>) -> Option<u32> {
        if plain.tag.is_empty() {
            return None;
        }
        let id = self.id(plain.tag)?;
        if !plain.tensor {
            return Some(id);
        }
        let own = match plain.metadata {
            Some(metadata) => self.note(id, metadata)?,
            None => Owner::default(),
        };
        let owner = if own.is_named() { own } else { self.known(id)? };
        (owner.plugin == Plugin::Scalars).then_some(id)
    }

    /// The metadata that named the tag's plugin first, for the value at hand if its own names none;
    /// only where it is kept. That of a mesh names the mesh and the component.
    pub fn first_metadata(&self, id: u32, value: &Value<'_>) -> Option<Arc<[u8]>> {
        let tag = &self.tags[id as usize];
        if value.metadata.is_some() && tag.latest.is_named() {
            return None;
        }
        tag.first_metadata.clone()
    }

    /// What is left.
    pub fn finish(self) -> Lesson {
        Lesson {
            tags: self.tags.into_iter().map(|t| t.name).collect(),
            learned: self.learned,
            borrowed: self.borrowed,
            unresolved: self.unresolved,
        }
    }
}

/// What a unit of work knows of tags, and what it had to know from elsewhere.
#[derive(Debug, Default)]
pub struct Lesson {
    /// The tags by their number.
    pub tags: Vec<Box<str>>,
    /// First metadata of each tag in each run, and the first that names a plugin: run, tag, metadata.
    learned: Vec<(u32, u32, Learned)>,
    borrowed: Vec<u32>,
    unresolved: Vec<u32>,
}

impl Lesson {
    fn name(&self, tag: u32) -> &str {
        self.tags.get(tag as usize).map_or("", |name| name)
    }

    /// First metadata of each tag in each run, and the first that names a plugin, in order.
    pub fn learned(&self) -> impl Iterator<Item = (u32, &str, &Learned)> {
        self.learned
            .iter()
            .map(|(run, tag, learned)| (*run, self.name(*tag), learned))
    }

    /// Whether the unit, which was done with the hint `seed`, would have come out the same with
    /// `context`, which is what the run said before it.
    pub fn holds(&self, seed: Option<&Context>, context: &Context) -> bool {
        let same =
            |&tag: &u32| seed.and_then(|s| s.get(self.name(tag))) == context.get(self.name(tag));
        let named = |&tag: &u32| {
            let known = context.get(self.name(tag));
            known.is_some_and(|learned| !learned.plugin.is_empty())
        };
        self.borrowed.iter().all(same) && !self.unresolved.iter().any(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_its_number_in_any_order() {
        let filter = Names::matching(["a*"]);
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
        let owner = tags.note(id, &text).unwrap();
        assert_eq!(owner.plugin, Plugin::Text);
        assert_eq!(tags.known(id), Some(owner));
        tags.enter_run(1, true);
        assert_eq!(tags.known(id), None);
        assert_eq!(tags.note(id, &text), Some(owner));
        let lesson = tags.finish();
        let learned: Vec<_> = lesson.learned().collect();
        assert_eq!(learned.len(), 2);
        assert_eq!(
            (learned[1].0, learned[1].1, &*learned[1].2.plugin),
            (1, "x", "text")
        );
    }
}
