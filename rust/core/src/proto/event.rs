//! `Event`, the message every record holds.

use prost::{Enumeration, Message, Oneof};

use super::summary::Summary;

/// One record: a moment, a step, and one thing that happened.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970, as the writer's clock said.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// The step of training.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened; of several on the wire the last one.
    #[prost(oneof = "What", tags = "3, 4, 5, 6, 7, 8, 9")]
    pub what: Option<What>,
    /// Who wrote the file; stands beside [`What::FileVersion`].
    #[prost(message, optional, tag = "10")]
    pub source_metadata: Option<SourceMetadata>,
}

/// The things an [`Event`] can tell.
#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    /// `brain.Event:2`, in the first record of a file.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// A serialised GraphDef.
    #[prost(bytes, tag = "4")]
    GraphDef(Vec<u8>),
    /// Values of one step.
    #[prost(message, tag = "5")]
    Summary(Summary),
    /// A line of a program's log.
    #[prost(message, tag = "6")]
    LogMessage(LogMessage),
    /// A session starts, stops or saves.
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
    /// What an execution of the graph cost.
    #[prost(message, tag = "8")]
    TaggedRunMetadata(TaggedRunMetadata),
    /// A serialised MetaGraphDef.
    #[prost(bytes, tag = "9")]
    MetaGraphDef(Vec<u8>),
}

/// Names the program that wrote a file.
#[derive(Clone, PartialEq, Message)]
pub struct SourceMetadata {
    /// Such as `tensorboard.summary.writer.event_file_writer`.
    #[prost(string, tag = "1")]
    pub writer: String,
}

/// A line of a program's log. No writer of today makes them.
#[derive(Clone, PartialEq, Message)]
pub struct LogMessage {
    /// How grave it is.
    #[prost(enumeration = "Level", tag = "1")]
    pub level: i32,
    /// The line.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// How grave a [`LogMessage`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Level {
    /// Not told.
    Unknown = 0,
    /// For developers.
    Debugging = 10,
    /// For the record.
    Info = 20,
    /// Something may be wrong.
    Warn = 30,
    /// Something is wrong.
    Error = 40,
    /// The program ended.
    Fatal = 50,
}

/// A training session starts, stops or saves.
#[derive(Clone, PartialEq, Message)]
pub struct SessionLog {
    /// What it does.
    #[prost(enumeration = "SessionStatus", tag = "1")]
    pub status: i32,
    /// Set for [`SessionStatus::Checkpoint`].
    #[prost(string, tag = "2")]
    pub checkpoint_path: String,
    /// Anything more.
    #[prost(string, tag = "3")]
    pub msg: String,
}

/// What a [`SessionLog`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum SessionStatus {
    /// Not told.
    Unspecified = 0,
    /// The session starts: points of the run at its step and later belong to an attempt given up.
    Start = 1,
    /// The session ends.
    Stop = 2,
    /// The session saves.
    Checkpoint = 3,
}

/// What one execution of the graph cost, under a name.
#[derive(Clone, PartialEq, Message)]
pub struct TaggedRunMetadata {
    /// The name.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// A serialised RunMetadata.
    #[prost(bytes = "vec", tag = "2")]
    pub run_metadata: Vec<u8>,
}
