//! Maps a range of a file, for a short while.
//!
//! A map is a promise nobody can keep: another process may cut the file short (SIGBUS) or write
//! into it (bytes that change between checksum and use). This module keeps the first from killing
//! the process, by [`guard`](super::guard); the second is kept from doing harm by its caller,
//! [`Window`](super::Window), whose bytes count only if the file did not change meanwhile.
#![expect(unsafe_code, reason = "mmap, and a slice over it")]

use super::guard::{self, Guarded};
use std::fs::File;
use std::io;
use std::ops::Range;

/// A mapped range, starting at a page.
#[derive(Debug)]
pub(super) struct Map {
    start: *mut libc::c_void,
    length: usize,
    offset: u64,
    guarded: Option<Guarded>,
}

// SAFETY: the map belongs to this value alone and the memory is only ever read.
unsafe impl Send for Map {}

impl Map {
    /// Maps at least `range` of `file`. `None` where the system does not, or where the guard has
    /// no slot left: the caller reads instead.
    pub(super) fn new(file: &File, range: Range<u64>) -> Option<Self> {
        use std::os::fd::AsRawFd;
        let page = page_size();
        let offset = range.start - range.start % page;
        let length = usize::try_from(range.end - offset)
            .ok()
            .filter(|n| *n > 0)?;
        let file_offset = libc::off_t::try_from(offset).ok()?;
        // SAFETY: no address is asked for, so no mapping of ours or anyone's is replaced; a
        // failure is checked below.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                file_offset,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        match guard::watch(start as usize, length) {
            Some(guarded) => Some(Self {
                start,
                length,
                offset,
                guarded: Some(guarded),
            }),
            None => {
                // SAFETY: exactly the range mapped above, which nobody has seen yet.
                unsafe { libc::munmap(start, length) };
                None
            }
        }
    }

    /// The mapped bytes from file offset `offset` on, if the map covers it.
    pub(super) fn from(&self, offset: u64) -> Option<&[u8]> {
        let skip = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        // SAFETY: the range is mapped and readable until `self` is dropped, which the lifetime of
        // the slice prevents. A page that vanishes underneath is replaced by zeros before the
        // faulting read goes on (`guard`). Another process that writes into the file changes
        // bytes behind a shared reference, which Rust has no word for. What is made of them is
        // thrown away by `Window::is_intact`'s caller, slices carry their lengths with them, and
        // what outlives the unit as text is checked after it was copied.
        let bytes = unsafe { std::slice::from_raw_parts(self.start.cast::<u8>(), self.length) };
        bytes.get(skip..)
    }
}

impl Map {
    /// Whether bytes of the map may be zeros the file never held.
    pub(super) fn is_faulted(&self) -> bool {
        self.guarded.as_ref().is_some_and(Guarded::is_faulted)
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // First, so that no slot covers an address that may belong to someone else.
        self.guarded = None;
        // SAFETY: exactly the range mapped in `new`; no slice of it outlives `self`.
        unsafe { libc::munmap(self.start, self.length) };
    }
}

fn page_size() -> u64 {
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// Whether `file` lives on a file system whose maps behave: local, and not in user space.
pub(super) fn is_safe_for(file: &File) -> bool {
    is_local(file).unwrap_or(false)
}

fn is_local(file: &File) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    // Numbers from linux/magic.h.
    const LOCAL: [i64; 10] = [
        0xef53,      // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0x0102_1994, // tmpfs
        0x794c_7630, // overlayfs
        0x2fc1_2fc1, // zfs
        0xf2f5_2010, // f2fs
        0x7371_7368, // squashfs
        0x8584_58f6, // ramfs
        0xca45_1a4e, // bcachefs
    ];
    let mut stat = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open and `stat` has room for one `statfs`.
    if unsafe { libc::fstatfs(file.as_raw_fd(), stat.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: fstatfs succeeded, so it filled the structure.
    let kind = unsafe { stat.assume_init() }.f_type;
    #[allow(
        clippy::unnecessary_cast,
        reason = "the field's type differs between architectures"
    )]
    Ok(LOCAL.contains(&(kind as i64 & 0xffff_ffff)))
}
