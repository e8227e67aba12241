//! The Python face of the `tfevents` crate: translates, decides nothing.

mod args;
mod capsule;
mod error;
mod interrupt;
mod logdir;
mod records;
mod scan;

use pyo3::prelude::*;

/// The compiled half of tfevents; import `tfevents` instead.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::error::DamagedFileError;
    #[pymodule_export]
    use super::error::TfeventsError;
    #[pymodule_export]
    use super::logdir::PyLogDir;
    #[pymodule_export]
    use super::records::PyRecords;
    #[pymodule_export]
    use super::scan::{PyBatch, PyBatches, PyScan, PyTable};
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("DEBUG_BUILD", cfg!(debug_assertions))
    }
}
