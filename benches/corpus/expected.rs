//! What a reader of a corpus must find, as `expected.json`.
//!
//! For each kind the rows, some sums, and `mix`: a wrapping sum over the rows that no order of
//! rows changes, and no exchange of columns between rows survives.
//!
//! ```text
//! key(row)  = fnv1a64(tag) + step * 0x9e3779b97f4a7c15 + bits(wall_time)
//! mix       = sum over rows of (key(row) | 1) * content(row)                  (all modulo 2^64)
//!
//! content of a scalar     fold(value)
//! content of a histogram  sum over buckets of fold(count)
//! content of an image     its length + its last eight bytes, little-endian
//! fold(x)                 bits(x as f64) ^ bits(x as f64) >> 32
//! ```

use std::collections::BTreeMap;

use crate::random::GOLDEN;

/// One kind of it.
#[derive(Default)]
pub struct Expected {
    pub rows: u64,
    pub sum_step: i64,
    /// Of the values of scalars and of the counts of histograms.
    pub sum: f64,
    pub buckets: u64,
    pub data_bytes: u64,
    pub mix: u64,
}

impl Expected {
    /// Adds a row; `tag` is a hash.
    pub fn row(&mut self, tag: u64, step: i64, wall_time: f64, content: u64) {
        let key = tag
            .wrapping_add((step as u64).wrapping_mul(GOLDEN))
            .wrapping_add(wall_time.to_bits());
        self.rows += 1;
        self.sum_step += step;
        self.mix = self.mix.wrapping_add((key | 1).wrapping_mul(content));
    }
}

/// The file.
pub fn json(
    name: &str,
    scale: f64,
    fields: &[(&str, u64)],
    kinds: &BTreeMap<&'static str, Expected>,
) -> String {
    let mut out = format!("{{\"name\": \"{name}\", \"scale\": {scale:?}");
    for (field, value) in fields {
        out += &format!(", \"{field}\": {value}");
    }
    out += ",\n \"kinds\": {";
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, e)| {
            format!(
                "\"{kind}\": {{\"rows\": {}, \"sum_step\": {}, \"sum\": {:?}, \"buckets\": {}, \
                 \"data_bytes\": {}, \"mix\": {}}}",
                e.rows, e.sum_step, e.sum, e.buckets, e.data_bytes, e.mix
            )
        })
        .collect();
    out + &kinds.join(",\n           ") + "}}\n"
}
