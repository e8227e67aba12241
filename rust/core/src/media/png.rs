//! PNG, compressed for speed: a training waits for it.

use std::io::{self, Write};

use png::{Compression, Encoder, EncodingError};

use super::Pixels;
use crate::error::{Error, Result};
use crate::interrupt;

/// Bytes of pixels that are encoded in one go, without a look at whether the caller still waits.
const STRETCH: usize = 1 << 20;
/// From here on, pixels are encoded stretch by stretch.
const LARGE: usize = 16 << 20;

/// The bytes of a PNG file.
pub fn encode(pixels: &Pixels) -> Result<Vec<u8>> {
    let encoded = if pixels.data.len() < LARGE {
        at_once(pixels)
    } else {
        by_stretches(pixels)
    };
    encoded.map_err(|error| Error::argument(format!("`img_tensor` cannot be a PNG: {error}")))
}

fn encoder<'a>(
    pixels: &Pixels,
    compression: Compression,
    out: &'a mut Vec<u8>,
) -> Encoder<'a, &'a mut Vec<u8>> {
    let mut encoder = Encoder::new(out, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    encoder.set_color(match pixels.channels {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    encoder
}

fn at_once(pixels: &Pixels) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::with_capacity(pixels.data.len() / 2 + 128);
    let mut writer = encoder(pixels, Compression::Fast, &mut out).write_header()?;
    writer.write_image_data(&pixels.data)?;
    writer.finish()?;
    Ok(out)
}

/// As `at_once`, which stores what does not become smaller, too.
fn by_stretches(pixels: &Pixels) -> Result<Vec<u8>, EncodingError> {
    let out = streamed(pixels, Compression::Fast)?;
    if out.len() <= pixels.data.len() {
        return Ok(out);
    }
    streamed(pixels, Compression::NoCompression)
}

fn streamed(pixels: &Pixels, compression: Compression) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::with_capacity(pixels.data.len() / 2 + 128);
    let mut writer = encoder(pixels, compression, &mut out).write_header()?;
    let mut stream = writer.stream_writer_with_size(STRETCH)?;
    for stretch in pixels.data.chunks(STRETCH) {
        interrupt::check().map_err(|_| io::Error::from(io::ErrorKind::Interrupted))?;
        stream.write_all(stretch)?;
    }
    stream.finish()?;
    writer.finish()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_decode_to_their_pixels_and_stay_within_their_size() {
        let noise = |index: u32| (index.wrapping_mul(2_654_435_761) >> 13) as u8;
        for gray in [noise, |index: u32| (index >> 9) as u8] {
            let pixels = Pixels {
                height: 2400,
                width: 2500,
                channels: 3,
                data: (0..2400 * 2500 * 3).map(gray).collect(),
            };
            assert!(pixels.data.len() >= LARGE);
            let encoded = encode(&pixels).expect("a PNG");
            assert!(encoded.len() < pixels.data.len() + (64 << 10));
            let mut reader = png::Decoder::new(io::Cursor::new(&encoded))
                .read_info()
                .expect("a header");
            let mut decoded = vec![0; pixels.data.len()];
            reader.next_frame(&mut decoded).expect("pixels");
            assert!(decoded == pixels.data);
        }
    }
}
