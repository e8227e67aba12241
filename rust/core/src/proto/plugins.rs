//! What the plugins put into [`PluginData::content`](super::PluginData), and custom-scalar layouts.

use prost::{Enumeration, Message, Oneof};

/// Of the plugins `scalars`, `histograms` and `text`, which tell no more than a version.
///
/// Version 0 serialises to no bytes. Old files have `{}`, which is JSON, for the latter two.
#[derive(Clone, PartialEq, Message)]
pub struct VersionedPluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
}

/// Of plugin `scalars`.
pub type ScalarPluginData = VersionedPluginData;
/// Of plugin `histograms`; tensors are `[k, 3]`: left edge, right edge, count.
pub type HistogramPluginData = VersionedPluginData;
/// Of plugin `text`; tensors are strings of Markdown.
pub type TextPluginData = VersionedPluginData;

/// Of plugin `images`; tensors are `[width, height, encoded image...]`, as strings.
#[derive(Clone, PartialEq, Message)]
pub struct ImagePluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// Was a legacy image value before it was converted.
    #[prost(bool, tag = "2")]
    pub converted_to_tensor: bool,
}

/// Of plugin `audio`; tensors are `[k, 2]`: encoded sounds and their labels, or `[k]`: sounds.
#[derive(Clone, PartialEq, Message)]
pub struct AudioPluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The format of the sounds.
    #[prost(enumeration = "AudioEncoding", tag = "2")]
    pub encoding: i32,
    /// Was a legacy audio value before it was converted.
    #[prost(bool, tag = "3")]
    pub converted_to_tensor: bool,
}

/// The format of sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum AudioEncoding {
    /// Not told.
    Unknown = 0,
    /// RIFF WAVE.
    Wav = 11,
}

/// Of plugin `pr_curves`.
///
/// Tensors are `[6, thresholds]`: true positives, false positives, true negatives, false negatives,
/// precision, recall.
#[derive(Clone, PartialEq, Message)]
pub struct PrCurvePluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// May disagree with the tensor, which is right.
    #[prost(uint32, tag = "2")]
    pub num_thresholds: u32,
}

/// Of plugin `mesh`: one of the up to three tensors that make a mesh.
#[derive(Clone, PartialEq, Message)]
pub struct MeshPluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The mesh's name; parts belong together by it, not by their tags.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Which part the tensor is.
    #[prost(enumeration = "MeshContentType", tag = "3")]
    pub content_type: i32,
    /// Settings of the camera and scene, for the browser.
    #[prost(string, tag = "5")]
    pub json_config: String,
    /// The tensor's shape.
    #[prost(int32, repeated, tag = "6")]
    pub shape: Vec<i32>,
    /// The parts there are: bit `1 << content_type` for each. 0 stands for all three.
    #[prost(uint32, tag = "7")]
    pub components: u32,
}

/// A part of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum MeshContentType {
    /// Not told.
    Undefined = 0,
    /// Points: x, y, z.
    Vertex = 1,
    /// Triangles: three indices of points.
    Face = 2,
    /// Colours of points: red, green, blue.
    Color = 3,
}

/// The charts of plugin `custom_scalars`, serialised in a string tensor.
#[derive(Clone, PartialEq, Message)]
pub struct Layout {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// In the order they are shown.
    #[prost(message, repeated, tag = "2")]
    pub category: Vec<Category>,
}

/// A group of charts under a heading.
#[derive(Clone, PartialEq, Message)]
pub struct Category {
    /// The heading.
    #[prost(string, tag = "1")]
    pub title: String,
    /// The charts.
    #[prost(message, repeated, tag = "2")]
    pub chart: Vec<Chart>,
    /// Folded when the page opens.
    #[prost(bool, tag = "3")]
    pub closed: bool,
}

/// One chart.
#[derive(Clone, PartialEq, Message)]
pub struct Chart {
    /// Its title.
    #[prost(string, tag = "1")]
    pub title: String,
    /// What it shows.
    #[prost(oneof = "ChartContent", tags = "2, 3")]
    pub content: Option<ChartContent>,
}

/// What a [`Chart`] shows.
#[derive(Clone, PartialEq, Oneof)]
pub enum ChartContent {
    /// Every series whose tag matches, as a line.
    #[prost(message, tag = "2")]
    Multiline(MultilineChartContent),
    /// Lines between bounds.
    #[prost(message, tag = "3")]
    Margin(MarginChartContent),
}

/// Every series whose tag matches, as a line.
#[derive(Clone, PartialEq, Message)]
pub struct MultilineChartContent {
    /// Regular expressions.
    #[prost(string, repeated, tag = "1")]
    pub tag: Vec<String>,
}

/// Lines between bounds.
#[derive(Clone, PartialEq, Message)]
pub struct MarginChartContent {
    /// One for each line.
    #[prost(message, repeated, tag = "1")]
    pub series: Vec<MarginSeries>,
}

/// The tags of a line and of its bounds.
#[derive(Clone, PartialEq, Message)]
pub struct MarginSeries {
    /// The line.
    #[prost(string, tag = "1")]
    pub value: String,
    /// The bound below.
    #[prost(string, tag = "2")]
    pub lower: String,
    /// The bound above.
    #[prost(string, tag = "3")]
    pub upper: String,
}
