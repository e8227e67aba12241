//! Where a log is looked for, and what is passed over there.

use std::path::{Path, PathBuf};

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A directory; its runs are named by their path below it, under `name` unless that is empty.
    Directory {
        /// Prefix of the runs' names.
        name: String,
        /// The directory.
        path: PathBuf,
    },
    /// One event file, in the run `name`.
    File {
        /// The run's name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// What a glob matched: such a directory, such a file, or something else.
    Matched {
        /// Prefix of the runs' names, or the run's name.
        name: String,
        /// What was matched.
        path: PathBuf,
    },
}

impl Root {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory { path, .. } | Self::File { path, .. } | Self::Matched { path, .. } => {
                path
            }
        }
    }
}

/// Something that would belong to the log and cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// Where it is.
    pub path: PathBuf,
    /// The run it would be, or be in.
    pub run: String,
    /// Why it cannot be listed.
    pub reason: String,
}

/// TensorBoard's rule for what belongs to a log.
pub fn is_event_file(name: &str) -> bool {
    name.contains("tfevents")
}

/// The name of a run below its root; that of the root itself is `.`.
pub(super) fn run_name(name: &str) -> String {
    if name.is_empty() { "." } else { name }.to_owned()
}
