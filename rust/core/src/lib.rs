//! TensorBoard event files at memory speed, straight into Arrow.

pub mod error;
pub mod event;
pub mod export;
pub mod filter;
pub mod logdir;
pub mod pipeline;
pub mod proto;
pub mod record;
pub mod source;
pub mod table;

pub use error::{Error, ErrorKind, Result};
