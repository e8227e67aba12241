//! Any bytes as a file: no panic, every byte accounted for, in pieces as in one.
#![no_main]

#[path = "../../tests/rust/naive.rs"]
mod naive;
#[path = "../../tests/rust/walks.rs"]
mod walks;

use libfuzzer_sys::fuzz_target;
use tfevents::record::append_record;

/// The first bytes say how the others are cut and served.
struct Order {
    cuts: [u64; 3],
    most: usize,
    patch: u8,
}

fuzz_target!(|data: &[u8]| {
    let Some((order, data)) = data.split_first_chunk::<8>() else {
        return;
    };
    let cut = |i: usize| u64::from(u16::from_le_bytes([order[i], order[i + 1]]));
    let order_ = Order {
        cuts: [cut(0), cut(2), cut(4)],
        most: usize::from(order[6]) + 1,
        patch: order[7],
    };
    let file = file(data, order_.patch);
    let expected = naive::read(&file);
    walks::account(&expected, file.len() as u64);
    for most in [usize::MAX, order_.most] {
        let source = walks::Bytes { bytes: &file, most };
        assert_eq!(walks::pieces(&source, &[], false), expected);
        assert_eq!(walks::pieces(&source, &order_.cuts, false), expected);
    }
});

/// A fuzzer does not find checksums, so bytes between 0xfe are framed as records: 0xfe begins one,
/// the next 0xfe ends it, and what lies outside stays as it is.
fn file(data: &[u8], patch: u8) -> Vec<u8> {
    if patch & 1 == 0 {
        return data.to_vec();
    }
    let mut file = Vec::new();
    for (i, piece) in data.split(|b| *b == 0xfe).enumerate() {
        if i % 2 == 0 {
            file.extend_from_slice(piece);
        } else {
            append_record(&mut file, piece);
        }
    }
    // Once more inside a record: a payload that holds a stream of records.
    if patch & 2 != 0 {
        let inner = file.clone();
        append_record(&mut file, &inner);
    }
    // Something flipped, something missing.
    if patch & 4 != 0
        && let Some(byte) = data.first().and_then(|at| file.get_mut(usize::from(*at)))
    {
        *byte ^= patch;
    }
    if patch & 8 != 0 {
        file.truncate(file.len().saturating_sub(usize::from(patch >> 4)));
    }
    file
}
