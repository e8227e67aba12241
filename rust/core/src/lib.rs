//! TensorBoard event files at memory speed: read into Arrow, written without protobuf objects.
//!
//! ```
//! use tfevents::event::kind::Kind;
//! use tfevents::filter::Filter;
//! use tfevents::logdir::{LogDir, Options, Root};
//!
//! # fn main() -> tfevents::Result<()> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/golden");
//! let root = Root::Directory { name: String::new(), path: path.into() };
//! let logs = LogDir::open(vec![root], Options::default())?;
//! let loss = logs.scan(Kind::Scalars, Filter::default())?;
//! for batch in loss.reader(&mut || true)? {
//!     println!("{} rows", batch.expect("readable").num_rows());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Bytes become records in [`record`], records become events and values in [`event`], values
//! become columns in [`table`], on all cores in [`scan`], for many files in [`logdir`].
//! [`summary`] and [`writer`] go the other way.

pub mod catalog;
pub mod error;
pub mod event;
pub mod export;
pub mod filter;
pub mod interrupt;
pub mod logdir;
#[cfg(feature = "media")]
pub mod media;
pub mod proto;
pub mod record;
pub mod scan;
pub mod source;
pub mod summary;
pub mod table;
pub mod writer;

pub use error::{Error, ErrorKind, Result};
