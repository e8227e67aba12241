//! `scalars`: one number a row, whatever it was stored as.

use super::{Checked, Entry, Memory, Rows};
use crate::event::tensor::{Fault, Tensor};
use crate::event::view::Content;
use arrow_array::{ArrayRef, Float64Array};
use std::sync::Arc;

/// The `value` column.
#[derive(Debug, Default)]
pub struct Scalars {
    value: Vec<f64>,
}

impl Scalars {
    /// No rows yet, with room for `capacity`.
    pub fn new(capacity: usize, memory: &mut Memory) -> Self {
        let mut value = memory.f64s.pop().unwrap_or_default();
        value.reserve(capacity);
        Self { value }
    }
}

impl Rows for Scalars {
    #[inline(always)]
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let value = match entry.value.content {
            Content::Simple(value) => f64::from(value),
            Content::Tensor(message) => {
                Tensor::parse(message).ok_or("irregular tensor")?.scalar()?
            }
            _ => return Err("value without a number"),
        };
        self.value.push(value);
        Ok(1)
    }

    #[inline(always)]
    fn takes_plain_scalars(&self) -> bool {
        true
    }

    #[inline(always)]
    fn push_plain(&mut self, value: f64) {
        self.value.push(value);
    }

    fn size(&self) -> usize {
        self.value.len() * 8
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        let mut value = std::mem::take(&mut self.value);
        let kept = memory.keep(&value);
        value.clear();
        memory.f64s.push(value);
        vec![Arc::new(Float64Array::new(kept, None))]
    }
}
