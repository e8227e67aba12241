//! `images`: the encoded bytes as they are, one row an image.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::Wanted;
use super::{Checked, Entry, Memory, Rows};
use crate::event::tensor::Fault;
use crate::event::view::Content;
use crate::event::wire::{Field, Fields};
use arrow_array::ArrayRef;
use std::sync::Arc;

/// Formats told from the first bytes; the last stands for anything else.
const FORMATS: [&str; 8] = [
    "png", "gif", "jpeg", "webp", "bmp", "tiff", "svg", "unknown",
];

/// The columns of `images`.
pub struct Images {
    index: Vec<i32>,
    width: Vec<i32>,
    height: Vec<i32>,
    format: Vec<i32>,
    data: Blobs,
}

impl Images {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        Self {
            index: Vec::new(),
            width: Vec::new(),
            height: Vec::new(),
            format: Vec::new(),
            data: Blobs::new(wanted.has("data"), memory),
        }
    }

    fn append(&mut self, index: usize, width: i32, height: i32, image: &[u8]) {
        self.index.push(index as i32);
        self.width.push(width);
        self.height.push(height);
        self.format.push(format(image));
        self.data.push(image);
    }
}

impl Rows for Images {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        if let Content::Image(message) = entry.value.content {
            let (mut width, mut height, mut image) = (0, 0, &[][..]);
            let mut fields = Fields::of(message);
            while let Some(field) = fields.next() {
                match field {
                    (1, Field::Varint(v)) => height = v as i32,
                    (2, Field::Varint(v)) => width = v as i32,
                    (4, Field::Bytes(b)) => image = b,
                    _ => {}
                }
            }
            self.append(0, width, height, image);
            return Ok(1);
        }
        let tensor = entry.tensor()?;
        let [count] = tensor
            .shape::<1>()
            .ok_or("image tensor without shape [2 + k]")?;
        let strings = tensor.filled_strings(count)?;
        let [width, height, images @ ..] = strings.as_slice() else {
            return Err("image tensor without width and height");
        };
        let (width, height) = (decimal(width)?, decimal(height)?);
        for (index, image) in images.iter().enumerate() {
            self.append(index, width, height, image);
        }
        Ok(images.len())
    }

    fn size(&self) -> usize {
        self.data.size()
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        let [index, width, height, format] = [
            &mut self.index,
            &mut self.width,
            &mut self.height,
            &mut self.format,
        ]
        .map(|column| int32(std::mem::take(column)));
        vec![
            Arc::new(index),
            Arc::new(width),
            Arc::new(height),
            dictionary(format, strings(FORMATS)),
            self.data.finish(memory),
        ]
    }
}

fn decimal(text: &[u8]) -> Result<i32, Fault> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or("image tensor whose width or height is no number")
}

fn format(image: &[u8]) -> i32 {
    let name = match image {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'G', b'I', b'F', b'8', ..] => "gif",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "webp",
        [b'B', b'M', ..] => "bmp",
        [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => "tiff",
        [b'<', b's', b'v', b'g', ..] | [b'<', b'?', b'x', b'm', b'l', ..] => "svg",
        _ => "unknown",
    };
    FORMATS
        .iter()
        .position(|f| *f == name)
        .unwrap_or(FORMATS.len() - 1) as i32
}
