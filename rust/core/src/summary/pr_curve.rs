//! Precision-recall curves: counts over evenly spaced thresholds.
//!
//! A prediction `p` falls in bucket `floor(p * (T - 1))`; what lies in or above a threshold's
//! bucket is predicted positive there, so the counts are sums from the right. A prediction whose
//! bucket is none of `0..T` counts nowhere, as in `torch`.

use super::array::{Array, BLOCK, Dtype};
use super::value::{Content, Metadata, value};
use super::wire;
use super::{Fitted, Spelling, bytes_of_f32, tensor};
use crate::error::{Error, Result};

/// Below this, a denominator is taken to be this.
const LEAST: f64 = 1e-7;

/// The rows true and false positives, true and false negatives, precision and recall over
/// `thresholds` thresholds from 0 to 1.
///
/// `labels` are truth values, `predictions` lie in [0, 1]; `weights`, if there are any, say how
/// much each counts.
///
/// # Errors
/// If the lengths differ, or there is no threshold.
pub fn curve(
    labels: &Array<'_>,
    predictions: &Array<'_>,
    weights: Option<&Array<'_>>,
    thresholds: usize,
) -> Result<Fitted<Vec<f32>>> {
    if thresholds < 1 {
        return Err(Error::argument(
            "`num_thresholds` must be at least 1, not 0",
        ));
    }
    if labels.len() != predictions.len() || weights.is_some_and(|w| w.len() != labels.len()) {
        return Err(Error::argument(format!(
            "`labels`, `predictions` and `weights` must have the same length, not {}, {}{}",
            labels.len(),
            predictions.len(),
            weights
                .map(|w| format!(" and {}", w.len()))
                .unwrap_or_default()
        )));
    }
    let single = predictions.dtype == Dtype::Float32;
    let steps = (thresholds - 1) as f64;
    let (mut positive, mut negative) = (vec![0.0; thresholds], vec![0.0; thresholds]);
    let mut outside = false;
    let (mut truths, mut weighed) = ([0.0; BLOCK], [1.0; BLOCK]);
    predictions.blocks(|start, scores| {
        labels.load(start, &mut truths[..scores.len()]);
        if let Some(weights) = weights {
            weights.load(start, &mut weighed[..scores.len()]);
        }
        for ((&score, &label), &weight) in scores.iter().zip(&truths).zip(&weighed) {
            outside |= !(0.0..=1.0).contains(&score);
            // The product is rounded as the predictions are, since the bucket depends on it.
            let place = if single {
                f64::from((score * steps) as f32)
            } else {
                score * steps
            };
            // NaN is in no range.
            if !(0.0..=steps).contains(&place.floor()) {
                continue;
            }
            let bucket = place as usize;
            positive[bucket] += label * weight;
            negative[bucket] += (1.0 - label) * weight;
        }
    })?;
    let from_right = |buckets: &mut Vec<f64>| {
        for index in (1..thresholds).rev() {
            buckets[index - 1] += buckets[index];
        }
    };
    from_right(&mut positive);
    from_right(&mut negative);
    let (tp, fp) = (&positive, &negative);
    let ratio = |of: fn(f64, f64, f64) -> f64, all: f64| {
        tp.iter()
            .zip(fp)
            .map(move |(&t, &f)| t / of(t, f, all).max(LEAST))
    };
    let rows = (tp.iter().copied())
        .chain(fp.iter().copied())
        .chain(fp.iter().map(|f| fp[0] - f))
        .chain(tp.iter().map(|t| tp[0] - t))
        .chain(ratio(|t, f, _| t + f, 0.0))
        .chain(ratio(|_, _, all| all, tp[0]));
    Ok(Fitted {
        made: rows.map(|number| number as f32).collect(),
        problem: outside.then(|| {
            "`predictions` must be numbers from 0 to 1; others, NaN among them, are left out of \
             the counts"
                .to_owned()
        }),
    })
}

/// The `Summary.Value` of the six `rows`.
///
/// # Errors
/// If the caller has asked to stop.
pub fn pr_curve(tag: &str, rows: &[f32]) -> Result<Vec<u8>> {
    let thresholds = rows.len() / 6;
    let mut content = Vec::new();
    wire::integer(&mut content, 2, thresholds as i64);
    let data = bytes_of_f32(rows);
    let array = Array {
        dtype: Dtype::Float32,
        shape: &[6, thresholds],
        data: &data,
    };
    let metadata = Metadata {
        content: &content,
        ..Metadata::plugin("pr_curves")
    };
    let tensor = tensor(&array, Spelling::Fields)?;
    value(tag, Content::Tensor(&tensor), metadata)
}
