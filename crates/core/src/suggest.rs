//! "Did you mean": the word nearest to a misspelt one.

/// The candidate nearest to `word` (letter case aside), if it is near enough to be meant: at most a third of its letters
/// changed, and no other candidate as near.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest_scored(word, candidates).map(|(near, _)| near)
}

/// The same, with the share of letters that are right, 0 to 1.
pub(crate) fn nearest_scored<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, f64)> {
    const LONGEST: usize = 64; // the distance is quadratic, and nobody mistypes longer words
    let folded = word.trim().to_lowercase();
    let letters = folded.chars().count();
    if letters == 0 || letters > LONGEST {
        return None;
    }
    let (mut best, mut best_distance, mut tied) = (None, usize::MAX, false);
    for candidate in candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * LONGEST)
    {
        let distance = strsim::osa_distance(&folded, &candidate.trim().to_lowercase());
        if distance < best_distance {
            (best, best_distance, tied) = (Some(candidate), distance, false);
        } else if distance == best_distance && best != Some(candidate) {
            tied = true;
        }
    }
    let best = best?;
    let length = letters.max(best.chars().count());
    let is_near = !tied && best_distance <= length.div_ceil(3).min(3);
    let share = 1.0 - best_distance as f64 / length as f64;
    is_near.then(|| (best, (share * 100.0).round() / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let words = [
            "required", "unique", "minimum", "maximum", "pattern", "enum",
        ];
        for (word, meant) in [
            ("requried", Some("required")),
            ("Minimum", Some("minimum")),
            ("max", None),
            ("uniq", Some("unique")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), meant, "{word}");
        }
        assert_eq!(nearest("bat", ["cat", "hat"]), None); // both are as near
    }
}
