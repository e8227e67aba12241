//! `tensors`: dtype, shape and bytes of any tensor, or typed values.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::{PLUGIN_CONTENT, TensorData, Wanted, item_field};
use super::typed::Typed;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::dtype::DType;
use crate::event::tensor::Fault;
use crate::event::view::Metadata;
use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder};
use arrow_schema::DataType;
use std::sync::Arc;

/// The columns of `tensors`.
pub struct Tensors {
    shape: ListBuilder<Int64Builder>,
    data: Data,
    /// The plugin's own message of each, if asked for.
    content: Option<Blobs>,
    size: usize,
}

struct Any {
    dtype: Vec<i32>,
    data: Blobs,
    strings: ListBuilder<BinaryBuilder>,
    scratch: Vec<u8>,
    fill: bool,
}

enum Data {
    Any(Box<Any>),
    Typed(Box<Typed>),
}

impl Tensors {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        let data = match &wanted.tensors {
            TensorData::Any => Data::Any(Box::new(Any {
                dtype: Vec::new(),
                data: Blobs::new(wanted.has("data") || wanted.has("strings"), memory),
                strings: ListBuilder::new(BinaryBuilder::new())
                    .with_field(item_field(DataType::Binary)),
                scratch: Vec::new(),
                fill: wanted.has("data") || wanted.has("strings"),
            })),
            TensorData::Typed { dtype, shape, .. } => {
                Data::Typed(Box::new(Typed::new(*dtype, shape.as_deref())))
            }
        };
        let content = wanted.has(PLUGIN_CONTENT).then(|| Blobs::new(true, memory));
        let shape = ListBuilder::new(Int64Builder::new()).with_field(item_field(DataType::Int64));
        Self {
            shape,
            data,
            content,
            size: 0,
        }
    }
}

impl Rows for Tensors {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let tensor = entry.tensor()?;
        let (_, count) = tensor.rank_and_count().ok_or("tensor of unknown shape")?;
        match &mut self.data {
            Data::Any(any) => {
                let Any {
                    dtype,
                    data,
                    strings,
                    scratch,
                    fill,
                } = &mut **any;
                scratch.clear();
                let kind = tensor.dtype;
                match kind {
                    Some(DType::STRING) => {
                        let filled = tensor.filled_strings(count)?;
                        let bytes = filled.iter().map(|s| s.len()).sum();
                        room(strings.values(), bytes)?;
                        self.size += bytes;
                        for string in filled.into_iter().filter(|_| *fill) {
                            strings.values().append_value(string);
                        }
                        strings.append(true);
                        data.push_null();
                    }
                    Some(kind) if kind.width() > 0 => {
                        // Whether a tensor has a row must not depend on the columns asked for.
                        tensor.elements(count, scratch)?;
                        self.size += scratch.len();
                        data.push(scratch);
                        strings.append(false);
                    }
                    _ => {
                        data.push_null();
                        strings.append(false);
                    }
                }
                dtype.push(kind.map_or(0, |d| i32::from(d.number())));
            }
            Data::Typed(typed) => {
                typed.push(&tensor, count)?;
                self.size = typed.size();
            }
        }
        for dim in tensor.dims().flatten() {
            self.shape.values().append_value(dim);
        }
        self.shape.append(true);
        if let Some(column) = &mut self.content {
            let metadata = entry.value.metadata.and_then(Metadata::parse);
            match metadata.map(|m| m.content).filter(|c| !c.is_empty()) {
                Some(content) => column.push(content),
                None => column.push_null(),
            }
        }
        Ok(1)
    }

    fn size(&self) -> usize {
        self.size + self.content.as_ref().map_or(0, Blobs::size)
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        self.size = 0;
        let shape: ArrayRef = Arc::new(self.shape.finish());
        let mut columns = match &mut self.data {
            Data::Any(any) => {
                let Any {
                    dtype,
                    data,
                    strings: texts,
                    ..
                } = &mut **any;
                vec![
                    dictionary(int32(std::mem::take(dtype)), strings(DType::names())),
                    shape,
                    data.finish(memory),
                    Arc::new(texts.finish()),
                ]
            }
            Data::Typed(typed) => vec![shape, typed.finish()],
        };
        columns.extend(self.content.as_mut().map(|c| c.finish(memory)));
        columns
    }
}
