//! Labels that nearly say the name of a field: how alike they are, and who is whose.

mod assign;
mod normalise;
mod score;

pub use normalise::Ignored;
pub(crate) use normalise::loose;

use normalise::words;
use score::{MIN_SCORE, score};

/// A column taken for a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Match {
    pub(crate) field: usize,
    pub(crate) column: usize,
    /// How alike the label and the name are, 0 to 1.
    pub(crate) score: f64,
    /// How much worse everything fits without this match; small where another one is nearly as good.
    pub(crate) margin: f64,
    /// Columns that are nearly as much like the field.
    pub(crate) rival_columns: Vec<usize>,
    /// Fields that are nearly as much like the column.
    pub(crate) rival_fields: Vec<usize>,
}

/// More fields or columns than this are not compared: the work grows with their product, squared.
pub(crate) const MAX_FIELDS: usize = 64;
pub(crate) const MAX_COLUMNS: usize = 256;

/// The best assignment of columns to fields, one to one: `names` has the names of each field, `labels` the label of each
/// column. Pairs that are hardly alike are not in it. Rivals are those whose score is less than `near` lower.
pub(crate) fn match_all(names: &[Vec<&str>], labels: &[&str], near: f64) -> Vec<Match> {
    if names.len() > MAX_FIELDS || labels.len() > MAX_COLUMNS {
        return Vec::new();
    }
    let labels: Vec<Vec<String>> = labels.iter().map(|label| words(label)).collect();
    let scores: Vec<Vec<f64>> = names
        .iter()
        .map(|names| {
            let names: Vec<Vec<String>> = names.iter().map(|name| words(name)).collect();
            let best = |label: &Vec<String>| {
                let scores = names.iter().map(|name| score(name, label));
                let best = scores.fold(0.0, f64::max);
                if best >= MIN_SCORE { best } else { 0.0 }
            };
            labels.iter().map(best).collect()
        })
        .collect();
    let (columns, total) = assign::best(&scores);
    let pairs = columns.iter().enumerate();
    let pairs = pairs.filter_map(|(field, column)| Some((field, (*column)?)));
    pairs
        .map(|(field, column)| {
            let mut others = scores.clone();
            others[field][column] = 0.0;
            let score = scores[field][column];
            let is_near = |other: f64| other > 0.0 && other > score - near;
            let columns = (0..labels.len()).filter(|other| *other != column);
            let fields = (0..names.len()).filter(|other| *other != field);
            Match {
                field,
                column,
                score,
                margin: total - assign::best(&others).1,
                rival_columns: columns.filter(|at| is_near(scores[field][*at])).collect(),
                rival_fields: fields.filter(|at| is_near(scores[*at][column])).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_person_would() {
        let names = [
            vec!["quantity"],
            vec!["unit price"],
            vec!["supplier"],
            vec!["description"],
        ];
        let labels = ["Price/Unit (EUR)", "Qty", "Beschreibung", "Suplier"];
        let found = match_all(&names, &labels, 0.1);
        let pairs: Vec<_> = found
            .iter()
            .map(|found| (found.field, found.column))
            .collect();
        assert_eq!(pairs, [(0, 1), (1, 0), (2, 3)]);
        assert!(
            found
                .iter()
                .all(|found| found.score > 0.8 && found.margin > 0.3),
            "{found:?}"
        );
    }

    #[test]
    fn says_where_two_are_as_good() {
        let found = match_all(&[vec!["price"]], &["price a", "price b"], 0.1);
        assert!(found[0].margin < 0.01, "{found:?}");
        assert_eq!(found[0].rival_columns, [1]);
        // Decided, though the second field likes the same column nearly as much.
        let found = match_all(
            &[vec!["price net"], vec!["price"]],
            &["prices net", "prises"],
            0.1,
        );
        assert!(found.iter().all(|found| found.margin > 0.1), "{found:?}");
    }
}
