//! The compiled module: registers names, nothing else.

use pyo3::prelude::*;

mod buffer;
mod column;
mod entry;
mod lifetime;
mod summary;
mod writer;

#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::entry::PySummaryBase;
    #[pymodule_export]
    use super::lifetime::close_all;
    #[pymodule_export]
    use super::writer::{PyEventWriter, PyRecordWriter, PyWriter};
    #[pymodule_export]
    use super::summary::{
        audio_value, default_edges, doubles, histogram_raw_value, histogram_tensor_value, histogram_value,
        hparams_end_value, hparams_experiment_value, hparams_start_value, image_value,
        layout_value, mesh_values, png, pr_curve_raw_value, pr_curve_value, sprite_png,
        strings_value, tensor_value, tsv, video_value,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::lifetime::close_at_exit(module.py(), &module.getattr("close_all")?)
    }
}
