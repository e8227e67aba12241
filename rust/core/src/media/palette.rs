//! At most 256 colors for a picture. One that has no more keeps them; others get the nearest of a
//! palette.

use std::collections::BTreeSet;

use color_quant::NeuQuant;

use super::Pixels;
use crate::error::Result;
use crate::interrupt;

/// Colors of a palette.
const MOST: usize = 256;
/// Pixels that are looked at to choose a palette; of larger pictures only some are.
const SAMPLES: usize = 2048;
/// Most pixels that are looked at, since that cannot be interrupted: some 50 ms.
const MOST_SAMPLES: usize = 1 << 16;
/// Pixels between two looks at whether the caller still waits: a few milliseconds.
const STRETCH: usize = 1 << 14;

/// A picture as indices of colors.
pub(super) struct Indexed {
    /// Three bytes a color.
    pub palette: Vec<u8>,
    /// One for each pixel, row by row.
    pub indices: Vec<u8>,
}

impl Indexed {
    /// The colors of `pixels`, which are RGB.
    ///
    /// # Errors
    /// If the caller has asked to stop.
    pub fn of(pixels: &Pixels) -> Result<Self> {
        let pixels = pixels.data.as_chunks::<3>().0;
        match colors(pixels)? {
            Some(colors) => exact(pixels, &colors),
            None => nearest(pixels),
        }
    }
}

/// All colors of `pixels`, sorted; `None` if they are too many.
fn colors(pixels: &[[u8; 3]]) -> Result<Option<Vec<[u8; 3]>>> {
    let mut colors = BTreeSet::new();
    for stretch in pixels.chunks(STRETCH) {
        interrupt::check()?;
        let mut last = None;
        for &color in stretch {
            // Neighbors are mostly alike.
            if last != Some(color) && colors.insert(color) && colors.len() > MOST {
                return Ok(None);
            }
            last = Some(color);
        }
    }
    Ok(Some(colors.into_iter().collect()))
}

fn exact(pixels: &[[u8; 3]], colors: &[[u8; 3]]) -> Result<Indexed> {
    let index = |color: &[u8; 3]| colors.binary_search(color).unwrap_or_default() as u8;
    Ok(Indexed {
        palette: colors.as_flattened().to_vec(),
        indices: indices(pixels, index)?,
    })
}

fn nearest(pixels: &[[u8; 3]]) -> Result<Indexed> {
    let opaque = |&[red, green, blue]: &[u8; 3]| [red, green, blue, 255];
    // Of very large pictures the network gets some pixels, and looks at every tenth of these.
    let apart = pixels.len() / (10 * MOST_SAMPLES) + 1;
    let given: Vec<u8> = pixels.iter().step_by(apart).flat_map(opaque).collect();
    let every = (given.len() / 4 / SAMPLES).clamp(1, 10);
    interrupt::check()?;
    let network = NeuQuant::new(every as i32, MOST, &given);
    interrupt::check()?;
    Ok(Indexed {
        palette: network.color_map_rgb(),
        indices: indices(pixels, |color| network.index_of(&opaque(color)) as u8)?,
    })
}

fn indices(pixels: &[[u8; 3]], index: impl Fn(&[u8; 3]) -> u8) -> Result<Vec<u8>> {
    let mut indices = Vec::with_capacity(pixels.len());
    for stretch in pixels.chunks(STRETCH) {
        interrupt::check()?;
        indices.extend(stretch.iter().map(&index));
    }
    Ok(indices)
}
