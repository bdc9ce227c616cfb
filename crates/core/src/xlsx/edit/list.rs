//! The sheet of findings: one a row, with a link to its cell. All texts are inline strings in a format that keeps them texts
//! (`quotePrefix`): whatever stood in a cell of the author is never a formula here.

use std::{collections::HashSet, fmt::Write as _, io::Write, sync::Arc};

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

/// Labels and widths of the columns. A list about one sheet is without the first.
const COLUMNS: [(&str, u32); 10] = [
    ("Sheet", 18),
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
    /// Names of the sheets that a link can lead to.
    pub(super) with_cells: &'a HashSet<&'a str>,
    /// Findings say which sheet they are of.
    pub(super) names_sheets: bool,
    /// How many findings there are.
    pub(super) all: u64,
    /// The workbook has a window to show the sheet in: without, a sheet must not say how it is seen.
    pub(super) has_view: bool,
}

impl About<'_> {
    /// The first of [`COLUMNS`] that the list has.
    fn first_column(&self) -> usize {
        usize::from(!self.names_sheets)
    }
}

/// True for the labels of a sheet of findings, as [`Workbook::annotate`](crate::Workbook::annotate) adds one to a copy: when the
/// copy comes back, that sheet is none of its author's tables. `labels` are the texts of its first row from column A on; blanks
/// behind them do not count.
///
/// ```
/// use sheetlift_core::is_list_of_findings;
/// let mut labels = vec!["Cell", "Level", "Code", "Column", "Value", "Expected", "Message", "Suggestion", "Row key"];
/// assert!(is_list_of_findings(&labels));
/// labels.insert(0, "Sheet"); // of several sheets
/// assert!(is_list_of_findings(&labels));
/// assert!(!is_list_of_findings(&["Cell", "Level"]));
/// ```
pub fn is_list_of_findings(labels: &[&str]) -> bool {
    let blanks = labels.iter().rev().take_while(|label| label.is_empty());
    let labels = &labels[..labels.len() - blanks.count()];
    let ours = COLUMNS.map(|(label, _)| label);
    labels == ours || labels == &ours[1..]
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
    let columns = &COLUMNS[about.first_column()..];
    xml += "<cols>";
    for (at, (_, width)) in columns.iter().enumerate() {
        let number = at + 1;
        let _ = write!(
            xml,
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
        );
    }
    xml += "</cols><sheetData><row r=\"1\">";
    for (at, (label, _)) in columns.iter().enumerate() {
        text(&mut xml, 0, at, list.label, label);
    }
    xml += "</row>";
    let (mut links, mut row) = (Vec::new(), 1);
    for finding in findings.take(MAX_ROWS as usize) {
        let has_link = about.with_cells.contains(&*finding.sheet);
        row_of(&mut xml, row, &finding, (about, has_link), &list, styles);
        if has_link {
            links.push(Link::of(row, &finding));
        }
        put(out, xml.as_bytes())?;
        xml.clear();
        row += 1;
    }
    let listed = u64::from(row) - 1;
    if let more @ 1.. = about.all.saturating_sub(listed) {
        let _ = write!(xml, "<row r=\"{}\">", row + 1);
        text(&mut xml, row, 0, list.text, &format!("… and {more} more"));
        xml += "</row>";
    }
    xml += "</sheetData>";
    if !links.is_empty() {
        xml += "<hyperlinks>";
        let column = 1 - about.first_column() as u32;
        for link in &links {
            link.push(&mut xml, column);
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

fn row_of(
    xml: &mut String,
    row: u32,
    finding: &Finding,
    (about, has_link): (&About<'_>, bool),
    list: &ListStyles,
    styles: &mut Styles,
) {
    let level = styles.of_level(finding.level);
    let suggestion = finding.suggestion.as_deref();
    let place_style = if has_link { list.link } else { list.text };
    let texts = [
        (Some(&*finding.sheet), list.text),
        (Some(&*place(finding)), place_style),
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
    let first = about.first_column();
    let columns = texts.iter().zip(COLUMNS).skip(first);
    let lines = columns.filter_map(|((value, _), (_, width))| Some(lines(value.as_ref()?, width)));
    let _ = write!(xml, "<row r=\"{}\"", row + 1);
    if let Some(lines @ 2..) = lines.max() {
        let _ = write!(xml, " ht=\"{}\" customHeight=\"1\"", lines * LINE_POINTS);
    }
    xml.push('>');
    for (at, (value, style)) in texts.into_iter().skip(first).enumerate() {
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
    /// The row of the list.
    at: u32,
    sheet: Arc<str>,
    row: u32,
    column: u32,
}

impl Link {
    fn of(at: u32, finding: &Finding) -> Link {
        Link {
            at,
            sheet: Arc::clone(&finding.sheet),
            row: finding.row.unwrap_or(1).max(1) - 1,
            column: finding.column_index.unwrap_or(0),
        }
    }

    /// Puts it on its cell in this column of the list.
    fn push(&self, xml: &mut String, column: u32) {
        let quoted = format!("'{}'", self.sheet.replace('\'', "''"));
        let cell = a1::cell_name(self.row, self.column);
        let place = a1::cell_name(self.at, column);
        let _ = write!(xml, "<hyperlink ref=\"{place}\" location=\"");
        push_text(xml, &format!("{quoted}!{cell}"), MAX_TEXT);
        xml.push_str("\"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    /// The texts of the first row of a list.
    fn labels(names_sheets: bool) -> Vec<String> {
        let draft = Styles::empty("styles", "main");
        let mut styles = Styles::new(draft, &Limits::default()).unwrap();
        let about = About {
            namespace: "main",
            with_cells: &HashSet::new(),
            names_sheets,
            all: 0,
            has_view: true,
        };
        let mut out = Vec::new();
        write(&mut out, &about, &mut styles, &mut std::iter::empty()).unwrap();
        let xml = String::from_utf8(out).unwrap();
        let texts = xml.split("<t xml:space=\"preserve\">").skip(1);
        let texts = texts.map(|rest| rest[..rest.find('<').unwrap()].to_owned());
        texts.collect()
    }

    #[test]
    fn a_list_is_known_by_what_stands_above_it() {
        for (names_sheets, columns) in [(false, 9), (true, 10)] {
            let labels = labels(names_sheets);
            let mut labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            assert_eq!(labels.len(), columns);
            assert!(is_list_of_findings(&labels), "{labels:?}");
            labels.extend(["", ""]);
            assert!(is_list_of_findings(&labels), "{labels:?}");
            labels.push("More");
            assert!(!is_list_of_findings(&labels), "{labels:?}");
            assert!(!is_list_of_findings(&labels[..columns - 1]), "{labels:?}");
            assert!(!is_list_of_findings(&labels[2..]), "{labels:?}");
        }
        assert!(!is_list_of_findings(&[]) && !is_list_of_findings(&["", ""]));
    }

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
