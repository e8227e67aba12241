//! `meshes`: one row a mesh, put together from the tensors it is stored as.
//!
//! A mesh is logged as up to three values (vertices, faces, colours), in one event or in three, by
//! tags that differ between writers; what belongs together is told by the name in the metadata and
//! by the step. [`Components`] collects the parts while events are decoded;
//! [`Assembler`](super::MeshAssembler) makes rows of them once they are in order.

use super::keys::{int32, int64};
use super::schema::item_field;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::dtype::DType;
use crate::event::tensor::{Fault, Tensor};
use crate::event::view::{Metadata, Value};
use crate::event::wire::{Field, Fields};
use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder};
use arrow_schema::{DataType, Schema, SchemaRef};
use std::sync::Arc;

pub(super) const VERTEX: i32 = 1;
pub(super) const FACE: i32 = 2;
pub(super) const COLOR: i32 = 3;

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
    /// A bit for each component that it lists; none where it lists none.
    components: i32,
}

fn describe<'a>(value: &Value<'a>) -> Description<'a> {
    let metadata = value.metadata.and_then(Metadata::parse).unwrap_or_default();
    let mut description = Description {
        name: b"",
        content: 0,
        config: b"",
        components: 0,
    };
    let mut fields = Fields::of(metadata.content);
    while let Some(field) = fields.next() {
        match field {
            (2, Field::Bytes(b)) => description.name = b,
            (3, Field::Varint(v)) => description.content = v as i32,
            (5, Field::Bytes(b)) => description.config = b,
            (7, Field::Varint(v)) => description.components = v as i32,
            _ => {}
        }
    }
    description
}

/// One part of a mesh: everything about it but its numbers.
struct Component<'a> {
    tensor: Tensor<'a>,
    dtype: DType,
    shape: [u64; 3],
    count: u64,
    content: i32,
    config: &'a str,
    components: i32,
}

impl<'a> Component<'a> {
    fn of(entry: &Entry<'a>) -> Result<Self, Fault> {
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
        std::str::from_utf8(description.name).map_err(|_| "mesh whose name is no UTF-8")?;
        let config = std::str::from_utf8(description.config).map_err(|_| "mesh config no UTF-8")?;
        Ok(Self {
            tensor,
            dtype,
            shape,
            count,
            content: description.content,
            config,
            // An earlier value may have been of a mesh with other components.
            components: match entry.is_described {
                true => description.components,
                false => 0,
            },
        })
    }
}

/// Whether the value is certain to be part of a mesh, told without looking at its numbers.
pub(super) fn is_whole(entry: &Entry<'_>) -> bool {
    Component::of(entry).is_ok_and(|part| {
        // Those of faces must be whole.
        let is_sound = part.content != FACE || part.dtype == DType::INT32;
        is_sound && part.dtype.is_real() && part.tensor.content(part.count).is_some()
    })
}

/// The parts of meshes, in the order they were stored.
pub struct Components {
    content: Vec<i32>,
    shape: Vec<[i64; 3]>,
    values: ListBuilder<Float64Builder>,
    config: StringBuilder,
    components: Vec<i32>,
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
            components: Vec::new(),
            elements: 0,
        }
    }
}

impl Rows for Components {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let Component {
            tensor,
            dtype,
            shape,
            count,
            content,
            config,
            components,
        } = Component::of(entry)?;
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
        if content == FACE && !numbers.iter().all(whole) {
            return Err("faces of a mesh that are no 32-bit integers");
        }
        self.values.values().append_slice(&numbers);
        self.values.append(true);
        self.elements = elements;
        self.shape.push(shape.map(|n| n as i64));
        self.content.push(content);
        self.config.append_value(config);
        self.components.push(components);
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
            Arc::new(int32(std::mem::take(&mut self.components))),
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
        field("components", DataType::Int32),
    ]
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
