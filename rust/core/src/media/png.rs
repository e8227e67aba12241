//! PNG, compressed for speed: a training waits for it.

use super::Pixels;
use crate::error::{Error, Result};

/// The bytes of a PNG file.
pub fn encode(pixels: &Pixels) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(pixels.data.len() / 2 + 128);
    let mut encoder = png::Encoder::new(&mut out, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_color(match pixels.channels {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels.data)?;
        writer.finish()
    });
    written.map_err(|error| Error::argument(format!("`img_tensor` cannot be a PNG: {error}")))?;
    Ok(out)
}
