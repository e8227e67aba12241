//! What the hparams plugin puts into [`PluginData::content`](super::PluginData).
//!
//! Tag `_hparams_/experiment` tells what is varied and measured, `_hparams_/session_start_info` and
//! `_hparams_/session_end_info` tell of one session each. The tensors beside them mean nothing.

use std::collections::BTreeMap;

use prost::{Enumeration, Message, Oneof};

/// The one message of the plugin.
#[derive(Clone, PartialEq, Message)]
pub struct HParamsPluginData {
    /// Always 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// What it tells.
    #[prost(oneof = "Data", tags = "2, 3, 4")]
    pub data: Option<Data>,
}

/// What a [`HParamsPluginData`] tells.
#[derive(Clone, PartialEq, Oneof)]
pub enum Data {
    /// What is varied and measured.
    #[prost(message, tag = "2")]
    Experiment(Experiment),
    /// A session begins.
    #[prost(message, tag = "3")]
    SessionStartInfo(SessionStartInfo),
    /// A session has ended.
    #[prost(message, tag = "4")]
    SessionEndInfo(SessionEndInfo),
}

/// Which hyperparameters were varied and which metrics measured.
#[derive(Clone, PartialEq, Message)]
pub struct Experiment {
    /// Markdown.
    #[prost(string, tag = "1")]
    pub description: String,
    /// Whose it is.
    #[prost(string, tag = "2")]
    pub user: String,
    /// Seconds since 1970; mostly 0.
    #[prost(double, tag = "3")]
    pub time_created_secs: f64,
    /// What is varied.
    #[prost(message, repeated, tag = "4")]
    pub hparam_infos: Vec<HParamInfo>,
    /// What is measured.
    #[prost(message, repeated, tag = "5")]
    pub metric_infos: Vec<MetricInfo>,
    /// Its name.
    #[prost(string, tag = "6")]
    pub name: String,
}

/// One hyperparameter and the values it may take.
#[derive(Clone, PartialEq, Message)]
pub struct HParamInfo {
    /// Its name in [`SessionStartInfo::hparams`].
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its name for people.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// Markdown.
    #[prost(string, tag = "3")]
    pub description: String,
    /// The type of its values.
    #[prost(enumeration = "DataType", tag = "4")]
    pub r#type: i32,
    /// The values it may take; absent: any.
    #[prost(oneof = "Domain", tags = "5, 6")]
    pub domain: Option<Domain>,
    /// Takes more than one value in the experiment.
    #[prost(bool, tag = "7")]
    pub differs: bool,
}

/// The values a hyperparameter may take.
#[derive(Clone, PartialEq, Oneof)]
pub enum Domain {
    /// These.
    #[prost(message, tag = "5")]
    Discrete(ListValue),
    /// All numbers between two.
    #[prost(message, tag = "6")]
    Interval(Interval),
}

/// The type of a hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DataType {
    /// Not told.
    Unset = 0,
    /// Strings.
    String = 1,
    /// Truth values. torch says `Float64` for them.
    Bool = 2,
    /// Numbers, whole ones too.
    Float64 = 3,
}

/// All numbers between two, which belong to it.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Interval {
    /// The least.
    #[prost(double, tag = "1")]
    pub min_value: f64,
    /// The greatest.
    #[prost(double, tag = "2")]
    pub max_value: f64,
}

/// A series of scalars that tells how good a session is.
#[derive(Clone, PartialEq, Message)]
pub struct MetricInfo {
    /// Which series.
    #[prost(message, optional, tag = "1")]
    pub name: Option<MetricName>,
    /// Its name for people.
    #[prost(string, tag = "3")]
    pub display_name: String,
    /// Markdown.
    #[prost(string, tag = "4")]
    pub description: String,
    /// What it was measured on.
    #[prost(enumeration = "DatasetType", tag = "5")]
    pub dataset_type: i32,
}

/// A series: a tag, in the run named by the session's path and the group joined.
#[derive(Clone, PartialEq, Message)]
pub struct MetricName {
    /// A path below the session's run; empty: that run itself.
    #[prost(string, tag = "1")]
    pub group: String,
    /// The tag.
    #[prost(string, tag = "2")]
    pub tag: String,
}

/// The data a metric was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DatasetType {
    /// Not told.
    Unknown = 0,
    /// What it learned from.
    Training = 1,
    /// What it had not seen.
    Validation = 2,
}

/// A session begins, with these values.
#[derive(Clone, PartialEq, Message)]
pub struct SessionStartInfo {
    /// Value of each hyperparameter.
    #[prost(btree_map = "string, message", tag = "1")]
    pub hparams: BTreeMap<String, Value>,
    /// Where the model is.
    #[prost(string, tag = "2")]
    pub model_uri: String,
    /// Where it is watched.
    #[prost(string, tag = "3")]
    pub monitor_url: String,
    /// Sessions with one group name are repeats of one trial.
    #[prost(string, tag = "4")]
    pub group_name: String,
    /// Seconds since 1970; 0: not told.
    #[prost(double, tag = "5")]
    pub start_time_secs: f64,
}

/// A session has ended.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct SessionEndInfo {
    /// How.
    #[prost(enumeration = "Status", tag = "1")]
    pub status: i32,
    /// Seconds since 1970.
    #[prost(double, tag = "2")]
    pub end_time_secs: f64,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Status {
    /// Not told.
    Unknown = 0,
    /// As it should.
    Success = 1,
    /// Early.
    Failure = 2,
    /// Not yet.
    Running = 3,
}

/// google.protobuf.Value: a value as JSON has them.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The value; absent: none was set.
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
    pub kind: Option<Kind>,
}

/// The kinds of a [`Value`].
#[derive(Clone, PartialEq, Oneof)]
pub enum Kind {
    /// null; the number is always 0.
    #[prost(int32, tag = "1")]
    NullValue(i32),
    /// A number.
    #[prost(double, tag = "2")]
    NumberValue(f64),
    /// A string.
    #[prost(string, tag = "3")]
    StringValue(String),
    /// true or false.
    #[prost(bool, tag = "4")]
    BoolValue(bool),
    /// An object.
    #[prost(message, tag = "5")]
    StructValue(Struct),
    /// An array.
    #[prost(message, tag = "6")]
    ListValue(ListValue),
}

/// google.protobuf.ListValue: an array as JSON has them.
#[derive(Clone, PartialEq, Message)]
pub struct ListValue {
    /// Its elements.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

/// google.protobuf.Struct: an object as JSON has them.
#[derive(Clone, PartialEq, Message)]
pub struct Struct {
    /// Its members.
    #[prost(btree_map = "string, message", tag = "1")]
    pub fields: BTreeMap<String, Value>,
}
