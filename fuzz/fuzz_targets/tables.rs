//! Any bytes as an event, through the rows of every kind: no panic, memory bounded by the bytes.
#![no_main]

use arrow_array::Array;
use libfuzzer_sys::fuzz_target;
use tfevents::event::check;
use tfevents::event::kind::Kind;
use tfevents::filter::Filter;
use tfevents::scan::decode::{Decoder, Spec};
use tfevents::scan::record::{Events, Policy, Records};
use tfevents::scan::tags::RunMetadata;
use tfevents::scan::walk::Visitor;
use tfevents::record::crc::{MaskedCrc, Portable};
use tfevents::table::{Memory, rows_for};
use tfevents::table::schema::{Layout, TensorData};

fuzz_target!(|data: &[u8]| {
    if !check::is_event(data) {
        return;
    }
    for kind in Kind::ALL {
        let Ok(layout) = Layout::new(kind, TensorData::Any, None) else {
            continue;
        };
        let spec = Spec {
            kind,
            filter: Filter::default(),
            layout,
            later: false,
        };
        let mut memory = Memory::default();
        let columns = rows_for(kind, &spec.layout.wanted, &mut memory);
        let nothing = RunMetadata::new();
        let mut events = Decoder::new(&spec, columns, &nothing, 0, &mut memory);
        events.enter(0, 0, true);
        let policy = Policy {
            checksum: true,
            everything: true,
        };
        let mut records = Records { policy, events };
        let _ = records.record::<Portable>(0, data, MaskedCrc::of(data));
        records.events.leave();
        let block = records.events.finish(&mut memory);
        for column in &block.columns {
            assert_eq!(column.len(), block.keys.len());
            // Builders begin with some capacity; then 64 elements of 8 bytes for each byte.
            let size = column.get_array_memory_size();
            assert!(
                size <= (1 << 17) + data.len() * 1024,
                "{size} of {}",
                data.len()
            );
        }
    }
});
