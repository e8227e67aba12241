//! Event files of random events, with random damage.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tfevents::proto::{
    Event, Message, PluginData, SessionLog, Summary, SummaryMetadata, TensorProto, Value,
    ValueData, What,
};
use tfevents::record::append_record;

/// One event: what it is, its tag, its step.
pub type Logged = (u8, u8, i64);

pub fn event((what, tag, step): Logged, first: &mut [bool; 4]) -> Vec<u8> {
    let tag = tag % 4;
    let value = |value, metadata| Value {
        tag: format!("tag{tag}"),
        value: Some(value),
        metadata,
        ..Value::default()
    };
    let what = match what {
        0 => What::SessionLog(SessionLog {
            status: 1,
            ..SessionLog::default()
        }),
        1 => What::FileVersion("brain.Event:2".into()),
        // A payload that holds records.
        2 => What::GraphDef(framed(&[event((9, tag, step), first), vec![1; 9]])),
        3..6 => {
            // A tensor, which is a scalar by metadata that only the first one has.
            let metadata = std::mem::take(&mut first[usize::from(tag)]).then(|| SummaryMetadata {
                plugin_data: Some(PluginData {
                    plugin_name: "scalars".into(),
                    ..PluginData::default()
                }),
                ..SummaryMetadata::default()
            });
            let tensor = TensorProto {
                dtype: 1,
                float_val: vec![step as f32],
                ..TensorProto::default()
            };
            What::Summary(Summary {
                value: vec![value(ValueData::Tensor(tensor), metadata)],
            })
        }
        _ => What::Summary(Summary {
            value: vec![value(ValueData::SimpleValue(step as f32), None)],
        }),
    };
    Event {
        step,
        wall_time: 1.0,
        what: Some(what),
        ..Event::default()
    }
    .encode_to_vec()
}

pub fn framed(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        append_record(&mut out, payload);
    }
    out
}

/// The bytes of one file, which may be damaged.
pub fn file(events: &[Logged], damage: &[(Index, u8)], first: &mut [bool; 4]) -> Vec<u8> {
    let payloads: Vec<_> = events.iter().map(|logged| event(*logged, first)).collect();
    let mut bytes = framed(&payloads);
    for (at, flip) in damage {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            match flip % 4 {
                0 => {
                    let end = bytes.len().min(at + usize::from(*flip));
                    bytes[at..end].fill(0);
                }
                _ => bytes[at] ^= flip | 1,
            }
        }
    }
    bytes
}

pub fn damage() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop_oneof![3 => Just(vec![]), 1 => vec((any::<Index>(), any::<u8>()), 0..3)]
}

/// The events of a file, and where it is damaged.
pub type Planned = (Vec<Logged>, Vec<(Index, u8)>);
