//! `graphs` and the raw metadata contents of hparams: blobs as they are.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::Wanted;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::kind::Plugin;
use crate::event::tensor::Fault;
use crate::event::view::Metadata;
use crate::proto::HParamsPluginData;
use arrow_array::ArrayRef;
use arrow_array::builder::BinaryBuilder;
use prost::Message;
use std::sync::Arc;

/// What a graph blob is: `GraphDef`, Keras' JSON, `RunMetadata`, a `RunMetadata` with function
/// graphs only, `MetaGraphDef`.
const GRAPHS: [&str; 5] = [
    "graph_def",
    "keras",
    "run_metadata",
    "function_graphs",
    "meta_graph",
];

/// The columns of `graphs`.
pub struct Graphs {
    graph: Vec<i32>,
    data: Blobs,
}

impl Graphs {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        Self {
            graph: Vec::new(),
            data: Blobs::new(wanted.has("data"), memory),
        }
    }
}

impl Rows for Graphs {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let (graph, data) = match entry.graph {
            Some(graph) => graph,
            None => {
                let graph = match entry.plugin {
                    Plugin::KerasModel => "keras",
                    Plugin::RunMetadata => "run_metadata",
                    _ => "function_graphs",
                };
                (
                    graph,
                    entry
                        .tensor()?
                        .strings()
                        .next()
                        .ok_or("graph tensor without a string")?,
                )
            }
        };
        let number = GRAPHS
            .iter()
            .position(|g| *g == graph)
            .ok_or("unknown graph")?;
        self.graph.push(number as i32);
        self.data.push(data);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.data.size()
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        let graph = int32(std::mem::take(&mut self.graph));
        vec![dictionary(graph, strings(GRAPHS)), self.data.finish(memory)]
    }
}

/// The plugin's own message from each value's metadata.
#[derive(Default)]
pub struct Contents {
    content: BinaryBuilder,
}

impl Rows for Contents {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let metadata = Metadata::parse(entry.value.metadata.unwrap_or_default());
        let content = metadata.ok_or("irregular metadata")?.content;
        HParamsPluginData::decode(content).map_err(|_| "hyperparameters that do not decode")?;
        room(&self.content, content.len())?;
        self.content.append_value(content);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.content.values_slice().len()
    }

    fn finish(&mut self, _: &mut Memory) -> Vec<ArrayRef> {
        vec![Arc::new(self.content.finish())]
    }
}
