//! The only file with threads: units in, results out, a bounded number of them in between.
//!
//! Workers live as long as one scan, so a process that forks or ends between scans has none; one
//! that forks during a scan cannot go on with it in the child. A worker takes the next unit when fewer than a few results wait to be fetched and they hold
//! little memory; the unit that is waited for is always taken.

use super::plan::{FileTask, Unit};
use super::tags::{self, Context, Learned, Lesson};
use super::{Decoded, Output, Position, Scratch, Task};
use crate::error::{Error, Result};

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Results that may wait, beyond two for each worker.
const AHEAD: usize = 2;

/// Bytes of waiting results above which no new unit is begun.
const MOST_WAITING: usize = 48 << 20;

/// How often a waiting consumer looks whether it should stop.
const TICK: Duration = Duration::from_millis(20);

/// How many threads work for a scan at once, whatever each of them does. Threads that wait for one
/// another hold no place.
#[derive(Debug)]
pub struct Budget {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Budget {
    /// Room for `threads` threads, at least one.
    pub fn new(threads: usize) -> Self {
        Self {
            free: Mutex::new(threads.max(1)),
            freed: Condvar::new(),
        }
    }

    /// Does `work` as soon as there is room.
    pub fn spend<R>(&self, work: impl FnOnce() -> R) -> R {
        let lock = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = lock();
        while *free == 0 {
            free = self
                .freed
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let _place = Place(self);
        work()
    }
}

/// A place that is taken; given back also if the work panics.
struct Place<'a>(&'a Budget);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

pub(super) struct Pool<T: Task> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
    scratch: Scratch,
    asked: Instant,
    /// The process the workers belong to; a fork of it has none.
    process: u32,
}

struct Shared<T: Task> {
    task: Arc<T>,
    files: Arc<Vec<FileTask>>,
    units: Arc<Vec<Unit>>,
    known: Known,
    ahead: usize,
    state: Mutex<State<T::Output>>,
    ready: Condvar,
    room: Condvar,
    budget: Arc<Budget>,
    cancelled: Arc<AtomicBool>,
}

struct State<O> {
    /// The next unit to begin.
    next: usize,
    /// The unit that is waited for.
    wanted: usize,
    results: HashMap<usize, Outcome<O>>,
    /// A run, and what units that are done by now said of its tags: a hint for the units to come,
    /// which [`order`](super::order) holds against what earlier units said.
    hint: (u32, Arc<Context>),
    waiting_bytes: usize,
    stopped: bool,
}

/// What is known of runs, by number, before the first unit.
pub(super) type Known = Arc<HashMap<u32, Arc<Context>>>;

/// A unit's result, and the hint it was done with.
type Outcome<O> = Result<(Decoded<O>, Option<Arc<Context>>)>;

impl<T: Task> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T::Output>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(
        &self,
        number: usize,
        hint: Option<Arc<Context>>,
        scratch: &mut Scratch,
    ) -> Outcome<T::Output> {
        let decoded = self.decode(number, None, hint.as_deref(), scratch)?;
        Ok((decoded, hint))
    }

    /// Decodes a unit. A panic is a bug; it ends the scan, not whoever reads it, who may be C.
    fn decode(
        &self,
        number: usize,
        from: Option<Position>,
        seed: Option<&Context>,
        scratch: &mut Scratch,
    ) -> Result<Decoded<T::Output>> {
        let unit = &self.units[number];
        let run = || self.task.run(&self.files, unit, from, seed, &mut *scratch);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
            let part = unit.parts.first();
            let path = part.map(|p| self.files[p.file].entry.path.display().to_string());
            Err(Error::argument(format!(
                "internal error in {} behind byte {}; please report this",
                path.unwrap_or_default(),
                part.map_or(0, |p| p.part.low),
            )))
        })
    }

    fn run_of(&self, number: usize) -> Option<u32> {
        Some(self.files[self.units.get(number)?.parts.first()?.file].run)
    }

    fn work(&self) {
        let mut scratch = Scratch {
            cancelled: Arc::clone(&self.cancelled),
            ..Scratch::default()
        };
        while let Some((number, hint)) = self.take() {
            let result = self.budget.spend(|| self.run(number, hint, &mut scratch));
            let mut state = self.lock();
            if let Ok((decoded, _)) = &result {
                state.waiting_bytes += decoded.output.size();
                if let Some(run) = self.run_of(number + 1) {
                    state.take_hints(run, decoded.output.lesson(), &self.known);
                }
            }
            state.results.insert(number, result);
            if state.wanted == number {
                self.ready.notify_one();
            }
        }
    }

    fn take(&self) -> Option<(usize, Option<Arc<Context>>)> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.next >= self.units.len() {
                return None;
            }
            let room = state.next < state.wanted + self.ahead && state.waiting_bytes < MOST_WAITING;
            if room || state.next == state.wanted {
                let number = state.next;
                state.next += 1;
                let run = self.run_of(number);
                let hint = match &state.hint {
                    (of, hint) if run == Some(*of) => Some(Arc::clone(hint)),
                    _ => run.and_then(|run| self.known.get(&run)).cloned(),
                };
                return Some((number, hint));
            }
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<O> State<O> {
    /// Adds what `lesson` says of the tags of `run`.
    fn take_hints(&mut self, run: u32, lesson: Option<&Lesson>, known: &Known) {
        if self.hint.0 != run {
            self.hint = (run, known.get(&run).cloned().unwrap_or_default());
        }
        let says_more = |(of, tag, learned): (u32, &str, &Learned)| {
            let known = self.hint.1.get(tag);
            let names = !learned.plugin.is_empty();
            of == run && known.is_none_or(|known| names && known.plugin.is_empty())
        };
        if let Some(lesson) = lesson.filter(|lesson| lesson.learned().any(says_more)) {
            tags::learn(Arc::make_mut(&mut self.hint.1), run, lesson);
        }
    }
}

impl<T: Task> Pool<T> {
    /// Begins with the units on `threads` threads; with one, each is done when it is asked for.
    pub(super) fn new(
        task: Arc<T>,
        files: Arc<Vec<FileTask>>,
        units: Arc<Vec<Unit>>,
        known: Known,
        threads: usize,
    ) -> Self {
        let budget = Arc::new(Budget::new(threads));
        let threads = threads.min(units.len());
        let shared = Arc::new(Shared {
            task,
            files,
            units,
            known,
            ahead: 2 * threads + AHEAD,
            state: Mutex::new(State {
                next: 0,
                wanted: 0,
                results: HashMap::new(),
                waiting_bytes: 0,
                hint: (u32::MAX, Arc::default()),
                stopped: false,
            }),
            ready: Condvar::new(),
            room: Condvar::new(),
            budget,
            cancelled: Arc::default(),
        });
        let spawn = |number: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("tfevents-{number}"))
                .spawn(move || shared.work())
                .ok() // fewer threads do the same work
        };
        let workers = if threads > 1 {
            (0..threads).filter_map(spawn).collect()
        } else {
            Vec::new()
        };
        Self {
            shared,
            workers,
            scratch: Scratch::default(),
            asked: Instant::now(),
            process: std::process::id(),
        }
    }

    /// What the threads share with others that work for the same scan.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.shared.budget
    }

    /// The result of unit `number`; they are fetched in order. `go_on` is asked now and then.
    pub(super) fn fetch(
        &mut self,
        number: usize,
        go_on: &mut dyn FnMut() -> bool,
        context: &Arc<Context>,
    ) -> Outcome<T::Output> {
        // However quickly results come, somebody may want to stop.
        if self.asked.elapsed() > TICK {
            self.asked = Instant::now();
            if !go_on() {
                return Err(Error::interrupted());
            }
        }
        if self.process != std::process::id() {
            let what = "a scan does not outlive a fork; begin a new one in this process";
            return Err(Error::argument(what));
        }
        if self.workers.is_empty() {
            let hint = Some(Arc::clone(context));
            return self.shared.run(number, hint, &mut self.scratch);
        }
        let mut state = self.shared.lock();
        loop {
            if let Some(result) = state.results.remove(&number) {
                if let Ok((decoded, _)) = &result {
                    state.waiting_bytes -= decoded.output.size();
                }
                state.wanted = number + 1;
                self.shared.room.notify_all();
                return result;
            }
            let (back, timeout) = self
                .shared
                .ready
                .wait_timeout(state, TICK)
                .unwrap_or_else(PoisonError::into_inner);
            state = back;
            if timeout.timed_out() {
                drop(state);
                if !go_on() {
                    return Err(Error::interrupted());
                }
                state = self.shared.lock();
            }
        }
    }

    /// A unit done again, here and now.
    pub(super) fn again(
        &mut self,
        number: usize,
        from: Option<Position>,
        seed: Option<&Context>,
    ) -> Result<Decoded<T::Output>> {
        self.shared.decode(number, from, seed, &mut self.scratch)
    }
}

impl<T: Task> Drop for Pool<T> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The threads are in the other process, and perhaps one of them held the lock.
            std::mem::forget(std::mem::take(&mut self.workers));
            std::mem::forget(Arc::clone(&self.shared));
            return;
        }
        self.shared.lock().stopped = true;
        self.shared.cancelled.store(true, Ordering::Relaxed);
        self.shared.room.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join(); // a panic was handed to the consumer already
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn no_more_work_at_once_than_the_budget_has_room_for() {
        let (budget, now, most) = (Budget::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|_| budget.spend(work)));
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }
}
