//! Bins that are given: any edges, or evenly spaced ones.

use super::pass::Locate;

/// Uneven edges: a search.
pub(super) struct Search<'a>(pub(super) &'a [f64]);

impl Locate for Search<'_> {
    type Hint = ();

    #[inline(always)]
    fn hint(&self, _: f64) {}

    fn slot(&self, value: f64, (): ()) -> usize {
        let Self(edges) = self;
        let slot = edges.partition_point(|&edge| edge <= value);
        if slot == edges.len() && edges.last() == Some(&value) {
            // The last bin is closed; with doubled last edges it is the last of them.
            return slot - 1;
        }
        slot
    }
}

/// Evenly spaced edges: a guess, corrected by at most one bin.
pub(super) struct Even {
    /// Where each bin begins, and where it ends: the last one just above its edge, since it is
    /// closed.
    bins: Vec<[f64; 2]>,
    first: f64,
    per_unit: f64,
    last_bin: f64,
}

/// A double this large has no fraction: to add it rounds to whole numbers, which then are the low
/// bits. Unlike a cast, that is fast for many numbers at once.
const WHOLE: f64 = (1u64 << 52) as f64;

impl Even {
    /// `None` if a guess may be more than one bin away.
    pub(super) fn new(edges: &[f64]) -> Option<Self> {
        let (&first, &last) = (edges.first()?, edges.last()?);
        let mut bins: Vec<[f64; 2]> = edges.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        bins.last_mut()?[1] = last.next_up();
        let per_unit = bins.len() as f64 / (last - first);
        let off = |(index, &edge): (usize, &f64)| ((edge - first) * per_unit - index as f64).abs();
        let holds = per_unit.is_finite()
            && u32::try_from(bins.len()).is_ok()
            && edges.iter().enumerate().all(|edge| off(edge) < 0.5);
        holds.then_some(Self {
            last_bin: bins.len() as f64 - 1.0,
            bins,
            first,
            per_unit,
        })
    }
}

impl Locate for Even {
    /// The guess, which NaN and what is below all edges have as 0.
    type Hint = u32;

    #[inline(always)]
    fn hint(&self, value: f64) -> u32 {
        let guess = (value - self.first) * self.per_unit - 0.5;
        let guess = if guess > 0.0 { guess } else { 0.0 };
        let guess = if guess < self.last_bin {
            guess
        } else {
            self.last_bin
        };
        (guess + WHOLE).to_bits() as u32
    }

    #[inline(always)]
    fn slot(&self, value: f64, guess: u32) -> usize {
        let guess = guess as usize;
        let [low, high] = self.bins.get(guess).copied().unwrap_or_default();
        // NaN is at or above nothing: slot 0.
        guess + usize::from(value >= low) + usize::from(value >= high)
    }
}
