//! `tensors`: dtype, shape and bytes of any tensor, or typed values.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::{TensorData, Wanted, element_type, item_field};
use super::{Entry, Memory, Rows};
use crate::event::dtype::DType;
use crate::event::tensor::{Fault, Tensor};
use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder};
use arrow_array::{ArrayRef, FixedSizeListArray, ListArray, make_array};
use arrow_buffer::{BooleanBufferBuilder, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use std::sync::Arc;

/// The columns of `tensors`.
pub struct Tensors {
    shape: ListBuilder<Int64Builder>,
    data: Data,
    size: usize,
}

enum Data {
    Any {
        dtype: Vec<i32>,
        data: Blobs,
        strings: ListBuilder<BinaryBuilder>,
        scratch: Vec<u8>,
        fill: bool,
    },
    Typed(Typed),
}

impl Tensors {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        let data = match &wanted.tensors {
            TensorData::Any => Data::Any {
                dtype: Vec::new(),
                data: Blobs::new(true, memory),
                strings: ListBuilder::new(BinaryBuilder::new())
                    .with_field(item_field(DataType::Binary)),
                scratch: Vec::new(),
                fill: wanted.has("data") || wanted.has("strings"),
            },
            TensorData::Typed { dtype, shape } => Data::Typed(Typed {
                dtype: *dtype,
                values: MutableBuffer::new(0),
                ends: vec![0],
                valid: BooleanBufferBuilder::new(0),
                fixed: shape.as_ref().map(|s| s.iter().product()),
            }),
        };
        let shape = ListBuilder::new(Int64Builder::new()).with_field(item_field(DataType::Int64));
        Self {
            shape,
            data,
            size: 0,
        }
    }
}

impl Rows for Tensors {
    fn push(&mut self, entry: &Entry<'_>) -> Result<usize, Fault> {
        let tensor = entry.tensor()?;
        let (_, count) = tensor.rank_and_count().ok_or("tensor of unknown shape")?;
        match &mut self.data {
            Data::Any {
                dtype,
                data,
                strings,
                scratch,
                fill,
            } => {
                scratch.clear();
                let kind = tensor.dtype;
                match kind.filter(|_| *fill) {
                    Some(DType::STRING) => {
                        for string in tensor.filled_strings(count)? {
                            self.size += string.len();
                            strings.values().append_value(string);
                        }
                        strings.append(true);
                        data.push_null();
                    }
                    Some(kind) if kind.width() > 0 => {
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
                self.size = typed.values.len();
            }
        }
        for dim in tensor.dims().flatten() {
            self.shape.values().append_value(dim);
        }
        self.shape.append(true);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.size
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        self.size = 0;
        let shape: ArrayRef = Arc::new(self.shape.finish());
        match &mut self.data {
            Data::Any {
                dtype,
                data,
                strings: texts,
                ..
            } => vec![
                dictionary(int32(std::mem::take(dtype)), strings(DType::names())),
                shape,
                data.finish(memory),
                Arc::new(texts.finish()),
            ],
            Data::Typed(typed) => vec![shape, typed.finish()],
        }
    }
}

/// Values of one numeric type, cast from whatever real dtype was stored; null for strings,
/// complex numbers and the like.
struct Typed {
    dtype: DType,
    values: MutableBuffer,
    ends: Vec<i32>,
    valid: BooleanBufferBuilder,
    fixed: Option<u64>,
}

impl Typed {
    fn push(&mut self, tensor: &Tensor<'_>, count: u64) -> Result<(), Fault> {
        let stored = tensor.dtype.filter(|d| d.is_real());
        if let Some(stored) = stored {
            let mut bytes = Vec::new();
            tensor.elements(count, &mut bytes)?;
            let end = self.ends.last().copied().unwrap_or(0);
            let end = i32::try_from(count)
                .ok()
                .and_then(|n| end.checked_add(n))
                .ok_or("too many elements for one batch")?;
            if stored == self.dtype {
                self.values.extend_from_slice(&bytes);
            } else {
                for element in bytes.chunks_exact(stored.width()) {
                    let value = stored.to_f64(element).unwrap_or(f64::NAN);
                    self.cast(value);
                }
            }
            self.ends.push(end);
        } else {
            let missing = self.fixed.unwrap_or(0) as usize * self.dtype.width();
            self.values.extend_zeros(missing);
            self.ends.push(self.ends.last().copied().unwrap_or(0));
        }
        self.valid.append(stored.is_some());
        Ok(())
    }

    fn cast(&mut self, value: f64) {
        match self.dtype.name() {
            "float32" => self.values.extend_from_slice(&(value as f32).to_le_bytes()),
            "float64" => self.values.extend_from_slice(&value.to_le_bytes()),
            "int8" => self.values.extend_from_slice(&(value as i8).to_le_bytes()),
            "int16" => self.values.extend_from_slice(&(value as i16).to_le_bytes()),
            "int32" => self.values.extend_from_slice(&(value as i32).to_le_bytes()),
            "int64" => self.values.extend_from_slice(&(value as i64).to_le_bytes()),
            "uint8" => self.values.extend_from_slice(&(value as u8).to_le_bytes()),
            "uint16" => self.values.extend_from_slice(&(value as u16).to_le_bytes()),
            "uint32" => self.values.extend_from_slice(&(value as u32).to_le_bytes()),
            _ => self.values.extend_from_slice(&(value as u64).to_le_bytes()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let element = element_type(self.dtype).unwrap_or(DataType::Float64);
        let rows = self.valid.len();
        let bytes = std::mem::replace(&mut self.values, MutableBuffer::new(0));
        let length = bytes.len() / self.dtype.width().max(1);
        let data = ArrayData::builder(element.clone())
            .len(length)
            .add_buffer(bytes.into());
        // Little-endian numbers of the right width in an aligned buffer: nothing to refuse.
        let values = data
            .build()
            .map(make_array)
            .unwrap_or_else(|_| arrow_array::new_empty_array(&element));
        let nulls = Some(NullBuffer::new(self.valid.finish())).filter(|n| n.null_count() > 0);
        let ends = std::mem::replace(&mut self.ends, vec![0]);
        match self.fixed {
            Some(size) => Arc::new(FixedSizeListArray::new(
                item_field(element),
                size as i32,
                values,
                nulls,
            )),
            None => {
                debug_assert_eq!(ends.len(), rows + 1);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                Arc::new(ListArray::new(item_field(element), offsets, values, nulls))
            }
        }
    }
}
