//! Images, videos, sounds and sprites.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tfevents::media::{self, Pixels};
use tfevents::summary::{self, Content, Fitted, Metadata};

use super::{Made, Packed, fitted, pieces, value_error};
use crate::interrupt::watched;

fn image<'a>(pixels: &Pixels, encoded: &'a [u8]) -> Content<'a> {
    Content::Image {
        height: pixels.height,
        width: pixels.width,
        channels: pixels.channels,
        encoded,
    }
}

/// PNG image value of an array.
#[pyfunction]
pub fn image_value(py: Python<'_>, tag: &str, pixels: Packed, layout: &str) -> PyResult<Made> {
    let array = pixels.array()?;
    fitted(py, || {
        Pixels::of(&array, layout)?.and_then(|pixels| {
            let encoded = media::png::encode(&pixels)?;
            summary::value(tag, image(&pixels, &encoded), Metadata::default())
        })
    })
}

/// GIF image value of an array of frames.
#[pyfunction]
pub fn video_value(
    py: Python<'_>,
    tag: &str,
    frames: Packed,
    layout: &str,
    fps: f64,
) -> PyResult<Made> {
    let array = frames.array()?;
    fitted(py, || {
        media::pixels::frames(&array, layout)?.and_then(|frames| {
            let encoded = media::gif::encode(&frames, fps)?;
            let content = frames
                .first()
                .map_or(Content::Nothing, |first| image(first, &encoded));
            summary::value(tag, content, Metadata::default())
        })
    })
}

/// WAV audio value of an array.
#[pyfunction]
pub fn audio_value(py: Python<'_>, tag: &str, samples: Packed, sample_rate: u32) -> PyResult<Made> {
    let array = samples.array()?;
    fitted(py, || {
        media::wav::encode(&array, sample_rate)?.and_then(|wav| {
            let content = Content::Audio {
                sample_rate: sample_rate as f32,
                channels: wav.channels,
                frames: wav.frames,
                encoded: &wav.encoded,
            };
            summary::value(tag, content, Metadata::default())
        })
    })
}

/// A PNG file, its height and its width, and what was wrong with the values.
#[pyfunction]
pub fn png<'py>(
    py: Python<'py>,
    pixels: Packed,
    layout: &str,
) -> PyResult<(Bound<'py, PyBytes>, u32, u32, Option<String>)> {
    let array = pixels.array()?;
    let made = watched(py, || {
        Pixels::of(&array, layout)?
            .and_then(|pixels| Ok((media::png::encode(&pixels)?, pixels.height, pixels.width)))
    })?;
    let Fitted {
        made: (encoded, height, width),
        problem,
    } = made.map_err(value_error)?;
    Ok((PyBytes::new(py, &encoded), height, width, problem))
}

/// A PNG file of all images of a batch, in a square: in pieces, and what was wrong with the values.
#[pyfunction]
pub fn sprite_png<'py>(
    py: Python<'py>,
    images: Packed,
    layout: &str,
) -> PyResult<(Bound<'py, PyList>, Option<String>)> {
    let array = images.array()?;
    let made = watched(py, || {
        media::sprite::sprite(&array, layout)?.and_then(|sheet| media::png::encode(&sheet))
    })?;
    let Fitted { made, problem } = made.map_err(value_error)?;
    Ok((pieces(py, &made)?, problem))
}
