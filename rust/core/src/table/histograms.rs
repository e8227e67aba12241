//! `histograms`: buckets with both edges, from either encoding.
//!
//! A tensor histogram is rows of (left, right, count). A legacy `HistogramProto` lists right edges
//! only: a bucket begins where the one before ends, and the outermost ones reach to the ends of
//! the number line. The first begins at the stored `min` instead, if that is less than where it
//! ends; one that ends at the largest number there is ends at the stored `max`, if that is finite,
//! but not before it begins: TensorFlow's limits are rounded, so `max` may lie left of the last.

use super::schema::{bucket_fields, item_field};
use super::{Checked, Entry, Memory, Rows};
use crate::event::dtype::DType;
use crate::event::tensor::Fault;
use crate::event::view::Content;
use crate::event::wire::{Field, Fields};
use arrow_array::{ArrayRef, Float64Array, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::DataType;
use std::sync::Arc;

/// `min`, `max`, `num`, `sum` and `sum_squares`, which the legacy encoding stores.
#[derive(Debug)]
struct Statistics {
    columns: [Vec<f64>; 5],
    stored: NullBufferBuilder,
}

/// The columns of `histograms`.
#[derive(Debug)]
pub struct Histograms {
    ends: Vec<i32>,
    left: Vec<f64>,
    right: Vec<f64>,
    count: Vec<f64>,
    statistics: Statistics,
    scratch: Vec<u8>,
}

impl Rows for Histograms {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let before = self.left.len();
        let result = match entry.value.content {
            Content::Histogram(message) => self.legacy(message),
            _ => self.tensor(entry),
        };
        let end = i32::try_from(self.left.len()).map_err(|_| "too many buckets for one batch");
        match result.and(end) {
            Ok(end) => {
                self.ends.push(end);
                Ok(1)
            }
            Err(fault) => {
                self.left.truncate(before);
                self.right.truncate(before);
                self.count.truncate(before);
                Err(fault)
            }
        }
    }

    fn size(&self) -> usize {
        self.left.len() * 24
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        let ends = std::mem::take(&mut self.ends);
        let columns = [&mut self.left, &mut self.right, &mut self.count].map(|column| {
            let mut column = std::mem::take(column);
            let kept = memory.keep(&column);
            column.clear();
            memory.f64s.push(column);
            Arc::new(Float64Array::new(kept, None)) as ArrayRef
        });
        let buckets = StructArray::new(bucket_fields(), columns.to_vec(), None);
        let list = ListArray::new(
            item_field(DataType::Struct(bucket_fields())),
            OffsetBuffer::new(memory.keep(&ends)),
            Arc::new(buckets),
            None,
        );
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(list)];
        arrays.extend(self.statistics.finish(memory));
        arrays
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            columns: Default::default(),
            stored: NullBufferBuilder::new(0),
        }
    }
}

impl Statistics {
    #[inline]
    fn push(&mut self, values: Option<[f64; 5]>) {
        for (column, value) in self.columns.iter_mut().zip(values.unwrap_or_default()) {
            column.push(value);
        }
        self.stored.append(values.is_some());
    }

    fn finish(&mut self, memory: &mut Memory) -> [ArrayRef; 5] {
        let stored = self.stored.finish();
        std::mem::take(&mut self.columns).map(|column| {
            let kept = memory.keep(&column);
            Arc::new(Float64Array::new(kept, stored.clone())) as ArrayRef
        })
    }
}

impl Histograms {
    /// No rows yet.
    pub fn new(memory: &mut Memory) -> Self {
        let mut column = || memory.f64s.pop().unwrap_or_default();
        Self {
            left: column(),
            right: column(),
            count: column(),
            ends: vec![0],
            statistics: Statistics::default(),
            scratch: Vec::new(),
        }
    }

    fn tensor(&mut self, entry: &Entry<'_>) -> Result<(), Fault> {
        let tensor = entry.tensor()?;
        let [buckets, 3] = tensor
            .shape::<2>()
            .ok_or("histogram tensor without shape [k, 3]")?
        else {
            return Err("histogram tensor without shape [k, 3]");
        };
        let count = buckets.checked_mul(3).ok_or("histogram tensor too large")?;
        let dtype = tensor.dtype.ok_or("tensor of no known dtype")?;
        match tensor.content(count).filter(|_| dtype == DType::DOUBLE) {
            Some(content) => self.rows_of_three(content),
            None => {
                let mut scratch = std::mem::take(&mut self.scratch);
                scratch.clear();
                let elements = tensor.elements(count, &mut scratch);
                let numbers: Option<Vec<f64>> = scratch
                    .chunks_exact(dtype.width().max(1))
                    .map(|b| dtype.to_f64(b))
                    .collect();
                self.scratch = scratch;
                elements?;
                for row in numbers
                    .ok_or("histogram tensor of no real dtype")?
                    .chunks_exact(3)
                {
                    self.left.push(row[0]);
                    self.right.push(row[1]);
                    self.count.push(row[2]);
                }
            }
        }
        self.statistics.push(None);
        Ok(())
    }

    /// Rows of three little-endian doubles.
    fn rows_of_three(&mut self, content: &[u8]) {
        let (rows, _) = content.as_chunks::<24>();
        let double = |row: &[u8; 24], at: usize| {
            f64::from_le_bytes([
                row[at],
                row[at + 1],
                row[at + 2],
                row[at + 3],
                row[at + 4],
                row[at + 5],
                row[at + 6],
                row[at + 7],
            ])
        };
        self.left.extend(rows.iter().map(|row| double(row, 0)));
        self.right.extend(rows.iter().map(|row| double(row, 8)));
        self.count.extend(rows.iter().map(|row| double(row, 16)));
    }

    fn legacy(&mut self, message: &[u8]) -> Result<(), Fault> {
        let mut statistics = [0.0; 5]; // min, max, num, sum, sum_squares; absent means 0
        let start = self.right.len();
        let mut fields = Fields::of(message);
        while let Some((number, field)) = fields.next() {
            match (number, field) {
                (1..=5, Field::Fixed64(b)) => {
                    statistics[number as usize - 1] = f64::from_le_bytes(b)
                }
                (6, field) => extend(&mut self.right, field),
                (7, field) => extend(&mut self.count, field),
                _ => {}
            }
        }
        if self.right.len() != self.count.len() {
            return Err("histogram whose bucket and bucket_limit differ in length");
        }
        let [min, max, ..] = statistics;
        let right = &mut self.right[start..];
        if let Some(last) = right.last_mut()
            && *last == f64::MAX
            && max.is_finite()
        {
            *last = max;
            if let [.., left, last] = &mut *right {
                *last = last.max(*left);
            }
        }
        if let Some(&first) = right.first() {
            self.left.push(if min < first { min } else { first });
            self.left.extend_from_slice(&right[..right.len() - 1]);
        }
        self.statistics.push(Some(statistics));
        Ok(())
    }
}

/// Whether a legacy histogram has as many counts as edges.
pub(super) fn is_paired(message: &[u8]) -> bool {
    let mut numbers = [0, 0];
    let mut fields = Fields::of(message);
    while let Some((number, field)) = fields.next() {
        let stored = match field {
            Field::Fixed64(_) => 1,
            Field::Bytes(packed) => packed.len() / 8,
            _ => 0,
        };
        match number {
            6 => numbers[0] += stored,
            7 => numbers[1] += stored,
            _ => {}
        }
    }
    numbers[0] == numbers[1]
}

/// Appends doubles, packed or not.
fn extend(out: &mut Vec<f64>, field: Field<'_>) {
    match field {
        Field::Fixed64(b) => out.push(f64::from_le_bytes(b)),
        Field::Bytes(packed) => {
            out.extend(
                packed
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|b| f64::from_le_bytes(*b)),
            );
        }
        _ => {}
    }
}
