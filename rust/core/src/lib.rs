//! TensorBoard event files at memory speed, straight into Arrow.

pub mod error;
#[cfg(feature = "media")]
pub mod media;
pub mod record;
pub mod summary;

pub use error::{Error, ErrorKind, Result};
