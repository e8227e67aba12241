//! TensorBoard event files at memory speed, straight into Arrow.

pub mod error;
pub mod logdir;
pub mod proto;
pub mod record;

pub use error::{Error, ErrorKind, Result};
