//! A column of names as numbers, the same ones in all batches.

use crate::error::{Error, Result};
use crate::logdir::tags::NameNumbers;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use std::sync::Arc;

/// The number of null among names that are no dictionary.
const NULL: i32 = 0;

/// A column of names as numbers, the same ones in all batches.
pub(super) struct Names {
    pub(super) column: usize,
    known: NameNumbers,
    dictionary: Option<ArrayRef>,
    pub(super) codes: Vec<i32>,
    /// The names that were asked for, by number.
    asked: Vec<Option<Arc<str>>>,
    /// Whether there was a null.
    pub(super) nulls: bool,
}

impl Names {
    pub(super) fn new(column: usize) -> Self {
        Self {
            column,
            known: NameNumbers::default(),
            dictionary: None,
            codes: Vec::new(),
            asked: Vec::new(),
            nulls: false,
        }
    }

    /// Numbers the names of a batch. A dictionary continues that of the batch before.
    pub(super) fn learn(&mut self, column: &ArrayRef) -> Result<()> {
        self.codes.clear();
        let dictionary = column.as_dictionary_opt::<Int32Type>();
        if let Some(column) = dictionary.filter(|column| column.null_count() == 0) {
            self.codes.extend_from_slice(column.keys().values());
            self.dictionary = Some(Arc::clone(column.values()));
            return Ok(());
        }
        let column = column
            .as_string_opt::<i32>()
            .ok_or_else(|| Error::internal("names that are no strings"))?;
        for name in column {
            let code = name.map_or(NULL, |name| self.known.of(name) as i32 + 1);
            self.nulls |= code == NULL;
            self.codes.push(code);
        }
        Ok(())
    }

    pub(super) fn name(&mut self, code: i32) -> Option<Arc<str>> {
        let at = code as usize;
        if at >= self.asked.len() {
            self.asked.resize((at + 1).next_power_of_two(), None);
        }
        if self.asked[at].is_none() {
            let name = match &self.dictionary {
                Some(names) => names.as_string::<i32>().value(at),
                None if code == NULL => return None,
                None => self.known.name(at - 1),
            };
            self.asked[at] = Some(name.into());
        }
        self.asked[at].clone()
    }
}
