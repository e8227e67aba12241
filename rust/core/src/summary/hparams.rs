//! Hyperparameters: three values whose metadata says everything.
//!
//! ```text
//!  content     experiment=2 | session_start_info=3 | session_end_info=4
//!  experiment  time_created_secs=3, hparam_infos=4 { name=1, type=4, domain_discrete=5 }, metric_infos=5
//!  start       hparams=1 map<string, Value>, group_name=4, start_time_secs=5
//!  end         status=1, end_time_secs=2
//!  Value       null=1 | number=2 | string=3 | bool=4
//! ```

use super::value::{Content, Metadata, value};
use super::wire;
use crate::Result;

/// What a hyperparameter can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// True or false.
    Bool(bool),
    /// A number; integers too.
    Number(f64),
    /// A text.
    Text(String),
    /// Something of no type a dashboard knows: it is listed without a value.
    Untyped,
}

impl Setting {
    fn kind(&self) -> i64 {
        match self {
            Self::Untyped => 0,
            Self::Text(_) => 1,
            Self::Bool(_) => 2,
            Self::Number(_) => 3,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Untyped => wire::integer_always(out, 1, 0),
            Self::Number(number) => wire::double_always(out, 2, *number),
            Self::Text(text) => wire::bytes_always(out, 3, text.as_bytes()),
            Self::Bool(is) => wire::integer_always(out, 4, i64::from(*is)),
        }
    }
}

/// A named hyperparameter, with the values it may take where they were declared.
#[derive(Debug, Clone)]
pub struct Hparam {
    /// Its name.
    pub name: String,
    /// Its value in this session.
    pub setting: Setting,
    /// All values it may take.
    pub domain: Option<Vec<Setting>>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Status {
    Unknown = 0,
    Success = 1,
    Failure = 2,
    Running = 3,
}

/// The `Summary.Value` that declares hyperparameters and the tags of metrics.
///
/// # Errors
/// As [`value`].
pub fn experiment(hparams: &[Hparam], metrics: &[String], created: f64) -> Result<Vec<u8>> {
    named("_hparams_/experiment", 2, |out| {
        wire::double(out, 3, created);
        for hparam in hparams {
            wire::message(out, 4, |out| {
                wire::bytes(out, 1, hparam.name.as_bytes());
                let kind = hparam.domain.as_ref().and_then(|domain| domain.first());
                wire::integer(out, 4, kind.unwrap_or(&hparam.setting).kind());
                if let Some(domain) = &hparam.domain {
                    wire::message(out, 5, |out| {
                        for setting in domain {
                            wire::message(out, 1, |out| setting.encode(out));
                        }
                    });
                }
            });
        }
        for tag in metrics {
            wire::message(out, 5, |out| {
                wire::message(out, 1, |out| wire::bytes(out, 2, tag.as_bytes()));
            });
        }
    })
}

/// The `Summary.Value` that starts a session; `group` and `started` (seconds) may be empty and 0.
///
/// # Errors
/// As [`value`].
pub fn session_start(hparams: &[Hparam], group: &str, started: f64) -> Result<Vec<u8>> {
    named("_hparams_/session_start_info", 3, |out| {
        for hparam in hparams
            .iter()
            .filter(|hparam| hparam.setting != Setting::Untyped)
        {
            wire::message(out, 1, |out| {
                wire::bytes(out, 1, hparam.name.as_bytes());
                wire::message(out, 2, |out| hparam.setting.encode(out));
            });
        }
        wire::bytes(out, 4, group.as_bytes());
        wire::double(out, 5, started);
    })
}

/// The `Summary.Value` that ends a session; `ended` (seconds) may be 0.
///
/// # Errors
/// As [`value`].
pub fn session_end(status: Status, ended: f64) -> Result<Vec<u8>> {
    named("_hparams_/session_end_info", 4, |out| {
        wire::integer(out, 1, status as i64);
        wire::double(out, 2, ended);
    })
}

fn named(tag: &str, field: u32, write: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    wire::message(&mut content, field, write);
    value(
        tag,
        Content::Nothing,
        Metadata {
            content: &content,
            ..Metadata::plugin("hparams")
        },
    )
}
