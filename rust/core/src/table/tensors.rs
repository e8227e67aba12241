//! `tensors`: dtype, shape and bytes of any tensor, or typed values.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::{TensorData, Wanted, element_type, item_field};
use super::{Entry, Memory, Rows, room};
use crate::event::dtype::DType;
use crate::event::tensor::{Fault, Tensor, half_bits};
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
            TensorData::Typed { dtype, shape } => Data::Typed(Box::new(Typed {
                dtype: *dtype,
                values: MutableBuffer::new(0),
                ends: vec![0],
                valid: BooleanBufferBuilder::new(0),
                fixed: shape.as_ref().map(|s| s.iter().product()),
            })),
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
        }
    }
}

/// Values of one numeric type, cast from whatever real dtype was stored. A tensor is null that is
/// none of numbers, or holds one that is no number of the type; floats are rounded.
struct Typed {
    dtype: DType,
    values: MutableBuffer,
    ends: Vec<i32>,
    valid: BooleanBufferBuilder,
    fixed: Option<u64>,
}

impl Typed {
    fn push(&mut self, tensor: &Tensor<'_>, count: u64) -> Result<(), Fault> {
        let before = self.values.len();
        let last = self.ends.last().copied().unwrap_or(0);
        let end = i32::try_from(count).ok().and_then(|n| last.checked_add(n));
        let end = end.ok_or("too many elements for one batch")?;
        let mut valid = false;
        // Of another shape are only rows that are left out in the end.
        let fits = self.fixed.is_none_or(|fixed| fixed == count);
        if let Some(stored) = tensor.dtype.filter(|d| d.is_real()) {
            let mut bytes = Vec::new();
            tensor.elements(count, &mut bytes)?;
            valid = fits && self.append(stored, &bytes);
        }
        if !valid {
            let missing = self.fixed.unwrap_or(0) as usize * self.dtype.width();
            self.values.truncate(before);
            self.values.extend_zeros(missing);
        }
        self.ends.push(if valid { end } else { last });
        self.valid.append(valid);
        Ok(())
    }

    /// Appends elements cast from `stored`; false if one is no number of the new type.
    fn append(&mut self, stored: DType, bytes: &[u8]) -> bool {
        if stored == self.dtype {
            self.values.extend_from_slice(bytes);
            return true;
        }
        bytes.chunks_exact(stored.width()).all(|element| {
            match (stored.to_i128(element), stored.to_f64(element)) {
                (Some(whole), _) if !self.dtype.is_float() => self.whole(whole),
                (None, Some(value)) if !self.dtype.is_float() => {
                    let whole = value as i128;
                    whole as f64 == value && self.whole(whole)
                }
                (_, Some(value)) => self.float(value),
                (_, None) => false,
            }
        })
    }

    fn whole(&mut self, value: i128) -> bool {
        let unsigned = self.dtype.name().starts_with('u');
        let bits = 8 * self.dtype.width() as u32;
        let (low, high) = if unsigned {
            (0, (1i128 << bits) - 1)
        } else {
            (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
        };
        let fits = (low..=high).contains(&value);
        if fits {
            self.values
                .extend_from_slice(&value.to_le_bytes()[..self.dtype.width()]);
        }
        fits
    }

    fn float(&mut self, value: f64) -> bool {
        match self.dtype.width() {
            2 => self
                .values
                .extend_from_slice(&half_bits(value as f32).to_le_bytes()),
            4 => self.values.extend_from_slice(&(value as f32).to_le_bytes()),
            _ => self.values.extend_from_slice(&value.to_le_bytes()),
        }
        true
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
