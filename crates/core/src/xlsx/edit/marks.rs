//! What is to be marked: cells with the level of their findings, and texts for the first of them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use crate::{
    a1::{MAX_COLUMNS, MAX_ROWS},
    finding::{Finding, Level},
};

/// Findings that one comment tells; more are counted.
const TOLD: usize = 5;
/// Characters of one of them.
const MAX_LINE: usize = 400;

/// The cells that a copy of a workbook shows as faulty ([`Workbook::annotate`](crate::Workbook::annotate)), by the sheets that
/// findings say they are on.
///
/// It holds eight bytes for a finding, up to [`Marks::MAX_CELLS`], and the texts of [`Marks::MAX_COMMENTS`] cells; a comment has
/// five findings of 400 characters at most. Both limits are those of the whole copy: all sheets share them, and the findings that
/// are added first have the room. What is beyond is counted.
///
/// ```
/// # use sheetlift_core::{Finding, Level, Marks};
/// # let finding = Finding {
/// #     level: Level::Error, code: "cell/type".into(), rule: String::new(), sheet: "Items".into(), row: Some(2),
/// #     column_index: Some(0), column: None, field: None, row_key: None, value: None, expected: String::new(),
/// #     message: "not a number".into(), suggestion: None, score: None,
/// # };
/// let mut marks = Marks::new(None);
/// marks.add(&finding); // on Items!A2
/// assert_eq!(marks.findings(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Marks {
    /// By the names of the sheets that there are findings of.
    sheets: BTreeMap<Arc<str>, SheetMarks>,
    column_of_rows: Option<u32>,
    findings: u64,
    /// Findings whose cells are held, on all sheets.
    held: usize,
    /// Cells with a comment, on all sheets.
    commented: usize,
    /// Findings of cells beyond the first ones.
    unmarked: u64,
    /// Cells that have no comment for there are too many.
    uncommented: bool,
}

/// The marks of one sheet.
#[derive(Debug, Default)]
pub(super) struct SheetMarks {
    cells: Vec<Mark>,
    comments: BTreeMap<(u32, u32), Comment>,
    is_sorted: bool,
}

/// A cell, zero-based, and the worst level of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) row: u32,
    pub(super) column: u16,
    pub(super) level: Level,
}

/// What a comment says.
#[derive(Debug, Default)]
pub(super) struct Comment {
    pub(super) lines: Vec<String>,
    pub(super) more: u64,
}

impl Marks {
    /// Findings that are marked in cells, on all sheets together: those after them are not.
    pub const MAX_CELLS: usize = 4_000_000;
    /// Cells that have a comment, on all sheets together: more make a spreadsheet program slow.
    pub const MAX_COMMENTS: usize = 20_000;

    /// No marks. Findings about a whole row will be shown in the cell of this column (zero-based) of their sheet, if one is given.
    pub fn new(column_of_rows: Option<u32>) -> Marks {
        Marks {
            column_of_rows,
            ..Marks::default()
        }
    }

    /// Marks the cell of a finding on its sheet. One about a whole column or sheet is counted only.
    pub fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        let sheet = self.sheets.entry(Arc::clone(&finding.sheet)).or_default();
        let row = finding.row.and_then(|row| row.checked_sub(1));
        let column = finding.column_index.or(self.column_of_rows);
        let (Some(row), Some(column)) = (row, column) else {
            return;
        };
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return;
        }
        if self.held >= Self::MAX_CELLS {
            self.unmarked += 1;
            return;
        }
        self.held += 1;
        sheet.is_sorted = false;
        sheet.cells.push(Mark {
            row,
            column: column as u16,
            level: finding.level,
        });
        let is_full = self.commented >= Self::MAX_COMMENTS;
        match sheet.comments.entry((row, column)) {
            Entry::Vacant(_) if is_full => self.uncommented = true,
            Entry::Vacant(free) => {
                self.commented += 1;
                free.insert(Comment::default()).tell(finding);
            }
            Entry::Occupied(mut comment) => comment.get_mut().tell(finding),
        }
    }

    /// Findings that were added.
    pub fn findings(&self) -> u64 {
        self.findings
    }

    /// Findings of cells that are not marked, for there are too many.
    pub(super) fn unmarked(&self) -> u64 {
        self.unmarked
    }

    /// True when there are more cells than comments.
    pub(super) fn has_more_cells_than_comments(&self) -> bool {
        self.uncommented
    }

    /// Puts the cells in order, each once.
    pub(super) fn sort(&mut self) {
        self.sheets.values_mut().for_each(SheetMarks::sort);
    }

    /// The marks of a sheet, if there are any on it.
    pub(super) fn of_sheet(&self, name: &str) -> Option<&SheetMarks> {
        self.sheets
            .get(name)
            .filter(|marks| !marks.cells.is_empty())
    }

    /// Names of the sheets that there are findings of, and the marks of each.
    pub(super) fn sheets(&self) -> impl Iterator<Item = (&str, &SheetMarks)> {
        self.sheets.iter().map(|(name, marks)| (&**name, marks))
    }
}

impl SheetMarks {
    fn sort(&mut self) {
        if std::mem::replace(&mut self.is_sorted, true) {
            return;
        }
        let key = |mark: &Mark| (mark.row, mark.column, std::cmp::Reverse(mark.level));
        self.cells.sort_unstable_by_key(key);
        self.cells.dedup_by_key(|mark| (mark.row, mark.column));
    }

    /// The marks of a row, by column. They are in order.
    pub(super) fn of_row(&self, row: u32) -> &[Mark] {
        debug_assert!(self.is_sorted || self.cells.is_empty());
        let from = self.cells.partition_point(|mark| mark.row < row);
        let rest = &self.cells[from..];
        &rest[..rest.partition_point(|mark| mark.row == row)]
    }

    pub(super) fn cells(&self) -> &[Mark] {
        &self.cells
    }

    /// The comments, by row, then column.
    pub(super) fn comments(&self) -> &BTreeMap<(u32, u32), Comment> {
        &self.comments
    }
}

impl Comment {
    fn tell(&mut self, finding: &Finding) {
        if self.lines.len() >= TOLD {
            self.more += 1;
            return;
        }
        let mut line = cut(&finding.message);
        if let Some(suggestion) = &finding.suggestion {
            line.push('\n');
            line += &match finding.score {
                Some(_) => cut(&format!("did you mean {suggestion}?")),
                None => cut(suggestion),
            };
        }
        self.lines.push(line);
    }
}

/// As much of a text as a comment has room for.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::xlsx::edit) fn finding(
        row: Option<u32>,
        column: Option<u32>,
        level: Level,
        message: &str,
    ) -> Finding {
        Finding {
            level,
            code: "cell/type".into(),
            rule: "type: integer".to_owned(),
            sheet: "Items".into(),
            row,
            column_index: column,
            column: None,
            field: None,
            row_key: None,
            value: Some("=1+1".to_owned()),
            expected: "a whole number".to_owned(),
            message: message.to_owned(),
            suggestion: None,
            score: None,
        }
    }

    /// Marks of these cells (zero-based) of one sheet, in order.
    pub(in crate::xlsx::edit) fn marks_of(cells: &[(u32, u32)], message: &str) -> SheetMarks {
        let mut marks = Marks::default();
        for &(row, column) in cells {
            marks.add(&finding(Some(row + 1), Some(column), Level::Error, message));
        }
        marks.sort();
        marks.sheets.remove("Items").unwrap_or_default()
    }

    #[test]
    fn a_cell_is_marked_once_by_its_worst_finding() {
        let mut marks = Marks::new(Some(2));
        for (row, column, level) in [
            (Some(9), Some(1), Level::Warning),
            (Some(2), Some(0), Level::Error),
            (Some(9), Some(1), Level::Error),
            (Some(9), None, Level::Info),
            (None, Some(4), Level::Error),
            (None, None, Level::Error),
        ] {
            marks.add(&finding(row, column, level, "x"));
        }
        marks.sort();
        let items = marks.of_sheet("Items").unwrap();
        let of = |row| -> Vec<_> {
            let marks = items.of_row(row).iter();
            marks.map(|mark| (mark.column, mark.level)).collect()
        };
        assert_eq!(of(1), [(0, Level::Error)]);
        assert_eq!(of(8), [(1, Level::Error), (2, Level::Info)]);
        assert_eq!(of(7), []);
        assert_eq!((marks.findings(), items.comments().len()), (6, 3));
        assert_eq!(items.comments()[&(8, 1)].lines.len(), 2);
    }

    #[test]
    fn findings_are_told_apart_by_their_sheets() {
        let mut marks = Marks::new(Some(0));
        for (sheet, row, level) in [
            ("b", Some(3), Level::Warning),
            ("a", Some(3), Level::Error),
            ("b", Some(3), Level::Info),
            ("c", None, Level::Error),
        ] {
            let mut finding = finding(row, None, level, sheet);
            finding.sheet = sheet.into();
            marks.add(&finding);
        }
        marks.sort();
        let level = |sheet| marks.of_sheet(sheet).map(|sheet| sheet.of_row(2)[0].level);
        assert_eq!(level("a"), Some(Level::Error));
        assert_eq!(level("b"), Some(Level::Warning));
        assert_eq!((level("c"), level("d")), (None, None));
        let names: Vec<&str> = marks.sheets().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let lines = |sheet| &marks.of_sheet(sheet).unwrap().comments()[&(2, 0)].lines;
        assert_eq!(lines("a")[..], ["a"]);
        assert_eq!(lines("b")[..], ["b", "b"]);
    }

    #[test]
    fn comments_are_bounded() {
        let mut marks = Marks::default();
        for _ in 0..9 {
            marks.add(&finding(Some(1), Some(0), Level::Error, &"x".repeat(1_000)));
        }
        let comment = &marks.of_sheet("Items").unwrap().comments()[&(0, 0)];
        assert_eq!((comment.lines.len(), comment.more), (5, 4));
        assert_eq!(comment.lines[0].chars().count(), MAX_LINE + 1);
        for row in 0..Marks::MAX_COMMENTS as u32 - 1 {
            let mut finding = finding(Some(row + 2), Some(0), Level::Error, "x");
            finding.sheet = if row % 2 == 0 { "a" } else { "b" }.into();
            marks.add(&finding);
        }
        let comments = |marks: &Marks| -> usize {
            let sheets = marks.sheets();
            sheets.map(|(_, marks)| marks.comments().len()).sum()
        };
        assert_eq!(comments(&marks), Marks::MAX_COMMENTS);
        assert!(!marks.has_more_cells_than_comments());
        marks.add(&finding(Some(1), Some(0), Level::Error, "x")); // has one
        assert!(!marks.has_more_cells_than_comments());
        marks.add(&finding(Some(2), Some(0), Level::Error, "x"));
        assert_eq!(comments(&marks), Marks::MAX_COMMENTS);
        assert!(marks.has_more_cells_than_comments());
        assert_eq!(size_of::<Mark>(), 8);
    }

    #[test]
    fn cells_are_bounded() {
        let mut marks = Marks {
            held: Marks::MAX_CELLS - 2,
            ..Marks::default()
        };
        let mut one = finding(Some(1), Some(0), Level::Error, "x");
        marks.add(&one);
        one.sheet = "a".into();
        marks.add(&one);
        assert_eq!(marks.unmarked(), 0);
        marks.add(&one);
        let cells: Vec<usize> = marks
            .sheets()
            .map(|(_, marks)| marks.cells().len())
            .collect();
        assert_eq!((marks.unmarked(), &cells[..]), (1, &[1, 1][..]));
    }
}
