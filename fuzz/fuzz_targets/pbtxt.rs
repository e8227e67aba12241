//! Any text as a projector config: no panic, and what is taken is not larger than the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tfevents::logdir::pbtxt::ProjectorConfig;

fuzz_target!(|text: &str| {
    match ProjectorConfig::parse(text) {
        Ok(config) => assert!(config.embeddings.len() <= text.len()),
        Err(error) => assert!(error.line <= text.lines().count() + 1),
    }
});
