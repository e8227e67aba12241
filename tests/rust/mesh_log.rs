//! Event files with meshes whose components lie in any events.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use tfevents::proto::{
    Dim, Event, Message, PluginData, Summary, SummaryMetadata, TensorProto, TensorShapeProto,
    Value, ValueData, What,
};
use tfevents::record::append_record;

/// Vertices, faces, colours.
pub const CONTENTS: u8 = 3;

/// Meshes of a run.
pub const MESHES: u8 = 3;

/// A component: its mesh, what it is.
pub type Component = (u8, u8);

/// A component of mesh `m<mesh>`, whose only number is `number`. Its metadata lists the `components` of
/// the mesh, unless that is 0.
pub fn component(
    (mesh, content): Component,
    number: usize,
    described: bool,
    components: u8,
) -> Value {
    let content = content % CONTENTS + 1;
    let name = format!("m{mesh}");
    let mut described_by = vec![18, name.len() as u8];
    described_by.extend(name.as_bytes());
    described_by.extend([24, content, 56, components]);
    let metadata = SummaryMetadata {
        plugin_data: Some(PluginData {
            plugin_name: "mesh".into(),
            content: described_by,
        }),
        ..SummaryMetadata::default()
    };
    let is_face = content == 2;
    let size = |size| Dim {
        size,
        ..Dim::default()
    };
    let shape = TensorShapeProto {
        dim: vec![size(1), size(1), size(3)],
        ..TensorShapeProto::default()
    };
    let tensor = TensorProto {
        dtype: if is_face { 3 } else { 1 },
        tensor_shape: Some(shape),
        float_val: if is_face {
            vec![]
        } else {
            vec![number as f32; 3]
        },
        int_val: if is_face {
            vec![number as i32; 3]
        } else {
            vec![]
        },
        ..TensorProto::default()
    };
    Value {
        tag: format!("{name}_{content}"),
        value: Some(ValueData::Tensor(tensor)),
        metadata: described.then_some(metadata),
        ..Value::default()
    }
}

/// Writes events, each number once.
#[derive(Default)]
pub struct Log {
    number: usize,
    /// Components whose metadata was written.
    pub known: Vec<Component>,
}

impl Log {
    /// The record of an event with components, and with scalars between.
    pub fn record(&mut self, step: i64, parts: &[Component], listed: &[Component]) -> Vec<u8> {
        let mut values = Vec::new();
        for &(mesh, content) in parts {
            let of_mesh = listed.iter().filter(|(of, _)| *of == mesh);
            let components = of_mesh.fold(0, |all, (_, content)| all | 2 << (content % CONTENTS));
            let part = (mesh, content % CONTENTS);
            let described = components != 0 || !self.known.contains(&part);
            self.known.push(part);
            self.number += 1;
            values.push(component(part, self.number, described, components));
            values.push(Value {
                tag: "loss".into(),
                value: Some(ValueData::SimpleValue(self.number as f32)),
                ..Value::default()
            });
        }
        let event = Event {
            step,
            wall_time: self.number as f64,
            what: Some(What::Summary(Summary { value: values })),
            ..Event::default()
        };
        let mut bytes = Vec::new();
        append_record(&mut bytes, &event.encode_to_vec());
        bytes
    }

    /// The records of an event that was planned.
    pub fn planned(&mut self, (step, parts, listing): &Planned) -> Vec<u8> {
        // What is listed is what the step has of the mesh: it has the step for itself.
        let own = 100 + self.number as i64;
        match listing {
            Listing::None => self.record(*step, parts, &[]),
            Listing::Together => self.record(own, parts, parts),
            Listing::Apart => {
                let records = parts.iter().map(|part| self.record(own, &[*part], parts));
                records.collect::<Vec<_>>().concat()
            }
        }
    }

    /// The last record of a run: a whole mesh of each series, so nothing is awaited for earlier ones.
    pub fn end(&mut self) -> Vec<u8> {
        let last: Vec<Component> = (0..MESHES).map(|mesh| (mesh, 0)).collect();
        self.record(10_000, &last, &last)
    }
}

/// What metadata lists of the components of a mesh.
#[derive(Debug, Clone, Copy)]
pub enum Listing {
    /// Nothing.
    None,
    /// All, which are in one event.
    Together,
    /// All, each in an event of its own.
    Apart,
}

/// Step and components.
pub type Planned = (i64, Vec<Component>, Listing);

pub fn events() -> impl Strategy<Value = Vec<Planned>> {
    let listing = prop_oneof![
        Just(Listing::None),
        Just(Listing::Together),
        Just(Listing::Apart)
    ];
    vec(
        (0i64..4, vec((0..MESHES, 0..CONTENTS), 0..5), listing),
        0..25,
    )
}
