//! Threads that live as long as one call, for many small things: stat results, first events.

use crate::catalog::Spread;
use crate::error::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often is asked whether the caller still waits.
const TICK: Duration = Duration::from_millis(20);

/// So many threads, as long as the caller waits.
pub struct Threads<'a> {
    most: usize,
    go_on: &'a mut dyn FnMut() -> bool,
}

impl<'a> Threads<'a> {
    /// At most `most` threads, this one included; `go_on` is asked now and then.
    pub fn new(most: usize, go_on: &'a mut dyn FnMut() -> bool) -> Self {
        Self { most, go_on }
    }

    fn look(&mut self, asked: &mut Instant) -> bool {
        if asked.elapsed() <= TICK {
            return true;
        }
        *asked = Instant::now();
        (self.go_on)()
    }
}

impl Spread for Threads<'_> {
    fn each(&mut self, count: usize, grain: usize, work: &(dyn Fn(usize) + Sync)) -> Result<()> {
        let grain = grain.max(1);
        let next = AtomicUsize::new(0);
        let step = || {
            let first = next.fetch_add(grain, Ordering::Relaxed);
            (first..count.min(first.saturating_add(grain))).for_each(work);
            first < count
        };
        let helpers = self.most.min(count.div_ceil(grain)).saturating_sub(1);
        let mut asked = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                // Fewer threads do the same work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || while step() {});
            }
            while step() {
                if !self.look(&mut asked) {
                    next.store(count, Ordering::Relaxed);
                    return Err(Error::interrupted());
                }
            }
            Ok(())
        })
    }
}
