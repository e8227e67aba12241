//! `text`: strings with their shape.

use super::schema::item_field;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::tensor::Fault;
use arrow_array::ArrayRef;
use arrow_array::builder::{Int64Builder, ListBuilder, StringBuilder};
use arrow_schema::DataType;
use std::sync::Arc;

/// The columns of `text`.
pub struct Text {
    shape: ListBuilder<Int64Builder>,
    text: ListBuilder<StringBuilder>,
    size: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            shape: ListBuilder::new(Int64Builder::new()).with_field(item_field(DataType::Int64)),
            text: ListBuilder::new(StringBuilder::new()).with_field(item_field(DataType::Utf8)),
            size: 0,
        }
    }
}

impl Rows for Text {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let tensor = entry.tensor()?;
        let (_, count) = tensor.rank_and_count().ok_or("tensor of unknown shape")?;
        // Bytes that are no UTF-8 show as U+FFFD; `tensors(plugin="text")` has them exact.
        let strings = tensor.filled_strings(count)?.into_iter();
        let strings: Vec<_> = strings.map(String::from_utf8_lossy).collect();
        let bytes = strings.iter().map(|s| s.len()).sum();
        room(self.text.values(), bytes)?;
        self.size += bytes;
        for string in strings {
            self.text.values().append_value(string);
        }
        self.text.append(true);
        for dim in tensor.dims().flatten() {
            self.shape.values().append_value(dim);
        }
        self.shape.append(true);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.size
    }

    fn finish(&mut self, _: &mut Memory) -> Vec<ArrayRef> {
        self.size = 0;
        vec![Arc::new(self.shape.finish()), Arc::new(self.text.finish())]
    }
}
