//! TensorBoard event files at memory speed, straight into Arrow.

pub mod error;
pub mod event;
#[cfg(feature = "media")]
pub mod media;
pub mod record;
pub mod summary;
pub mod writer;

pub use error::{Error, ErrorKind, Result};
