//! The `detail` of `events()`: what an event says that is no value, as text.

use crate::event::kind::Plugin;
use crate::event::view::What;
use crate::event::wire::{Field, Fields};

/// What the event says; `Some(None)` for a summary, whose values say it. `None` for a message that
/// is malformed.
pub(super) fn of_event(what: &What<'_>) -> Option<Option<String>> {
    Some(match what {
        What::FileVersion(version) => Some(text(version)),
        What::LogMessage(message) => Some(log_message(message)?),
        What::SessionLog(message) => Some(session_log(message)?),
        What::GraphDef(_) => Some("graph_def".to_owned()),
        What::MetaGraphDef(_) => Some("meta_graph".to_owned()),
        What::TaggedRunMetadata(_) => Some("run_metadata".to_owned()),
        What::Summary(_) | What::None => None,
    })
}

/// What the graph in a value of this plugin is, as `graphs()` says it.
pub(super) fn of_graph(plugin: Plugin) -> &'static str {
    match plugin {
        Plugin::KerasModel => "keras",
        Plugin::RunMetadata => "run_metadata",
        _ => "function_graphs",
    }
}

/// `LEVEL: text`.
fn log_message(message: &[u8]) -> Option<String> {
    let (mut level, mut said) = (0, String::new());
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        match fields.next()? {
            (1, Field::Varint(v)) => level = v as i32,
            (2, Field::Bytes(b)) => said = text(b),
            _ => {}
        }
    }
    let level = match level {
        0 => "UNKNOWN",
        10 => "DEBUGGING",
        20 => "INFO",
        30 => "WARN",
        40 => "ERROR",
        50 => "FATAL",
        other => return Some(format!("{other}: {said}")),
    };
    Some(format!("{level}: {said}"))
}

/// `STATUS path: message`, path and message where there are any.
fn session_log(message: &[u8]) -> Option<String> {
    let (mut status, mut path, mut said) = (0, String::new(), String::new());
    let mut fields = Fields::of(message);
    while !fields.is_empty() {
        match fields.next()? {
            (1, Field::Varint(v)) => status = v as i32,
            (2, Field::Bytes(b)) => path = text(b),
            (3, Field::Bytes(b)) => said = text(b),
            _ => {}
        }
    }
    let mut detail = match status {
        0 => "STATUS_UNSPECIFIED".to_owned(),
        1 => "START".to_owned(),
        2 => "STOP".to_owned(),
        3 => "CHECKPOINT".to_owned(),
        other => other.to_string(),
    };
    if !path.is_empty() {
        detail.push(' ');
        detail.push_str(&path);
    }
    if !said.is_empty() {
        detail.push_str(": ");
        detail.push_str(&said);
    }
    Some(detail)
}

/// A copy, made before it is looked at: bytes of a map may change meanwhile.
fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
