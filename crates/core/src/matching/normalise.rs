//! Labels without what makes no difference.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What labels may differ in and still be the same, beside letter case, blanks, `_` and `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ignored {
    /// `Größe` is `Grosse`, `Prénom` is `Prenom`.
    pub accents: bool,
    /// `Price (EUR)` and `Weight [kg]` are `Price` and `Weight`.
    pub brackets: bool,
    /// `No.` is `No`, `Price/Unit` is `Price Unit`.
    pub punctuation: bool,
}

impl Ignored {
    const ALL: Ignored = Ignored {
        accents: true,
        brackets: true,
        punctuation: true,
    };
}

/// The label in lower case, its words parted by single blanks, without what is ignored.
pub(crate) fn loose(text: &str, ignored: Ignored) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' | '[' if ignored.brackets => depth += 1,
            ')' | ']' if ignored.brackets => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if ignored.punctuation && !c.is_alphanumeric() && !is_combining_mark(c) => {
                plain.push(' ');
            }
            '_' | '-' => plain.push(' '),
            c => plain.push(c),
        }
    }
    // A label that is nothing but a bracket says what is in it.
    if plain.trim().is_empty() && ignored.brackets {
        let brackets = false;
        return loose(
            text,
            Ignored {
                brackets,
                ..ignored
            },
        );
    }
    let plain = match ignored.accents {
        true => plain
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .collect::<String>()
            .replace('ß', "ss"),
        false => plain,
    };
    let words = plain.split_whitespace().map(str::to_lowercase);
    words.collect::<Vec<_>>().join(" ")
}

/// The words of a label: all that can be ignored is, and `unitPrice` is two.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut parted = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    for c in text.chars() {
        if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
            parted.push(' ');
        }
        parted.push(c);
        before = Some(c);
    }
    let plain = loose(&parted, Ignored::ALL);
    plain
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_what_it_is_told() {
        let none = Ignored::default();
        let all = Ignored::ALL;
        for (text, plain, ignored) in [
            (" Unit_Price ", "unit price", none),
            ("Größe (cm)", "größe (cm)", none),
            ("Größe (cm)", "grosse", all),
            ("PRÉNOM", "prenom", all),
            ("Price/Unit [EUR]", "price unit", all),
            ("(EUR)", "eur", all),
            ("Nº.", "no", all),
            ("a)b(c", "ab", all),
            ("", "", all),
        ] {
            assert_eq!(loose(text, ignored), plain, "{text}");
        }
        assert_eq!(words("unitPrice-EUR"), ["unit", "price", "eur"]);
        assert_eq!(words("SKU"), ["sku"]);
    }
}
