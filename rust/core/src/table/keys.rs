//! The columns every kind has, and the constant dictionaries.

use super::Memory;
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
    pub fn new(provenance: bool, capacity: usize, memory: &mut Memory) -> Self {
        let mut keys = Self {
            run: memory.i32s.pop().unwrap_or_default(),
            tag: memory.i32s.pop().unwrap_or_default(),
            step: memory.i64s.pop().unwrap_or_default(),
            wall_time: memory.f64s.pop().unwrap_or_default(),
            provenance,
            ..Self::default()
        };
        keys.run.reserve(capacity);
        keys.tag.reserve(capacity);
        keys.step.reserve(capacity);
        keys.wall_time.reserve(capacity);
        keys
    }

    /// Keeps file and offset of every row to come.
    pub fn keep_provenance(&mut self) {
        self.provenance = true;
    }

    /// The columns, in memory of their own.
    pub fn finish(mut self, memory: &mut Memory) -> KeyColumns {
        let columns = KeyColumns {
            run: memory.keep(&self.run),
            tag: memory.keep(&self.tag),
            step: memory.keep(&self.step),
            wall_time: memory.keep(&self.wall_time),
            file: std::mem::take(&mut self.file),
            offset: std::mem::take(&mut self.offset),
        };
        self.tag.clear();
        self.step.clear();
        self.wall_time.clear();
        self.run.clear();
        memory.i32s.extend([self.tag, self.run]);
        memory.i64s.push(self.step);
        memory.f64s.push(self.wall_time);
        columns
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

    /// Appends one row.
    #[inline(always)]
    pub fn push_one(&mut self, tag: u32, step: i64, wall_time: f64, offset: u64) {
        self.tag.push(tag as i32);
        self.step.push(step);
        self.wall_time.push(wall_time);
        if self.provenance {
            self.offset.push(offset as i64);
        }
    }

    /// Appends `rows` rows of one value.
    #[inline(always)]
    pub fn push(&mut self, tag: u32, step: i64, wall_time: f64, offset: u64, rows: usize) {
        for _ in 0..rows {
            self.push_one(tag, step, wall_time, offset);
        }
    }

    /// Marks all rows since the last call as of this run and file.
    pub fn fill_run(&mut self, run: u32, file: u32) {
        self.run.resize(self.step.len(), run as i32);
        if self.provenance {
            self.file.resize(self.step.len(), file as i32);
        }
    }
}

/// The finished columns of [`Keys`].
#[derive(Debug)]
pub struct KeyColumns {
    /// Number of the run.
    pub run: ScalarBuffer<i32>,
    /// Number of the tag.
    pub tag: ScalarBuffer<i32>,
    /// As stored.
    pub step: ScalarBuffer<i64>,
    /// As stored.
    pub wall_time: ScalarBuffer<f64>,
    /// Number of the file, if provenance is wanted.
    pub file: Vec<i32>,
    /// Offset of the record, if provenance is wanted.
    pub offset: Vec<i64>,
}

impl KeyColumns {
    /// Rows.
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }
}

/// An Arrow array over the numbers, without a copy.
pub fn int32(values: Vec<i32>) -> Int32Array {
    Int32Array::new(values.into(), None)
}

/// An Arrow array over the numbers, without a copy.
pub fn int64(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::new(values.into(), None))
}

/// An Arrow array over the numbers, without a copy.
pub fn float64(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::new(values.into(), None))
}

/// A dictionary array; keys beyond `values` are a bug, so they panic.
pub fn dictionary(keys: Int32Array, values: ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys, values))
}

/// The strings as dictionary values.
pub fn strings<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}
