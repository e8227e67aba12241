//! The life of a writer in an interpreter: waits with signals, policies, collection.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tfevents::event::encode::Encode;
use tfevents::writer::{OnError, Options, Pause, Writer};
use tfevents::{Error, ErrorKind};

use crate::interrupt::watched;
use crate::{ending, exit};

/// From here on a record takes longer to encode than to give up the interpreter lock.
const LARGE: usize = 64 << 10;

/// A writer, closed when nobody refers to it any more.
pub struct Live {
    writer: Arc<Writer>,
    /// A buffer between two calls that need one.
    scratch: Mutex<Vec<u8>>,
}

/// Waits, and finds out about Ctrl-C meanwhile.
#[derive(Default)]
pub struct Waiting(Option<PyErr>);

impl Waiting {
    /// What a signal handler has raised.
    pub fn signal(self) -> Option<PyErr> {
        self.0
    }

    /// To be called without the interpreter lock.
    pub fn rest(&mut self, pause: &Pause<'_>) -> tfevents::Result<()> {
        pause.rest();
        if let Some(Err(signal)) = Python::try_attach(|py| py.check_signals()) {
            self.0 = Some(signal);
            return Err(Error::interrupted());
        }
        Ok(())
    }
}

/// The exception for `error`.
pub fn exception(error: &Error) -> PyErr {
    let ErrorKind::Io(io) = error.kind() else {
        return PyValueError::new_err(error.to_string());
    };
    let number = io.raw_os_error().or(match io.kind() {
        std::io::ErrorKind::TimedOut => Some(110),
        std::io::ErrorKind::NotFound => Some(2),
        _ => None,
    });
    let path = error.path().map(PathBuf::from);
    match number {
        Some(number) if io.raw_os_error().is_some() => {
            // Python's own words for the number, and the subclass that goes with it.
            let text = std::io::Error::from_raw_os_error(number).to_string();
            let text = text
                .split(" (os error")
                .next()
                .unwrap_or_default()
                .to_owned();
            PyOSError::new_err((number, text, path))
        }
        Some(number) => PyOSError::new_err((number, io.to_string(), path)),
        None => PyOSError::new_err(error.to_string()),
    }
}

/// Warns that something could not be written.
pub fn warn(py: Python<'_>, what: &str) -> PyResult<()> {
    let text = format!("tfevents could not write: {what}");
    let text = CString::new(text.replace('\0', " "))?;
    let category = py.get_type::<PyRuntimeWarning>();
    exit::call(|| PyErr::warn(py, &category, &text, 2)).map(|_| ())
}

impl Live {
    pub fn open(py: Python<'_>, options: Options) -> PyResult<Self> {
        ending::prepare(py)?;
        let writer = watched(py, || Writer::open(options))?.map_err(|error| exception(&error))?;
        let writer = Arc::new(writer);
        ending::watch(&writer);
        let opened = Self {
            writer,
            scratch: Mutex::new(Vec::new()),
        };
        opened.notices(py)?;
        Ok(opened)
    }

    /// Adds a record, giving up the interpreter lock only to wait for room.
    #[inline]
    pub fn append<E: Encode + ?Sized>(&self, py: Python<'_>, record: &E) -> PyResult<()> {
        if exit::is_too_late() {
            return Ok(());
        }
        ending::prepare(py)?;
        let mut waiting = Waiting(None);
        let added = self
            .writer
            .append_while(record, &mut |pause| py.detach(|| waiting.rest(pause)));
        match added {
            Ok(_) => self.notices(py),
            Err(error) => Err(waiting.0.unwrap_or_else(|| exception(&error))),
        }
    }

    /// As [`append`](Self::append), of a record that may be large: then the interpreter lock is not
    /// held, and a signal handler that raises ends the call before anything is added.
    pub fn append_large<E: Encode + Sync + ?Sized>(
        &self,
        py: Python<'_>,
        record: &E,
    ) -> PyResult<()> {
        if record.encoded_len() <= LARGE {
            return self.append(py, record);
        }
        self.detached(py, |writer, waiting| {
            // A record that is dropped is counted.
            let _ = writer.append_while(record, &mut |pause| waiting.rest(pause))?;
            Ok(())
        })
    }

    /// Runs `work` without the interpreter lock, until a signal handler raises.
    pub fn detached(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Writer, &mut Waiting) -> tfevents::Result<()> + Send,
    ) -> PyResult<()> {
        if exit::is_too_late() {
            return Ok(());
        }
        ending::prepare(py)?;
        let mut waiting = Waiting(None);
        let done = watched(py, || work(&self.writer, &mut waiting))?;
        match done {
            Ok(()) => self.notices(py),
            Err(error) => Err(waiting.0.unwrap_or_else(|| exception(&error))),
        }
    }

    /// The writer itself.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    pub fn flush(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<()> {
        ending::flush(py, &[&self.writer], timeout)
    }

    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        ending::close(py, &[&self.writer], None)
    }

    /// Tells of the trouble since the last call.
    #[inline]
    fn notices(&self, py: Python<'_>) -> PyResult<()> {
        if self.writer.options().on_error != OnError::Warn {
            return Ok(());
        }
        match self.writer.take_notice() {
            None => Ok(()),
            Some(error) => warn(py, &error.to_string()),
        }
    }

    /// Counts a record that could not be made as dropped.
    pub fn count_dropped(&self) {
        self.writer.count_dropped();
    }

    pub fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.writer.stats();
        let counters = PyDict::new(py);
        counters.set_item("written", stats.written.records)?;
        counters.set_item("dropped", stats.dropped.records)?;
        counters.set_item("pending", stats.pending.records)?;
        counters.set_item("written_bytes", stats.written.bytes)?;
        counters.set_item("dropped_bytes", stats.dropped.bytes)?;
        counters.set_item("pending_bytes", stats.pending.bytes)?;
        counters.set_item("files", stats.paths.len())?;
        counters.set_item("last_error", stats.last_error)?;
        Ok(counters)
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        self.writer.stats().paths
    }

    /// An empty buffer, larger if it was before. Nobody waits for it: a forked child may find it
    /// locked by a thread it does not have.
    pub fn scratch(&self) -> Vec<u8> {
        let scratch = self.scratch.try_lock();
        scratch.map_or_else(|_| Vec::new(), |mut kept| std::mem::take(&mut *kept))
    }

    /// Keeps `buffer` for the next [`scratch`](Self::scratch).
    pub fn keep(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        if let Ok(mut kept) = self.scratch.try_lock() {
            *kept = buffer;
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Without an interpreter there is nobody to tell, and dropping the writer closes it.
        Python::try_attach(|py| {
            if let Err(error) = self.close(py) {
                error.write_unraisable(py, None);
            }
        });
    }
}
