//! Elements that a cast cannot keep: an error, or null and counted.
//!
//! They are counted in the batches that are handed out, not where they are decoded: units may be
//! decoded twice, and rows of superseded attempts are left out.

use crate::error::{Error, Result};
use crate::table::schema::{OnCast, TensorData};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Elements that casts made null since this was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nulled {
    /// The dtype they were cast to.
    pub dtype: &'static str,
    /// Elements.
    pub elements: u64,
    /// Tensors that hold them.
    pub tensors: u64,
    /// The first such tensor, as text: run, tag and step where the scan has these columns.
    pub first: String,
}

/// What the scans of a log have made null.
#[derive(Debug, Clone, Default)]
pub(super) struct Casts(Arc<Mutex<Option<Nulled>>>);

impl Casts {
    /// What was made null since the last call.
    pub(super) fn take(&self) -> Option<Nulled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes note of the nulls in the `values` of a batch; under [`OnCast::Raise`] an error.
    pub(super) fn check(&self, batch: &RecordBatch, tensors: &TensorData) -> Result<()> {
        let TensorData::Typed { dtype, on_cast, .. } = tensors else {
            return Ok(());
        };
        let Some(values) = batch.column_by_name("values") else {
            return Ok(());
        };
        let elements = elements(values).logical_null_count();
        if *on_cast == OnCast::Raise && (elements > 0 || values.null_count() > 0) {
            let row =
                (0..batch.num_rows()).find(|&row| nulls_in(values, row) > 0 || values.is_null(row));
            return Err(Error::argument(format!(
                "`dtype` must be a dtype that every element fits, not '{}': an element of {} does not \
                 fit; on_cast=\"null\" makes it null",
                dtype.name(),
                place(batch, row.unwrap_or(0)),
            )));
        }
        if elements == 0 {
            return Ok(());
        }
        let rows: Vec<(usize, usize)> = (0..batch.num_rows())
            .map(|row| (row, nulls_in(values, row)))
            .filter(|(_, nulls)| *nulls > 0)
            .collect();
        let Some(&(first, _)) = rows.first() else {
            return Ok(());
        };
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = noted.get_or_insert_with(|| Nulled {
            dtype: dtype.name(),
            elements: 0,
            tensors: 0,
            first: place(batch, first),
        });
        noted.tensors += rows.len() as u64;
        noted.elements += rows.iter().map(|(_, nulls)| *nulls as u64).sum::<u64>();
        Ok(())
    }
}

/// The elements of a list column.
fn elements(values: &ArrayRef) -> &ArrayRef {
    match values.as_list_opt::<i32>() {
        Some(list) => list.values(),
        None => values.as_fixed_size_list().values(),
    }
}

/// How many elements of a row are null; 0 if the row is.
fn nulls_in(values: &ArrayRef, row: usize) -> usize {
    if values.is_null(row) {
        return 0;
    }
    let at: Range<usize> = match values.as_list_opt::<i32>() {
        Some(list) => list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize,
        None => {
            let list = values.as_fixed_size_list();
            let start = list.value_offset_at(row);
            start..start + list.value_length() as usize
        }
    };
    let nulls = elements(values).nulls();
    nulls.map_or(0, |nulls| nulls.slice(at.start, at.len()).null_count())
}

/// Where a row is from, as far as its columns tell.
fn place(batch: &RecordBatch, row: usize) -> String {
    let name = |column: &str| {
        let names = batch
            .column_by_name(column)?
            .as_dictionary_opt::<Int32Type>()?;
        let names = names.downcast_dict::<arrow_array::StringArray>()?;
        Some(format!(
            "{column} {:?}",
            arrow_array::ArrayAccessor::value(&names, row)
        ))
    };
    let step = batch.column_by_name("step").map(|steps| {
        let step = steps.as_primitive::<Int64Type>().value(row);
        format!("step {step}")
    });
    let parts = [name("run"), name("tag"), step];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "a tensor".to_owned(),
        false => parts.join(", "),
    }
}
