//! `audio`: the encoded bytes as they are, one row a clip.
//!
//! The legacy message states rate, channels and frames. A tensor states none of it, so it is read
//! from the WAV header; the number of frames from the bytes that are there, because some writers
//! cut off trailing zeros.

use super::blobs::Blobs;
use super::keys::{dictionary, int32, strings};
use super::schema::Wanted;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::tensor::Fault;
use crate::event::view::Content;
use crate::event::wire::{Field, Fields};
use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder};
use std::borrow::Cow;
use std::sync::Arc;

const FORMATS: [&str; 5] = ["wav", "flac", "ogg", "mp3", "unknown"];

/// The columns of `audio`.
pub struct Audio {
    index: Vec<i32>,
    sample_rate: Float64Builder,
    channels: Int64Builder,
    frames: Int64Builder,
    format: Vec<i32>,
    label: StringBuilder,
    data: Blobs,
}

#[derive(Default)]
struct Clip {
    sample_rate: Option<f64>,
    channels: Option<i64>,
    frames: Option<i64>,
}

impl Audio {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        Self {
            index: Vec::new(),
            sample_rate: Float64Builder::new(),
            channels: Int64Builder::new(),
            frames: Int64Builder::new(),
            format: Vec::new(),
            label: StringBuilder::new(),
            data: Blobs::new(wanted.has("data"), memory),
        }
    }

    fn append(&mut self, index: usize, clip: &Clip, label: &str, sound: &[u8]) {
        self.index.push(index as i32);
        self.sample_rate.append_option(clip.sample_rate);
        self.channels.append_option(clip.channels);
        self.frames.append_option(clip.frames);
        self.format.push(format(sound));
        self.label.append_value(label);
        self.data.push(sound);
    }
}

impl Rows for Audio {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        if let Content::Audio(message) = entry.value.content {
            let mut clip = Clip {
                sample_rate: Some(0.0),
                channels: Some(0),
                frames: Some(0),
            };
            let mut sound = &[][..];
            let mut fields = Fields::of(message);
            while let Some(field) = fields.next() {
                match field {
                    (1, Field::Fixed32(b)) => {
                        clip.sample_rate = Some(f64::from(f32::from_le_bytes(b)));
                    }
                    (2, Field::Varint(v)) => clip.channels = Some(v as i64),
                    (3, Field::Varint(v)) => clip.frames = Some(v as i64),
                    (4, Field::Bytes(b)) => sound = b,
                    _ => {}
                }
            }
            self.append(0, &clip, "", sound);
            return Ok(1);
        }
        let tensor = entry.tensor()?;
        let (_, count) = tensor.rank_and_count().ok_or("tensor of unknown shape")?;
        let strings = tensor.filled_strings(count)?;
        let columns = if tensor.shape::<2>().is_some() { 2 } else { 1 };
        let clips = strings.chunks_exact(columns).map(|row| match row {
            [sound, label] => (*sound, String::from_utf8_lossy(label)),
            _ => (row[0], Cow::default()),
        });
        let clips: Vec<_> = clips.collect();
        room(
            &self.label,
            clips.iter().map(|(_, label)| label.len()).sum(),
        )?;
        for (index, (sound, label)) in clips.into_iter().enumerate() {
            self.append(index, &wav(sound).unwrap_or_default(), &label, sound);
        }
        Ok(strings.len() / columns)
    }

    fn size(&self) -> usize {
        self.data.size()
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        vec![
            Arc::new(int32(std::mem::take(&mut self.index))),
            Arc::new(self.sample_rate.finish()),
            Arc::new(self.channels.finish()),
            Arc::new(self.frames.finish()),
            dictionary(int32(std::mem::take(&mut self.format)), strings(FORMATS)),
            Arc::new(self.label.finish()),
            self.data.finish(memory),
        ]
    }
}

fn format(sound: &[u8]) -> i32 {
    let name = match sound {
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
            b'A',
            b'V',
            b'E',
            ..,
        ] => "wav",
        [b'f', b'L', b'a', b'C', ..] => "flac",
        [b'O', b'g', b'g', b'S', ..] => "ogg",
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => "mp3",
        _ => "unknown",
    };
    FORMATS
        .iter()
        .position(|f| *f == name)
        .unwrap_or(FORMATS.len() - 1) as i32
}

/// Rate, channels and frames from the `fmt ` and `data` chunks of a RIFF file.
fn wav(sound: &[u8]) -> Option<Clip> {
    if format(sound) != 0 {
        return None;
    }
    let u16_at =
        |chunk: &[u8], at: usize| Some(u16::from_le_bytes(*chunk.get(at..)?.first_chunk()?));
    let u32_at =
        |chunk: &[u8], at: usize| Some(u32::from_le_bytes(*chunk.get(at..)?.first_chunk()?));
    let mut clip = Clip::default();
    let mut frame = 0;
    let mut rest = sound.get(12..)?;
    while let Some((header, body)) = rest.split_first_chunk::<8>() {
        let length = u32_at(header, 4)? as usize;
        let body = &body[..body.len().min(length)];
        match &header[..4] {
            b"fmt " => {
                clip.channels = Some(i64::from(u16_at(body, 2)?));
                clip.sample_rate = Some(f64::from(u32_at(body, 4)?));
                frame = usize::from(u16_at(body, 12)?);
            }
            b"data" if frame > 0 => clip.frames = Some((body.len() / frame) as i64),
            _ => {}
        }
        let padded = length.checked_add(length % 2)?.checked_add(8)?;
        rest = rest.get(padded..).unwrap_or_default();
    }
    Some(clip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_cut_short_counts_the_frames_that_are_there() {
        let mut sound = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0".to_vec();
        sound.extend([0, 0x7d, 0, 0, 4, 0, 16, 0]);
        sound.extend(b"data\xe8\x03\0\0");
        sound.extend([1; 10]);
        let clip = wav(&sound).unwrap();
        assert_eq!(
            (clip.channels, clip.frames, clip.sample_rate),
            (Some(2), Some(2), Some(8000.0))
        );
        for cut in 0..sound.len() {
            let _ = wav(&sound[..cut]);
        }
    }
}
