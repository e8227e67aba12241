//! The sprite of an embedding: all its thumbnails in one square picture.

use super::Pixels;
use super::pixels;
use crate::error::{Error, Result};
use crate::summary::{Array, Fitted};

/// The largest picture the projector takes, in pixels a side.
const LARGEST: u32 = 8192;

/// Thumbnails side by side, row by row, as many to a row as make the picture square; black where
/// there are none left. `layout` names the axes of `array`, `N` among them.
pub fn sprite(array: &Array<'_>, layout: &str) -> Result<Fitted<Pixels>> {
    let axis = layout.find(['N', 'n']).and_then(|at| array.shape.get(at));
    let Some(&images) = axis.filter(|&&images| images > 0) else {
        return Err(Error::argument(
            "`label_img` must have shape [N, C, H, W], with N at least 1",
        ));
    };
    let side = images.isqrt() + usize::from(images.isqrt().pow(2) < images);
    let Fitted {
        made: mut sheet,
        problem,
    } = pixels::grid(array, layout, "label_img", side)?;
    let rows = images.div_ceil(side) as u32;
    let (height, width) = (sheet.height / rows, sheet.width / side as u32);
    let tall = height.saturating_mul(side as u32);
    if sheet.width > LARGEST || tall > LARGEST {
        return Err(Error::argument(format!(
            "label_img of {images} images of {height}x{width} pixels makes a sprite of more than \
             {LARGEST} pixels a side, more than the projector takes; pass smaller or fewer images"
        )));
    }
    sheet.height = tall;
    let bytes = tall as usize * sheet.width as usize * usize::from(sheet.channels);
    sheet.data.resize(bytes, 0);
    Ok(Fitted {
        made: sheet,
        problem,
    })
}
