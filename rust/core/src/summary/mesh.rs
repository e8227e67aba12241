//! Meshes: up to three tensors that share a name.
//!
//! ```text
//!  content  name=2  content_type=3  json_config=5  shape=6 packed  components=7
//! ```

use std::borrow::Cow;

use super::array::{Array, Dtype};
use super::value::{Content, Metadata, value};
use super::{Spelling, tensor, wire};
use crate::error::{Error, Result};

/// The `Summary.Value`s of a mesh: vertices, then faces, then colors, as far as there are any.
///
/// Each is a `[batch, count, 3]` array of numbers and is stored as `float32`; `config` is JSON for
/// the viewer.
pub fn mesh(
    tag: &str,
    vertices: &Array<'_>,
    colors: Option<&Array<'_>>,
    faces: Option<&Array<'_>>,
    config: &str,
) -> Result<Vec<Vec<u8>>> {
    let parts = [
        (1u32, "VERTEX", "vertices", Some(vertices)),
        (2, "FACE", "faces", faces),
        (3, "COLOR", "colors", colors),
    ];
    let present = || {
        parts
            .iter()
            .filter_map(|part| part.3.map(|array| (part, array)))
    };
    for ((.., name, _), array) in present() {
        if array.shape.len() != 3 || array.shape[2] != 3 {
            return Err(Error::argument(format!(
                "`{name}` must have shape [batch, count, 3], not {:?}",
                array.shape
            )));
        }
    }
    let components: i64 = present().map(|((kind, ..), _)| 1 << kind).sum();
    let encode = |(&(kind, suffix, ..), array): (&(u32, &str, &str, _), &Array<'_>)| {
        let mut content = Vec::new();
        wire::bytes(&mut content, 2, tag.as_bytes());
        wire::integer(&mut content, 3, kind.into());
        wire::bytes(&mut content, 5, config.as_bytes());
        wire::packed_varints(&mut content, 6, array.shape.iter().map(|&axis| axis as u64))?;
        wire::integer(&mut content, 7, components);
        let data = singles(array)?;
        let array = Array {
            dtype: Dtype::Float32,
            shape: array.shape,
            data: &data,
        };
        let metadata = Metadata {
            content: &content,
            ..Metadata::plugin("mesh")
        };
        let tag = format!("{tag}_{suffix}");
        let tensor = tensor(&array, Spelling::Fields)?;
        value(&tag, Content::Tensor(&tensor), metadata)
    };
    present().map(encode).collect()
}

/// The elements as `float32`.
fn singles<'a>(array: &Array<'a>) -> Result<Cow<'a, [u8]>> {
    if array.dtype == Dtype::Float32 {
        return Ok(Cow::Borrowed(array.data));
    }
    let mut data = Vec::with_capacity(array.len() * 4);
    array.blocks(|_, numbers| {
        let single = numbers.iter().map(|&number| (number as f32).to_le_bytes());
        data.extend(single.flatten());
    })?;
    Ok(Cow::Owned(data))
}
