//! The columns every kind has, and the constant dictionaries.

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow_buffer::ScalarBuffer;
use std::sync::Arc;

/// Run, tag, step, wall time and, when asked for, file and offset of the rows of one block.
///
/// Run and tag are numbers here; the tag's is local to the block until the blocks are put in
/// order.
#[derive(Debug, Default)]
pub struct Keys {
    /// Number of the run.
    pub run: Vec<i32>,
    /// Number of the tag within the block.
    pub tag: Vec<i32>,
    /// As stored.
    pub step: Vec<i64>,
    /// As stored.
    pub wall_time: Vec<f64>,
    /// Number of the file, if provenance is wanted.
    pub file: Vec<i32>,
    /// Offset of the record, if provenance is wanted.
    pub offset: Vec<i64>,
    provenance: bool,
}

impl Keys {
    /// No rows yet, with room for `capacity`.
    pub fn new(provenance: bool, capacity: usize) -> Self {
        Self {
            tag: Vec::with_capacity(capacity),
            step: Vec::with_capacity(capacity),
            wall_time: Vec::with_capacity(capacity),
            provenance,
            ..Self::default()
        }
    }

    /// Rows so far.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }

    /// Appends `rows` rows of one value.
    #[inline(always)]
    pub fn push(&mut self, tag: u32, step: i64, wall_time: f64, offset: u64, rows: usize) {
        for _ in 0..rows {
            self.tag.push(tag as i32);
            self.step.push(step);
            self.wall_time.push(wall_time);
            if self.provenance {
                self.offset.push(offset as i64);
            }
        }
    }

    /// Takes back all but the first `rows` rows.
    pub fn truncate(&mut self, rows: usize) {
        self.tag.truncate(rows);
        self.step.truncate(rows);
        self.wall_time.truncate(rows);
        self.offset.truncate(rows);
    }

    /// Marks all rows since the last call as of this run and file.
    pub fn fill_run(&mut self, run: u32, file: u32) {
        self.run.resize(self.step.len(), run as i32);
        if self.provenance {
            self.file.resize(self.step.len(), file as i32);
        }
    }
}

/// An Arrow array over the numbers, without a copy.
pub fn int32(values: Vec<i32>) -> Int32Array {
    Int32Array::new(ScalarBuffer::from(values), None)
}

/// An Arrow array over the numbers, without a copy.
pub fn int64(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::new(ScalarBuffer::from(values), None))
}

/// An Arrow array over the numbers, without a copy.
pub fn float64(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::new(ScalarBuffer::from(values), None))
}

/// A dictionary array; keys beyond `values` are a bug, so they panic.
pub fn dictionary(keys: Int32Array, values: ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys, values))
}

/// The strings as dictionary values.
pub fn strings<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}
