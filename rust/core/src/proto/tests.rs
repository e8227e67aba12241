//! Every record of the golden files, decoded and encoded again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::proto::hparams::{Data, Kind};
use crate::record::crc::Portable;
use crate::record::{Frame, HEADER, frame};

fn event_files() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("events.out.tfevents.") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn payloads(bytes: &[u8]) -> Vec<&[u8]> {
    let mut at = 0;
    let mut found = Vec::new();
    while let Frame::Record { payload, .. } = frame::<Portable>(&bytes[at..]) {
        at += HEADER + payload.len() + 4;
        found.push(payload);
    }
    assert_eq!(at, bytes.len());
    found
}

/// Calls `each` with every event of every golden file.
fn for_each_event(mut each: impl FnMut(&Path, &[u8], Event)) {
    let files = event_files();
    assert!(files.len() > 20, "{} golden files", files.len());
    for path in files {
        for payload in payloads(&fs::read(&path).unwrap()) {
            each(&path, payload, Event::decode(payload).unwrap());
        }
    }
}

/// The values of `plugin`, with their content decoded.
fn contents<M: Message + Default>(plugin: &str) -> Vec<(Value, M)> {
    let mut found = Vec::new();
    for_each_event(|_, _, event| {
        let Some(What::Summary(summary)) = event.what else {
            return;
        };
        for value in summary.value {
            let data = value.metadata.as_ref().and_then(|m| m.plugin_data.as_ref());
            let Some(data) = data.filter(|data| data.plugin_name == plugin) else {
                continue;
            };
            let content = M::decode(&data.content[..]).unwrap();
            assert_eq!(content.encoded_len(), data.content.len());
            found.push((value, content));
        }
    });
    assert!(!found.is_empty(), "no {plugin}");
    found
}

#[test]
fn golden_records_survive() {
    let mut records = 0;
    for_each_event(|path, payload, event| {
        assert_eq!(event.encode_to_vec(), payload, "{}", path.display());
        records += 1;
    });
    assert_eq!(records, 986);
}

#[test]
fn cut_records_are_refused_or_decode_to_less() {
    let bytes = fs::read(&event_files()[0]).unwrap();
    for payload in payloads(&bytes) {
        for end in 0..payload.len() {
            if let Ok(event) = Event::decode(&payload[..end]) {
                assert!(event.encoded_len() <= end);
            }
        }
    }
}

#[test]
fn unpacked_lists_are_read_like_packed_ones() {
    let packed = [0x2a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40];
    let unpacked = [0x2d, 0, 0, 0x80, 0x3f, 0x2d, 0, 0, 0, 0x40];
    for bytes in [packed, unpacked] {
        let tensor = TensorProto::decode(&bytes[..]).unwrap();
        assert_eq!(tensor.float_val, [1.0, 2.0]);
    }
}

#[test]
fn tags_are_utf8() {
    assert!(Value::decode(&b"\x0a\x02\xc3\xbc"[..]).is_ok());
    assert!(Value::decode(&b"\x0a\x01\xc3"[..]).is_err());
}

#[test]
fn the_last_of_several_whats_counts_and_summaries_merge() {
    let bytes = b"\x1a\x01a\x2a\x05\x0a\x03\x0a\x01x\x2a\x05\x0a\x03\x0a\x01y";
    let event = Event::decode(&bytes[..]).unwrap();
    let Some(What::Summary(summary)) = event.what else {
        panic!("{event:?}");
    };
    let tags: Vec<_> = summary.value.iter().map(|v| v.tag.as_str()).collect();
    assert_eq!(tags, ["x", "y"]);
}

#[test]
fn pr_curves_tell_their_thresholds() {
    for (_, content) in contents::<plugins::PrCurvePluginData>("pr_curves") {
        assert!(content.num_thresholds > 1);
    }
}

#[test]
fn meshes_have_three_parts() {
    let mut parts: Vec<_> = contents::<plugins::MeshPluginData>("mesh")
        .iter()
        .map(|(_, content)| {
            assert_eq!(content.shape.len(), 3);
            content.content_type
        })
        .collect();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts, [1, 2, 3]);
}

#[test]
fn layouts_name_their_charts() {
    use plugins::{ChartContent, Layout, VersionedPluginData};

    for (value, _) in contents::<VersionedPluginData>("custom_scalars") {
        let Some(ValueData::Tensor(tensor)) = value.value else {
            panic!("{}", value.tag);
        };
        let layout = Layout::decode(&tensor.string_val[0][..]).unwrap();
        let charts: Vec<_> = layout.category.iter().flat_map(|c| &c.chart).collect();
        assert!(!charts.is_empty());
        for chart in charts {
            match chart.content.as_ref().unwrap() {
                ChartContent::Multiline(lines) => assert!(!lines.tag.is_empty()),
                ChartContent::Margin(margin) => assert!(!margin.series[0].upper.is_empty()),
            }
        }
    }
}

#[test]
fn sessions_tell_their_values() {
    // torch makes numbers of truth values.
    let (mut numbers, mut strings, mut domains) = (0, 0, 0);
    for (value, content) in contents::<HParamsPluginData>("hparams") {
        match content.data {
            Some(Data::SessionStartInfo(start)) => {
                assert_eq!(value.tag, "_hparams_/session_start_info");
                for value in start.hparams.values() {
                    match value.kind {
                        Some(Kind::NumberValue(_)) => numbers += 1,
                        Some(Kind::StringValue(_)) => strings += 1,
                        ref other => panic!("{other:?}"),
                    }
                }
            }
            Some(Data::Experiment(experiment)) => {
                let infos = &experiment.hparam_infos;
                domains += infos.iter().filter(|info| info.domain.is_some()).count();
            }
            Some(Data::SessionEndInfo(end)) => assert_eq!(end.status(), hparams::Status::Success),
            None => panic!("{}", value.tag),
        }
    }
    assert_eq!((numbers, strings, domains), (24, 10, 3));
}

#[test]
fn values_of_every_kind_survive() {
    let list = |values| Kind::ListValue(hparams::ListValue { values });
    let kinds = vec![
        (Kind::NullValue(0), &b"\x08\x00"[..]),
        (Kind::NumberValue(0.0), b"\x11\0\0\0\0\0\0\0\0"),
        (Kind::StringValue(String::new()), b"\x1a\x00"),
        (Kind::BoolValue(false), b"\x20\x00"),
        (Kind::StructValue(hparams::Struct::default()), b"\x2a\x00"),
        (
            list(vec![hparams::Value { kind: None }]),
            b"\x32\x02\x0a\x00",
        ),
    ];
    for (kind, wanted) in kinds {
        let value = hparams::Value { kind: Some(kind) };
        let bytes = value.encode_to_vec();
        assert_eq!(bytes, wanted);
        assert_eq!(hparams::Value::decode(&bytes[..]).unwrap(), value);
    }
}
