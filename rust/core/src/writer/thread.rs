//! The threads that do the I/O of all writers of a process.
//!
//! One thread serves all writers in turn. Writing into the page cache takes microseconds, so more
//! would only compete with the program; but a disk may hang, and then only its own writers may
//! wait. So while there is more than one writer a second thread stands by, and when a call has not
//! returned for [`PATIENCE`] it takes over what is left, and has another one stand by.
//! [`USUAL`] bounds the threads; only when all of them have hung for [`LONG`] there may be more, up
//! to [`MOST`]. A thread ends when it was of no use for a while, the last one with the last writer.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::buffer::Shared;
use super::output::{self, Served};
use super::system::PerProcess;

/// How long the other writers wait for a call that does not return.
const PATIENCE: Duration = Duration::from_millis(10);
/// From here on a call counts as hung.
const LONG: Duration = Duration::from_secs(1);
/// How long a thread that is not needed waits for more.
const LINGER: Duration = Duration::from_millis(200);
const USUAL: usize = 8;
const MOST: usize = 64;

static THREADS: PerProcess<Threads> = PerProcess::new();

/// The threads of this process.
pub(super) fn threads() -> &'static Threads {
    THREADS.get_or_init(|| Threads {
        jobs: Mutex::new(Jobs::default()),
        work: Condvar::new(),
    })
}

pub(super) struct Threads {
    jobs: Mutex<Jobs>,
    work: Condvar,
}

#[derive(Default)]
struct Jobs {
    ready: VecDeque<Arc<Shared>>,
    /// Writers to be looked at later. Numbers tell apart those of one moment.
    timers: BTreeMap<(Instant, u64), Weak<Shared>>,
    numbers: u64,
    /// Threads that wait for work.
    idle: usize,
    /// Threads at work, and since when on what they do now.
    busy: Vec<(u64, Instant)>,
    /// Writers that are open.
    writers: usize,
    /// Threads that hang in a writer that was given up.
    abandoned: usize,
}

impl Jobs {
    fn threads(&self) -> usize {
        self.idle + self.busy.len()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Moves the writers whose time has come to the ready ones.
    fn expire(&mut self, now: Instant) {
        while let Some(timer) = self.timers.first_entry() {
            if timer.key().0 > now {
                return;
            }
            if let Some(shared) = timer.remove().upgrade()
                && shared.enqueue()
            {
                self.ready.push_back(shared);
            }
        }
    }

    /// How long the call that began last has been running.
    fn latest(&self, now: Instant) -> Option<Duration> {
        let since = self.busy.iter().map(|&(_, since)| since).max()?;
        Some(now.saturating_duration_since(since))
    }

    fn may_spawn(&self, now: Instant) -> bool {
        let all_hang = self.latest(now).is_some_and(|latest| latest >= LONG);
        self.threads() < if all_hang { MOST } else { USUAL }
    }

    /// Whether an idle thread takes work now: if nobody else does, and if somebody is left to
    /// notice when it hangs.
    fn may_take(&self, now: Instant) -> bool {
        match self.latest(now) {
            None => true,
            Some(latest) => latest >= PATIENCE && (self.idle > 1 || self.may_spawn(now)),
        }
    }

    /// Whether a writer may have to wait for another one that hangs.
    fn is_shared(&self) -> bool {
        self.writers + self.abandoned > 1
    }

    /// Whether a thread more than needed waits.
    fn has_surplus(&self) -> bool {
        self.ready.is_empty() && self.threads() > self.writers.min(2) + self.abandoned
    }

    /// How long an idle thread may sleep; `None`: until it is woken.
    fn sleep(&self, now: Instant) -> Option<Duration> {
        if !self.ready.is_empty() {
            let latest = self.latest(now).unwrap_or_default();
            let later = [PATIENCE, LONG].into_iter().find(|&limit| latest < limit);
            return Some(later.map_or(LONG, |limit| limit - latest));
        }
        let timer = self.timers.keys().next().copied();
        let timer = timer.map(|(at, _)| at.saturating_duration_since(now));
        let surplus = self.has_surplus().then_some(LINGER);
        [timer, surplus].into_iter().flatten().min()
    }
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a writer that opens, and sees to it that there is a thread.
    pub fn open(&'static self) -> io::Result<()> {
        let mut jobs = self.lock();
        if jobs.threads() == 0 {
            self.spawn(&mut jobs)?;
        }
        jobs.writers += 1;
        self.stand_by(&mut jobs);
        Ok(())
    }

    /// Counts a writer that closed.
    pub fn close(&self) {
        let mut jobs = self.lock();
        jobs.writers = jobs.writers.saturating_sub(1);
        if jobs.writers == 0 {
            jobs.timers.clear();
        }
        if jobs.has_surplus() {
            self.work.notify_all();
        }
    }

    /// Counts a writer that was given up while a thread hangs in it.
    pub fn abandon(&self) {
        self.lock().abandoned += 1;
        self.close();
    }

    /// Has `shared`, which is marked as enqueued, served soon.
    pub fn submit(&'static self, shared: Arc<Shared>) {
        let mut jobs = self.lock();
        jobs.ready.push_back(shared);
        self.stand_by(&mut jobs);
        drop(jobs);
        self.work.notify_one();
    }

    /// Has `shared` served at `at`.
    pub fn schedule(&self, shared: &Arc<Shared>, at: Instant) {
        let mut jobs = self.lock();
        let first = jobs.timers.keys().next().is_none_or(|&(time, _)| at < time);
        let number = jobs.number();
        jobs.timers.insert((at, number), Arc::downgrade(shared));
        drop(jobs);
        if first {
            self.work.notify_one();
        }
    }

    /// Sees to it that a thread is idle, if one is needed that watches those at work.
    fn stand_by(&'static self, jobs: &mut Jobs) {
        let needed = jobs.threads() == 0 || jobs.is_shared();
        if jobs.idle == 0 && needed && jobs.may_spawn(Instant::now()) {
            let _ = self.spawn(jobs);
        }
    }

    fn spawn(&'static self, jobs: &mut Jobs) -> io::Result<()> {
        let id = jobs.number();
        std::thread::Builder::new()
            .name("tfevents-writer".to_owned())
            .stack_size(256 << 10)
            .spawn(move || self.run(id))?;
        jobs.idle += 1;
        Ok(())
    }

    fn run(&'static self, id: u64) {
        let mut jobs = self.lock();
        loop {
            let now = Instant::now();
            jobs.expire(now);
            if jobs.may_take(now)
                && let Some(shared) = jobs.ready.pop_front()
            {
                if jobs.idle > 1 {
                    self.work.notify_one();
                } else if jobs.is_shared() && jobs.may_spawn(now) {
                    // If the system has no thread left, the writers share those there are.
                    let _ = self.spawn(&mut jobs);
                }
                jobs.idle -= 1;
                jobs.busy.push((id, now));
                drop(jobs);
                // The writer of a sink that panics is given up; this thread serves the others.
                let served = catch_unwind(AssertUnwindSafe(|| output::serve(&shared)));
                drop(shared);
                jobs = self.lock();
                if served.is_ok_and(|served| served == Served::InVain) {
                    jobs.abandoned = jobs.abandoned.saturating_sub(1);
                }
                jobs.busy.retain(|&(other, _)| other != id);
                jobs.idle += 1;
                continue;
            }
            let Some(limit) = jobs.sleep(now) else {
                let woken = self.work.wait(jobs);
                jobs = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let woken = self.work.wait_timeout(jobs, limit);
            let (guard, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
            jobs = guard;
            if timeout.timed_out() && limit == LINGER && jobs.has_surplus() {
                jobs.idle -= 1;
                return;
            }
        }
    }
}
