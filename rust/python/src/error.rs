//! The one table from the core's errors to Python's exceptions.

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyOSError, PyValueError};
use pyo3::prelude::*;
use std::io::ErrorKind as ErrorCode;
use tfevents::error::describe;
use tfevents::{Error, ErrorKind};

pyo3::create_exception!(
    tfevents,
    TfeventsError,
    PyException,
    "What goes wrong with event files and is no builtin's business."
);
pyo3::create_exception!(
    tfevents,
    DamagedFileError,
    TfeventsError,
    "Bytes that cannot be read as records, met under on_damage=\"raise\".\n\nAttributes: `path`, `offset` (bytes) and `reason`."
);

/// The exception for `error`.
pub(crate) fn to_py(py: Python<'_>, error: &Error) -> PyErr {
    match error.kind() {
        ErrorKind::Io(io) => {
            // Three arguments make Python choose FileNotFoundError, PermissionError and so on.
            let path = error.path().map(|p| p.to_string_lossy().into_owned());
            let code = io.raw_os_error().or(match io.kind() {
                ErrorCode::NotFound => Some(2),
                ErrorCode::PermissionDenied => Some(13),
                ErrorCode::IsADirectory => Some(21),
                _ => None,
            });
            match code {
                Some(code) => PyOSError::new_err((code, describe(io), path)),
                None => PyOSError::new_err(error.to_string()),
            }
        }
        ErrorKind::Damaged { offset, reason } => {
            let exception = DamagedFileError::new_err(error.to_string());
            let value = exception.value(py);
            let path = error.path().map(|p| p.to_string_lossy().into_owned());
            let set = value
                .setattr("path", path)
                .and_then(|()| value.setattr("offset", *offset))
                .and_then(|()| value.setattr("reason", reason));
            set.err().unwrap_or(exception)
        }
        ErrorKind::Argument(what) => PyValueError::new_err(what.clone()),
        ErrorKind::Interrupted => PyKeyboardInterrupt::new_err(()),
        ErrorKind::Caller(error) => match error.downcast_ref::<PyErr>() {
            Some(raised) => raised.clone_ref(py),
            None => TfeventsError::new_err(error.to_string()),
        },
        _ => TfeventsError::new_err(error.to_string()),
    }
}
