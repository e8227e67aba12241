//! One pass over an array: counts per bin, extremes and sums.

use std::ops::Range;

use super::super::array::{Array, BLOCK, STRETCH};
use crate::error::Result;
use crate::interrupt;

/// Finds the slot of a value: 0 below all edges, `i + 1` in bin `i`, the number of edges above
/// all and for NaN (or 0, which is as good: neither slot is looked at).
pub(super) trait Locate {
    /// What is computed of many values at once, in a loop of its own.
    type Hint: Copy + Default;

    fn hint(&self, value: f64) -> Self::Hint;

    fn slot(&self, value: f64, hint: Self::Hint) -> usize;
}

/// What one pass gathers beside the counts.
pub(super) struct Totals {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) nans: usize,
}

/// One pass: the array, the bins and what has been counted.
pub(super) struct Pass<'a, L> {
    array: &'a Array<'a>,
    locate: &'a L,
    /// Four counters a slot, taken in turn: neighbours that share a slot need not wait for each
    /// other.
    slots: Vec<[u64; TURNS]>,
    min: f64,
    max: f64,
    nans: usize,
}

const LANES: usize = 8;
const TURNS: usize = 4;

impl<'a, L: Locate> Pass<'a, L> {
    pub(super) fn new(array: &'a Array<'a>, locate: &'a L, edges: usize) -> Self {
        Self {
            array,
            locate,
            slots: vec![[0; TURNS]; edges + 1],
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            nans: 0,
        }
    }

    /// The totals, and the counts of the bins.
    pub(super) fn run(mut self) -> Result<(Totals, Vec<u64>)> {
        let (sum, squares) = self.stretches(0..self.array.len())?;
        let extreme = |value| if self.nans > 0 { f64::NAN } else { value };
        let totals = Totals {
            min: extreme(self.min),
            max: extreme(self.max),
            sum: 0.0 + sum,
            squares: 0.0 + squares,
            nans: self.nans,
        };
        Ok((totals, self.counts()))
    }

    /// A pass without the totals.
    pub(super) fn only_counts(mut self) -> Result<Vec<u64>> {
        self.array.blocks(|_, block| self.tally(block))?;
        Ok(self.counts())
    }

    /// The counts of the bins, without those outside.
    fn counts(&self) -> Vec<u64> {
        let inner = self.slots.len().saturating_sub(1);
        let slots = self.slots.get(1..inner).unwrap_or_default();
        slots.iter().map(|turns| turns.iter().sum()).collect()
    }

    /// The sums of many elements.
    fn stretches(&mut self, elements: Range<usize>) -> Result<(f64, f64)> {
        if elements.len() <= STRETCH {
            interrupt::check()?;
            return Ok(self.halves(elements));
        }
        let (left, right) = split(elements);
        let (left, right) = (self.stretches(left)?, self.stretches(right)?);
        Ok((left.0 + right.0, left.1 + right.1))
    }

    /// The sums of a stretch.
    fn halves(&mut self, elements: Range<usize>) -> (f64, f64) {
        if elements.len() <= BLOCK {
            let mut block = [0.0; BLOCK];
            let block = &mut block[..elements.len()];
            self.array.load(elements.start, block);
            return self.block(block);
        }
        let (left, right) = split(elements);
        let (left, right) = (self.halves(left), self.halves(right));
        (left.0 + right.0, left.1 + right.1)
    }

    #[inline]
    fn tally(&mut self, block: &[f64]) {
        if self.slots.len() < 2 {
            return; // there are no edges
        }
        let mut hints = [L::Hint::default(); BLOCK];
        let hints = &mut hints[..block.len().min(BLOCK)];
        for (hint, &value) in hints.iter_mut().zip(block) {
            *hint = self.locate.hint(value);
        }
        let (turns, rest) = block.as_chunks::<TURNS>();
        let (turn_hints, rest_hints) = hints.as_chunks::<TURNS>();
        for (values, hints) in turns.iter().zip(turn_hints) {
            for turn in 0..TURNS {
                let slot = self.locate.slot(values[turn], hints[turn]);
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot[turn] += 1;
                }
            }
        }
        for (&value, &hint) in rest.iter().zip(rest_hints) {
            if let Some(slot) = self.slots.get_mut(self.locate.slot(value, hint)) {
                slot[0] += 1;
            }
        }
    }

    #[inline]
    fn block(&mut self, block: &[f64]) -> (f64, f64) {
        self.tally(block);
        self.extremes(block);
        let (lanes, rest) = block.as_chunks::<LANES>();
        let (mut sum, mut squares) = ([-0.0; LANES], [-0.0; LANES]);
        for chunk in lanes {
            for lane in 0..LANES {
                sum[lane] += chunk[lane];
                squares[lane] += chunk[lane] * chunk[lane];
            }
        }
        let fold = |l: [f64; 8]| ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]));
        let (mut sum, mut squares) = (fold(sum), fold(squares));
        for &value in rest {
            sum += value;
            squares += value * value;
        }
        if sum.is_nan() {
            self.nans += block.iter().filter(|value| value.is_nan()).count();
        }
        (sum, squares)
    }

    /// A loop of its own, so that its lanes stay in registers.
    #[inline]
    fn extremes(&mut self, block: &[f64]) {
        let (lanes, rest) = block.as_chunks::<4>();
        let (mut min, mut max) = ([self.min; 4], [self.max; 4]);
        for chunk in lanes {
            for lane in 0..4 {
                min[lane] = if chunk[lane] < min[lane] {
                    chunk[lane]
                } else {
                    min[lane]
                };
                max[lane] = if chunk[lane] > max[lane] {
                    chunk[lane]
                } else {
                    max[lane]
                };
            }
        }
        let least = min.iter().chain(rest).copied();
        let most = max.iter().chain(rest).copied();
        self.min = least.fold(self.min, f64::min);
        self.max = most.fold(self.max, f64::max);
    }
}

/// Two halves, the first a multiple of the lanes.
fn split(elements: Range<usize>) -> (Range<usize>, Range<usize>) {
    let half = elements.len() / 2;
    let middle = elements.start + half - half % LANES;
    (elements.start..middle, middle..elements.end)
}
