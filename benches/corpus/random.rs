//! Seeded numbers in the shapes that training logs have.

/// The odd constant of splitmix64.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// splitmix64: ten lines, the same on every machine, good enough to defeat a compressor.
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform between `low` and `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A random walk that starts somewhere in 0.1..10.
    pub fn walk(&mut self) -> Walk {
        Walk(self.between(0.1, 10.0) as f32)
    }

    /// Buckets that touch: edges, and whole counts that rise to the middle. None is empty, so that
    /// no reader has a reason to trim. `exponential` edges are a stretch of those that legacy
    /// writers use, each ten per cent above the last.
    pub fn buckets(
        &mut self,
        buckets: usize,
        exponential: bool,
        lefts: &mut Vec<f64>,
        rights: &mut Vec<f64>,
        counts: &mut Vec<f64>,
    ) {
        lefts.clear();
        rights.clear();
        counts.clear();
        let mut left = if exponential {
            1e-7
        } else {
            -self.between(0.1, 1.0)
        };
        let width = -2.0 * left / buckets as f64;
        for bucket in 0..buckets {
            let right = if exponential {
                left * 1.1
            } else {
                left + width
            };
            lefts.push(left);
            rights.push(right);
            let middle = bucket.min(buckets - 1 - bucket) + 1;
            let most = (2_000 * middle / buckets) as u64;
            counts.push((1 + self.bits() % (most + 1)) as f64);
            left = right;
        }
    }

    /// Makes `out` `length` bytes that start like a PNG and compress like one.
    pub fn png(&mut self, length: usize, out: &mut Vec<u8>) {
        // The signature, then IHDR: 590 x 590, eight bits, RGB, with its CRC; then one IDAT.
        const HEAD: &[u8] =
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x4e\0\0\x02\x4e\x08\x02\0\0\0";
        out.clear();
        out.extend_from_slice(HEAD);
        out.extend(crc32(&HEAD[12..]).to_be_bytes());
        out.extend(((length - HEAD.len() - 4 - 12) as u32).to_be_bytes());
        out.extend_from_slice(b"IDAT");
        while out.len() < length {
            out.extend(self.bits().to_le_bytes());
        }
        out.truncate(length);
    }
}

/// The state of a random walk.
pub struct Walk(f32);

impl Walk {
    /// The next value: up or down by less than one per cent.
    pub fn next(&mut self, rng: &mut Rng) -> f32 {
        self.0 *= 1.0 + rng.between(-0.01, 0.01) as f32;
        self.0
    }
}

/// FNV-1a, 64 bits.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// All 64 bits of a double where its low half may be zero, as that of a widened float is.
pub fn fold(number: f64) -> u64 {
    number.to_bits() ^ (number.to_bits() >> 32)
}

/// The CRC of PNG chunks, bit by bit: it is computed over seventeen bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
