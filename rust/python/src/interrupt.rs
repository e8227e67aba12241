//! Release the GIL, run, look for Ctrl-C now and then.

use std::cell::RefCell;

use crate::error::to_py;
use pyo3::prelude::*;
use tfevents::{Result, interrupt};

thread_local! {
    /// What a signal handler has raised while this thread computed.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

fn go_on() -> bool {
    match Python::try_attach(|py| py.check_signals()) {
        Some(Err(error)) => {
            RAISED.set(Some(error));
            false
        }
        Some(Ok(())) | None => true,
    }
}

/// Runs `make`, which computes, without the GIL. It ends early once a signal handler has raised,
/// and that exception is what comes out.
pub(crate) fn watched<T: Send>(py: Python<'_>, make: impl FnOnce() -> T + Send) -> PyResult<T> {
    let made = py.detach(|| interrupt::watched(go_on, make));
    RAISED.take().map_or(Ok(made), Err)
}

/// Runs `work` without the GIL. The closure it gets answers whether to go on; it says no once a
/// signal handler has raised, and that exception is what comes out.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut dyn FnMut() -> bool) -> Result<T> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let result = py.detach(|| {
        let mut go_on = || match Python::attach(|py| py.check_signals()) {
            Ok(()) => true,
            Err(error) => {
                raised = Some(error);
                false
            }
        };
        work(&mut go_on)
    });
    match (raised, result) {
        (Some(error), _) => Err(error),
        (None, result) => result.map_err(|error| to_py(py, &error)),
    }
}
