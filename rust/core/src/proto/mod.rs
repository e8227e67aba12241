//! The messages of event files, as structs with every field in its place.
//!
//! The fast path does not use them: `event` walks the wire and hands on slices. They are for what is
//! small or rare, and for proving the fast path right:
//!
//! - contents of plugins ([`plugins`], [`hparams`]): a few bytes a series, wanted as a whole;
//! - the oracle of the wire walker: what it accepts and what it yields is what [`Event`] decodes to.
//!   Strings are therefore `String` (a tag that is not UTF-8 is refused), and every list of
//!   [`TensorProto`] is there, packed or not;
//! - records that tests and tools make by hand.
//!
//! The structs are written by hand, so that building needs no protoc, and follow
//! `rust/core/proto/*.proto` field by field; `golden_records_survive` keeps them true. Where they
//! depart from what a generator would make:
//!
//! - messages inside messages are kept as the bytes they are where the wire has them as bytes
//!   (`graph_def`, `run_metadata`, a plugin's `content`);
//! - [`TensorProto::dtype`] is a plain number: unknown ones are data too, and naming them is the
//!   work of `event`;
//! - oneofs are enums beside their message, named for what they hold;
//! - maps are ordered, so that the same message always gives the same bytes.
//!
//! If you add a field: add it to the `.proto` file, run `tools/generate_protos.py`, add it here.

pub mod event;
pub mod hparams;
pub mod plugins;
pub mod summary;
pub mod tensor;

pub use event::{Event, LogMessage, SessionLog, SourceMetadata, TaggedRunMetadata, What};
pub use hparams::HParamsPluginData;
pub use summary::{
    Audio, DataClass, HistogramProto, Image, PluginData, Summary, SummaryMetadata, Value, ValueData,
};
pub use tensor::{Dim, TensorProto, TensorShapeProto};

/// `encode_to_vec`, `decode` and their kin.
pub use prost::Message;

#[cfg(test)]
mod tests;
