//! Holds the hand walker against prost: what is an event, and every part of it.

use tfevents::event::canonical::canonical;
use tfevents::event::check;
use tfevents::event::dtype::DType;
use tfevents::event::tensor::Tensor;
use tfevents::event::view::{self, Content, Metadata, Values};
use tfevents::event::wire::{Field, Fields};
use tfevents::proto::{Event, Message, SummaryMetadata, TensorProto, Value, ValueData, What};

/// Whether prost takes `payload` for an event; panics where the hand walker sees it otherwise.
pub fn agree(payload: &[u8]) -> bool {
    let decoded = Event::decode(payload);
    let checked = check::is_event(payload);
    let Ok(event) = decoded else {
        assert!(!checked, "accepted what prost refuses: {decoded:?}");
        assert!(canonical(payload).is_err());
        return false;
    };
    assert!(checked || may_hold_group(payload), "refused {event:?}");
    if checked {
        let _ = parts(payload, &event); // what is irregular takes the slow path
    }
    let bytes = canonical(payload).expect("prost took it");
    assert!(check::is_event(&bytes));
    assert_eq!(bytes, event.encode_to_vec());
    assert!(parts(&bytes, &event).is_some(), "irregular: {event:?}");
    true
}

/// Whether somewhere a group begins, if everything that may be a message is one.
fn may_hold_group(bytes: &[u8]) -> bool {
    let mut fields = Fields::of(bytes);
    while !fields.is_empty() {
        let mut at = fields;
        match fields.next() {
            Some((_, Field::Bytes(inner))) if may_hold_group(inner) => return true,
            Some(_) => {}
            None => return at.varint().is_some_and(|key| key & 7 == 3),
        }
    }
    false
}

/// Compares all parts; `None` where the walker finds the message irregular.
fn parts(payload: &[u8], event: &Event) -> Option<()> {
    let seen = view::Event::parse(payload)?;
    // Encoding leaves out a negative zero, as it does any zero.
    let zeros = seen.wall_time == 0.0 && event.wall_time == 0.0;
    assert!(zeros || seen.wall_time.to_bits() == event.wall_time.to_bits());
    assert_eq!(seen.step, event.step);
    same(seen.source, event.source_metadata.as_ref());
    match (seen.what, event.what.as_ref()) {
        (view::What::None, None) => {}
        (view::What::FileVersion(b), Some(What::FileVersion(text))) => {
            assert_eq!(b, text.as_bytes());
        }
        (view::What::GraphDef(b), Some(What::GraphDef(bytes)))
        | (view::What::MetaGraphDef(b), Some(What::MetaGraphDef(bytes))) => assert_eq!(b, bytes),
        (view::What::LogMessage(b), Some(What::LogMessage(m))) => same(Some(b), Some(m)),
        (view::What::SessionLog(b), Some(What::SessionLog(m))) => same(Some(b), Some(m)),
        (view::What::TaggedRunMetadata(b), Some(What::TaggedRunMetadata(m))) => {
            same(Some(b), Some(m));
        }
        (view::What::Summary(b), Some(What::Summary(summary))) => {
            same(Some(b), Some(summary));
            let (mut values, mut expected) = (Values::of(b), summary.value.iter());
            while !values.is_empty() {
                if let Some(message) = values.next()? {
                    value(message, expected.next().expect("as many values"))?;
                }
            }
            assert!(expected.next().is_none());
        }
        (seen, expected) => panic!("{seen:?} for {expected:?}"),
    }
    Some(())
}

/// A message by its bytes and as prost has it. Compared encoded, for NaN is not NaN.
fn same<M: Message + Default>(bytes: Option<&[u8]>, expected: Option<&M>) {
    let encoded = |m: &M| m.encode_to_vec();
    let decoded = bytes.map(|b| encoded(&M::decode(b).expect("checked")));
    assert_eq!(decoded, expected.map(encoded));
}

fn value(message: &[u8], expected: &Value) -> Option<()> {
    let seen = view::Value::parse(message)?;
    assert!(check::is_value(message));
    assert_eq!(seen.tag, expected.tag.as_bytes());
    assert_eq!(seen.node_name, expected.node_name.as_bytes());
    same(seen.metadata, expected.metadata.as_ref());
    match (seen.content, expected.value.as_ref()) {
        (Content::None, None) => {}
        (Content::Simple(a), Some(ValueData::SimpleValue(b))) => {
            assert_eq!(a.to_bits(), b.to_bits());
        }
        (Content::OldHistogram(b), Some(ValueData::ObsoleteOldStyleHistogram(bytes))) => {
            assert_eq!(b, bytes);
        }
        (Content::Image(b), Some(ValueData::Image(m))) => same(Some(b), Some(m)),
        (Content::Histogram(b), Some(ValueData::Histo(m))) => same(Some(b), Some(m)),
        (Content::Audio(b), Some(ValueData::Audio(m))) => same(Some(b), Some(m)),
        (Content::Tensor(b), Some(ValueData::Tensor(m))) => {
            same(Some(b), Some(m));
            tensor(b, m)?;
        }
        (seen, expected) => panic!("{seen:?} for {expected:?}"),
    }
    match (seen.metadata, &expected.metadata) {
        (Some(bytes), Some(expected)) => metadata(bytes, expected),
        _ => Some(()),
    }
}

fn metadata(message: &[u8], expected: &SummaryMetadata) -> Option<()> {
    let seen = Metadata::parse(message)?;
    let plugin = expected.plugin_data.clone().unwrap_or_default();
    assert!(check::is_metadata(message));
    assert_eq!(seen.plugin, plugin.plugin_name.as_bytes());
    assert_eq!(seen.content, plugin.content);
    assert_eq!(seen.display_name, expected.display_name.as_bytes());
    assert_eq!(seen.description, expected.summary_description.as_bytes());
    assert_eq!(seen.data_class, expected.data_class);
    Some(())
}

fn tensor(message: &[u8], expected: &TensorProto) -> Option<()> {
    let seen = Tensor::parse(message)?;
    assert_eq!(seen.dtype, DType::from_wire(expected.dtype));
    assert!(seen.strings().eq(&expected.string_val));
    let shape = expected.tensor_shape.clone().unwrap_or_default();
    let sizes: Vec<i64> = shape.dim.iter().map(|d| d.size).collect();
    let product = |n: u64, size: &i64| n.checked_mul(u64::try_from(*size).ok()?);
    let count = sizes.iter().try_fold(1, product);
    let count = count.filter(|_| !shape.unknown_rank);
    assert_eq!(seen.rank_and_count(), count.map(|n| (sizes.len(), n)));
    if !shape.unknown_rank {
        assert_eq!(seen.dims().collect::<Option<Vec<_>>>(), Some(sizes));
    }
    // Beyond these, a repetition is refused.
    let most = 64.max(4 * message.len() as u64).min(1024);
    let Some(count) = count.filter(|n| *n <= most) else {
        return Some(());
    };
    let mut bytes = vec![0xaa];
    let result = seen.elements(count, &mut bytes);
    if let Some(expected) = elements(expected, count as usize) {
        assert_eq!(result.ok().map(|()| &bytes[1..]), expected.as_deref());
    }
    let mut one = Vec::new();
    let alone = seen.elements(1, &mut one).ok();
    let number = alone.and_then(|()| seen.dtype?.to_f64(&one));
    assert_eq!(
        seen.scalar().ok().map(f64::to_bits),
        number.map(f64::to_bits)
    );
    Some(())
}

/// The elements by the rule of TensorFlow: `Some(None)` if they cannot be told, `None` if this
/// oracle does not know.
fn elements(tensor: &TensorProto, count: usize) -> Option<Option<Vec<u8>>> {
    fn bytes<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<Vec<u8>> {
        values.iter().map(|v| bytes(*v).to_vec()).collect()
    }
    let cut = |width: usize| {
        let mut ints = bytes(&tensor.int_val, i32::to_le_bytes);
        ints.iter_mut().for_each(|int| int.truncate(width));
        (width, ints)
    };
    let halves = || {
        let wide = tensor.half_val.iter().any(|v| *v as u32 > 0xffff);
        let half = |v: i32| {
            if wide {
                (v as u32 >> 16) as u16
            } else {
                v as u16
            }
        };
        (!wide || tensor.dtype == 14)
            .then(|| (2, bytes(&tensor.half_val, |v| half(v).to_le_bytes())))
    };
    let (width, mut stored) = match tensor.dtype {
        1 => (4, bytes(&tensor.float_val, f32::to_le_bytes)),
        2 => (8, bytes(&tensor.double_val, f64::to_le_bytes)),
        4 if tensor.int_val.is_empty() => (1, bytes(&tensor.uint32_val, |v| [v as u8])),
        4 | 6 | 11 | 12 | 29..=32 => cut(1),
        5 | 15..=17 => cut(2),
        3 | 13 => cut(4),
        8 => (
            8,
            pairs(bytes(&tensor.scomplex_val, f32::to_le_bytes), count),
        ),
        9 => (8, bytes(&tensor.int64_val, i64::to_le_bytes)),
        10 => (1, bytes(&tensor.bool_val, |v| [u8::from(v)])),
        14 | 19 => halves()?,
        18 => (
            16,
            pairs(bytes(&tensor.dcomplex_val, f64::to_le_bytes), count),
        ),
        22 => (4, bytes(&tensor.uint32_val, u32::to_le_bytes)),
        23 => (8, bytes(&tensor.uint64_val, u64::to_le_bytes)),
        24..=28 | 33 => (1, bytes(&tensor.float8_val, |v| [v])),
        _ => return Some(None),
    };
    let mut all = if tensor.tensor_content.is_empty() {
        if stored.iter().take(count).any(|e| e.len() != width) {
            return Some(None); // half a complex number
        }
        let last = stored.last().cloned().unwrap_or(vec![0; width]);
        stored.resize(count.max(stored.len()), last);
        stored[..count].concat()
    } else if tensor.tensor_content.len() == count * width {
        tensor.tensor_content.clone()
    } else {
        return Some(None);
    };
    for byte in &mut all {
        *byte = match tensor.dtype {
            29 => ((*byte as i8) << 4 >> 4) as u8,
            30 => *byte & 0xf,
            31 => ((*byte as i8) << 6 >> 6) as u8,
            32 => *byte & 3,
            _ => *byte,
        };
    }
    Some(Some(all))
}

/// Real and imaginary parts, as far as `count` numbers need them.
fn pairs(parts: Vec<Vec<u8>>, count: usize) -> Vec<Vec<u8>> {
    let needed = parts.len().min(2 * count);
    parts[..needed].chunks(2).map(<[_]>::concat).collect()
}
