//! The hand walker reads what prost reads, of any bytes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod equal;
mod wire;

use arrow_array::ArrayRef;
use proptest::prelude::*;
use tfevents::event::canonical::canonical;
use tfevents::event::check;
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::proto::{Event, Message, ValueData, What};
use tfevents::record::crc::{MaskedCrc, Portable};
use tfevents::scan::decode::{Block, Decoder, Spec};
use tfevents::scan::record::{Events, Policy, Records};
use tfevents::scan::tags::RunMetadata;
use tfevents::scan::walk::{Refusal, Visitor};
use tfevents::table::schema::{Layout, TensorData};
use tfevents::table::{self, Memory, Scalars, rows_for};
use wire::{Taste, varint};

/// What is done to bytes to break them.
fn broken(bytes: &[u8], at: prop::sample::Index, how: u8, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = at.index(bytes.len() + 1);
    match how % 4 {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, byte),
        2 if at < bytes.len() => bytes[at] = byte,
        _ if at < bytes.len() => drop(bytes.remove(at)),
        _ => {}
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn every_legal_event_reads_as_prost_reads_it(payload in wire::event(Taste::Legal)) {
        prop_assert!(equal::agree(&payload));
        prop_assert!(check::is_event(&payload));
    }

    #[test]
    fn events_with_groups_read_as_prost_reads_them(payload in wire::event(Taste::Groups)) {
        prop_assert!(equal::agree(&payload));
    }

    #[test]
    fn illegal_events_are_refused_as_prost_refuses_them(payload in wire::event(Taste::Wild)) {
        equal::agree(&payload);
    }

    #[test]
    fn broken_events_are_refused_as_prost_refuses_them(
        payload in wire::event(Taste::Legal),
        at: prop::sample::Index,
        how: u8,
        byte: u8,
    ) {
        equal::agree(&broken(&payload, at, how, byte));
    }

    #[test]
    fn any_bytes_are_judged_as_prost_judges_them(payload in prop::collection::vec(0u8..0x30, 0..40)) {
        equal::agree(&payload);
    }

    #[test]
    fn unusual_events_make_the_rows_of_their_usual_form(payload in wire::event(Taste::Groups)) {
        let usual = canonical(&payload).unwrap();
        for kind in Kind::ALL {
            let (rows, expected) = (rows(kind, &payload), rows(kind, &usual));
            prop_assert_eq!(rows, expected, "{:?}", kind);
        }
    }

    #[test]
    fn what_is_no_event_makes_no_row(
        payload in prop_oneof![plain(), wire::event(Taste::Wild), wire::event(Taste::Legal)],
        break_it: Option<(prop::sample::Index, u8, u8)>,
    ) {
        let payload = match break_it {
            Some((at, how, byte)) => broken(&payload, at, how, byte),
            None => payload,
        };
        if Event::decode(&payload[..]).is_err() {
            for kind in Kind::ALL {
                prop_assert_eq!(rows(kind, &payload).1, [], "{:?}", kind);
            }
        }
    }

    #[test]
    fn plain_scalars_are_those_that_prost_finds(payload in plain()) {
        let event = Event::decode(&payload[..]).unwrap_or_default();
        let mut expected = Vec::new();
        if let Some(What::Summary(summary)) = event.what {
            for value in summary.value {
                if let Some(ValueData::SimpleValue(_)) = value.value {
                    expected.push((value.tag, event.step, event.wall_time.to_bits()));
                }
            }
        }
        prop_assert_eq!(rows(Kind::Scalars, &payload).1, expected);
    }
}

/// Events of plain scalars, and of what is nearly that: tags that are no UTF-8, other fields
/// before and behind.
fn plain() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || {
        prop_oneof![
            ".{0,3}".prop_map(String::into_bytes),
            any::<[u8; 2]>().prop_map(Vec::from)
        ]
    };
    let field = |key: u8, body: Vec<u8>| [vec![key, body.len() as u8], body].concat();
    let content = prop_oneof![
        3 => any::<[u8; 4]>().prop_map(|v| [&[0x15][..], &v].concat()),
        1 => any::<[u8; 4]>().prop_map(|v| [&b"\x42\x0a\x08\x01\x12\0\x22\x04"[..], &v].concat()),
    ];
    let rest = prop_oneof![
        6 => Just(Vec::new()),
        1 => (prop::sample::select(vec![0x3a, 0x4a]), bytes()).prop_map(move |(k, b)| field(k, b)),
    ];
    let value = (bytes(), content, rest).prop_map(move |(tag, content, rest)| {
        field(0x0a, [field(0x0a, tag), content, rest].concat())
    });
    let other = prop_oneof![
        6 => Just(Vec::new()),
        1 => (prop::sample::select(vec![0x1a, 0x22, 0x32, 0x52]), bytes()).prop_map(move |(k, b)| field(k, b)),
    ];
    let values = prop::collection::vec(value, 0..4);
    (any::<[u8; 8]>(), any::<u32>(), other.clone(), values, other).prop_map(
        move |(wall, step, before, values, behind)| {
            let summary = field(0x2a, values.concat());
            [
                &[0x09][..],
                &wall,
                &[0x10],
                &varint(u64::from(step)),
                &before,
                &summary,
                &behind,
            ]
            .concat()
        },
    )
}

/// Whether the event was taken in, and its rows of one kind: tag, step, wall time, columns.
type Rows = (Result<bool, Refusal>, Vec<(String, i64, u64)>, Vec<String>);

fn rows(kind: Kind, payload: &[u8]) -> Rows {
    let spec = Spec {
        kind,
        filter: Filter::default(),
        layout: Layout::new(kind, TensorData::Any, None).unwrap(),
        later: false,
    };
    let mut memory = Memory::default();
    if kind == Kind::Scalars {
        let columns = Scalars::new(0, &mut memory); // with the short way for plain ones
        return rows_in(columns, &spec, payload, memory);
    }
    let columns = rows_for(kind, &spec.layout.wanted, &mut memory);
    rows_in(columns, &spec, payload, memory)
}

fn rows_in<R: table::Rows>(columns: R, spec: &Spec, payload: &[u8], mut memory: Memory) -> Rows {
    let nothing = RunMetadata::new();
    let mut events = Decoder::new(spec, columns, &nothing, 0, &mut memory);
    events.enter(0, 0, true);
    let policy = Policy {
        checksum: true,
        everything: true,
    };
    let mut records = Records { policy, events };
    let result = records.record::<Portable>(0, payload, MaskedCrc::of(payload));
    records.events.leave();
    let Block {
        keys,
        columns,
        metadata,
        ..
    } = records.events.finish(&mut memory);
    let row = |i: usize| {
        let tag = metadata.tags[keys.tag[i] as usize].to_string();
        (tag, keys.step[i], keys.wall_time[i].to_bits())
    };
    for column in &columns {
        assert_eq!(column.len(), keys.len(), "{:?}", spec.kind);
    }
    let text = |column: &ArrayRef| format!("{column:?}");
    (
        result,
        (0..keys.len()).map(row).collect(),
        columns.iter().map(text).collect(),
    )
}

#[test]
fn an_irregular_value_behind_a_regular_one_makes_no_row_twice() {
    let value = |fields: &[u8]| {
        let metadata = b"\x4a\x08\x0a\x06\x0a\x04text"; // plugin text
        let body = [&b"\x0a\x01t"[..], metadata, fields].concat();
        [vec![0x0a, body.len() as u8], body].concat()
    };
    let text = b"\x42\x05\x08\x07\x42\x01a"; // a string tensor with an `a` in it
    let twice = [&text[..], text].concat(); // protobuf merges the two
    let summary = [value(text), value(&twice)].concat();
    let payload = [vec![0x2a, summary.len() as u8], summary].concat();
    assert!(check::is_event(&payload));
    let (result, rows, _) = rows(Kind::Text, &payload);
    assert_eq!((result, rows.len()), (Ok(true), 2));
}

/// A tensor in a variant in a tensor, `levels` tensors in all, around `inner`.
fn nested(levels: usize, inner: &[u8]) -> Vec<u8> {
    let wrap = |number: u32, bytes: Vec<u8>| {
        [
            varint(u64::from(number << 3 | 2)),
            varint(bytes.len() as u64),
            bytes,
        ]
        .concat()
    };
    let mut bytes = inner.to_vec();
    for _ in 1..levels {
        bytes = wrap(15, wrap(3, bytes));
    }
    wrap(5, wrap(1, wrap(8, bytes)))
}

#[test]
fn messages_lie_as_deep_in_one_another_as_prost_follows() {
    let (mut taken, mut refused) = (0, 0);
    for levels in 1..60 {
        // Nothing, a dtype, a field prost does not know, a shape.
        for inner in [&b""[..], b"\x08\x01", b"\xa0\x06\x01", b"\x12\x00"] {
            match equal::agree(&nested(levels, inner)) {
                true => taken += 1,
                false => refused += 1,
            }
        }
    }
    assert!(
        taken > 150 && refused > 30,
        "{taken} taken, {refused} refused"
    );
    let deepest = nested(49, b"");
    assert!(check::is_event(&deepest) && Event::decode(&deepest[..]).is_ok());
    assert!(!check::is_event(&nested(50, b"")));
}

#[test]
fn a_hostile_depth_ends_without_using_up_the_stack() {
    assert!(!equal::agree(&nested(2_000, b"")));
}
