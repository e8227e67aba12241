//! Pixels and samples into files that a browser shows: PNG, GIF, WAV, and sprites of many images.
//!
//! [`pixels`] turns arrays of any layout and dtype into 8-bit pixels; the other files encode them.

pub mod gif;
mod palette;
pub mod pixels;
pub mod png;
pub mod sprite;
pub mod wav;

pub use pixels::Pixels;
