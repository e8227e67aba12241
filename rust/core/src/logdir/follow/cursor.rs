//! A place in a log as text: how far each file was read, and what has to be known to go on there.
//!
//! `tfe1.` and the base64 of a checksum and of deflated fields: varints, names that leave out what
//! they share with the one before, tags and plugins as numbers. What people see (display names,
//! descriptions) is not in it.

use super::ends::Ends;
use crate::error::{Error, Result};
use crate::record::crc::MaskedCrc;
use crate::scan::attempts::RunAttempts;
use crate::table::StoredPart;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Read;

const FORMAT: &str = "tfe";
const VERSION: &str = "1";

/// No cursor unpacks to more.
const MOST_BYTES: u64 = 1 << 30;

/// A place in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// A hash of what is asked of the log.
    pub question: u64,
    /// A hash of where the log is.
    pub place: u64,
    pub runs: Vec<RunState>,
    /// In the order in which they were first read.
    pub files: Vec<FileState>,
    /// Bytes of which only some kinds of rows were handed out.
    pub partial: Vec<Partial>,
    /// Where components of meshes are stored that are begun.
    pub meshes: Vec<StoredPart<String>>,
}

/// What is known of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RunState {
    pub name: String,
    /// Tags, the plugins that metadata named first, and all of that metadata where it is needed.
    pub metadata: Vec<(String, String, Option<Vec<u8>>)>,
    pub attempts: Vec<KindAttempts>,
}

/// The number of a kind, and what is known of its attempts in a run.
pub(super) type KindAttempts<T = String> = (u8, RunAttempts<T>);

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileState {
    /// Number of its run.
    pub run: u32,
    pub name: String,
    pub offset: u64,
    pub debt: u64,
    pub ends: Option<Ends>,
    /// A hash of the state in which it was read.
    pub stamp: u64,
}

/// The next bytes of a file, of which only some kinds of rows were handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Partial {
    /// Number of the file.
    pub file: u32,
    /// Where the bytes end.
    pub end: u64,
    /// A bit for each kind.
    pub kinds: u16,
}

/// A name without what it shares with the one before.
#[derive(Serialize, Deserialize)]
struct Front(u32, String);

#[derive(Serialize, Deserialize)]
struct Wire {
    question: u64,
    place: u64,
    names: Vec<Front>,
    runs: Vec<WireRun>,
    files: Vec<WireFile>,
    partial: Vec<Partial>,
    meshes: Vec<StoredPart<u32>>,
}

#[derive(Serialize, Deserialize)]
struct WireRun {
    name: Front,
    /// Numbers of tag (less that of the one before) and plugin.
    metadata: Vec<(u32, u32, Option<Vec<u8>>)>,
    attempts: Vec<KindAttempts<u32>>,
}

#[derive(Serialize, Deserialize)]
struct WireFile {
    run: u32,
    name: Front,
    offset: u64,
    debt: u64,
    ends: Option<Ends>,
    stamp: u64,
}

impl Cursor {
    /// The cursor as text.
    pub(super) fn to_text(&self) -> Result<String> {
        let bytes = postcard::to_stdvec(&self.to_wire())
            .map_err(|e| Error::internal(format_args!("cursor: {e}")))?;
        let mut packed = vec![0; 4];
        let mut deflate = DeflateEncoder::new(&bytes[..], Compression::default());
        deflate
            .read_to_end(&mut packed)
            .map_err(|e| Error::internal(format_args!("cursor: {e}")))?;
        let checksum = MaskedCrc::of(&packed[4..]).to_le_bytes();
        packed[..4].copy_from_slice(&checksum);
        let text = URL_SAFE_NO_PAD.encode(&packed);
        Ok(format!("{FORMAT}{VERSION}.{text}"))
    }

    /// The cursor that a text is.
    ///
    /// # Errors
    /// If it is none, or was cut short, or is of another version.
    pub(super) fn from_text(text: &str) -> Result<Self> {
        let refuse = |why: &str| Error::argument(format!("`cursor` {why}"));
        let versioned = text
            .strip_prefix(FORMAT)
            .and_then(|rest| rest.split_once('.'));
        let Some((version, packed)) = versioned else {
            return Err(refuse(
                "must be what `cursor` of a follower was, which this is not",
            ));
        };
        if version != VERSION {
            return Err(refuse(&format!(
                "is of version {version}, and this release reads version {VERSION}: follow from the start"
            )));
        }
        let damaged = || refuse("is damaged or was cut short: it ends before its checksum does");
        let packed = URL_SAFE_NO_PAD.decode(packed).map_err(|_| damaged())?;
        let (checksum, packed) = packed.split_first_chunk::<4>().ok_or_else(damaged)?;
        if MaskedCrc::of(packed).to_le_bytes() != *checksum {
            return Err(refuse(
                "is damaged or was cut short: its checksum does not hold",
            ));
        }
        let mut bytes = Vec::new();
        let inflated = DeflateDecoder::new(packed)
            .take(MOST_BYTES)
            .read_to_end(&mut bytes);
        inflated.map_err(|_| damaged())?;
        let wire: Wire = postcard::from_bytes(&bytes).map_err(|_| damaged())?;
        Self::from_wire(wire).ok_or_else(damaged)
    }

    fn to_wire(&self) -> Wire {
        let names = Names::of(self);
        let (mut run_before, mut file_before) = (String::new(), String::new());
        let runs = self.runs.iter().map(|run| {
            let mut last = 0;
            let mut metadata: Vec<(u32, u32, Option<Vec<u8>>)> = run
                .metadata
                .iter()
                .map(|(tag, plugin, all)| (names.number(tag), names.number(plugin), all.clone()))
                .collect();
            metadata.sort_unstable();
            for (tag, ..) in &mut metadata {
                let this = *tag;
                *tag -= std::mem::replace(&mut last, this);
            }
            WireRun {
                name: Front::new(&mut run_before, &run.name),
                metadata,
                attempts: run
                    .attempts
                    .iter()
                    .filter_map(|(kind, of)| Some((*kind, of.map(|tag| Some(names.number(tag)))?)))
                    .collect(),
            }
        });
        let runs = runs.collect();
        let file = |file: &FileState| WireFile {
            run: file.run,
            name: Front::new(&mut file_before, &file.name),
            offset: file.offset,
            debt: file.debt,
            ends: file.ends,
            stamp: file.stamp,
        };
        let files = self.files.iter().map(file).collect();
        let mut before = String::new();
        Wire {
            question: self.question,
            place: self.place,
            names: names
                .sorted
                .iter()
                .map(|name| Front::new(&mut before, name))
                .collect(),
            runs,
            files,
            partial: self.partial.clone(),
            meshes: self
                .meshes
                .iter()
                .map(|part| part.clone().with_tag(|tag| names.number(&tag)))
                .collect(),
        }
    }

    fn from_wire(wire: Wire) -> Option<Self> {
        let mut before = String::new();
        let names: Option<Vec<String>> = wire
            .names
            .into_iter()
            .map(|f| f.name(&mut before))
            .collect();
        let names = names?;
        let name = |number: u32| names.get(number as usize).cloned();
        let mut before = String::new();
        let run = |run: WireRun| {
            let mut last = 0u32;
            let metadata = run.metadata.into_iter().map(|(tag, plugin, all)| {
                last = last.checked_add(tag)?;
                Some((name(last)?, name(plugin)?, all))
            });
            Some(RunState {
                metadata: metadata.collect::<Option<_>>()?,
                name: run.name.name(&mut before)?,
                attempts: run
                    .attempts
                    .iter()
                    .map(|(kind, of)| Some((*kind, of.map(|tag| name(*tag))?)))
                    .collect::<Option<_>>()?,
            })
        };
        let runs: Vec<RunState> = wire.runs.into_iter().map(run).collect::<Option<_>>()?;
        let mut before = String::new();
        let file = |file: WireFile| {
            runs.get(file.run as usize)?;
            Some(FileState {
                run: file.run,
                name: file.name.name(&mut before)?,
                offset: file.offset,
                debt: file.debt,
                ends: file.ends,
                stamp: file.stamp,
            })
        };
        let files: Vec<FileState> = wire.files.into_iter().map(file).collect::<Option<_>>()?;
        let known = |partial: &Partial| (partial.file as usize) < files.len();
        wire.partial.iter().all(known).then_some(())?;
        let part = |part: StoredPart<u32>| {
            files.get(part.file as usize)?;
            let tag = name(part.tag)?;
            Some(part.with_tag(|_| tag))
        };
        let meshes = wire.meshes.into_iter().map(part).collect::<Option<_>>()?;
        Some(Self {
            question: wire.question,
            place: wire.place,
            runs,
            files,
            partial: wire.partial,
            meshes,
        })
    }
}

impl Front {
    fn new(before: &mut String, name: &str) -> Self {
        let equal = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        let mut shared = equal.count();
        while !name.is_char_boundary(shared) {
            shared -= 1;
        }
        name.clone_into(before);
        Self(shared as u32, name[shared..].to_owned())
    }

    fn name(self, before: &mut String) -> Option<String> {
        let shared = before.get(..self.0 as usize)?;
        *before = format!("{shared}{}", self.1);
        Some(before.clone())
    }
}

/// The names of tags and plugins, sorted.
struct Names<'a> {
    sorted: Vec<&'a str>,
    numbers: HashMap<&'a str, u32>,
}

impl<'a> Names<'a> {
    fn of(cursor: &'a Cursor) -> Self {
        let metadata = cursor.runs.iter().flat_map(|run| &run.metadata);
        let attempts = cursor.runs.iter().flat_map(|run| &run.attempts);
        let mut sorted: Vec<&str> = metadata
            .flat_map(|(tag, plugin, _)| [tag.as_str(), plugin.as_str()])
            .chain(attempts.flat_map(|(_, of)| of.tags()).map(String::as_str))
            .chain(cursor.meshes.iter().map(|part| part.tag.as_str()))
            .collect();
        sorted.sort_unstable();
        sorted.dedup();
        let numbers = sorted.iter().copied().zip(0..).collect();
        Self { sorted, numbers }
    }

    fn number(&self, name: &str) -> u32 {
        self.numbers.get(name).copied().unwrap_or_default()
    }
}
