//! The life of a writer in an interpreter: waits with signals, policies, exit, forks, collection.
//!
//! Every live writer is in one list. `close_all` closes what is in it: at exit, and, since
//! `multiprocessing` ends its forked children without the exit handlers, as a finaliser of such a
//! child once it has used a writer. The list is locked only with the interpreter lock held and for
//! no longer than to copy it, so that a fork never finds it locked.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::exceptions::{PyOSError, PyRuntimeWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tfevents::event::encode::Encode;
use tfevents::writer::{OnError, Options, Pause, Writer, generation};
use tfevents::{Error, ErrorKind};

static LIVE: Mutex<Vec<Weak<Writer>>> = Mutex::new(Vec::new());
/// The generation of this process that is prepared for its exit.
static PREPARED: AtomicU64 = AtomicU64::new(0);

/// A writer, closed when nobody refers to it any more.
pub struct Live {
    writer: Arc<Writer>,
    /// A buffer between two calls that need one.
    scratch: Mutex<Vec<u8>>,
}

/// Waits, and finds out about Ctrl-C meanwhile.
pub struct Waiting(Option<PyErr>);

impl Waiting {
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

fn warn(py: Python<'_>, error: &Error) -> PyResult<()> {
    let text = format!("tfevents could not write: {error}");
    let text = CString::new(text.replace('\0', " "))?;
    PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 2)
}

impl Live {
    pub fn open(py: Python<'_>, options: Options) -> PyResult<Self> {
        let writer = py
            .detach(|| Writer::open(options))
            .map_err(|error| exception(&error))?;
        let writer = Arc::new(writer);
        let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|weak| weak.strong_count() > 0);
        live.push(Arc::downgrade(&writer));
        drop(live);
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
        if generation() != PREPARED.load(Ordering::Relaxed) {
            prepare_child(py)?;
        }
        let mut waiting = Waiting(None);
        let added = self
            .writer
            .append_while(record, &mut |pause| py.detach(|| waiting.rest(pause)));
        match added {
            Ok(_) => self.notices(py),
            Err(error) => Err(waiting.0.unwrap_or_else(|| exception(&error))),
        }
    }

    /// Runs `work` without the interpreter lock.
    pub fn detached(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Writer, &mut Waiting) -> tfevents::Result<()> + Send,
    ) -> PyResult<()> {
        if generation() != PREPARED.load(Ordering::Relaxed) {
            prepare_child(py)?;
        }
        let mut waiting = Waiting(None);
        let done = py.detach(|| work(&self.writer, &mut waiting));
        match done {
            Ok(()) => self.notices(py),
            Err(error) => Err(waiting.0.unwrap_or_else(|| exception(&error))),
        }
    }

    pub fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.finish(py, |writer, waiting| {
            writer.flush_while(&mut |pause| waiting.rest(pause))
        })
    }

    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.finish(py, |writer, waiting| {
            writer.close_while(&mut |pause| waiting.rest(pause))
        })
    }

    /// As `detached`, for what tells of trouble by its result: the policy says what that means.
    fn finish(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Writer, &mut Waiting) -> tfevents::Result<()> + Send,
    ) -> PyResult<()> {
        let mut waiting = Waiting(None);
        let done = py.detach(|| work(&self.writer, &mut waiting));
        if let Some(signal) = waiting.0 {
            return Err(signal);
        }
        match (done, self.writer.options().on_error) {
            (Ok(()), _) => self.notices(py),
            (Err(error), OnError::Raise) => Err(exception(&error)),
            (Err(error), OnError::Warn) => warn(py, &error),
            (Err(_), OnError::Drop) => Ok(()),
        }
    }

    /// Tells of the trouble since the last call.
    #[inline]
    fn notices(&self, py: Python<'_>) -> PyResult<()> {
        if self.writer.options().on_error != OnError::Warn {
            return Ok(());
        }
        match self.writer.take_notice() {
            None => Ok(()),
            Some(error) => warn(py, &error),
        }
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

    /// An empty buffer, larger if it was before.
    pub fn scratch(&self) -> Vec<u8> {
        std::mem::take(&mut self.scratch.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps `buffer` for the next [`scratch`](Self::scratch).
    pub fn keep(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        *self.scratch.lock().unwrap_or_else(PoisonError::into_inner) = buffer;
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

/// Closes the writers that are still there.
#[pyfunction]
pub fn close_all(py: Python<'_>) {
    let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let writers: Vec<_> = live.iter().filter_map(Weak::upgrade).collect();
    drop(live);
    for writer in writers {
        let closed = py.detach(|| writer.close());
        if let (Err(error), false) = (closed, writer.options().on_error == OnError::Drop)
            && let Err(error) = warn(py, &error)
        {
            error.write_unraisable(py, None);
        }
    }
}

/// Has `close_all` called when the interpreter exits.
pub fn close_at_exit(py: Python<'_>, close_all: &Bound<'_, PyAny>) -> PyResult<()> {
    py.import("atexit")?
        .call_method1("register", (close_all,))?;
    Ok(())
}

/// Has it called when a child of `multiprocessing` ends, too.
#[cold]
fn prepare_child(py: Python<'_>) -> PyResult<()> {
    PREPARED.store(generation(), Ordering::Relaxed);
    let modules = py.import("sys")?.getattr("modules")?;
    let util = modules.call_method1("get", ("multiprocessing.util",))?;
    if !util.is_none() {
        let close_all = py.import("tfevents._native")?.getattr("close_all")?;
        let priority = PyDict::new(py);
        priority.set_item("exitpriority", 0)?;
        util.call_method("Finalize", (py.None(), close_all), Some(&priority))?;
    }
    Ok(())
}
