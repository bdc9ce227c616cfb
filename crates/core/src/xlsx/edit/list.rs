//! The sheet of findings: one a row, with a link to its cell. All texts are inline strings in a format that keeps them texts
//! (`quotePrefix`): whatever stood in a cell of the author is never a formula here.

use std::{fmt::Write as _, io::Write};

use super::{
    draft::{XML, push_text},
    sheet::put,
    styles::{ListStyles, Styles},
};
use crate::{a1, error::Result, finding::Finding};

/// Findings that are listed: a sheet has 65,530 links at most.
pub(super) const MAX_ROWS: u64 = 65_000;
/// Characters of a text.
const MAX_TEXT: usize = 1_000;

/// Lines of a text that there is room for, and the height of one.
const MAX_LINES: usize = 10;
const LINE_POINTS: usize = 15;

/// Labels and widths of the columns.
const COLUMNS: [(&str, u32); 9] = [
    ("Cell", 16),
    ("Level", 9),
    ("Code", 20),
    ("Column", 18),
    ("Value", 24),
    ("Expected", 32),
    ("Message", 60),
    ("Suggestion", 24),
    ("Row key", 18),
];

/// What a list is about.
pub(super) struct About<'a> {
    pub(super) namespace: &'a str,
    /// The name of the sheet with the marks.
    pub(super) marked: &'a str,
    /// How many findings there are.
    pub(super) all: u64,
    /// The workbook has a window to show the sheet in: without, a sheet must not say how it is seen.
    pub(super) has_view: bool,
}

/// Writes the part; gives how many findings are listed.
pub(super) fn write(
    out: &mut dyn Write,
    about: &About<'_>,
    styles: &mut Styles,
    findings: &mut dyn Iterator<Item = Finding>,
) -> Result<u64> {
    let list = styles.of_list();
    let mut xml = format!(
        "{XML}<worksheet xmlns=\"{}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>",
        about.namespace
    );
    if about.has_view {
        xml += "<sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" \
                activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>";
    }
    xml += "<cols>";
    for (at, (_, width)) in COLUMNS.iter().enumerate() {
        let number = at + 1;
        let _ = write!(
            xml,
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
        );
    }
    xml += "</cols><sheetData><row r=\"1\">";
    for (at, (label, _)) in COLUMNS.iter().enumerate() {
        text(&mut xml, 0, at, list.label, label);
    }
    xml += "</row>";
    let mut links = Vec::new();
    for finding in findings.take(MAX_ROWS as usize) {
        let row = links.len() as u32 + 1;
        row_of(&mut xml, row, &finding, &list, styles);
        links.push(Link::of(&finding));
        put(out, xml.as_bytes())?;
        xml.clear();
    }
    let listed = links.len() as u64;
    if let more @ 1.. = about.all.saturating_sub(listed) {
        let row = links.len() as u32 + 1;
        let _ = write!(xml, "<row r=\"{}\">", row + 1);
        text(&mut xml, row, 0, list.text, &format!("… and {more} more"));
        xml += "</row>";
    }
    xml += "</sheetData>";
    if !links.is_empty() {
        xml += "<hyperlinks>";
        for (at, link) in links.iter().enumerate() {
            link.push(&mut xml, about.marked, at as u32 + 1);
            put(out, xml.as_bytes())?;
            xml.clear();
        }
        xml += "</hyperlinks>";
    }
    // Printed as wide as a page, and as long as it is.
    xml += "<pageSetup orientation=\"landscape\" fitToHeight=\"0\"/></worksheet>";
    put(out, xml.as_bytes())?;
    Ok(listed)
}

fn row_of(xml: &mut String, row: u32, finding: &Finding, list: &ListStyles, styles: &mut Styles) {
    let level = styles.of_level(finding.level);
    let suggestion = finding.suggestion.as_deref();
    let texts = [
        (Some(&*place(finding)), list.link),
        (Some(finding.level.name()), level),
        (Some(&*finding.code), list.text),
        (finding.column.as_deref(), list.text),
        (finding.value.as_deref(), list.text),
        (Some(&*finding.expected), list.text),
        (Some(&*finding.message), list.text),
        (suggestion, list.text),
        (finding.row_key.as_deref(), list.text),
    ];
    // Not every program makes room for texts of several lines by itself.
    let columns = texts.iter().zip(COLUMNS);
    let lines = columns.filter_map(|((value, _), (_, width))| Some(lines(value.as_ref()?, width)));
    let _ = write!(xml, "<row r=\"{}\"", row + 1);
    if let Some(lines @ 2..) = lines.max() {
        let _ = write!(xml, " ht=\"{}\" customHeight=\"1\"", lines * LINE_POINTS);
    }
    xml.push('>');
    for (at, (value, style)) in texts.into_iter().enumerate() {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text(xml, row, at, style, value);
        }
    }
    xml.push_str("</row>");
}

/// Lines that a text takes in a column of this width, up to [`MAX_LINES`]. Words do not fill lines to their ends.
fn lines(text: &str, width: u32) -> usize {
    let width = (width as usize * 9 / 10).max(1);
    let lines = text.split('\n').take(MAX_LINES);
    let lines = lines.map(|line| line.chars().take(MAX_TEXT).count().div_ceil(width).max(1));
    lines.sum::<usize>().min(MAX_LINES)
}

fn text(xml: &mut String, row: u32, column: usize, style: u32, value: &str) {
    let name = a1::cell_name(row, column as u32);
    let _ = write!(
        xml,
        "<c r=\"{name}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
    );
    push_text(xml, value, MAX_TEXT);
    xml.push_str("</t></is></c>");
}

/// The place of a finding on its sheet: `C17`, `17:17`, `C:C`, or the name of the sheet.
fn place(finding: &Finding) -> String {
    let row = finding.row.map(|row| row.saturating_sub(1));
    match (row, finding.column_index) {
        (Some(row), Some(column)) => a1::cell_name(row, column),
        (Some(row), None) => format!("{0}:{0}", u64::from(row) + 1),
        (None, Some(column)) => format!("{0}:{0}", a1::column_name(column)),
        (None, None) => finding.sheet.to_string(),
    }
}

/// Where a row of the list leads to.
struct Link {
    row: Option<u32>,
    column: Option<u32>,
}

impl Link {
    fn of(finding: &Finding) -> Link {
        Link {
            row: finding.row,
            column: finding.column_index,
        }
    }

    fn push(&self, xml: &mut String, sheet: &str, row: u32) {
        let quoted = format!("'{}'", sheet.replace('\'', "''"));
        let (target_row, column) = (self.row.unwrap_or(1).max(1) - 1, self.column.unwrap_or(0));
        let cell = a1::cell_name(target_row, column);
        let _ = write!(xml, "<hyperlink ref=\"A{}\" location=\"", row + 1);
        push_text(xml, &format!("{quoted}!{cell}"), MAX_TEXT);
        xml.push_str("\"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_room_they_need() {
        for (text, expected) in [
            ("", 1),
            ("short", 1),
            ("twelve words", 2),
            ("a\nb", 2),
            ("a\nlonger line", 3),
        ] {
            assert_eq!(lines(text, 10), expected, "{text:?}");
        }
        assert_eq!(lines(&"x".repeat(5_000), 10), MAX_LINES);
        assert_eq!(lines(&"\n".repeat(5_000), 10), MAX_LINES);
    }
}
