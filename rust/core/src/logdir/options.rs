//! How a log is read.

use crate::scan::Access;
use crate::scan::record::Policy;

/// What a step that goes back means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restarts {
    /// Nothing: every point of every file, in order.
    #[default]
    All,
    /// A restart: the points of the earlier attempt from there on are superseded.
    Last,
}

/// What happens at bytes that cannot be read as records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDamage {
    /// Read on at the next whole record, and list the damage.
    #[default]
    Skip,
    /// Fail with the place and the reason.
    Raise,
}

/// How a log is read.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// See [`Restarts`].
    pub restarts: Restarts,
    /// See [`OnDamage`].
    pub on_damage: OnDamage,
    /// Verify the checksum of every payload that is used.
    pub checksum: bool,
    /// Map large finished files on local disks.
    pub maps: bool,
    /// Threads that decode.
    pub threads: usize,
    /// A place that is not there yet, or holds no event file, is empty and no error.
    pub missing_ok: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            restarts: Restarts::All,
            on_damage: OnDamage::Skip,
            checksum: true,
            maps: true,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            missing_ok: false,
        }
    }
}

impl Options {
    /// How bytes are read and checked; `everything` is checked where that is asked for.
    pub(super) fn access(&self, everything: bool) -> Access {
        let policy = Policy {
            checksum: self.checksum || everything,
            everything,
        };
        Access {
            maps: self.maps,
            policy,
        }
    }
}
