//! Looks at the head of a large payload to tell what is in it, without reading the rest.
//!
//! The head may stop anywhere. A field that reaches beyond it is known by its number, its length,
//! and as many of its bytes as there are. What cannot be told for certain is left out, and the
//! caller reads the whole record.

use super::dtype::DType;
use super::wire::Fields;

/// What the head of an event tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Peek<'a> {
    /// 0 if absent so far.
    pub step: i64,
    /// 0 if absent so far.
    pub wall_time: f64,
    /// Field number of the large part of the event.
    pub what: u32,
    /// The single value of a summary.
    pub value: Option<PeekValue<'a>>,
}

/// What the head of a single-valued summary tells of the value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PeekValue<'a> {
    /// The tag.
    pub tag: &'a [u8],
    /// Field number of the large part of the value.
    pub content: u32,
    /// Of a tensor, if it came first.
    pub dtype: Option<DType>,
    /// The metadata, where the head reaches it.
    pub metadata: Option<&'a [u8]>,
}

/// A field of which perhaps only the beginning is there.
struct Part<'a> {
    number: u32,
    varint: u64,
    bytes: &'a [u8],
    /// Whole length of a length-delimited field.
    length: u64,
}

/// The fields of a message of `length` bytes that begins with `head`.
fn parts<'a>(head: &'a [u8], length: u64) -> impl Iterator<Item = Option<Part<'a>>> {
    let mut at = 0usize;
    let mut over = false;
    std::iter::from_fn(move || {
        if over || at as u64 >= length {
            return None;
        }
        let part = part(&head[at.min(head.len())..]).and_then(|(part, header)| {
            let end = (at as u64)
                .checked_add(header as u64)?
                .checked_add(part.length)?;
            at = usize::try_from(end).ok().filter(|_| end <= length)?;
            Some(part)
        });
        over = part.is_none();
        Some(part)
    })
}

fn part(head: &[u8]) -> Option<(Part<'_>, usize)> {
    let mut fields = Fields::of(head);
    let key = fields.varint()?;
    let number = u32::try_from(key >> 3).ok()?;
    let none = Part {
        number,
        varint: 0,
        bytes: &[],
        length: 0,
    };
    match key & 7 {
        0 => {
            let varint = fields.varint()?;
            Some((Part { varint, ..none }, head.len() - fields.rest().len()))
        }
        1 => {
            let bytes = fields.fixed_bytes::<8>()?;
            Some((
                Part {
                    bytes,
                    length: 8,
                    ..none
                },
                head.len() - fields.rest().len() - 8,
            ))
        }
        5 => {
            let bytes = fields.fixed_bytes::<4>()?;
            Some((
                Part {
                    bytes,
                    length: 4,
                    ..none
                },
                head.len() - fields.rest().len() - 4,
            ))
        }
        2 => {
            let length = fields.varint()?;
            let rest = fields.rest();
            let bytes = &rest[..rest.len().min(usize::try_from(length).ok()?)];
            Some((
                Part {
                    bytes,
                    length,
                    ..none
                },
                head.len() - rest.len(),
            ))
        }
        _ => None,
    }
}

impl<'a> Peek<'a> {
    /// What `head`, the beginning of an event of `length` bytes, tells; `None` if too little.
    pub fn at(head: &'a [u8], length: u64) -> Option<Self> {
        let mut peek = Peek::default();
        for part in parts(head, length) {
            let part = part?;
            match part.number {
                1 => peek.wall_time = f64::from_le_bytes(part.bytes.try_into().ok()?),
                2 => peek.step = part.varint as i64,
                3..=9 if peek.what != 0 => return None,
                5 => {
                    peek.what = 5;
                    peek.value = Some(PeekValue::at(part.bytes, part.length)?);
                }
                3..=9 => peek.what = part.number,
                _ => {}
            }
        }
        Some(peek)
    }
}

impl<'a> PeekValue<'a> {
    fn at(summary: &'a [u8], length: u64) -> Option<Self> {
        let mut values = parts(summary, length);
        let value = values.next()??;
        if value.number != 1 || values.next().is_some() {
            return None;
        }
        let mut peek = PeekValue::default();
        let mut cut = false;
        for part in parts(value.bytes, value.length) {
            let Some(part) = part else {
                cut = true;
                break;
            };
            let whole = part.bytes.len() as u64 == part.length;
            match part.number {
                1 if whole => peek.tag = part.bytes,
                9 if whole => peek.metadata = Some(part.bytes),
                1 | 9 => return None,
                2..=6 | 8 if peek.content != 0 => return None,
                8 => {
                    peek.content = 8;
                    peek.dtype = parts(part.bytes, part.length)
                        .next()
                        .flatten()
                        .filter(|p| p.number == 1)
                        .and_then(|p| DType::from_wire(p.varint));
                }
                2..=6 => peek.content = part.number,
                _ => {}
            }
        }
        // An empty tag may have been cut off, and a tensor without one has another name.
        let named = !peek.tag.is_empty() || (!cut && peek.content != 8);
        (peek.content != 0 && named).then_some(peek)
    }
}
