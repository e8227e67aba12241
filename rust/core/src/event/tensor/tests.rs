//! Elements as TensorFlow reads them, and the quirks of writers.

use super::*;
use crate::event::wire::put_varint;

fn tensor(dtype: u8, dims: &[u64], fields: &[(u32, u8, Vec<u8>)]) -> Vec<u8> {
    let mut shape = Vec::new();
    for &dim in dims {
        let mut size = vec![0x08];
        put_varint(&mut size, dim);
        shape.push(0x12);
        put_varint(&mut shape, size.len() as u64);
        shape.extend(size);
    }
    let mut out = vec![0x08, dtype, 0x12];
    put_varint(&mut out, shape.len() as u64);
    out.extend(shape);
    for (number, wire, payload) in fields {
        put_varint(&mut out, u64::from(number << 3 | u32::from(*wire)));
        if *wire == 2 {
            put_varint(&mut out, payload.len() as u64);
        }
        out.extend(payload);
    }
    out
}

fn elements(message: &[u8], count: u64) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    Tensor::parse(message)
        .unwrap()
        .elements(count, &mut out)
        .map(|()| out)
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn fewer_values_than_the_shape_repeat_the_last() {
    let message = tensor(1, &[4], &[(5, 2, floats(&[1.0, 2.0]))]);
    assert_eq!(
        elements(&message, 4).unwrap(),
        floats(&[1.0, 2.0, 2.0, 2.0])
    );
}

#[test]
fn no_values_are_zeros_and_too_many_are_ignored() {
    assert_eq!(
        elements(&tensor(1, &[2], &[]), 2).unwrap(),
        floats(&[0.0, 0.0])
    );
    let message = tensor(1, &[1], &[(5, 2, floats(&[7.0, 8.0]))]);
    assert_eq!(elements(&message, 1).unwrap(), floats(&[7.0]));
}

#[test]
fn packed_and_unpacked_values_mix() {
    let message = tensor(
        1,
        &[3],
        &[
            (5, 5, floats(&[1.0])),
            (5, 2, floats(&[2.0])),
            (5, 5, floats(&[3.0])),
        ],
    );
    assert_eq!(elements(&message, 3).unwrap(), floats(&[1.0, 2.0, 3.0]));
}

#[test]
fn content_of_the_wrong_length_is_an_error() {
    let message = tensor(1, &[2], &[(4, 2, floats(&[1.0]))]);
    assert!(elements(&message, 2).is_err());
}

#[test]
fn a_few_bytes_cannot_ask_for_terabytes() {
    let message = tensor(1, &[1 << 40], &[(5, 2, floats(&[1.0]))]);
    assert!(elements(&message, 1 << 40).is_err());
    let overflow = tensor(1, &[1 << 40, 1 << 40], &[]);
    assert_eq!(Tensor::parse(&overflow).unwrap().rank_and_count(), None);
}

#[test]
fn pytorch_halves_stored_as_float32_bits_read_right() {
    let mut packed = Vec::new();
    for value in [1.0f32, 0.0, -2.5, 65504.0, 2f32.powi(-24)] {
        put_varint(&mut packed, u64::from(value.to_bits()));
    }
    let message = tensor(19, &[5], &[(13, 2, packed)]);
    let half = DType::from_name("float16").unwrap();
    let values: Vec<f64> = elements(&message, 5)
        .unwrap()
        .chunks(2)
        .map(|b| half.to_f64(b).unwrap())
        .collect();
    assert_eq!(values, [1.0, 0.0, -2.5, 65504.0, 2f64.powi(-24)]);
}

#[test]
fn pytorch_uint8_stored_in_uint32_val_reads_right() {
    let message = tensor(4, &[3], &[(16, 2, vec![1, 2, 3])]);
    assert_eq!(elements(&message, 3).unwrap(), [1, 2, 3]);
}

#[test]
fn every_half_survives_the_way_through_float32() {
    let half = DType::from_name("float16").unwrap();
    for bits in 0..=u16::MAX {
        let value = half.to_f64(&bits.to_le_bytes()).unwrap() as f32;
        if !value.is_nan() {
            assert_eq!(half_bits(value), bits);
        }
    }
}

#[test]
fn scalars_read_in_every_form() {
    for message in [
        tensor(1, &[], &[(4, 2, floats(&[1.5]))]),
        tensor(1, &[], &[(5, 2, floats(&[1.5]))]),
        tensor(1, &[1], &[(5, 5, floats(&[1.5]))]),
        vec![0x08, 0x01, 0x2a, 4, 0, 0, 0xc0, 0x3f], // no shape message
        tensor(2, &[], &[(6, 2, 1.5f64.to_le_bytes().to_vec())]),
    ] {
        assert_eq!(Tensor::parse(&message).unwrap().scalar(), Ok(1.5));
    }
}
