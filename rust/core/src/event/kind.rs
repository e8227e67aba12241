//! What a value is: which of the kinds of TensorBoard data, told from its content and its plugin.
//!
//! The oneof decides where it is specific (`simple_value`, `histo`, `image`, `audio`). A tensor is
//! what its plugin says, if it has the shape and dtype that plugin's data has; otherwise it is a
//! plain tensor, so that nothing is lost to a label. Values repeat their metadata or leave it out,
//! depending on the writer; the caller supplies the tag's plugin where the value has none.

use super::dtype::DType;
use super::tensor::Tensor;
use super::view::Content;

/// What a series holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One number a step.
    Scalars,
    /// Buckets.
    Histograms,
    /// Tensors of no more specific kind.
    Tensors,
    /// Encoded images.
    Images,
    /// Encoded sound.
    Audio,
    /// Strings.
    Text,
    /// Precision and recall over thresholds.
    PrCurves,
    /// Vertices, colours, faces.
    Meshes,
    /// Graphs and run metadata.
    Graphs,
    /// Custom-scalar layouts.
    Layouts,
    /// Hyperparameters, in the metadata.
    HParams,
}

impl Kind {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 11] = [
        Self::Scalars,
        Self::Histograms,
        Self::Tensors,
        Self::Images,
        Self::Audio,
        Self::Text,
        Self::PrCurves,
        Self::Meshes,
        Self::Graphs,
        Self::Layouts,
        Self::HParams,
    ];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalars => "scalars",
            Self::Histograms => "histograms",
            Self::Tensors => "tensors",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Text => "text",
            Self::PrCurves => "pr_curves",
            Self::Meshes => "meshes",
            Self::Graphs => "graphs",
            Self::Layouts => "layouts",
            Self::HParams => "hparams",
        }
    }
}

/// The plugins whose data has a kind of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plugin {
    /// No metadata, or none that names a known plugin.
    #[default]
    Other,
    /// `scalars`
    Scalars,
    /// `histograms`
    Histograms,
    /// `images`
    Images,
    /// `audio`
    Audio,
    /// `text`
    Text,
    /// `pr_curves`
    PrCurves,
    /// `mesh`
    Mesh,
    /// `custom_scalars`
    CustomScalars,
    /// `hparams`
    HParams,
    /// `graph_keras_model`
    KerasModel,
    /// `graph_run_metadata`
    RunMetadata,
    /// `graph_run_metadata_graph`
    FunctionGraphs,
}

impl Plugin {
    /// The plugin called `name`.
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"scalars" => Self::Scalars,
            b"histograms" => Self::Histograms,
            b"images" => Self::Images,
            b"audio" => Self::Audio,
            b"text" => Self::Text,
            b"pr_curves" => Self::PrCurves,
            b"mesh" => Self::Mesh,
            b"custom_scalars" => Self::CustomScalars,
            b"hparams" => Self::HParams,
            b"graph_keras_model" => Self::KerasModel,
            b"graph_run_metadata" => Self::RunMetadata,
            b"graph_run_metadata_graph" => Self::FunctionGraphs,
            _ => Self::Other,
        }
    }
}

/// The kind of a value; `Ok(None)` for one that holds nothing, `Err` for an irregular tensor.
#[inline(always)]
pub fn kind_of(content: &Content<'_>, plugin: Plugin) -> Option<Option<Kind>> {
    Some(match content {
        Content::Simple(_) => Some(Kind::Scalars),
        Content::Histogram(_) => Some(Kind::Histograms),
        Content::Image(_) => Some(Kind::Images),
        Content::Audio(_) => Some(Kind::Audio),
        Content::Tensor(message) => Some(kind_of_tensor(&Tensor::parse(message)?, plugin)),
        Content::None | Content::OldHistogram(_) => {
            (plugin == Plugin::HParams).then_some(Kind::HParams)
        }
    })
}

/// The kind of a tensor under `plugin`.
#[inline(always)]
pub fn kind_of_tensor(tensor: &Tensor<'_>, plugin: Plugin) -> Kind {
    let fits = match plugin {
        Plugin::Other => None,
        Plugin::Scalars => (is_real(tensor)
            && tensor.rank_and_count().is_some_and(|(_, n)| n == 1))
        .then_some(Kind::Scalars),
        Plugin::Histograms => (is_real(tensor) && tensor.shape::<2>().is_some_and(|s| s[1] == 3))
            .then_some(Kind::Histograms),
        Plugin::Images => (is_string(tensor) && tensor.shape::<1>().is_some_and(|s| s[0] >= 2))
            .then_some(Kind::Images),
        Plugin::Audio => (is_string(tensor)
            && (tensor.shape::<1>().is_some() || tensor.shape::<2>().is_some_and(|s| s[1] == 2)))
        .then_some(Kind::Audio),
        Plugin::Text => is_string(tensor).then_some(Kind::Text),
        Plugin::PrCurves => (is_real(tensor) && tensor.shape::<2>().is_some_and(|s| s[0] == 6))
            .then_some(Kind::PrCurves),
        Plugin::Mesh => (is_real(tensor) && tensor.shape::<3>().is_some()).then_some(Kind::Meshes),
        Plugin::CustomScalars => is_string(tensor).then_some(Kind::Layouts),
        Plugin::HParams => Some(Kind::HParams),
        Plugin::KerasModel | Plugin::RunMetadata | Plugin::FunctionGraphs => {
            is_string(tensor).then_some(Kind::Graphs)
        }
    };
    fits.unwrap_or(Kind::Tensors)
}

fn is_real(tensor: &Tensor<'_>) -> bool {
    tensor.dtype.is_some_and(DType::is_real)
}

fn is_string(tensor: &Tensor<'_>) -> bool {
    tensor.dtype == Some(DType::STRING)
}
