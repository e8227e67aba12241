//! Dictionaries that hold the names that rows have, and no others.
//!
//! Within the crate a run has one number in a whole scan, and tags are numbered as they are met. A
//! scan hands out batches in which names are numbered by their first row; the dictionary of a batch
//! continues that of the batch before.

use super::scan::Batches;
use super::tags::NameNumbers;
use crate::error::{Error, Result};
use crate::scan::Budget;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions};
use std::sync::Arc;

/// Columns in which numbers never go down, as rows are in the order of runs and files.
const ASCENDING: [&str; 2] = [RUN, "file"];

/// The column whose names are all different; paths of files that are no UTF-8 may read the same.
const RUN: &str = "run";

/// A stream whose dictionaries are compacted.
pub(super) struct Compact {
    stream: Box<dyn Batches>,
    columns: Vec<Column>,
}

impl Compact {
    pub(super) fn new(stream: Box<dyn Batches>) -> Self {
        Self {
            stream,
            columns: Vec::new(),
        }
    }

    fn compact(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        self.columns
            .resize_with(batch.num_columns(), Column::default);
        let (known, is_compact) = (&mut self.columns, self.stream.is_compact());
        with_columns(batch, |i, name, column| {
            let ascending = ASCENDING.contains(&name);
            known[i].distinct = name == RUN;
            match ascending || !is_compact {
                true => known[i].compact(column, ascending),
                false => Ok(None),
            }
        })
    }
}

/// The batch with dictionaries of its own, each of the names that its rows have.
pub(super) fn alone(batch: &RecordBatch) -> Result<RecordBatch> {
    with_columns(batch, |_, _, column| {
        Column::default().compact(column, false)
    })
}

/// The batch with the columns that `renew` makes of its number, name and column, if it makes one.
fn with_columns(
    batch: &RecordBatch,
    mut renew: impl FnMut(usize, &str, &ArrayRef) -> Result<Option<ArrayRef>>,
) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    for (i, column) in columns.iter_mut().enumerate() {
        if let Some(renewed) = renew(i, schema.field(i).name(), column)? {
            *column = renewed;
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(Error::internal)
}

impl Batches for Compact {
    fn next(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
        let batch = self.stream.next(go_on)?;
        Some(batch.and_then(|batch| self.compact(&batch)))
    }

    fn budget(&self) -> Option<&Arc<Budget>> {
        self.stream.budget()
    }
}

/// One column of a stream.
#[derive(Default)]
struct Column {
    names: NameNumbers,
    /// The new number of each name, by the number it has in the stream; -1 for those without rows.
    numbers: Vec<i32>,
    /// Whether different numbers have different names.
    distinct: bool,
}

impl Column {
    /// The column with a dictionary of its own; `None` if it is right as it is.
    fn compact(&mut self, column: &ArrayRef, ascending: bool) -> Result<Option<ArrayRef>> {
        let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() else {
            return Ok(None);
        };
        let Some(names) = dictionary.values().as_string_opt::<i32>() else {
            return Ok(None);
        };
        let keys = dictionary.keys();
        self.numbers.resize(names.len().max(self.numbers.len()), -1);
        let mut renumbered = false;
        let mut meet = |key: i32| {
            let number = &mut self.numbers[key as usize];
            if *number < 0 {
                let name = names.value(key as usize);
                let met = match self.distinct {
                    true => self.names.push(name),
                    false => self.names.of(name),
                };
                *number = met as i32;
            }
            renumbered |= *number != key;
        };
        if ascending && keys.null_count() == 0 {
            distinct(keys.values()).for_each(&mut meet);
        } else {
            keys.iter().flatten().for_each(&mut meet);
        }
        if !renumbered && self.names.len() == names.len() {
            return Ok(None);
        }
        let values = self.names.values();
        let keys = if renumbered {
            let number = |key: &i32| self.numbers.get(*key as usize).copied().unwrap_or(0);
            let numbers: Vec<i32> = keys.values().iter().map(number).collect();
            Int32Array::new(numbers.into(), keys.nulls().cloned())
        } else {
            keys.clone()
        };
        let compacted = DictionaryArray::<Int32Type>::try_new(keys, values);
        let compacted = compacted.map_err(Error::internal)?;
        Ok(Some(Arc::new(compacted)))
    }
}

/// The different ones among numbers that never go down.
fn distinct(keys: &[i32]) -> impl Iterator<Item = i32> {
    let mut rest = keys;
    std::iter::from_fn(move || {
        let key = *rest.first()?;
        rest = &rest[rest.partition_point(|other| *other <= key)..];
        Some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::keys::{dictionary, int32, strings};
    use arrow_schema::{Field, Schema};

    struct Given(Vec<RecordBatch>);

    impl Batches for Given {
        fn next(&mut self, _: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
            (!self.0.is_empty()).then(|| Ok(self.0.remove(0)))
        }
    }

    fn batch(column: &str, keys: Vec<i32>, names: &[&str]) -> RecordBatch {
        let array = dictionary(int32(keys), strings(names));
        let field = Field::new(column, array.data_type().clone(), false);
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
    }

    fn compacted(batches: Vec<RecordBatch>) -> Vec<(Vec<i32>, Vec<String>)> {
        let mut stream = Compact::new(Box::new(Given(batches)));
        let mut found = Vec::new();
        while let Some(batch) = stream.next(&mut || true) {
            let batch = batch.unwrap();
            let column = batch.column(0).as_dictionary::<Int32Type>();
            let names = column.values().as_string::<i32>().iter().flatten();
            found.push((
                column.keys().values().to_vec(),
                names.map(str::to_owned).collect(),
            ));
        }
        found
    }

    #[test]
    fn only_names_with_rows_remain_and_each_batch_continues_the_one_before() {
        for column in ["run", "tag"] {
            let all = ["a", "b", "c", "d"];
            let got = compacted(vec![
                batch(column, vec![1, 1, 2], &all[..3]),
                batch(column, vec![2, 3], &all),
            ]);
            let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
            assert_eq!(got[0], (vec![0, 0, 1], names(&["b", "c"])));
            assert_eq!(got[1], (vec![1, 2], names(&["b", "c", "d"])));
        }
    }

    #[test]
    fn a_batch_alone_has_the_names_of_its_rows() {
        let given = batch("run", vec![3, 1, 3], &["a", "b", "c", "d"]);
        let column = alone(&given).unwrap().column(0).clone();
        let column = column.as_dictionary::<Int32Type>();
        assert_eq!(column.keys().values(), &[0, 1, 0]);
        let names = column.values().as_string::<i32>().iter().flatten();
        assert_eq!(names.collect::<Vec<_>>(), ["d", "b"]);
    }

    #[test]
    fn names_are_numbered_by_their_first_row() {
        let got = compacted(vec![batch("tag", vec![2, 0, 2], &["a", "b", "c"])]);
        assert_eq!(got[0].0, [0, 1, 0]);
        assert_eq!(got[0].1, ["c", "a"]);
    }
}
