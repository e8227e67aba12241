//! What a value's metadata says.

use crate::event::wire::{Field, Fields};

/// One `SummaryMetadata`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Metadata<'a> {
    /// Whose series it is: `scalars`, `images`, …
    pub plugin: &'a [u8],
    /// That plugin's own message.
    pub content: &'a [u8],
    /// A title for people.
    pub display_name: &'a [u8],
    /// Markdown.
    pub description: &'a [u8],
    /// `DataClass`; hardly ever on disk.
    pub data_class: i32,
}

impl<'a> Metadata<'a> {
    /// Where the parts of the metadata in `message` lie.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut metadata = Metadata::default();
        let mut plugin_data = None;
        let mut fields = Fields::of(message);
        while !fields.is_empty() {
            match fields.next()? {
                (1, Field::Bytes(b)) if plugin_data.is_none() => plugin_data = Some(b),
                (2, Field::Bytes(b)) => metadata.display_name = b,
                (3, Field::Bytes(b)) => metadata.description = b,
                (4, Field::Varint(v)) => metadata.data_class = v as i32,
                (1..=4, _) => return None,
                _ => {}
            }
        }
        let mut fields = Fields::of(plugin_data.unwrap_or_default());
        while !fields.is_empty() {
            match fields.next()? {
                (1, Field::Bytes(b)) => metadata.plugin = b,
                (2, Field::Bytes(b)) => metadata.content = b,
                (1 | 2, _) => return None,
                _ => {}
            }
        }
        Some(metadata)
    }
}
