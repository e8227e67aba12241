//! Replaces an embedding in the text of a config and leaves all other text as it is spelled.

use std::ops::Range;

use super::{Parser, Result};

/// `text` without the embeddings called `name`, followed by `block`.
///
/// Comments, unknown fields, the order of entries and their spelling stay. Only a list of
/// embeddings of which one goes is spelled anew: as one field for each of the others.
///
/// # Errors
/// If `text` is no config; the line says where.
pub fn replace_embedding(text: &str, name: &str, block: &str) -> Result<String> {
    let mut edited = String::with_capacity(text.len() + block.len() + 1);
    let mut copied = 0;
    for entry in entries(text)? {
        if entry.items.iter().all(|item| item.name != name.as_bytes()) {
            continue;
        }
        edited.push_str(&text[copied..entry.span.start]);
        for item in &entry.items {
            if item.name != name.as_bytes() {
                edited.push_str("embeddings ");
                edited.push_str(&text[item.span.clone()]);
                edited.push('\n');
            }
        }
        copied = entry.span.end;
    }
    edited.push_str(&text[copied..]);
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited.push('\n');
    }
    edited.push_str(block);
    Ok(edited)
}

/// A field `embeddings` of the config: one message or a list of them.
struct Entry {
    /// From the field's name to the end of what belongs to it.
    span: Range<usize>,
    items: Vec<Item>,
}

/// One embedding.
struct Item {
    /// The message with its braces.
    span: Range<usize>,
    /// Its `tensor_name`, escapes read.
    name: Vec<u8>,
}

fn entries(text: &str) -> Result<Vec<Entry>> {
    let mut parser = Parser::new(text);
    let mut found = Vec::new();
    while parser.peek().is_some() {
        let start = parser.at;
        let name = parser.field_name()?;
        let mut items = Vec::new();
        if name == "embeddings" {
            parser.each(&mut |parser| {
                items.push(item(parser)?);
                Ok(())
            })?;
        } else {
            parser.skip()?;
        }
        let mut end = parser.at;
        if parser.take(b",;") {
            end = parser.at;
        }
        if !items.is_empty() {
            let span = start..line_end(text, end);
            found.push(Entry { span, items });
        }
    }
    Ok(found)
}

fn item(parser: &mut Parser<'_>) -> Result<Item> {
    parser.peek();
    let start = parser.at;
    let mut name = Vec::new();
    parser.message("embeddings", &mut |parser, field| match field {
        "tensor_name" => {
            name = parser.string_bytes(field)?;
            Ok(())
        }
        _ => parser.skip(),
    })?;
    let span = start..parser.at;
    Ok(Item { span, name })
}

/// Behind the line break after `end`, if nothing but spaces stands before it.
fn line_end(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    let after = rest.trim_start_matches([' ', '\t', '\r']);
    match after.strip_prefix('\n') {
        Some(next) => text.len() - next.len(),
        None => end,
    }
}
