//! `Summary`, the values logged at one step, and the legacy forms they may take.

use prost::{Enumeration, Message, Oneof};

use super::tensor::TensorProto;

/// The values logged at one step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// In the order they were logged.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// One point of one series.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The series.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// Stands in for an empty tag in some tensor values of old files.
    #[prost(string, tag = "7")]
    pub node_name: String,
    /// Says which plugin reads the series; only the first value of a tag need carry it.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<SummaryMetadata>,
    /// The point; absent where the metadata says it all.
    #[prost(oneof = "ValueData", tags = "2, 3, 4, 5, 6, 8")]
    pub value: Option<ValueData>,
}

/// The forms a point can take. All but `Tensor` are legacy, and still what torch writes.
#[derive(Clone, PartialEq, Oneof)]
#[expect(
    clippy::large_enum_variant,
    reason = "most are tensors; a box would be in the way"
)]
pub enum ValueData {
    /// A scalar.
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    /// No reader understands it any more.
    #[prost(bytes, tag = "3")]
    ObsoleteOldStyleHistogram(Vec<u8>),
    /// An image.
    #[prost(message, tag = "4")]
    Image(Image),
    /// A histogram.
    #[prost(message, tag = "5")]
    Histo(HistogramProto),
    /// A sound.
    #[prost(message, tag = "6")]
    Audio(Audio),
    /// Anything, as the plugin's name tells.
    #[prost(message, tag = "8")]
    Tensor(TensorProto),
}

/// An image in an encoded format.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Rows.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Columns.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA, 5 YUV, 6 BGRA.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// PNG nearly always, GIF for moving ones.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// A sound in an encoded format.
#[derive(Clone, PartialEq, Message)]
pub struct Audio {
    /// Frames a second.
    #[prost(float, tag = "1")]
    pub sample_rate: f32,
    /// Samples a frame.
    #[prost(int64, tag = "2")]
    pub num_channels: i64,
    /// Frames in all.
    #[prost(int64, tag = "3")]
    pub length_frames: i64,
    /// WAV nearly always.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_audio_string: Vec<u8>,
    /// MIME type.
    #[prost(string, tag = "5")]
    pub content_type: String,
}

/// A distribution in buckets: `bucket[i]` counts what lies in `bucket_limit[i-1]..bucket_limit[i]`.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramProto {
    /// The least number.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The greatest number.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many numbers.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Their sum.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The sum of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Right edges, ascending; as many as buckets.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// Counts.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}

/// What a series is: whose, under which label, described how.
#[derive(Clone, PartialEq, Message)]
pub struct SummaryMetadata {
    /// The plugin and its content.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
    /// A label to show instead of the tag.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// Markdown.
    #[prost(string, tag = "3")]
    pub summary_description: String,
    /// The form of its tensors.
    #[prost(enumeration = "DataClass", tag = "4")]
    pub data_class: i32,
}

/// The plugin that owns a series, and what it wants to know.
#[derive(Clone, PartialEq, Message)]
pub struct PluginData {
    /// Such as `scalars`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
    /// A message of [`plugins`](super::plugins) or [`hparams`](super::hparams), serialised.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// Which form a plugin's tensors take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DataClass {
    /// Old files: to be derived from the plugin's name.
    Unknown = 0,
    /// Rank 0, DT_FLOAT.
    Scalar = 1,
    /// Any small tensor.
    Tensor = 2,
    /// Rank 1, DT_STRING; elements may be large.
    BlobSequence = 3,
}
