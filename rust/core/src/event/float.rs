//! Floats of 16 bits and fewer: their values, and rounding to them.
//!
//! Source: IEEE 754 for float16, the ml_dtypes README for bfloat16 and the 8-bit variants, OCP's
//! "8-bit Floating Point Specification" and "Microscaling Formats" for e4m3fn, e5m2 and e2m1fn.

/// What the all-ones exponent means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    /// Infinities and NaNs, as in IEEE 754.
    Ieee,
    /// Numbers, but for the one pattern of all ones, which is NaN.
    OneNan,
    /// Numbers; NaN is negative zero.
    NegativeZeroNan,
    /// Numbers only.
    None,
}

/// The layout of a float: a sign, an exponent and a mantissa.
#[derive(Debug, Clone, Copy)]
pub(super) struct SmallFloat {
    exponent: u32,
    mantissa: u32,
    bias: i32,
    special: Special,
}

const fn small(exponent: u32, mantissa: u32, bias: i32, special: Special) -> SmallFloat {
    SmallFloat {
        exponent,
        mantissa,
        bias,
        special,
    }
}

pub(super) const HALF: SmallFloat = small(5, 10, 15, Special::Ieee);
pub(super) const BFLOAT16: SmallFloat = small(8, 7, 127, Special::Ieee);
pub(super) const E5M2: SmallFloat = small(5, 2, 15, Special::Ieee);
pub(super) const E4M3FN: SmallFloat = small(4, 3, 7, Special::OneNan);
pub(super) const E4M3FNUZ: SmallFloat = small(4, 3, 8, Special::NegativeZeroNan);
pub(super) const E4M3B11FNUZ: SmallFloat = small(4, 3, 11, Special::NegativeZeroNan);
pub(super) const E5M2FNUZ: SmallFloat = small(5, 2, 16, Special::NegativeZeroNan);
pub(super) const E2M1FN: SmallFloat = small(2, 1, 1, Special::None);

/// Two to the power of `exponent`, which is that of a normal number.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

impl SmallFloat {
    /// The value of the bit pattern `bits`; exact.
    pub(super) fn to_f64(self, bits: u16) -> f64 {
        let bits = u32::from(bits);
        let mantissa = bits & ((1 << self.mantissa) - 1);
        let ones = (1 << self.exponent) - 1;
        let exponent = (bits >> self.mantissa) & ones;
        let negative = (bits >> (self.mantissa + self.exponent)) & 1 == 1;
        let sign = if negative { -1.0 } else { 1.0 };
        match self.special {
            Special::Ieee if exponent == ones => {
                return if mantissa == 0 {
                    sign * f64::INFINITY
                } else {
                    f64::NAN
                };
            }
            Special::OneNan if exponent == ones && mantissa == (1 << self.mantissa) - 1 => {
                return f64::NAN;
            }
            Special::NegativeZeroNan if negative && exponent == 0 && mantissa == 0 => {
                return f64::NAN;
            }
            _ => {}
        }
        let fraction = f64::from(mantissa) / f64::from(1u32 << self.mantissa);
        sign * if exponent == 0 {
            fraction * power(1 - self.bias)
        } else {
            (1.0 + fraction) * power(exponent as i32 - self.bias)
        }
    }

    /// The largest finite value.
    fn max(self) -> f64 {
        let ones = (1i32 << self.exponent) - 1;
        let steps = f64::from(1u32 << self.mantissa);
        let (top, exponent) = match self.special {
            Special::Ieee => (steps - 1.0, ones - 1),
            Special::OneNan => (steps - 2.0, ones),
            Special::NegativeZeroNan | Special::None => (steps - 1.0, ones),
        };
        (1.0 + top / steps) * power(exponent - self.bias)
    }

    /// The nearest value, ties to the even one. `None` for what there is none of: numbers that
    /// round beyond the largest, and infinities and NaN in formats without them.
    #[inline]
    pub(super) fn round(self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return (self.special != Special::None).then_some(value);
        }
        if value.is_infinite() {
            return (self.special == Special::Ieee).then_some(value);
        }
        let max = self.max();
        if value.abs() >= 2.0 * max {
            return None;
        }
        let exponent = ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        // The distance between neighbours here; that of the smallest numbers at least.
        let unit = exponent.max(1 - self.bias) - self.mantissa as i32;
        // At the sum, neighbours are that far apart. It is rounded to one, ties to even.
        let shift = 1.5 * power(unit + 52);
        let rounded = ((value + shift) - shift).copysign(value);
        if rounded.abs() > max {
            return None;
        }
        let unsigned_zero = rounded == 0.0 && self.special == Special::NegativeZeroNan;
        Some(if unsigned_zero { 0.0 } else { rounded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [(SmallFloat, u32); 8] = [
        (HALF, 16),
        (BFLOAT16, 16),
        (E5M2, 8),
        (E4M3FN, 8),
        (E4M3FNUZ, 8),
        (E4M3B11FNUZ, 8),
        (E5M2FNUZ, 8),
        (E2M1FN, 4),
    ];

    /// Every finite value, ascending, zero once.
    fn values(float: SmallFloat, bits: u32) -> Vec<f64> {
        let all = (0..1u32 << bits).map(|bits| float.to_f64(bits as u16));
        let mut all: Vec<f64> = all.filter(|v| v.is_finite()).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    #[test]
    fn every_value_rounds_to_itself_and_the_largest_is_the_largest() {
        for (float, bits) in ALL {
            let all = values(float, bits);
            assert_eq!(all.last(), Some(&float.max()));
            for value in all {
                assert_eq!(float.round(value), Some(value), "{float:?}");
            }
        }
    }

    #[test]
    fn what_a_format_has_no_pattern_for_does_not_fit() {
        assert_eq!(HALF.round(65519.0), Some(65504.0));
        assert_eq!(HALF.round(65520.0), None);
        assert_eq!(BFLOAT16.round(1e300), None);
        assert_eq!(E4M3FN.round(f64::INFINITY), None);
        assert_eq!(E4M3FN.round(464.0), Some(448.0));
        assert_eq!(E5M2.round(f64::NEG_INFINITY), Some(f64::NEG_INFINITY));
        assert!(E4M3FN.round(f64::NAN).is_some_and(f64::is_nan));
        assert_eq!(E2M1FN.round(f64::NAN), None);
        let zero = E5M2FNUZ.round(-1e-9).unwrap();
        assert!(zero == 0.0 && zero.is_sign_positive());
        assert!(E5M2.round(-1e-9).unwrap().is_sign_negative());
    }

    proptest! {
        #[test]
        fn a_number_rounds_to_the_nearest(
            which in 0..ALL.len(),
            scale in -30i32..20,
            number in -1.0f64..1.0,
        ) {
            let (float, bits) = ALL[which];
            let value = number * 2f64.powi(scale);
            let all = values(float, bits);
            if let Some(rounded) = float.round(value) {
                let least = all.iter().map(|v| (v - value).abs()).fold(f64::INFINITY, f64::min);
                prop_assert_eq!((rounded - value).abs(), least);
            } else {
                prop_assert!(value.abs() > float.max());
            }
        }
    }
}
