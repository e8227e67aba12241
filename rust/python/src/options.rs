//! The options that all writers share, from keyword arguments.

use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tfevents::writer::{Durability, OnError, OnFull, Options, Target};

fn choice<T: Copy>(name: &str, value: &Bound<'_, PyAny>, allowed: &[(&str, T)]) -> PyResult<T> {
    let word: String = value.extract().unwrap_or_default();
    let found = allowed.iter().find(|(allowed, _)| *allowed == word);
    found.map(|&(_, value)| value).ok_or_else(|| {
        let words: Vec<_> = allowed
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect();
        let text = format!("{name} must be {}, not {value:?}", words.join(" or "));
        PyValueError::new_err(text)
    })
}

fn positive(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let number: Option<u64> = value.extract().ok().filter(|&number| number > 0);
    number.ok_or_else(|| {
        PyValueError::new_err(format!("{name} must be a positive integer, not {value:?}"))
    })
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let given: Option<f64> = value.extract().ok();
    let duration = given.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            PyValueError::new_err(format!(
                "{name} must be a positive number of seconds, not {value:?}"
            ))
        })
}

/// The options that all writers share, by name; None is the default.
pub(crate) fn from_keywords(
    target: Target,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<Options> {
    let mut options = Options::new(target);
    for (name, value) in given.into_iter().flatten() {
        let name: String = name.extract()?;
        if !value.is_none() {
            set_option(&mut options, &name, &value)?;
        }
    }
    Ok(options)
}

fn set_option(options: &mut Options, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    match name {
        "max_buffer_bytes" => options.max_buffer_bytes = positive(name, value)? as usize,
        "rotate_bytes" => options.rotate_bytes = Some(positive(name, value)?),
        "flush_secs" => options.flush_interval = Some(seconds(name, value)?),
        "rotate_secs" => options.rotate_after = Some(seconds(name, value)?),
        "close_timeout" => options.close_timeout = seconds(name, value)?,
        "durability" => {
            let allowed = [
                ("buffered", Durability::Buffered),
                ("flush", Durability::Flush),
                ("fsync", Durability::Fsync),
            ];
            options.durability = choice(name, value, &allowed)?;
        }
        "on_error" => {
            let allowed = [
                ("warn", OnError::Warn),
                ("raise", OnError::Raise),
                ("drop", OnError::Drop),
            ];
            options.on_error = choice(name, value, &allowed)?;
        }
        "on_full" => {
            let allowed = [("block", OnFull::Block), ("drop", OnFull::Drop)];
            options.on_full = choice(name, value, &allowed)?;
        }
        _ => {
            return Err(PyTypeError::new_err(format!(
                "{name} is no option of a writer"
            )));
        }
    }
    Ok(())
}
