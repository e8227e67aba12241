//! Says of a value whether it makes rows, without making them: what `series`, `events` and the
//! audit go by, so that they agree with the rows.

use super::schema::{Layout, TensorData};
use super::{Entry, Memory, Rows, Scalars, histograms, meshes, rows_for};
use crate::event::check::Checked;
use crate::event::kind::Kind;
use crate::event::tensor::{Fault, Tensor};
use crate::event::view::Content;

/// Bytes of columns that are built before they are thrown away.
const ENOUGH: usize = 1 << 20;

/// Decodes values only to see whether they can be.
#[derive(Default)]
pub struct Judge {
    rows: [Option<Box<dyn Rows>>; Kind::ALL.len()],
    memory: Memory,
}

impl Judge {
    /// Fails as [`Rows::push`] of the kind does.
    #[inline]
    pub fn check(&mut self, kind: Kind, entry: &Checked<Entry<'_>>) -> Result<(), Fault> {
        if is_sound(kind, entry) {
            return Ok(());
        }
        self.decode(kind, entry)
    }

    #[inline(never)]
    fn decode(&mut self, kind: Kind, entry: &Checked<Entry<'_>>) -> Result<(), Fault> {
        let memory = &mut self.memory;
        let rows = self.rows[kind as usize].get_or_insert_with(|| columns(kind, memory));
        let pushed = rows.push(entry);
        if rows.size() > ENOUGH {
            drop(rows.finish(memory));
            self.rows[kind as usize] = None;
        }
        pushed.map(drop)
    }
}

/// Blobs are not copied to be checked.
fn columns(kind: Kind, memory: &mut Memory) -> Box<dyn Rows> {
    match Layout::new(kind, TensorData::Any, Some(&["step".to_owned()])) {
        Ok(layout) => rows_for(kind, &layout.wanted, memory),
        Err(_) => Box::new(Scalars::new(0, memory)), // there is such a column
    }
}

/// Whether the value makes rows for certain, as nearly all do; told without looking at its data.
#[inline(always)]
fn is_sound(kind: Kind, entry: &Entry<'_>) -> bool {
    match entry.value.content {
        Content::Simple(_) | Content::Image(_) | Content::Audio(_) => true,
        Content::Histogram(message) => histograms::is_paired(message),
        Content::Tensor(_) if kind == Kind::Meshes => meshes::is_whole(entry),
        Content::Tensor(message) => Tensor::parse(message).is_some_and(|t| is_whole(kind, &t)),
        Content::None | Content::OldHistogram(_) => false,
    }
}

fn is_whole(kind: Kind, tensor: &Tensor<'_>) -> bool {
    let Some((_, count)) = tensor.rank_and_count() else {
        return false;
    };
    match kind {
        Kind::Scalars | Kind::Histograms | Kind::PrCurves | Kind::Tensors => {
            tensor.content(count).is_some()
        }
        Kind::Text => tensor.filled_strings(count).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::check::Proof;
    use crate::event::kind::{Plugin, kind_of};
    use crate::event::view::Value;
    use proptest::prelude::*;

    /// A tensor of a few bytes; of dtype, shape, content and other fields any may be missing.
    fn tensor() -> impl Strategy<Value = Vec<u8>> {
        let dtype = prop_oneof![Just(1u8), Just(2), Just(3), Just(7), Just(8), 0u8..35];
        let dims = prop::collection::vec(0u8..7, 0..4);
        let content = prop_oneof![
            Just(Vec::new()),
            (0u8..20).prop_map(|n| vec![0; 4 * usize::from(n)]),
            (0u8..80).prop_map(|n| vec![0; usize::from(n)]),
        ];
        let strings = prop::collection::vec("[a0-9]{0,2}", 0..4);
        (dtype, dims, content, strings).prop_map(|(dtype, dims, content, strings)| {
            let dims: Vec<u8> = dims.iter().flat_map(|n| [0x12, 2, 0x08, *n]).collect();
            let mut tensor = vec![0x08, dtype, 0x12, dims.len() as u8];
            tensor.extend(dims);
            if !content.is_empty() {
                tensor.extend([0x22, content.len() as u8]);
                tensor.extend(content);
            }
            for string in strings {
                tensor.extend([0x42, string.len() as u8]);
                tensor.extend(string.bytes());
            }
            tensor
        })
    }

    /// A legacy histogram whose edges and counts may differ in number, packed or one by one.
    fn histogram() -> impl Strategy<Value = Vec<u8>> {
        let field = (prop::sample::select(vec![6u8, 7]), any::<bool>(), 0usize..4);
        prop::collection::vec(field, 0..5).prop_map(|fields| {
            let mut message = Vec::new();
            for (number, packed, count) in fields {
                match packed {
                    true => {
                        message.extend([number << 3 | 2, 8 * count as u8]);
                        message.extend(vec![0; 8 * count]);
                    }
                    false => {
                        message.push(number << 3 | 1);
                        message.extend([0; 8]);
                    }
                }
            }
            message
        })
    }

    const PLUGINS: [Plugin; 10] = [
        Plugin::Other,
        Plugin::Scalars,
        Plugin::Histograms,
        Plugin::Images,
        Plugin::Audio,
        Plugin::Text,
        Plugin::PrCurves,
        Plugin::Mesh,
        Plugin::CustomScalars,
        Plugin::KerasModel,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_value_is_judged_as_its_rows_judge_it(
            tensor in tensor(),
            histogram in histogram(),
            plugin in prop::sample::select(PLUGINS.to_vec()),
            part in 0u8..5,
        ) {
            // Plugin data whose content says which part of a mesh it is.
            let metadata = [0x0a, 4, 0x12, 2, 0x18, part];
            for content in [Content::Tensor(&tensor), Content::Histogram(&histogram)] {
                let Some(Some(kind)) = kind_of(&content, plugin) else { continue };
                let value = Value { content, metadata: Some(&metadata), ..Value::default() };
                let entry = Proof::seen().covers(Entry { value, plugin, is_described: true, graph: None });
                let layout = Layout::new(kind, TensorData::Any, None).unwrap();
                let mut rows = rows_for(kind, &layout.wanted, &mut Memory::default());
                let made = rows.push(&entry).map(drop);
                prop_assert_eq!(Judge::default().check(kind, &entry), made, "{:?}", kind);
            }
        }
    }
}
