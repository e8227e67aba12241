//! Every Arrow schema this crate emits. Changing one is a breaking change.

use crate::error::{Error, Result};
use crate::event::dtype::DType;
use crate::event::kind::Kind;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A dictionary of strings: how run, tag and the like are stored.
pub fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn nullable(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

/// `list<item>` without nulls.
pub fn list(item: DataType) -> DataType {
    DataType::List(item_field(item))
}

/// The field of a list's items.
pub fn item_field(item: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", item, false))
}

/// `left`, `right`, `count` of a bucket.
pub fn bucket_fields() -> Fields {
    Fields::from(vec![
        field("left", DataType::Float64),
        field("right", DataType::Float64),
        field("count", DataType::Float64),
    ])
}

/// The columns every kind begins with.
pub const KEYS: [&str; 4] = ["run", "tag", "step", "wall_time"];

/// Where a row comes from; returned when asked for.
pub const PROVENANCE: [&str; 4] = ["file", "offset", "attempt", "attempt_step"];

fn keys() -> Vec<Field> {
    vec![
        field("run", dictionary()),
        field("tag", dictionary()),
        field("step", DataType::Int64),
        field("wall_time", DataType::Float64),
    ]
}

/// The plugin's own message in the metadata: a column of `series`, and of `tensors` when asked for.
pub const PLUGIN_CONTENT: &str = "plugin_content";

fn provenance() -> Vec<Field> {
    vec![
        field("file", dictionary()),
        field("offset", DataType::Int64),
        field("attempt", DataType::Int32),
        nullable("attempt_step", DataType::Int64),
    ]
}

/// How `tensors` returns its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TensorData {
    /// `dtype`, `shape`, `data`, `strings`.
    Any,
    /// `shape` and typed `values`, cast from any real dtype.
    Typed {
        /// The element type.
        dtype: DType,
        /// The shape all tensors have, if they agree: the values are then `fixed_shape_tensor`s.
        shape: Option<Vec<u64>>,
        /// What becomes of an element that is no value of the type.
        on_cast: OnCast,
    },
}

/// What becomes of an element that a cast cannot keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCast {
    /// It is null; its tensor stays.
    #[default]
    Null,
    /// It is an error.
    Raise,
}

/// The field of typed tensors' elements, which are null where they do not fit.
pub fn cast_item(item: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", item, true))
}

/// The Arrow type of a typed tensor's elements: for dtypes that Arrow does not have, the smallest
/// that holds all their values.
pub fn element_type(dtype: DType) -> Option<DataType> {
    Some(match dtype.name() {
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        "float16" => DataType::Float16,
        "bfloat16" => DataType::Float32,
        "float8_e5m2" | "float8_e4m3fn" | "float8_e4m3fnuz" | "float8_e4m3b11fnuz"
        | "float8_e5m2fnuz" | "float4_e2m1fn" => DataType::Float16,
        "bool" => DataType::Boolean,
        "int2" | "int4" => DataType::Int8,
        "uint2" | "uint4" => DataType::UInt8,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        _ => return None,
    })
}

/// The columns of `kind` beside keys and provenance.
fn own(kind: Kind, data: &TensorData) -> Vec<Field> {
    use DataType::{Binary, Float32, Float64, Int32, Int64, LargeBinary, Utf8};
    match (kind, data) {
        (Kind::Scalars, _) => vec![field("value", Float64)],
        (Kind::Histograms, _) => vec![
            field("buckets", list(DataType::Struct(bucket_fields()))),
            nullable("min", Float64),
            nullable("max", Float64),
            nullable("num", Float64),
            nullable("sum", Float64),
            nullable("sum_squares", Float64),
        ],
        (Kind::Tensors, TensorData::Any) => vec![
            field("dtype", dictionary()),
            field("shape", list(Int64)),
            nullable("data", LargeBinary),
            nullable("strings", list(Binary)),
        ],
        (Kind::Tensors, TensorData::Typed { dtype, shape, .. }) => {
            vec![
                field("shape", list(Int64)),
                values(*dtype, shape.as_deref()),
            ]
        }
        (Kind::Images, _) => vec![
            field("index", Int32),
            field("width", Int32),
            field("height", Int32),
            field("format", dictionary()),
            field("data", LargeBinary),
        ],
        (Kind::Audio, _) => vec![
            field("index", Int32),
            nullable("sample_rate", Float64),
            nullable("channels", Int64),
            nullable("frames", Int64),
            field("format", dictionary()),
            field("label", Utf8),
            field("data", LargeBinary),
        ],
        (Kind::Text, _) => vec![field("shape", list(Int64)), field("text", list(Utf8))],
        (Kind::PrCurves, _) => PR_CURVES.map(|name| field(name, list(Float64))).to_vec(),
        (Kind::Meshes, _) => vec![
            field("index", Int32),
            nullable("vertices", list(list(Float32))),
            nullable("colors", list(list(Float32))),
            nullable("faces", list(list(Int32))),
            nullable("config", Utf8),
        ],
        (Kind::Graphs, _) => vec![field("graph", dictionary()), field("data", LargeBinary)],
        (Kind::Layouts, _) => vec![field("data", LargeBinary), field("layout", Utf8)],
        (Kind::HParams, _) => vec![field("content", Binary)],
    }
}

/// The `values` of typed tensors: Arrow's canonical `fixed_shape_tensor` where the shape is one.
fn values(dtype: DType, shape: Option<&[u64]>) -> Field {
    let element = element_type(dtype).unwrap_or(DataType::Float64);
    let Some(shape) = shape else {
        return nullable("values", DataType::List(cast_item(element)));
    };
    let count = shape.iter().product::<u64>() as i32;
    let kind = DataType::FixedSizeList(cast_item(element), count);
    nullable("values", kind).with_metadata(HashMap::from([
        (
            "ARROW:extension:name".into(),
            "arrow.fixed_shape_tensor".into(),
        ),
        (
            "ARROW:extension:metadata".into(),
            format!("{{\"shape\":{shape:?}}}"),
        ),
    ]))
}

/// The columns of `pr_curves`: thresholds, then the rows of the stored tensor.
pub const PR_CURVES: [&str; 7] = [
    "thresholds",
    "true_positives",
    "false_positives",
    "true_negatives",
    "false_negatives",
    "precision",
    "recall",
];

/// The columns a scan returns, by name.
#[derive(Debug, Clone)]
pub struct Wanted {
    names: HashSet<String>,
    /// How tensors are returned.
    pub tensors: TensorData,
}

impl Wanted {
    /// Whether the column is to be filled.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Has file and offset of each row filled, though they may be no columns of the result.
    pub(crate) fn keep_provenance(&mut self) {
        self.names.insert("file".to_owned());
    }

    /// Whether a column says which attempt a row belongs to.
    pub fn has_attempts(&self) -> bool {
        self.has("attempt") || self.has("attempt_step")
    }
}

/// The schema of `kind`, all of it with provenance at the end, and which columns of it, in which
/// order, `columns` asks for.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Keys, own columns, provenance.
    pub full: SchemaRef,
    /// What is returned.
    pub schema: SchemaRef,
    /// Where the returned columns stand in `full`.
    pub projection: Vec<usize>,
    /// The returned columns by name.
    pub wanted: Wanted,
}

impl Layout {
    /// The layout of a scan for `kind`.
    pub fn new(kind: Kind, tensors: TensorData, columns: Option<&[String]>) -> Result<Self> {
        let mut fields = keys();
        fields.extend(own(kind, &tensors));
        let usual = fields.len();
        if kind == Kind::Tensors {
            fields.push(nullable(PLUGIN_CONTENT, DataType::LargeBinary));
        }
        fields.extend(provenance());
        Self::of(Arc::new(Schema::new(fields)), usual, tensors, columns)
    }

    /// The layout over `full`, whose first `usual` columns are returned unless told otherwise.
    pub fn of(
        full: SchemaRef,
        usual: usize,
        tensors: TensorData,
        columns: Option<&[String]>,
    ) -> Result<Self> {
        let projection: Vec<usize> = match columns {
            None => (0..usual).collect(),
            Some(columns) => columns
                .iter()
                .map(|c| position(&full, c))
                .collect::<Result<_>>()?,
        };
        let mut seen = HashSet::new();
        for &column in &projection {
            if !seen.insert(column) {
                let name = full.field(column).name();
                let what = format!("`columns` must name a column once, not '{name}' twice");
                return Err(Error::argument(what));
            }
        }
        let schema = Arc::new(
            full.project(&projection)
                .map_err(|e| Error::argument(e.to_string()))?,
        );
        let names = schema.fields().iter().map(|f| f.name().clone()).collect();
        Ok(Self {
            full,
            schema,
            projection,
            wanted: Wanted { names, tensors },
        })
    }
}

fn position(schema: &Schema, column: &str) -> Result<usize> {
    schema
        .fields()
        .iter()
        .position(|f| f.name() == column)
        .ok_or_else(|| {
            let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            Error::argument(format!(
                "`columns` must be among {}, not '{column}'",
                known.join(", ")
            ))
        })
}

/// The schema of [`series`](crate::logdir).
pub fn series() -> SchemaRef {
    use DataType::{Float64, Int64, LargeBinary, Utf8};
    Arc::new(Schema::new(vec![
        field("run", dictionary()),
        field("tag", dictionary()),
        nullable("kind", dictionary()),
        field("plugin", Utf8),
        nullable("dtype", Utf8),
        field("count", Int64),
        field("first_step", Int64),
        field("last_step", Int64),
        field("first_wall_time", Float64),
        field("last_wall_time", Float64),
        field("display_name", Utf8),
        field("description", Utf8),
        nullable(PLUGIN_CONTENT, LargeBinary),
    ]))
}

/// The schema of `files`.
pub fn files() -> SchemaRef {
    use DataType::{Int64, Utf8};
    Arc::new(Schema::new(vec![
        field("run", Utf8),
        field("path", Utf8),
        field("size", Int64),
        field("records", Int64),
        field("damaged_bytes", Int64),
        nullable("writer", Utf8),
        nullable("file_version", Utf8),
    ]))
}

/// The schema of `damage`.
pub fn damage() -> SchemaRef {
    use DataType::{Int64, Utf8};
    Arc::new(Schema::new(vec![
        field("path", Utf8),
        field("offset", Int64),
        field("length", Int64),
        field("reason", Utf8),
    ]))
}

/// The last column of `events`, returned when asked for.
pub const DETAIL: &str = "detail";

/// The schema of `events`.
pub fn events() -> SchemaRef {
    use DataType::{Float64, Int64, Utf8};
    Arc::new(Schema::new(vec![
        field("run", dictionary()),
        field("file", dictionary()),
        field("offset", Int64),
        field("length", Int64),
        field("step", Int64),
        field("wall_time", Float64),
        nullable("what", dictionary()),
        nullable("tag", Utf8),
        nullable("kind", dictionary()),
        nullable("plugin", Utf8),
        nullable(DETAIL, Utf8),
    ]))
}
