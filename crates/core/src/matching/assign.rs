//! The assignment with the largest sum of scores: the Hungarian method with potentials (Kuhn, Munkres), O(fields² · columns).

/// The column of each field, and the sum of their scores. A pair with score 0 is none.
pub(super) fn best(scores: &[Vec<f64>]) -> (Vec<Option<usize>>, f64) {
    let fields = scores.len();
    let columns = scores.first().map_or(0, Vec::len);
    // A field may stay without a column: one column more for each of them, worth nothing.
    let width = columns + fields;
    let cost = |field: usize, column: usize| match scores[field].get(column) {
        Some(score) => -score,
        None => 0.0,
    };
    // Rows and columns count from 1; 0 is the row that is being placed.
    let mut row_potential = vec![0.0; fields + 1];
    let mut column_potential = vec![0.0; width + 1];
    let mut row_of = vec![0; width + 1];
    for row in 1..=fields {
        row_of[0] = row;
        let mut at = 0;
        let mut least = vec![f64::INFINITY; width + 1];
        let mut from = vec![0; width + 1];
        let mut is_used = vec![false; width + 1];
        while row_of[at] != 0 {
            is_used[at] = true;
            let (here, mut step, mut next) = (row_of[at], f64::INFINITY, 0);
            for column in 1..=width {
                if is_used[column] {
                    continue;
                }
                let reduced =
                    cost(here - 1, column - 1) - row_potential[here] - column_potential[column];
                if reduced < least[column] {
                    (least[column], from[column]) = (reduced, at);
                }
                if least[column] < step {
                    (step, next) = (least[column], column);
                }
            }
            for column in 0..=width {
                if is_used[column] {
                    row_potential[row_of[column]] += step;
                    column_potential[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            row_of[at] = row_of[from[at]];
            at = from[at];
        }
    }
    let mut places = vec![None; fields];
    for column in 1..=columns {
        if let Some(field) = row_of[column].checked_sub(1)
            && scores[field][column - 1] > 0.0
        {
            places[field] = Some(column - 1);
        }
    }
    let pairs = places.iter().enumerate();
    let total = pairs
        .filter_map(|(field, column)| Some(scores[field][(*column)?]))
        .sum();
    (places, total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The largest sum there is, by trying everything.
    fn largest(scores: &[Vec<f64>], field: usize, taken: u32) -> f64 {
        let Some(row) = scores.get(field) else {
            return 0.0;
        };
        let without = largest(scores, field + 1, taken);
        (0..row.len())
            .filter(|column| taken & (1 << column) == 0)
            .map(|column| row[column] + largest(scores, field + 1, taken | 1 << column))
            .fold(without, f64::max)
    }

    proptest! {
        #[test]
        fn nothing_is_better(fields in 0_usize..5, columns in 0_usize..6, seed in prop::collection::vec(0_u8..=10, 30)) {
            let score = |at: usize| f64::from(seed[at]) / 10.0;
            let scores: Vec<Vec<f64>> = (0..fields)
                .map(|field| (0..columns).map(|column| score(field * 6 + column)).collect())
                .collect();
            let (places, total) = best(&scores);
            prop_assert!((total - largest(&scores, 0, 0)).abs() < 1e-9, "{scores:?} {places:?}");
            let mut used: Vec<usize> = places.iter().copied().flatten().collect();
            let count = used.len();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), count);
        }
    }
}
