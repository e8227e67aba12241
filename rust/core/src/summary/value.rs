//! One `Summary.Value`: a tag, what it holds, and which plugin shows it.
//!
//! ```text
//!  Value     tag=1  simple_value=2 | image=4 | histo=5 | audio=6 | tensor=8   metadata=9
//!  metadata  plugin_data=1 { plugin_name=1, content=2 }  display_name=2  summary_description=3
//! ```

use super::histogram::Histogram;
use super::tensor::{self, Tensor};
use super::wire;
use crate::Result;

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
    /// Numbers, as [`tensor`](super::tensor()) spells them.
    Tensor(&'a Tensor<'a>),
    /// Byte strings, with their shape.
    Strings(&'a [usize], &'a [&'a [u8]]),
}

impl Content<'_> {
    /// How many bytes what may be large takes.
    fn size(&self) -> usize {
        match self {
            Self::Nothing | Self::Histogram(_) => 0,
            Self::Image { encoded, .. } | Self::Audio { encoded, .. } => encoded.len(),
            Self::Tensor(tensor) => tensor.head.len() + tensor.elements.len(),
            Self::Strings(_, strings) => strings.iter().map(|string| string.len() + 16).sum(),
        }
    }
}

/// The bytes of a `Summary.Value`.
///
/// # Errors
/// If there are many, and the caller of [`interrupt::watched`](crate::interrupt::watched) has asked
/// to stop.
pub fn value(tag: &str, content: Content<'_>, metadata: Metadata<'_>) -> Result<Vec<u8>> {
    let mut last = Vec::new();
    if !metadata.is_empty() {
        wire::message(&mut last, 9, |out| metadata.encode(out));
    }
    // Enough for all of it, so that what is large is not copied again as the buffer grows.
    let mut out = Vec::with_capacity(content.size() + tag.len() + last.len() + 128);
    wire::bytes(&mut out, 1, tag.as_bytes());
    match content {
        Content::Nothing => {}
        Content::Image {
            height,
            width,
            channels,
            encoded,
        } => {
            let mut head = Vec::new();
            wire::integer(&mut head, 1, height.into());
            wire::integer(&mut head, 2, width.into());
            wire::integer(&mut head, 3, channels.into());
            wire::begin(&mut head, 4, encoded.len());
            wire::parts(&mut out, 4, &head, encoded, &[])?;
        }
        Content::Audio {
            sample_rate,
            channels,
            frames,
            encoded,
        } => {
            let mut head = Vec::new();
            wire::float(&mut head, 1, sample_rate);
            wire::integer(&mut head, 2, channels.into());
            wire::integer(&mut head, 3, frames as i64);
            wire::begin(&mut head, 4, encoded.len());
            let mut tail = Vec::new();
            wire::bytes(&mut tail, 5, b"audio/wav");
            wire::parts(&mut out, 6, &head, encoded, &tail)?;
        }
        Content::Histogram(histogram) => {
            wire::message(&mut out, 5, |out| histogram.encode(out));
        }
        Content::Tensor(tensor) => wire::parts(&mut out, 8, &tensor.head, &tensor.elements, &[])?,
        Content::Strings(shape, strings) => {
            wire::large(&mut out, 8, &tensor::strings(shape, strings)?)?;
        }
    }
    out.extend_from_slice(&last);
    Ok(out)
}
