//! Turns the SIGBUS of a vanished page into a page of zeros.
//!
//! When a mapped file is cut short by another process, the next access beyond its new end raises
//! SIGBUS, whose default action ends the process; so does a page that the disk cannot deliver. The
//! handler here looks whether the address lies in a map of ours; if so it lays anonymous zero pages
//! over that map, marks it as [faulted](Guarded::is_faulted), and lets the access go on. The reader
//! then sees zeros, and afterwards that they are not to be believed, and reads again without a map
//! (see [`super`]). Wayland's shared-memory pools solve the same problem the same way.
//!
//! Faults elsewhere are none of our business and go to the handler that was there before. Another
//! library may install its own handler after ours (Python's `faulthandler` does when enabled), so
//! each new map looks whether ours is still first and puts it there again.
#![expect(unsafe_code, reason = "signal handlers")]

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

/// Maps that may be live at once; a scan has one for each worker.
const SLOTS: usize = 256;

/// Unit in which a range is stored; every page size is a multiple of it.
const UNIT: usize = 4096;
/// Bits of a slot's word for the length, in units; the others are the start's.
const LENGTH_BITS: u32 = 20;

/// A watched range in one word, so that a handler never sees half of one and half of another.
struct Slot {
    range: AtomicU64,
    faulted: AtomicBool,
}

static WATCHED: [Slot; SLOTS] = [const {
    Slot {
        range: AtomicU64::new(0),
        faulted: AtomicBool::new(false),
    }
}; SLOTS];

/// Start and length of a range as one word; `None` for a range that does not fit, or no range.
fn pack(start: usize, length: usize) -> Option<u64> {
    let units = u64::try_from(length.div_ceil(UNIT)).ok()?;
    let first = u64::try_from(start / UNIT).ok()?;
    let fits = start.is_multiple_of(UNIT)
        && first != 0
        && first < 1 << (64 - LENGTH_BITS)
        && (1..1 << LENGTH_BITS).contains(&units);
    fits.then_some(first << LENGTH_BITS | units)
}

/// Start and length of the range in a word.
fn unpack(word: u64) -> (usize, usize) {
    let first = (word >> LENGTH_BITS) as usize;
    let units = (word & ((1 << LENGTH_BITS) - 1)) as usize;
    (first * UNIT, units * UNIT)
}

/// The action to pass foreign faults on to. Never freed, because a handler may be reading it.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());
/// The thread that is passing a foreign fault on, against two handlers passing to one another for
/// ever.
static PASSING_ON: AtomicUsize = AtomicUsize::new(0);

/// A watched range; dropping it ends the watch.
#[derive(Debug)]
pub(super) struct Guarded(usize);

impl Guarded {
    /// Whether pages of the range were replaced by zeros.
    pub(super) fn is_faulted(&self) -> bool {
        WATCHED[self.0].faulted.load(Ordering::Acquire)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        WATCHED[self.0].range.store(0, Ordering::Release);
    }
}

/// Watches `length` bytes from `start`, a page's. `None` where that cannot be done now.
pub(super) fn watch(start: usize, length: usize) -> Option<Guarded> {
    let word = pack(start, length)?;
    if !install() {
        return None;
    }
    let slot = WATCHED.iter().position(|slot| {
        slot.range
            .compare_exchange(0, word, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    })?;
    // Nobody has touched the range yet.
    WATCHED[slot].faulted.store(false, Ordering::Release);
    Some(Guarded(slot))
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// Makes [`on_sigbus`] the first handler; true if it is.
fn install() -> bool {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let ours = on_sigbus as Handler as usize;
    if current_action().is_some_and(|current| current.sa_sigaction == ours) {
        return true;
    }
    // Not waited for: in a process forked off meanwhile nobody would let go of it.
    let _one_at_a_time = match INSTALLING.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    let Some(current) = current_action() else {
        return false;
    };
    if current.sa_sigaction == ours {
        return true;
    }
    // Before ours is in place, which looks there.
    PREVIOUS.store(Box::leak(Box::new(current)), Ordering::Release);
    // SAFETY: an all-zero sigaction is a valid value, its fields are set below.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ours;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESTART;
    // SAFETY: as above; both are overwritten by the call, or it fails.
    let mut replaced: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: `action` is initialised and the handler does only what may be done in one.
    let done = unsafe {
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, &raw mut replaced) == 0
    };
    // Somebody else was faster between the look and the deed.
    if done && replaced.sa_sigaction != current.sa_sigaction && replaced.sa_sigaction != ours {
        PREVIOUS.store(Box::leak(Box::new(replaced)), Ordering::Release);
    }
    done
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
    // SAFETY: the kernel hands a valid siginfo to a SA_SIGINFO handler.
    let code = unsafe { (*info).si_code };
    // A page that is not there (any more). Other codes are other faults, or a signal that someone
    // sent, which has no address.
    if code == libc::BUS_ADRERR {
        // SAFETY: with this code siginfo holds an address.
        let address = unsafe { (*info).si_addr() } as usize;
        for slot in &WATCHED {
            let (start, length) = unpack(slot.range.load(Ordering::Acquire));
            if address.wrapping_sub(start) < length {
                // The slot is of a live map: the access that faulted borrows from it.
                slot.faulted.store(true, Ordering::Release);
                // SAFETY: see above.
                if unsafe { lay_zeros(start, length) } {
                    return;
                }
                break;
            }
        }
    }
    pass_on(signal, code, info, context);
}

/// # Safety
/// The range is a live map of ours.
unsafe fn lay_zeros(start: usize, length: usize) -> bool {
    // SAFETY: this replaces pages of our own map only. All of them, because that neither splits
    // the map (which may fail) nor needs the page size; the reader expects bytes that may
    // be anything.
    let laid = unsafe {
        libc::mmap(
            start as *mut libc::c_void,
            length,
            libc::PROT_READ,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    laid != libc::MAP_FAILED
}

/// Gives a fault that is not ours to the handler that was there before.
fn pass_on(
    signal: libc::c_int,
    code: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let sent = code <= 0; // by a process, not raised by an access
    // SAFETY: set before our handler was, to a structure that is never freed.
    let previous = unsafe { PREVIOUS.load(Ordering::Acquire).as_ref() };
    let (handler, flags) = previous.map_or((libc::SIG_DFL, 0), |p| (p.sa_sigaction, p.sa_flags));
    if handler == libc::SIG_IGN && sent {
        return;
    }
    // SAFETY: has no preconditions.
    let me = unsafe { libc::pthread_self() } as usize;
    let owner = PASSING_ON.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire);
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN || owner == Err(me) {
        // SAFETY: restores the default action. An access faults again and ends the process as it
        // would have without us; a signal that was sent is sent again.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            if sent {
                libc::raise(signal);
            }
        }
    } else if flags & libc::SA_SIGINFO != 0 {
        // SAFETY: the address was registered with SA_SIGINFO, so it is a three-argument handler.
        let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: the address was registered without SA_SIGINFO: a one-argument handler.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler) };
        handler(signal);
    }
    if owner.is_ok() {
        PASSING_ON.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_fits_into_a_word_and_comes_out_again() {
        for (start, length) in [
            (UNIT, 1),
            (0x7fff_ffff_f000, UNIT),
            (1 << 47, 100 * UNIT + 1),
        ] {
            let word = pack(start, length).unwrap();
            assert_eq!(unpack(word), (start, length.next_multiple_of(UNIT)));
        }
        assert_eq!(pack(0, 1), None);
        assert_eq!(pack(UNIT, 0), None);
        assert_eq!(pack(UNIT + 1, 1), None);
        assert_eq!(pack(UNIT, UNIT << LENGTH_BITS), None);
        assert_eq!(unpack(0), (0, 0)); // no address lies in an empty slot
    }
}
