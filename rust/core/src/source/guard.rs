//! Turns the SIGBUS of a vanished page into a page of zeros.
//!
//! When a mapped file is cut short by another process, the next access beyond its new end raises
//! SIGBUS, whose default action ends the process. The handler here looks whether the address lies
//! in a map of ours; if so it lays anonymous zero pages over the rest of that map and lets the
//! access go on. The reader then sees zeros, and afterwards that the file changed, and reads again
//! without a map (see [`super`]). Wayland's shared-memory pools solve the same problem the same
//! way.
//!
//! Faults elsewhere are none of our business and go to the handler that was there before. Another
//! library may install its own handler after ours (Python's `faulthandler` does when enabled), so
//! each new map looks whether ours is still first and puts it there again.
#![expect(unsafe_code, reason = "signal handlers")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Maps that may be live at once; a scan has one for each worker.
const SLOTS: usize = 256;

struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
}

static WATCHED: [Slot; SLOTS] = [const {
    Slot {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
    }
}; SLOTS];

/// The handler to pass foreign faults on to: its address and whether it takes three arguments.
static PREVIOUS: AtomicUsize = AtomicUsize::new(0);
static PREVIOUS_TAKES_INFO: AtomicBool = AtomicBool::new(false);
/// Set while a foreign fault is passed on, against two handlers passing to one another for ever.
static PASSING_ON: AtomicBool = AtomicBool::new(false);

/// A watched range; dropping it ends the watch.
#[derive(Debug)]
pub(super) struct Guarded(usize);

impl Drop for Guarded {
    fn drop(&mut self) {
        WATCHED[self.0].end.store(0, Ordering::Release);
        WATCHED[self.0].start.store(0, Ordering::Release);
    }
}

/// Watches `length` bytes from `start`. `None` where that cannot be done now.
pub(super) fn watch(start: usize, length: usize) -> Option<Guarded> {
    let slot = WATCHED.iter().position(|slot| {
        slot.start
            .compare_exchange(0, start, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    })?;
    let guarded = Guarded(slot);
    WATCHED[slot].end.store(start + length, Ordering::Release);
    install().then_some(guarded)
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// Makes [`on_sigbus`] the first handler; true if it is.
fn install() -> bool {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let ours = on_sigbus as Handler as usize;
    let Some(current) = current_action() else {
        return false;
    };
    if current.sa_sigaction == ours {
        return true;
    }
    let _one_at_a_time = INSTALLING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    match current_action() {
        Some(current) if current.sa_sigaction != ours => {
            PREVIOUS.store(current.sa_sigaction, Ordering::Release);
            PREVIOUS_TAKES_INFO.store(current.sa_flags & libc::SA_SIGINFO != 0, Ordering::Release);
        }
        Some(_) => return true,
        None => return false,
    }
    // SAFETY: an all-zero sigaction is a valid value, its fields are set below.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ours;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: `action` is initialised and the handler does only what may be done in one.
    unsafe {
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) == 0
    }
}

fn current_action() -> Option<libc::sigaction> {
    let mut current = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks; on success the structure is filled.
    unsafe {
        (libc::sigaction(libc::SIGBUS, std::ptr::null(), current.as_mut_ptr()) == 0)
            .then(|| current.assume_init())
    }
}

/// Runs inside the faulting access: atomics, `mmap` and `sigaction` only, no allocation, no lock.
extern "C" fn on_sigbus(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands a valid siginfo to a SA_SIGINFO handler, and for SIGBUS it holds an
    // address.
    let address = unsafe { (*info).si_addr() } as usize;
    for slot in &WATCHED {
        let start = slot.start.load(Ordering::Acquire);
        let end = slot.end.load(Ordering::Acquire);
        if start != 0 && (start..end).contains(&address) {
            // SAFETY: the slot is only set while the range is a live map of ours.
            if unsafe { lay_zeros(start, end, address) } {
                return;
            }
            break;
        }
    }
    pass_on(signal, info, context);
}

/// # Safety
/// `start..end` is a live map of ours that holds `address`.
unsafe fn lay_zeros(start: usize, end: usize, address: usize) -> bool {
    // SAFETY: sysconf may be called in a handler.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096) as usize;
    let from = start + (address - start) / page * page;
    // SAFETY: `start` is a page's, so `from` is, too. This replaces pages of our own map only, from
    // the faulting one to its end; whoever reads them expects bytes that may be anything.
    let laid = unsafe {
        libc::mmap(
            from as *mut libc::c_void,
            end - from,
            libc::PROT_READ,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    laid != libc::MAP_FAILED
}

/// Gives a fault that is not ours to whoever handled it before.
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let previous = PREVIOUS.load(Ordering::Acquire);
    let in_a_circle = PASSING_ON.swap(true, Ordering::AcqRel);
    if previous == libc::SIG_DFL || previous == libc::SIG_IGN || in_a_circle {
        // SAFETY: restores the default action; the access faults again and ends the process as it
        // would have without us.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
        }
    } else if PREVIOUS_TAKES_INFO.load(Ordering::Acquire) {
        // SAFETY: the address was registered with SA_SIGINFO, so it is a three-argument handler.
        let handler = unsafe { std::mem::transmute::<usize, Handler>(previous) };
        handler(signal, info, context);
    } else {
        // SAFETY: the address was registered without SA_SIGINFO: a one-argument handler.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(previous) };
        handler(signal);
    }
    PASSING_ON.store(false, Ordering::Release);
}
