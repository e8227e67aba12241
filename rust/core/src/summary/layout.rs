//! Layouts of the custom scalars dashboard.
//!
//! ```text
//!  Layout   version=1  category=2 { title=1, chart=2 { title=1, multiline=2 | margin=3 } }
//!  multiline { tag=1 … }      margin { series=1 { value=1, lower=2, upper=3 } }
//! ```

use super::value::{Content, Metadata, value};
use super::wire;
use crate::Result;

/// The one tag under which a layout is looked for.
pub const LAYOUT_TAG: &str = "custom_scalars__config__";

/// A named group of charts.
#[derive(Debug, Clone)]
pub struct Category {
    /// Its heading.
    pub title: String,
    /// What is under it.
    pub charts: Vec<Chart>,
}

/// A named chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Its heading.
    pub title: String,
    /// What it draws.
    pub lines: Lines,
}

/// What a chart draws.
#[derive(Debug, Clone)]
pub enum Lines {
    /// Every tag that matches one of these regular expressions.
    Multiline(Vec<String>),
    /// A value between a lower and an upper bound: three tags.
    Margin([String; 3]),
}

/// The `Summary.Value` of a layout.
///
/// # Errors
/// As [`value`].
pub fn layout(categories: &[Category]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for category in categories {
        wire::message(&mut bytes, 2, |out| {
            wire::bytes(out, 1, category.title.as_bytes());
            for chart in &category.charts {
                wire::message(out, 2, |out| encode_chart(out, chart));
            }
        });
    }
    let content = Content::Strings(&[], &[&bytes]);
    value(LAYOUT_TAG, content, Metadata::plugin("custom_scalars"))
}

fn encode_chart(out: &mut Vec<u8>, chart: &Chart) {
    wire::bytes(out, 1, chart.title.as_bytes());
    match &chart.lines {
        Lines::Multiline(tags) => wire::message(out, 2, |out| {
            tags.iter()
                .for_each(|tag| wire::bytes_always(out, 1, tag.as_bytes()));
        }),
        Lines::Margin(tags) => wire::message(out, 3, |out| {
            wire::message(out, 1, |out| {
                for (field, tag) in (1..).zip(tags) {
                    wire::bytes(out, field, tag.as_bytes());
                }
            });
        }),
    }
}
