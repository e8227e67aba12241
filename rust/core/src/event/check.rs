//! Is a payload a valid `Event`, all the way down? Without decoding it.
//!
//! A table of field types stands for the message definitions; walking a message against it costs
//! a few instructions a field and hops over packed numbers and blobs. It accepts exactly what
//! `prost` accepts (a property test holds the two together), except that it sends groups, which
//! nobody writes, to the slow path.

use super::wire::{Field, Fields};

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

const METADATA: &Schema = {
    use Type::*;
    const PLUGIN_DATA: &Schema = &[None, Some(Text), Some(Bytes)];
    &[
        None,
        Some(Message(PLUGIN_DATA)),
        Some(Text),
        Some(Text),
        Some(Varint),
    ]
};

const SHAPE: &Schema = {
    use Type::*;
    const DIM: &Schema = &[None, Some(Varint), Some(Text)];
    &[None, None, Some(Message(DIM)), Some(Varint)]
};

const TENSOR: &Schema = {
    use Type::*;
    &[
        None,
        Some(Varint),
        Some(Message(SHAPE)),
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
        None,
        None,
        Some(Varints),
        Some(Varints),
        Some(Bytes),
    ]
};

const VALUE: &Schema = {
    use Type::*;
    const IMAGE: &Schema = &[None, Some(Varint), Some(Varint), Some(Varint), Some(Bytes)];
    const HISTOGRAM: &Schema = &[
        None,
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64),
        Some(Fixed64s),
        Some(Fixed64s),
    ];
    const AUDIO: &Schema = &[
        None,
        Some(Fixed32),
        Some(Varint),
        Some(Varint),
        Some(Bytes),
        Some(Text),
    ];
    &[
        None,
        Some(Text),
        Some(Fixed32),
        Some(Bytes),
        Some(Message(IMAGE)),
        Some(Message(HISTOGRAM)),
        Some(Message(AUDIO)),
        Some(Text),
        Some(Message(TENSOR)),
        Some(Message(METADATA)),
    ]
};

const EVENT: &Schema = {
    use Type::*;
    const SUMMARY: &Schema = &[None, Some(Message(VALUE))];
    const LOG_MESSAGE: &Schema = &[None, Some(Varint), Some(Text)];
    const SESSION_LOG: &Schema = &[None, Some(Varint), Some(Text), Some(Text)];
    const RUN_METADATA: &Schema = &[None, Some(Text), Some(Bytes)];
    const SOURCE: &Schema = &[None, Some(Text)];
    &[
        None,
        Some(Fixed64),
        Some(Varint),
        Some(Text),
        Some(Bytes),
        Some(Message(SUMMARY)),
        Some(Message(LOG_MESSAGE)),
        Some(Message(SESSION_LOG)),
        Some(Message(RUN_METADATA)),
        Some(Bytes),
        Some(Message(SOURCE)),
    ]
};

/// Whether `payload` is a valid `Event`.
pub fn is_event(payload: &[u8]) -> bool {
    conforms(payload, EVENT)
}

/// Whether `message` is a valid `Summary.Value`.
pub fn is_value(message: &[u8]) -> bool {
    conforms(message, VALUE)
}

/// Whether `message` is a valid `SummaryMetadata`.
pub fn is_metadata(message: &[u8]) -> bool {
    conforms(message, METADATA)
}

fn conforms(message: &[u8], schema: &Schema) -> bool {
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        let Some((number, field)) = fields.next() else {
            return false;
        };
        let Some(Some(expected)) = schema.get(number as usize) else {
            continue;
        };
        if !holds(field, *expected) {
            return false;
        }
    }
    true
}

fn holds(field: Field<'_>, expected: Type) -> bool {
    match (expected, field) {
        (Type::Varint | Type::Varints, Field::Varint(_))
        | (Type::Fixed32 | Type::Fixed32s, Field::Fixed32(_))
        | (Type::Fixed64 | Type::Fixed64s, Field::Fixed64(_))
        | (Type::Bytes, Field::Bytes(_)) => true,
        (Type::Text, Field::Bytes(b)) => std::str::from_utf8(b).is_ok(),
        (Type::Message(schema), Field::Bytes(b)) => conforms(b, schema),
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
