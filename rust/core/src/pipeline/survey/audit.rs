//! Every record checked all the way down: checksums, wire format, and whether each value makes
//! sense as what it is.

use crate::error::Result;
use crate::event::check;
use crate::event::kind::{Kind, kind_of};
use crate::event::view::{Content, Event, Value, Values, What};
use crate::event::wire::{Field, Fields};
use crate::filter::Names;
use crate::pipeline::record::{Events, Trouble};
use crate::pipeline::tags::{Context, Lesson, Tags};
use crate::pipeline::{Access, Decoded, FileTask, Output, Position, Scratch, Task, Unit, decode};
use crate::table::schema::{Layout, TensorData};
use crate::table::{Entry, Memory, Rows, rows_for};

/// Bytes of columns that are built before they are thrown away.
const ENOUGH: usize = 1 << 20;

/// Checks everything.
pub struct AuditTask {
    /// How files are read.
    pub access: Access,
}

/// What the version events of each file said.
#[derive(Debug, Default)]
pub struct Audit {
    /// File, writer, version, in order; later ones replace earlier ones.
    pub versions: Vec<(u32, Option<String>, Option<String>)>,
    lesson: Lesson,
}

impl Output for Audit {
    fn size(&self) -> usize {
        self.versions.len() * 64
    }

    fn lesson(&self) -> Option<&Lesson> {
        Some(&self.lesson)
    }
}

impl Task for AuditTask {
    type Output = Audit;

    fn access(&self) -> Access {
        self.access
    }

    fn run(
        &self,
        files: &[FileTask],
        unit: &Unit,
        from: Option<Position>,
        seed: Option<&Context>,
        scratch: &mut Scratch,
    ) -> Result<Decoded<Audit>> {
        decode(self.access, files, unit, from, scratch, |_| Auditor {
            tags: Tags::new(&Names::All, None, seed),
            rows: Kind::ALL.map(|_| None),
            audit: Audit::default(),
            memory: Memory::default(),
            file: 0,
        })
    }
}

struct Auditor<'s> {
    tags: Tags<'s>,
    /// Columns that values are decoded into only to see whether they can be.
    rows: [Option<Box<dyn Rows>>; Kind::ALL.len()],
    audit: Audit,
    memory: Memory,
    file: u32,
}

impl Auditor<'_> {
    fn value(&mut self, message: &[u8]) -> Result<(), Trouble> {
        let value = Value::parse(message).ok_or(Trouble::Irregular)?;
        if matches!(value.content, Content::Simple(_)) && value.metadata.is_none() {
            return Ok(());
        }
        let id = self.tags.id(value.series_tag()).ok_or(Trouble::Irregular)?;
        let owner = self.tags.owner_of(id, &value).ok_or(Trouble::Irregular)?;
        let plugin = owner.plugin;
        let Some(kind) = kind_of(&value.content, plugin).ok_or(Trouble::Irregular)? else {
            return Ok(());
        };
        let said = self.tags.first_metadata(id, &value);
        let value = value.with_metadata(said.as_deref());
        let memory = &mut self.memory;
        let rows = self.rows[kind as usize].get_or_insert_with(|| decoder(kind, memory));
        let pushed = rows.push(&Entry {
            value,
            plugin,
            graph: None,
        });
        if rows.size() > ENOUGH {
            drop(rows.finish(memory));
            self.rows[kind as usize] = None;
        }
        pushed.map(drop).map_err(Trouble::from)
    }
}

/// Blobs are not copied to be checked; tensors have to be taken apart.
fn decoder(kind: Kind, memory: &mut Memory) -> Box<dyn Rows> {
    let columns = match kind {
        Kind::Tensors => ["data".to_owned()],
        _ => ["step".to_owned()],
    };
    match Layout::new(kind, TensorData::Any, Some(&columns)) {
        Ok(layout) => rows_for(kind, &layout.wanted, memory),
        Err(_) => Box::new(crate::table::Scalars::new(0, memory)), // there are such columns
    }
}

impl Events for Auditor<'_> {
    type Output = Audit;

    fn enter(&mut self, run: u32, file: u32, begins: bool) {
        self.file = file;
        self.tags.enter_run(run, begins);
    }

    #[inline(always)]
    fn event(&mut self, _: u64, _: u64, payload: &[u8]) -> Result<(), Trouble> {
        if !check::is_event(payload) {
            return Err(Trouble::Irregular);
        }
        let event = Event::parse(payload).ok_or(Trouble::Irregular)?;
        match event.what {
            What::Summary(summary) => {
                let mut bad = None;
                let mut values = Values::of(summary);
                while !values.is_empty() {
                    let Some(message) = values.next().ok_or(Trouble::Irregular)? else {
                        continue;
                    };
                    match self.value(message) {
                        Err(Trouble::Bad(reason)) => drop(bad.get_or_insert(reason)),
                        result => result?,
                    }
                }
                bad.map_or(Ok(()), |reason| Err(Trouble::Bad(reason)))?;
            }
            What::FileVersion(version) => {
                let writer = event.source.and_then(writer);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                self.audit
                    .versions
                    .push((self.file, writer.map(text), Some(text(version))));
            }
            _ => {}
        }
        Ok(())
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }

    fn finish(mut self, _: &mut Memory) -> Audit {
        self.audit.lesson = self.tags.finish();
        self.audit
    }
}

/// The `writer` of a `SourceMetadata`.
fn writer(source: &[u8]) -> Option<&[u8]> {
    let mut writer = None;
    let mut fields = Fields::of(source);
    while let Some((number, field)) = fields.next() {
        if let (1, Field::Bytes(name)) = (number, field) {
            writer = Some(name);
        }
    }
    writer
}
