//! As much protobuf as the corpora need, written in place.
//!
//! Not the crate's own encoder, on purpose: a corpus made by the code under test would agree with
//! its mistakes.

/// A varint.
pub fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// An integer field; zero is left out, as proto3 writers do.
pub fn int(out: &mut Vec<u8>, field: u8, number: u64) {
    if number != 0 {
        out.push(field << 3);
        varint(out, number);
    }
}

/// A double field.
pub fn double(out: &mut Vec<u8>, field: u8, number: f64) {
    out.push(field << 3 | 1);
    out.extend(number.to_le_bytes());
}

/// A float field, given as bits.
pub fn fixed32(out: &mut Vec<u8>, field: u8, bits: u32) {
    out.push(field << 3 | 5);
    out.extend(bits.to_le_bytes());
}

/// A string field.
pub fn text(out: &mut Vec<u8>, field: u8, text: &str) {
    message(out, field, |out| out.extend_from_slice(text.as_bytes()));
}

/// A packed repeated double.
pub fn packed_doubles(out: &mut Vec<u8>, field: u8, numbers: &[f64]) {
    message(out, field, |out| {
        for number in numbers {
            out.extend(number.to_le_bytes());
        }
    });
}

/// A field with a length: whatever `write` appends, moved up by the bytes its length takes.
pub fn message(out: &mut Vec<u8>, field: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(field << 3 | 2);
    let start = out.len();
    out.push(0);
    write(out);
    let end = out.len();
    let length = end - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
        return;
    }
    let mut prefix = Vec::with_capacity(5);
    varint(&mut prefix, length as u64);
    out.resize(end + prefix.len() - 1, 0);
    out.copy_within(start + 1..end, start + prefix.len());
    out[start..start + prefix.len()].copy_from_slice(&prefix);
}

/// `SummaryMetadata` that names a plugin and nothing else.
pub struct Metadata(Vec<u8>);

impl Metadata {
    /// For `plugin`.
    pub fn new(plugin: &str) -> Self {
        let mut out = Vec::new();
        message(&mut out, 9, |metadata| {
            message(metadata, 1, |data| text(data, 1, plugin));
        });
        Self(out)
    }

    /// Appends it to a `Summary.Value`.
    pub fn append(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(&self.0);
    }
}
