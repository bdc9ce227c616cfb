//! A copy of a package in which the cells of findings are marked. What is not touched is copied as it is, still compressed; the parts
//! that change are read and written again piece by piece, so that all of them which is not ours stays byte for byte.
//!
//! | part | change |
//! | --- | --- |
//! | each sheet with marks | formats of marked cells, missing cells, the name of the drawing ([`sheet`]) |
//! | styles | formats with another fill ([`styles`]) |
//! | comments and drawing of such a sheet | what the findings say ([`marked`], [`comments`], [`vml`]) |
//! | workbook, relationships, content types | a sheet and parts more ([`parts`]) |
//! | a new sheet | all findings, with links ([`list`]) |
//!
//! Digital signatures are left out: they would no longer hold. Formulas are not calculated, strings not looked at.

mod comments;
mod draft;
mod list;
mod marked;
mod marks;
mod parts;
mod sheet;
mod styles;
mod vml;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::{Seek, Write},
};

pub use list::is_list_of_findings;
pub use marks::Marks;

use self::{
    draft::Draft,
    marked::{MarkedSheet, Unused},
    parts::{Dialect, Kind, Relationships},
    styles::Styles,
};
use super::{book::XlsxBook, package::Package};
use crate::{
    book::{Book, SheetKind},
    error::{Error, Result},
    finding::Finding,
    zip::ZipWriter,
};

/// What a copy of a workbook shows ([`Workbook::annotate`](crate::Workbook::annotate)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotated {
    /// Cells that show the level of their findings.
    pub filled: u64,
    /// Cells with a comment that says what is wrong.
    pub commented: u64,
    /// Findings in the sheet of findings.
    pub listed: u64,
    /// The name of that sheet.
    pub sheet: String,
    /// What was left out, a sentence each.
    pub notes: Vec<String>,
}

impl Annotated {
    /// The note on a copy of a file that is encrypted.
    pub const NO_PASSWORD: &str =
        "the copy has no password: the file is encrypted, and the copy is not";
}

impl XlsxBook {
    /// What the name of a copy has to end in.
    pub(crate) fn extension(&self) -> Result<&'static str> {
        parts::extension(self.package(), &self.package().workbook_part()?)
    }

    /// Writes a copy with marks on the sheets at these places.
    pub(crate) fn annotate<W: Write + Seek>(
        &self,
        sheets: &BTreeSet<usize>,
        mut marks: Marks,
        findings: &mut dyn Iterator<Item = Finding>,
        out: W,
    ) -> Result<Annotated> {
        marks.sort();
        MarkedCopy::new(self, sheets, &marks)?.write(findings, out)
    }
}

/// A copy before it is written: the parts that change, as far as they can be known without the sheets.
struct MarkedCopy<'a> {
    package: &'a Package,
    marks: &'a Marks,
    dialect: Dialect,
    sheets: Vec<MarkedSheet<'a>>,
    styles: Styles,
    unused: Unused,
    /// Parts that are ready, by their names without case.
    ready: BTreeMap<String, (String, Vec<u8>)>,
    /// The part of the list of findings.
    list: String,
    /// Sheets that have cells: what a link can lead to.
    with_cells: HashSet<&'a str>,
    /// The list is about several sheets.
    names_sheets: bool,
    /// The workbook has a window that the list can be seen in.
    has_view: bool,
    annotated: Annotated,
}

impl<'a> MarkedCopy<'a> {
    fn new(
        book: &'a XlsxBook,
        places: &BTreeSet<usize>,
        marks: &'a Marks,
    ) -> Result<MarkedCopy<'a>> {
        let package = book.package();
        let limits = &package.budget().limits;
        let workbook_part = package.workbook_part()?;
        let workbook = Draft::read(package, &workbook_part)?;
        let dialect = Dialect::of(&workbook, limits)?;
        let has_view = parts::has_view(&workbook, limits)?;
        let mut added = Vec::new();

        let mut of_workbook = Relationships::of(package, &workbook_part)?;
        let list = parts::free_part(package, "xl/worksheets/sheetlift_findings", ".xml");
        let list_id = of_workbook.free_id();
        of_workbook.add(dialect, &list_id, Kind::Worksheet.name(), &list);
        added.push((list.clone(), Kind::Worksheet));
        let styles = match book.styles_part() {
            Some(part) => Draft::read(package, part)?,
            None => {
                // Some readers look for it under this name alone.
                let part = match package.has("xl/styles.xml") {
                    true => parts::free_part(package, "xl/sheetlift_styles", ".xml"),
                    false => "xl/styles.xml".to_owned(),
                };
                let id = of_workbook.free_id();
                of_workbook.add(dialect, &id, Kind::Styles.name(), &part);
                added.push((part.clone(), Kind::Styles));
                Styles::empty(&part, dialect.main)
            }
        };
        let names = book.sheets().iter().map(|sheet| &*sheet.name);
        let mut annotated = Annotated {
            sheet: parts::free_sheet_name("Findings", names),
            ..Annotated::default()
        };
        let (mut sheets, mut unused) = (Vec::new(), Unused::new());
        for &place in places {
            package.budget().cancel().check()?;
            let (name, part) = (&*book.sheets()[place].name, book.part_of(place));
            package.reader(part)?; // it is there
            if let Some(marks) = marks.of_sheet(name) {
                let sheet = MarkedSheet::new(package, (name, part), marks, &mut unused)?;
                added.extend(sheet.new_comments().map(|part| (part, Kind::Comments)));
                annotated.notes.extend(sheet.note());
                sheets.push(sheet);
            }
        }
        let whole = [
            parts::content_types(package, &added)?,
            parts::without_signatures(package)?,
            Some(of_workbook.finish()?),
            Some(parts::add_sheet(
                workbook,
                limits,
                dialect,
                &annotated.sheet,
                &list_id,
            )?),
        ];
        let mut ready = BTreeMap::new();
        for (name, bytes) in whole.into_iter().flatten() {
            let key = name.to_ascii_lowercase();
            if let Some((name, _)) = ready.insert(key, (name, bytes)) {
                return Err(two_things(&name));
            }
        }
        let of_copy = places.iter().map(|&place| &*book.sheets()[place].name);
        let named: HashSet<&str> = of_copy
            .chain(marks.sheets().map(|(name, _)| name))
            .collect();
        let worksheets = book.sheets().iter();
        let worksheets = worksheets.filter(|sheet| sheet.kind == SheetKind::Worksheet);
        Ok(MarkedCopy {
            package,
            marks,
            dialect,
            sheets,
            styles: Styles::new(styles, limits)?,
            unused,
            ready,
            list,
            with_cells: worksheets.map(|sheet| &*sheet.name).collect(),
            names_sheets: named.len() > 1,
            has_view,
            annotated,
        })
    }

    fn write<W: Write + Seek>(
        mut self,
        findings: &mut dyn Iterator<Item = Finding>,
        out: W,
    ) -> Result<Annotated> {
        let (package, dialect) = (self.package, self.dialect);
        self.check_parts()?;
        let later: HashSet<String> = self.later().map(str::to_ascii_lowercase).collect();
        let sheets = self.sheets.iter().enumerate();
        let sheets: HashMap<String, usize> = sheets
            .map(|(place, sheet)| (sheet.part.to_ascii_lowercase(), place))
            .collect();
        let mut zip = ZipWriter::new(out)?;
        let mut is_signed = false;
        for entry in package.archive().entries() {
            package.budget().cancel().check()?;
            let name = entry.name.to_ascii_lowercase();
            if parts::is_signature(&name) {
                is_signed = true;
            } else if let Some((_, bytes)) = self.ready.remove(&name) {
                zip.write(&entry.name, &bytes)?;
            } else if let Some(&place) = sheets.get(&name) {
                let (sheet, styles) = (&mut self.sheets[place], &mut self.styles);
                zip.stream(&entry.name, entry.inflated_bytes, |out| {
                    sheet.write(package, dialect, styles, out)
                })?;
            } else if !later.contains(&name) {
                zip.copy(package.archive(), entry)?;
            }
        }
        for (name, bytes) in self.ready.values() {
            zip.write(name, bytes)?; // those that were not there
        }
        if is_signed {
            let note = "the digital signature is left out: it would not hold for the copy";
            self.annotated.notes.push(note.to_owned());
        }
        for sheet in &mut self.sheets {
            package.budget().cancel().check()?;
            sheet.write_comments(package, dialect, &mut self.unused, &mut zip)?;
        }
        self.annotated.listed = zip.stream(&self.list, 0, |out| {
            list::write(
                out,
                &list::About {
                    namespace: dialect.main,
                    with_cells: &self.with_cells,
                    names_sheets: self.names_sheets,
                    all: self.marks.findings(),
                    has_view: self.has_view,
                },
                &mut self.styles,
                findings,
            )
        })?;
        let (name, bytes) = self.styles.finish()?;
        zip.write(&name, &bytes)?;
        zip.finish()?;
        let sum = |of: fn(&MarkedSheet<'_>) -> u64| -> u64 { self.sheets.iter().map(of).sum() };
        self.annotated.filled = sum(|sheet| sheet.written.filled);
        self.annotated.commented = sum(|sheet| sheet.commented);
        let notes = left_out(self.marks, &self.sheets, self.annotated.listed);
        self.annotated.notes.extend(notes);
        Ok(self.annotated)
    }

    /// Names of the parts that are written once the sheets are.
    fn later(&self) -> impl Iterator<Item = &str> {
        let of_sheets = self.sheets.iter().flat_map(MarkedSheet::later);
        of_sheets.chain([self.styles.name()])
    }

    /// Asks whether the parts that change are so many: one that is two things cannot be changed as both.
    fn check_parts(&self) -> Result<()> {
        let ready = self.ready.values().map(|(name, _)| &**name);
        let sheets = self.sheets.iter().map(|sheet| sheet.part);
        let mut seen = HashSet::new();
        for name in ready.chain(self.later()).chain(sheets) {
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(two_things(name));
            }
        }
        Ok(())
    }
}

fn two_things(part: &str) -> Error {
    Error::malformed("the part is named as two different things").in_part(part)
}

/// What the marks ask for and the copy does not show.
fn left_out(marks: &Marks, sheets: &[MarkedSheet<'_>], listed: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let sum = |of: fn(&MarkedSheet<'_>) -> u64| -> u64 { sheets.iter().map(of).sum() };
    if let conversations @ 1.. = sum(|sheet| sheet.conversations) {
        notes.push(format!(
            "{conversations} cells have a conversation, which is kept: they have no comment of ours"
        ));
    }
    if marks.unmarked() > 0 {
        notes.push(format!(
            "{} findings after the first {} are not marked",
            marks.unmarked(),
            Marks::MAX_CELLS
        ));
    }
    if marks.has_more_cells_than_comments() {
        notes.push(format!(
            "only the first {} cells have a comment",
            Marks::MAX_COMMENTS
        ));
    }
    let unfilled = sum(|sheet| sheet.written.unfilled);
    if unfilled > 0 {
        notes.push(format!(
            "{unfilled} cells are not filled, for the workbook has as many formats as it can"
        ));
    }
    let shown = unfilled + sum(|sheet| sheet.written.filled);
    let asked = sum(|sheet| sheet.marks.cells().len() as u64);
    if let hidden @ 1.. = asked.saturating_sub(shown) {
        notes.push(format!(
            "{hidden} cells that have no value are not coloured: their rows are not in the file, or out of order"
        ));
    }
    let all: u64 = marks
        .sheets()
        .map(|(_, marks)| marks.cells().len() as u64)
        .sum();
    if let elsewhere @ 1.. = all.saturating_sub(asked) {
        notes.push(format!(
            "{elsewhere} cells are not marked, for they are on other sheets"
        ));
    }
    if let more @ 1.. = marks.findings().saturating_sub(listed) {
        notes.push(format!("{more} findings are not in the list"));
    }
    notes
}
