//! Events and their values, in protobuf's wire format.

pub mod encode;
