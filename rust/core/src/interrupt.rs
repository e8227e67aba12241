//! Whether the caller still waits: what long computations look at now and then.
//!
//! The question is kept for the thread, since the encoders of media stand several calls below the
//! one that knows whom to ask.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often is asked at most.
const PAUSE: Duration = Duration::from_millis(50);

/// Whom to ask, and when that was done last.
type Asked = (fn() -> bool, Instant);

thread_local! {
    static ASKED: Cell<Option<Asked>> = const { Cell::new(None) };
}

/// Puts back what was there before, however the work ends.
struct Before(Option<Asked>);

impl Drop for Before {
    fn drop(&mut self) {
        ASKED.set(self.0);
    }
}

/// Runs `work`, which fails with [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) soon
/// after `go_on` has said no. It is asked on this thread, every 50 ms or more seldom.
pub fn watched<T>(go_on: fn() -> bool, work: impl FnOnce() -> T) -> T {
    let _before = Before(ASKED.replace(Some((go_on, Instant::now()))));
    work()
}

/// Bytes that are copied, or go through a checksum, between two looks.
pub(crate) const STRETCH: usize = 1 << 20;

/// Appends `bytes` to `out`. Up to [`STRETCH`] of them are copied without a look, so that this may
/// be done with a lock held.
///
/// # Errors
/// If the caller has asked to stop; `out` then has a part of them.
#[inline]
pub(crate) fn copy(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.reserve(bytes.len());
    if bytes.len() <= STRETCH {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    for stretch in bytes.chunks(STRETCH) {
        check()?;
        out.extend_from_slice(stretch);
    }
    Ok(())
}

/// To be called every few milliseconds.
///
/// # Errors
/// If the caller has asked to stop.
pub(crate) fn check() -> Result<()> {
    let Some((go_on, asked)) = ASKED.get() else {
        return Ok(());
    };
    if asked.elapsed() < PAUSE {
        return Ok(());
    }
    let answer = go_on();
    ASKED.set(Some((go_on, Instant::now())));
    if answer {
        Ok(())
    } else {
        Err(Error::interrupted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn work_ends_when_the_caller_has_gone() {
        let endless = || -> Result<()> {
            loop {
                check()?;
            }
        };
        let error = watched(|| false, endless).expect_err("it says no");
        assert!(matches!(error.kind(), ErrorKind::Interrupted));
        check().expect("nobody is asked outside");
    }
}
