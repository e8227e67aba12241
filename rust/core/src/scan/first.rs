//! Reads the wall times of files' first events, which order the files of a run.

use super::walk::{Part, Position, Refusal, Span, Visitor, Walk};
use crate::catalog::{FileEntry, Run, Spread};
use crate::error::Result;
use crate::event::view::Event;
use crate::event::wire::{Field, Fields};
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::source::Window;

/// Damaged places that are passed at most to learn the time of the first event.
const MOST_DAMAGE: usize = 64;

/// Files whose first events one thread reads before another helps.
const FEW_FILES: usize = 8;

/// Reads the first events of files that are one of several in their run, and keeps their times.
pub(super) fn read(runs: &[Run], spread: &mut dyn Spread) -> Result<()> {
    let of_several = runs.iter().filter(|run| run.files.len() > 1);
    let unread: Vec<_> = of_several
        .flat_map(|run| &run.files)
        .filter(|file| file.first_wall_time().is_none())
        .collect();
    spread.each(unread.len(), FEW_FILES, &|i| {
        if let Some(time) = first_wall_time(unread[i]) {
            unread[i].set_first_wall_time(time); // or else perhaps later
        }
    })
}

fn first_wall_time(file: &FileEntry) -> Option<f64> {
    struct First(Option<f64>);
    impl Visitor for First {
        fn record<C: Crc>(
            &mut self,
            _: u64,
            payload: &[u8],
            crc: MaskedCrc,
        ) -> Result<bool, Refusal> {
            if MaskedCrc::mask(C::crc32c(payload)) != crc {
                return Err(Refusal::Checksum);
            }
            self.0 = Event::parse(payload).map(|event| event.wall_time);
            Ok(true)
        }

        fn skips(&mut self, head: &[u8], _: u64) -> bool {
            // All writers put the time first, so a large event need not be read for it.
            if let Some((1, Field::Fixed64(time))) = Fields::of(head).next() {
                self.0 = Some(f64::from_le_bytes(time));
            }
            self.0.is_some()
        }
    }
    struct Look<'a>(Walk<'a>, &'a mut Window, &'a mut First, Option<Position>);
    impl Job for Look<'_> {
        type Output = Result<Span>;
        #[inline(always)]
        fn run<C: Crc>(self) -> Result<Span> {
            self.0.run::<C, _>(self.1, self.3, self.2)
        }
    }
    let source = file.open(None, false).ok()?;
    let (mut window, mut first) = (Window::default(), First(None));
    let mut at = Position::default();
    for _ in 0..MOST_DAMAGE {
        // One record at a time: the part ends right behind its first byte.
        let part = Part {
            low: at.offset,
            high: (at.offset + 1).min(source.length()),
        };
        let walk = Walk::new(&*source, &file.path, part);
        let span = with_fastest(Look(walk, &mut window, &mut first, Some(at))).ok()?;
        if first.0.is_some() || span.ended || span.next.offset <= at.offset {
            break;
        }
        at = span.next;
    }
    first.0
}
