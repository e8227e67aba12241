//! Every record checked all the way down: checksums, wire format, and whether each value makes
//! sense as what it is.

use crate::error::Result;
use crate::event::Irregular;
use crate::event::check::Proof;
use crate::event::view::{Event, What};
use crate::event::wire::{Field, Fields};
use crate::filter::Names;
use crate::scan::block::RecordSpan;
use crate::scan::record::{Events, Trouble};
use crate::scan::resolve::{Gate, for_each_value};
use crate::scan::tags::{Tags, UnitMetadata};
use crate::scan::{Access, Decoded, Output, Scratch, Task, WorkUnit, decode};
use crate::table::{Judge, Memory};

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
    metadata: UnitMetadata,
}

impl Output for Audit {
    fn size(&self) -> usize {
        self.versions.len() * 64
    }

    fn metadata(&self) -> Option<&UnitMetadata> {
        Some(&self.metadata)
    }
}

impl Task for AuditTask {
    type Output = Audit;

    fn run(&self, work: WorkUnit<'_>, scratch: &mut Scratch) -> Result<Decoded<Audit>> {
        decode(self.access, work, scratch, |_| Auditor {
            tags: Tags::new(&Names::All, None, work.metadata),
            judge: Judge::default(),
            audit: Audit::default(),
            file: 0,
        })
    }
}

struct Auditor<'s> {
    tags: Tags<'s>,
    judge: Judge,
    audit: Audit,
    file: u32,
}

impl Auditor<'_> {
    fn value(&mut self, message: &[u8], gate: &mut Gate<'_>) -> Result<(), Trouble> {
        if let Some(resolved) = self.tags.resolve(message, gate, false)? {
            self.tags.judge(&mut self.judge, &resolved, gate.pass()?)?;
        }
        Ok(())
    }
}

impl Events for Auditor<'_> {
    type Output = Audit;

    fn enter(&mut self, run: u32, file: u32, begins: bool) {
        self.file = file;
        self.tags.enter_run(run, begins);
    }

    #[inline(always)]
    fn event(&mut self, _: RecordSpan, payload: &[u8]) -> Result<(), Trouble> {
        let event = Event::parse(payload).ok_or(Irregular)?;
        match event.what {
            What::Summary(summary) => {
                let mut gate = Gate::new(payload, summary);
                gate.pass()?;
                for_each_value(summary, |_, message| self.value(message, &mut gate))?;
            }
            What::FileVersion(version) => {
                Proof::of(payload)?;
                let writer = event.source.and_then(writer);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                self.audit
                    .versions
                    .push((self.file, writer.map(text), Some(text(version))));
            }
            _ => drop(Proof::of(payload)?),
        }
        Ok(())
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }

    fn finish(mut self, _: &mut Memory) -> Audit {
        self.audit.metadata = self.tags.finish();
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
