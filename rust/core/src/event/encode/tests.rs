//! The bytes against what protobuf writes.

use super::*;

fn bytes(what: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    what.encode(&mut out).expect("nobody stops it");
    assert_eq!(out.len(), what.encoded_len(), "size and bytes agree");
    out
}

fn event<W: Encode>(wall_time: f64, step: i64, what: W) -> Vec<u8> {
    bytes(&Event {
        wall_time,
        step,
        what,
    })
}

#[test]
fn version_event_is_field_3_then_10() {
    let out = event(1.5, 0, Version { writer: WRITER });
    assert_eq!(
        out,
        b"\x09\0\0\0\0\0\0\xf8\x3f\x1a\x0dbrain.Event:2\x52\x0a\x0a\x08tfevents"
    );
    assert_eq!(
        event(0.0, 0, Version { writer: "" }),
        b"\x1a\x0dbrain.Event:2"
    );
}

#[test]
fn scalar_event_omits_defaults_and_keeps_a_zero_value() {
    let out = event(
        0.0,
        0,
        Summary(PlainScalar {
            tag: "",
            value: 0.0,
        }),
    );
    assert_eq!(out, b"\x2a\x07\x0a\x05\x15\0\0\0\0");
    let out = event(
        0.0,
        3,
        Summary(PlainScalar {
            tag: "a",
            value: 1.0,
        }),
    );
    assert_eq!(out, b"\x10\x03\x2a\x0a\x0a\x08\x0a\x01a\x15\0\0\x80\x3f");
}

#[test]
fn negative_zero_is_no_default_and_negative_steps_take_ten_bytes() {
    assert_eq!(event(-0.0, 0, Values(b"")).len(), 9 + 2);
    assert_eq!(event(0.0, -1, Values(b"")).len(), 11 + 2);
    assert_eq!(event(0.0, i64::MIN, Values(b"")).len(), 11 + 2);
}

#[test]
fn tensor_scalars_have_no_shape_and_name_their_plugin() {
    let value = ScalarValue {
        tag: "t",
        value: Scalar::Double(1.0),
        display_name: "",
        description: "",
    };
    assert_eq!(
        bytes(&value),
        b"\x0a\x01t\x42\x0c\x08\x02\x32\x08\0\0\0\0\0\0\xf0\x3f\x4a\x0b\x0a\x09\x0a\x07scalars"
    );
}

#[test]
fn sizes_agree_where_lengths_grow_a_byte() {
    let text = "x".repeat(70_000);
    for n in [
        0, 1, 110, 111, 112, 113, 126, 127, 128, 16_370, 16_383, 16_384, 70_000,
    ] {
        for value in [Scalar::Simple(1.0), Scalar::Float(2.0), Scalar::Double(3.0)] {
            for m in [0, 1, 100, 127, 128, 20_000] {
                let value = ScalarValue {
                    tag: &text[..n],
                    value,
                    display_name: &text[..m],
                    description: &text[..n],
                };
                event(1.0, 1 << 40, Summary(value));
            }
        }
        let data = &text.as_bytes()[..n];
        event(1.0, 1, Graph::GraphDef(data));
        event(
            1.0,
            1,
            RunMetadata {
                tag: &text[..n],
                data,
            },
        );
        event(1.0, 1, Values(data));
    }
}

#[test]
fn a_plain_scalar_is_one_without_metadata() {
    for tag in ["", "loss"] {
        let full = ScalarValue {
            tag,
            value: Scalar::Simple(0.25),
            display_name: "",
            description: "",
        };
        assert_eq!(bytes(&PlainScalar { tag, value: 0.25 }), bytes(&full));
    }
}

#[test]
fn varints_have_their_documented_lengths() {
    for shift in 0..64 {
        for value in [1u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
        }
    }
}
