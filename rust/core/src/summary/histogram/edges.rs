//! The default edges, and the tables that find a value among them.
//!
//! The edges grow by a tenth each. The top bits of a number (sign, exponent, four of the mantissa)
//! name a cell of the number line that is narrower than that, so it holds at most one edge: the
//! table says which and which slots lie on its sides, and one comparison with the exact edge
//! decides. Thresholds are chosen such that the comparison is always "at or above":
//!
//! ```text
//!  above zero   bins are [edge, next)         threshold = edge       (the last of all: just above)
//!  below zero   bins are [-edge, -smaller)    threshold = just above edge, as a magnitude
//!  in floats    threshold = the first float at or above that of doubles
//! ```
//!
//! If you change the cells: their relative width must stay below 1.1, which `cells_hold_one_edge`
//! checks.

use std::sync::LazyLock;

use super::pass::Locate;

/// The edges `torch` and `tensorboardX` use unless told otherwise, and the tables that find a
/// value among them.
pub(super) struct DefaultEdges {
    /// Ascending.
    pub(super) edges: Vec<f64>,
    /// Finds any double.
    pub(super) double: Box<Doubles>,
    /// Finds a double that is a float too.
    pub(super) single: Box<Singles>,
}

pub(super) static DEFAULT: LazyLock<DefaultEdges> = LazyLock::new(DefaultEdges::new);

/// A stretch of the number line with at most one edge in it.
#[derive(Clone, Copy)]
struct Cell<T> {
    /// Magnitudes from here on are beyond the edge; NaN where there is no edge.
    threshold: T,
    /// The slot of magnitudes before the edge.
    before: u16,
    /// The slot of those beyond.
    beyond: u16,
}

/// Cells by the top bits of a double, those without edges left out; positive ones first.
pub(super) struct Doubles([Cell<f64>; 2 * CELLS]);

/// Cells by the top bits of a float: all of them, which saves the looking for the ends. Dtypes
/// whose values fit a float use these.
pub(super) struct Singles([Cell<f32>; 2 * SINGLE_CELLS]);

/// Bits of a double below those that name a cell.
const BELOW_CELL: u32 = 48;
/// The same of a float.
pub(super) const BELOW_SINGLE_CELL: u32 = 19;
const MAGNITUDE: u64 = i64::MAX as u64;
const SMALLEST_EDGE: f64 = 1e-12;
const EDGES_END: f64 = 1e20;
/// The cell below the smallest edge: it stands for everything smaller too.
const FIRST_CELL: usize = (SMALLEST_EDGE.to_bits() >> BELOW_CELL) as usize - 1;
/// Cells of one sign; the last one lies beyond all edges.
pub(super) const CELLS: usize = (EDGES_END.to_bits() >> BELOW_CELL) as usize + 2 - FIRST_CELL;
const SINGLE_CELLS: usize = 1 << (31 - BELOW_SINGLE_CELL);

impl DefaultEdges {
    fn new() -> Self {
        let positive: Vec<f64> =
            std::iter::successors(Some(SMALLEST_EDGE), |edge| Some(edge * 1.1))
                .take_while(|&edge| edge < EDGES_END)
                .collect();
        let edges: Vec<f64> = (positive.iter().rev().map(|edge| -edge))
            .chain([0.0])
            .chain(positive.iter().copied())
            .collect();
        // Above zero a value equal to an edge is beyond it, below zero not yet, and the last edge
        // of all is closed.
        let below: Vec<f64> = positive.iter().map(|edge| edge.next_up()).collect();
        let mut above = positive;
        if let (Some(last), Some(next)) = (above.last_mut(), below.last()) {
            *last = *next;
        }
        let middle = above.len() + 1; // slot of the bin right of zero
        let signs = [(above, true), (below, false)];
        let slot = |passed: usize, right| {
            if right {
                middle + passed
            } else {
                middle - 1 - passed
            }
        };
        let mut double = Box::new(Doubles([Cell::<f64>::NOWHERE; 2 * CELLS]));
        for (cells, (edges, right)) in double.0.chunks_mut(CELLS).zip(&signs) {
            let place = |edge: f64| Doubles::cell(edge.to_bits());
            fill(cells, edges, place, |passed| slot(passed, *right));
        }
        let mut single = Box::new(Singles([Cell::<f32>::NOWHERE; 2 * SINGLE_CELLS]));
        for (cells, (edges, right)) in single.0.chunks_mut(SINGLE_CELLS).zip(&signs) {
            let edges: Vec<f32> = edges.iter().map(|&edge| round_up(edge)).collect();
            let place = |edge: f32| (edge.to_bits() >> BELOW_SINGLE_CELL) as usize;
            fill(cells, &edges, place, |passed| slot(passed, *right));
        }
        Self {
            edges,
            double,
            single,
        }
    }
}

/// The smallest float that is not below `number`.
pub(super) fn round_up(number: f64) -> f32 {
    let nearest = number as f32;
    if f64::from(nearest) < number {
        nearest.next_up()
    } else {
        nearest
    }
}

/// Fills the cells of one sign; `slot` says where a magnitude beyond so many thresholds counts.
fn fill<T: Copy>(
    cells: &mut [Cell<T>],
    thresholds: &[T],
    place: impl Fn(T) -> usize,
    slot: impl Fn(usize) -> usize,
) {
    let mut rest = thresholds.iter().copied().peekable();
    let mut passed = 0;
    for (index, cell) in cells.iter_mut().enumerate() {
        cell.before = slot(passed) as u16;
        if let Some(threshold) = rest.next_if(|&edge| place(edge) == index) {
            cell.threshold = threshold;
            passed += 1;
        }
        cell.beyond = slot(passed) as u16;
    }
}

impl Cell<f64> {
    const NOWHERE: Self = Self {
        threshold: f64::NAN,
        before: 0,
        beyond: 0,
    };
}

impl Cell<f32> {
    const NOWHERE: Self = Self {
        threshold: f32::NAN,
        before: 0,
        beyond: 0,
    };
}

impl Doubles {
    #[inline(always)]
    pub(super) fn cell(bits: u64) -> usize {
        (((bits & MAGNITUDE) >> BELOW_CELL) as usize)
            .saturating_sub(FIRST_CELL)
            .min(CELLS - 1)
    }
}

// In both, adding zero makes negative zero positive: it is right of the edge at zero.

impl Locate for Doubles {
    type Hint = ();

    #[inline(always)]
    fn hint(&self, _: f64) {}

    #[inline(always)]
    fn slot(&self, value: f64, (): ()) -> usize {
        let bits = (value + 0.0).to_bits();
        let cell = self.0[(bits >> 63) as usize * CELLS + Self::cell(bits)];
        usize::from(if value.abs() >= cell.threshold {
            cell.beyond
        } else {
            cell.before
        })
    }
}

impl Locate for Singles {
    /// The value as a float.
    type Hint = f32;

    #[inline(always)]
    fn hint(&self, value: f64) -> f32 {
        value as f32 + 0.0
    }

    #[inline(always)]
    fn slot(&self, _: f64, value: f32) -> usize {
        let cell = self.0[(value.to_bits() >> BELOW_SINGLE_CELL) as usize];
        usize::from(if value.abs() >= cell.threshold {
            cell.beyond
        } else {
            cell.before
        })
    }
}
