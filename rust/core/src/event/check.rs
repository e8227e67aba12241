//! Is a payload a valid `Event`, all the way down? Without decoding it.
//!
//! A table of field types stands for the message definitions; walking a message against it costs
//! a few instructions a field and hops over packed numbers and blobs. It accepts exactly what
//! `prost` accepts (a property test holds the two together), except that it sends groups, which
//! nobody writes, to the slow path. Messages may lie in one another as deep as `prost` follows
//! them: a variant holds tensors, which hold variants.

use super::Irregular;
use super::wire::{Field, Fields};
use std::ops::Deref;

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
enum Type {
    Varint,
    Fixed32,
    Fixed64,
    Bytes,
    Text,
    Message(&'static Schema),
    Varints,
    Fixed32s,
    Fixed64s,
}

/// `SCHEMA[n]` is the type of field `n`.
type Schema = [Option<Type>];

/// Messages that may lie in one another below an `Event`: the limit of `prost`.
const DEPTH: u32 = 100;
/// … below a `Summary.Value`, which lies in a `Summary`.
const VALUE_DEPTH: u32 = DEPTH - 2;
/// … below a `SummaryMetadata`.
const METADATA_DEPTH: u32 = VALUE_DEPTH - 1;

static METADATA: [Option<Type>; 5] = {
    use Type::*;
    static PLUGIN_DATA: [Option<Type>; 3] = [None, Some(Text), Some(Bytes)];
    [
        None,
        Some(Message(&PLUGIN_DATA)),
        Some(Text),
        Some(Text),
        Some(Varint),
    ]
};

static SHAPE: [Option<Type>; 4] = {
    use Type::*;
    static DIM: [Option<Type>; 3] = [None, Some(Varint), Some(Text)];
    [None, None, Some(Message(&DIM)), Some(Varint)]
};

static RESOURCE: [Option<Type>; 7] = {
    use Type::*;
    static DTYPE_AND_SHAPE: [Option<Type>; 3] = [None, Some(Varint), Some(Message(&SHAPE))];
    [
        None,
        Some(Text),
        Some(Text),
        Some(Text),
        Some(Varint),
        Some(Text),
        Some(Message(&DTYPE_AND_SHAPE)),
    ]
};

static VARIANT: [Option<Type>; 4] = {
    use Type::*;
    [None, Some(Text), Some(Bytes), Some(Message(&TENSOR))]
};

static TENSOR: [Option<Type>; 19] = {
    use Type::*;
    [
        None,
        Some(Varint),
        Some(Message(&SHAPE)),
        Some(Varint),
        Some(Bytes),
        Some(Fixed32s),
        Some(Fixed64s),
        Some(Varints),
        Some(Bytes),
        Some(Fixed32s),
        Some(Varints),
        Some(Varints),
        Some(Fixed64s),
        Some(Varints),
        Some(Message(&RESOURCE)),
        Some(Message(&VARIANT)),
        Some(Varints),
        Some(Varints),
        Some(Bytes),
    ]
};

static VALUE: [Option<Type>; 10] = {
    use Type::*;
    static IMAGE: [Option<Type>; 5] = [None, Some(Varint), Some(Varint), Some(Varint), Some(Bytes)];
    static HISTOGRAM: [Option<Type>; 8] = [
        None,
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64s),
        Some(Fixed64s),
    ];
    static AUDIO: [Option<Type>; 6] = [
        None,
        Some(Fixed32),
        Some(Varint),
        Some(Varint),
        Some(Bytes),
        Some(Text),
    ];
    [
        None,
        Some(Text),
        Some(Fixed32),
        Some(Bytes),
        Some(Message(&IMAGE)),
        Some(Message(&HISTOGRAM)),
        Some(Message(&AUDIO)),
        Some(Text),
        Some(Message(&TENSOR)),
        Some(Message(&METADATA)),
    ]
};

static EVENT: [Option<Type>; 11] = {
    use Type::*;
    static SUMMARY: [Option<Type>; 2] = [None, Some(Message(&VALUE))];
    static LOG_MESSAGE: [Option<Type>; 3] = [None, Some(Varint), Some(Text)];
    static SESSION_LOG: [Option<Type>; 4] = [None, Some(Varint), Some(Text), Some(Text)];
    static RUN_METADATA: [Option<Type>; 3] = [None, Some(Text), Some(Bytes)];
    static SOURCE: [Option<Type>; 2] = [None, Some(Text)];
    [
        None,
        Some(Fixed64),
        Some(Varint),
        Some(Text),
        Some(Bytes),
        Some(Message(&SUMMARY)),
        Some(Message(&LOG_MESSAGE)),
        Some(Message(&SESSION_LOG)),
        Some(Message(&RUN_METADATA)),
        Some(Bytes),
        Some(Message(&SOURCE)),
    ]
};

/// Whether `payload` is a valid `Event`.
pub fn is_event(payload: &[u8]) -> bool {
    lone_tensor(payload).is_some() || conforms(payload, &EVENT, DEPTH)
}

/// `Some` for an event of the shape that nearly all tensors come in: one value, which has a tag,
/// dtype, shape and `tensor_content`, and maybe metadata, in the order that writers use. Everything
/// else is for [`conforms`], which takes several times as long.
fn lone_tensor(payload: &[u8]) -> Option<()> {
    let mut event = Fields::of(payload);
    if event.take(0x09) {
        event.fixed::<8>()?;
    }
    if event.take(0x10) {
        event.varint()?;
    }
    let summary = after(&mut event, 0x2a)?;
    let mut summary = Fields::of(summary);
    let mut value = Fields::of(after(&mut summary, 0x0a)?);
    std::str::from_utf8(after(&mut value, 0x0a)?).ok()?;
    let mut tensor = Fields::of(after(&mut value, 0x42)?);
    if !value.is_empty() && !is_metadata(after(&mut value, 0x4a)?) {
        return None;
    }
    tensor.take(0x08).then(|| tensor.varint())??;
    let mut shape = Fields::of(after(&mut tensor, 0x12)?);
    while !shape.is_empty() {
        let mut dim = Fields::of(after(&mut shape, 0x12)?);
        dim.take(0x08).then(|| dim.varint())??;
        dim.is_empty().then_some(())?;
    }
    after(&mut tensor, 0x22)?;
    [event, summary, value, tensor]
        .iter()
        .all(Fields::is_empty)
        .then_some(())
}

/// The bytes behind `key`, if it is next.
#[inline(always)]
fn after<'a>(fields: &mut Fields<'a>, key: u8) -> Option<&'a [u8]> {
    if fields.take(key) {
        fields.bytes()
    } else {
        None
    }
}

/// Proof that a payload is an event by the rules of `prost`.
#[derive(Debug, Clone, Copy)]
pub struct Proof(());

impl Proof {
    /// The proof, if `payload` is a valid `Event`.
    #[inline(always)]
    pub fn of(payload: &[u8]) -> Result<Self, Irregular> {
        is_event(payload).then_some(Self(())).ok_or(Irregular)
    }

    /// For a payload of which the caller has seen every byte.
    #[inline(always)]
    pub(crate) fn seen() -> Self {
        Self(())
    }

    /// What stands in the payload.
    #[inline(always)]
    pub fn covers<T>(self, part: T) -> Checked<T> {
        Checked(part)
    }
}

/// Part of a payload that is an event by the rules of `prost`.
#[derive(Debug, Clone, Copy)]
pub struct Checked<T>(T);

impl<T> Deref for Checked<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Whether `message` is a valid `Summary.Value`.
pub fn is_value(message: &[u8]) -> bool {
    conforms(message, &VALUE, VALUE_DEPTH)
}

/// Whether `message` is a valid `SummaryMetadata`.
pub fn is_metadata(message: &[u8]) -> bool {
    conforms(message, &METADATA, METADATA_DEPTH)
}

/// Whether `message` follows `schema`; `depth` is how many messages may lie in one another in it.
fn conforms(message: &[u8], schema: &Schema, depth: u32) -> bool {
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        let Some((number, field)) = fields.next() else {
            return false;
        };
        let conforms = match schema.get(number as usize) {
            Some(Some(expected)) => holds(field, *expected, depth),
            _ => depth > 0, // what is unknown might be a message
        };
        if !conforms {
            return false;
        }
    }
    true
}

fn holds(field: Field<'_>, expected: Type, depth: u32) -> bool {
    match (expected, field) {
        (Type::Varint | Type::Varints, Field::Varint(_))
        | (Type::Fixed32 | Type::Fixed32s, Field::Fixed32(_))
        | (Type::Fixed64 | Type::Fixed64s, Field::Fixed64(_))
        | (Type::Bytes, Field::Bytes(_)) => true,
        (Type::Text, Field::Bytes(b)) => std::str::from_utf8(b).is_ok(),
        (Type::Message(schema), Field::Bytes(b)) => depth > 0 && conforms(b, schema, depth - 1),
        (Type::Fixed32s, Field::Bytes(b)) => b.len().is_multiple_of(4),
        (Type::Fixed64s, Field::Bytes(b)) => b.len().is_multiple_of(8),
        (Type::Varints, Field::Bytes(b)) => {
            let mut numbers = Fields::of(b);
            while !numbers.is_empty() {
                if numbers.varint().is_none() {
                    return false;
                }
            }
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wall time, step, and a value with tag `t`, a double tensor of shape [1, 3], and metadata.
    const EVENT_BYTES: &[u8] = b"\x09\0\0\0\0\0\0\xf8\x3f\x10\x80\x01\x2a\x36\x0a\x34\x0a\x01t\
        \x42\x26\x08\x02\x12\x08\x12\x02\x08\x01\x12\x02\x08\x03\x22\x18\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x4a\x07\x0a\x05\x0a\x03abc";

    #[test]
    fn the_short_way_accepts_nothing_that_the_long_way_does_not() {
        assert!(lone_tensor(EVENT_BYTES).is_some());
        let mut refused = 0;
        for at in 0..EVENT_BYTES.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = EVENT_BYTES.to_vec();
                bytes[at] = byte;
                let valid = conforms(&bytes, &EVENT, DEPTH);
                assert!(valid || lone_tensor(&bytes).is_none(), "{at}: {byte}");
                refused += usize::from(!valid);
            }
            assert!(lone_tensor(&EVENT_BYTES[..at]).is_none(), "cut at {at}");
        }
        assert!(refused > 0);
    }
}
