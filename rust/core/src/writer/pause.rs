//! How a caller waits for the I/O.

use super::buffer::Shared;
use std::time::Duration;

/// The longest sleep of a caller that waits, so that it can look for an interrupt.
const REST: Duration = Duration::from_millis(50);

/// What a caller does instead of spinning while the I/O takes its time.
pub struct Pause<'a> {
    pub(super) shared: &'a Shared,
    /// How many reports there were when the caller began to wait.
    pub(super) seen: u64,
}

impl Pause<'_> {
    /// Sleeps until there is news, or a twentieth of a second.
    pub fn rest(&self) {
        let state = self.shared.lock();
        let waited = self
            .shared
            .report
            .wait_timeout_while(state, REST, |state| state.reports == self.seen);
        drop(waited);
    }
}
