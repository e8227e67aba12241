//! Events and summary values as borrowed views: where each part of a message lies in its payload.
//!
//! A view is made in one pass and allocates nothing. Where protobuf lets a message part occur
//! twice and be merged, the view gives up (`None`) and the record takes the slow path; strings and
//! numbers that occur twice are simply the last one, as protobuf says.

mod metadata;

pub use metadata::Metadata;

use super::tensor::Tensor;
use super::wire::{Field, Fields};

/// One `Event`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Event<'a> {
    /// Seconds since the epoch, exactly as stored; 0 when absent.
    pub wall_time: f64,
    /// 0 when absent.
    pub step: i64,
    /// The `what` oneof.
    pub what: What<'a>,
    /// The `SourceMetadata` message.
    pub source: Option<&'a [u8]>,
    /// There is nothing but a wall time, a step and one summary.
    pub bare: bool,
}

/// What an event holds; the slices are the embedded messages or bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum What<'a> {
    /// Nothing, or nothing known.
    #[default]
    None,
    /// `brain.Event:2` and the like.
    FileVersion(&'a [u8]),
    /// A serialized `GraphDef`.
    GraphDef(&'a [u8]),
    /// A `Summary`.
    Summary(&'a [u8]),
    /// A `LogMessage`.
    LogMessage(&'a [u8]),
    /// A `SessionLog`.
    SessionLog(&'a [u8]),
    /// A `TaggedRunMetadata`.
    TaggedRunMetadata(&'a [u8]),
    /// A serialized `MetaGraphDef`.
    MetaGraphDef(&'a [u8]),
}

impl What<'_> {
    /// The field's name in `event.proto`.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            Self::FileVersion(_) => "file_version",
            Self::GraphDef(_) => "graph_def",
            Self::Summary(_) => "summary",
            Self::LogMessage(_) => "log_message",
            Self::SessionLog(_) => "session_log",
            Self::TaggedRunMetadata(_) => "tagged_run_metadata",
            Self::MetaGraphDef(_) => "meta_graph_def",
        })
    }
}

impl<'a> Event<'a> {
    /// Where the parts of the event in `payload` lie.
    #[inline(always)]
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let mut event = Event::default();
        let mut fields = Fields::of(payload);
        // Every writer puts the wall time first and the step second; the loop takes any order.
        if fields.take(0x09) {
            event.wall_time = f64::from_le_bytes(fields.fixed()?);
        }
        if fields.take(0x10) {
            event.step = fields.varint()? as i64;
        }
        if fields.take(0x2a) {
            event.what = What::Summary(fields.bytes()?);
            event.bare = fields.is_empty();
        }
        while !fields.is_empty() {
            let (number, field) = fields.next()?;
            event.set(number, field)?;
        }
        Some(event)
    }

    #[inline(always)]
    fn set(&mut self, number: u32, field: Field<'a>) -> Option<()> {
        match (number, field) {
            (5, Field::Bytes(b)) if !self.what.is_message() => self.what = What::Summary(b),
            (1, Field::Fixed64(b)) => self.wall_time = f64::from_le_bytes(b),
            (2, Field::Varint(v)) => self.step = v as i64,
            (3, Field::Bytes(b)) if !self.what.is_message() => self.what = What::FileVersion(b),
            (4, Field::Bytes(b)) if !self.what.is_message() => self.what = What::GraphDef(b),
            (6, Field::Bytes(b)) if !self.what.is_message() => self.what = What::LogMessage(b),
            (7, Field::Bytes(b)) if !self.what.is_message() => self.what = What::SessionLog(b),
            (8, Field::Bytes(b)) if !self.what.is_message() => {
                self.what = What::TaggedRunMetadata(b);
            }
            (9, Field::Bytes(b)) if !self.what.is_message() => self.what = What::MetaGraphDef(b),
            (10, Field::Bytes(b)) if self.source.is_none() => self.source = Some(b),
            (1..=10, _) => return None,
            _ => {} // unknown field
        }
        Some(())
    }
}

impl What<'_> {
    /// Whether a second occurrence in the oneof needs protobuf's merge rules.
    #[inline(always)]
    fn is_message(&self) -> bool {
        matches!(
            self,
            Self::Summary(_)
                | Self::LogMessage(_)
                | Self::SessionLog(_)
                | Self::TaggedRunMetadata(_)
        )
    }
}

/// One `Summary.Value`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value<'a> {
    /// Not yet checked to be UTF-8.
    pub tag: &'a [u8],
    /// Deprecated; the tag of a tensor value whose tag is empty.
    pub node_name: &'a [u8],
    /// The `value` oneof.
    pub content: Content<'a>,
    /// The `SummaryMetadata` message.
    pub metadata: Option<&'a [u8]>,
}

/// What a value holds; the slices are the embedded messages.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Content<'a> {
    /// No oneof at all: hparams from PyTorch, failed videos.
    #[default]
    None,
    /// `simple_value`.
    Simple(f32),
    /// `obsolete_old_style_histogram`.
    OldHistogram(&'a [u8]),
    /// `image`.
    Image(&'a [u8]),
    /// `histo`.
    Histogram(&'a [u8]),
    /// `audio`.
    Audio(&'a [u8]),
    /// `tensor`.
    Tensor(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Where the parts of the value in `message` lie.
    #[inline(always)]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut value = Value::default();
        let mut fields = Fields::of(message);
        if fields.take(0x0a) {
            value.tag = fields.bytes()?;
        }
        if fields.take(0x15) {
            value.content = Content::Simple(f32::from_le_bytes(fields.fixed()?));
        }
        while !fields.is_empty() {
            let (number, field) = fields.next()?;
            value.set(number, field)?;
        }
        Some(value)
    }

    #[inline(always)]
    fn set(&mut self, number: u32, field: Field<'a>) -> Option<()> {
        let merges = matches!(
            self.content,
            Content::Image(_) | Content::Histogram(_) | Content::Audio(_) | Content::Tensor(_)
        );
        match (number, field) {
            (1, Field::Bytes(b)) => self.tag = b,
            (2, Field::Fixed32(b)) if !merges => {
                self.content = Content::Simple(f32::from_le_bytes(b));
            }
            (3, Field::Bytes(b)) if !merges => self.content = Content::OldHistogram(b),
            (4, Field::Bytes(b)) if !merges => self.content = Content::Image(b),
            (5, Field::Bytes(b)) if !merges => self.content = Content::Histogram(b),
            (6, Field::Bytes(b)) if !merges => self.content = Content::Audio(b),
            (8, Field::Bytes(b)) if !merges => self.content = Content::Tensor(b),
            (7, Field::Bytes(b)) => self.node_name = b,
            (9, Field::Bytes(b)) if self.metadata.is_none() => self.metadata = Some(b),
            (1..=9, _) => return None,
            _ => {}
        }
        Some(())
    }

    /// The value with `metadata`, if there is any, in place of its own.
    #[inline(always)]
    pub fn with_metadata(self, metadata: Option<&'a [u8]>) -> Self {
        Self {
            metadata: metadata.or(self.metadata),
            ..self
        }
    }

    /// The series' tag: the node name where a tensor has no tag, as TensorBoard reads it.
    #[inline(always)]
    pub fn series_tag(&self) -> &'a [u8] {
        match self.content {
            Content::Tensor(_) if self.tag.is_empty() => self.node_name,
            _ => self.tag,
        }
    }
}

/// A value of the shape that nearly all scalars have: a tag and a float.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlainScalar<'a> {
    /// The tag.
    pub tag: &'a [u8],
    /// The float.
    pub value: f32,
    /// Stored as a tensor of rank 0 with `tensor_content`, not as `simple_value`.
    pub tensor: bool,
    /// The `SummaryMetadata` message behind it.
    pub metadata: Option<&'a [u8]>,
}

impl<'a> PlainScalar<'a> {
    /// Field 8, ten bytes: DT_FLOAT, an empty shape, four bytes of content.
    const TENSOR: [u8; 8] = [0x42, 0x0a, 0x08, 0x01, 0x12, 0x00, 0x22, 0x04];

    /// A summary that has this value and no other.
    #[inline(always)]
    pub fn parse(summary: &'a [u8]) -> Option<Self> {
        match summary.split_first_chunk::<2>()? {
            (&[0x0a, length @ ..0x80], value) if usize::from(length) == value.len() => {
                Self::of(value)
            }
            _ => None,
        }
    }

    /// Recognises the very bytes that writers produce; everything else is for [`Value`]. Nothing
    /// but the tag and the metadata is left to check.
    #[inline(always)]
    pub fn of(value: &'a [u8]) -> Option<Self> {
        let (&[0x0a, tag @ ..0x80], rest) = value.split_first_chunk::<2>()? else {
            return None;
        };
        let (tag, rest) = rest.split_at_checked(usize::from(tag))?;
        if let &[0x15, a, b, c, d] = rest {
            let value = f32::from_le_bytes([a, b, c, d]);
            return Some(Self {
                tag,
                value,
                tensor: false,
                metadata: None,
            });
        }
        let (shape, rest) = rest.split_first_chunk::<8>()?;
        let (value, rest) = rest.split_first_chunk::<4>()?;
        if *shape != Self::TENSOR {
            return None;
        }
        let metadata = match rest.split_first_chunk::<2>() {
            None if rest.is_empty() => None,
            Some((&[0x4a, length], metadata))
                if usize::from(length) == metadata.len() && length < 0x80 =>
            {
                Some(metadata)
            }
            _ => return None,
        };
        Some(Self {
            tag,
            value: f32::from_le_bytes(*value),
            tensor: true,
            metadata,
        })
    }
}

/// The values of a `Summary`.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a>(Fields<'a>);

impl<'a> Values<'a> {
    /// The values of `summary`.
    #[inline(always)]
    pub fn of(summary: &'a [u8]) -> Self {
        Self(Fields::of(summary))
    }

    /// Whether every value has been taken.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes not taken yet.
    #[inline(always)]
    pub fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }

    /// The next value's message; `Some(None)` for an unknown field.
    #[inline(always)]
    #[expect(
        clippy::should_implement_trait,
        reason = "None is not the end but a fault"
    )]
    pub fn next(&mut self) -> Option<Option<&'a [u8]>> {
        match self.0.next()? {
            (1, Field::Bytes(value)) => Some(Some(value)),
            (1, _) => None,
            _ => Some(None),
        }
    }
}

/// Tag and bytes of the `TaggedRunMetadata` in `message`.
pub fn tagged_run_metadata(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut tag, mut data) = (&[][..], &[][..]);
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        match fields.next()? {
            (1, Field::Bytes(b)) => tag = b,
            (2, Field::Bytes(b)) => data = b,
            _ => {}
        }
    }
    Some((tag, data))
}

/// Whether every value of `summary` can be viewed down to its tensor, so that none of them makes
/// the event take the slow path.
pub fn is_regular(summary: &[u8]) -> bool {
    let regular = |message| {
        let value = Value::parse(message)?;
        if let Content::Tensor(message) = value.content {
            Tensor::parse(message)?;
        }
        value
            .metadata
            .map_or(Some(()), |m| Metadata::parse(m).map(drop))
    };
    let mut values = Values::of(summary);
    while !values.is_empty() {
        match values.next() {
            Some(message) if message.is_none_or(|m| regular(m).is_some()) => {}
            _ => return false,
        }
    }
    true
}
