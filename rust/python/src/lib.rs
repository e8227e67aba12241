//! The Python face of the `tfevents` crate: translates, decides nothing.

mod args;
mod buffer;
mod capsule;
mod column;
mod ending;
mod entry;
mod error;
mod exit;
mod follow;
mod interrupt;
mod lifetime;
mod logdir;
mod number;
mod options;
mod projector;
mod raw_writers;
mod records;
mod scan;
mod split;
mod summary;
mod writer;

use pyo3::prelude::*;

/// The compiled half of tfevents; import `tfevents` instead.
#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::error::{DamagedFileError, TfeventsError};

    #[pymodule_export]
    use super::follow::PyFollower;
    #[pymodule_export]
    use super::logdir::PyLogDir;
    #[pymodule_export]
    use super::records::PyRecords;
    #[pymodule_export]
    use super::scan::{PyBatch, PyBatches, PyScan, PyTable};
    #[pymodule_export]
    use super::split::{PyPack, PySplit};

    #[pymodule_export]
    use super::ending::{
        after_fork, child_begins, close_all, close_at_exit, close_writers, flush_writers,
    };
    #[pymodule_export]
    use super::entry::PySummaryBase;
    #[pymodule_export]
    use super::projector::{embedding_files, replace_embedding};
    #[pymodule_export]
    use super::raw_writers::{PyEventWriter, PyRecordWriter};
    #[pymodule_export]
    use super::summary::curves::{mesh_values, pr_curve_raw_value, pr_curve_value};
    #[pymodule_export]
    use super::summary::histograms::{
        default_edges, histogram_raw_value, histogram_tensor_value, histogram_value,
    };
    #[pymodule_export]
    use super::summary::media::{audio_value, image_value, png, sprite_png, video_value};
    #[pymodule_export]
    use super::summary::plugins::{
        hparams_end_value, hparams_experiment_value, hparams_start_value, layout_value,
    };
    #[pymodule_export]
    use super::summary::{PyValue, doubles, strings_value, tensor_value, tsv};
    #[pymodule_export]
    use super::writer::PyWriter;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
        ending::register(module)
    }
}
