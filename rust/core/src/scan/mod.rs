//! From files to blocks of rows, on all cores, in order.
//!
//! ```text
//!  files --plan--> units --pool--> walk + verify + decode --order--> blocks in file order
//! ```
//!
//! A [`Unit`] is a byte range of a large file or a handful of small files. Workers take units as
//! they come, on assumptions: where the first record begins, what earlier bytes said of tags. The
//! scheduler holds each result against what all units before it have said, has it made again where
//! that differs, and gives results out in order. So the result is that of reading every file from
//! front to back, whatever the number of threads.

pub mod attempts;
pub mod block;
mod budget;
pub mod decode;
mod first;
mod hop;
pub mod order;
pub mod plan;
pub mod plugin;
mod pool;
pub mod projection;
pub mod record;
mod report;
pub mod resolve;
pub mod restarts;
mod schedule;
pub mod sink;
pub mod survey;
pub mod tags;
mod threads;
pub mod walk;

pub use budget::Budget;
pub use order::{Ordered, Output};
pub use plan::{FileTask, Unit, UnitPart, plan, tasks};
pub use report::{DamageSummary, Report};
pub use threads::Threads;

use crate::error::{Error, Result, describe};
use crate::record::crc::{Crc, Job, with_fastest};
use crate::source::Window;
use crate::table::Memory;
use record::{Events, Policy, Records};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tags::RunMetadata;
use walk::{Damage, End, Span, Walk};

pub use walk::Position;

/// How bytes are read and checked.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// Map large finished files on local disks.
    pub maps: bool,
    /// Which checksums are verified.
    pub policy: Policy,
}

/// The result of one unit: a span for each of its parts, and what became of the events.
pub struct Decoded<O> {
    /// Where each part's records lay.
    pub spans: Vec<Span>,
    /// What became of the events.
    pub output: O,
}

impl<O> Decoded<O> {
    /// The same, with what `make` makes of the output.
    pub fn map<P>(self, make: impl FnOnce(O) -> P) -> Decoded<P> {
        Decoded {
            spans: self.spans,
            output: make(self.output),
        }
    }
}

/// What a worker keeps from unit to unit.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The bytes at hand.
    pub window: Window,
    /// The columns at hand.
    pub memory: Memory,
    /// Set when nobody waits for the result any more.
    pub cancelled: Arc<AtomicBool>,
}

/// A unit of work, and what it is done on.
#[derive(Debug, Clone, Copy)]
pub struct WorkUnit<'a> {
    /// The files of the scan.
    pub files: &'a [FileTask],
    /// Which bytes of them.
    pub unit: &'a Unit,
    /// Where the first record is assumed to begin; it is searched for without.
    pub start: Option<Position>,
    /// What earlier bytes of the first run are assumed to have said of tags.
    pub metadata: &'a RunMetadata,
}

/// What is done with each unit.
pub trait Task: Send + Sync + 'static {
    /// What is left of a unit's events.
    type Output: Output + 'static;

    /// Does one unit.
    ///
    /// # Errors
    /// If this process has run out of something that reading takes, or nobody waits any more.
    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Self::Output>>;
}

/// Walks all parts of a unit with the events that `make` makes.
///
/// Bytes of a map count only if its file is unchanged afterwards; otherwise everything is done
/// again with reads.
pub fn decode<E: Events>(
    access: Access,
    work: WorkUnit<'_>,
    scratch: &mut Scratch,
    make: impl Fn(&mut Memory) -> E,
) -> Result<Decoded<E::Output>> {
    let mut maps = access.maps;
    loop {
        let records = Records {
            policy: access.policy,
            events: make(&mut scratch.memory),
        };
        let job = Parts {
            work,
            scratch: &mut *scratch,
            records,
            maps,
        };
        match with_fastest(job) {
            Some(result) => return result,
            None => maps = false,
        }
    }
}

/// All parts of a unit, walked with the fastest checksum.
struct Parts<'a, E> {
    work: WorkUnit<'a>,
    scratch: &'a mut Scratch,
    records: Records<E>,
    maps: bool,
}

impl<E: Events> Job for Parts<'_, E> {
    /// The result; `None` if bytes it came from were not what the files held.
    type Output = Option<Result<Decoded<E::Output>>>;

    #[inline(always)]
    fn run<C: Crc>(mut self) -> Self::Output {
        let mut spans = Vec::with_capacity(self.work.unit.parts.len());
        for part in &self.work.unit.parts {
            let task = &self.work.files[part.file];
            self.records.events.enter(task.run, task.id, part.first);
            let source = match task.entry.open(Some(task.length), self.maps) {
                Ok(source) if task.entry.is(&*source) => source,
                Ok(_) => {
                    let why = format!("the file is another one now; {LOOK_AGAIN}");
                    spans.push(self.lost(part, task, why));
                    self.records.events.leave();
                    continue;
                }
                Err(error) if is_passing(&error) => {
                    return Some(Err(Error::io(error, &task.entry.path)));
                }
                Err(error) => {
                    spans.push(self.lost(part, task, why(&error)));
                    self.records.events.leave();
                    continue;
                }
            };
            self.scratch.window.reset();
            let walk = Walk {
                end: task.end,
                cancelled: Some(&self.scratch.cancelled),
                ..Walk::new(&*source, &task.entry.path, part.part)
            };
            let window = &mut self.scratch.window;
            let from = self.work.start.or_else(|| task.start_of(part.part));
            let walked = walk.run_readable::<C, _>(window, from, &mut self.records);
            let span = match walked {
                Ok(span) => span,
                Err(error) => return Some(Err(error)),
            };
            let intact = window.is_intact(&*source);
            window.reset();
            if !intact {
                return None;
            }
            spans.push(span);
            self.records.events.leave();
        }
        let output = self.records.events.finish(&mut self.scratch.memory);
        Some(Ok(Decoded { spans, output }))
    }
}

/// Whether trying again may help, because it is this process that has run out of something.
fn is_passing(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let no_handles = matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::EINTR)
    );
    #[cfg(not(unix))]
    let no_handles = false;
    no_handles || error.kind() == ErrorKind::OutOfMemory
}

const LOOK_AGAIN: &str = "refresh() looks again";

/// Why a file cannot be opened.
fn why(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!("the file is gone; {LOOK_AGAIN}"),
        _ => describe(error),
    }
}

impl<E> Parts<'_, E> {
    /// The span of a part of a file that cannot be read, nor what follows it.
    fn lost(&self, part: &UnitPart, task: &FileTask, reason: String) -> Span {
        let first = self.work.start.map_or(part.part.low, |place| place.offset);
        let damage = Damage {
            offset: first,
            length: task.length.saturating_sub(first),
            reason,
        };
        let waits = task.end != End::Final;
        // An earlier part may have said so.
        let is_told = first > 0 && first >= task.length;
        Span {
            first: Some(first),
            next: first.into(),
            damage: if is_told || waits {
                Vec::new()
            } else {
                vec![damage]
            },
            ended: true,
            pending: waits,
            ..Span::default()
        }
    }
}
