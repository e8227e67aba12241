//! One event file: how far it is read, and what is known of it by now.

use super::portable::{Arrival, FileVersion};
use crate::error::{Error, Result};
use crate::event::view::Event;
use crate::event::wire::{Field, Fields};
use crate::pipeline::walk::{Part, Refusal, Span, Visit, Walk};
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::source::{Identity, LocalFile, Source, Window};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Damaged places that are passed at most to learn the time of the first event.
const MOST_DAMAGE: usize = 64;

/// The one incremental state of a file: `refresh`, and whatever else follows a log, goes on from
/// here.
#[derive(Debug)]
pub struct FileEntry {
    /// Where it is.
    pub path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The file as it was when it was first looked at; scans read up to its length then.
    identity: Option<Identity>,
    first_wall_time: Option<f64>,
    frontier: Frontier,
    /// The file as another process saw it, until it is first looked at here.
    arrival: Option<Arrival>,
    /// What [`FileEntry::version`] found.
    version: Option<FileVersion>,
}

/// How far the records of a file have been counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frontier {
    /// Where the next record would begin.
    pub offset: u64,
    /// Whole records before it.
    pub records: u64,
}

impl FileEntry {
    /// A file nothing is known of but its path.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    /// A file as another process saw it; compared when it is first looked at.
    pub(super) fn arrived(path: PathBuf, arrival: Arrival) -> Self {
        let state = State {
            arrival: Some(arrival),
            ..State::default()
        };
        Self {
            path,
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far to read: the file's length when it was first looked at, or last refreshed. A file
    /// that is gone, or tells nothing of itself, has no bytes; why shows when it is opened.
    pub fn length(&self) -> u64 {
        let mut state = self.lock();
        if state.identity.is_none()
            && let Ok(metadata) = std::fs::metadata(&self.path)
        {
            let now = Identity::of(&metadata);
            let arrival = state.arrival.take();
            state.identity = Some(arrival.map_or(now, |a| a.identity(&self.path, now)));
        }
        state.identity.map_or(0, |i| i.length)
    }

    /// Which file it was when it was first looked at, as far as the system can tell.
    pub fn is(&self, identity: &Identity) -> bool {
        self.lock()
            .identity
            .is_none_or(|known| known.file == identity.file)
    }

    /// The file up to its length, as another process can recognise it; `None` if it was not there
    /// when it was first looked at.
    pub(super) fn version(&self) -> Option<FileVersion> {
        let identity = {
            let state = self.lock();
            if let Some(known) = &state.version {
                return Some(known.clone());
            }
            if let Some(arrival) = &state.arrival {
                return Some(arrival.version.clone());
            }
            state.identity?
        };
        let version = FileVersion::of(&self.path, &identity);
        self.lock().version = Some(version.clone());
        Some(version)
    }

    /// Wall time of the first event, for the order of files; infinite if there is none.
    pub fn first_wall_time(&self) -> f64 {
        if let Some(known) = self.lock().first_wall_time {
            return known;
        }
        let Some(found) = first_wall_time(&self.path) else {
            return f64::INFINITY; // perhaps later
        };
        self.lock().first_wall_time = Some(found);
        found
    }

    /// Takes note that the records from `first` on were walked up to `next`.
    pub fn passed(&self, first: u64, next: u64, records: u64) {
        let mut state = self.lock();
        // What does not join on was walked by an earlier scan.
        if state.frontier.offset == first {
            state.frontier.records += records;
            state.frontier.offset = next;
        }
    }

    /// How far records have been counted.
    pub fn frontier(&self) -> Frontier {
        self.lock().frontier
    }

    /// The file's state on disk now, if it differs from what is known: `(now, is it another file
    /// or a shorter one)`.
    pub fn change(&self) -> Result<Option<(Identity, bool)>> {
        if self.lock().arrival.is_some() {
            self.length(); // settles which file it was
        }
        let known = self.lock().identity;
        let now = match std::fs::metadata(&self.path) {
            Ok(metadata) => Identity::of(&metadata),
            Err(error) => return Err(Error::io(error, &self.path)),
        };
        Ok(match known {
            Some(known) if known == now => None,
            Some(known) => Some((now, known.file != now.file || now.length < known.length)),
            None => Some((now, false)),
        })
    }

    /// The same file, read up to its length in `identity`.
    pub fn grown(&self, identity: Identity, frontier: Frontier) -> Self {
        let first_wall_time = self.lock().first_wall_time;
        let state = State {
            identity: Some(identity),
            first_wall_time,
            frontier,
            ..State::default()
        };
        Self {
            path: self.path.clone(),
            state: Mutex::new(state),
        }
    }
}

fn first_wall_time(path: &Path) -> Option<f64> {
    struct First(Option<f64>);
    impl Visit for First {
        fn record<C: Crc>(
            &mut self,
            _: u64,
            payload: &[u8],
            crc: MaskedCrc,
        ) -> Result<bool, Refusal> {
            if MaskedCrc::mask(C::crc32c(payload)) != crc {
                return Err(Refusal::Checksum);
            }
            self.0 = Event::parse(payload).map(|event| event.wall_time);
            Ok(true)
        }

        fn skips(&mut self, head: &[u8], _: u64) -> bool {
            // All writers put the time first, so a large event need not be read for it.
            if let Some((1, Field::Fixed64(time))) = Fields::of(head).next() {
                self.0 = Some(f64::from_le_bytes(time));
            }
            self.0.is_some()
        }
    }
    struct Look<'a>(Walk<'a>, &'a mut Window, &'a mut First, Option<u64>);
    impl Job for Look<'_> {
        type Output = Result<Span>;
        #[inline(always)]
        fn run<C: Crc>(self) -> Result<Span> {
            self.0.run::<C, _>(self.1, self.3, self.2)
        }
    }
    let source = LocalFile::open(path, None, false).ok()?;
    let (mut window, mut first) = (Window::default(), First(None));
    let mut at = 0;
    for _ in 0..MOST_DAMAGE {
        // One record at a time: the part ends right behind its first byte.
        let part = Part {
            low: at,
            high: (at + 1).min(source.length()),
        };
        let walk = Walk {
            source: &source,
            path,
            part,
        };
        let span = with_fastest(Look(walk, &mut window, &mut first, Some(at))).ok()?;
        if first.0.is_some() || span.ended || span.next <= at {
            break;
        }
        at = span.next;
    }
    first.0
}

/// Natural order: runs of digits compare as numbers, so `run_2` stands before `run_10`, and of equal
/// numbers the one with more zeros first, so `0.001` before `0.01`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let digits = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_digit()).count();
        let (i, j) = (digits(x), digits(y));
        let order = if i > 0 && j > 0 {
            let trim = |s: &[u8]| s.iter().position(|c| *c != b'0').unwrap_or(s.len());
            let (m, n) = (&x[trim(&x[..i])..i], &y[trim(&y[..j])..j]);
            let order = m.len().cmp(&n.len()).then_with(|| m.cmp(n)).then(j.cmp(&i));
            (x, y) = (&x[i..], &y[j..]);
            order
        } else {
            match (x.split_first(), y.split_first()) {
                (Some((c, rest)), Some((d, other))) => {
                    (x, y) = (rest, other);
                    // A run's sub-runs come right after it.
                    let rank = |c: &u8| if *c == b'/' { 0 } else { *c };
                    rank(c).cmp(&rank(d))
                }
                (first, second) => {
                    return first
                        .is_some()
                        .cmp(&second.is_some())
                        .then_with(|| a.cmp(b));
                }
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_names_order_as_numbers() {
        let mut names = [
            "run_10", "run_2", "run", "run_02", "a", "run_2/x", "run_2b", ".", "run_1",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                ".", "a", "run", "run_1", "run_02", "run_2", "run_2/x", "run_2b", "run_10"
            ]
        );
    }

    proptest! {
        #[test]
        fn natural_is_a_total_order(mut names in prop::collection::vec("[ab0-2/]{0,6}", 3)) {
            let (a, b, c) = (names.remove(0), names.remove(0), names.remove(0));
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
