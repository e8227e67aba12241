//! Rows of a unit of work, and where sessions started between them.

use super::tags::UnitMetadata;
use crate::event::kind::Kind;
use crate::record::crc::MaskedCrc;
use crate::table::keys::KeyColumns;
use arrow_array::{Array, ArrayRef};
use std::sync::Arc;

/// Rows of one kind, tags numbered within the unit.
pub struct Block {
    /// The key columns.
    pub keys: KeyColumns,
    /// The kind's own columns.
    pub columns: Vec<ArrayRef>,
    /// Where the value of each row is stored, if references are asked for.
    pub stored: Vec<Stored>,
    /// The tags that have rows, in the order of their first.
    pub used: Vec<u32>,
    /// Where sessions started.
    pub starts: Vec<Start>,
    /// What is known of the tags.
    pub metadata: Arc<UnitMetadata>,
}

/// Rows of several kinds.
pub struct Blocks {
    /// In the order of the kinds. A kind without rows may be left out, unless sessions started.
    pub blocks: Vec<(Kind, Block)>,
    /// What is known of the tags, which have one number in all blocks.
    pub metadata: Arc<UnitMetadata>,
}

/// A record: where it begins, the length of its payload, and the checksum stored with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSpan {
    /// Where it begins.
    pub offset: u64,
    /// Bytes of the payload.
    pub length: u64,
    /// The checksum of the payload.
    pub crc: MaskedCrc,
}

/// A value: its record, and its number among the values in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The record.
    pub record: RecordSpan,
    /// 0 for the first value, and for an event without values.
    pub value: u32,
}

/// A `SessionLog` with status `START`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// It stands before this row of the block.
    pub row: usize,
    /// Its run.
    pub run: u32,
    /// Points of the run from this step on are superseded.
    pub step: i64,
}

/// What comes next in a block.
#[derive(Debug, Clone, Copy)]
pub enum RowOrRestart {
    /// A session starts.
    Restart(Start),
    /// The row of this number.
    Row(usize),
}

impl Block {
    /// Rows and starts of sessions, in the order they were stored.
    pub fn rows_and_restarts(&self) -> impl Iterator<Item = RowOrRestart> {
        let mut starts = self.starts.iter().copied().peekable();
        let mut rows = (0..self.keys.len()).peekable();
        std::iter::from_fn(move || {
            let row = rows.peek().copied().unwrap_or(usize::MAX);
            starts
                .next_if(|start| start.row <= row)
                .map(RowOrRestart::Restart)
                .or_else(|| rows.next().map(RowOrRestart::Row))
        })
    }

    /// Bytes held, roughly.
    pub fn size(&self) -> usize {
        let columns = self.columns.iter().map(|c| c.get_array_memory_size());
        columns.sum::<usize>() + self.keys.len() * 28 + size_of_val(&*self.stored)
    }
}
