//! How many bins: the rules of `numpy.histogram_bin_edges`.
//!
//! Most of the time of NumPy's goes into the quartiles. Here the counts of the default edges,
//! which one pass gathers together with the totals, say between which two edges a quartile lies;
//! only the few values there are ordered. Where many values lie between the same two edges, the
//! range is divided once more, evenly, for both quartiles at once.

use super::super::array::Array;
use super::edges::DEFAULT;
use super::{BLOCK, Even, Pass, even_edges};

/// A rule for the number of bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// The larger number of `Fd` and `Sturges`, `Fd` being limited to twice that of `Sqrt`.
    Auto,
    /// Freedman and Diaconis: by the distance of the quartiles.
    Fd,
    /// Rice: twice the cube root of the number of values.
    Rice,
    /// The square root of the number of values.
    Sqrt,
    /// Sturges: by the logarithm of the number of values.
    Sturges,
}

use Estimator::{Auto, Fd, Rice, Sqrt, Sturges};

impl Estimator {
    /// The rule NumPy calls `name`, if it is one of these.
    pub fn named(name: &str) -> Option<Self> {
        let rules = [
            ("auto", Auto),
            ("fd", Fd),
            ("rice", Rice),
            ("sqrt", Sqrt),
            ("sturges", Sturges),
        ];
        let found = rules.iter().find(|rule| rule.0 == name);
        found.map(|rule| rule.1)
    }

    /// The number of bins between `min` and `max`.
    pub(super) fn bins(self, values: &Ranks<'_>, min: f64, max: f64) -> usize {
        let size = values.len as f64;
        let span = max - min;
        let fd = || {
            let (low, high) = values.quartiles();
            2.0 * (high - low) * size.powf(-1.0 / 3.0)
        };
        let sqrt = span / size.sqrt();
        let sturges = span / (size.log2() + 1.0);
        let width = match self {
            Auto => fd().max(sqrt / 2.0).min(sturges),
            Fd => fd(),
            Rice => span / (2.0 * size.powf(1.0 / 3.0)),
            Sqrt => sqrt,
            Sturges => sturges,
        };
        // Without a width, or with a span beyond the largest double, one bin takes all.
        if width > 0.0 && span.is_finite() {
            (span / width).ceil() as usize
        } else {
            1
        }
    }
}

/// Values of which single ranks are asked for.
pub(super) struct Ranks<'a> {
    array: &'a Array<'a>,
    /// The finite values, if not all are.
    finite: Vec<f64>,
    /// How the values of the array are distributed, if all are finite.
    table: Option<Table>,
    len: usize,
    extremes: (f64, f64),
}

/// Counts between edges.
struct Table {
    /// Each bin is from its edge to before the next one.
    edges: Vec<f64>,
    counts: Vec<u64>,
    /// How many values are below all edges.
    before: usize,
}

/// Values from `low` to before `high`.
struct Range {
    low: f64,
    high: f64,
    /// How many values are below.
    before: usize,
    count: usize,
}

impl Table {
    /// The bin of `rank`.
    fn find(&self, rank: usize) -> Option<Range> {
        let mut before = self.before;
        for (edges, &count) in self.edges.windows(2).zip(&self.counts) {
            let count = count as usize;
            if rank < before + count {
                return Some(Range {
                    low: edges[0],
                    high: edges[1],
                    before,
                    count,
                });
            }
            before += count;
        }
        None
    }
}

/// Bins of the second division.
const PARTS: usize = 1024;

impl<'a> Ranks<'a> {
    /// Of `array`, with the counts of the default edges' slots if all its values are finite;
    /// otherwise of the `finite` ones.
    pub(super) fn new(
        array: &'a Array<'a>,
        finite: Vec<f64>,
        slots: Option<&[u64]>,
        extremes: (f64, f64),
    ) -> Self {
        let len = if slots.is_some() {
            array.len()
        } else {
            finite.len()
        };
        let table = slots.map(|slots| {
            let inner = DEFAULT.edges.iter().copied();
            let mut edges: Vec<f64> = std::iter::once(f64::NEG_INFINITY).chain(inner).collect();
            // The last bin is closed.
            if let Some(last) = edges.last_mut() {
                *last = last.next_up();
            }
            edges.push(f64::INFINITY);
            Table {
                edges,
                counts: slots.to_vec(),
                before: 0,
            }
        });
        Self {
            array,
            finite,
            table,
            len,
            extremes,
        }
    }

    /// The quartiles, each between two values in proportion, rounded as `numpy.percentile`.
    fn quartiles(&self) -> (f64, f64) {
        let places = [0.25, 0.75].map(|part| part * (self.len - 1) as f64);
        let pairs = self.neighbours(places.map(|place| place as usize));
        let between = |place: f64, (low, high): (f64, f64)| {
            let (step, rest) = (high - low, place.fract());
            if rest >= 0.5 {
                high - step * (1.0 - rest)
            } else {
                low + step * rest
            }
        };
        (between(places[0], pairs[0]), between(places[1], pairs[1]))
    }

    /// For two ranks, the values of the rank and of the rank after it.
    fn neighbours(&self, ranks: [usize; 2]) -> [(f64, f64); 2] {
        let finer = self.divided(ranks);
        let Some(table) = finer.as_ref().or(self.table.as_ref()) else {
            return ranks.map(|rank| self.pair(None, self.finite.clone(), 0, rank));
        };
        let (Some(first), Some(second)) = (table.find(ranks[0]), table.find(ranks[1])) else {
            let all = self.array.to_f64();
            return ranks.map(|rank| self.pair(None, all.clone(), 0, rank));
        };
        let [low, high] = self.within([&first, &second]);
        [
            self.pair(Some(table), low, first.before, ranks[0]),
            self.pair(Some(table), high, second.before, ranks[1]),
        ]
    }

    /// The range of two ranks divided, if there are many values in their bins.
    fn divided(&self, ranks: [usize; 2]) -> Option<Table> {
        let table = self.table.as_ref()?;
        let (low, high) = (table.find(ranks[0])?, table.find(ranks[1])?);
        if low.count.max(high.count) <= FEW.max(self.len / 16) {
            return None;
        }
        let (from, to) = (low.low.max(self.extremes.0), high.high.min(self.extremes.1));
        let mut edges = even_edges(from, to, PARTS);
        let even = Even::new(&edges).filter(|_| from < to)?;
        let counts = Pass::new(self.array, &even, edges.len()).only_counts();
        let last = edges.last_mut()?;
        *last = last.next_up();
        Some(Table {
            edges,
            counts,
            before: low.before,
        })
    }

    /// The values of `rank` and of the rank after it: the first is among `held`, above `before`
    /// others.
    fn pair(
        &self,
        table: Option<&Table>,
        held: Vec<f64>,
        before: usize,
        rank: usize,
    ) -> (f64, f64) {
        let place = rank - before;
        let low = nth(held.clone(), place);
        if place + 1 < held.len() {
            let up_to = held.iter().filter(|&&value| value <= low).count();
            if up_to > place + 1 {
                return (low, low);
            }
            let above = held.iter().copied().filter(|&value| value > low);
            return (low, above.fold(f64::INFINITY, f64::min));
        }
        if rank + 1 >= self.len {
            return (low, low);
        }
        // The next one is the smallest that is larger, wherever it is.
        let all = match table {
            Some(_) => self.array.to_f64(),
            None => held,
        };
        let above = all.into_iter().filter(|&value| value > low);
        (low, above.fold(f64::INFINITY, f64::min))
    }

    /// The values of two ranges, in no order.
    fn within(&self, ranges: [&Range; 2]) -> [Vec<f64>; 2] {
        let mut found = ranges.map(|range| Vec::with_capacity(range.count));
        let (mut block, mut kept) = ([0.0; BLOCK], [[0.0; BLOCK]; 2]);
        let length = self.array.len();
        for start in (0..length).step_by(BLOCK) {
            let block = &mut block[..BLOCK.min(length - start)];
            self.array.load(start, block);
            // Each value is put down, and the next one over it if it is not wanted: no branch.
            let mut counts = [0; 2];
            for &value in &*block {
                for (which, range) in ranges.iter().enumerate() {
                    kept[which][counts[which] % BLOCK] = value;
                    counts[which] += usize::from((value >= range.low) & (value < range.high));
                }
            }
            for which in 0..2 {
                found[which].extend_from_slice(&kept[which][..counts[which]]);
            }
        }
        found
    }
}

/// Buckets of equal width at a time.
const BUCKETS: usize = 512;
/// So few values are ordered at once.
const FEW: usize = 2048;

/// The value of `rank`; all are finite.
fn nth(mut values: Vec<f64>, mut rank: usize) -> f64 {
    while values.len() > FEW {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for &value in &values {
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
        }
        if min == max {
            return min;
        }
        let scale = BUCKETS as f64 / (max - min);
        if !(scale.is_finite() && scale > 0.0) {
            break; // next to each other, or farther apart than a double says
        }
        let bucket = |value: f64| (((value - min) * scale) as usize).min(BUCKETS - 1);
        let mut counts = [0usize; BUCKETS];
        for &value in &values {
            counts[bucket(value)] += 1;
        }
        let mut wanted = 0;
        while wanted + 1 < BUCKETS && rank >= counts[wanted] {
            rank -= counts[wanted];
            wanted += 1;
        }
        if counts[wanted] == values.len() {
            break;
        }
        values.retain(|&value| bucket(value) == wanted);
    }
    let last = values.len().saturating_sub(1);
    if values.is_empty() {
        return f64::NAN;
    }
    *values
        .select_nth_unstable_by(rank.min(last), f64::total_cmp)
        .1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Dtype;

    #[test]
    fn quantiles_are_those_of_sorted_values() {
        let mut seed = 1u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        let shapes: [fn(f64) -> f64; 5] = [
            |x| x - 0.5,
            |x| 1000.0 + x,
            |x| (x * 4.0).floor(),
            |x| (x * 1400.0 - 700.0).exp(),
            |_| -0.0,
        ];
        for shape in shapes {
            for length in [1usize, 2, 3, 10, 5000, 20_000] {
                let values: Vec<f64> = (0..length).map(|_| shape(random())).collect();
                let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                let axes = [length];
                let array = Array::new(Dtype::Float64, &axes, &data).expect("consistent");
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                let (_, slots) = super::super::default_slots(&array);
                let extremes = (sorted[0], sorted[length - 1]);
                for ranks in [
                    Ranks::new(&array, Vec::new(), Some(&slots), extremes),
                    Ranks::new(&array, values, None, extremes),
                ] {
                    let wanted = [(length - 1) / 4, (length - 1) * 3 / 4];
                    let pair = |rank: usize| (sorted[rank], sorted[(rank + 1).min(length - 1)]);
                    assert_eq!(ranks.neighbours(wanted), wanted.map(pair));
                }
            }
        }
    }
}
