//! The compiled module: registers names, nothing else.

use pyo3::prelude::*;

mod buffer;
mod summary;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::summary::{
        audio_value, default_edges, histogram_raw_value, histogram_tensor_value, histogram_value,
        hparams_end_value, hparams_experiment_value, hparams_start_value, image_value,
        layout_value, mesh_values, png, pr_curve_raw_value, pr_curve_value, sprite_png,
        strings_value, tensor_value, tsv, video_value,
    };
}
