//! How many threads work for a scan at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many threads work for a scan at once, whatever each of them does. Threads that wait for one
/// another hold no place.
#[derive(Debug)]
pub struct Budget {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Budget {
    /// Room for `threads` threads, at least one.
    pub fn new(threads: usize) -> Self {
        Self {
            free: Mutex::new(threads.max(1)),
            freed: Condvar::new(),
        }
    }

    /// Does `work` as soon as there is room.
    pub fn spend<R>(&self, work: impl FnOnce() -> R) -> R {
        let lock = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = lock();
        while *free == 0 {
            free = self
                .freed
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let _place = Place(self);
        work()
    }
}

/// A place that is taken; given back also if the work panics.
struct Place<'a>(&'a Budget);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_work_at_once_than_the_budget_has_room_for() {
        let (budget, now, most) = (Budget::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|_| budget.spend(work)));
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }
}
