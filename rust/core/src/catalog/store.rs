//! What a catalog asks of the place in which logs are kept.
//!
//! A location is spelled as a `Path`: a path of this machine's file systems, or the address of an
//! object, which is text with separators and is never handed to the system.

use super::root::{Root, Unlisted};
use super::spread::Spread;
use crate::error::Result;
use crate::source::{Identity, Source};
use std::any::Any;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Local file systems now, object stores later.
pub trait Store: fmt::Debug + Send + Sync {
    /// The event files under `roots`. `before` is what an earlier call returned: what cannot have
    /// changed since need not be listed again, and if nothing was listed, `before` is returned.
    ///
    /// # Errors
    /// If a named root cannot be listed, or the caller wants to stop.
    fn list(
        &self,
        roots: &Roots,
        before: Option<&Arc<Listing>>,
        spread: &mut dyn Spread,
    ) -> Result<Arc<Listing>>;

    /// What stands at a location, links followed.
    fn stat(&self, location: &Path) -> io::Result<Stat>;

    /// [`stat`](Self::stat) for many locations, most of them below `directory`.
    fn look_below<'a>(&'a self, directory: &Path) -> Look<'a> {
        let _ = directory;
        Box::new(|location| self.stat(location))
    }

    /// Opens a file for reading up to `length`, or up to its present end. With `maps`, it may be
    /// mapped where that is safe and pays.
    fn open(&self, location: &Path, length: Option<u64>, maps: bool)
    -> io::Result<Box<dyn Source>>;

    /// The location without links: two that lead to one place have one.
    fn resolve(&self, location: &Path) -> io::Result<PathBuf>;
}

/// What tells the state of a location.
pub type Look<'a> = Box<dyn Fn(&Path) -> io::Result<Stat> + Send + Sync + 'a>;

/// Where to look, and whether that has to be there yet.
#[derive(Debug, Clone)]
pub struct Roots {
    /// The places.
    pub places: Arc<[Root]>,
    /// A named place that does not exist, or holds no event file, is empty and no error.
    pub missing_ok: bool,
}

impl Roots {
    /// The directory that all places are in; the place itself if there is but one.
    pub fn common(&self) -> &Path {
        let Some((first, others)) = self.places.split_first() else {
            return Path::new("");
        };
        let mut common = first.path();
        for other in others {
            while !other.path().starts_with(common) {
                common = common.parent().unwrap_or(Path::new(""));
            }
        }
        common
    }
}

/// What stands at a location.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// What tells one state of it from another.
    pub identity: Identity,
    /// Whether it is a regular file, or an object.
    pub is_file: bool,
}

/// What a store has under some roots.
#[derive(Debug, Default)]
pub struct Listing {
    /// The event files by directory.
    pub directories: Vec<Listed>,
    /// What is passed over.
    pub unlisted: Vec<Unlisted>,
    /// Named directories without event files.
    pub empty: Vec<PathBuf>,
    /// What the store keeps for the next call.
    pub memory: Option<Box<dyn Any + Send + Sync>>,
}

/// A file, and its state where listing says it.
pub type ListedFile = (PathBuf, Option<Identity>);

/// Event files of one directory, which belong to one run.
#[derive(Debug)]
pub struct Listed {
    /// The run's name.
    pub run: String,
    /// The files, and their state where listing says it: object stores do, file systems do not.
    pub files: Arc<Vec<ListedFile>>,
}
