//! Makes events as bytes: every field of every message, in any order, and much that is unusual.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

/// What a field may hold, and how to make one up.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    /// Small enough to mean something: a dtype, a dimension.
    Below(u64),
    Fixed32,
    Fixed64,
    Bytes,
    Text,
    /// One of the names that mean something.
    Plugin,
    Numbers,
    Fixed32s,
    Fixed64s,
    Message(&'static [(u32, Kind)]),
}

use Kind::{
    Below, Bytes, Fixed32, Fixed32s, Fixed64, Fixed64s, Message, Number, Numbers, Plugin, Text,
};

static SHAPE: [(u32, Kind); 3] = [(2, Message(&DIM)), (2, Message(&DIM)), (3, Below(2))];
static DIM: [(u32, Kind); 3] = [(1, Below(4)), (1, Number), (2, Text)];
static RESOURCE: [(u32, Kind); 6] = [
    (1, Text),
    (2, Text),
    (3, Text),
    (4, Number),
    (5, Text),
    (6, Message(&[(1, Number), (2, Message(&SHAPE))])),
];
static VARIANT: [(u32, Kind); 3] = [(1, Text), (2, Bytes), (3, Message(&TENSOR))];
static TENSOR: [(u32, Kind); 21] = [
    (1, Below(35)),
    (1, Below(35)),
    (1, Number),
    (2, Message(&SHAPE)),
    (3, Number),
    (4, Bytes),
    (5, Fixed32s),
    (6, Fixed64s),
    (7, Numbers),
    (8, Bytes),
    (8, Text),
    (9, Fixed32s),
    (10, Numbers),
    (11, Numbers),
    (12, Fixed64s),
    (13, Numbers),
    (14, Message(&RESOURCE)),
    (15, Message(&VARIANT)),
    (16, Numbers),
    (17, Numbers),
    (18, Bytes),
];
static METADATA: [(u32, Kind); 4] = [
    (1, Message(&[(1, Plugin), (2, Bytes)])),
    (2, Text),
    (3, Text),
    (4, Number),
];
static VALUE: [(u32, Kind); 11] = [
    (1, Text),
    (2, Fixed32),
    (3, Bytes),
    (
        4,
        Message(&[(1, Number), (2, Number), (3, Number), (4, Bytes)]),
    ),
    (5, Message(&HISTOGRAM)),
    (
        6,
        Message(&[
            (1, Fixed32),
            (2, Number),
            (3, Number),
            (4, Bytes),
            (5, Text),
        ]),
    ),
    (7, Text),
    (8, Message(&TENSOR)),
    (8, Message(&TENSOR)),
    (8, Message(&TENSOR)),
    (9, Message(&METADATA)),
];
static HISTOGRAM: [(u32, Kind); 7] = [
    (1, Fixed64),
    (2, Fixed64),
    (3, Fixed64),
    (4, Fixed64),
    (5, Fixed64),
    (6, Fixed64s),
    (7, Fixed64s),
];
static SUMMARY: [(u32, Kind); 1] = [(1, Message(&VALUE))];
static EVENT: [(u32, Kind); 13] = [
    (1, Fixed64),
    (2, Number),
    (3, Text),
    (4, Bytes),
    (5, Message(&SUMMARY)),
    (5, Message(&SUMMARY)),
    (5, Message(&SUMMARY)),
    (5, Message(&SUMMARY)),
    (6, Message(&[(1, Number), (2, Text)])),
    (7, Message(&[(1, Below(4)), (2, Text), (3, Text)])),
    (8, Message(&[(1, Text), (2, Bytes)])),
    (9, Bytes),
    (10, Message(&[(1, Text)])),
];

/// How unusual the bytes are.
#[derive(Clone, Copy, PartialEq)]
pub enum Taste {
    /// Whatever is legal, but for groups.
    Legal,
    /// … with groups.
    Groups,
    /// Here and there something that is not legal.
    Wild,
}

/// The payload of an event.
pub fn event(taste: Taste) -> BoxedStrategy<Vec<u8>> {
    message(&EVENT, taste, 7, 0..4)
}

fn message(
    schema: &'static [(u32, Kind)],
    taste: Taste,
    depth: u32,
    fields: std::ops::Range<usize>,
) -> BoxedStrategy<Vec<u8>> {
    let known = schema.iter().filter_map(move |&(number, kind)| {
        let field = field(number, kind, taste, depth)?;
        Some((12, field))
    });
    let odd = (schema.len() as u32 / 2).max(1);
    let mut all: Vec<(u32, BoxedStrategy<Vec<u8>>)> = known.collect();
    all.push((odd, unknown(11..200)));
    if taste != Taste::Legal {
        all.push((odd, group()));
    }
    if taste == Taste::Wild {
        all.push((odd.div_ceil(4), unknown(0..19))); // likely of the wrong type
    }
    vec(Union::new_weighted(all), fields)
        .prop_map(|fields| fields.concat())
        .boxed()
}

fn field(number: u32, kind: Kind, taste: Taste, depth: u32) -> Option<BoxedStrategy<Vec<u8>>> {
    let key = move |wire: u32| varint(u64::from(number << 3 | wire));
    let delimited = move |bytes: Vec<u8>| [key(2), varint(bytes.len() as u64), bytes].concat();
    Some(match kind {
        Number => numbers().prop_map(move |n| [key(0), n].concat()).boxed(),
        Below(most) => (0..most)
            .prop_map(move |n| [key(0), varint(n)].concat())
            .boxed(),
        Fixed32 => any::<[u8; 4]>()
            .prop_map(move |b| [key(5), b.to_vec()].concat())
            .boxed(),
        Fixed64 => any::<[u8; 8]>()
            .prop_map(move |b| [key(1), b.to_vec()].concat())
            .boxed(),
        Bytes => vec(any::<u8>(), 0..10).prop_map(delimited).boxed(),
        Text => text(taste).prop_map(delimited).boxed(),
        Plugin => prop_oneof![
            prop::sample::select(vec![
                "scalars",
                "histograms",
                "images",
                "audio",
                "text",
                "pr_curves",
                "mesh",
                "custom_scalars",
                "hparams",
                "graph_keras_model",
                "graph_run_metadata",
            ])
            .prop_map(|name| name.as_bytes().to_vec()),
            text(taste),
        ]
        .prop_map(delimited)
        .boxed(),
        Numbers => list(numbers(), key(0), delimited),
        Fixed32s => list(any::<[u8; 4]>().prop_map(Vec::from), key(5), delimited),
        Fixed64s => list(any::<[u8; 8]>().prop_map(Vec::from), key(1), delimited),
        Message(_) if depth == 0 => return None,
        Message(schema) => {
            let fields = if schema.len() > 8 { 0..5 } else { 0..4 };
            message(schema, taste, depth - 1, fields)
                .prop_map(delimited)
                .boxed()
        }
    })
}

/// A repeated number: packed, or one alone.
fn list(
    item: impl Strategy<Value = Vec<u8>> + Clone + 'static,
    key: Vec<u8>,
    delimited: impl Fn(Vec<u8>) -> Vec<u8> + 'static,
) -> BoxedStrategy<Vec<u8>> {
    let alone = item.clone().prop_map(move |n| [key.clone(), n].concat());
    let packed = vec(item, 0..4).prop_map(move |items| delimited(items.concat()));
    prop_oneof![alone, packed].boxed()
}

fn text(taste: Taste) -> BoxedStrategy<Vec<u8>> {
    let good = "[a-c/é]{0,3}".prop_map(String::into_bytes);
    if taste == Taste::Wild {
        prop_oneof![30 => good, 1 => vec(any::<u8>(), 0..4)].boxed()
    } else {
        good.boxed()
    }
}

/// A field outside every message definition.
fn unknown(numbers_: std::ops::Range<u32>) -> BoxedStrategy<Vec<u8>> {
    let numbers_ = numbers_.prop_filter("not in use", |n| *n == 0 || *n > 18 || *n < 11);
    let value = prop_oneof![
        numbers().prop_map(|n| (0, n)),
        any::<[u8; 8]>().prop_map(|b| (1, b.to_vec())),
        vec(any::<u8>(), 0..6).prop_map(|b| (2, [varint(b.len() as u64), b].concat())),
        any::<[u8; 4]>().prop_map(|b| (5, b.to_vec())),
    ];
    (numbers_, value)
        .prop_map(|(number, (wire, bytes))| [varint(u64::from(number << 3 | wire)), bytes].concat())
        .boxed()
}

/// A group of an unknown number, with a field and perhaps a group in it.
fn group() -> BoxedStrategy<Vec<u8>> {
    let around = |inner: Vec<u8>| [varint(30 << 3 | 3), inner, varint(30 << 3 | 4)].concat();
    unknown(40..50)
        .prop_map(around)
        .prop_recursive(3, 4, 1, move |inner| inner.prop_map(around))
        .boxed()
}

/// A base-128 number; some take more bytes than they need, which is legal.
fn numbers() -> BoxedStrategy<Vec<u8>> {
    let padded = |(number, pad): (u64, usize)| {
        let mut bytes = varint(number);
        let length = bytes.len();
        let pad = pad.min(10 - length);
        if pad > 0 {
            bytes[length - 1] |= 0x80;
            bytes.extend(std::iter::repeat_n(0x80, pad - 1));
            bytes.push(0);
        }
        bytes
    };
    prop_oneof![
        4 => (0u64..5).prop_map(varint),
        2 => any::<u64>().prop_map(varint),
        1 => any::<i32>().prop_map(|n| varint(n as u64)),
        1 => (0u64..5).prop_map(|n| varint(n | 1 << 32)), // more than 32 bits where 32 are kept
        1 => (any::<u64>(), 0usize..9).prop_map(padded),
        1 => any::<f32>().prop_map(|f| varint(u64::from(f.to_bits()))),
    ]
    .boxed()
}

/// `number` as a varint.
pub fn varint(number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    tfevents::event::wire::put_varint(&mut out, number);
    out
}
