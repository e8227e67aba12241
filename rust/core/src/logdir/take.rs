//! Rows of several arrays of one type, put together; values are copied once.

use crate::error::{Error, Result};
use crate::table::Memory;
use arrow_array::cast::AsArray;
use arrow_array::types::ByteArrayType;
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericByteArray, GenericListArray, OffsetSizeTrait,
    StructArray, make_array, types,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use std::ops::Range;
use std::sync::Arc;

/// Rows of one of several arrays.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// The number of the array.
    pub(super) source: usize,
    pub(super) range: Range<usize>,
}

/// The rows `taken` of `sources`, which are of type `kind`, one after the other.
pub(super) fn take(
    sources: &[ArrayRef],
    taken: &[Rows],
    kind: &DataType,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    match kind {
        DataType::Utf8 => bytes::<types::Utf8Type>(sources, taken, memory),
        DataType::LargeUtf8 => bytes::<types::LargeUtf8Type>(sources, taken, memory),
        DataType::Binary => bytes::<types::BinaryType>(sources, taken, memory),
        DataType::LargeBinary => bytes::<types::LargeBinaryType>(sources, taken, memory),
        DataType::List(item) => list::<i32>(sources, taken, item, memory),
        DataType::LargeList(item) => list::<i64>(sources, taken, item, memory),
        DataType::FixedSizeList(item, _) => fixed_size_list(sources, taken, item, memory),
        DataType::Struct(fields) => structs(sources, taken, fields, memory),
        _ => match kind.primitive_width() {
            Some(width) => numbers(sources, taken, kind, width, memory),
            None => anything(sources, taken),
        },
    }
}

fn count(taken: &[Rows]) -> usize {
    taken.iter().map(|rows| rows.range.len()).sum()
}

fn numbers(
    sources: &[ArrayRef],
    taken: &[Rows],
    kind: &DataType,
    width: usize,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let values = sources.iter().map(|source| {
        let data = source.to_data();
        data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width)
    });
    let values: Vec<Buffer> = values.collect();
    let rows = count(taken);
    let parts = taken.iter().map(|Rows { source, range }| {
        &values[*source][range.start * width..range.end * width] // rows of the source
    });
    let joined = memory.joined(rows * width, parts);
    let data = ArrayData::builder(kind.clone())
        .len(rows)
        .nulls(nulls(sources, taken))
        .add_buffer(joined);
    whole(data.build().map(make_array))
}

fn bytes<T: ByteArrayType>(
    sources: &[ArrayRef],
    taken: &[Rows],
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let arrays: Vec<&GenericByteArray<T>> = sources.iter().map(|a| a.as_bytes()).collect();
    let inner = inner(taken, |source| arrays[source].value_offsets());
    let parts = inner
        .iter()
        .map(|Rows { source, range }| &arrays[*source].value_data()[range.clone()]);
    let values = memory.joined(count(&inner), parts);
    let offsets = offsets(taken, |source| arrays[source].value_offsets())?;
    let array = GenericByteArray::<T>::try_new(offsets, values, nulls(sources, taken));
    whole(array.map(|array| Arc::new(array) as ArrayRef))
}

fn list<O: OffsetSizeTrait>(
    sources: &[ArrayRef],
    taken: &[Rows],
    item: &FieldRef,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let arrays: Vec<&GenericListArray<O>> = sources.iter().map(|a| a.as_list()).collect();
    let inner = inner(taken, |source| arrays[source].value_offsets());
    let values: Vec<ArrayRef> = arrays.iter().map(|a| Arc::clone(a.values())).collect();
    let values = take(&values, &inner, item.data_type(), memory)?;
    let offsets = offsets(taken, |source| arrays[source].value_offsets())?;
    let nulls = nulls(sources, taken);
    let array = GenericListArray::<O>::try_new(Arc::clone(item), offsets, values, nulls);
    whole(array.map(|array| Arc::new(array) as ArrayRef))
}

fn fixed_size_list(
    sources: &[ArrayRef],
    taken: &[Rows],
    item: &FieldRef,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let arrays: Vec<&FixedSizeListArray> = sources.iter().map(|a| a.as_fixed_size_list()).collect();
    let size = arrays.first().map_or(0, |array| array.value_length());
    let inner = taken.iter().map(|Rows { source, range }| Rows {
        source: *source,
        range: range.start * size as usize..range.end * size as usize,
    });
    let inner: Vec<Rows> = inner.collect();
    let values: Vec<ArrayRef> = arrays.iter().map(|a| Arc::clone(a.values())).collect();
    let values = take(&values, &inner, item.data_type(), memory)?;
    let (nulls, rows) = (nulls(sources, taken), count(taken));
    let item = Arc::clone(item);
    let array = FixedSizeListArray::try_new_with_length(item, size, values, nulls, rows);
    whole(array.map(|array| Arc::new(array) as ArrayRef))
}

fn structs(
    sources: &[ArrayRef],
    taken: &[Rows],
    fields: &Fields,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let columns = fields.iter().enumerate().map(|(n, field)| {
        let columns = sources.iter().map(|a| Arc::clone(a.as_struct().column(n)));
        take(
            &columns.collect::<Vec<_>>(),
            taken,
            field.data_type(),
            memory,
        )
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let (nulls, rows) = (nulls(sources, taken), count(taken));
    let array = StructArray::try_new_with_length(fields.clone(), columns, nulls, rows);
    whole(array.map(|array| Arc::new(array) as ArrayRef))
}

/// Types that are rare.
fn anything(sources: &[ArrayRef], taken: &[Rows]) -> Result<ArrayRef> {
    let data: Vec<ArrayData> = sources.iter().map(|source| source.to_data()).collect();
    let mut joined = MutableArrayData::new(data.iter().collect(), false, count(taken));
    for Rows { source, range } in taken {
        whole(joined.try_extend(*source, range.start, range.end))?;
    }
    Ok(make_array(joined.freeze()))
}

/// What the rows hold of the values that these are the offsets of.
fn inner<'a, O: OffsetSizeTrait>(taken: &[Rows], of: impl Fn(usize) -> &'a [O]) -> Vec<Rows> {
    let rows = taken.iter().map(|Rows { source, range }| {
        let offsets = of(*source);
        Rows {
            source: *source,
            range: offsets[range.start].as_usize()..offsets[range.end].as_usize(),
        }
    });
    rows.collect()
}

/// Where the values of each row begin.
fn offsets<'a, O: OffsetSizeTrait>(
    taken: &[Rows],
    of: impl Fn(usize) -> &'a [O],
) -> Result<OffsetBuffer<O>> {
    let mut ends = Vec::with_capacity(count(taken) + 1);
    let mut start = 0;
    ends.push(O::zero());
    for Rows { source, range } in taken {
        let offsets = &of(*source)[range.start..=range.end];
        let first = offsets[0].as_usize();
        let last = offsets[range.len()].as_usize();
        // If the last one fits, the others do, too.
        let moved = O::from_usize(start + (last - first))
            .and_then(|_| O::from_usize(start))
            .ok_or_else(|| {
                Error::internal("values of a series that are more than offsets can count")
            })?;
        ends.extend(offsets[1..].iter().map(|&end| moved + (end - offsets[0])));
        start += last - first;
    }
    // The differences of offsets, which never go down.
    Ok(OffsetBuffer::new(ScalarBuffer::from(ends)))
}

/// Which of the rows are null.
pub(super) fn nulls(sources: &[ArrayRef], taken: &[Rows]) -> Option<NullBuffer> {
    let of: Vec<Option<&NullBuffer>> = sources.iter().map(|source| source.nulls()).collect();
    joined_nulls(&of, taken)
}

/// As `nulls`, where these are the nulls of each array.
pub(super) fn joined_nulls(of: &[Option<&NullBuffer>], taken: &[Rows]) -> Option<NullBuffer> {
    let some = |nulls: &Option<&NullBuffer>| nulls.is_some_and(|nulls| nulls.null_count() > 0);
    if !of.iter().any(some) {
        return None;
    }
    let all = |nulls: &Option<&NullBuffer>| nulls.is_some_and(|n| n.null_count() == n.len());
    if of.iter().all(all) {
        return Some(NullBuffer::new_null(count(taken)));
    }
    let mut valid = BooleanBufferBuilder::new(count(taken));
    for Rows { source, range } in taken {
        match of[*source] {
            Some(nulls) => valid.append_buffer(&nulls.inner().slice(range.start, range.len())),
            None => valid.append_n(range.len(), true),
        }
    }
    Some(NullBuffer::new(valid.finish()))
}

fn whole<T>(result: std::result::Result<T, ArrowError>) -> Result<T> {
    result.map_err(Error::internal)
}
