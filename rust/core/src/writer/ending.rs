//! Waiting for the disk: `flush` and `close`, of one writer and of many with one deadline.
//!
//! Each is asked for first and waited for afterwards. So the I/O of many writers overlaps, and a
//! disk that hangs costs its time once.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::buffer::{Phase, Shared, State, Wake};
use super::policy::Durability;
use super::thread::threads;
use super::{Wait, Writer, patiently};
use crate::{Error, Result};

/// Flushes all `writers`, and waits for no longer than `timeout`. What comes out for each is what
/// [`Writer::flush`] gives.
///
/// # Errors
/// Those of `wait`, at once.
pub fn flush_all(
    writers: &[&Writer],
    timeout: Option<Duration>,
    wait: Wait<'_>,
) -> Result<Vec<Result<()>>> {
    let deadline = Deadline::after(timeout);
    let flushes: Vec<_> = writers.iter().map(|writer| writer.ask_flush()).collect();
    let waits = flushes.into_iter().map(|flush| match flush {
        Some(flush) => flush.wait(&deadline, wait),
        None => Ok(Ok(())),
    });
    waits.collect()
}

/// Closes all `writers`, and waits for no longer than `timeout`, or the longest `close_timeout` of
/// their options. What comes out for each is what [`Writer::close`] gives.
///
/// # Errors
/// Those of `wait`, at once; the writers then close on their own.
pub fn close_all(
    writers: &[&Writer],
    timeout: Option<Duration>,
    wait: Wait<'_>,
) -> Result<Vec<Result<()>>> {
    let longest = || {
        writers
            .iter()
            .map(|writer| writer.options.close_timeout)
            .max()
    };
    let deadline = Deadline::after(timeout.or_else(longest));
    let closings: Vec<_> = writers.iter().map(|writer| writer.ask_close()).collect();
    let waits = closings.into_iter().map(|closing| match closing {
        Some(closing) => closing.wait(&deadline, wait),
        None => Ok(Ok(())),
    });
    waits.collect()
}

/// Until when a call waits.
struct Deadline {
    timeout: Option<Duration>,
    at: Option<Instant>,
}

impl Deadline {
    fn after(timeout: Option<Duration>) -> Self {
        let at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { timeout, at }
    }

    fn is_over(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// `ETIMEDOUT`, at the file of `state`.
    fn missed(&self, state: &State, what: &str) -> Error {
        let timeout = self.timeout.unwrap_or_default();
        let text = format!("the disk did not answer for {timeout:?}; {what}");
        let path = state.paths.last().cloned().unwrap_or_default();
        Error::io(io::Error::new(io::ErrorKind::TimedOut, text), &path)
    }
}

/// A flush that was asked for.
struct Flush<'a> {
    shared: &'a Arc<Shared>,
    number: u64,
}

/// A close that was asked for.
struct Closing<'a> {
    shared: &'a Arc<Shared>,
    session: u64,
}

impl Writer {
    /// Waits until everything that was added is as safe as `durability` says.
    ///
    /// # Errors
    /// If it could not be made so; the records wait for the next try, or are lost, as `on_error`
    /// says.
    pub fn flush(&self) -> Result<()> {
        self.flush_while(None, &mut patiently)
    }

    /// As [`flush`](Self::flush), for no longer than `timeout`, waiting with `wait`.
    ///
    /// # Errors
    /// As `flush`, those of `wait`, and `TimedOut`; the records are then still on their way.
    pub fn flush_while(&self, timeout: Option<Duration>, wait: Wait<'_>) -> Result<()> {
        let flushed = flush_all(&[self], timeout, wait)?;
        flushed.into_iter().collect()
    }

    /// Writes what waits and ends the file. Again is harmless; `append` afterwards begins a new
    /// file. Returns after `close_timeout` at the latest, whatever the disk does.
    ///
    /// # Errors
    /// If records were lost by closing; they are counted.
    pub fn close(&self) -> Result<()> {
        self.close_while(&mut patiently)
    }

    /// As [`close`](Self::close), waiting with `wait`.
    ///
    /// # Errors
    /// As `close`, and those of `wait`; the writer then closes on its own.
    pub fn close_while(&self, wait: Wait<'_>) -> Result<()> {
        let closed = close_all(&[self], None, wait)?;
        closed.into_iter().collect()
    }

    /// Asks for a flush; `None` if there is nothing to wait for.
    fn ask_flush(&self) -> Option<Flush<'_>> {
        let shared = self.shared.get()?;
        let mut state = shared.lock();
        if state.phase == Phase::Closed {
            return None;
        }
        state.asked += 1;
        let number = state.asked;
        drop(state);
        shared.wake(Wake::Now);
        let waits = self.options.durability != Durability::Buffered;
        waits.then_some(Flush { shared, number })
    }

    /// Asks for the end of the file; `None` if it is ended already.
    fn ask_close(&self) -> Option<Closing<'_>> {
        let shared = self.shared.get()?;
        let mut state = shared.lock();
        if state.phase == Phase::Closed {
            let unused = state.output.take();
            drop(state);
            if let Some(unused) = unused {
                unused.close();
            }
            return None;
        }
        if state.phase == Phase::Running {
            state.phase = Phase::Closing;
            state.answer = None;
        }
        let session = state.session;
        drop(state);
        shared.wake(Wake::Now);
        Some(Closing { shared, session })
    }
}

impl Flush<'_> {
    fn wait(self, deadline: &Deadline, wait: Wait<'_>) -> Result<Result<()>> {
        let shared = self.shared;
        let mut state = shared.lock();
        while state.answered < self.number {
            if deadline.is_over() {
                let error = deadline.missed(&state, "the records are still on their way");
                state.last_error = Some(error.to_string());
                return Ok(Err(error));
            }
            let pause = shared.pause(&state);
            drop(state);
            wait(&pause)?;
            state = shared.lock();
        }
        Ok(match state.answer.clone() {
            Some(error) => {
                shared.take_notice(&mut state);
                Err(error)
            }
            None => Ok(()),
        })
    }
}

impl Closing<'_> {
    fn wait(self, deadline: &Deadline, wait: Wait<'_>) -> Result<Result<()>> {
        let shared = self.shared;
        let mut state = shared.lock();
        while state.phase == Phase::Closing && state.session == self.session {
            if deadline.is_over() {
                let lost = state.pending;
                let what = format!(
                    "{} records ({} bytes) are given up",
                    lost.records, lost.bytes
                );
                let error = deadline.missed(&state, &what);
                shared.abandon(&mut state, error.clone());
                let unused = state.output.take();
                drop(state);
                match unused {
                    Some(_) => threads().close(),
                    None => threads().abandon(),
                }
                return Ok(Err(error));
            }
            let pause = shared.pause(&state);
            drop(state);
            wait(&pause)?;
            state = shared.lock();
        }
        Ok(match state.answer.take() {
            Some(error) => {
                shared.take_notice(&mut state);
                Err(error)
            }
            None => Ok(()),
        })
    }
}
