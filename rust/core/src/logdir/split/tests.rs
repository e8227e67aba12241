//! Splitting a stream is filtering its rows by run and tag.

use super::*;
use crate::event::dtype::DType;
use crate::event::kind::Kind;
use crate::table::schema::{Layout, OnCast, TensorData};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, Float64Array, Int32Array,
    LargeBinaryArray, ListArray, StringArray, StructArray, UInt32Array, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};
use arrow_select::take::take;
use proptest::prelude::*;

/// Bytes of a row of scalars without run and tag: step, wall time, value, file, offset, attempt.
const BYTES: usize = 8 + 8 + 8 + 4 + 8 + 4;

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

struct Given(VecDeque<RecordBatch>);

impl Batches for Given {
    fn next(&mut self, _: &mut dyn FnMut() -> bool) -> Option<Result<RecordBatch>> {
        self.0.pop_front().map(Ok)
    }
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    /// None, some or all rows null, where the field may be.
    fn nulls(&mut self, field: &Field, rows: usize) -> Option<NullBuffer> {
        if !field.is_nullable() || self.below(3) == 0 {
            return None;
        }
        let valid = self.below(3);
        Some((0..rows).map(|_| self.below(2) < valid).collect())
    }

    /// A column; sliced, as batches may be.
    fn column(&mut self, field: &Field, rows: usize) -> ArrayRef {
        let before = self.below(3);
        self.array(field, before + rows).slice(before, rows)
    }

    fn lengths(&mut self, rows: usize) -> Vec<usize> {
        (0..rows).map(|_| self.below(4)).collect()
    }

    fn array(&mut self, field: &Field, rows: usize) -> ArrayRef {
        let nulls = self.nulls(field, rows);
        match field.data_type() {
            DataType::Dictionary(..) => {
                let keys = (0..rows).map(|_| self.below(NAMES.len()) as i32);
                let keys = Int32Array::new(keys.collect::<Vec<_>>().into(), nulls);
                let names = Arc::new(StringArray::from_iter_values(NAMES));
                Arc::new(arrow_array::DictionaryArray::new(keys, names))
            }
            DataType::Utf8 => {
                let names = (0..rows).map(|row| {
                    let name = NAMES[self.below(NAMES.len())];
                    let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    valid.then_some(name)
                });
                Arc::new(StringArray::from_iter(names))
            }
            DataType::LargeBinary => {
                let values = self.lengths(rows).into_iter().enumerate().map(|(row, n)| {
                    let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    valid.then(|| vec![row as u8; n])
                });
                Arc::new(LargeBinaryArray::from_iter(values))
            }
            DataType::Binary => {
                let values = self.lengths(rows).into_iter().map(|n| vec![n as u8; n]);
                Arc::new(BinaryArray::from_iter_values(values))
            }
            DataType::List(item) => {
                let lengths = self.lengths(rows);
                let values = self.column(item, lengths.iter().sum());
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::new(Arc::clone(item), offsets, values, nulls))
            }
            DataType::FixedSizeList(item, n) => {
                let values = self.array(item, rows * *n as usize);
                Arc::new(FixedSizeListArray::new(Arc::clone(item), *n, values, nulls))
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().map(|field| self.array(field, rows));
                Arc::new(StructArray::new(fields.clone(), columns.collect(), nulls))
            }
            DataType::Boolean => {
                let values = (0..rows).map(|_| self.below(2) == 1);
                Arc::new(BooleanArray::new(values.collect::<Vec<_>>().into(), nulls))
            }
            DataType::Float64 => {
                let values = (0..rows).map(|_| self.below(1 << 20) as f64);
                Arc::new(Float64Array::new(values.collect::<Vec<_>>().into(), nulls))
            }
            DataType::Null => new_null_array(&DataType::Null, rows),
            kind => {
                let width = kind.primitive_width().unwrap();
                let bytes: Vec<u8> = (0..rows * width).map(|_| self.below(256) as u8).collect();
                let data = ArrayData::builder(kind.clone()).len(rows).nulls(nulls);
                arrow_array::make_array(
                    data.add_buffer(bytes.into())
                        .align_buffers(true)
                        .build()
                        .unwrap(),
                )
            }
        }
    }

    /// Rows of runs one after the other, with tags in any order.
    fn table(&mut self, schema: &SchemaRef, rows: usize, runs: usize) -> RecordBatch {
        let mut numbers: Vec<i32> = (0..rows).map(|_| self.below(runs) as i32).collect();
        numbers.sort_unstable();
        let tags = 1 + self.below(NAMES.len());
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..runs.max(NAMES.len())).map(|n| format!("name {n}")),
        ));
        let keys = |keys: Vec<i32>| -> ArrayRef {
            let keys = Int32Array::from(keys);
            let array = arrow_array::DictionaryArray::new(keys, Arc::clone(&names));
            Arc::new(array)
        };
        let columns = schema
            .fields()
            .iter()
            .map(|field| match field.name().as_str() {
                "run" => keys(numbers.clone()),
                "tag" => keys((0..rows).map(|_| self.below(tags) as i32).collect()),
                _ => self.column(field, rows),
            });
        RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
    }

    /// The table in batches of many sizes.
    fn cut(&mut self, table: &RecordBatch, most: usize) -> VecDeque<RecordBatch> {
        let mut batches = VecDeque::new();
        let mut start = 0;
        while start < table.num_rows() {
            let rows = (1 + self.below(most)).min(table.num_rows() - start);
            batches.push_back(table.slice(start, rows));
            start += rows;
        }
        batches
    }
}

fn schemas() -> Vec<SchemaRef> {
    let layout = |kind, tensors| Layout::new(kind, tensors, None).unwrap().full;
    let typed = |dtype: &str, shape| TensorData::Typed {
        dtype: DType::from_name(dtype).unwrap(),
        shape,
        on_cast: OnCast::Null,
    };
    let mut schemas: Vec<_> = Kind::ALL[..10]
        .iter()
        .map(|&kind| layout(kind, TensorData::Any))
        .collect();
    schemas.push(layout(Kind::Tensors, typed("float32", None)));
    schemas.push(layout(Kind::Tensors, typed("bool", Some(vec![2, 3]))));
    schemas
}

type Found = Vec<(String, Option<String>, RecordBatch)>;

/// The series in their order, and the rows of each.
fn filtered(table: &RecordBatch, own: &Own) -> Found {
    let mut run = Names::new(table.schema().index_of("run").unwrap());
    let mut tag = Names::new(table.schema().index_of("tag").unwrap());
    run.learn(table.column(run.column)).unwrap();
    tag.learn(table.column(tag.column)).unwrap();
    let mut order: Vec<(i32, i32)> = Vec::new();
    let mut rows: Vec<Vec<u32>> = Vec::new();
    for (row, key) in (0..).zip(run.codes.clone().into_iter().zip(tag.codes.clone())) {
        let place = order.iter().position(|known| *known == key);
        let place = place.unwrap_or_else(|| {
            order.push(key);
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[place].push(row);
    }
    let table = table.project(&own.numbers).unwrap();
    let series = order.into_iter().zip(rows).map(|((r, t), rows)| {
        let rows = UInt32Array::from(rows);
        let columns = table.columns().iter();
        let columns = columns.map(|column| take(column, &rows, None).unwrap());
        let batch = RecordBatch::try_new(table.schema(), columns.collect()).unwrap();
        let name = run.name(r).unwrap().to_string();
        (name, tag.name(t).map(|tag| tag.to_string()), batch)
    });
    series.collect()
}

/// The same from packs; of runs that are too large, only the names.
fn split(split: &mut Split) -> (Found, Vec<(String, usize)>) {
    let (mut found, mut too_large) = (Vec::new(), Vec::new());
    while let Some(pack) = split.next(&mut || true) {
        let pack = pack.unwrap();
        if let Some(sizes) = &pack.sizes {
            assert!(pack.parts.is_empty() && sizes.len() == pack.names.len());
            too_large.push((pack.names[0].0.to_string(), sizes.len()));
            continue;
        }
        assert!(pack.parts.len() == 1 || pack.names.len() == 1);
        let rows = arrow_select::concat::concat_batches(&pack.schema, &pack.parts).unwrap();
        assert_eq!(pack.starts.last(), Some(&rows.num_rows()));
        for ((run, tag), rows_of) in pack.names.iter().zip(pack.starts.windows(2)) {
            let rows = rows.slice(rows_of[0], rows_of[1] - rows_of[0]);
            found.push((run.to_string(), tag.as_deref().map(str::to_owned), rows));
        }
    }
    (found, too_large)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_series_has_the_rows_of_its_run_and_tag(
        seed: u64,
        kind in 0..12usize,
        rows in 1..400usize,
        runs in 1..40usize,
        most in 1..200usize,
        shared in prop_oneof![Just(0), Just(200), Just(5000), Just(1 << 30)],
    ) {
        let mut random = Random(seed);
        let schema = &schemas()[kind];
        let table = random.table(schema, rows, runs);
        let batches = Box::new(Given(random.cut(&table, most)));
        let limits = Limits { run: usize::MAX, shared };
        let mut stream = Split::over(batches, schema, limits).unwrap().unwrap();
        let expected = filtered(&table, &stream.own.clone());
        let (found, too_large) = split(&mut stream);
        prop_assert!(too_large.is_empty());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_run_above_the_limit_is_named_and_the_others_are_whole(
        seed: u64,
        rows in 1..400usize,
        runs in 1..6usize,
        most in 1..200usize,
        limit in 1..8000usize,
    ) {
        let mut random = Random(seed);
        let schema = &schemas()[0];
        let table = random.table(schema, rows, runs);
        let batches = Box::new(Given(random.cut(&table, most)));
        let limits = Limits { run: limit, shared: 100 };
        let mut stream = Split::over(batches, schema, limits).unwrap().unwrap();
        let mut expected = filtered(&table, &stream.own.clone());
        let (found, too_large) = split(&mut stream);
        for (run, tags) in too_large {
            let (of_run, others): (Vec<_>, _) = expected.into_iter().partition(|one| one.0 == run);
            prop_assert_eq!(of_run.len(), tags);
            let rows: usize = of_run.iter().map(|one| one.2.num_rows()).sum();
            // A row may come alone, with a byte for the nulls of each column.
            prop_assert!(tags > 1 && rows * (BYTES + 8) > limit);
            expected = others;
        }
        prop_assert_eq!(found, expected);
    }
}
