//! Animated GIF. Frames of up to 256 colors keep them; others get the nearest of a palette.

use gif::{Encoder, EncodingError, Frame, Repeat};

use super::Pixels;
use crate::error::{Error, Result};
use crate::interrupt;

/// Pixels of a frame that may be looked at to choose its palette; of larger ones only some are.
const SAMPLES: usize = 2048;

/// The bytes of a GIF file that shows RGB `frames`, `fps` a second, for ever.
pub fn encode(frames: &[Pixels], fps: f64) -> Result<Vec<u8>> {
    let bad = |why: &dyn std::fmt::Display| {
        Error::argument(format!("`vid_tensor` cannot be a GIF: {why}"))
    };
    if !(fps > 0.0 && fps.is_finite()) {
        return Err(Error::argument(format!(
            "`fps` must be a positive number, not {fps}"
        )));
    }
    let first = frames.first().ok_or_else(|| bad(&"it has no frames"))?;
    let (Ok(width), Ok(height)) = (u16::try_from(first.width), u16::try_from(first.height)) else {
        return Err(bad(&"it is larger than 65535 pixels across"));
    };
    let mut out = Vec::new();
    let frame = |pixels: &Pixels| {
        let speed = (pixels.data.len() / 3 / SAMPLES).clamp(1, 10) as i32;
        let mut frame = Frame::from_rgb_speed(width, height, &pixels.data, speed);
        // In hundredths of a second.
        frame.delay = (100.0 / fps).round().clamp(1.0, 65535.0) as u16;
        disturb(&mut frame);
        frame
    };
    let written = (|| -> std::result::Result<(), EncodingError> {
        let mut current = frame(first);
        // The global table is that of the first frame. An empty one would be written as two black
        // entries, which Pillow takes for the colors of a gray frame.
        let global = current.palette.take().unwrap_or_default();
        let mut encoder = Encoder::new(&mut out, width, height, &global)?;
        encoder.set_repeat(Repeat::Infinite)?;
        encoder.write_frame(&current)?;
        for pixels in &frames[1..] {
            if interrupt::check().is_err() {
                return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into());
            }
            current = frame(pixels);
            if current.palette.as_ref() == Some(&global) {
                current.palette = None;
            }
            encoder.write_frame(&current)?;
        }
        Ok(())
    })();
    written.map_err(|error| bad(&error))?;
    Ok(out)
}

/// Swaps the first two colors of a palette in which every color is its own index as a gray.
/// Pillow takes such a frame for one without a palette, and shows what follows it in gray.
fn disturb(frame: &mut Frame<'_>) {
    let Some(palette) = frame.palette.as_mut() else {
        return;
    };
    let (colors, _) = palette.as_chunks_mut::<3>();
    let mut indexed = colors.iter().enumerate();
    if colors.len() < 2 || !indexed.all(|(index, color)| *color == [index as u8; 3]) {
        return;
    }
    colors.swap(0, 1);
    for index in frame.buffer.to_mut() {
        if *index < 2 {
            *index ^= 1;
        }
    }
}
