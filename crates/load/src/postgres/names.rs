//! Names in statements: always quoted, never out of a file.

/// Bytes of a name; the server cuts longer ones off (`NAMEDATALEN`).
pub(super) const MAX_NAME: usize = 63;

/// A name in quotes. Plans are checked to have no NUL in them.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name in a schema.
pub(super) fn quoted(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// Names, quoted and separated by commas.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    joined(names.map(quote), ", ")
}

/// Texts with something in between.
pub(super) fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}
