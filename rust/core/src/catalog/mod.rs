//! Which files there are: runs, their files, and what tells one state of a file from another.
//!
//! Stands below the scan and knows nothing of it, nor of Arrow and of threads. A [`Store`] lists and
//! opens; a [`Catalog`] makes [`Snapshot`]s of what it lists, and says how they differ.

mod changes;
mod discover;
mod file;
mod local;
mod natural;
mod refresh;
mod root;
mod snapshot;
pub mod spread;
mod store;
mod version;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "no_watch.rs"]
mod watch;

pub use changes::{Changes, Growth, RunChange};
pub use file::FileEntry;
pub use local::Local;
pub use natural::natural;
pub use root::{Root, Unlisted, is_event_file};
pub use snapshot::{Catalog, Run, Snapshot};
pub use spread::Spread;
pub use store::{Listed, ListedFile, Listing, Look, Roots, Stat, Store};
pub use version::FileVersion;
pub(crate) use version::{Arrival, Replaced};
pub use watch::{Waker, Watcher, Woken};
