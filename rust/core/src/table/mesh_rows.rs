//! Rows of meshes, put together of components that come in order.
//!
//! A row is complete when its series goes on to another step, or repeats a component, or the run
//! ends. Rows come in the order of their first components, so a complete one waits for those that
//! began before it.

use super::keys::{dictionary, float64, int32, int64};
use super::live_meshes::{Age, LiveMeshes, StoredPart};
use super::mesh::{Keys, Mesh, Part};
use super::meshes::{COLOR, FACE, VERTEX};
use super::schema::{item_field, list};
use arrow_array::builder::{Float32Builder, Int32Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Numbers in a batch, beyond which the rest waits for the next one.
const MOST_NUMBERS: usize = 8 << 20;

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
    /// The meshes that are begun, where the log is followed.
    live: Option<LiveMeshes>,
}

impl Assembler {
    /// Rows of this time only.
    pub fn new(wall_time: Option<(f64, f64)>) -> Self {
        Self {
            wall_time,
            ..Self::default()
        }
    }

    /// Gives out rows as soon as nothing is awaited for them, whatever began before. Component
    /// rows have provenance.
    pub fn follow(&mut self) {
        self.live = Some(LiveMeshes::default());
    }

    /// The meshes that are begun, where the log is followed.
    pub fn live(&mut self) -> Option<&mut LiveMeshes> {
        self.live.as_mut()
    }

    /// Where the components of the meshes that are begun are stored, where the log is followed.
    pub fn stored(&self, with_unit: bool) -> Vec<StoredPart<i32>> {
        let live = self.live.as_ref();
        live.map_or(Vec::new(), |live| live.stored(with_unit))
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
        let components = small("components")?;
        let file = codes("file").map(|c| c.keys().values()).ok();
        let (offset, attempt) = (whole("offset").ok(), small("attempt").ok());
        let attempt_step = column("attempt_step").map(|c| c.as_primitive::<Int64Type>());
        let attempt_step = attempt_step.ok();
        for row in 0..batch.num_rows() {
            if ![VERTEX, COLOR, FACE].contains(&content[row]) {
                continue;
            }
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
                keys,
                content: content[row],
                config: config.value(row).to_owned(),
                components: components[row],
                shape: sizes.map(|c| usize::try_from(c[row]).unwrap_or(0)),
                values: values
                    .value(row)
                    .as_primitive::<Float64Type>()
                    .values()
                    .to_vec(),
            };
            self.add(part);
        }
        self.complete_rows(schema)
    }

    fn add(&mut self, part: Part) {
        let part = Arc::new(part);
        if let Some(live) = &mut self.live {
            for mut mesh in live.add(part) {
                mesh.complete = true;
                self.waiting.push_back(mesh);
            }
            return;
        }
        if part.keys.run != self.run {
            self.complete_all();
            self.run = part.keys.run;
        }
        let series = (part.keys.run, part.keys.tag);
        if let Some(&number) = self.open.get(&series) {
            let mesh = &mut self.waiting[number - self.gone];
            if mesh.lacks(&part) {
                mesh.parts.push(part);
                return;
            }
            mesh.complete = true;
        }
        self.open.insert(series, self.gone + self.waiting.len());
        self.waiting.push_back(Mesh {
            parts: vec![part],
            ..Mesh::default()
        });
    }

    /// Rows of the meshes that are begun, where the log is followed: those whose metadata does not list
    /// their components, and to which none was added for so long.
    pub fn settled(
        &mut self,
        settle: Duration,
        age: Age<'_>,
        schema: &SchemaRef,
    ) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(live) = &mut self.live else {
            return Ok(None);
        };
        for mut mesh in live.take_settled(settle, age) {
            mesh.complete = true;
            self.waiting.push_back(mesh);
        }
        self.complete_rows(schema)
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
        let most = match self.live {
            Some(_) => usize::MAX, // the next components may be long in coming
            None => MOST_NUMBERS,
        };
        while rows.numbers < most && self.waiting.front().is_some_and(|m| m.complete) {
            let Some(mesh) = self.waiting.pop_front() else {
                break;
            };
            self.gone += 1;
            let at = mesh.keys().wall_time;
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
        let parts = mesh.parts.iter();
        self.numbers += parts.clone().map(|p| p.values.len()).sum::<usize>();
        for i in 0..parts.map(|p| p.meshes()).max().unwrap_or(0) {
            self.keys.push(mesh.keys());
            self.index.push(i as i32);
            let [vertex, color, face] = [VERTEX, COLOR, FACE].map(|content| mesh.part(content));
            append(&mut self.vertices, vertex, i, |b, v| {
                b.append_value(v as f32)
            });
            append(&mut self.colors, color, i, |b, v| b.append_value(v as f32));
            append(&mut self.faces, face, i, |b, v| b.append_value(v as i32));
            self.config.append_option(mesh.config());
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
    part: Option<&Part>,
    mesh: usize,
    push: impl Fn(&mut B, f64),
) {
    let Some(part) = part.filter(|p| mesh < p.meshes()) else {
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
