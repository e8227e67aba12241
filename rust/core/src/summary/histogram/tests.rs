//! The fast ways to a bin against the slow, obvious one.

use proptest::prelude::*;

use super::super::array::Dtype;
use super::edges::{BELOW_SINGLE_CELL, CELLS, Doubles, round_up};
use super::*;

/// The definition: look at every bin.
fn naive(values: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() - 1];
    for &value in values {
        for (bin, pair) in edges.windows(2).enumerate() {
            let last = bin + 2 == edges.len();
            if pair[0] <= value && (value < pair[1] || last && value == pair[1]) {
                counts[bin] += 1;
                break;
            }
        }
    }
    counts
}

fn counts_of(values: &[f64], bins: &Bins) -> Vec<u64> {
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let shape = [values.len()];
    let array = Array::new(Dtype::Float64, &shape, &data).expect("consistent");
    count(&array, bins).expect("bins are fine").made.2
}

#[test]
fn the_default_edges_are_the_documented_ones() {
    let edges = default_edges();
    assert_eq!(edges.len(), 1549);
    assert_eq!(edges[1548], 9.920775621859783e19);
    assert_eq!(edges[774], 0.0);
    assert!(edges.is_sorted());
}

#[test]
fn cells_hold_one_edge() {
    let ascend = |cells: Vec<usize>| cells.windows(2).all(|pair| pair[0] < pair[1]);
    let edges = default_edges()[775..]
        .iter()
        .flat_map(|edge| [*edge, edge.next_up()]);
    for chosen in [0, 1] {
        let edges: Vec<f64> = edges.clone().skip(chosen).step_by(2).collect();
        let cells: Vec<_> = edges
            .iter()
            .map(|edge| Doubles::cell(edge.to_bits()))
            .collect();
        assert!(cells[0] > 0 && cells[cells.len() - 1] < CELLS - 1);
        assert!(ascend(cells));
        let singles = edges
            .iter()
            .map(|&edge| round_up(edge).to_bits() >> BELOW_SINGLE_CELL);
        assert!(ascend(singles.map(|cell| cell as usize).collect()));
    }
}

#[test]
fn every_float_around_an_edge_falls_where_it_should() {
    let mut values: Vec<f32> = default_edges()
        .iter()
        .map(|&edge| edge as f32)
        .flat_map(|edge| [edge.next_down(), edge, edge.next_up()])
        .collect();
    values.extend([0.0, -0.0, f32::MIN_POSITIVE, -1e-45, f32::MAX, f32::MIN]);
    values.extend([f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN]);
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let shape = [values.len()];
    let array = Array::new(Dtype::Float32, &shape, &data).expect("consistent");
    let wide: Vec<f64> = values.iter().map(|&value| value.into()).collect();
    let counts = count(&array, &Bins::Default).expect("bins are fine").made.2;
    assert_eq!(counts, naive(&wide, default_edges()));
}

#[test]
fn every_default_edge_and_its_neighbours_fall_where_they_should() {
    let mut values: Vec<f64> = default_edges()
        .iter()
        .flat_map(|edge| [edge.next_down(), *edge, edge.next_up()])
        .collect();
    values.extend([0.0, -0.0, f64::MIN_POSITIVE, -5e-324, f64::MAX, f64::MIN]);
    values.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN]);
    assert_eq!(
        counts_of(&values, &Bins::Default),
        naive(&values, default_edges())
    );
}

#[test]
fn the_example_of_the_format_notes() {
    let data: Vec<u8> = [1f32, 2.0, 2.0, 3.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let array = Array::new(Dtype::Float32, &[4], &data).expect("consistent");
    let histogram = Histogram::of(&array, &Bins::Default, None)
        .expect("has values")
        .made;
    assert_eq!(
        histogram.counts,
        [0., 1., 0., 0., 0., 0., 0., 0., 0., 2., 0., 0., 0., 1.]
    );
    assert_eq!(histogram.limits.len(), 14);
    assert_eq!(
        (histogram.min, histogram.max, histogram.num),
        (1.0, 3.0, 4.0)
    );
    assert_eq!((histogram.sum, histogram.sum_squares), (8.0, 18.0));
}

#[test]
fn without_a_value_in_a_bin_what_is_no_nan_is_one_bucket() {
    let data: Vec<u8> = [f64::NAN, f64::INFINITY]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let array = Array::new(Dtype::Float64, &[2], &data).expect("consistent");
    let histogram = Histogram::of(&array, &Bins::Default, None)
        .expect("has values")
        .made;
    assert_eq!(
        (histogram.limits, histogram.counts),
        (vec![f64::MAX], vec![1.0])
    );
    assert!(histogram.min.is_nan() && histogram.num == 2.0);
}

proptest! {
    #[test]
    fn default_bins_equal_naive(values in prop::collection::vec(any::<f64>(), 1..300)) {
        prop_assert_eq!(counts_of(&values, &Bins::Default), naive(&values, default_edges()));
    }

    #[test]
    fn default_bins_of_floats_equal_naive(values in prop::collection::vec(any::<f32>(), 1..300)) {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let shape = [values.len()];
        let array = Array::new(Dtype::Float32, &shape, &data).expect("consistent");
        let wide: Vec<f64> = values.iter().map(|&value| value.into()).collect();
        let counts = count(&array, &Bins::Default).expect("bins are fine").made.2;
        prop_assert_eq!(counts, naive(&wide, default_edges()));
    }

    #[test]
    fn equal_widths_equal_naive(values in prop::collection::vec(-1e3..1e3, 1..300), bins in 1usize..40) {
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let edges = even_edges(min, max, bins);
        prop_assert_eq!(counts_of(&values, &Bins::Count(bins)), naive(&values, &edges));
        prop_assert_eq!(counts_of(&values, &Bins::Edges(edges.clone())), naive(&values, &edges));
    }

    #[test]
    fn uneven_edges_equal_naive(
        values in prop::collection::vec(prop_oneof![-9f64..9.0, (-9i32..9).prop_map(f64::from)], 1..200),
        mut edges in prop::collection::vec((-9i32..9).prop_map(f64::from), 2..20),
    ) {
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        prop_assume!(edges.len() > 1);
        prop_assert_eq!(counts_of(&values, &Bins::Edges(edges.clone())), naive(&values, &edges));
    }
}
