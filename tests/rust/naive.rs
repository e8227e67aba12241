//! What is in a file, found the slow and obvious way.

use tfevents::record::crc::MaskedCrc;
use tfevents::scan::walk::Damage;

/// What a file holds.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Offset and payload of each record.
    pub records: Vec<(u64, Vec<u8>)>,
    /// What lies between them.
    pub damage: Vec<Damage>,
    /// Where the next record would begin.
    pub next: u64,
}

/// Reads a whole file.
pub fn read(bytes: &[u8]) -> Found {
    let mut found = Found::default();
    let mut at = 0;
    while at < bytes.len() {
        let (end, reason) = match record(bytes, at) {
            Some(payload) if checksum(bytes, at + 12 + payload.len(), payload) => {
                found.records.push((at as u64, payload.to_vec()));
                (at + payload.len() + 16, None)
            }
            Some(payload) => {
                // Torn, unless another record begins where it ends.
                let end = at + payload.len() + 16;
                let next = (at + 1..end).find(|at| record(bytes, *at).is_some());
                let torn =
                    end + 12 <= bytes.len() && !checksum(bytes, end + 8, &bytes[end..end + 8]);
                let end = next.filter(|_| torn).unwrap_or(end);
                (end, Some("payload checksum mismatch"))
            }
            None => {
                let broken = at + 12 <= bytes.len() && !checksum(bytes, at + 8, &bytes[at..at + 8]);
                let next = (at + 1..bytes.len()).find(|at| record(bytes, *at).is_some());
                let end = next.unwrap_or(bytes.len());
                let head = &bytes[at..end.min(at + 4096)];
                match (next, broken) {
                    (None, false) => break, // perhaps still being written
                    _ if head.iter().all(|b| *b == 0) => (end, Some("zeros instead of a record")),
                    (_, true) => (end, Some("length checksum mismatch")),
                    (_, false) => (end, Some("unfinished record, others follow")),
                }
            }
        };
        found.damage.extend(reason.map(|reason| Damage {
            offset: at as u64,
            length: (end - at) as u64,
            reason: reason.to_owned(),
        }));
        if reason.is_some() && end == bytes.len() && record(bytes, at).is_none() {
            break; // should it grow, a record may begin here
        }
        at = end;
    }
    found.next = at as u64;
    found
}

/// The payload of the whole record at `at`, if the length holds.
fn record(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes.get(at..at + 8)?;
    let holds = checksum(bytes, at + 8, length);
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let end = (at as u64 + 12).checked_add(length).filter(|_| holds)?;
    let fits = end.checked_add(4)? <= bytes.len() as u64;
    fits.then(|| &bytes[at + 12..end as usize])
}

/// Whether the checksum of `of` stands at `at`.
fn checksum(bytes: &[u8], at: usize, of: &[u8]) -> bool {
    bytes.get(at..at + 4) == Some(&MaskedCrc::of(of).to_le_bytes())
}
