//! `projector_config.pbtxt`: a ProjectorConfig in protobuf's text format.
//!
//! ```text
//! embeddings {                         # a message: { } or < >, with or without a colon before it
//!   tensor_name: "logits:00003"        # a string: either quote, C escapes, pieces put together
//!   sprite { image_path: 'a.png' single_image_dim: [8, 8] }    # a list, or the field repeated
//! }
//! ```
//!
//! The files are written by protobuf, by tensorboardX's own hand, which appends to what is there,
//! and by people. So the parser takes more than protobuf's does: unknown fields are passed over
//! whatever they hold, of a field that stands twice the last value counts, and commas and
//! semicolons may follow any value. What it does not take, it refuses with the line. It never
//! panics, and goes no deeper than [`DEPTH`] messages.

mod edit;
mod quoted;

use std::fmt;

pub use edit::replace_embedding;

/// How deep messages may nest. A config has two levels; unknown fields may have more.
pub const DEPTH: usize = 64;

/// The embeddings the projector is to show. Paths are relative to the config's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectorConfig {
    /// A checkpoint with further tensors; empty where not set, like every string here.
    pub model_checkpoint_path: String,
    /// In the order of the file; tensorboardX repeats entries.
    pub embeddings: Vec<EmbeddingInfo>,
    /// A folder of checkpoints.
    pub model_checkpoint_dir: String,
}

/// One embedding and what belongs to its points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingInfo {
    /// `tag:step` of torch and tensorboardX, else the name of a variable.
    pub tensor_name: String,
    /// Labels: one line a point; with columns, below a header line.
    pub metadata_path: String,
    /// States of the viewer.
    pub bookmarks_path: String,
    /// Needed where the tensor's file holds raw floats.
    pub tensor_shape: Vec<u32>,
    /// A picture of each point.
    pub sprite: Option<SpriteMetadata>,
    /// Tab-separated numbers, one line a point; or raw little-endian floats.
    pub tensor_path: String,
}

/// One picture made of the small pictures of all points, row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpriteMetadata {
    /// The picture.
    pub image_path: String,
    /// Width and height of one small picture.
    pub single_image_dim: Vec<u32>,
}

/// Why a text is no config, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbtxtError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for PbtxtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for PbtxtError {}

type Result<T, E = PbtxtError> = std::result::Result<T, E>;

impl ProjectorConfig {
    /// Parses the content of a `projector_config.pbtxt`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut config = Self::default();
        let mut parser = Parser::new(text);
        parser.fields(None, &mut |parser, name| match name {
            "model_checkpoint_path" => parser.string_into(name, &mut config.model_checkpoint_path),
            "model_checkpoint_dir" => parser.string_into(name, &mut config.model_checkpoint_dir),
            "embeddings" => parser.each(&mut |parser| {
                config.embeddings.push(parser.embedding(name)?);
                Ok(())
            }),
            _ => parser.skip(),
        })?;
        Ok(config)
    }
}

/// Where parsing stands. `text[at..]` is what is left; `line` is the line of `at`.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            text,
            at,
            line: 1,
            depth: 0,
        }
    }

    fn embedding(&mut self, name: &str) -> Result<EmbeddingInfo> {
        let mut info = EmbeddingInfo::default();
        self.message(name, &mut |parser, name| match name {
            "tensor_name" => parser.string_into(name, &mut info.tensor_name),
            "metadata_path" => parser.string_into(name, &mut info.metadata_path),
            "bookmarks_path" => parser.string_into(name, &mut info.bookmarks_path),
            "tensor_path" => parser.string_into(name, &mut info.tensor_path),
            "tensor_shape" => parser.sizes_into(name, &mut info.tensor_shape),
            "sprite" => {
                let sprite = info.sprite.get_or_insert_default();
                parser.message(name, &mut |parser, name| match name {
                    "image_path" => parser.string_into(name, &mut sprite.image_path),
                    "single_image_dim" => parser.sizes_into(name, &mut sprite.single_image_dim),
                    _ => parser.skip(),
                })
            }
            _ => parser.skip(),
        })?;
        Ok(info)
    }

    /// The fields up to `close`, or to the end of the text.
    fn fields(
        &mut self,
        close: Option<u8>,
        field: &mut dyn FnMut(&mut Self, &str) -> Result<()>,
    ) -> Result<()> {
        loop {
            match self.peek() {
                None if close.is_none() => return Ok(()),
                Some(byte) if Some(byte) == close => {
                    self.at += 1;
                    return Ok(());
                }
                None => return Err(self.error("the text ends inside a message")),
                Some(_) => {}
            }
            let name = self.field_name()?;
            field(self, name)?;
            self.take(b",;");
        }
    }

    /// A field's name, and the colon where there is one: the value comes next.
    fn field_name(&mut self) -> Result<&'a str> {
        let name = self.name()?;
        let colon = self.take(b":");
        if !colon && !matches!(self.peek(), Some(b'{' | b'<' | b'[')) {
            return Err(self.error(format!("expected ':' or '{{' after {name}")));
        }
        Ok(name)
    }

    /// A message: its fields between braces or angle brackets.
    fn message(
        &mut self,
        name: &str,
        field: &mut dyn FnMut(&mut Self, &str) -> Result<()>,
    ) -> Result<()> {
        let close = match self.peek() {
            Some(b'{') => b'}',
            Some(b'<') => b'>',
            _ => return Err(self.error(format!("{name} wants a message in braces"))),
        };
        self.at += 1;
        self.nested(|parser| parser.fields(Some(close), field))
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth == DEPTH {
            return Err(self.error(format!("more than {DEPTH} messages deep")));
        }
        self.depth += 1;
        let done = inner(self);
        self.depth -= 1;
        done
    }

    /// One value, or each of a list.
    fn each(&mut self, value: &mut dyn FnMut(&mut Self) -> Result<()>) -> Result<()> {
        if !self.take(b"[") {
            return value(self);
        }
        while !self.take(b"]") {
            value(self)?;
            if !self.take(b",") && self.peek() != Some(b']') {
                return Err(self.error("expected ',' or ']' in a list"));
            }
        }
        Ok(())
    }

    fn string_bytes(&mut self, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if !matches!(self.peek(), Some(b'"' | b'\'')) {
            return Err(self.error(format!("{name} wants a string in quotes")));
        }
        while matches!(self.peek(), Some(b'"' | b'\'')) {
            self.piece(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn string_into(&mut self, name: &str, out: &mut String) -> Result<()> {
        *out = String::from_utf8(self.string_bytes(name)?)
            .map_err(|_| self.error(format!("{name} is not UTF-8 once its escapes are read")))?;
        Ok(())
    }

    fn sizes_into(&mut self, name: &str, out: &mut Vec<u32>) -> Result<()> {
        self.each(&mut |parser| {
            parser.peek();
            let word = parser.word();
            let digits = word.to_ascii_lowercase();
            let number = match digits.strip_prefix("0x") {
                Some(hex) => u32::from_str_radix(hex, 16),
                None if digits.len() > 1 && digits.starts_with('0') => {
                    u32::from_str_radix(&digits, 8)
                }
                None => digits.parse(),
            };
            let number = number
                .map_err(|_| parser.error(format!("{name} wants a whole number, not '{word}'")))?;
            out.push(number);
            Ok(())
        })
    }

    /// Passes over a value of any kind.
    fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{' | b'<') => self.message("it", &mut |parser, _| parser.skip()),
            Some(b'[') => self.nested(|parser| parser.each(&mut Self::skip)),
            Some(b'"' | b'\'') => {
                let mut unwanted = Vec::new();
                while matches!(self.peek(), Some(b'"' | b'\'')) {
                    self.piece(&mut unwanted)?;
                }
                Ok(())
            }
            _ => {
                self.take(b"-");
                self.peek();
                match self.word() {
                    "" => Err(self.error("expected a value")),
                    _ => Ok(()),
                }
            }
        }
    }

    /// A field's name, or an extension's in brackets.
    fn name(&mut self) -> Result<&'a str> {
        let rest = &self.text[self.at..];
        let name = if rest.starts_with('[') {
            rest.find(']').map_or("", |end| &rest[..=end])
        } else {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
            &rest[..end.unwrap_or(rest.len())]
        };
        if name.is_empty() {
            let found = rest.chars().next().unwrap_or(' ');
            return Err(self.error(format!("expected the name of a field, found {found:?}")));
        }
        self.line += name.matches('\n').count();
        self.at += name.len();
        Ok(name)
    }

    /// The letters, digits, dots and signs that make a number or an enum's value.
    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.+-".contains(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// The next byte that is neither space nor comment, which stays.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {}
                b'#' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                _ => return Some(byte),
            }
            self.at += 1;
        }
        None
    }

    /// Takes the next byte if it is one of these.
    fn take(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn error(&self, reason: impl Into<String>) -> PbtxtError {
        PbtxtError {
            line: self.line,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests;
