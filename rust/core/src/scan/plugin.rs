//! Whose data a value is: the one rule, for rows, `series`, `events` and the audit alike.
//!
//! - A value whose own metadata names a plugin is that plugin's.
//! - Any other tensor, or value that holds nothing, is of the plugin that the tag's metadata named
//!   first in its run: writers state it once, or leave it out of later metadata.
//! - Any other `simple_value`, histogram, image or sound is of the plugin that shows such values.
//! - The graphs of an event are of the plugin `graphs`.
//!
//! Plugins are numbers within a unit, so that a value is held against a filter by comparing two.

use super::tags::{LocalTag, Tags};
use crate::event::Irregular;
use crate::event::kind::Plugin;
use crate::event::view::{Content, Value};

/// The plugins that show values without metadata, by number.
const BUILT_IN: [&str; 6] = ["", "scalars", "histograms", "images", "audio", "graphs"];

/// A plugin, as the values of a unit name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attribution {
    /// The plugin, if its data has a kind of its own.
    pub plugin: Plugin,
    /// The number of its name; 0 if nothing names one.
    pub name: u32,
}

impl Attribution {
    /// The attribution of a `simple_value` that names no other.
    pub const SCALARS: Self = Self::built_in(1);
    /// The attribution of the graphs that events hold beside summaries.
    pub const GRAPHS: Self = Self::built_in(5);

    const fn built_in(name: u32) -> Self {
        Self {
            plugin: Plugin::Other,
            name,
        }
    }

    /// Whether anything names a plugin.
    #[inline(always)]
    pub fn is_named(self) -> bool {
        self.name != 0
    }

    /// The attribution of a value without a name, by the field number of its content; `None` where the
    /// run's metadata decides.
    fn of_content(field: u32) -> Option<Self> {
        match field {
            2 => Some(Self::SCALARS),
            3 => Some(Self::default()), // nothing reads these
            4 => Some(Self::built_in(3)),
            5 => Some(Self::built_in(2)),
            6 => Some(Self::built_in(4)),
            _ => None,
        }
    }
}

/// The names of plugins by number.
#[derive(Debug)]
pub(super) struct PluginNames {
    names: Vec<Box<str>>,
    wanted: Option<u32>,
}

impl PluginNames {
    /// With the plugin a scan is restricted to.
    pub(super) fn new(wanted: Option<&str>) -> Self {
        let mut plugins = Self {
            names: BUILT_IN.map(Box::from).to_vec(),
            wanted: None,
        };
        plugins.wanted = wanted.map(|name| plugins.number(name));
        plugins
    }

    /// The plugin called `name`. There are about as many as there are plugins installed.
    pub(super) fn attribution(&mut self, name: &str) -> Attribution {
        Attribution {
            plugin: Plugin::of(name.as_bytes()),
            name: self.number(name),
        }
    }

    fn number(&mut self, name: &str) -> u32 {
        let known = self.names.iter().position(|known| **known == *name);
        known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        }) as u32
    }
}

impl Tags<'_> {
    /// Whose data a value is. What nothing told here is taken note of, unless the run begins in this
    /// unit, so that nothing else could tell.
    #[inline(always)]
    pub fn attribution_of(
        &mut self,
        id: LocalTag,
        value: &Value<'_>,
    ) -> Result<Attribution, Irregular> {
        if let Some(metadata) = value.metadata {
            let own = self.read_metadata(id, metadata)?;
            if own.is_named() {
                return Ok(own);
            }
        }
        let field = match value.content {
            Content::Simple(_) => 2,
            Content::OldHistogram(_) => 3,
            Content::Image(_) => 4,
            Content::Histogram(_) => 5,
            Content::Audio(_) => 6,
            Content::Tensor(_) => 8,
            Content::None => 0,
        };
        Ok(Attribution::of_content(field).unwrap_or_else(|| self.known_or_missing(id)))
    }

    /// Whose data a value is of which only the head is at hand: the field number of its content, and
    /// its metadata, if the head reaches that. `None` where the whole value has to be looked at.
    pub fn attribution_of_head(
        &mut self,
        id: LocalTag,
        field: u32,
        metadata: Option<&[u8]>,
    ) -> Option<Attribution> {
        if let Some(metadata) = metadata {
            if self.is_new_metadata(id, metadata) {
                return None; // and nothing is learned from what has not been verified
            }
            let own = self.read_metadata(id, metadata).ok()?;
            if own.is_named() {
                return Some(own);
            }
        }
        Attribution::of_content(field).or_else(|| self.known(id))
    }

    /// Whether a value of `attribution` is of the plugin asked for.
    #[inline(always)]
    pub fn is_selected(&self, attribution: Attribution) -> bool {
        self.plugins()
            .wanted
            .is_none_or(|name| name == attribution.name)
    }

    /// The name of a plugin; `None` if nothing names one.
    pub fn plugin_name(&self, attribution: Attribution) -> Option<&str> {
        let name = self.plugins().names.get(attribution.name as usize);
        name.map(|name| &**name).filter(|name| !name.is_empty())
    }
}
