//! Any bytes as an event: the hand walker accepts what prost accepts, and sees what prost sees.
#![no_main]

#[path = "../../tests/rust/equal.rs"]
mod equal;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    equal::agree(data);
});
