//! Every record checked all the way down: checksums and wire format, nothing decoded.

use crate::error::Result;
use crate::event::check;
use crate::event::view::{Event, What};
use crate::event::wire::{Field, Fields};
use crate::pipeline::record::{Events, Trouble};
use crate::pipeline::tags::Context;
use crate::pipeline::{Access, Decoded, FileTask, Output, Scratch, Task, Unit, decode};
use crate::table::Memory;

/// Checks everything.
pub struct AuditTask {
    /// How files are read.
    pub access: Access,
}

/// What the version events of each part said: `(file, writer, version)`.
#[derive(Debug, Default)]
pub struct Audit {
    file: u32,
    /// In order; later ones replace earlier ones.
    pub versions: Vec<(u32, Option<String>, Option<String>)>,
}

impl Output for Audit {
    fn size(&self) -> usize {
        self.versions.len() * 64
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
        from: Option<u64>,
        _: Option<&Context>,
        scratch: &mut Scratch,
    ) -> Result<Decoded<Audit>> {
        decode(self.access, files, unit, from, scratch, |_| {
            Audit::default()
        })
    }
}

impl Events for Audit {
    type Output = Self;

    fn enter(&mut self, _: u32, file: u32, _: bool) {
        self.file = file;
    }

    #[inline(always)]
    fn event(&mut self, _: u64, _: u64, payload: &[u8]) -> Result<(), Trouble> {
        if !check::is_event(payload) {
            return Err(Trouble::Irregular);
        }
        let event = Event::parse(payload).ok_or(Trouble::Irregular)?;
        if let What::FileVersion(version) = event.what {
            let writer = event.source.map(Fields::of).and_then(|mut fields| {
                let mut writer = None;
                while let Some((number, field)) = fields.next() {
                    if let (1, Field::Bytes(name)) = (number, field) {
                        writer = Some(name);
                    }
                }
                writer
            });
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.versions
                .push((self.file, writer.map(text), Some(text(version))));
        }
        Ok(())
    }

    fn skips(&mut self, _: &[u8], _: u64) -> bool {
        false
    }

    fn finish(self, _: &mut Memory) -> Self {
        self
    }
}
