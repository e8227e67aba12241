//! The slow path: any legal `Event` brought to the shape the views expect.
//!
//! `prost` decodes and encodes the message: parts that occur twice are merged, unknown fields and
//! groups dropped, fields put in order (and a negative zero left out like any zero). It is also
//! the judge of what is an event at all.

use crate::proto::Event;
use prost::Message;

/// The canonical bytes of `payload`, or why it is no `Event`.
pub fn canonical(payload: &[u8]) -> Result<Vec<u8>, String> {
    match Event::decode(payload) {
        Ok(event) => Ok(event.encode_to_vec()),
        Err(error) => Err(format!("not a valid Event message: {error}")),
    }
}
