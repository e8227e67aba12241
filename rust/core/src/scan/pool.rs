//! The threads of a scan: work out, results in, a bounded number of them waiting.
//!
//! Workers live as long as one scan, so a process that forks or ends between scans has none; one
//! that forks during a scan cannot go on with it in the child. With a single thread, there is no
//! worker: each unit is done when it is asked for.

use super::budget::Budget;
use super::hop::hop;
use super::plan::{FileTask, Unit};
use super::schedule::{Assumed, Known, Outcome, Scheduler, Work};
use super::{Decoded, Scratch, Task, WorkUnit};
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Results that may wait, beyond two for each worker.
const AHEAD: usize = 2;

/// How often a waiting consumer looks whether it should stop.
const TICK: Duration = Duration::from_millis(20);

pub(super) struct Pool<T: Task> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
    scratch: Scratch,
    asked: Instant,
    /// The process the workers belong to; a fork of it has none.
    process: u32,
}

struct Shared<T: Task> {
    task: T,
    files: Arc<Vec<FileTask>>,
    units: Arc<Vec<Unit>>,
    state: Mutex<State<T::Output>>,
    ready: Condvar,
    room: Condvar,
    budget: Arc<Budget>,
    cancelled: Arc<AtomicBool>,
}

struct State<O> {
    scheduler: Scheduler<O>,
    stopped: bool,
}

impl<T: Task> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T::Output>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut scratch = Scratch {
            cancelled: Arc::clone(&self.cancelled),
            ..Scratch::default()
        };
        while let Some(work) = self.next_work() {
            self.budget.spend(|| self.carry_out(work, &mut scratch));
        }
    }

    /// What to do next, once there is something; `None` at the end.
    fn next_work(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(work) = state.scheduler.next_work() {
                return Some(work);
            }
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn carry_out(&self, work: Work, scratch: &mut Scratch) {
        match work {
            Work::Decode(unit, assumed) => {
                let outcome = self.decode(unit, assumed, scratch);
                self.lock().scheduler.completed(unit, outcome);
            }
            Work::Hop(over) => {
                let starts = hop(&self.files, &self.units, over, &mut scratch.window);
                self.lock().scheduler.hopped(over, starts);
            }
        }
        self.ready.notify_one();
        self.room.notify_all();
    }

    /// Decodes a unit. A panic is a bug; it ends the scan, not the caller, which may be C.
    fn decode(&self, number: usize, assumed: Assumed, scratch: &mut Scratch) -> Outcome<T::Output> {
        let unit = &self.units[number];
        let work = WorkUnit {
            files: &self.files,
            unit,
            start: assumed.start,
            metadata: &assumed.metadata,
        };
        let run = || self.task.run(work, &mut *scratch);
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            let part = unit.parts.first();
            let path = part.map(|p| self.files[p.file].entry.path.display().to_string());
            Err(Error::internal(format_args!(
                "a panic in {} behind byte {}",
                path.unwrap_or_default(),
                part.map_or(0, |p| p.part.low),
            )))
        });
        result.map(|decoded| (decoded, assumed))
    }
}

impl<T: Task> Pool<T> {
    /// Begins with the units on `threads` threads; with one, each is done when it is asked for.
    pub(super) fn new(
        task: T,
        files: Arc<Vec<FileTask>>,
        units: Arc<Vec<Unit>>,
        known: Known,
        threads: usize,
    ) -> Self {
        let budget = Arc::new(Budget::new(threads));
        let threads = threads.min(units.len());
        let (of_files, of_units) = (Arc::clone(&files), Arc::clone(&units));
        let scheduler = Scheduler::new(of_files, of_units, known, 2 * threads + AHEAD);
        let shared = Arc::new(Shared {
            task,
            files,
            units,
            state: Mutex::new(State {
                scheduler,
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

    /// The result of the next unit. `go_on` is asked now and then.
    pub(super) fn fetch(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<Decoded<T::Output>> {
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
            return self.make();
        }
        let mut state = self.shared.lock();
        loop {
            if let Some(result) = state.scheduler.take() {
                self.shared.room.notify_all();
                return result;
            }
            let waited = self.shared.ready.wait_timeout(state, TICK);
            let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
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

    /// The result of the next unit, made by this thread.
    fn make(&mut self) -> Result<Decoded<T::Output>> {
        loop {
            let mut state = self.shared.lock();
            if let Some(result) = state.scheduler.take() {
                return result;
            }
            let work = state.scheduler.next_work();
            drop(state);
            let Some(work) = work else {
                return Err(Error::internal("no work"));
            };
            self.shared.carry_out(work, &mut self.scratch);
        }
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
