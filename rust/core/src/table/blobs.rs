//! A column of blobs, built in a vector that is used again and kept exactly as long as it is.

use super::Memory;
use arrow_array::{ArrayRef, LargeBinaryArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, OffsetBuffer};
use std::sync::Arc;

/// A `large_binary` column under construction.
pub(super) struct Blobs {
    ends: Vec<i64>,
    bytes: Vec<u8>,
    valid: BooleanBufferBuilder,
    filled: bool,
}

impl Blobs {
    /// No rows yet. Unless `filled`, the rows will be there but without their bytes.
    pub(super) fn new(filled: bool, memory: &mut Memory) -> Self {
        let mut ends = memory.i64s.pop().unwrap_or_default();
        ends.push(0);
        let bytes = memory.bytes.pop().unwrap_or_default();
        Self {
            ends,
            bytes,
            valid: BooleanBufferBuilder::new(0),
            filled,
        }
    }

    /// Appends a blob.
    pub(super) fn push(&mut self, blob: &[u8]) {
        if self.filled {
            self.bytes.extend_from_slice(blob);
        }
        self.end(true);
    }

    /// Appends a missing one.
    pub(super) fn push_null(&mut self) {
        self.end(false);
    }

    fn end(&mut self, valid: bool) {
        self.ends.push(self.bytes.len() as i64);
        self.valid.append(valid);
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The column.
    pub(super) fn finish(&mut self, memory: &mut Memory) -> ArrayRef {
        let offsets = OffsetBuffer::new(memory.keep(&self.ends));
        let bytes = memory.keep(&self.bytes).into_inner();
        let nulls = NullBuffer::new(self.valid.finish());
        self.ends.clear();
        self.bytes.clear();
        memory.i64s.push(std::mem::take(&mut self.ends));
        memory.bytes.push(std::mem::take(&mut self.bytes));
        let nulls = Some(nulls).filter(|n| n.null_count() > 0);
        Arc::new(LargeBinaryArray::new(offsets, bytes, nulls))
    }
}
