//! Numbers of tags, and what metadata counts for them.

use super::*;

#[test]
fn a_tag_keeps_its_number_in_any_order() {
    let filter = Names::matching(["a*"]);
    let nothing = RunMetadata::new();
    let mut tags = Tags::new(&filter, None, &nothing);
    let order = ["a", "b", "a2", "a", "b", "a2", "b", "b", "a", "", "a2"];
    let ids: Vec<u32> = order
        .iter()
        .map(|t| tags.id(t.as_bytes()).unwrap().0)
        .collect();
    assert_eq!(ids, [0, 1, 2, 0, 1, 2, 1, 1, 0, 3, 2]);
    let wanted = [0, 1, 2].map(|id| tags.is_wanted(LocalTag(id)));
    assert_eq!(wanted, [true, false, true]);
    assert_eq!(tags.id(b"\xff"), None);
}

#[test]
fn metadata_belongs_to_its_run() {
    let filter = Names::All;
    let nothing = RunMetadata::new();
    let mut tags = Tags::new(&filter, None, &nothing);
    let text = [0x0a, 6, 0x0a, 4, b't', b'e', b'x', b't'];
    let id = tags.id(b"x").unwrap();
    assert_eq!(tags.known(id), None);
    let attribution = tags.read_metadata(id, &text).unwrap();
    assert_eq!(attribution.plugin, Plugin::Text);
    assert_eq!(tags.known(id), Some(attribution));
    tags.enter_run(1, true);
    assert_eq!(tags.known(id), None);
    assert_eq!(tags.read_metadata(id, &text), Ok(attribution));
    let metadata = tags.finish();
    let learned: Vec<_> = metadata.learned().collect();
    assert_eq!(learned.len(), 2);
    assert_eq!(
        (learned[1].0, learned[1].1, &*learned[1].2.plugin),
        (1, "x", "text")
    );
}
