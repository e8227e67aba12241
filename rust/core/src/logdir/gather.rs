//! Rows of many batches, put together in a new order.

use super::bug;
use crate::error::Result;
use crate::table::Memory;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions, make_array,
};
use arrow_buffer::{ArrowNativeType, Buffer, MutableBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_data::transform::{Capacities, MutableArrayData};
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

/// A batch, held in an order of its own.
#[derive(Debug)]
pub(super) struct Held {
    columns: Vec<Column>,
    /// The row in the batch of each row; `None` if they are in order.
    order: Option<Vec<u32>>,
    whole: Option<RecordBatch>,
}

#[derive(Debug)]
enum Column {
    /// Numbers, or the keys of a dictionary, in the order they are held in.
    Fixed(Fixed),
    /// Everything else, as it was read.
    Any(ArrayData),
}

/// Values of `width` bytes, none of them null.
#[derive(Debug, Clone)]
struct Fixed {
    values: Buffer,
    width: usize,
    /// Of a dictionary.
    names: Option<ArrayRef>,
}

impl Held {
    /// Holds a batch; `keeps` if it may be handed out as it is, should it not be reordered.
    pub(super) fn new(
        batch: &RecordBatch,
        order: Option<Vec<u32>>,
        keeps: bool,
        reorder: &mut Reorder,
    ) -> Self {
        let columns = batch.columns().iter();
        let columns = columns.map(|column| Column::new(column, order.as_deref(), reorder));
        Self {
            columns: columns.collect(),
            whole: (keeps && order.is_none()).then(|| batch.clone()),
            order,
        }
    }

    /// The batch, if it may be handed out as it is.
    pub(super) fn whole(&self) -> Option<&RecordBatch> {
        self.whole.as_ref()
    }
}

impl Column {
    fn new(column: &ArrayRef, order: Option<&[u32]>, reorder: &mut Reorder) -> Self {
        let keys = column.as_dictionary_opt::<Int32Type>();
        let (numbers, names) = match keys {
            Some(keys) => (keys.keys().to_data(), Some(Arc::clone(keys.values()))),
            None => (column.to_data(), None),
        };
        match numbers.data_type().primitive_width() {
            Some(width @ (4 | 8)) if numbers.null_count() == 0 => {
                let start = numbers.offset() * width;
                let values = numbers.buffers()[0].slice_with_length(start, numbers.len() * width);
                let values = match order {
                    None => values,
                    Some(order) => reorder.values(values, width, order),
                };
                Self::Fixed(Fixed {
                    values,
                    width,
                    names,
                })
            }
            _ => Self::Any(column.to_data()),
        }
    }

    /// All rows, in the order they are held in.
    fn data(&self, kind: &DataType) -> Result<ArrayData> {
        match self {
            Self::Any(data) => Ok(data.clone()),
            Self::Fixed(fixed) => {
                let rows = fixed.values.len() / fixed.width;
                let all = array(fixed.values.clone(), rows, fixed.names.as_ref(), kind)?;
                Ok(all.to_data())
            }
        }
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

/// The rows of all pieces, in memory of their own.
pub(super) fn gathered(held: &[Held], pieces: &[Piece], schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = pieces.iter().map(|piece| piece.rows.len()).sum();
    let fields = schema.fields().iter().enumerate();
    let columns = fields.map(|(n, field)| column(held, pieces, n, rows, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|e| bug(&e.to_string()))
}

fn column(
    held: &[Held],
    pieces: &[Piece],
    n: usize,
    rows: usize,
    kind: &DataType,
) -> Result<ArrayRef> {
    let pieces_of = |piece: &Piece| match &held[piece.held].columns[n] {
        Column::Fixed(fixed) => Some((fixed.clone(), piece.rows.clone())),
        Column::Any(_) => None,
    };
    match pieces.iter().map(pieces_of).collect::<Option<Vec<_>>>() {
        Some(fixed) if !fixed.is_empty() => numbers(&fixed, rows, kind),
        _ => anything(held, pieces, n, rows, kind),
    }
}

fn numbers(pieces: &[(Fixed, Range<usize>)], rows: usize, kind: &DataType) -> Result<ArrayRef> {
    let width = pieces[0].0.width;
    let mut joined = MutableBuffer::new(rows * width);
    for (fixed, rows) in pieces {
        joined.extend_from_slice(&fixed.values[rows.start * width..rows.end * width]);
    }
    // The dictionary of a batch continues that of the batch before.
    let names = pieces.iter().filter_map(|(fixed, _)| fixed.names.as_ref());
    let names = names.max_by_key(|names| names.len());
    array(joined.into(), rows, names, kind)
}

fn array(
    values: Buffer,
    rows: usize,
    names: Option<&ArrayRef>,
    kind: &DataType,
) -> Result<ArrayRef> {
    if let Some(names) = names {
        let keys = Int32Array::new(ScalarBuffer::new(values, 0, rows), None);
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(names));
        return Ok(Arc::new(array.map_err(|e| bug(&e.to_string()))?));
    }
    let data = ArrayData::builder(kind.clone())
        .len(rows)
        .add_buffer(values);
    data.build()
        .map(make_array)
        .map_err(|e| bug(&e.to_string()))
}

/// As `numbers`, for columns of any type.
fn anything(
    held: &[Held],
    pieces: &[Piece],
    n: usize,
    rows: usize,
    kind: &DataType,
) -> Result<ArrayRef> {
    let mut sources: Vec<ArrayData> = Vec::new();
    let mut numbers: Vec<Option<usize>> = vec![None; held.len()];
    let mut ranges = Vec::new();
    for piece in pieces {
        let from = &held[piece.held];
        let source = match numbers[piece.held] {
            Some(number) => number,
            None => {
                sources.push(from.columns[n].data(kind)?);
                sources.len() - 1
            }
        };
        numbers[piece.held] = Some(source);
        match (&from.columns[n], &from.order) {
            (Column::Any(_), Some(order)) => {
                let consecutive = consecutive(&order[piece.rows.clone()]);
                ranges.extend(consecutive.map(|rows| (source, rows)));
            }
            _ => ranges.push((source, piece.rows.clone())),
        }
    }
    let space = space(&sources, &ranges, rows, kind);
    let mut joined = MutableArrayData::with_capacities(sources.iter().collect(), false, space);
    for (source, rows) in ranges {
        joined
            .try_extend(source, rows.start, rows.end)
            .map_err(|e| bug(&e.to_string()))?;
    }
    Ok(make_array(joined.freeze()))
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

/// The memory that these rows take, so that values are written once.
fn space(
    sources: &[ArrayData],
    ranges: &[(usize, Range<usize>)],
    rows: usize,
    kind: &DataType,
) -> Capacities {
    let values = |wide: bool| {
        let lengths = ranges.iter().map(|(source, rows)| {
            let data = &sources[*source];
            let at = |row: usize| match wide {
                true => data.buffer::<i64>(0)[row] as usize,
                false => data.buffer::<i32>(0)[row] as usize,
            };
            at(rows.end) - at(rows.start)
        });
        lengths.sum()
    };
    match kind {
        DataType::Utf8 | DataType::Binary => Capacities::Binary(rows, Some(values(false))),
        DataType::LargeUtf8 | DataType::LargeBinary => Capacities::Binary(rows, Some(values(true))),
        DataType::List(_) => {
            let values = Capacities::Array(values(false));
            Capacities::List(rows, Some(Box::new(values)))
        }
        _ => Capacities::Array(rows),
    }
}
