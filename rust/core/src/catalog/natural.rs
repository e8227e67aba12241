//! The order of names with numbers in them.

use std::cmp::Ordering;

/// Natural order: runs of digits compare as numbers, so `run_2` stands before `run_10`, and of equal
/// numbers the one with more zeros first, so `0.001` before `0.01`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let digits = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_digit()).count();
        let (i, j) = (digits(x), digits(y));
        let order = if i > 0 && j > 0 {
            let trim = |s: &[u8]| s.iter().position(|c| *c != b'0').unwrap_or(s.len());
            let (m, n) = (&x[trim(&x[..i])..i], &y[trim(&y[..j])..j]);
            let order = m.len().cmp(&n.len()).then_with(|| m.cmp(n)).then(j.cmp(&i));
            (x, y) = (&x[i..], &y[j..]);
            order
        } else {
            match (x.split_first(), y.split_first()) {
                (Some((c, rest)), Some((d, other))) => {
                    (x, y) = (rest, other);
                    // A run's sub-runs come right after it.
                    let rank = |c: &u8| if *c == b'/' { 0 } else { *c };
                    rank(c).cmp(&rank(d))
                }
                (first, second) => {
                    return first
                        .is_some()
                        .cmp(&second.is_some())
                        .then_with(|| a.cmp(b));
                }
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_names_order_as_numbers() {
        let mut names = [
            "run_10", "run_2", "run", "run_02", "a", "run_2/x", "run_2b", ".", "run_1",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                ".", "a", "run", "run_1", "run_02", "run_2", "run_2/x", "run_2b", "run_10"
            ]
        );
    }

    proptest! {
        #[test]
        fn natural_is_a_total_order(mut names in prop::collection::vec("[ab0-2/]{0,6}", 3)) {
            let (a, b, c) = (names.remove(0), names.remove(0), names.remove(0));
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
