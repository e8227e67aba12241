//! Rows of meshes, put together of components that come in order.
//!
//! A row is complete when its series goes on to another step, or repeats a component, or the run
//! ends. Rows come in the order of their first components, so a complete one waits for those that
//! began before it.

use super::keys::{dictionary, float64, int32, int64};
use super::meshes::{COLOR, FACE, VERTEX};
use super::schema::{item_field, list};
use arrow_array::builder::{Float32Builder, Int32Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Numbers in a batch, beyond which the rest waits for the next one.
const MOST_NUMBERS: usize = 8 << 20;

/// Where a mesh's first component comes from.
#[derive(Debug, Clone, Copy, Default)]
struct Keys {
    run: i32,
    tag: i32,
    step: i64,
    wall_time: f64,
    file: i32,
    offset: i64,
    attempt: i32,
    attempt_step: Option<i64>,
}

/// A mesh of which a component has been met.
struct Mesh {
    keys: Keys,
    config: String,
    parts: [Option<Part>; 3],
    complete: bool,
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
    /// In the order of their first components.
    waiting: VecDeque<Mesh>,
    /// How many have left.
    gone: usize,
    /// The number of the incomplete mesh of a series (run and tag), counted from the first of all.
    open: HashMap<(i32, i32), usize>,
    run: i32,
    /// The latest dictionaries of run, tag and file, which only grow.
    names: HashMap<&'static str, ArrayRef>,
    /// Only rows of this time; components of one row may have several.
    wall_time: Option<(f64, f64)>,
}

impl Assembler {
    /// Rows of this time only.
    pub fn new(wall_time: Option<(f64, f64)>) -> Self {
        Self {
            wall_time,
            ..Self::default()
        }
    }

    /// Takes in a batch of components; the rows that are complete by now. The batch begins with
    /// run and tag, step, ends with provenance, and has the columns of components between.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        schema: &SchemaRef,
    ) -> Result<Option<RecordBatch>, ArrowError> {
        let column = |name: &str| {
            let missing = || ArrowError::SchemaError(format!("no column {name}"));
            batch.column_by_name(name).ok_or_else(missing)
        };
        let codes = |name| column(name).map(|c| c.as_dictionary::<Int32Type>());
        let whole = |name| column(name).map(|c| c.as_primitive::<Int64Type>().values());
        let small = |name| column(name).map(|c| c.as_primitive::<Int32Type>().values());
        for name in ["run", "tag", "file"] {
            if let Ok(names) = codes(name) {
                self.names.insert(name, Arc::clone(names.values()));
            }
        }
        let (run, tag) = (codes("run")?.keys().values(), codes("tag")?.keys().values());
        let (step, content) = (whole("step")?, small("content")?);
        let sizes = [whole("meshes")?, whole("points")?, whole("width")?];
        let wall_time = column("wall_time")?.as_primitive::<Float64Type>();
        let values = column("values")?.as_list::<i32>();
        let config = column("config")?.as_string::<i32>();
        let file = codes("file").map(|c| c.keys().values()).ok();
        let (offset, attempt) = (whole("offset").ok(), small("attempt").ok());
        let attempt_step = column("attempt_step").map(|c| c.as_primitive::<Int64Type>());
        let attempt_step = attempt_step.ok();
        for row in 0..batch.num_rows() {
            let slot = match content[row] {
                VERTEX => 0,
                COLOR => 1,
                FACE => 2,
                _ => continue,
            };
            let keys = Keys {
                run: run[row],
                tag: tag[row],
                step: step[row],
                wall_time: wall_time.value(row),
                file: file.map_or(0, |c| c[row]),
                offset: offset.map_or(0, |c| c[row]),
                attempt: attempt.map_or(0, |c| c[row]),
                attempt_step: attempt_step.and_then(|c| c.is_valid(row).then(|| c.value(row))),
            };
            let part = Part {
                shape: sizes.map(|c| usize::try_from(c[row]).unwrap_or(0)),
                values: values
                    .value(row)
                    .as_primitive::<Float64Type>()
                    .values()
                    .to_vec(),
            };
            self.add(keys, slot, part, config.value(row));
        }
        self.complete_rows(schema)
    }

    fn add(&mut self, keys: Keys, slot: usize, part: Part, config: &str) {
        if keys.run != self.run {
            self.complete_all();
            self.run = keys.run;
        }
        let series = (keys.run, keys.tag);
        if let Some(&number) = self.open.get(&series) {
            let mesh = &mut self.waiting[number - self.gone];
            if mesh.keys.step == keys.step && mesh.parts[slot].is_none() {
                mesh.parts[slot] = Some(part);
                if mesh.config.is_empty() {
                    config.clone_into(&mut mesh.config);
                }
                return;
            }
            mesh.complete = true;
        }
        self.open.insert(series, self.gone + self.waiting.len());
        let mut mesh = Mesh {
            keys,
            config: config.to_owned(),
            parts: [None, None, None],
            complete: false,
        };
        mesh.parts[slot] = Some(part);
        self.waiting.push_back(mesh);
    }

    fn complete_all(&mut self) {
        self.open.clear();
        for mesh in &mut self.waiting {
            mesh.complete = true;
        }
    }

    /// What is left, a batch at a time.
    pub fn finish(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>, ArrowError> {
        self.complete_all();
        self.complete_rows(schema)
    }

    /// The rows that nothing is awaited for; `None` if there are none.
    fn complete_rows(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>, ArrowError> {
        let mut rows = Rows::new();
        while rows.numbers < MOST_NUMBERS && self.waiting.front().is_some_and(|m| m.complete) {
            let Some(mesh) = self.waiting.pop_front() else {
                break;
            };
            self.gone += 1;
            let at = mesh.keys.wall_time;
            if self
                .wall_time
                .is_none_or(|(low, high)| at >= low && at <= high)
            {
                rows.append(&mesh);
            }
        }
        if rows.keys.is_empty() {
            return Ok(None);
        }
        rows.finish(schema, &self.names).map(Some)
    }
}

/// Lists of lists.
type Nested<B> = ListBuilder<ListBuilder<B>>;

/// One row for each mesh of each batch dimension.
struct Rows {
    keys: Vec<Keys>,
    index: Vec<i32>,
    vertices: Nested<Float32Builder>,
    colors: Nested<Float32Builder>,
    faces: Nested<Int32Builder>,
    config: StringBuilder,
    numbers: usize,
}

impl Rows {
    fn new() -> Self {
        let floats = || {
            let inner = ListBuilder::new(Float32Builder::new());
            let inner = inner.with_field(item_field(DataType::Float32));
            ListBuilder::new(inner).with_field(item_field(list(DataType::Float32)))
        };
        let inner = ListBuilder::new(Int32Builder::new()).with_field(item_field(DataType::Int32));
        Self {
            keys: Vec::new(),
            index: Vec::new(),
            vertices: floats(),
            colors: floats(),
            faces: ListBuilder::new(inner).with_field(item_field(list(DataType::Int32))),
            config: StringBuilder::new(),
            numbers: 0,
        }
    }

    fn append(&mut self, mesh: &Mesh) {
        let parts = mesh.parts.iter().flatten();
        self.numbers += parts.clone().map(|p| p.values.len()).sum::<usize>();
        for i in 0..parts.map(Part::meshes).max().unwrap_or(0) {
            self.keys.push(mesh.keys);
            self.index.push(i as i32);
            let [vertex, color, face] = &mesh.parts;
            append(&mut self.vertices, vertex, i, |b, v| {
                b.append_value(v as f32)
            });
            append(&mut self.colors, color, i, |b, v| b.append_value(v as f32));
            append(&mut self.faces, face, i, |b, v| b.append_value(v as i32));
            let text = Some(mesh.config.as_str()).filter(|c| !c.is_empty() && *c != "null");
            self.config.append_option(text); // tensorboardX writes "null" for no config
        }
    }

    fn finish(
        mut self,
        schema: &SchemaRef,
        names: &HashMap<&'static str, ArrayRef>,
    ) -> Result<RecordBatch, ArrowError> {
        let keys = &self.keys;
        let rows = keys.len();
        let codes = |of: fn(&Keys) -> i32| int32(keys.iter().map(of).collect());
        let named = |name: &str, codes| names.get(name).map(|n| dictionary(codes, Arc::clone(n)));
        let mut column = |name: &str| -> Option<ArrayRef> {
            Some(match name {
                "run" => named("run", codes(|k| k.run))?,
                "tag" => named("tag", codes(|k| k.tag))?,
                "file" => named("file", codes(|k| k.file))?,
                "step" => int64(keys.iter().map(|k| k.step).collect()),
                "wall_time" => float64(keys.iter().map(|k| k.wall_time).collect()),
                "offset" => int64(keys.iter().map(|k| k.offset).collect()),
                "attempt" => Arc::new(codes(|k| k.attempt)),
                "attempt_step" => {
                    Arc::new(Int64Array::from_iter(keys.iter().map(|k| k.attempt_step)))
                }
                "index" => Arc::new(int32(std::mem::take(&mut self.index))),
                "vertices" => Arc::new(self.vertices.finish()),
                "colors" => Arc::new(self.colors.finish()),
                "faces" => Arc::new(self.faces.finish()),
                "config" => Arc::new(self.config.finish()),
                _ => return None,
            })
        };
        let columns = schema.fields().iter().map(|field| {
            let missing = || ArrowError::SchemaError(format!("no column {}", field.name()));
            column(field.name()).ok_or_else(missing)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
    }
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
