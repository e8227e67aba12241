//! Looks at the head of a large payload to tell what is in it, without reading the rest.
//!
//! The head may stop anywhere. A field that reaches beyond it is known by its number, its length,
//! and as many of its bytes as there are. What cannot be told for certain is left out, and the
//! caller reads the whole record.

use super::dtype::DType;
use super::wire::Fields;

/// What the head of an event tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Peek<'a> {
    /// 0 if absent so far.
    pub step: i64,
    /// 0 if absent so far.
    pub wall_time: f64,
    /// Field number of the large part of the event.
    pub what: u32,
    /// The single value of a summary.
    pub value: Option<PeekValue<'a>>,
}

/// What the head of a single-valued summary tells of the value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PeekValue<'a> {
    /// The tag.
    pub tag: &'a [u8],
    /// Field number of the large part of the value.
    pub content: u32,
    /// Of a tensor, if it came first.
    pub dtype: Option<DType>,
    /// The metadata, where the head reaches it.
    pub metadata: Option<&'a [u8]>,
}

/// A field of which perhaps only the beginning is there.
struct Part<'a> {
    number: u32,
    varint: u64,
    bytes: &'a [u8],
    /// Whole length of a length-delimited field.
    length: u64,
}

/// The fields of a message of `length` bytes that begins with `head`.
fn parts<'a>(head: &'a [u8], length: u64) -> impl Iterator<Item = Option<Part<'a>>> {
    let mut at = 0usize;
    let mut over = false;
    std::iter::from_fn(move || {
        if over || at as u64 >= length {
            return None;
        }
        let part = part(&head[at.min(head.len())..]).and_then(|(part, header)| {
            let end = (at as u64)
                .checked_add(header as u64)?
                .checked_add(part.length)?;
            at = usize::try_from(end).ok().filter(|_| end <= length)?;
            Some(part)
        });
        over = part.is_none();
        Some(part)
    })
}

fn part(head: &[u8]) -> Option<(Part<'_>, usize)> {
    let mut fields = Fields::of(head);
    let key = fields.varint()?;
    let number = u32::try_from(key >> 3).ok()?;
    let none = Part {
        number,
        varint: 0,
        bytes: &[],
        length: 0,
    };
    match key & 7 {
        0 => {
            let varint = fields.varint()?;
            Some((Part { varint, ..none }, head.len() - fields.rest().len()))
        }
        1 => {
            let bytes = fields.fixed_bytes::<8>()?;
            Some((
                Part {
                    bytes,
                    length: 8,
                    ..none
                },
                head.len() - fields.rest().len() - 8,
            ))
        }
        5 => {
            let bytes = fields.fixed_bytes::<4>()?;
            Some((
                Part {
                    bytes,
                    length: 4,
                    ..none
                },
                head.len() - fields.rest().len() - 4,
            ))
        }
        2 => {
            let length = fields.varint()?;
            let rest = fields.rest();
            let bytes = &rest[..rest.len().min(usize::try_from(length).ok()?)];
            Some((
                Part {
                    bytes,
                    length,
                    ..none
                },
                head.len() - rest.len(),
            ))
        }
        _ => None,
    }
}

impl<'a> Peek<'a> {
    /// What `head`, the beginning of an event of `length` bytes, tells; `None` if too little.
    pub fn at(head: &'a [u8], length: u64) -> Option<Self> {
        let mut peek = Peek::default();
        for part in parts(head, length) {
            let part = part?;
            match part.number {
                1 => peek.wall_time = f64::from_le_bytes(part.bytes.try_into().ok()?),
                2 => peek.step = part.varint as i64,
                3..=9 if peek.what != 0 => return None,
                5 => {
                    peek.what = 5;
                    peek.value = Some(PeekValue::at(part.bytes, part.length)?);
                }
                3..=9 => peek.what = part.number,
                _ => {}
            }
        }
        Some(peek)
    }
}

impl<'a> PeekValue<'a> {
    fn at(summary: &'a [u8], length: u64) -> Option<Self> {
        let mut values = parts(summary, length);
        let value = values.next()??;
        if value.number != 1 || values.next().is_some() {
            return None;
        }
        let mut peek = PeekValue::default();
        let mut cut = false;
        for part in parts(value.bytes, value.length) {
            let Some(part) = part else {
                cut = true;
                break;
            };
            let whole = part.bytes.len() as u64 == part.length;
            match part.number {
                1 if whole => peek.tag = part.bytes,
                9 if whole => peek.metadata = Some(part.bytes),
                1 | 7 | 9 => return None, // a node name may stand for the tag
                2..=6 | 8 if peek.content != 0 => return None,
                8 => {
                    peek.content = 8;
                    peek.dtype = parts(part.bytes, part.length)
                        .next()
                        .flatten()
                        .filter(|p| p.number == 1)
                        .and_then(|p| DType::from_wire(p.varint as i32));
                }
                2..=6 => peek.content = part.number,
                _ => {}
            }
        }
        // An empty tag may have been cut off, and a tensor without one has another name.
        let named = !peek.tag.is_empty() || (!cut && peek.content != 8);
        (peek.content != 0 && named).then_some(peek)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::view::{Content, Event, Value, Values, What};
    use crate::proto::{
        Event as Message, Image, PluginData, Summary, SummaryMetadata, TensorProto, Value as Part,
        ValueData, What as Kind,
    };
    use proptest::prelude::*;
    use prost::Message as _;

    fn part() -> impl Strategy<Value = Part> {
        let content = prop_oneof![
            any::<f32>().prop_map(ValueData::SimpleValue),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(|bytes| ValueData::Image(Image {
                encoded_image_string: bytes,
                ..Image::default()
            })),
            (0i32..40, prop::collection::vec(any::<f32>(), 0..20)).prop_map(|(dtype, values)| {
                ValueData::Tensor(TensorProto {
                    dtype,
                    float_val: values,
                    ..TensorProto::default()
                })
            }),
        ];
        let metadata = prop::option::of("[a-c]{0,3}").prop_map(|name| {
            name.map(|plugin_name| SummaryMetadata {
                plugin_data: Some(PluginData {
                    plugin_name,
                    ..PluginData::default()
                }),
                ..SummaryMetadata::default()
            })
        });
        (
            "[a-c]{0,3}",
            "[a-c]{0,1}",
            metadata,
            prop::option::of(content),
        )
            .prop_map(|(tag, node_name, metadata, value)| Part {
                tag,
                node_name,
                metadata,
                value,
            })
    }

    fn event() -> impl Strategy<Value = Vec<u8>> {
        let what = prop_oneof![
            Just(None),
            "[a-c]{0,9}".prop_map(|text| Some(Kind::FileVersion(text))),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(|b| Some(Kind::GraphDef(b))),
            prop::collection::vec(part(), 0..3)
                .prop_map(|value| Some(Kind::Summary(Summary { value }))),
        ];
        (any::<f64>(), any::<i64>(), what).prop_map(|(wall_time, step, what)| {
            Message {
                wall_time,
                step,
                what,
                source_metadata: None,
            }
            .encode_to_vec()
        })
    }

    /// The same fields the other way round, in the event and in its values.
    fn reversed(payload: &[u8], levels: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut fields = Fields::of(payload);
        let mut before = payload;
        while let Some((number, field)) = fields.next() {
            let bytes = &before[..before.len() - fields.rest().len()];
            before = fields.rest();
            let inner = match field {
                crate::event::wire::Field::Bytes(b) if levels > 0 && [1, 5].contains(&number) => b,
                _ => {
                    parts.push(bytes.to_vec());
                    continue;
                }
            };
            let inner = reversed(inner, levels - 1);
            let mut out = vec![bytes[0]];
            crate::event::wire::put_varint(&mut out, inner.len() as u64);
            out.extend(inner);
            parts.push(out);
        }
        parts.reverse();
        parts.concat()
    }

    fn check(payload: &[u8]) {
        let event = Event::parse(payload).unwrap();
        for cut in 0..=payload.len() {
            let Some(peek) = Peek::at(&payload[..cut], payload.len() as u64) else {
                continue;
            };
            assert_eq!(peek.step, event.step);
            assert_eq!(peek.wall_time.to_bits(), event.wall_time.to_bits());
            let What::Summary(summary) = event.what else {
                assert!(peek.value.is_none());
                continue;
            };
            let seen = peek.value.unwrap();
            let mut values = Values::of(summary);
            let value = Value::parse(values.next().unwrap().unwrap()).unwrap();
            assert!(values.is_empty(), "told of several values");
            assert_eq!(seen.tag, value.series_tag());
            assert!(seen.metadata.is_none() || seen.metadata == value.metadata);
            let content = match value.content {
                Content::Simple(_) => 2,
                Content::Image(_) => 4,
                Content::Tensor(_) => 8,
                _ => unreachable!("not made here"),
            };
            assert_eq!(seen.content, content);
        }
    }

    proptest! {
        #[test]
        fn a_head_tells_the_truth_or_nothing(payload in event()) {
            check(&payload);
        }

        #[test]
        fn fields_in_another_order_are_not_mistaken(payload in event()) {
            check(&reversed(&payload, 2));
        }

        #[test]
        fn any_head_ends_without_panic(head: Vec<u8>, length: u64) {
            let _ = Peek::at(&head, length);
        }
    }
}
