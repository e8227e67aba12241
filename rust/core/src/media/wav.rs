//! WAV: 16-bit samples after a header of 44 bytes.
//!
//! ```text
//!  "RIFF" size "WAVE"   "fmt " 16 format=1 channels rate bytes/s block 16   "data" size samples
//! ```

use crate::error::{Error, Result};
use crate::interrupt;
use crate::summary::{Array, Dtype, Fitted};

/// Bytes that are copied between two looks at whether the caller still waits.
const STRETCH: usize = 1 << 20;

/// A sound, encoded.
#[derive(Debug, Clone)]
pub struct Wav {
    /// Samples a frame.
    pub channels: u16,
    /// Frames.
    pub frames: u64,
    /// The file.
    pub encoded: Vec<u8>,
}

/// The WAV file of `array`: `[frames]` or `[frames, channels]`, axes of length 1 aside; floats
/// from -1 to 1 (limited to that, and truncated to 16 bits; NaN is silence) or `int16` as it is.
///
/// # Errors
/// If the shape or the dtype is another, or the file would be too large.
pub fn encode(array: &Array<'_>, sample_rate: u32) -> Result<Fitted<Wav>> {
    let axes: Vec<usize> = array
        .shape
        .iter()
        .copied()
        .filter(|&axis| axis != 1)
        .collect();
    let (frames, channels) = match axes.as_slice() {
        [] => (1, 1),
        &[frames] => (frames, 1),
        &[frames, channels] if channels <= 8 => (frames, channels),
        _ => {
            return Err(Error::argument(format!(
                "`snd_tensor` must have shape [frames] or [frames, channels] with at most 8 \
                 channels, not {:?}",
                array.shape
            )));
        }
    };
    if array.is_empty() {
        return Err(Error::argument(
            "`snd_tensor` must have at least one sample",
        ));
    }
    if sample_rate == 0 {
        return Err(Error::argument("`sample_rate` must be positive"));
    }
    let length = u32::try_from(array.len() * 2)
        .ok()
        .filter(|&length| length < u32::MAX - 64);
    let Some(length) = length else {
        return Err(Error::argument(
            "`snd_tensor` must be shorter than 2 GiB of samples",
        ));
    };
    let block = channels as u32 * 2;
    let mut out = Vec::with_capacity(length as usize + 44);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(length + 36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    out.extend_from_slice(&(channels as u16).to_le_bytes());
    out.extend_from_slice(&sample_rate.to_le_bytes());
    out.extend_from_slice(&sample_rate.saturating_mul(block).to_le_bytes());
    out.extend_from_slice(&(block as u16).to_le_bytes());
    out.extend_from_slice(b"\x10\0data");
    out.extend_from_slice(&length.to_le_bytes());
    let nan = samples(array, &mut out)?;
    Ok(Fitted {
        made: Wav {
            channels: channels as u16,
            frames: frames as u64,
            encoded: out,
        },
        problem: nan.then(|| {
            "`snd_tensor` must be numbers from -1 to 1, not NaN, which is written as 0".to_owned()
        }),
    })
}

/// Appends the samples, and says whether there was NaN among them.
fn samples(array: &Array<'_>, out: &mut Vec<u8>) -> Result<bool> {
    if array.dtype == Dtype::Int16 {
        for stretch in array.data.chunks(STRETCH) {
            interrupt::check()?;
            out.extend_from_slice(stretch);
        }
        return Ok(false);
    }
    if !array.dtype.is_float() {
        return Err(Error::argument(format!(
            "`snd_tensor` must hold floats from -1 to 1, or int16, not {}",
            array.dtype.name()
        )));
    }
    let single = array.dtype == Dtype::Float32;
    let mut nan = false;
    array.blocks(|_, block| {
        out.extend(block.iter().flat_map(|sample| {
            nan |= sample.is_nan();
            let scaled = sample.clamp(-1.0, 1.0) * f64::from(i16::MAX);
            // The product is rounded as the samples are.
            let scaled = if single {
                f64::from(scaled as f32)
            } else {
                scaled
            };
            (scaled as i16).to_le_bytes()
        }));
    })?;
    Ok(nan)
}
