//! Cuts files into units of work.

use super::first;
use super::walk::{End, Part, Position};
use crate::catalog::{FileEntry, Run, Spread};
use crate::error::Result;
use std::sync::Arc;

/// Bytes of a large file in one unit: enough to make the search for its first record small beside
/// it, few enough that a block of rows stays of a handy size.
const PIECE: u64 = 4 << 20;

/// Files up to this size are not cut.
const SMALL: u64 = 6 << 20;

/// Small files of one unit: together no larger than a piece, and so many at the most.
const MOST_FILES: usize = 128;

/// A file a scan reads, in the scan's order.
#[derive(Debug, Clone)]
pub struct FileTask {
    /// Which file.
    pub entry: Arc<FileEntry>,
    /// Number of its run.
    pub run: u32,
    /// Number of the file.
    pub id: u32,
    /// How far to read.
    pub length: u64,
    /// Where to begin.
    pub start: Position,
    /// How the end is read.
    pub end: End,
    /// Earlier bytes of the run were read before, so its metadata may be known.
    pub resumes: bool,
}

impl FileTask {
    /// All of a file that is finished.
    pub fn whole(entry: Arc<FileEntry>, run: u32, id: u32) -> Self {
        let length = entry.length();
        Self {
            entry,
            run,
            id,
            length,
            start: Position::default(),
            end: End::Final,
            resumes: false,
        }
    }

    /// Bytes to read.
    pub fn bytes(&self) -> u64 {
        self.length.saturating_sub(self.start.offset)
    }

    /// Where the first record of a range begins, if the range is the first of the file.
    pub(super) fn start_of(&self, part: Part) -> Option<Position> {
        (part.low == self.start.offset).then_some(self.start)
    }
}

/// The files in the order of the contract: runs as listed, their files by the wall time of the
/// first event, then by name. Reads where a run has several.
///
/// # Errors
/// If the caller wants to stop.
pub fn tasks(runs: &[Run], spread: &mut dyn Spread) -> Result<Vec<FileTask>> {
    first::read(runs, spread)?;
    let mut tasks = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let time = |file: &FileEntry| file.first_wall_time().unwrap_or(f64::INFINITY);
        let mut files = run.files.clone();
        files.sort_by(|a, b| time(a).total_cmp(&time(b)));
        for entry in files {
            let id = tasks.len() as u32;
            tasks.push(FileTask::whole(entry, number as u32, id));
        }
    }
    Ok(tasks)
}

/// Part of a file in a unit.
#[derive(Debug, Clone, Copy)]
pub struct UnitPart {
    /// Number of the file.
    pub file: usize,
    /// Which bytes.
    pub part: Part,
    /// Whether the file's run begins in this unit.
    pub first: bool,
}

/// Work for one thread at a time: one piece of a large file, or several small files.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// In order.
    pub parts: Vec<UnitPart>,
}

impl Unit {
    /// Bytes to walk.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|p| p.part.high - p.part.low).sum()
    }
}

/// The units of `files`, in order.
pub fn plan(files: &[FileTask]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut open = Unit::default();
    let mut run_began_in = (u32::MAX, 0); // the run, and the number of the unit it began in
    for (file, task) in files.iter().enumerate() {
        let small = task.bytes() <= SMALL;
        let full = open.bytes() + task.bytes() > PIECE || open.parts.len() >= MOST_FILES;
        let alone = task.resumes || file > 0 && files[file - 1].resumes;
        if !open.parts.is_empty() && (!small || full || alone) {
            units.push(std::mem::take(&mut open));
        }
        if run_began_in.0 != task.run {
            run_began_in = (task.run, units.len());
        }
        let mut low = task.start.offset.min(task.length);
        loop {
            let high = if small {
                task.length
            } else {
                task.length.min(low + PIECE)
            };
            let part = Part { low, high };
            open.parts.push(UnitPart {
                file,
                part,
                first: run_began_in.1 == units.len() && !task.resumes,
            });
            if !small {
                units.push(std::mem::take(&mut open));
            }
            low = high;
            if high == task.length {
                break;
            }
        }
    }
    if !open.parts.is_empty() {
        units.push(open);
    }
    units
}
