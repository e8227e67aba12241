//! Values to Arrow. Knows schemas and columns; knows no files and no threads.
//!
//! Every kind has a file with its columns and how one value fills them. The columns all kinds
//! share are in [`keys`].

pub mod keys;
pub mod memory;
pub mod schema;

mod audio;
mod blobs;
mod cast;
mod graphs;
mod histograms;
mod images;
mod judge;
mod layouts;
mod live_meshes;
mod mesh;
mod mesh_rows;
mod meshes;
mod pr_curves;
mod scalars;
mod tensors;
mod text;
mod typed;

pub use judge::Judge;
pub use keys::Keys;
pub use live_meshes::{Age, LiveMeshes, StoredPart};
pub use memory::Memory;
pub use mesh_rows::Assembler as MeshAssembler;
pub use meshes::{component_schema, mesh_name};
pub use scalars::Scalars;

use crate::event::check::Checked;
use crate::event::kind::{Kind, Plugin};
use crate::event::tensor::{Fault, Tensor};
use crate::event::view::{Content, Value};
use arrow_array::ArrayRef;
use arrow_array::builder::GenericByteBuilder;
use arrow_array::types::ByteArrayType;

/// One value on its way into a table.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its parts.
    pub value: Value<'a>,
    /// What its tag's metadata says.
    pub plugin: Plugin,
    /// Whether the metadata is the value's own, not that of an earlier one.
    pub is_described: bool,
    /// A graph that stands in the event itself, and which.
    pub graph: Option<(&'static str, &'a [u8])>,
}

impl<'a> Entry<'a> {
    fn tensor(&self) -> Result<Tensor<'a>, Fault> {
        match self.value.content {
            Content::Tensor(message) => Tensor::parse(message).ok_or("irregular tensor"),
            _ => Err("value without a tensor"),
        }
    }
}

/// The columns of one kind beside the keys.
pub trait Rows: Send {
    /// Appends one value; how many rows it made. On error nothing was appended.
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault>;

    /// Whether [`push_plain`](Self::push_plain) may be called.
    #[inline(always)]
    fn takes_plain_scalars(&self) -> bool {
        false
    }

    /// Appends a scalar.
    #[inline(always)]
    fn push_plain(&mut self, _value: f64) {}

    /// Bytes held so far, roughly.
    fn size(&self) -> usize;

    /// The columns, in the order of the schema.
    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef>;
}

/// Whether `column`, whose offsets have 32 bits, holds `more` bytes beside those it has.
fn room<T: ByteArrayType<Offset = i32>>(
    column: &GenericByteBuilder<T>,
    more: usize,
) -> Result<(), Fault> {
    let end = column.values_slice().len().checked_add(more);
    end.and_then(|end| i32::try_from(end).ok())
        .map(drop)
        .ok_or("more than 2 GiB of strings in one batch")
}

/// The columns for `kind`; those not in `wanted` may be left empty of data.
pub fn rows_for(kind: Kind, wanted: &schema::Wanted, memory: &mut Memory) -> Box<dyn Rows> {
    match kind {
        Kind::Scalars => Box::new(Scalars::new(0, memory)),
        Kind::Histograms => Box::new(histograms::Histograms::new(memory)),
        Kind::Tensors => Box::new(tensors::Tensors::new(wanted, memory)),
        Kind::Images => Box::new(images::Images::new(wanted, memory)),
        Kind::Audio => Box::new(audio::Audio::new(wanted, memory)),
        Kind::Text => Box::new(text::Text::default()),
        Kind::PrCurves => Box::new(pr_curves::PrCurves::default()),
        Kind::Meshes => Box::new(meshes::Components::default()),
        Kind::Graphs => Box::new(graphs::Graphs::new(wanted, memory)),
        Kind::Layouts => Box::new(layouts::Layouts::new(wanted, memory)),
        Kind::HParams => Box::new(graphs::Contents::default()),
    }
}

impl Rows for Box<dyn Rows> {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        (**self).push(entry)
    }
    fn size(&self) -> usize {
        (**self).size()
    }
    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        (**self).finish(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::room;
    use arrow_array::builder::StringBuilder;

    #[test]
    fn a_column_takes_no_more_than_its_offsets_can_tell() {
        let mut column = StringBuilder::new();
        column.append_value("abc");
        assert!(room(&column, i32::MAX as usize - 3).is_ok());
        assert!(room(&column, i32::MAX as usize - 2).is_err());
        assert!(room(&column, usize::MAX).is_err());
    }
}
