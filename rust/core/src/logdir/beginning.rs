//! Whether a file that was named is an event file.

use crate::catalog::{Store, is_event_file};
use crate::error::{Error, Result};
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::scan::walk::{Part, Refusal, Span, Visitor, Walk};
use crate::source::{Source, Window};
use std::path::Path;

/// Whether the file at `path` is empty, or holds a whole record or the beginning of one.
pub fn looks_like_event_file(store: &dyn Store, path: &Path) -> Result<bool> {
    struct Any;
    impl Visitor for Any {
        fn record<C: Crc>(&mut self, _: u64, _: &[u8], _: MaskedCrc) -> Result<bool, Refusal> {
            Ok(true)
        }
        fn skips(&mut self, _: &[u8], _: u64) -> bool {
            true
        }
    }
    struct Begins<'a>(Walk<'a>);
    impl Job for Begins<'_> {
        type Output = Result<Span>;
        #[inline(always)]
        fn run<C: Crc>(self) -> Self::Output {
            self.0.run::<C, _>(&mut Window::default(), None, &mut Any)
        }
    }
    let source = store
        .open(path, None, false)
        .map_err(|e| Error::io(e, path))?;
    // One record is enough, so the walk ends after the first that begins in the first byte; only
    // where none does is the rest searched.
    let part = Part {
        low: 0,
        high: source.length().min(1),
    };
    let span = with_fastest(Begins(Walk::new(&*source, path, part)))?;
    let begins = span.damage.is_empty() && head_fits(&*source, path)?;
    Ok(span.records > 0 || begins || !span.ended)
}

/// Whether a file without a whole record is empty, or could be the beginning of one. Fewer bytes
/// than a header are taken for one only in a file with the name of an event file.
fn head_fits(source: &dyn Source, path: &Path) -> Result<bool> {
    let mut head = [0; 12];
    let read = source.read_at(&mut head, 0);
    let head = &head[..read.map_err(|e| Error::io(e, path))?];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(head.is_empty() || (head.len() >= 8 || is_event_file(&name)) && may_begin_record(head))
}

/// Whether `head`, the first bytes of a file and at most a header, may be those of a record.
///
/// No length is so large that its upper bytes are not zero, and its checksum follows. Where only a
/// part of the length is there, it has to be that of the record which every writer puts first, the
/// version of the file: 24 bytes by tensorboardX, 62 by TensorFlow, 72 by TensorBoard and PyTorch,
/// and never 256.
fn may_begin_record(head: &[u8]) -> bool {
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match (head, head.split_first_chunk::<8>()) {
        (_, Some((length, crc))) => {
            length[4..] == [0; 4] && MaskedCrc::of(length).to_le_bytes().starts_with(crc)
        }
        ([byte], None) => matches!(byte, b'>' | b'H') || !is_text(*byte),
        _ => head.iter().skip(1).all(|byte| *byte == 0),
    }
}
