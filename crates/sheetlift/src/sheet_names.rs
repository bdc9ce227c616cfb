//! Names of sheets that Excel takes, for sheets of other programs and text files that are called otherwise.

use std::collections::HashSet;

use rust_xlsxwriter::utility::check_sheet_name;

/// Units of UTF-16 that a name can have.
const MAX_UNITS: usize = 31;

/// A name for the copy of each of these sheets: its own where Excel takes it, or else what can be kept of it. No two are the same,
/// compared without case.
pub(crate) fn in_excel(sheets: &[&str]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut is_kept = |name: &&str| is_taken_by_excel(name) && taken.insert(name.to_lowercase());
    let are_kept: Vec<bool> = sheets.iter().map(&mut is_kept).collect();
    // One number for all: to try each name with each number would take long.
    let mut number = 1;
    let names = sheets.iter().zip(are_kept);
    let names = names.map(|(name, is_kept)| {
        if is_kept {
            return (*name).to_owned();
        }
        let mut new = kept(name, "");
        while !taken.insert(new.to_lowercase()) {
            number += 1;
            new = kept(name, &format!(" {number}"));
        }
        new
    });
    names.collect()
}

fn is_taken_by_excel(name: &str) -> bool {
    check_sheet_name(name).is_ok() && !name.contains(char::is_control) && !is_reserved(name)
}

/// Excel keeps this name for itself.
fn is_reserved(name: &str) -> bool {
    name.eq_ignore_ascii_case("history")
}

/// What can be kept of a name, with this behind it.
fn kept(name: &str, behind: &str) -> String {
    let name: String = name
        .trim_matches(['\'', ' '])
        .chars()
        .map(|c| match c {
            '*' | '?' | ':' | '[' | ']' | '\\' | '/' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    let mut units = behind.len();
    let fits = name.chars().take_while(|c| {
        units += c.len_utf16();
        units <= MAX_UNITS
    });
    let kept: String = fits.collect();
    match kept.trim_end_matches(['\'', ' ']) {
        "" => format!("Sheet{behind}"),
        kept if is_reserved(kept) => format!("{kept}_{behind}"),
        kept => format!("{kept}{behind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_excel_takes_are_kept() {
        let long = "x".repeat(31);
        let names = ["Items", "It's", "Übersicht 2025", &*long];
        assert_eq!(in_excel(&names), names);
    }

    #[test]
    fn of_other_names_as_much_as_can_be_is_kept() {
        let (long, wide) = ("y".repeat(40), "😀".repeat(16));
        for (name, expected) in [
            ("a/b", "a_b"),
            ("'quoted'", "quoted"),
            ("", "Sheet"),
            ("''", "Sheet"),
            ("History", "History_"),
            ("\u{1}a\n", "_a_"),
            (&*long, &long[..31]),
            (&*wide, &*"😀".repeat(15)),
        ] {
            let found = in_excel(&[name]);
            assert_eq!(found, [expected]);
            assert!(is_taken_by_excel(&found[0]), "{found:?}");
        }
    }

    #[test]
    fn no_two_names_are_the_same() {
        let long = "z".repeat(40);
        let found = in_excel(&["a/b", "A_B", "a", "A", "a:b", &long, &long[..31]]);
        let expected = [
            "a_b 2".to_owned(),
            "A_B".to_owned(),
            "a".to_owned(),
            "A 3".to_owned(),
            "a_b 4".to_owned(),
            format!("{} 5", &long[..29]),
            long[..31].to_owned(),
        ];
        assert_eq!(found, expected);
        for name in found {
            assert!(is_taken_by_excel(&name), "{name:?}");
        }
    }
}
