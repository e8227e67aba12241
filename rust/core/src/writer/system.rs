//! What the standard library does not offer: forks, values of one process, the host's name.
//!
//! A forked child has the parent's memory but not its threads, and any lock that another thread
//! held stays held. So everything with a lock belongs to one process ([`PerProcess`]): a child
//! makes its own and never touches what its parent made. [`generation`] tells processes apart: an
//! atomic that the C library counts up in the child before `fork` returns.
#![expect(
    unsafe_code,
    reason = "pthread_atfork and gethostname are C functions; a lock cannot guard what has to work \
              while a lock is held for ever"
)]

use std::marker::PhantomData;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static WATCH: Once = Once::new();

/// How many forks lie between this process and the one that first called [`watch_forks`].
#[inline]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Counts forks from here on. To be called before the first fork that matters; opening a writer
/// calls it, too.
pub fn watch_forks() {
    WATCH.call_once(|| {
        #[cfg(unix)]
        {
            extern "C" fn in_child() {
                GENERATION.fetch_add(1, Ordering::Relaxed);
            }
            // SAFETY: the handler is a static function that only touches an atomic, which is
            // allowed between fork and exec. Failure (no memory) leaves forks unnoticed.
            unsafe { pthread_atfork(None, None, Some(in_child)) };
        }
    });
}

/// A value of each process: a forked child begins without one. No lock is taken to find or to make
/// it, so that a fork at any moment leaves the child able to make its own.
pub(super) struct PerProcess<T> {
    newest: AtomicPtr<Made<T>>,
    owns: PhantomData<T>,
}

struct Made<T> {
    generation: u64,
    value: T,
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    pub const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// The value of this process, if there is one.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: the pointer is null or of a box that is freed only by `drop`, which has `self`
        // alone.
        let made = unsafe { self.newest.load(Ordering::Acquire).as_ref() }?;
        (made.generation == generation()).then_some(&made.value)
    }

    /// The value of this process. If two threads come at once, one of the two that were made is
    /// dropped.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.init(make()),
        }
    }

    #[cold]
    fn init(&self, value: T) -> &T {
        let generation = generation();
        let fresh = Box::into_raw(Box::new(Made { generation, value }));
        let mut seen = self.newest.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `get`.
            if let Some(made) = unsafe { seen.as_ref() }
                && made.generation == generation
            {
                // SAFETY: `fresh` comes from a box and was shared with nobody.
                drop(unsafe { Box::from_raw(fresh) });
                return &made.value;
            }
            // What the parent made stays allocated: it may have been in the middle of a change.
            match self
                .newest
                .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: `fresh` is now owned by `self`, as in `get`.
                Ok(_) => return unsafe { &(*fresh).value },
                Err(now) => seen = now,
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let newest = *self.newest.get_mut();
        // SAFETY: as in `get`; nobody else has a reference any more.
        if unsafe { newest.as_ref() }.is_some_and(|made| made.generation == generation()) {
            // SAFETY: it comes from a box, and `self` owns it.
            drop(unsafe { Box::from_raw(newest) });
        }
    }
}

#[cfg(unix)]
type Handler = Option<extern "C" fn()>;

#[cfg(unix)]
unsafe extern "C" {
    // In every POSIX C library; the libc crate declares it for some of them only.
    fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> std::ffi::c_int;
}

/// The name of this host, fit for a file name.
pub fn host() -> String {
    let name = raw_host().unwrap_or_default();
    if name.is_empty() {
        return "localhost".to_owned();
    }
    name.replace(['/', '\\', ':', '\0'], "_")
}

#[cfg(unix)]
fn raw_host() -> Option<String> {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is valid for writes of the length given; the last byte stays zero, so
    // the name ends inside the buffer even where the system cuts it without a terminator.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = name.iter().position(|&byte| byte == 0)?;
    (failed == 0).then(|| String::from_utf8_lossy(&name[..end]).into_owned())
}

#[cfg(not(unix))]
fn raw_host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}
