//! Identifiers and lists of them in SQL text. Every name from outside passes through here.

/// Quotes an identifier: any text without NUL is safe inside.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table of the main database, which a temporary table of the same name cannot shadow.
pub(super) fn in_main(table: &str) -> String {
    format!("main.{}", quote(table))
}

/// A quoted list, such as `"a", "b"`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names.into_iter().map(quote), ", ")
}

/// Fragments with a separator between them.
pub(super) fn joined(parts: impl IntoIterator<Item = String>, separator: &str) -> String {
    parts.into_iter().collect::<Vec<_>>().join(separator)
}

/// Whether SQLite takes two names for the same column.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote("a\"b; drop table x"), "\"a\"\"b; drop table x\"");
        assert_eq!(list(["a", "select"]), "\"a\", \"select\"");
        assert!(same("SKU", "sku") && !same("ä", "Ä"));
    }
}
