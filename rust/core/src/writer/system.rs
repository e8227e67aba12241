//! What the standard library does not tell: whether this process is a fork, and the host's name.
//!
//! A forked child has the parent's memory but not its threads, and any lock that another thread
//! held is held for ever. So a writer asks [`generation`] first, an atomic that the C library
//! counts up in the child before `fork` returns, and leaves everything older than that untouched.
#![expect(unsafe_code, reason = "pthread_atfork and gethostname are C functions")]

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static WATCH: Once = Once::new();

/// How many forks lie between this process and the one that first called `watch_forks`.
#[inline]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Counts forks from here on.
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
