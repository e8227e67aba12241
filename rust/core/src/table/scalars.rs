//! `scalars`: one number a row, whatever it was stored as.

use super::keys::float64;
use super::{Entry, Rows};
use crate::event::tensor::{Fault, Tensor};
use crate::event::view::Content;
use arrow_array::ArrayRef;

/// The `value` column.
#[derive(Debug, Default)]
pub struct Scalars {
    value: Vec<f64>,
}

impl Scalars {
    /// No rows yet, with room for `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            value: Vec::with_capacity(capacity),
        }
    }
}

impl Rows for Scalars {
    #[inline(always)]
    fn push(&mut self, entry: &Entry<'_>) -> Result<usize, Fault> {
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

    fn truncate(&mut self, rows: usize) {
        self.value.truncate(rows);
    }

    #[inline(always)]
    fn checks_itself(&self) -> bool {
        true
    }

    fn size(&self) -> usize {
        self.value.len() * 8
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![float64(std::mem::take(&mut self.value))]
    }
}
