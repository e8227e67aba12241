//! The projector's configuration, edited.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tfevents::logdir::pbtxt;

/// The text of a config with `block` in place of the embeddings called `name`.
#[pyfunction]
pub fn replace_embedding(text: &str, name: &str, block: &str) -> PyResult<String> {
    pbtxt::replace_embedding(text, name, block)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}
