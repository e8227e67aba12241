//! `pr_curves`: the six stored rows, and the thresholds they belong to.

use super::schema::{PR_CURVES, item_field};
use super::{Checked, Entry, Memory, Rows};
use crate::event::tensor::Fault;
use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_schema::DataType;
use std::sync::Arc;

/// The columns of `pr_curves`.
pub struct PrCurves {
    columns: [ListBuilder<Float64Builder>; PR_CURVES.len()],
    thresholds: usize,
}

impl Default for PrCurves {
    fn default() -> Self {
        Self {
            columns: PR_CURVES.map(|_| {
                ListBuilder::new(Float64Builder::new()).with_field(item_field(DataType::Float64))
            }),
            thresholds: 0,
        }
    }
}

impl Rows for PrCurves {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let tensor = entry.tensor()?;
        let [6, thresholds] = tensor.shape::<2>().ok_or("PR curve without shape [6, t]")? else {
            return Err("PR curve without shape [6, t]");
        };
        let dtype = tensor.dtype.ok_or("tensor of no known dtype")?;
        let mut bytes = Vec::new();
        tensor.elements(
            thresholds.checked_mul(6).ok_or("PR curve too large")?,
            &mut bytes,
        )?;
        let numbers: Vec<f64> = bytes
            .chunks_exact(dtype.width().max(1))
            .map(|b| dtype.to_f64(b))
            .collect::<Option<_>>()
            .ok_or("PR curve of no real dtype")?;
        let [edges, rows @ ..] = &mut self.columns;
        // The number of columns counts, not what the metadata declares: PyTorch caps the latter.
        let last = thresholds.saturating_sub(1).max(1) as f64;
        for i in 0..thresholds {
            edges.values().append_value(i as f64 / last);
        }
        edges.append(true);
        self.thresholds += thresholds as usize;
        for (column, row) in rows.iter_mut().zip(0..) {
            let row = row * thresholds as usize;
            column
                .values()
                .append_slice(&numbers[row..row + thresholds as usize]);
            column.append(true);
        }
        Ok(1)
    }

    fn size(&self) -> usize {
        self.thresholds * PR_CURVES.len() * 8
    }

    fn finish(&mut self, _: &mut Memory) -> Vec<ArrayRef> {
        self.thresholds = 0;
        self.columns
            .iter_mut()
            .map(|c| Arc::new(c.finish()) as ArrayRef)
            .collect()
    }
}
