//! Animated GIF.

use std::io;

use gif::{Encoder, EncodingError, Frame, Repeat};
use weezl::{BitOrder, LzwStatus};

use super::Pixels;
use super::palette::Indexed;
use crate::error::{Error, Result};
use crate::interrupt;

/// Pixels that are compressed between two looks at whether the caller still waits: a few
/// milliseconds.
const STRETCH: usize = 1 << 18;

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
    let frame = |pixels: &Pixels| -> io::Result<Frame<'static>> {
        let Indexed { palette, indices } = Indexed::of(pixels).map_err(stopped)?;
        let mut frame = Frame {
            width,
            height,
            buffer: indices.into(),
            palette: Some(palette),
            // In hundredths of a second.
            delay: (100.0 / fps).round().clamp(1.0, 65535.0) as u16,
            ..Frame::default()
        };
        disturb(&mut frame);
        Ok(frame)
    };
    let written = (|| -> std::result::Result<(), EncodingError> {
        let mut current = frame(first)?;
        // The global table is that of the first frame. An empty one would be written as two black
        // entries, which Pillow takes for the colors of a gray frame.
        let global = current.palette.take().unwrap_or_default();
        let mut encoder = Encoder::new(&mut out, width, height, &global)?;
        encoder.set_repeat(Repeat::Infinite)?;
        compress(&mut current)?;
        encoder.write_lzw_pre_encoded_frame(&current)?;
        for pixels in &frames[1..] {
            current = frame(pixels)?;
            if current.palette.as_ref() == Some(&global) {
                current.palette = None;
            }
            compress(&mut current)?;
            encoder.write_lzw_pre_encoded_frame(&current)?;
        }
        Ok(())
    })();
    written.map_err(|error| bad(&error))?;
    Ok(out)
}

fn stopped(_: Error) -> io::Error {
    io::ErrorKind::Interrupted.into()
}

/// Compresses the indices of `frame`, as `Encoder::write_frame` would, with looks at whether the
/// caller still waits.
fn compress(frame: &mut Frame<'_>) -> io::Result<()> {
    let largest = frame.buffer.iter().copied().max().unwrap_or_default();
    let colors = u32::from(largest) + 1;
    let code_size = colors.max(4).next_power_of_two().trailing_zeros() as u8;
    let mut compressed = vec![code_size];
    let mut encoder = weezl::encode::Encoder::new(BitOrder::Lsb, code_size);
    let mut buffer = vec![0; STRETCH];
    let mut rest = &*frame.buffer;
    loop {
        interrupt::check().map_err(stopped)?;
        if rest.is_empty() {
            encoder.finish();
        }
        let stretch = rest.get(..STRETCH).unwrap_or(rest);
        let done = encoder.encode_bytes(stretch, &mut buffer);
        compressed.extend_from_slice(buffer.get(..done.consumed_out).unwrap_or_default());
        rest = rest.get(done.consumed_in..).unwrap_or_default();
        match done.status.map_err(io::Error::other)? {
            LzwStatus::Ok => {}
            LzwStatus::Done => break,
            LzwStatus::NoProgress => return Err(io::ErrorKind::WriteZero.into()),
        }
    }
    frame.buffer = compressed.into();
    Ok(())
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
