//! Which files there are: runs, their files, and what tells one state of a file from another.
//!
//! Stands below the scan and knows nothing of it, nor of Arrow and of threads.

mod discover;
mod file;
mod listing;
mod natural;
mod snapshot;
mod version;

pub use discover::{Root, Unlisted, discover, is_event_file};
pub use file::{FileEntry, Frontier};
pub use natural::natural;
pub use snapshot::{Run, Snapshot};
pub use version::FileVersion;
pub(crate) use version::{Arrival, Replaced};
