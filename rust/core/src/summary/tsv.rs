//! Tables of numbers as text, for the embedding projector.
//!
//! Numbers are spelled as Python spells them: the shortest digits that read back equal, a `.0` on
//! whole numbers, an exponent below 1e-4 and from 1e16 on.

use std::io::Write;

use super::array::Array;
use crate::{Result, interrupt};

/// Numbers between two looks at whether the caller still waits.
const BLOCK: usize = 1 << 14;

/// One line a row, tabs between columns, a newline after every row.
///
/// # Errors
/// If the caller of [`interrupt::watched`] has asked to stop.
pub fn tsv(array: &Array<'_>) -> Result<Vec<u8>> {
    let columns = array.shape.last().copied().unwrap_or(1).max(1);
    let float = array.dtype.is_float();
    let mut out = Vec::with_capacity(array.len() * 12);
    for (index, number) in array.to_f64()?.into_iter().enumerate() {
        if index % BLOCK == 0 {
            interrupt::check()?;
        }
        if float {
            spell(&mut out, number);
        } else {
            // Writing to memory does not fail.
            let _ = write!(out, "{number}");
        }
        out.push(if (index + 1) % columns == 0 {
            b'\n'
        } else {
            b'\t'
        });
    }
    Ok(out)
}

fn spell(out: &mut Vec<u8>, number: f64) {
    let start = out.len();
    let magnitude = number.abs();
    let _ = match magnitude {
        _ if number.is_nan() => write!(out, "nan"),
        f64::INFINITY => write!(out, "{}inf", if number < 0.0 { "-" } else { "" }),
        0.0 | 1e-4..1e16 => write!(out, "{number:?}"),
        _ => write!(out, "{number:e}"),
    };
    // Python writes exponents with a sign and at least two digits.
    if let Some(at) = out[start..].iter().position(|&byte| byte == b'e') {
        let exponent = out.split_off(start + at + 1);
        let (sign, digits) = match exponent.split_first() {
            Some((b'-', digits)) => (b'-', digits),
            _ => (b'+', exponent.as_slice()),
        };
        out.push(sign);
        if digits.len() < 2 {
            out.push(b'0');
        }
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::super::array::Dtype;
    use super::*;

    #[test]
    fn numbers_are_spelled_as_python_spells_them() {
        let numbers = [
            1.0,
            -0.5,
            1e16,
            1.5e-5,
            0.0001,
            123456.789,
            f64::NAN,
            f64::NEG_INFINITY,
        ];
        let data: Vec<u8> = numbers
            .iter()
            .flat_map(|number: &f64| number.to_le_bytes())
            .collect();
        let array = Array::new(Dtype::Float64, &[2, 4], &data).expect("consistent");
        let text = String::from_utf8(tsv(&array).expect("numbers")).expect("text");
        assert_eq!(
            text,
            "1.0\t-0.5\t1e+16\t1.5e-05\n0.0001\t123456.789\tnan\t-inf\n"
        );
    }
}
