//! A log that is read as it grows: new rows in the order in which they come, and a cursor that says
//! which were handed out.
//!
//! A follower looks at the files, reads what has come in rounds, and between rounds has nothing to
//! do. A round is a scan of byte ranges: each file from where it was read to its present end. The
//! first round of all is the scan of the log. A file's position moves on when the rows before it
//! are handed out, so work that was done ahead is in no cursor.

mod cursor;
mod ends;
mod file;
mod known;
mod look;
mod maker;
mod meshes;
mod round;
mod task;

pub use maker::{FindRoots, LiveSelection};

use super::LogDir;
use crate::catalog::{Watcher, Woken};
use crate::error::{Error, ErrorKind, Result};
use crate::event::kind::Kind;
use crate::scan::tags::RunMetadata;
use crate::source::stable_hash;
use crate::table::StoredPart;
use crate::table::schema::{OnCast, TensorData};
use arrow_array::RecordBatch;
use cursor::{Cursor, Partial, RunState};
use file::Followed;
use known::{Files, Runs};
use maker::RowMaker;
use round::Round;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a log is followed.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    /// How often to look where the system does not tell of changes.
    pub poll: Duration,
    /// How long a file must not have changed until an end that is no whole record is judged.
    pub settle: Duration,
    /// What tells one set of filters from another: a cursor is good for one only.
    pub question: String,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// What a follower has to say.
#[derive(Debug)]
pub enum Step {
    /// New rows of a kind.
    Rows(Kind, RecordBatch),
    /// New rows of events.
    Events(RecordBatch),
    /// There are none now; to be asked again when something changes, or after this time.
    Idle(Duration),
}

/// What happened to files while they were followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The file was replaced or shortened; its rows come from the start.
    Replaced(PathBuf),
    /// The log cannot be listed, because of this; it is waited for.
    Gone(PathBuf, String),
}

/// Bytes that are waited at: the end of a file that is no whole record, or the components of a mesh that
/// lacks others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The file.
    pub path: PathBuf,
    /// Where the bytes begin that have made no rows yet.
    pub offset: u64,
    /// How many there are by now.
    pub length: u64,
}

/// Follows a log; made by [`LogDir::follow`] and [`LogDir::follow_kinds`].
pub struct Follower {
    log: LogDir,
    find_roots: Option<FindRoots>,
    maker: RowMaker,
    options: FollowOptions,
    runs: Runs,
    files: Files,
    /// Bytes of which only some kinds of rows were handed out, by the numbers of files.
    partial: HashMap<u32, Partial>,
    round: Option<Round>,
    /// Components of meshes that a cursor names, until they are read again.
    begun: Vec<StoredPart<String>>,
    watcher: Arc<Watcher>,
    woken: Woken,
    next_sweep: Instant,
    notices: Vec<Notice>,
    is_gone: bool,
    /// The cursor to go on from, until the first look has shown whether it is one of this log.
    given: Option<u64>,
}

impl LogDir {
    /// Follows the rows of one kind.
    ///
    /// # Errors
    /// If the kind cannot be followed, or the cursor is none, or belongs to another question.
    pub fn follow(
        &self,
        kind: Kind,
        mut live: LiveSelection,
        options: FollowOptions,
    ) -> Result<Follower> {
        let find_roots = live.roots.take();
        let maker = RowMaker::of_kind(self, kind, TensorData::Any, live)?;
        Follower::new(self.frozen(None), find_roots, maker, options)
    }

    /// Follows tensors cast to `dtype`, which is numeric; their values are lists.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    pub fn follow_typed(
        &self,
        dtype: &str,
        on_cast: OnCast,
        mut live: LiveSelection,
        options: FollowOptions,
    ) -> Result<Follower> {
        let typed = TensorData::Typed {
            dtype: super::numeric(dtype)?,
            shape: None,
            on_cast,
        };
        let find_roots = live.roots.take();
        let maker = RowMaker::of_kind(self, Kind::Tensors, typed, live)?;
        Follower::new(self.frozen(None), find_roots, maker, options)
    }

    /// Follows the table of events.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    pub fn follow_events(
        &self,
        mut live: LiveSelection,
        options: FollowOptions,
    ) -> Result<Follower> {
        let find_roots = live.roots.take();
        let maker = RowMaker::of_events(self, live)?;
        Follower::new(self.frozen(None), find_roots, maker, options)
    }

    /// Follows the rows of several kinds in one pass. Rows of hparams have keys only: they tell which
    /// runs wrote hyperparameters, or the status of a session.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    pub fn follow_kinds(
        &self,
        kinds: &[Kind],
        mut live: LiveSelection,
        options: FollowOptions,
    ) -> Result<Follower> {
        let find_roots = live.roots.take();
        let maker = RowMaker::of_kinds(self, kinds, live)?;
        Follower::new(self.frozen(None), find_roots, maker, options)
    }
}

impl Follower {
    /// Follows `log` from the beginning, or from a cursor.
    ///
    /// # Errors
    /// If the cursor is none, or belongs to another question.
    fn new(
        log: LogDir,
        find_roots: Option<FindRoots>,
        mut maker: RowMaker,
        options: FollowOptions,
    ) -> Result<Self> {
        let mut runs = Runs::default();
        let mut files = Files::default();
        let mut partial = HashMap::new();
        let mut given = None;
        let mut begun = Vec::new();
        if let Some(text) = &options.cursor {
            let cursor = Cursor::from_text(text)?;
            if cursor.question != stable_hash(options.question.bytes()) {
                return Err(Error::argument(
                    "`cursor` belongs to another question: kinds, filters, attempts, restarts, \
                     checksum and on_damage must be those of the follower that it came from",
                ));
            }
            given = Some(cursor.place).filter(|_| !cursor.files.is_empty());
            partial = cursor.partial.iter().map(|p| (p.file, *p)).collect();
            begun = cursor.meshes;
            for run in cursor.runs {
                let number = runs.restore(&run);
                maker.admit_run(&run.name);
                maker.restore(number, &run.attempts);
            }
            for state in cursor.files {
                files.restore(Followed::restored(state));
                maker.admit_file("");
            }
        }
        Ok(Self {
            log,
            find_roots,
            maker,
            options,
            runs,
            files,
            partial,
            round: None,
            begun,
            watcher: Arc::default(),
            woken: Woken::Anything,
            next_sweep: Instant::now(),
            notices: Vec::new(),
            is_gone: false,
            given,
        })
    }

    /// The next rows, or how long there is nothing to do. `go_on` is asked now and then.
    ///
    /// # Errors
    /// As a scan's; after an error, the follower is where it was before.
    pub fn step(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<Step> {
        loop {
            match self.take_batch() {
                Some((Some(kind), batch)) => return Ok(Step::Rows(kind, batch)),
                Some((None, batch)) => return Ok(Step::Events(batch)),
                None => {}
            }
            if self.round.is_some() {
                match self.go_round(go_on) {
                    Ok(()) => {}
                    Err(error) => {
                        if !matches!(error.kind(), ErrorKind::Interrupted) {
                            self.rest();
                        }
                        return Err(error);
                    }
                }
                continue;
            }
            self.look(go_on)?;
            self.begin_round(go_on)?;
            if self.round.is_none() && self.can_begin_meshes() {
                self.begin_meshes()?;
                continue; // files may turn out to be others
            }
            if self.round.is_none() {
                if let Some(batch) = self.settled_meshes()? {
                    return Ok(Step::Rows(Kind::Meshes, batch));
                }
                return Ok(Step::Idle(self.patience()));
            }
        }
    }

    /// Gives up what was read ahead. Nothing is lost: it is in no cursor.
    pub fn rest(&mut self) {
        self.partial = self.partials();
        self.rest_meshes();
        self.round = None;
    }

    /// Waits for changes, from any thread.
    pub fn watcher(&self) -> Arc<Watcher> {
        Arc::clone(&self.watcher)
    }

    /// Tells what a wait ended with.
    pub fn wake(&mut self, woken: Woken) {
        self.woken = match (std::mem::replace(&mut self.woken, Woken::Nothing), woken) {
            (Woken::Anything, _) | (_, Woken::Anything) => Woken::Anything,
            (Woken::Files(mut a), Woken::Files(b)) => {
                a.extend(b);
                Woken::Files(a)
            }
            (known, Woken::Nothing) | (Woken::Nothing, known) => known,
        };
    }

    /// What happened since this was last asked.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// The rows that were handed out, as text to go on from.
    ///
    /// # Errors
    /// Never, unless there is a bug.
    pub fn cursor(&self) -> Result<String> {
        let attempts = self.maker.attempts();
        let runs = self.runs.names.iter().zip(&self.runs.metadata).zip(0u32..);
        let run = |((name, metadata), number): ((&String, &Arc<RunMetadata>), u32)| RunState {
            name: name.clone(),
            metadata: metadata
                .iter()
                .filter(|(_, known)| !known.plugin.is_empty())
                .map(|(tag, known)| {
                    let all = known.metadata.as_ref().map(|bytes| bytes.to_vec());
                    (tag.clone(), known.plugin.clone(), all)
                })
                .collect(),
            attempts: attempts.get(&number).cloned().unwrap_or_default(),
        };
        let mut partial: Vec<Partial> = self.partials().into_values().collect();
        partial.sort_unstable_by_key(|partial| partial.file);
        Cursor {
            question: stable_hash(self.options.question.bytes()),
            place: self.place(),
            runs: runs.map(run).collect(),
            files: self.files.files.iter().map(Followed::state).collect(),
            partial,
            meshes: self.begun_meshes(),
        }
        .to_text()
    }

    /// What is waited at, at most once a file.
    pub fn pending(&self) -> Vec<Pending> {
        let mut begun: HashMap<u32, u64> = HashMap::new();
        for part in self.begun_meshes() {
            let first = begun.entry(part.file).or_insert(part.offset);
            *first = part.offset.min(*first);
        }
        let pending = |(id, file): (u32, &Followed)| {
            let entry = file.entry.as_ref()?;
            let end = file.is_pending.then_some(file.position.offset);
            let offset = begun.get(&id).copied().or(end)?;
            Some(Pending {
                path: entry.path.clone(),
                offset,
                length: entry.length().saturating_sub(offset),
            })
        };
        (0u32..)
            .zip(&self.files.files)
            .filter_map(pending)
            .collect()
    }

    fn place(&self) -> u64 {
        let mut paths = Vec::new();
        for root in self.log.catalog.roots.places.iter() {
            let path = std::path::absolute(root.path()).unwrap_or_else(|_| root.path().to_owned());
            paths.extend_from_slice(path.as_os_str().as_encoded_bytes());
            paths.push(0);
        }
        stable_hash(paths)
    }
}
