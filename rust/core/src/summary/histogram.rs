//! Histograms, binned in one pass over the array.
//!
//! Three things come out of the pass: counts per bin, the extremes, and the two sums.
//!
//! *Counts* are exactly those of `numpy.histogram`: bin `i` holds `edges[i] <= v < edges[i + 1]`,
//! the last one also its right edge, values outside and NaN are in none. Finding the bin is what
//! costs, so no search is done for the 1549 default edges: they grow by a tenth each, and the top
//! bits of a double (sign, exponent, four of the mantissa) cut the number line into cells narrower
//! than that. A cell therefore holds at most one edge; a table says which, and one comparison with
//! that exact edge decides (`edges.rs`). Evenly spaced edges start from a guess by division
//! that is corrected against the exact edges; only uneven ones are searched.
//!
//! *Sums* are added in the order NumPy adds (halves, down to 128 elements in eight lanes), so that
//! they agree to the last bit and lose no precision on long arrays. The recursion over halves is
//! also what drives the pass: its leaves are the blocks.

use self::bins::{Even, Search};
use self::edges::DEFAULT;
use self::estimate::Ranks;
use self::pass::{Pass, Totals};
use super::array::Array;
use super::{Fitted, wire};
use crate::error::{Error, Result};

mod bins;
mod edges;
mod estimate;
mod pass;

pub use estimate::Estimator;

/// The most bins of equal width: with their counters they take 400 MB.
const MOST_BINS: usize = 10_000_000;
/// The most bins that a rule may ask for; an outlier makes Freedman's and Diaconis' ask for more.
const MOST_ESTIMATED: usize = 1_000_000;

/// Where the bins are.
#[derive(Debug, Clone)]
pub enum Bins {
    /// The 1549 edges `torch` and `tensorboardX` call `"tensorflow"`.
    Default,
    /// So many bins of equal width between the finite extremes.
    Count(usize),
    /// As many bins of equal width between the finite extremes as a rule of NumPy says.
    Estimated(Estimator),
    /// These edges, ascending.
    Edges(Vec<f64>),
}

/// A `HistogramProto`, before encoding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Smallest value; NaN if there is one among the values.
    pub min: f64,
    /// Largest value; NaN if there is one among the values.
    pub max: f64,
    /// Number of values, those in no bin included.
    pub num: f64,
    /// Sum of the values.
    pub sum: f64,
    /// Sum of their squares.
    pub sum_squares: f64,
    /// Right edge of every bucket.
    pub limits: Vec<f64>,
    /// Count of every bucket.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The histogram `torch` writes of `array`: binned, merged to about `max_bins`, and trimmed to
    /// the bins that are not empty with one empty bin kept on the left.
    ///
    /// An array without a value inside the bins (all NaN, say) becomes a single bucket up to the
    /// largest double that counts what is not NaN.
    ///
    /// # Errors
    /// If the array has no elements, or `bins` or `max_bins` make no sense.
    pub fn of(array: &Array<'_>, bins: &Bins, max_bins: Option<usize>) -> Result<Fitted<Self>> {
        if array.is_empty() {
            return Err(Error::argument("`values` must have at least one element"));
        }
        let Fitted {
            made: (totals, edges, counts),
            problem,
        } = count(array, bins)?;
        let (edges, counts) = match max_bins {
            Some(0) => return Err(Error::argument("`max_bins` must be at least 1")),
            Some(most) if counts.len() > most => merge(&edges, &counts, counts.len() / most),
            _ => (edges, counts),
        };
        let (limits, counts) = trim(&edges, &counts)
            .unwrap_or_else(|| (vec![f64::MAX], vec![(array.len() - totals.nans) as f64]));
        let made = Self {
            min: totals.min,
            max: totals.max,
            num: array.len() as f64,
            sum: totals.sum,
            sum_squares: totals.squares,
            limits,
            counts,
        };
        Ok(Fitted { made, problem })
    }

    /// Appends the bytes of the `HistogramProto`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        wire::double(out, 1, self.min);
        wire::double(out, 2, self.max);
        wire::double(out, 3, self.num);
        wire::double(out, 4, self.sum);
        wire::double(out, 5, self.sum_squares);
        wire::packed_doubles(out, 6, &self.limits);
        wire::packed_doubles(out, 7, &self.counts);
    }
}

/// The `[buckets, 3]` rows (left, right, count) that `tf.summary.histogram` writes of `array`:
/// buckets of equal width; all zero without elements; all edges at the value, and everything in
/// the last bucket, when there is only one. What is not finite is in no bucket.
pub fn rows(array: &Array<'_>, buckets: usize) -> Result<Vec<f64>> {
    if array.is_empty() || buckets == 0 {
        return Ok(vec![0.0; buckets * 3]);
    }
    let Some((min, max)) = finite_extremes(&array.to_f64()?) else {
        return Ok(vec![0.0; buckets * 3]);
    };
    let mut rows = Vec::with_capacity(buckets * 3);
    if min == max {
        for index in 0..buckets {
            let here = if index + 1 == buckets { array.len() } else { 0 };
            rows.extend([min, min, here as f64]);
        }
        return Ok(rows);
    }
    let (_, edges, counts) = count(array, &Bins::Edges(even_edges(min, max, buckets)))?.made;
    for (pair, count) in edges.windows(2).zip(counts) {
        rows.extend([pair[0], pair[1], count as f64]);
    }
    Ok(rows)
}

/// The default edges, ascending.
pub fn default_edges() -> &'static [f64] {
    &DEFAULT.edges
}

/// What a pass gathers: the totals, the edges and the counts between them.
type Counted = (Totals, Vec<f64>, Vec<u64>);

/// Counts per bin, with the edges between them.
fn count(array: &Array<'_>, bins: &Bins) -> Result<Fitted<Counted>> {
    match bins {
        Bins::Default => {
            let edges = DEFAULT.edges.clone();
            let (totals, counts) = if array.dtype.fits_single() {
                Pass::new(array, &*DEFAULT.single, edges.len()).run()?
            } else {
                Pass::new(array, &*DEFAULT.double, edges.len()).run()?
            };
            Ok(Fitted::exactly((totals, edges, counts)))
        }
        Bins::Count(bins) if !(1..=MOST_BINS).contains(bins) => Err(Error::argument(format!(
            "`bins` must be a number from 1 to {MOST_BINS}, not {bins}"
        ))),
        Bins::Count(bins) => evenly(array, |_, _, _| Ok(*bins)),
        Bins::Estimated(rule) => evenly(array, |finite, min, max| {
            let values = Ranks::new(array, finite);
            Ok(rule.bins(&values, min, max)?.min(MOST_ESTIMATED))
        }),
        Bins::Edges(edges) => {
            if edges.len() < 2 || !edges.is_sorted() || edges.iter().any(|edge| edge.is_nan()) {
                return Err(Error::argument(
                    "`bins` must be at least two ascending edges",
                ));
            }
            let (totals, counts) = match Even::new(edges) {
                Some(even) => Pass::new(array, &even, edges.len()).run()?,
                None => Pass::new(array, &Search(edges), edges.len()).run()?,
            };
            Ok(Fitted::exactly((totals, edges.clone(), counts)))
        }
    }
}

/// Counts in bins of equal width between the finite extremes. `bins` says how many, of the finite
/// values (`None` if all are finite) and their extremes.
fn evenly(
    array: &Array<'_>,
    bins: impl FnOnce(Option<Vec<f64>>, f64, f64) -> Result<usize>,
) -> Result<Fitted<Counted>> {
    let (totals, _) = Pass::new(array, &Search(&[]), 0).run()?;
    let all = totals.min.is_finite() && totals.max.is_finite();
    let (mut finite, mut extremes) = (None, Some((totals.min, totals.max)));
    if !all {
        let mut values = array.to_f64()?;
        values.retain(|value| value.is_finite());
        extremes = finite_extremes(&values);
        finite = Some(values);
    }
    let (edges, counts) = match extremes {
        None => (Vec::new(), Vec::new()),
        Some((min, max)) => {
            let edges = even_edges(min, max, bins(finite, min, max)?);
            let counts = match Even::new(&edges) {
                Some(even) => Pass::new(array, &even, edges.len()).only_counts()?,
                None => Pass::new(array, &Search(&edges), edges.len()).only_counts()?,
            };
            (edges, counts)
        }
    };
    let problem = (!all).then(|| {
        "`values` must be finite for bins that depend on them; NaN and infinities are left out of \
         the buckets"
            .to_owned()
    });
    Ok(Fitted {
        made: (totals, edges, counts),
        problem,
    })
}

/// The smallest and the largest finite value.
fn finite_extremes(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold(None, |extremes, value| {
        let (min, max) = extremes.unwrap_or((value, value));
        Some((value.min(min), value.max(max)))
    })
}

/// `bins + 1` edges as `numpy.linspace` places them.
fn even_edges(min: f64, max: f64, bins: usize) -> Vec<f64> {
    let (min, max) = if min == max {
        (min - 0.5, max + 0.5)
    } else {
        (min, max)
    };
    let step = (max - min) / bins as f64;
    let mut edges: Vec<f64> = if step.is_finite() {
        (0..bins).map(|index| index as f64 * step + min).collect()
    } else {
        // The difference is beyond the largest double, its parts are not.
        let part = |index: usize| index as f64 / bins as f64;
        (0..bins)
            .map(|index| min * (1.0 - part(index)) + max * part(index))
            .collect()
    };
    edges.push(max);
    edges
}

/// Adds up `group` neighbouring bins at a time.
fn merge(edges: &[f64], counts: &[u64], group: usize) -> (Vec<f64>, Vec<u64>) {
    let merged: Vec<u64> = counts
        .chunks(group)
        .map(|chunk| chunk.iter().sum())
        .collect();
    let kept = edges[..counts.len()].iter().step_by(group).copied();
    (kept.chain(edges.last().copied()).collect(), merged)
}

/// Limits and counts from the bin left of the first count to the last count.
fn trim(edges: &[f64], counts: &[u64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let first = counts.iter().position(|&count| count > 0)?;
    let last = counts.iter().rposition(|&count| count > 0)?;
    let limits = edges.get(first..=last + 1)?.to_vec();
    let held = counts[first..=last].iter().map(|&count| count as f64);
    Some((limits, std::iter::once(0.0).chain(held).collect()))
}

#[cfg(test)]
mod tests;
