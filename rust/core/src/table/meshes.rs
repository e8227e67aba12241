//! `meshes`: one row a mesh, put together from the tensors it is stored as.
//!
//! A mesh is logged as up to three values (vertices, faces, colours), in one event or in three, by
//! tags that differ between writers; what belongs together is told by the name in the metadata and
//! by the step. [`Components`] collects the parts while events are decoded, [`Assembler`] makes
//! rows of them once they are in order: a row is complete when its series goes on to another step
//! or repeats a component.

use super::keys::{int32, int64};
use super::schema::item_field;
use super::{Entry, Memory, Rows, room};
use crate::event::tensor::Fault;
use crate::event::view::{Metadata, Value};
use crate::event::wire::{Field, Fields};
use arrow_array::builder::{
    Float32Builder, Float64Builder, Int32Builder, ListBuilder, StringBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use std::sync::Arc;

const VERTEX: i32 = 1;
const FACE: i32 = 2;
const COLOR: i32 = 3;

/// What the mesh is called that `value` is a part of.
pub fn mesh_name<'a>(value: &Value<'a>) -> &'a [u8] {
    match describe(value).name {
        b"" => value.series_tag(),
        name => name,
    }
}

/// So many meshes without points may lie in a tensor; each is a row.
const MOST_EMPTY: u64 = 16;

/// The metadata of one component.
#[derive(Debug, Clone, Copy)]
struct Description<'a> {
    name: &'a [u8],
    content: i32,
    config: &'a [u8],
}

fn describe<'a>(value: &Value<'a>) -> Description<'a> {
    let metadata = value.metadata.and_then(Metadata::parse).unwrap_or_default();
    let mut description = Description {
        name: b"",
        content: 0,
        config: b"",
    };
    let mut fields = Fields::of(metadata.content);
    while let Some(field) = fields.next() {
        match field {
            (2, Field::Bytes(b)) => description.name = b,
            (3, Field::Varint(v)) => description.content = v as i32,
            (5, Field::Bytes(b)) => description.config = b,
            _ => {}
        }
    }
    description
}

/// The parts of meshes, in the order they were stored.
pub struct Components {
    content: Vec<i32>,
    shape: Vec<[i64; 3]>,
    values: ListBuilder<Float64Builder>,
    config: StringBuilder,
    elements: usize,
}

impl Default for Components {
    fn default() -> Self {
        let values =
            ListBuilder::new(Float64Builder::new()).with_field(item_field(DataType::Float64));
        Self {
            content: Vec::new(),
            shape: Vec::new(),
            values,
            config: StringBuilder::new(),
            elements: 0,
        }
    }
}

impl Rows for Components {
    fn push(&mut self, entry: &Entry<'_>) -> Result<usize, Fault> {
        let tensor = entry.tensor()?;
        let shape = tensor
            .shape::<3>()
            .ok_or("mesh tensor without shape [b, n, 3]")?;
        let (_, count) = tensor.rank_and_count().ok_or("tensor of unknown shape")?;
        if shape[0] > count.max(MOST_EMPTY) {
            return Err("mesh tensor claims far more meshes than it stores");
        }
        let dtype = tensor.dtype.ok_or("tensor of no known dtype")?;
        let description = describe(&entry.value);
        if !(VERTEX..=COLOR).contains(&description.content) {
            return Err("mesh tensor that is neither vertices nor faces nor colours");
        }
        let config = std::str::from_utf8(description.config).map_err(|_| "mesh config no UTF-8")?;
        room(&self.config, config.len())?;
        let mut bytes = Vec::new();
        tensor.elements(count, &mut bytes)?;
        let elements = self.elements + bytes.len() / dtype.width().max(1);
        i32::try_from(elements).map_err(|_| "too many elements for one batch")?;
        let whole = |v: &f64| f64::from(*v as i32) == *v;
        let numbers: Option<Vec<f64>> = bytes
            .chunks_exact(dtype.width().max(1))
            .map(|element| dtype.to_f64(element))
            .collect();
        let numbers = numbers.ok_or("mesh tensor of no real dtype")?;
        if description.content == FACE && !numbers.iter().all(whole) {
            return Err("faces of a mesh that are no 32-bit integers");
        }
        self.values.values().append_slice(&numbers);
        self.values.append(true);
        self.elements = elements;
        self.shape.push(shape.map(|n| n as i64));
        self.content.push(description.content);
        self.config.append_value(config);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.content.len() * 64 + self.elements * 8
    }

    fn finish(&mut self, _: &mut Memory) -> Vec<ArrayRef> {
        self.elements = 0;
        let shape = std::mem::take(&mut self.shape);
        let column = |i: usize| int64(shape.iter().map(|s| s[i]).collect());
        vec![
            Arc::new(int32(std::mem::take(&mut self.content))),
            column(0),
            column(1),
            column(2),
            Arc::new(self.values.finish()),
            Arc::new(self.config.finish()),
        ]
    }
}

/// The own columns of what [`Components`] makes.
pub fn component_fields() -> Vec<arrow_schema::Field> {
    let field = |name, kind| arrow_schema::Field::new(name, kind, false);
    vec![
        field("content", DataType::Int32),
        field("meshes", DataType::Int64),
        field("points", DataType::Int64),
        field("width", DataType::Int64),
        field("values", super::schema::list(DataType::Float64)),
        field("config", DataType::Utf8),
    ]
}

/// A mesh some of whose components have been met.
struct Mesh {
    keys: RecordBatch,
    row: usize,
    series: (i32, i32),
    step: i64,
    config: String,
    parts: [Option<Part>; 3],
}

struct Part {
    shape: [usize; 3],
    values: Vec<f64>,
}

impl Part {
    /// Meshes in the batch; a claim of many without a number in them counts as one.
    fn meshes(&self) -> usize {
        if self.values.is_empty() {
            self.shape[0].min(1)
        } else {
            self.shape[0]
        }
    }
}

/// Makes mesh rows of component rows that arrive in order.
#[derive(Default)]
pub struct Assembler {
    open: Vec<Mesh>,
}

impl Assembler {
    /// Takes in a batch of components; the rows that are complete by now. The batch begins with
    /// run and tag, step, ends with provenance, and has the columns of components between.
    pub fn push(&mut self, batch: &RecordBatch, schema: &SchemaRef) -> Option<RecordBatch> {
        let column = |name: &str| batch.column_by_name(name);
        let run = column("run")?.as_dictionary_opt::<Int32Type>()?.keys();
        let tag = column("tag")?.as_dictionary_opt::<Int32Type>()?.keys();
        let step = column("step")?.as_primitive_opt::<Int64Type>()?;
        let content = column("content")?.as_primitive_opt::<Int32Type>()?;
        let sizes =
            ["meshes", "points", "width"].map(|n| column(n).map(|c| c.as_primitive::<Int64Type>()));
        let [Some(meshes), Some(points), Some(width)] = sizes else {
            return None;
        };
        let values = column("values")?.as_list_opt::<i32>()?;
        let config = column("config")?.as_string_opt::<i32>()?;
        let mut done = Vec::new();
        for row in 0..batch.num_rows() {
            let slot = match content.value(row) {
                VERTEX => 0,
                COLOR => 1,
                FACE => 2,
                _ => continue,
            };
            let series = (run.value(row), tag.value(row));
            let size = |n: i64| usize::try_from(n).unwrap_or(0);
            let part = Part {
                shape: [
                    size(meshes.value(row)),
                    size(points.value(row)),
                    size(width.value(row)),
                ],
                values: values
                    .value(row)
                    .as_primitive::<Float64Type>()
                    .values()
                    .to_vec(),
            };
            let open = self.open.iter().position(|mesh| mesh.series == series);
            let fits = open.filter(|&i| {
                self.open[i].step == step.value(row) && self.open[i].parts[slot].is_none()
            });
            match fits {
                Some(i) => {
                    self.open[i].parts[slot] = Some(part);
                    if self.open[i].config.is_empty() {
                        self.open[i].config = config.value(row).to_owned();
                    }
                }
                None => {
                    if let Some(i) = open {
                        done.push(self.open.remove(i));
                    }
                    let mut mesh = Mesh {
                        keys: batch.clone(),
                        row,
                        series,
                        step: step.value(row),
                        config: config.value(row).to_owned(),
                        parts: [None, None, None],
                    };
                    mesh.parts[slot] = Some(part);
                    self.open.push(mesh);
                }
            }
        }
        rows(&done, schema)
    }

    /// The rows still open.
    pub fn finish(&mut self, schema: &SchemaRef) -> Option<RecordBatch> {
        rows(&std::mem::take(&mut self.open), schema)
    }
}

/// One row for each mesh of each batch dimension.
fn rows(meshes: &[Mesh], schema: &SchemaRef) -> Option<RecordBatch> {
    let list_of = |item: DataType| item_field(item);
    let floats = || {
        let inner = ListBuilder::new(Float32Builder::new()).with_field(list_of(DataType::Float32));
        ListBuilder::new(inner).with_field(list_of(super::schema::list(DataType::Float32)))
    };
    let (mut vertices, mut colors) = (floats(), floats());
    let inner = ListBuilder::new(Int32Builder::new()).with_field(list_of(DataType::Int32));
    let mut faces =
        ListBuilder::new(inner).with_field(list_of(super::schema::list(DataType::Int32)));
    let (mut index, mut config) = (Int32Builder::new(), StringBuilder::new());
    let mut keys: Vec<RecordBatch> = Vec::new();
    for mesh in meshes {
        let count = mesh
            .parts
            .iter()
            .flatten()
            .map(Part::meshes)
            .max()
            .unwrap_or(0);
        for i in 0..count {
            keys.push(mesh.keys.slice(mesh.row, 1));
            index.append_value(i as i32);
            let [vertex, color, face] = &mesh.parts;
            append(&mut vertices, vertex, i, |b, v| b.append_value(v as f32));
            append(&mut colors, color, i, |b, v| b.append_value(v as f32));
            append(&mut faces, face, i, |b, v| b.append_value(v as i32));
            let text = Some(mesh.config.as_str()).filter(|c| !c.is_empty() && *c != "null");
            config.append_option(text); // tensorboardX writes "null" for no config
        }
    }
    let first = keys.first()?.schema();
    let keys = arrow_select::concat::concat_batches(&first, &keys).ok()?;
    let own: [(&str, ArrayRef); 5] = [
        ("index", Arc::new(index.finish())),
        ("vertices", Arc::new(vertices.finish())),
        ("colors", Arc::new(colors.finish())),
        ("faces", Arc::new(faces.finish())),
        ("config", Arc::new(config.finish())),
    ];
    let columns = schema.fields().iter().map(|field| {
        let own = own
            .iter()
            .find(|(name, _)| name == field.name())
            .map(|(_, array)| array.clone());
        own.or_else(|| keys.column_by_name(field.name()).cloned())
    });
    RecordBatch::try_new(schema.clone(), columns.collect::<Option<Vec<_>>>()?).ok()
}

fn append<B: arrow_array::builder::ArrayBuilder>(
    out: &mut ListBuilder<ListBuilder<B>>,
    part: &Option<Part>,
    mesh: usize,
    push: impl Fn(&mut B, f64),
) {
    let Some(part) = part.as_ref().filter(|p| mesh < p.meshes()) else {
        out.append(false);
        return;
    };
    let [_, points, width] = part.shape;
    for point in part
        .values
        .chunks_exact(width.max(1))
        .skip(mesh.saturating_mul(points))
        .take(points)
    {
        for value in point {
            push(out.values().values(), *value);
        }
        out.values().append(true);
    }
    out.append(true);
}

/// The schema of component rows under the keys and provenance of `full`.
pub fn component_schema(full: &Schema) -> SchemaRef {
    let named = |names: &[&str]| {
        names
            .iter()
            .filter_map(|n| full.field_with_name(n).ok().cloned())
            .collect::<Vec<_>>()
    };
    let mut fields = named(&super::schema::KEYS);
    fields.extend(component_fields());
    fields.extend(named(&super::schema::PROVENANCE));
    Arc::new(Schema::new(fields))
}
