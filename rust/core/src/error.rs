//! The one error of this crate: what, where, and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation did not happen. `Display` names the path and, where there is one, the offset.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    path: Option<PathBuf>,
}

/// The kinds of [`Error`]; each says whether the caller may go on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused. Trying again may help, as its error says.
    Io(Arc<io::Error>),
    /// Bytes that cannot be read as records, met under `on_damage = raise`. Other files, and this
    /// one under `skip`, remain readable.
    Damaged {
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A file is not the one that was read before, or no longer holds what it did.
    Changed(String),
    /// An argument that makes no sense; the text names it and says what is allowed.
    Argument(String),
    /// The caller asked to stop.
    Interrupted,
    /// A mistake in this crate, whatever the input was. It is worth a report.
    Internal(String),
    /// A function of the caller failed with this.
    Caller(Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An I/O error at `path`.
    pub fn io(error: io::Error, path: &Path) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Io(Arc::new(error)),
            path: Some(path.to_owned()),
        }))
    }

    /// Damage at `offset` of `path`.
    pub fn damaged(path: &Path, offset: u64, reason: impl Into<String>) -> Self {
        let kind = ErrorKind::Damaged {
            offset,
            reason: reason.into(),
        };
        Self(Box::new(Inner {
            kind,
            path: Some(path.to_owned()),
        }))
    }

    /// The file at `path` does not hold what was read there before.
    pub fn changed(path: &Path, reason: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Changed(reason.into()),
            path: Some(path.to_owned()),
        }))
    }

    /// A bad argument; `what` names it and says what is allowed.
    pub fn argument(what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Argument(what.into()),
            path: None,
        }))
    }

    /// The caller asked to stop.
    pub fn interrupted() -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Interrupted,
            path: None,
        }))
    }

    /// An error that no input should cause.
    pub fn internal(what: impl fmt::Display) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Internal(what.to_string()),
            path: None,
        }))
    }

    /// What a function of the caller failed with.
    pub fn caller(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::Caller(Arc::new(error)),
            path: None,
        }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What went wrong, without where.
    pub fn reason(&self) -> String {
        match self.kind() {
            ErrorKind::Io(error) => describe(error),
            ErrorKind::Damaged { reason, .. } | ErrorKind::Changed(reason) => reason.clone(),
            _ => self.to_string(),
        }
    }

    /// The file or directory it went wrong at.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }
}

/// The system's text, without the number that Rust puts behind it.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .path()
            .map(|p| p.display().to_string())
            .unwrap_or_default();
        match self.kind() {
            ErrorKind::Io(error) => write!(f, "{path}: {error}"),
            ErrorKind::Damaged { offset, reason } => write!(
                f,
                "{path}: {reason} at offset {offset}; tfevents.open(…, on_damage=\"skip\") reads on after it"
            ),
            ErrorKind::Changed(reason) => write!(f, "{path}: {reason}; refresh() looks again"),
            ErrorKind::Argument(what) => f.write_str(what),
            ErrorKind::Interrupted => f.write_str("interrupted"),
            ErrorKind::Internal(what) => write!(f, "internal error: {what}; please report this"),
            ErrorKind::Caller(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::Io(error) => Some(error.as_ref()),
            ErrorKind::Caller(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
