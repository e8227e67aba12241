//! Records of files of every kind, read through the public function.

use super::*;
use crate::record::append_record;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;

fn payloads() -> Vec<Vec<u8>> {
    let large = vec![5; 3 * BLOCK + 17];
    let mut all: Vec<Vec<u8>> = (0..100_000u32).map(|i| i.to_le_bytes().to_vec()).collect();
    all.insert(50_000, large);
    all.push(Vec::new());
    all
}

fn framed(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        append_record(&mut out, payload);
    }
    out
}

fn read(bytes: &[u8], compression: Compression) -> (Vec<Vec<u8>>, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    std::fs::write(&path, bytes).unwrap();
    let mut records = Records::open(&path, compression, true).unwrap();
    let mut all = Vec::new();
    let error = loop {
        let next = records
            .next_buffered()
            .map_or_else(|| records.next(), |record| Some(Ok(record)));
        match next {
            Some(Ok((block, range))) => all.push(block[range].to_vec()),
            Some(Err(error)) => {
                let again = records.next().unwrap().unwrap_err();
                assert_eq!(again.to_string(), error.to_string());
                break Some(error.to_string());
            }
            None => break None,
        }
    };
    assert!(error.is_some() || records.next().is_none());
    (all, error)
}

#[test]
fn plain_gzip_and_zlib_read_the_same() {
    let (payloads, bytes) = (payloads(), framed(&payloads()));
    assert_eq!(read(&bytes, Compression::None), (payloads.clone(), None));
    let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&bytes).unwrap();
    let zlib = zlib.finish().unwrap();
    assert_eq!(read(&zlib, Compression::Zlib), (payloads.clone(), None));
    // A file that was appended to has several members.
    let mut members = Vec::new();
    for part in bytes.chunks(bytes.len() / 3) {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(part).unwrap();
        members.extend(gzip.finish().unwrap());
    }
    assert_eq!(read(&members, Compression::Gzip), (payloads, None));
    let (_, error) = read(&members[..members.len() / 2], Compression::Gzip);
    assert!(error.is_some());
}

#[test]
fn an_unfinished_record_is_the_end_and_a_broken_one_an_error() {
    let bytes = framed(&[b"one".to_vec(), b"two".to_vec()]);
    for length in 19..bytes.len() {
        let read = read(&bytes[..length], Compression::None);
        assert_eq!(read, (vec![b"one".to_vec()], None));
    }
    for at in 19..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 4;
        let (records, error) = read(&bytes, Compression::None);
        assert_eq!(records, [b"one"]);
        assert!(error.unwrap().contains("at offset 19"));
    }
}

#[test]
fn a_file_that_grows_byte_by_byte_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let payloads = [b"one".to_vec(), Vec::new(), vec![7; 300]];
    let bytes = framed(&payloads);
    std::fs::write(&path, []).unwrap();
    let mut records = Records::follow(&path, true).unwrap();
    let mut all = Vec::new();
    for length in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        records.resume().unwrap();
        while let Some(next) = records.next() {
            let (block, range) = next.unwrap();
            all.push(block[range].to_vec());
        }
    }
    assert_eq!(all, payloads);
    assert!(!records.resume().unwrap());
    std::fs::write(&path, &bytes[..10]).unwrap();
    assert!(records.resume().is_err() && records.next().unwrap().is_err());
}

#[test]
fn what_may_fill_in_is_damage_once_something_stands_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let bytes = framed(&[vec![1; 50], vec![2; 50]]);
    let late = [&bytes[..40], &[0; 26]].concat();
    for tail in [vec![0; 66], late] {
        std::fs::write(&path, &tail).unwrap();
        let mut records = Records::follow(&path, true).unwrap();
        assert!(records.next().is_none() && records.resume().unwrap());
        assert!(records.next().is_none());
        std::fs::write(&path, &bytes).unwrap();
        records.resume().unwrap();
        assert!(records.next().unwrap().is_ok() && records.next().unwrap().is_ok());
        std::fs::write(&path, [&tail, &bytes[66..]].concat()).unwrap();
        let mut records = Records::follow(&path, true).unwrap();
        assert!(records.next().unwrap().is_err());
    }
}

#[test]
fn an_absurd_length_ends_the_file_and_sizes_nothing() {
    let length = u64::to_le_bytes(1 << 60);
    let header = [&length[..], &MaskedCrc::of(&length).to_le_bytes()].concat();
    assert_eq!(read(&header, Compression::None), (vec![], None));
}

#[test]
fn a_directory_is_no_file_of_records() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Records::open(folder.path(), Compression::None, true).is_err());
}
