//! Many scalars of one tag, encoded without a call per point.
//!
//! The points of a batch differ in wall time, step and value only. So a whole record is kept as a
//! form, into which each point writes those and the checksum before it is copied out; steps of
//! another length need another form. The loop over the points is compiled with the checksum
//! instruction inlined.

use crate::event::encode::{Encode, PlainScalar, Summary, varint_len};
use crate::record::crc::{Crc, Job, MaskedCrc, with_fastest};
use crate::record::{FOOTER, HEADER, OVERHEAD};

/// Scalars of one tag. Slices shorter than `values` end the batch early.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// The numbers.
    pub values: &'a [f32],
    /// Their steps.
    pub steps: &'a [i64],
    /// Their wall times.
    pub wall_times: &'a [f64],
}

impl<'a> Points<'a> {
    /// How many points there are.
    pub fn len(&self) -> usize {
        let shorter = self.steps.len().min(self.wall_times.len());
        self.values.len().min(shorter)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn first(self, n: usize) -> Self {
        Self {
            values: self.values.get(..n).unwrap_or(self.values),
            ..self
        }
    }

    pub(super) fn skip(self, n: usize) -> Self {
        Self {
            values: self.values.get(n..).unwrap_or_default(),
            steps: self.steps.get(n..).unwrap_or_default(),
            wall_times: self.wall_times.get(n..).unwrap_or_default(),
        }
    }
}

fn step_len(step: i64) -> usize {
    if step == 0 {
        0
    } else {
        1 + varint_len(step as u64)
    }
}

/// What all records of a batch share.
pub(super) struct Template {
    /// From the summary's key up to the value's four bytes.
    middle: Vec<u8>,
}

const WALL_TIME: usize = 9;
const VALUE: usize = 4;
const LONGEST_STEP: usize = 11;

impl Template {
    pub fn new(tag: &str) -> Self {
        let mut middle = Vec::new();
        // A scalar is never so large that it can be interrupted.
        let _ = Summary(PlainScalar { tag, value: 0.0 }).encode(&mut middle);
        middle.truncate(middle.len() - VALUE);
        Self { middle }
    }

    fn payload(&self, wall_time: f64, step: i64) -> usize {
        let time = if wall_time.to_bits() == 0 {
            0
        } else {
            WALL_TIME
        };
        let step = if step == 0 {
            0
        } else {
            1 + varint_len(step as u64)
        };
        time + step + self.middle.len() + VALUE
    }

    /// The largest record.
    pub fn longest(&self) -> usize {
        WALL_TIME + LONGEST_STEP + self.middle.len() + VALUE + OVERHEAD
    }

    /// Bytes that `points` take.
    pub fn total(&self, points: Points<'_>) -> u64 {
        let times = points.wall_times.iter().zip(points.steps);
        let sizes = times.map(|(&time, &step)| (self.payload(time, step) + OVERHEAD) as u64);
        sizes.take(points.len()).sum()
    }

    /// Appends records to `out` until it has no room; says how many.
    pub fn fill(&self, points: Points<'_>, out: &mut Vec<u8>) -> usize {
        with_fastest(Fill {
            template: self,
            points,
            out,
        })
    }
}

struct Fill<'a> {
    template: &'a Template,
    points: Points<'a>,
    out: &'a mut Vec<u8>,
}

/// A record of which the next point only changes some bytes.
struct Form {
    record: Vec<u8>,
    has_time: bool,
    /// Bytes of the step, its key included; none for step 0.
    step: usize,
}

impl Form {
    fn new<C: Crc>(template: &Template, has_time: bool, step: usize) -> Self {
        let time = if has_time { WALL_TIME } else { 0 };
        let length = (time + step + template.middle.len() + VALUE) as u64;
        let mut record = Vec::with_capacity(template.longest());
        record.extend_from_slice(&length.to_le_bytes());
        let crc = MaskedCrc::mask(C::crc32c(&record));
        record.extend_from_slice(&crc.to_le_bytes());
        if has_time {
            record.extend_from_slice(&[0x09; WALL_TIME]);
        }
        record.extend(std::iter::repeat_n(0x10, step));
        record.extend_from_slice(&template.middle);
        record.extend_from_slice(&[0; VALUE + FOOTER]);
        Self {
            record,
            has_time,
            step,
        }
    }

    #[inline(always)]
    fn set<C: Crc>(&mut self, wall_time: f64, step: i64, value: f32) {
        let mut at = HEADER;
        if self.has_time {
            self.record[at + 1..at + WALL_TIME].copy_from_slice(&wall_time.to_le_bytes());
            at += WALL_TIME;
        }
        let mut rest = step as u64;
        if let Some((last, bytes)) = self.record[at..at + self.step]
            .split_first_mut()
            .and_then(|(_key, bytes)| bytes.split_last_mut())
        {
            for byte in bytes {
                *byte = rest as u8 | 0x80;
                rest >>= 7;
            }
            *last = rest as u8;
        }
        let payload = self.record.len() - FOOTER;
        self.record[payload - VALUE..payload].copy_from_slice(&value.to_le_bytes());
        let crc = MaskedCrc::mask(C::crc32c(&self.record[HEADER..payload]));
        self.record[payload..].copy_from_slice(&crc.to_le_bytes());
    }
}

impl Job for Fill<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<C: Crc>(self) -> usize {
        let Self {
            template,
            points,
            out,
        } = self;
        let room = (out.capacity() - out.len()) / template.longest();
        let mut form = Form::new::<C>(template, true, 0);
        let times = points.wall_times.iter().zip(points.steps);
        let mut n = 0;
        for (&value, (&wall_time, &step)) in points.values.iter().zip(times).take(room) {
            let has_time = wall_time.to_bits() != 0;
            let step_len = step_len(step);
            if step_len != form.step || has_time != form.has_time {
                form = Form::new::<C>(template, has_time, step_len);
            }
            form.set::<C>(wall_time, step, value);
            out.extend_from_slice(&form.record);
            n += 1;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::encode::Event;
    use crate::record::frame_in_place;

    #[test]
    fn a_batch_has_the_bytes_of_its_points_one_by_one() {
        let steps: Vec<i64> = (0..64)
            .flat_map(|n| [1i64 << n, (1i64 << n).wrapping_sub(1), -(1i64 << (n / 2))])
            .chain([0, 0, 5])
            .collect();
        let values: Vec<f32> = (0..steps.len()).map(|i| i as f32 / 3.0).collect();
        let wall_times: Vec<f64> = (0..steps.len()).map(|i| i as f64 * 0.5).collect();
        for tag in ["", "loss", &"long".repeat(100)] {
            let mut one_by_one = Vec::new();
            for ((&value, &step), &wall_time) in values.iter().zip(&steps).zip(&wall_times) {
                let what = Summary(PlainScalar { tag, value });
                let event = Event {
                    wall_time,
                    step,
                    what,
                };
                frame_in_place(&mut one_by_one, |out| event.encode(out)).expect("nobody stops it");
            }
            let points = Points {
                values: &values,
                steps: &steps,
                wall_times: &wall_times,
            };
            let template = Template::new(tag);
            assert_eq!(template.total(points), one_by_one.len() as u64);
            let mut out = Vec::with_capacity(template.longest() * points.len());
            assert_eq!(template.fill(points, &mut out), points.len());
            assert_eq!(out, one_by_one);
            let mut small = Vec::with_capacity(template.longest() * 3);
            let held = small.capacity();
            assert_eq!(template.fill(points, &mut small), held / template.longest());
            assert_eq!(small.capacity(), held, "a chunk does not grow");
        }
    }
}
