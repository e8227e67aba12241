//! How many bins: the rules of `numpy.histogram_bin_edges`.
//!
//! Most of the time of NumPy's goes into the quartiles. Here a sample says about where they are, one
//! pass counts what is below and keeps what is close, and only that is ordered. The result is exact:
//! where the sample misled, which the counts show, all values are ordered.

use super::super::array::{Array, BLOCK};
use crate::error::Result;

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
    ///
    /// # Errors
    /// If the caller has asked to stop.
    pub(super) fn bins(self, values: &Ranks<'_>, min: f64, max: f64) -> Result<usize> {
        let size = values.len() as f64;
        let span = max - min;
        let fd = || {
            let (low, high) = values.quartiles()?;
            Ok(2.0 * (high - low) * size.powf(-1.0 / 3.0))
        };
        let sqrt = span / size.sqrt();
        let sturges = span / (size.log2() + 1.0);
        let width = match self {
            Auto => fd()?.max(sqrt / 2.0).min(sturges),
            Fd => fd()?,
            Rice => span / (2.0 * size.powf(1.0 / 3.0)),
            Sqrt => sqrt,
            Sturges => sturges,
        };
        // Without a width, or with a span beyond the largest double, one bin takes all.
        Ok(if width > 0.0 && span.is_finite() {
            (span / width).ceil() as usize
        } else {
            1
        })
    }
}

/// Values of which single ranks are asked for.
pub(super) struct Ranks<'a> {
    array: &'a Array<'a>,
    /// The finite values, if not all of the array are.
    finite: Option<Vec<f64>>,
}

/// So many values are looked at to see about where the quartiles are.
const SAMPLE: usize = 4096;
/// The rank of a quartile in the sample is at most this far off: four times its standard deviation.
const OFF: usize = 112;

/// What one pass finds about the values from `low` to `high`.
struct Near {
    low: f64,
    high: f64,
    /// How many values are below.
    below: usize,
    /// How many values are here.
    count: usize,
    /// These, if they are not all the same.
    held: Vec<f64>,
}

impl Near {
    /// Between two values of a sorted sample around the part `part` of it.
    fn around(sample: &[f64], part: f64) -> Self {
        let place = (part * sample.len() as f64) as usize;
        let at = |index: usize| sample.get(index).copied();
        Self {
            low: place
                .checked_sub(OFF)
                .and_then(at)
                .unwrap_or(f64::NEG_INFINITY),
            high: at(place + OFF).unwrap_or(f64::INFINITY),
            below: 0,
            count: 0,
            held: Vec::new(),
        }
    }

    #[inline]
    fn take(&mut self, block: &[f64], kept: &mut [f64]) {
        self.below += block.iter().filter(|&&value| value < self.low).count();
        if self.low == self.high {
            self.count += block.iter().filter(|&&value| value == self.low).count();
            return;
        }
        // Each value is put down, and the next one over it if it is not wanted: no branch.
        let mut count = 0;
        for &value in block {
            if let Some(place) = kept.get_mut(count) {
                *place = value;
            }
            count += usize::from((value >= self.low) & (value <= self.high));
        }
        self.count += count;
        self.held
            .extend_from_slice(kept.get(..count).unwrap_or_default());
    }

    /// The value of `rank` and that of the next rank; `None` if one is not here.
    fn pair(&self, rank: usize) -> Option<(f64, f64)> {
        let place = rank.checked_sub(self.below)?;
        if place + 1 >= self.count {
            return None;
        }
        Some(if self.low == self.high {
            (self.low, self.low)
        } else {
            pair(&self.held, place)
        })
    }
}

/// The value of `rank` and that of the next one; twice the last one, if it is that.
fn pair(values: &[f64], rank: usize) -> (f64, f64) {
    let low = nth(values.to_vec(), rank);
    let up_to = values.iter().filter(|&&value| value <= low).count();
    if up_to > rank + 1 || rank + 1 >= values.len() {
        return (low, low);
    }
    let larger = values.iter().copied().filter(|&value| value > low);
    (low, larger.fold(f64::INFINITY, f64::min))
}

impl<'a> Ranks<'a> {
    /// Of `array`; of `finite`, if there are others in it.
    pub(super) fn new(array: &'a Array<'a>, finite: Option<Vec<f64>>) -> Self {
        Self { array, finite }
    }

    fn len(&self) -> usize {
        self.finite.as_ref().map_or(self.array.len(), Vec::len)
    }

    /// The quartiles, each between two values in proportion, rounded as `numpy.percentile`.
    fn quartiles(&self) -> Result<(f64, f64)> {
        let places = [0.25, 0.75].map(|part| part * (self.len() - 1) as f64);
        let pairs = self.neighbours(places.map(|place| place as usize))?;
        let between = |place: f64, (low, high): (f64, f64)| {
            let (step, rest) = (high - low, place.fract());
            if rest >= 0.5 {
                high - step * (1.0 - rest)
            } else {
                low + step * rest
            }
        };
        Ok((between(places[0], pairs[0]), between(places[1], pairs[1])))
    }

    /// For the ranks of the two quartiles, the values of the rank and of the rank after it.
    fn neighbours(&self, ranks: [usize; 2]) -> Result<[(f64, f64); 2]> {
        let of = |all: &[f64]| ranks.map(|rank| pair(all, rank));
        if let Some(finite) = &self.finite {
            return Ok(of(finite));
        }
        if self.array.len() > 2 * SAMPLE {
            let [low, high] = self.near()?;
            if let (Some(low), Some(high)) = (low.pair(ranks[0]), high.pair(ranks[1])) {
                return Ok([low, high]);
            }
        }
        Ok(of(&self.array.to_f64()?))
    }

    /// What is close to the quartiles.
    fn near(&self) -> Result<[Near; 2]> {
        let sample = self.sample();
        let mut near = [0.25, 0.75].map(|part| Near::around(&sample, part));
        let mut kept = [0.0; BLOCK];
        self.array.blocks(|_, block| {
            for near in &mut near {
                near.take(block, &mut kept);
            }
        })?;
        Ok(near)
    }

    /// Some of the values, sorted: one of each stretch, in no regular distance.
    fn sample(&self) -> Vec<f64> {
        let stretch = self.array.len() / SAMPLE;
        let mut seed = 1u64;
        let mut sample = vec![0.0; SAMPLE];
        for (index, value) in sample.iter_mut().enumerate() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let within = (seed >> 33) as usize % stretch;
            self.array
                .load(index * stretch + within, std::slice::from_mut(value));
        }
        sample.sort_unstable_by(f64::total_cmp);
        sample
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
    fn quartiles_are_between_the_values_that_sorting_finds() {
        let mut seed = 1u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        let shapes: [fn(f64) -> f64; 6] = [
            |x| x - 0.5,
            |x| 1000.0 + x,
            |x| (x * 4.0).floor(),
            |x| (x * 1400.0 - 700.0).exp(),
            |_| -0.0,
            // A quartile lies in a gap.
            |x| if x < 0.25 { x } else { x + 9.0 },
        ];
        for shape in shapes {
            for length in [1usize, 2, 3, 10, 5000, 20_000] {
                let random: Vec<f64> = (0..length).map(|_| shape(random())).collect();
                let mut sorted = random.clone();
                sorted.sort_by(f64::total_cmp);
                // Few large values at the end of an array are what a sample misses.
                let mut ends = sorted.clone();
                ends.rotate_left(length / 3);
                for values in [random, sorted.clone(), ends] {
                    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                    let axes = [length];
                    let array = Array::new(Dtype::Float64, &axes, &data).expect("consistent");
                    for ranks in [
                        Ranks::new(&array, None),
                        Ranks::new(&array, Some(values.clone())),
                    ] {
                        let wanted = [(length - 1) / 4, (length - 1) * 3 / 4];
                        let pair = |rank: usize| (sorted[rank], sorted[(rank + 1).min(length - 1)]);
                        let found = ranks.neighbours(wanted).expect("nobody stops it");
                        assert_eq!(found, wanted.map(pair));
                    }
                }
            }
        }
    }

    #[test]
    fn a_sample_that_misleads_changes_nothing() {
        let values: Vec<f64> = (0..10_000).map(f64::from).collect();
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let array = Array::new(Dtype::Float64, &[10_000], &data).expect("consistent");
        let ranks = Ranks::new(&array, None);
        // The quartiles are kept, other ranks are not.
        let pairs = ranks.neighbours([17, 9_990]).expect("nobody stops it");
        assert_eq!(pairs, [(17.0, 18.0), (9_990.0, 9_991.0)]);
    }
}
