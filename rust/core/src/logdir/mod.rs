//! What lies in a log directory.

pub mod pbtxt;
