//! What a pass makes of values: the kinds it decodes, and the columns of each.

use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::table::schema::{Layout, PLUGIN_CONTENT, TensorData};

/// A set of kinds, and the columns of each.
#[derive(Debug, Clone)]
pub struct Projection {
    kinds: Vec<Kind>,
    layouts: Vec<Layout>,
    references: bool,
}

/// Columns of bytes that are returned as they are stored.
const BLOBS: [&str; 2] = ["data", "strings"];

impl Projection {
    /// These kinds, each once and in the order of [`Kind::ALL`], with their usual columns.
    pub fn of(kinds: &[Kind]) -> Result<Self> {
        let kinds = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind));
        let kinds: Vec<Kind> = kinds.collect();
        let layout = |kind: &Kind| Layout::new(*kind, TensorData::Any, None);
        Ok(Self {
            layouts: kinds.iter().map(layout).collect::<Result<_>>()?,
            kinds,
            references: false,
        })
    }

    /// With these columns of `kind`, which is one of the kinds.
    pub fn with_columns(mut self, kind: Kind, columns: &[&str]) -> Result<Self> {
        let Some(at) = self.kinds.iter().position(|k| *k == kind) else {
            let (known, name) = (self.names().join(", "), kind.name());
            return Err(Error::argument(format!(
                "`kind` must be among {known}, not '{name}'"
            )));
        };
        let columns: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
        self.layouts[at] = Layout::new(kind, TensorData::Any, Some(&columns))?;
        Ok(self)
    }

    /// Every kind with these columns.
    pub(crate) fn with_columns_of_all(mut self, columns: &[&str]) -> Result<Self> {
        for kind in self.kinds.clone() {
            self = self.with_columns(kind, columns)?;
        }
        Ok(self)
    }

    /// With references to where values are stored in place of their bytes: without the columns
    /// `data` and `strings`. Payloads are read whole and verified as ever, but not copied. The rows of
    /// meshes, which several values make, have no references.
    pub fn with_references(mut self) -> Result<Self> {
        for (kind, layout) in self.kinds.iter().zip(&mut self.layouts) {
            let fields = layout.schema.fields().iter();
            let columns = fields.map(|f| f.name().clone());
            let columns: Vec<String> = columns.filter(|c| !BLOBS.contains(&&**c)).collect();
            *layout = Layout::new(*kind, TensorData::Any, Some(&columns))?;
        }
        self.references = true;
        Ok(self)
    }

    /// Has file and offset of the rows of `kind` filled, though they may be no columns.
    pub(crate) fn keep_provenance(&mut self, kind: Kind) {
        for (of, layout) in self.kinds.iter().zip(&mut self.layouts) {
            if *of == kind {
                layout.wanted.keep_provenance();
            }
        }
    }

    /// Whether conditions on time are for whole rows, not for values: the wall time of a mesh is that
    /// of its first component.
    pub(crate) fn filters_later(&self, filter: &Filter) -> bool {
        filter.wall_time.is_some() && self.kinds.contains(&Kind::Meshes)
    }

    /// The kinds, in order.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Whether references are asked for.
    pub fn has_references(&self) -> bool {
        self.references
    }

    /// The kinds with their columns, in order.
    pub fn layouts(&self) -> impl Iterator<Item = (Kind, &Layout)> {
        self.kinds.iter().copied().zip(&self.layouts)
    }

    /// The columns of `kind`, if it is one of the kinds.
    pub fn layout(&self, kind: Kind) -> Option<&Layout> {
        self.layouts().find(|(k, _)| *k == kind).map(|(_, l)| l)
    }

    /// Whether the plugins' own messages are asked for.
    pub(super) fn wants_content(&self) -> bool {
        self.layouts.iter().any(|l| l.wanted.has(PLUGIN_CONTENT))
    }

    fn names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.name()).collect()
    }
}

/// Whether the rows of `kind` need the metadata that describes a value, be it an earlier one's.
pub(super) fn completes(kind: Kind, layout: &Layout) -> bool {
    kind == Kind::Meshes || layout.wanted.has(PLUGIN_CONTENT)
}
