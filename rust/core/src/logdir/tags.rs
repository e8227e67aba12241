//! The names of a stream, numbered, and the dictionary they make.

use crate::scan::decode::Block;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer};
use std::collections::HashMap;
use std::sync::Arc;

/// Names in the order they were first met.
#[derive(Default)]
pub(super) struct NameNumbers {
    index: HashMap<Box<str>, u32>,
    /// The names, one after the other: a dictionary is a copy of this, however many there are.
    text: String,
    /// Where each name ends.
    ends: Vec<i32>,
    values: Option<ArrayRef>,
}

impl NameNumbers {
    /// The name's number.
    pub(super) fn of(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.index.get(name) {
            return number;
        }
        let number = self.push(name);
        self.index.insert(name.into(), number);
        number
    }

    /// The number of a name that is met once.
    pub(super) fn push(&mut self, name: &str) -> u32 {
        let number = self.len() as u32;
        self.text.push_str(name);
        self.ends.push(self.text.len() as i32);
        self.values = None;
        number
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name of this number.
    pub(super) fn name(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    /// The names by number.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.name(number))
    }

    /// The names by number, as the values of a dictionary.
    pub(super) fn values(&mut self) -> ArrayRef {
        let Self { text, ends, .. } = self;
        let values = self.values.get_or_insert_with(|| {
            let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
            let offsets = OffsetBuffer::new(offsets.into());
            Arc::new(StringArray::new(
                offsets,
                Buffer::from(text.as_bytes()),
                None,
            ))
        });
        Arc::clone(values)
    }

    /// Numbers a block's tags as the stream does. Usually every block meets the same tags in the
    /// same order, and there is nothing to rewrite.
    pub(super) fn adopt(&mut self, block: &mut Block) {
        let mut order: Vec<Option<u32>> = vec![None; block.metadata.tags.len()];
        for &local in &block.used {
            order[local as usize] = Some(self.of(&block.metadata.tags[local as usize]));
        }
        let mut numbers = order.iter().zip(0..);
        if !numbers.all(|(&number, local)| number.is_none_or(|n| n == local)) {
            let number = |tag: &i32| order[*tag as usize].map_or(0, |n| n as i32);
            let tags: Vec<i32> = block.keys.tag.iter().map(number).collect();
            block.keys.tag = tags.into();
        }
    }
}

/// The dictionary of a tag grows from batch to batch, each a continuation of the one before; the
/// last one serves them all.
pub(super) fn share_dictionaries(batches: &mut [RecordBatch]) {
    let Some(last) = batches.last().cloned() else {
        return;
    };
    for (i, column) in last.columns().iter().enumerate() {
        let Some(whole) = column.as_dictionary_opt::<Int32Type>() else {
            continue;
        };
        for batch in &mut *batches {
            let Some(part) = batch.column(i).as_dictionary_opt::<Int32Type>() else {
                continue;
            };
            if Arc::ptr_eq(part.values(), whole.values())
                || part.values().len() > whole.values().len()
            {
                continue;
            }
            let mut columns = batch.columns().to_vec();
            let shared =
                DictionaryArray::<Int32Type>::new(part.keys().clone(), Arc::clone(whole.values()));
            columns[i] = Arc::new(shared);
            if let Ok(shared) = RecordBatch::try_new(batch.schema(), columns) {
                *batch = shared;
            }
        }
    }
}
