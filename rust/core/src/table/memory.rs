//! Where finished columns live, and the vectors they are built in.
//!
//! A column that grows in fresh memory pays for a page fault every 4 KiB, which here costs more
//! than decoding what fills the page. So a worker builds every block's columns in the same vectors,
//! which stay in its cache, and copies them out, exactly as long as they are, into slabs of a few
//! huge pages. A slab is given back with the last column in it, and then serves the next one who
//! asks, up to a limit: a stream of batches goes on in the memory of the batches before.
#![expect(unsafe_code, reason = "Arrow buffers over parts of one allocation")]

use arrow_buffer::{ArrowNativeType, Buffer, MutableBuffer, ScalarBuffer};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

/// A huge page on x86-64 and, with 4 KiB pages, on ARM.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes of a slab: so much a kept batch may keep alive beyond itself.
const SLAB: usize = 4 * HUGE_PAGE;

/// Bytes of spare slabs to keep; the system may take them back at any time.
const MOST_SPARE: usize = 256 << 20;

/// Columns smaller than this are allocated by themselves.
const SMALL: usize = 16 << 10;

/// Arrow asks for no more than 8, and recommends this.
const ALIGNMENT: usize = 64;

/// Memory for the columns of one worker.
#[derive(Debug, Default)]
pub struct Memory {
    slab: Option<Arc<Slab>>,
    used: usize,
    /// Vectors to build columns in, emptied but not freed.
    pub f64s: Vec<Vec<f64>>,
    /// As above.
    pub i64s: Vec<Vec<i64>>,
    /// As above.
    pub i32s: Vec<Vec<i32>>,
    /// As above.
    pub bytes: Vec<Vec<u8>>,
}

impl Memory {
    /// The values as an Arrow buffer of their own.
    pub fn keep<T: ArrowNativeType>(&mut self, values: &[T]) -> ScalarBuffer<T> {
        let bytes = size_of_val(values);
        if bytes < SMALL {
            return ScalarBuffer::from(values.to_vec());
        }
        let (slab, at) = self.reserve(bytes);
        let start = slab.start.as_ptr().wrapping_add(at);
        // SAFETY: `reserve` returns a range of `bytes` bytes within the slab that it has never
        // returned before, so nothing else refers to it; `values` lies elsewhere. Both are valid
        // for `bytes` bytes, and `T` is a plain number without padding.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), start, bytes);
        }
        // SAFETY: `start` lies within an allocation and is not null.
        let start = unsafe { NonNull::new_unchecked(start) };
        // SAFETY: the range was just initialised, will not be written again, and lives as long as
        // the slab, which the buffer owns a share of.
        let buffer = unsafe { Buffer::from_custom_allocation(start, bytes, slab) };
        ScalarBuffer::from(buffer)
    }

    /// Parts of `bytes` bytes in all, one after the other, as an Arrow buffer of their own: it keeps
    /// no other buffer's memory.
    ///
    /// # Panics
    ///
    /// If the parts are longer than `bytes`.
    pub fn joined<'a>(&mut self, bytes: usize, parts: impl Iterator<Item = &'a [u8]>) -> Buffer {
        if bytes <= SLAB {
            let mut joined = MutableBuffer::new(bytes);
            parts.for_each(|part| joined.extend_from_slice(part));
            return joined.into();
        }
        let (slab, _) = self.reserve(bytes);
        let mut filled = 0;
        for part in parts {
            assert!(
                part.len() <= bytes - filled,
                "parts of more than {bytes} bytes"
            );
            let end = slab.start.as_ptr().wrapping_add(filled);
            // SAFETY: the slab has `bytes` bytes, more than SLAB, so nobody else was given any of
            // them; the part fits behind what is filled, and lies elsewhere.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), end, part.len()) };
            filled += part.len();
        }
        let start = slab.start;
        // SAFETY: the first `filled` bytes were just initialised, will not be written again, and live
        // as long as the slab, which the buffer owns.
        unsafe { Buffer::from_custom_allocation(start, filled, slab) }
    }

    /// A slab and where in it `bytes` bytes are free; they are no longer.
    fn reserve(&mut self, bytes: usize) -> (Arc<Slab>, usize) {
        if bytes > SLAB {
            return (Arc::new(Slab::of(bytes)), 0);
        }
        let at = self.used.next_multiple_of(ALIGNMENT);
        if let Some(slab) = &self.slab
            && at + bytes <= slab.layout.size()
        {
            self.used = at + bytes;
            return (Arc::clone(slab), at);
        }
        let slab = Arc::new(Slab::of(SLAB));
        self.slab = Some(Arc::clone(&slab));
        self.used = bytes;
        (slab, 0)
    }
}

/// Slabs that nobody uses. Their contents are gone.
///
/// Only ever tried, never waited for: a process that was forked while another thread held the lock
/// goes on without.
static SPARE: Mutex<Vec<Slab>> = Mutex::new(Vec::new());

/// An allocation that columns share.
#[derive(Debug)]
struct Slab {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a slab is an address range. Parts of it are written once, by the one `Memory` that hands
// them out, before they are shared, and only read after.
unsafe impl Send for Slab {}
// SAFETY: as above.
unsafe impl Sync for Slab {}

impl Slab {
    fn new(bytes: usize) -> Self {
        let size = bytes.next_multiple_of(HUGE_PAGE);
        let Ok(layout) = Layout::from_size_align(size, HUGE_PAGE) else {
            handle_alloc_error(Layout::new::<u8>())
        };
        // SAFETY: the layout has a size that is not zero.
        let start = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        #[cfg(target_os = "linux")]
        // SAFETY: advice about our own whole pages; it changes no contents, and failing is harmless.
        unsafe {
            libc::madvise(start.as_ptr().cast(), size, libc::MADV_HUGEPAGE);
        }
        Self { start, layout }
    }

    /// A slab of at least `bytes` bytes and not much more.
    fn of(bytes: usize) -> Self {
        Self::spare(bytes).unwrap_or_else(|| Self::new(bytes))
    }

    /// One that is free and whose pages are there.
    fn spare(bytes: usize) -> Option<Self> {
        let mut spare = SPARE.try_lock().ok()?;
        let fits = |slab: &Self| (bytes..=bytes + bytes / 4).contains(&slab.layout.size());
        let found = spare.iter().rposition(fits)?;
        Some(spare.swap_remove(found))
    }

    /// Keeps the slab for the next one who asks; false if there are enough of them.
    fn keep_spare(&self) -> bool {
        let size = self.layout.size();
        let Ok(mut spare) = SPARE.try_lock() else {
            return false;
        };
        let kept: usize = spare.iter().map(|slab| slab.layout.size()).sum();
        if kept + size > MOST_SPARE {
            return false;
        }
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        // SAFETY: advice about our own whole pages, whose contents nobody will read again. Until
        // they are written again, the system may take them if it runs short of memory.
        unsafe {
            libc::madvise(self.start.as_ptr().cast(), size, libc::MADV_FREE);
        }
        spare.push(Self {
            start: self.start,
            layout: self.layout,
        });
        true
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        if self.keep_spare() {
            return;
        }
        // SAFETY: allocated in `new` with this layout, and no buffer refers to it any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_any_size_keep_their_values() {
        let mut memory = Memory::default();
        let columns: Vec<Vec<i64>> = [0, 1, 3000, 100_000, 900_000, 1_500_000, 5000, 900_000]
            .into_iter()
            .map(|n: i64| (0..n).map(|i| i * 31 + n).collect())
            .collect();
        let kept: Vec<ScalarBuffer<i64>> = columns.iter().map(|c| memory.keep(c)).collect();
        drop(memory);
        for (column, kept) in columns.iter().zip(&kept) {
            assert_eq!(column[..], kept[..]);
        }
    }

    #[test]
    fn parts_of_any_size_are_joined() {
        let mut memory = Memory::default();
        for bytes in [0, 10, SLAB, SLAB + 1, 2 * SLAB, SLAB + 7] {
            let values: Vec<u8> = (0..bytes).map(|i| (i * 31 + bytes) as u8).collect();
            let joined = memory.joined(bytes, values.chunks(1 << 20));
            assert_eq!(joined.as_slice(), values);
        }
    }

    /// Slabs go round between threads; what one of them still holds must not be handed out again.
    #[test]
    fn a_slab_serves_again_only_when_no_column_is_left_in_it() {
        let turn = |thread: i64| {
            let mut kept: Vec<(i64, ScalarBuffer<i64>)> = Vec::new();
            for round in 0..200i64 {
                let mut memory = Memory::default();
                for column in 0..4 {
                    let mark = (thread << 40) + (round << 20) + column;
                    let rows = 3000 + 90_000 * column as usize;
                    let buffer = memory.keep(&vec![mark; rows]);
                    if (round + column) % 3 == 0 {
                        kept.push((mark, buffer));
                    }
                }
                if kept.len() > 20 {
                    let (mark, buffer) = kept.remove((round as usize * 7) % 20);
                    assert!(buffer.iter().all(|value| *value == mark));
                }
            }
            for (mark, buffer) in kept {
                assert!(buffer.iter().all(|value| *value == mark));
            }
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || turn(thread));
            }
        });
    }
}
