//! Names in statements: always quoted, never out of a file.

use crate::error::{Error, Result};

/// Characters of a name.
const MAX_NAME: usize = 64;

/// A name in quotes. Plans are checked to have no NUL in them.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names, quoted and separated by commas.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    joined(names.map(quote), ", ")
}

/// Texts with something in between.
pub(super) fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

/// Whether two names are of one column: the case of their letters is the same to the server.
pub(super) fn same(name: &str, other: &str) -> bool {
    name == other || name.to_lowercase() == other.to_lowercase()
}

/// Whether something of the server can be called so: its catalogue cannot even be asked for other characters.
pub(super) fn can_be_name(name: &str) -> bool {
    name.chars().all(|c| c <= '\u{ffff}')
}

/// Refuses a name that the server cannot give to something new.
pub(super) fn check_new(name: &str) -> Result<()> {
    let characters = name.chars().count();
    let why = match () {
        () if characters > MAX_NAME => {
            format!("has {characters} characters, and names of MySQL have {MAX_NAME} at most")
        }
        () if name.ends_with(char::is_whitespace) => "ends with a blank".to_owned(),
        () if !can_be_name(name) => {
            "has a character beyond U+FFFF, which names of MySQL cannot have".to_owned()
        }
        () => return Ok(()),
    };
    let message = format!("{name:?} {why}");
    Err(Error::usage("usage/column-name", message)
        .with_hint("give it another name in the contract"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(list(["a", "`"].into_iter()), "`a`, ````");
        assert!(same("Größe", "grÖße") && !same("a", "b"));
    }

    #[test]
    fn new_names_fit() {
        assert!(check_new(&"ä".repeat(64)).is_ok() && check_new("a b").is_ok());
        for name in ["a".repeat(65), "a ".to_owned(), "\u{1F980}".to_owned()] {
            assert_eq!(check_new(&name).unwrap_err().code(), "usage/column-name");
        }
    }
}
