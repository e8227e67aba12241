//! New files and new bytes.

use super::LogDir;
use crate::catalog::Changes;
use crate::error::Result;
use crate::scan::Threads;

impl LogDir {
    /// Lists the files again and takes in what changed. Reads nothing but directories; those that
    /// did not change are not listed again. A named root that cannot be listed leaves everything
    /// as it was.
    ///
    /// # Errors
    /// If a named root cannot be listed, or, under `on_damage = raise`, anything else; if `go_on`
    /// says no.
    pub fn refresh(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Changes> {
        let before = self.snapshot();
        let mut threads = Threads::new(self.options.threads, go_on);
        let (now, changes) = self.catalog.refresh(&before, &mut threads)?;
        super::check(&now, &self.options)?;
        self.current.set(now, &changes);
        Ok(changes)
    }
}
