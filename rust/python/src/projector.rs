//! The projector's configuration, read and edited.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tfevents::logdir::pbtxt;

/// The text of a config with `block` in place of the embeddings called `name`.
#[pyfunction]
pub fn replace_embedding(text: &str, name: &str, block: &str) -> PyResult<String> {
    pbtxt::replace_embedding(text, name, block)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// For each embedding of a config its name and the files that belong to it.
#[pyfunction]
pub fn embedding_files(text: &str) -> PyResult<Vec<(String, Vec<String>)>> {
    let config = pbtxt::ProjectorConfig::parse(text)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    let files = |info: pbtxt::EmbeddingInfo| {
        let sprite = info.sprite.map(|sprite| sprite.image_path);
        let files = [info.tensor_path, info.metadata_path];
        let files = files
            .into_iter()
            .chain(sprite)
            .filter(|file| !file.is_empty());
        (info.tensor_name, files.collect())
    };
    Ok(config.embeddings.into_iter().map(files).collect())
}
