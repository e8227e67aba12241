//! Values to `Event` bytes: the wire format written straight into a buffer.
//!
//! There are no message objects. A value says how long it will be and then writes itself, so the
//! lengths that protobuf puts in front of nested messages are known before the first byte, the
//! buffer grows at most once, and nothing is copied from an inner buffer to an outer one. The
//! bytes are those of protobuf's own serialiser: fields in the order of their numbers, fields that
//! hold their default left out (`wall_time` 0.0, `step` 0, an empty tag), members of a oneof
//! written even so, a negative step as ten bytes.
//!
//! ```text
//! Event      1 wall_time: double   2 step: int64   3 file_version   4 graph_def   5 Summary
//!            7 SessionLog          8 TaggedRunMetadata   9 meta_graph_def   10 SourceMetadata
//! Summary    1 Value, repeated
//! Value      1 tag   2 simple_value: float   8 TensorProto   9 SummaryMetadata
//! ```
//!
//! Source: `tensorflow/core/util/event.proto`, `summary.proto`, `tensor.proto`.

use crate::{Result, interrupt};

/// The version every event file says it has.
pub const FILE_VERSION: &str = "brain.Event:2";
/// What our files give as `source_metadata.writer`.
pub const WRITER: &str = "tfevents";

mod field;

pub use field::{put_varint, varint_len};

use field::{
    I32, I64, VARINT, key, len_field_len, optional_len, put_bytes_field, put_large_field,
    put_len_field, put_optional, put_varint_field, varint_field_len,
};

/// Something that knows its exact size before it writes itself.
pub trait Encode {
    /// How many bytes [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize;
    /// Appends the bytes.
    ///
    /// # Errors
    /// If there are many, and the caller of [`interrupt::watched`] has asked to stop.
    fn encode(&self, out: &mut Vec<u8>) -> Result<()>;
}

/// Bytes that are encoded already.
impl Encode for [u8] {
    fn encoded_len(&self) -> usize {
        self.len()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        interrupt::copy(self, out)
    }
}

/// One event: when, at which step, and what.
#[derive(Debug, Clone, Copy)]
pub struct Event<W> {
    /// Seconds since 1970, as stored.
    pub wall_time: f64,
    /// The global step.
    pub step: i64,
    /// The payload.
    pub what: W,
}

impl<W: Encode> Encode for Event<W> {
    #[inline]
    fn encoded_len(&self) -> usize {
        let wall_time = if self.wall_time.to_bits() == 0 { 0 } else { 9 };
        wall_time + varint_field_len(self.step as u64) + self.what.encoded_len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        if self.wall_time.to_bits() != 0 {
            out.push(key(1, I64));
            out.extend_from_slice(&self.wall_time.to_le_bytes());
        }
        put_varint_field(out, 2, self.step as u64);
        self.what.encode(out)
    }
}

/// The file version, and who wrote it: the first event of a file.
#[derive(Debug, Clone, Copy)]
pub struct Version {
    /// `source_metadata.writer`; empty leaves the message out, as a `purge_step` event does.
    pub writer: &'static str,
}

impl Encode for Version {
    fn encoded_len(&self) -> usize {
        let source = match self.writer.len() {
            0 => 0,
            n => len_field_len(len_field_len(n)),
        };
        len_field_len(FILE_VERSION.len()) + source
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_bytes_field(out, 3, FILE_VERSION.as_bytes());
        if !self.writer.is_empty() {
            put_len_field(out, 10, len_field_len(self.writer.len()));
            put_bytes_field(out, 1, self.writer.as_bytes());
        }
        Ok(())
    }
}

/// One summary of one value.
#[derive(Debug, Clone, Copy)]
pub struct Summary<V>(pub V);

impl<V: Encode> Encode for Summary<V> {
    #[inline]
    fn encoded_len(&self) -> usize {
        len_field_len(len_field_len(self.0.encoded_len()))
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        let value = self.0.encoded_len();
        put_len_field(out, 5, len_field_len(value));
        put_len_field(out, 1, value);
        self.0.encode(out)
    }
}

/// One summary of values that [`put_value`] wrote one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a>(pub &'a [u8]);

impl Values<'_> {
    /// Bytes of a summary around `values` bytes of values.
    pub const fn around(values: usize) -> usize {
        len_field_len(values)
    }

    /// Begins a summary of `values` bytes of values, which [`put_value`] then appends.
    pub fn open(out: &mut Vec<u8>, values: usize) {
        put_len_field(out, 5, values);
    }
}

impl Encode for Values<'_> {
    fn encoded_len(&self) -> usize {
        len_field_len(self.0.len())
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_large_field(out, 5, self.0)
    }
}

/// Bytes that [`put_value`] appends for a value of `bytes` bytes.
pub const fn value_len(bytes: usize) -> usize {
    len_field_len(bytes)
}

/// Appends `value` as a `Summary.value` field, for [`Values`].
///
/// # Errors
/// As [`Encode::encode`].
#[inline]
pub fn put_value<V: Encode + ?Sized>(out: &mut Vec<u8>, value: &V) -> Result<()> {
    put_len_field(out, 1, value.encoded_len());
    value.encode(out)
}

/// One field of bytes: a serialised `GraphDef` (4) or `MetaGraphDef` (9).
#[derive(Debug, Clone, Copy)]
pub enum Graph<'a> {
    /// A serialised `GraphDef`.
    GraphDef(&'a [u8]),
    /// A serialised `MetaGraphDef`.
    MetaGraph(&'a [u8]),
}

impl<'a> Graph<'a> {
    fn field(&self) -> (u8, &'a [u8]) {
        match *self {
            Self::GraphDef(bytes) => (4, bytes),
            Self::MetaGraph(bytes) => (9, bytes),
        }
    }
}

impl Encode for Graph<'_> {
    fn encoded_len(&self) -> usize {
        len_field_len(self.field().1.len())
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        let (field, bytes) = self.field();
        put_large_field(out, field, bytes)
    }
}

/// A serialised `RunMetadata` under a tag.
#[derive(Debug, Clone, Copy)]
pub struct RunMetadata<'a> {
    /// Which part of the run it is about.
    pub tag: &'a str,
    /// The serialised `RunMetadata`.
    pub data: &'a [u8],
}

impl RunMetadata<'_> {
    fn inner_len(&self) -> usize {
        optional_len(self.tag.len()) + optional_len(self.data.len())
    }
}

impl Encode for RunMetadata<'_> {
    fn encoded_len(&self) -> usize {
        len_field_len(self.inner_len())
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_len_field(out, 8, self.inner_len());
        put_optional(out, 1, self.tag.as_bytes());
        if self.data.is_empty() {
            return Ok(());
        }
        put_large_field(out, 2, self.data)
    }
}

/// What a session did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SessionLog {
    /// It began, at this step: it supersedes what an earlier one wrote from here on.
    Start = 1,
    /// It ended.
    Stop = 2,
    /// It saved a checkpoint.
    Checkpoint = 3,
}

impl Encode for SessionLog {
    fn encoded_len(&self) -> usize {
        len_field_len(2)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_bytes_field(out, 7, &[key(1, VARINT), *self as u8]);
        Ok(())
    }
}

/// A scalar in one of its three encodings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// `simple_value`, the form every reader knows.
    Simple(f32),
    /// A `DT_FLOAT` tensor without a shape, under the plugin `scalars`: `new_style`.
    Float(f32),
    /// A `DT_DOUBLE` tensor without a shape, under the plugin `scalars`: `double_precision`.
    Double(f64),
}

impl Scalar {
    const fn tensor_len(self) -> usize {
        match self {
            Self::Simple(_) => 0,
            Self::Float(_) => 2 + 2 + 4,
            Self::Double(_) => 2 + 2 + 8,
        }
    }
}

/// A `Summary.Value` with nothing but a tag and a `simple_value`: what nearly all values are.
#[derive(Debug, Clone, Copy)]
pub struct PlainScalar<'a> {
    /// The series.
    pub tag: &'a str,
    /// The number.
    pub value: f32,
}

impl PlainScalar<'_> {
    const VALUE: usize = 5;

    #[inline]
    fn put_value(out: &mut Vec<u8>, value: f32) {
        let [a, b, c, d] = value.to_le_bytes();
        out.extend_from_slice(&[key(2, I32), a, b, c, d]);
    }
}

impl Encode for PlainScalar<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        optional_len(self.tag.len()) + Self::VALUE
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_optional(out, 1, self.tag.as_bytes());
        Self::put_value(out, self.value);
        Ok(())
    }
}

/// A `Summary.Value` with one scalar, perhaps with metadata.
#[derive(Debug, Clone, Copy)]
pub struct ScalarValue<'a> {
    /// The series.
    pub tag: &'a str,
    /// The number.
    pub value: Scalar,
    /// `metadata.display_name`; empty for none.
    pub display_name: &'a str,
    /// `metadata.summary_description`; empty for none.
    pub description: &'a str,
}

/// `plugin_data { plugin_name: "scalars" }`, as a field of `SummaryMetadata`.
const SCALARS_PLUGIN: &[u8] = b"\x0a\x09\x0a\x07scalars";

impl ScalarValue<'_> {
    #[inline]
    fn metadata_len(&self) -> usize {
        let plugin = match self.value {
            Scalar::Simple(_) => 0,
            _ => SCALARS_PLUGIN.len(),
        };
        plugin + optional_len(self.display_name.len()) + optional_len(self.description.len())
    }
}

impl Encode for ScalarValue<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        let value = match self.value {
            Scalar::Simple(_) => PlainScalar::VALUE,
            tensor => len_field_len(tensor.tensor_len()),
        };
        optional_len(self.tag.len()) + value + optional_len(self.metadata_len())
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        put_optional(out, 1, self.tag.as_bytes());
        match self.value {
            Scalar::Simple(value) => PlainScalar::put_value(out, value),
            Scalar::Float(value) => {
                put_len_field(out, 8, self.value.tensor_len());
                out.extend_from_slice(&[key(1, VARINT), 1]);
                put_bytes_field(out, 5, &value.to_le_bytes());
            }
            Scalar::Double(value) => {
                put_len_field(out, 8, self.value.tensor_len());
                out.extend_from_slice(&[key(1, VARINT), 2]);
                put_bytes_field(out, 6, &value.to_le_bytes());
            }
        }
        let metadata = self.metadata_len();
        if metadata > 0 {
            put_len_field(out, 9, metadata);
            if !matches!(self.value, Scalar::Simple(_)) {
                out.extend_from_slice(SCALARS_PLUGIN);
            }
            put_optional(out, 2, self.display_name.as_bytes());
            put_optional(out, 3, self.description.as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
