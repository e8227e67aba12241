//! Rows of many batches, put together in a new order.

use super::take::{Rows, joined_nulls, take};
use crate::error::{Error, Result};
use crate::table::Memory;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions, make_array,
};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, SchemaRef};
use std::ops::Range;
use std::sync::Arc;

/// Rows that belong together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// The number of the batch.
    pub(super) held: usize,
    /// Rows of it, counted in the order it is held in.
    pub(super) rows: Range<usize>,
}

/// A batch, or a part of one, held in an order of its own.
#[derive(Debug)]
pub(super) struct Held {
    columns: Vec<Column>,
    /// The row in the batch of each row; `None` if they are in order.
    order: Option<Vec<u32>>,
    batch: RecordBatch,
    /// How many rows the batch that was read has.
    read: usize,
}

#[derive(Debug)]
enum Column {
    /// Numbers, or the keys of a dictionary, in the order they are held in.
    Fixed(Fixed),
    /// Everything else, as it was read.
    Any(ArrayRef),
}

/// Values of `width` bytes.
#[derive(Debug)]
struct Fixed {
    values: Buffer,
    width: usize,
    nulls: Option<NullBuffer>,
    /// Of a dictionary.
    names: Option<ArrayRef>,
}

impl Held {
    /// Holds a part of a batch of `read` rows.
    pub(super) fn new(
        batch: RecordBatch,
        order: Option<Vec<u32>>,
        read: usize,
        reorder: &mut Reorder,
    ) -> Self {
        let columns = batch.columns().iter();
        let columns = columns.map(|column| Column::new(column, order.as_deref(), reorder));
        Self {
            columns: columns.collect(),
            order,
            batch,
            read,
        }
    }

    /// The rows as they were read, if they are consecutive and most of a batch. Of less, a copy is
    /// better, as it does not keep the batch.
    fn slice(&self, rows: &Range<usize>) -> Option<RecordBatch> {
        let most = 2 * rows.len() >= self.read;
        (most && self.order.is_none()).then(|| self.batch.slice(rows.start, rows.len()))
    }
}

impl Column {
    fn new(column: &ArrayRef, order: Option<&[u32]>, reorder: &mut Reorder) -> Self {
        let keys = column.as_dictionary_opt::<Int32Type>();
        let (numbers, names) = match keys {
            Some(keys) => (keys.keys().to_data(), Some(Arc::clone(keys.values()))),
            None => (column.to_data(), None),
        };
        let Some(width @ (4 | 8)) = numbers.data_type().primitive_width() else {
            return Self::Any(Arc::clone(column));
        };
        let start = numbers.offset() * width;
        let values = numbers.buffers()[0].slice_with_length(start, numbers.len() * width);
        let nulls = numbers.nulls().filter(|nulls| nulls.null_count() > 0);
        let (values, nulls) = match order {
            None => (values, nulls.cloned()),
            Some(order) => (
                reorder.values(values, width, order),
                nulls.map(|nulls| reordered_nulls(nulls, order)),
            ),
        };
        Self::Fixed(Fixed {
            values,
            width,
            nulls,
            names,
        })
    }
}

/// Reorders columns, in vectors that stay in the cache.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    memory: Memory,
    wide: Vec<u64>,
    narrow: Vec<u32>,
}

impl Reorder {
    /// Values of 8 bytes, or of 4, in this order.
    fn values(&mut self, values: Buffer, width: usize, order: &[u32]) -> Buffer {
        let Self {
            memory,
            wide,
            narrow,
        } = self;
        match width {
            8 => reordered(values, order, wide, memory),
            _ => reordered(values, order, narrow, memory),
        }
    }
}

fn reordered<T: ArrowNativeType>(
    values: Buffer,
    order: &[u32],
    moved: &mut Vec<T>,
    memory: &mut Memory,
) -> Buffer {
    let values = ScalarBuffer::<T>::new(values, 0, order.len());
    moved.clear();
    moved.extend(order.iter().map(|&row| values[row as usize]));
    memory.keep(moved).into_inner()
}

fn reordered_nulls(nulls: &NullBuffer, order: &[u32]) -> NullBuffer {
    if nulls.null_count() == nulls.len() {
        return nulls.clone();
    }
    let valid = |row: usize| nulls.is_valid(order[row] as usize);
    NullBuffer::new(BooleanBuffer::collect_bool(order.len(), valid))
}

/// The rows of a series, in as few batches as can be had without keeping more than they need.
pub(super) fn parts(
    held: &[Held],
    pieces: &[Piece],
    schema: &SchemaRef,
    memory: &mut Memory,
) -> Result<Vec<RecordBatch>> {
    let mut parts = Vec::new();
    let mut scattered = 0..0;
    for (n, piece) in pieces.iter().enumerate() {
        if let Some(slice) = held[piece.held].slice(&piece.rows) {
            if !scattered.is_empty() {
                parts.push(gathered(held, &pieces[scattered], schema, memory)?);
            }
            parts.push(slice);
            scattered = n + 1..n + 1;
        } else {
            scattered.end = n + 1;
        }
    }
    if !scattered.is_empty() {
        parts.push(gathered(held, &pieces[scattered], schema, memory)?);
    }
    Ok(parts)
}

/// The rows of all pieces, in memory of their own.
pub(super) fn gathered(
    held: &[Held],
    pieces: &[Piece],
    schema: &SchemaRef,
    memory: &mut Memory,
) -> Result<RecordBatch> {
    let mut gather = Gather::new(held, pieces);
    let fields = schema.fields().iter().enumerate();
    let columns = fields.map(|(n, field)| gather.column(n, field.data_type(), memory));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(gather.rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(Error::internal)
}

/// Which rows of which batches are put together.
struct Gather<'a> {
    held: Vec<&'a Held>,
    /// Rows in the order they are held in; `source` is a place in `held`.
    pieces: Vec<Rows>,
    /// The same rows as they were read; found when they are first needed.
    read: Option<Vec<Rows>>,
    rows: usize,
}

impl<'a> Gather<'a> {
    fn new(held: &'a [Held], pieces: &[Piece]) -> Self {
        let mut places = vec![None; held.len()];
        let mut used = Vec::new();
        let mut joined: Vec<Rows> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let source = *places[piece.held].get_or_insert_with(|| {
                used.push(&held[piece.held]);
                used.len() - 1
            });
            match joined.last_mut() {
                Some(last) if last.source == source && last.range.end == piece.rows.start => {
                    last.range.end = piece.rows.end;
                }
                _ => joined.push(Rows {
                    source,
                    range: piece.rows.clone(),
                }),
            }
        }
        Self {
            held: used,
            rows: joined.iter().map(|rows| rows.range.len()).sum(),
            pieces: joined,
            read: None,
        }
    }

    fn column(&mut self, n: usize, kind: &DataType, memory: &mut Memory) -> Result<ArrayRef> {
        let mut fixed = Vec::with_capacity(self.held.len());
        let mut any = Vec::new();
        for held in &self.held {
            match &held.columns[n] {
                Column::Fixed(column) => fixed.push(column),
                Column::Any(column) => any.push(Arc::clone(column)),
            }
        }
        if any.is_empty() {
            return numbers(&fixed, &self.pieces, self.rows, kind, memory);
        }
        let (held, pieces) = (&self.held, &self.pieces);
        let read = self.read.get_or_insert_with(|| as_read(held, pieces));
        take(&any, read, kind, memory)
    }
}

fn numbers(
    columns: &[&Fixed],
    pieces: &[Rows],
    rows: usize,
    kind: &DataType,
    memory: &mut Memory,
) -> Result<ArrayRef> {
    let width = columns.first().map_or(0, |column| column.width);
    let parts = pieces.iter().map(|Rows { source, range }| {
        let values = &columns[*source].values;
        &values[range.start * width..range.end * width] // rows of the batch
    });
    let values = memory.joined(rows * width, parts);
    let nulls: Vec<_> = columns.iter().map(|column| column.nulls.as_ref()).collect();
    let nulls = joined_nulls(&nulls, pieces);
    // The dictionary of a batch continues that of the batch before.
    let names = columns.iter().filter_map(|column| column.names.as_ref());
    if let Some(names) = names.max_by_key(|names| names.len()) {
        let keys = Int32Array::new(ScalarBuffer::new(values, 0, rows), nulls);
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(names));
        return Ok(Arc::new(array.map_err(Error::internal)?));
    }
    let data = ArrayData::builder(kind.clone())
        .len(rows)
        .nulls(nulls)
        .add_buffer(values);
    data.build().map(make_array).map_err(Error::internal)
}

/// Rows as they were read, those that follow one another together.
fn as_read(held: &[&Held], pieces: &[Rows]) -> Vec<Rows> {
    let mut read = Vec::with_capacity(pieces.len());
    for rows in pieces {
        let source = rows.source;
        match &held[source].order {
            None => read.push(rows.clone()),
            Some(order) => {
                let ranges = consecutive(&order[rows.range.clone()]);
                read.extend(ranges.map(|range| Rows { source, range }));
            }
        }
    }
    read
}

/// Row numbers as ranges.
fn consecutive(order: &[u32]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = order;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let same = rest.iter().zip(first..).take_while(|(a, b)| *a == b);
        let length = same.count();
        rest = &rest[length..];
        Some(first as usize..first as usize + length)
    })
}
