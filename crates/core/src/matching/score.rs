//! How alike two labels are.

/// What is less alike than this is not alike at all.
pub(super) const MIN_SCORE: f64 = 0.5;
/// An abbreviation is no proof.
const ABBREVIATED: f64 = 0.86;
/// Letters beyond which labels are not compared: it takes the product of their lengths.
const LONGEST: usize = 128;

/// 0 (nothing in common) to 1 (the same words, in whatever order).
pub(super) fn score(a: &[String], b: &[String]) -> f64 {
    let (text_a, text_b) = (a.join(" "), b.join(" "));
    if text_a.is_empty() || text_b.is_empty() || text_a.len().max(text_b.len()) > LONGEST {
        return 0.0;
    }
    let as_written = strsim::normalized_damerau_levenshtein(&text_a, &text_b);
    let sorted = strsim::normalized_damerau_levenshtein(&sorted(a), &sorted(b));
    let abbreviated = match is_abbreviation(&text_a, &text_b) || is_abbreviation(&text_b, &text_a) {
        true => ABBREVIATED,
        false => 0.0,
    };
    as_written.max(sorted).max(abbreviated)
}

fn sorted(words: &[String]) -> String {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.join(" ")
}

/// `qty` for `quantity`, `desc` for `description`: a single word of three letters or more, which begins as the other does and
/// whose letters all follow in it.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let letters = short.chars().count();
    if letters < 3 || letters >= long.chars().count() || short.contains(' ') {
        return false;
    }
    let mut rest = long.chars();
    short.chars().next() == long.chars().next()
        && short
            .chars()
            .all(|letter| rest.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::normalise::words;

    #[test]
    fn scores_are_in_order() {
        let score = |a: &str, b: &str| score(&words(a), &words(b));
        assert_eq!(score("Unit Price", "unit_price"), 1.0);
        assert_eq!(score("Price, unit", "unit price (EUR)"), 1.0);
        assert_eq!(score("qty", "quantity"), ABBREVIATED);
        assert!(score("quantitiy", "quantity") > ABBREVIATED);
        assert!(score("suplier", "supplier") > ABBREVIATED);
        assert!(score("name", "game") < ABBREVIATED);
        assert!(score("sku", "price") < MIN_SCORE);
        assert_eq!(score("", "price"), 0.0);
        assert_eq!(score(&"x".repeat(200), &"x".repeat(200)), 0.0);
    }
}
