//! One `Summary.Value`: a tag, what it holds, and which plugin shows it.
//!
//! ```text
//!  Value     tag=1  simple_value=2 | image=4 | histo=5 | audio=6 | tensor=8   metadata=9
//!  metadata  plugin_data=1 { plugin_name=1, content=2 }  display_name=2  summary_description=3
//! ```

use super::histogram::Histogram;
use super::{tensor, wire};

/// What a reader is told about a tag.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metadata<'a> {
    /// The plugin that shows the series.
    pub plugin: &'a str,
    /// What that plugin wants to know, in its own encoding.
    pub content: &'a [u8],
    /// A title instead of the tag.
    pub display_name: &'a str,
    /// A description, in Markdown.
    pub description: &'a str,
}

impl<'a> Metadata<'a> {
    /// Only a plugin name.
    pub fn plugin(plugin: &'a str) -> Self {
        Self {
            plugin,
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.plugin.is_empty() && self.display_name.is_empty() && self.description.is_empty()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        if !self.plugin.is_empty() {
            wire::message(out, 1, |out| {
                wire::bytes(out, 1, self.plugin.as_bytes());
                wire::bytes(out, 2, self.content);
            });
        }
        wire::bytes(out, 2, self.display_name.as_bytes());
        wire::bytes(out, 3, self.description.as_bytes());
    }
}

/// What a value holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Nothing: all that matters is in the metadata.
    Nothing,
    /// An encoded picture.
    Image {
        /// Pixels from top to bottom.
        height: u32,
        /// Pixels from left to right.
        width: u32,
        /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
        channels: u8,
        /// PNG or GIF.
        encoded: &'a [u8],
    },
    /// An encoded sound.
    Audio {
        /// Frames a second.
        sample_rate: f32,
        /// Samples a frame.
        channels: u16,
        /// Its length.
        frames: u64,
        /// WAV.
        encoded: &'a [u8],
    },
    /// A histogram.
    Histogram(&'a Histogram),
    /// A `TensorProto`, as [`tensor`](super::tensor()) makes it of numbers.
    Tensor(&'a [u8]),
    /// Byte strings, with their shape.
    Strings(&'a [usize], &'a [&'a [u8]]),
}

/// The bytes of a `Summary.Value`.
pub fn value(tag: &str, content: Content<'_>, metadata: Metadata<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    wire::bytes(&mut out, 1, tag.as_bytes());
    match content {
        Content::Nothing => {}
        Content::Image {
            height,
            width,
            channels,
            encoded,
        } => {
            wire::message(&mut out, 4, |out| {
                out.reserve(encoded.len() + 32);
                wire::integer(out, 1, height.into());
                wire::integer(out, 2, width.into());
                wire::integer(out, 3, channels.into());
                wire::bytes(out, 4, encoded);
            });
        }
        Content::Audio {
            sample_rate,
            channels,
            frames,
            encoded,
        } => {
            wire::message(&mut out, 6, |out| {
                out.reserve(encoded.len() + 48);
                wire::float(out, 1, sample_rate);
                wire::integer(out, 2, channels.into());
                wire::integer(out, 3, frames as i64);
                wire::bytes(out, 4, encoded);
                wire::bytes(out, 5, b"audio/wav");
            });
        }
        Content::Histogram(histogram) => {
            wire::message(&mut out, 5, |out| histogram.encode(out));
        }
        Content::Tensor(encoded) => {
            out.reserve(encoded.len() + 32);
            wire::bytes_always(&mut out, 8, encoded);
        }
        Content::Strings(shape, strings) => {
            wire::message(&mut out, 8, |out| tensor::strings(out, shape, strings));
        }
    }
    if !metadata.is_empty() {
        wire::message(&mut out, 9, |out| metadata.encode(out));
    }
    out
}
