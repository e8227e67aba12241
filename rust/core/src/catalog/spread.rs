//! How the catalog has many small things done at the same time, without threads of its own.

use crate::error::Result;

/// Does many small things in any order, perhaps at the same time, as long as the caller waits.
pub trait Spread {
    /// Calls `work` with each of `0..count` once. `grain` of them are worth a thread's while.
    ///
    /// # Errors
    /// If the caller wants to stop; some calls are then left out.
    fn each(&mut self, count: usize, grain: usize, work: &(dyn Fn(usize) + Sync)) -> Result<()>;
}

/// What `make` makes of each of `0..count`, in order.
pub fn collect<T: Send + Sync>(
    spread: &mut dyn Spread,
    count: usize,
    grain: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>> {
    let made: Vec<std::sync::OnceLock<T>> = (0..count).map(|_| Default::default()).collect();
    spread.each(count, grain, &|i| {
        let _ = made[i].set(make(i));
    })?;
    Ok(made
        .into_iter()
        .filter_map(|cell| cell.into_inner())
        .collect())
}

/// One thing after the other, on this thread.
#[derive(Debug)]
pub struct InTurn;

impl Spread for InTurn {
    fn each(&mut self, count: usize, _: usize, work: &(dyn Fn(usize) + Sync)) -> Result<()> {
        (0..count).for_each(work);
        Ok(())
    }
}
