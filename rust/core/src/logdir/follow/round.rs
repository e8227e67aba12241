//! One round of a follower: byte ranges of files, read as a scan reads whole ones.

use super::Follower;
use super::cursor::Partial;
use super::file::{Advance, Followed};
use super::maker::{Made, bit};
use super::task::RowTask;
use crate::catalog::{FileEntry, Run, Woken, natural};
use crate::error::{Error, Result};
use crate::scan::tags::{self, UnitMetadata};
use crate::scan::walk::{End, Span};
use crate::scan::{FileTask, Ordered, Position, Threads, tasks};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// Rounds with fewer bytes are read by the thread that asks.
const SMALL: u64 = 1 << 20;

pub(super) struct Round {
    ordered: Ordered<RowTask>,
    /// The stamp and end of each file, by its number.
    states: HashMap<u32, (u64, End)>,
    /// Files in which nothing follows any more.
    ended: HashSet<u32>,
    in_hand: Option<InHand>,
}

impl Round {
    /// A bit for each kind of rows of the unit in hand that is handed out.
    pub(super) fn in_hand(&self) -> Option<u16> {
        self.in_hand.as_ref().map(|unit| unit.taken)
    }
}

/// Rows of a unit, and where its files stand when all of them are handed out.
struct InHand {
    batches: VecDeque<Made>,
    advances: Vec<(u32, Position, Advance)>,
    read: Vec<(u32, bool)>,
    /// A bit for each kind of rows that is handed out.
    taken: u16,
    /// What the unit said of tags.
    metadata: Arc<UnitMetadata>,
}

impl Follower {
    /// Begins to read what has come, if anything has.
    pub(super) fn begin_round(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        let settle = self.options.settle;
        let mut due: HashMap<PathBuf, (u32, End, u64)> = HashMap::new();
        let mut by_run: HashMap<u32, Vec<_>> = HashMap::new();
        // What was begun comes first. A file that is gone by now comes when it is back.
        let begun = |id: &u32| self.files.files[*id as usize].entry.is_some();
        let goes_on = self.partial.keys().any(begun);
        for (id, file) in (0u32..).zip(&self.files.files) {
            let (end, limit) = match self.partial.get(&id) {
                // These bytes ended between two records when they were read.
                Some(partial) => (Some(End::Final), partial.end),
                None if goes_on => (None, u64::MAX),
                None => (file.due(settle), u64::MAX),
            };
            if let (Some(end), Some(entry)) = (end, &file.entry) {
                due.insert(entry.path.clone(), (id, end, limit));
                by_run.entry(file.run).or_default().push(Arc::clone(entry));
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        if !self.begun.is_empty() {
            self.begin_meshes()?;
            return self.begin_round(go_on); // files may turn out to be others
        }
        let (tasks, known) = self.tasks(due, by_run, go_on)?;
        let whole = tasks.iter().filter(|task| task.end != End::Final);
        let states = whole
            .map(|task| (task.id, (task.entry.stamp(), task.end)))
            .collect();
        let bytes: u64 = tasks.iter().map(FileTask::bytes).sum();
        let options = self.log.options;
        let threads = if bytes <= SMALL { 1 } else { options.threads };
        let raise = options.on_damage == super::super::OnDamage::Raise;
        let report = self.log.report.clone();
        let task = self.maker.task();
        self.round = Some(Round {
            ordered: Ordered::resume(task, tasks, threads, raise, report, known),
            states,
            ended: HashSet::new(),
            in_hand: None,
        });
        Ok(())
    }

    /// The ranges to read, in the order of the contract, and what is known of their runs.
    #[expect(
        clippy::type_complexity,
        reason = "two maps that are made here and used once"
    )]
    fn tasks(
        &self,
        mut due: HashMap<PathBuf, (u32, End, u64)>,
        mut by_run: HashMap<u32, Vec<Arc<FileEntry>>>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(Vec<FileTask>, HashMap<u32, Arc<tags::RunMetadata>>)> {
        let mut runs: Vec<(Run, u32)> = Vec::with_capacity(by_run.len());
        for (number, files) in by_run.drain() {
            let name = self.runs.names[number as usize].clone();
            runs.push((Run { name, files }, number));
        }
        runs.sort_by(|(a, _), (b, _)| natural(&a.name, &b.name));
        let numbers: Vec<u32> = runs.iter().map(|(_, number)| *number).collect();
        let runs: Vec<Run> = runs.into_iter().map(|(run, _)| run).collect();
        let mut threads = Threads::new(self.log.options.threads, go_on);
        let mut planned = tasks(&runs, &mut threads)?;
        let mut known = HashMap::new();
        for task in &mut planned {
            let Some((id, end, limit)) = due.remove(&task.entry.path) else {
                return Err(Error::internal("a file that is not due"));
            };
            let run = numbers[task.run as usize];
            let file: &Followed = &self.files.files[id as usize];
            task.run = run;
            task.id = id;
            task.end = end;
            task.start = file.position;
            task.length = task.length.min(limit).max(file.position.offset);
            task.resumes = self.runs.is_begun[run as usize] || limit != u64::MAX;
            if self.runs.is_begun[run as usize] {
                known.insert(run, Arc::clone(&self.runs.metadata[run as usize]));
            }
        }
        Ok((planned, known))
    }

    /// Takes the next unit of the round in hand, or ends it.
    pub(super) fn go_round(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<()> {
        let Some(round) = &mut self.round else {
            return Ok(());
        };
        let Some(next) = round.ordered.next(go_on) else {
            self.round = None;
            return Ok(());
        };
        let (unit, decoded) = next?;
        let parts: Vec<(u32, bool)> = round.ordered.files_of(unit).collect();
        let mut in_hand = InHand {
            batches: VecDeque::new(),
            advances: Vec::new(),
            read: Vec::new(),
            taken: 0,
            metadata: Arc::clone(decoded.output.metadata()),
        };
        for ((id, is_last), span) in parts.into_iter().zip(&decoded.spans) {
            in_hand.taken |= self.partial.get(&id).map_or(0, |partial| partial.kinds);
            self.pass(id, is_last, span, &mut in_hand)?;
        }
        let replaced =
            |(.., advance): &(u32, Position, Advance)| matches!(advance, Advance::Replaced);
        if in_hand.advances.iter().any(replaced) {
            for (id, ..) in in_hand.advances.iter().filter(|a| replaced(a)) {
                self.replace(*id);
            }
            self.rest(); // what else was read ahead is read again
            self.wake(Woken::Anything); // to find what is in its place
            return Ok(());
        }
        let taken = in_hand.taken;
        in_hand.batches = self.maker.make(decoded.output, taken)?.into();
        let is_empty = in_hand.batches.is_empty();
        if let Some(round) = &mut self.round {
            round.in_hand = Some(in_hand);
        }
        if is_empty {
            self.settle_unit();
        }
        Ok(())
    }

    /// Holds one file of a unit against what was read of it before.
    fn pass(&mut self, id: u32, is_last: bool, span: &Span, unit: &mut InHand) -> Result<()> {
        let Some(round) = &mut self.round else {
            return Ok(());
        };
        let file = &self.files.files[id as usize];
        let earlier = round.ended.contains(&id);
        if is_last {
            unit.read
                .push((id, span.pending || (earlier && file.is_pending)));
        }
        if earlier {
            return Ok(());
        }
        if span.ended {
            round.ended.insert(id);
        }
        let entry = file.entry.as_ref();
        let path = entry.map(|entry| entry.path.clone()).unwrap_or_default();
        let advance = file
            .check(span.next)
            .map_err(|error| Error::io(error, &path))?;
        unit.advances.push((id, span.next, advance));
        self.files.files[id as usize].is_pending = span.pending;
        Ok(())
    }

    /// The next batch of the unit in hand. With the last, its files move on.
    pub(super) fn take_batch(&mut self) -> Option<Made> {
        let in_hand = self.round.as_mut()?.in_hand.as_mut()?;
        let (kind, batch) = in_hand.batches.pop_front()?;
        in_hand.taken |= bit(kind);
        if in_hand.batches.is_empty() {
            self.settle_unit();
        }
        Some((kind, batch))
    }

    /// What a unit said of tags counts for those behind it.
    fn learn(&mut self, metadata: &UnitMetadata) {
        let runs: HashSet<u32> = metadata.learned().map(|(run, ..)| run).collect();
        for run in runs {
            tags::learn(&mut self.runs.metadata[run as usize], run, metadata);
        }
    }

    /// All rows of the unit in hand are handed out.
    fn settle_unit(&mut self) {
        let in_hand = self.round.as_mut().and_then(|round| round.in_hand.take());
        let Some(in_hand) = in_hand else { return };
        self.learn(&in_hand.metadata);
        if let Some(meshes) = self.maker.meshes() {
            meshes.commit();
        }
        for (id, next, advance) in in_hand.advances {
            let file = &mut self.files.files[id as usize];
            if let Advance::Same(ends) = advance {
                file.advance(next, ends);
            }
            if self
                .partial
                .get(&id)
                .is_some_and(|partial| next.offset >= partial.end)
            {
                self.partial.remove(&id);
            }
            self.runs.is_begun[file.run as usize] = true;
        }
        for (id, pending) in in_hand.read {
            let states = self.round.as_ref().map(|round| &round.states);
            if let Some(&(stamp, end)) = states.and_then(|states| states.get(&id)) {
                self.files.files[id as usize].was_read(stamp, end, pending);
            }
        }
    }
}

impl Follower {
    /// The bytes of which only some kinds of rows are handed out.
    pub(super) fn partials(&self) -> HashMap<u32, Partial> {
        let mut partial = self.partial.clone();
        let in_hand = self.round.as_ref().and_then(|round| round.in_hand.as_ref());
        if let Some(in_hand) = in_hand.filter(|in_hand| in_hand.taken != 0) {
            for (file, next, _) in &in_hand.advances {
                let (file, end, kinds) = (*file, next.offset, in_hand.taken);
                partial.insert(file, Partial { file, end, kinds });
            }
        }
        partial
    }
}
