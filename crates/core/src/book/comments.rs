//! What people say about cells.

/// The comment of a cell (Excel calls it a note), or the first one of a conversation about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CellComment {
    /// Zero-based sheet row.
    pub row: u32,
    /// Zero-based sheet column.
    pub column: u32,
    /// Its text, without the name of its author in front.
    pub text: String,
}
