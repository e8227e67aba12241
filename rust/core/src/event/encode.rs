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

/// The version every event file says it has.
pub const FILE_VERSION: &str = "brain.Event:2";
/// What our files give as `source_metadata.writer`.
pub const WRITER: &str = "tfevents";

const LEN: u8 = 2;
const I64: u8 = 1;
const I32: u8 = 5;
const VARINT: u8 = 0;

/// `field` with `wire` type, for the fields 1 to 15 that take one byte.
const fn key(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

/// Something that knows its exact size before it writes itself.
pub trait Encode {
    /// How many bytes [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize;
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Bytes that are encoded already.
impl Encode for [u8] {
    fn encoded_len(&self) -> usize {
        self.len()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
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
    fn encode(&self, out: &mut Vec<u8>) {
        if self.wall_time.to_bits() != 0 {
            out.push(key(1, I64));
            out.extend_from_slice(&self.wall_time.to_le_bytes());
        }
        put_varint_field(out, 2, self.step as u64);
        self.what.encode(out);
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

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes_field(out, 3, FILE_VERSION.as_bytes());
        if !self.writer.is_empty() {
            put_len_field(out, 10, len_field_len(self.writer.len()));
            put_bytes_field(out, 1, self.writer.as_bytes());
        }
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
    fn encode(&self, out: &mut Vec<u8>) {
        let value = self.0.encoded_len();
        put_len_field(out, 5, len_field_len(value));
        put_len_field(out, 1, value);
        self.0.encode(out);
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

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes_field(out, 5, self.0);
    }
}

/// Bytes that [`put_value`] appends for a value of `bytes` bytes.
pub const fn value_len(bytes: usize) -> usize {
    len_field_len(bytes)
}

/// Appends `value` as a `Summary.value` field, for [`Values`].
pub fn put_value<V: Encode + ?Sized>(out: &mut Vec<u8>, value: &V) {
    put_len_field(out, 1, value.encoded_len());
    value.encode(out);
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

    fn encode(&self, out: &mut Vec<u8>) {
        let (field, bytes) = self.field();
        put_bytes_field(out, field, bytes);
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

    fn encode(&self, out: &mut Vec<u8>) {
        put_len_field(out, 8, self.inner_len());
        put_optional(out, 1, self.tag.as_bytes());
        put_optional(out, 2, self.data);
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

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes_field(out, 7, &[key(1, VARINT), *self as u8]);
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

/// A `Summary.Value` with one scalar.
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

impl<'a> ScalarValue<'a> {
    /// A plain scalar: `simple_value`, no metadata.
    pub const fn simple(tag: &'a str, value: f32) -> Self {
        Self {
            tag,
            value: Scalar::Simple(value),
            display_name: "",
            description: "",
        }
    }

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
            Scalar::Simple(_) => 5,
            tensor => len_field_len(tensor.tensor_len()),
        };
        optional_len(self.tag.len()) + value + optional_len(self.metadata_len())
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        put_optional(out, 1, self.tag.as_bytes());
        match self.value {
            Scalar::Simple(value) => {
                out.push(key(2, I32));
                out.extend_from_slice(&value.to_le_bytes());
            }
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
    }
}

/// Bytes of `value` as a varint.
#[inline]
pub const fn varint_len(value: u64) -> usize {
    ((64 - (value | 1).leading_zeros()) as usize).div_ceil(7)
}

/// Appends `value` as a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
const fn varint_field_len(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + varint_len(value) }
}

#[inline]
fn put_varint_field(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(key(field, VARINT));
        put_varint(out, value);
    }
}

#[inline]
const fn len_field_len(bytes: usize) -> usize {
    1 + varint_len(bytes as u64) + bytes
}

#[inline]
const fn optional_len(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { len_field_len(bytes) }
}

#[inline]
fn put_len_field(out: &mut Vec<u8>, field: u8, bytes: usize) {
    out.push(key(field, LEN));
    put_varint(out, bytes as u64);
}

#[inline]
fn put_bytes_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_len_field(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

#[inline]
fn put_optional(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes_field(out, field, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(what: &impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        what.encode(&mut out);
        assert_eq!(out.len(), what.encoded_len(), "size and bytes agree");
        out
    }

    fn event<W: Encode>(wall_time: f64, step: i64, what: W) -> Vec<u8> {
        bytes(&Event {
            wall_time,
            step,
            what,
        })
    }

    #[test]
    fn version_event_is_field_3_then_10() {
        let out = event(1.5, 0, Version { writer: WRITER });
        assert_eq!(
            out,
            b"\x09\0\0\0\0\0\0\xf8\x3f\x1a\x0dbrain.Event:2\x52\x0a\x0a\x08tfevents"
        );
        assert_eq!(
            event(0.0, 0, Version { writer: "" }),
            b"\x1a\x0dbrain.Event:2"
        );
    }

    #[test]
    fn scalar_event_omits_defaults_and_keeps_a_zero_value() {
        let out = event(0.0, 0, Summary(ScalarValue::simple("", 0.0)));
        assert_eq!(out, b"\x2a\x07\x0a\x05\x15\0\0\0\0");
        let out = event(0.0, 3, Summary(ScalarValue::simple("a", 1.0)));
        assert_eq!(out, b"\x10\x03\x2a\x0a\x0a\x08\x0a\x01a\x15\0\0\x80\x3f");
    }

    #[test]
    fn negative_zero_is_no_default_and_negative_steps_take_ten_bytes() {
        assert_eq!(event(-0.0, 0, Values(b"")).len(), 9 + 2);
        assert_eq!(event(0.0, -1, Values(b"")).len(), 11 + 2);
        assert_eq!(event(0.0, i64::MIN, Values(b"")).len(), 11 + 2);
    }

    #[test]
    fn tensor_scalars_have_no_shape_and_name_their_plugin() {
        let value = ScalarValue {
            value: Scalar::Double(1.0),
            ..ScalarValue::simple("t", 0.0)
        };
        assert_eq!(
            bytes(&value),
            b"\x0a\x01t\x42\x0c\x08\x02\x32\x08\0\0\0\0\0\0\xf0\x3f\x4a\x0b\x0a\x09\x0a\x07scalars"
        );
    }

    #[test]
    fn sizes_agree_where_lengths_grow_a_byte() {
        let text = "x".repeat(70_000);
        for n in [
            0, 1, 110, 111, 112, 113, 126, 127, 128, 16_370, 16_383, 16_384, 70_000,
        ] {
            for value in [Scalar::Simple(1.0), Scalar::Float(2.0), Scalar::Double(3.0)] {
                for m in [0, 1, 100, 127, 128, 20_000] {
                    let value = ScalarValue {
                        tag: &text[..n],
                        value,
                        display_name: &text[..m],
                        description: &text[..n],
                    };
                    event(1.0, 1 << 40, Summary(value));
                }
            }
            let data = &text.as_bytes()[..n];
            event(1.0, 1, Graph::GraphDef(data));
            event(
                1.0,
                1,
                RunMetadata {
                    tag: &text[..n],
                    data,
                },
            );
            event(1.0, 1, Values(data));
        }
    }

    #[test]
    fn varints_have_their_documented_lengths() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                assert_eq!(out.len(), varint_len(value), "{value}");
            }
        }
    }
}
