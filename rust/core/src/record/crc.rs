//! Masked CRC-32C, the checksum of TFRecord.
//!
//! Event files are made of very short checksums: 8 bytes for every length and some 40 for every
//! scalar. At that size the cost is the call, not the arithmetic, so the frame loop is compiled
//! once per instruction set and chosen once per block (see [`Job`]); inside it a checksum is a
//! handful of inlined `crc32` instructions. Long payloads (histograms, images) are limited by
//! arithmetic instead and go to `crc-fast`, which folds with carry-less multiplication.
//!
//! The mask keeps a checksum of data that itself holds checksums from degenerating: it is a
//! rotation right by 15 bits plus a constant. Source: `tensorflow/core/lib/hash/crc32c.h` and RFC
//! 3720 §12.1 for the polynomial.
#![expect(
    unsafe_code,
    reason = "calls into functions compiled for an instruction set that was just detected"
)]

use std::fmt;

/// The constant of the mask.
const MASK_DELTA: u32 = 0xa282_ead8;

/// From this length on, folding beats one `crc32` instruction per eight bytes.
const FOLDING_PAYS: usize = 256;

/// A CRC-32C as TFRecord stores it: rotated and offset.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskedCrc(u32);

impl MaskedCrc {
    /// The masked checksum of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        struct One<'a>(&'a [u8]);
        impl Job for One<'_> {
            type Output = u32;
            #[inline(always)]
            fn run<C: Crc>(self) -> u32 {
                C::crc32c(self.0)
            }
        }
        Self::mask(with_fastest(One(bytes)))
    }

    /// Masks a plain CRC-32C.
    #[inline(always)]
    pub const fn mask(crc: u32) -> Self {
        Self(crc.rotate_right(15).wrapping_add(MASK_DELTA))
    }

    /// As read from a file.
    #[inline(always)]
    pub const fn from_le_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }

    /// As written to a file.
    #[inline(always)]
    pub const fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

/// A checksum of bytes that come in pieces.
pub(super) struct LongCrc(crc_fast::Digest);

impl LongCrc {
    pub fn new() -> Self {
        Self(crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi))
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn masked(&self) -> MaskedCrc {
        MaskedCrc::mask(self.0.finalize() as u32)
    }
}

impl fmt::Debug for MaskedCrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedCrc({:#010x})", self.0)
    }
}

/// One way to compute a CRC-32C (polynomial 0x1EDC6F41, reflected, initial value and final
/// exclusive-or all ones).
pub trait Crc {
    /// The plain, unmasked checksum.
    fn crc32c(bytes: &[u8]) -> u32;
}

/// Work whose inner loop computes checksums, generic over how.
pub trait Job {
    /// What the work yields.
    type Output;
    /// Does the work. Implementations are `#[inline(always)]`, down to the loop, so that the loop
    /// is compiled with the instructions of `C`.
    fn run<C: Crc>(self) -> Self::Output;
}

/// Runs `job` with the fastest checksum this processor has.
#[inline]
pub fn with_fastest<J: Job>(job: J) -> J::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the instruction set was detected on the line above.
        return unsafe { x86::with_sse42(job) };
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("crc") {
        // SAFETY: the instruction set was detected on the line above.
        return unsafe { arm::with_crc(job) };
    }
    job.run::<Portable>()
}

/// Eight bytes at a time over tables; for processors without a CRC instruction, and as the oracle.
pub struct Portable;

const TABLES: [[u32; 256]; 8] = {
    let mut tables = [[0u32; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut slice = 1;
    while slice < 8 {
        let mut byte = 0;
        while byte < 256 {
            let below = tables[slice - 1][byte];
            tables[slice][byte] = (below >> 8) ^ tables[0][(below & 0xff) as usize];
            byte += 1;
        }
        slice += 1;
    }
    tables
};

impl Crc for Portable {
    fn crc32c(bytes: &[u8]) -> u32 {
        let mut crc = !0u32;
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let low = u64::from_le_bytes(*word) ^ u64::from(crc);
            crc = (0..8).fold(0, |sum, i| {
                sum ^ TABLES[7 - i][(low >> (8 * i)) as usize & 0xff]
            });
        }
        for &byte in rest {
            crc = (crc >> 8) ^ TABLES[0][((crc ^ u32::from(byte)) & 0xff) as usize];
        }
        !crc
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Crc, FOLDING_PAYS, Job};
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u32, _mm_crc32_u64};

    /// Only reachable through [`with_sse42`], hence only where SSE 4.2 was detected.
    struct Sse42;

    /// # Safety
    /// The processor has SSE 4.2.
    #[target_feature(enable = "sse4.2")]
    pub(super) unsafe fn with_sse42<J: Job>(job: J) -> J::Output {
        job.run::<Sse42>()
    }

    impl Crc for Sse42 {
        #[inline(always)]
        fn crc32c(bytes: &[u8]) -> u32 {
            if bytes.len() >= FOLDING_PAYS {
                return crc_fast::crc32_iscsi(bytes);
            }
            let mut crc = u64::from(!0u32);
            let (words, rest) = bytes.as_chunks::<8>();
            for word in words {
                // SAFETY: `Sse42` is private and only used under `with_sse42`.
                crc = unsafe { _mm_crc32_u64(crc, u64::from_le_bytes(*word)) };
            }
            let mut crc = crc as u32;
            let (half, rest) = rest.as_chunks::<4>();
            for word in half {
                // SAFETY: as above.
                crc = unsafe { _mm_crc32_u32(crc, u32::from_le_bytes(*word)) };
            }
            for &byte in rest {
                // SAFETY: as above.
                crc = unsafe { _mm_crc32_u8(crc, byte) };
            }
            !crc
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::{Crc, FOLDING_PAYS, Job};
    use std::arch::aarch64::{__crc32cb, __crc32cd, __crc32cw};

    /// Only reachable through [`with_crc`], hence only where the instructions were detected.
    struct Armv8;

    /// # Safety
    /// The processor has the CRC extension.
    #[target_feature(enable = "crc")]
    pub(super) unsafe fn with_crc<J: Job>(job: J) -> J::Output {
        job.run::<Armv8>()
    }

    impl Crc for Armv8 {
        #[inline(always)]
        fn crc32c(bytes: &[u8]) -> u32 {
            if bytes.len() >= FOLDING_PAYS {
                return crc_fast::crc32_iscsi(bytes);
            }
            let mut crc = !0u32;
            let (words, rest) = bytes.as_chunks::<8>();
            for word in words {
                // SAFETY: `Armv8` is private and only used under `with_crc`.
                crc = unsafe { __crc32cd(crc, u64::from_le_bytes(*word)) };
            }
            let (half, rest) = rest.as_chunks::<4>();
            for word in half {
                // SAFETY: as above.
                crc = unsafe { __crc32cw(crc, u32::from_le_bytes(*word)) };
            }
            for &byte in rest {
                // SAFETY: as above.
                crc = unsafe { __crc32cb(crc, byte) };
            }
            !crc
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain<'a>(&'a [u8]);
    impl Job for Plain<'_> {
        type Output = u32;
        fn run<C: Crc>(self) -> u32 {
            C::crc32c(self.0)
        }
    }

    #[test]
    fn matches_the_published_vectors() {
        assert_eq!(with_fastest(Plain(b"123456789")), 0xe306_9283);
        assert_eq!(Portable::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(MaskedCrc::of(b"123456789"), MaskedCrc(0xc78a_b0e5));
        assert_eq!(MaskedCrc::of(b""), MaskedCrc(0xa282_ead8));
        assert_eq!(MaskedCrc::of(&[0; 8]), MaskedCrc(0x0798_0329));
        assert_eq!(MaskedCrc::of(&24u64.to_le_bytes()), MaskedCrc(0x224b_7fa3));
        assert_eq!(MaskedCrc::of(&1u64.to_le_bytes()), MaskedCrc(0x41de_7501));
    }

    #[test]
    fn every_implementation_agrees_at_every_length_and_alignment() {
        let bytes: Vec<u8> = (0..2048u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for start in 0..9 {
            for len in (0..600).chain([1000, 1024, 2000]) {
                let slice = &bytes[start..start + len];
                assert_eq!(
                    with_fastest(Plain(slice)),
                    Portable::crc32c(slice),
                    "{start}+{len}"
                );
            }
        }
    }
}
