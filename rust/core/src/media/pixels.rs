//! Arrays of any layout and dtype into rows of 8-bit pixels.
//!
//! Two passes, both over contiguous memory: elements to bytes, which the compiler vectorises, then
//! bytes to their places, where an axis is only a stride. Bytes stay as they are; other numbers
//! mean 0 to 1, are multiplied by 255 in single precision, limited and truncated; NaN becomes 0. A
//! single channel becomes three. A batch becomes a grid, eight to a row, black where there is
//! nothing.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::summary::{Array, Dtype, Fitted};

/// Images to a row of a grid.
const GRID_COLUMNS: usize = 8;

/// Elements between two looks at whether the caller still waits: a few milliseconds.
const STRETCH: usize = 1 << 20;

/// 8-bit pixels, row by row, channels side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Rows.
    pub height: u32,
    /// Pixels a row.
    pub width: u32,
    /// Bytes a pixel: 2 gray and alpha, 3 RGB, 4 RGBA.
    pub channels: u8,
    /// `height * width * channels` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// The pixels of `array`, whose axes `layout` names: `N` images, `C` channels, `H` rows and
    /// `W` columns, in any order; `H` and `W` must be there.
    ///
    /// # Errors
    /// If the shape is not that of `layout`, or has no pixel or no possible number of channels.
    pub fn of(array: &Array<'_>, layout: &str) -> Result<Fitted<Self>> {
        grid(array, layout, "img_tensor", GRID_COLUMNS)
    }
}

/// The pixels of `array`, a batch with so many `columns`; `name` is what messages call it.
pub(super) fn grid(
    array: &Array<'_>,
    layout: &str,
    name: &str,
    columns: usize,
) -> Result<Fitted<Pixels>> {
    let axes = Axes::parse(array.shape, layout, name)?;
    let channels = axes.length('C');
    let (height, width) = (axes.length('H'), axes.length('W'));
    let images = axes.length('N');
    if !(1..=4).contains(&channels) {
        return Err(Error::argument(format!(
            "`{name}` must have 1, 2, 3 or 4 channels, not {channels} (shape {:?}, dataformats \
                 \"{layout}\")",
            array.shape
        )));
    }
    if array.is_empty() {
        return Err(Error::argument(format!(
            "`{name}` must have at least one pixel, not shape {:?}",
            array.shape
        )));
    }
    let Fitted {
        made: bytes,
        problem,
    } = bytes(array, name)?;
    let columns = images.min(columns);
    let tiles = Tiles {
        axes: &axes,
        height,
        width,
        channels,
    };
    let total = (
        height.checked_mul(images.div_ceil(columns)),
        width.checked_mul(columns),
    );
    let (Some(Ok(rows)), Some(Ok(across))) =
        (total.0.map(u32::try_from), total.1.map(u32::try_from))
    else {
        return Err(Error::argument(format!("{name} is too large for an image")));
    };
    let made = Pixels {
        height: rows,
        width: across,
        channels: if channels == 1 { 3 } else { channels as u8 },
        data: tiles.arrange(&bytes, 0, images, columns)?,
    };
    Ok(Fitted { made, problem })
}

/// The frames of a video whose axes `layout` names: `N` videos shown side by side, `T` frames, and
/// `C`, `H`, `W`. The number of videos is filled up to a power of two with black ones. Of four
/// channels the last one, alpha, is left out: a GIF has no such thing.
///
/// # Errors
/// If the shape is not that of `layout`, or has no pixel or no possible number of channels.
pub fn frames(array: &Array<'_>, layout: &str) -> Result<Fitted<Vec<Pixels>>> {
    let name = "vid_tensor";
    let axes = Axes::parse(array.shape, layout, name)?;
    let channels = axes.length('C');
    if !matches!(channels, 1 | 3 | 4) || array.is_empty() {
        return Err(Error::argument(format!(
            "`{name}` must have 1, 3 or 4 channels and at least one pixel, not shape {:?} with \
             dataformats \"{layout}\"",
            array.shape
        )));
    }
    let Fitted {
        made: bytes,
        problem,
    } = bytes(array, name)?;
    let (height, width, videos) = (axes.length('H'), axes.length('W'), axes.length('N'));
    let slots = videos.next_power_of_two();
    // Rows are the square root, rounded down to a power of two.
    let rows = 1 << (slots.ilog2() / 2);
    let columns = slots / rows;
    let tiles = Tiles {
        axes: &axes,
        height,
        width,
        channels: channels.min(3),
    };
    let (Ok(tall), Ok(across)) = (u32::try_from(height * rows), u32::try_from(width * columns))
    else {
        return Err(Error::argument(format!("{name} is too large for an image")));
    };
    let frame = |time: usize| {
        let mut data = tiles.arrange(&bytes, time * axes.stride('T'), videos, columns)?;
        data.resize(tall as usize * across as usize * 3, 0);
        Ok(Pixels {
            height: tall,
            width: across,
            channels: 3,
            data,
        })
    };
    Ok(Fitted {
        made: (0..axes.length('T')).map(frame).collect::<Result<_>>()?,
        problem,
    })
}

/// Elements to bytes, in the order they are.
fn bytes(array: &Array<'_>, name: &str) -> Result<Fitted<Vec<u8>>> {
    let mut bytes = Vec::new();
    let nan = match array.dtype {
        Dtype::Uint8 => return Ok(Fitted::exactly(array.data.to_vec())),
        Dtype::Float32 => scale(array.data.as_chunks().0, f32::from_le_bytes, &mut bytes)?,
        Dtype::Float64 => {
            let narrow = |bytes| f64::from_le_bytes(bytes) as f32;
            scale(array.data.as_chunks().0, narrow, &mut bytes)?
        }
        _ => scale(&array.to_f64()?, |number| number as f32, &mut bytes)?,
    };
    Ok(Fitted {
        made: bytes,
        problem: nan.then(|| {
            format!(
                "`{name}` must be uint8, or numbers from 0 to 1, not NaN, which is written as 0"
            )
        }),
    })
}

/// Appends each of `elements`, which `number` reads, as a byte; says whether one was NaN.
#[inline(always)]
fn scale<T: Copy>(elements: &[T], number: impl Fn(T) -> f32, bytes: &mut Vec<u8>) -> Result<bool> {
    bytes.reserve_exact(elements.len());
    let mut nan = 0u32;
    for stretch in elements.chunks(STRETCH) {
        interrupt::check()?;
        bytes.extend(stretch.iter().map(|&element| {
            let number = number(element);
            nan |= u32::from(number.is_nan());
            // Saturates: below 0 is 0, above 255 is 255. NaN is 0.
            (number * 255.0).clamp(0.0, 255.0) as i32 as u8
        }));
    }
    Ok(nan != 0)
}

/// Lengths and strides by letter.
struct Axes(Vec<(char, usize, usize)>);

impl Axes {
    fn parse(shape: &[usize], layout: &str, name: &str) -> Result<Self> {
        let letters: Vec<char> = layout.to_ascii_uppercase().chars().collect();
        let video = name == "vid_tensor";
        let known = if video { "NTCHW" } else { "NCHW" };
        let once = letters
            .iter()
            .enumerate()
            .all(|(index, letter)| known.contains(*letter) && !letters[..index].contains(letter));
        let whole = letters.contains(&'H') && letters.contains(&'W');
        if !once || !whole || (video && !letters.contains(&'T')) {
            return Err(Error::argument(format!(
                "`dataformats` must name H and W and at most once each of {known}, not \"{layout}\""
            )));
        }
        if letters.len() != shape.len() {
            return Err(Error::argument(format!(
                "`{name}` has shape {shape:?}, which is not the {} axes of dataformats \"{layout}\"",
                letters.len()
            )));
        }
        let mut stride = 1;
        let mut axes = Vec::with_capacity(letters.len());
        for (&letter, &length) in letters.iter().zip(shape).rev() {
            axes.push((letter, length, stride));
            stride *= length;
        }
        Ok(Self(axes))
    }

    fn find(&self, letter: char) -> (usize, usize) {
        let found = self.0.iter().find(|axis| axis.0 == letter);
        found.map_or((1, 0), |axis| (axis.1, axis.2))
    }

    fn length(&self, letter: char) -> usize {
        self.find(letter).0
    }

    fn stride(&self, letter: char) -> usize {
        self.find(letter).1
    }
}

struct Tiles<'a> {
    axes: &'a Axes,
    height: usize,
    width: usize,
    channels: usize,
}

impl Tiles<'_> {
    /// Puts `images` images, from `offset` of `bytes` on, side by side.
    fn arrange(
        &self,
        bytes: &[u8],
        offset: usize,
        images: usize,
        columns: usize,
    ) -> Result<Vec<u8>> {
        let out_channels = if self.channels == 1 { 3 } else { self.channels };
        let row_bytes = columns * self.width * out_channels;
        let mut out = vec![0; images.div_ceil(columns) * self.height * row_bytes];
        let [of_image, of_row, of_column, of_channel] =
            ['N', 'H', 'W', 'C'].map(|letter| self.axes.stride(letter));
        let mut arranged = 0;
        for image in 0..images {
            for row in 0..self.height {
                arranged += self.width * out_channels;
                if arranged >= STRETCH {
                    arranged = 0;
                    interrupt::check()?;
                }
                let from = offset + image * of_image + row * of_row;
                let to = (image / columns * self.height + row) * row_bytes
                    + image % columns * self.width * out_channels;
                let line = out.get_mut(to..).unwrap_or_default();
                let line = &mut line[..self.width * out_channels];
                if out_channels == 3 {
                    let source = |channel: usize| {
                        let channel = if self.channels == 1 { 0 } else { channel };
                        bytes.get(from + channel * of_channel..).unwrap_or_default()
                    };
                    interleave(line, [source(0), source(1), source(2)], of_column);
                } else {
                    for (column, pixel) in line.chunks_exact_mut(out_channels).enumerate() {
                        for (channel, byte) in pixel.iter_mut().enumerate() {
                            let at = from + column * of_column + channel * of_channel;
                            *byte = bytes.get(at).copied().unwrap_or_default();
                        }
                    }
                }
            }
        }
        Ok(out)
    }
}

/// Three channels, each with its elements `stride` apart, side by side.
#[inline]
fn interleave(line: &mut [u8], sources: [&[u8]; 3], stride: usize) {
    let pixels = line.as_chunks_mut::<3>().0;
    if stride == 1 {
        let [red, green, blue] = sources;
        for (((pixel, &r), &g), &b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
            *pixel = [r, g, b];
        }
        return;
    }
    let [red, green, blue] = sources.map(|source| source.iter().step_by(stride.max(1)));
    for (((pixel, &r), &g), &b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
        *pixel = [r, g, b];
    }
}

#[cfg(test)]
mod tests;
