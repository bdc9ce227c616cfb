//! A copy of a package in which the cells of findings are marked. What is not touched is copied as it is, still compressed; the parts
//! that change are read and written again piece by piece, so that all of them which is not ours stays byte for byte.
//!
//! | part | change |
//! | --- | --- |
//! | the sheet | formats of marked cells, missing cells, the name of the drawing ([`sheet`]) |
//! | styles | formats with another fill ([`styles`]) |
//! | comments and drawing of the sheet | what the findings say ([`comments`], [`vml`]) |
//! | workbook, relationships, content types | a sheet and parts more ([`parts`]) |
//! | a new sheet | all findings, with links ([`list`]) |
//!
//! Digital signatures are left out: they would no longer hold. Formulas are not calculated, strings not looked at.

mod comments;
mod draft;
mod list;
mod marks;
mod parts;
mod sheet;
mod styles;
mod vml;

use std::{
    collections::{HashMap, HashSet},
    io::{Seek, Write},
};

pub use marks::Marks;

use self::{
    comments::Commented,
    draft::Draft,
    parts::{Dialect, Kind, Relationships},
    sheet::{SheetEdit, Written},
    styles::Styles,
};
use super::{
    book::XlsxBook,
    package::{Package, Relationship},
};
use crate::{
    book::Book,
    error::{Error, Result},
    finding::Finding,
    xml::{Capped, Pieces, foreign_encoding, to_utf8},
    zip::{EntryReader, PartRead, ZipWriter},
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

    /// Writes a copy with marks on the sheet at a place.
    pub(crate) fn annotate<W: Write + Seek>(
        &self,
        sheet: usize,
        mut marks: Marks,
        findings: &mut dyn Iterator<Item = Finding>,
        out: W,
    ) -> Result<Annotated> {
        marks.sort();
        MarkedCopy::new(self, sheet, &marks)?.write(findings, out)
    }
}

/// A copy before it is written: the parts that change, as far as they can be known without the sheet.
struct MarkedCopy<'a> {
    package: &'a Package,
    marks: &'a Marks,
    dialect: Dialect,
    /// Name and part of the sheet that is marked.
    sheet: &'a str,
    part: &'a str,
    styles: Styles,
    relationships: Relationships,
    comments: Option<Comments>,
    /// Parts that are ready, by their names without case.
    ready: HashMap<String, (String, Vec<u8>)>,
    /// The part of the list of findings.
    list: String,
    /// The workbook has a window that the list can be seen in.
    has_view: bool,
    annotated: Annotated,
}

/// The kind of relationships to drawings of comments.
const DRAWING: &str = "vmlDrawing";

/// How comments come into the copy.
struct Comments {
    comments: Draft,
    /// Drawings of the sheet: that of its comments, and that of its header.
    drawings: Vec<Draft>,
    /// A drawing, should it have none for comments, and the relationship to it.
    new_drawing: String,
    new_id: String,
}

impl<'a> MarkedCopy<'a> {
    fn new(book: &'a XlsxBook, sheet: usize, marks: &'a Marks) -> Result<MarkedCopy<'a>> {
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
        let part = book.part_of(sheet);
        package.reader(part)?; // it is there
        let mut relationships = Relationships::of(package, part)?;
        let mut comments = None;
        if !marks.comments().is_empty() {
            match Comments::new(package, &mut relationships, dialect)? {
                Some(found) => {
                    let name = &found.comments.name;
                    if !package.has(name) {
                        added.push((name.clone(), Kind::Comments));
                    }
                    comments = Some(found);
                }
                None => annotated.notes.push(
                    "no comments: the drawing for those of the sheet is not written as spreadsheet programs do it"
                        .to_owned(),
                ),
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
        let mut ready = HashMap::new();
        for (name, bytes) in whole.into_iter().flatten() {
            let key = name.to_ascii_lowercase();
            if let Some((name, _)) = ready.insert(key, (name, bytes)) {
                return Err(two_things(&name));
            }
        }
        Ok(MarkedCopy {
            package,
            marks,
            dialect,
            sheet: &book.sheets()[sheet].name,
            part,
            styles: Styles::new(styles, limits)?,
            relationships,
            comments,
            ready,
            list,
            has_view,
            annotated,
        })
    }

    fn write<W: Write + Seek>(
        mut self,
        findings: &mut dyn Iterator<Item = Finding>,
        out: W,
    ) -> Result<Annotated> {
        let package = self.package;
        self.check_parts()?;
        let later: HashSet<String> = self.later().map(str::to_ascii_lowercase).collect();
        let mut zip = ZipWriter::new(out)?;
        let (mut sheet, mut is_signed) = (Written::default(), false);
        for entry in package.archive().entries() {
            package.budget().cancel().check()?;
            let name = entry.name.to_ascii_lowercase();
            if parts::is_signature(&name) {
                is_signed = true;
            } else if let Some((_, bytes)) = self.ready.remove(&name) {
                zip.write(&entry.name, &bytes)?;
            } else if name == self.part.to_ascii_lowercase() {
                sheet = zip.stream(&entry.name, entry.inflated_bytes, |out| {
                    self.write_sheet(out)
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
        for (name, bytes) in self.comment(&sheet)? {
            zip.write(&name, &bytes)?;
        }
        let all = self.marks.findings();
        self.annotated.listed = zip.stream(&self.list, 0, |out| {
            list::write(
                out,
                &list::About {
                    namespace: self.dialect.main,
                    marked: self.sheet,
                    all,
                    has_view: self.has_view,
                },
                &mut self.styles,
                findings,
            )
        })?;
        let (name, bytes) = self.styles.finish()?;
        zip.write(&name, &bytes)?;
        zip.finish()?;
        self.annotated.filled = sheet.filled;
        let notes = left_out(self.marks, &sheet, self.annotated.listed);
        self.annotated.notes.extend(notes);
        Ok(self.annotated)
    }

    /// Names of the parts that are written once the sheet is.
    fn later(&self) -> impl Iterator<Item = &str> {
        let of_comments = self.comments.iter().flat_map(|comments| {
            let drawings = comments.drawings.iter().map(|draft| &*draft.name);
            drawings.chain([&*comments.comments.name, self.relationships.name()])
        });
        of_comments.chain([self.styles.name()])
    }

    /// Asks whether the parts that change are so many: one that is two things cannot be changed as both.
    fn check_parts(&self) -> Result<()> {
        let ready = self.ready.values().map(|(name, _)| &**name);
        let mut seen = HashSet::new();
        for name in ready.chain(self.later()).chain([self.part]) {
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(two_things(name));
            }
        }
        Ok(())
    }

    fn write_sheet(&mut self, out: &mut dyn Write) -> Result<Written> {
        let limits = &self.package.budget().limits;
        let reader = in_utf8(self.package, self.part)?;
        let pieces = Pieces::new(Capped::new(PartRead::new(reader), limits), limits);
        let mut drawings = Vec::new();
        if let Some(comments) = &self.comments {
            let known = self.relationships.known.iter();
            let known = known.filter(|known| comments.place_of(known).is_some());
            drawings.extend(known.map(|known| &*known.id));
        }
        let edit = SheetEdit {
            marks: self.marks,
            styles: &mut self.styles,
            dialect: self.dialect,
            drawing: self.comments.as_ref().map(|comments| &*comments.new_id),
            drawings: &drawings,
            limits,
        };
        edit.write(pieces, out)
            .map_err(|error| error.in_part(self.part))
    }

    /// The comments, the drawing of their shapes, and what names both.
    fn comment(&mut self, sheet: &Written) -> Result<Vec<(String, Vec<u8>)>> {
        let limits = &self.package.budget().limits;
        let Some(comments) = self.comments.take() else {
            return Ok(Vec::new());
        };
        let mut known = self.relationships.known.iter();
        let place = known
            .find(|known| sheet.drawing.as_ref() == Some(&known.id))
            .and_then(|known| comments.place_of(known));
        let Comments {
            comments,
            mut drawings,
            new_drawing,
            new_id,
        } = comments;
        let is_new = !self.package.has(&comments.name);
        if is_new {
            let id = self.relationships.free_id();
            let kind = Kind::Comments.name();
            self.relationships
                .add(self.dialect, &id, kind, &comments.name);
        }
        let Commented {
            part,
            new,
            joined,
            left,
        } = comments::write(comments, self.marks, limits)?;
        self.annotated.commented = new.len() as u64 + joined;
        if left > 0 {
            let note = format!(
                "{left} cells have a conversation, which is kept: they have no comment of ours"
            );
            self.annotated.notes.push(note);
        }
        let drawing = match place {
            Some(place) => drawings.swap_remove(place),
            None => {
                self.relationships
                    .add(self.dialect, &new_id, DRAWING, &new_drawing);
                vml::empty(&new_drawing)
            }
        };
        let first = vml::free_block(self.package)?;
        let mut written = vec![part, vml::write(drawing, &new, first, limits)?];
        written.extend(
            drawings
                .into_iter()
                .map(|drawing| (drawing.name.clone(), drawing.finish())),
        );
        written.push(self.relationships.finish()?);
        Ok(written)
    }
}

impl Comments {
    /// The comments of a sheet and its drawings; none where shapes cannot be added to those.
    fn new(
        package: &Package,
        relationships: &mut Relationships,
        dialect: Dialect,
    ) -> Result<Option<Comments>> {
        let limits = &package.budget().limits;
        let mut drawings: Vec<Draft> = Vec::new();
        let of_kind = |kind: &'static str| {
            let known = relationships.known.iter();
            known.filter(move |known| known.kind == kind)
        };
        for known in of_kind(DRAWING) {
            if drawings.iter().any(|drawing| drawing.name == known.target) {
                continue;
            }
            if !package.has(&known.target) {
                continue;
            }
            let drawing = Draft::read(package, &known.target);
            match drawing
                .ok()
                .filter(|drawing| vml::is_usual(drawing, limits))
            {
                Some(drawing) => drawings.push(drawing),
                None => return Ok(None),
            }
        }
        let there = of_kind("comments").find(|known| package.has(&known.target));
        let comments = match there {
            Some(known) => Draft::read(package, &known.target)?,
            None => {
                let name = parts::free_part(package, "xl/sheetlift_comments", ".xml");
                comments::empty(&name, dialect.main)
            }
        };
        Ok(Some(Comments {
            comments,
            drawings,
            new_drawing: parts::free_part(package, "xl/drawings/sheetlift_vml", ".vml"),
            new_id: relationships.free_id(),
        }))
    }

    /// The place of the drawing that a relationship leads to, if it does.
    fn place_of(&self, known: &Relationship) -> Option<usize> {
        let mut drawings = self.drawings.iter();
        let place = drawings.position(|drawing| drawing.name.eq_ignore_ascii_case(&known.target));
        place.filter(|_| known.kind == DRAWING)
    }
}

fn two_things(part: &str) -> Error {
    Error::malformed("the part is named as two different things").in_part(part)
}

/// A part as a stream of UTF-8.
fn in_utf8(package: &Package, part: &str) -> Result<EntryReader> {
    /// Bytes of a declaration.
    const LOOK: usize = 1 << 10;
    let reader = package.reader(part)?;
    let mut look = reader.clone();
    let mut bytes = vec![0; look.first_room(LOOK)];
    let read = look.fill(&mut bytes, 0)?;
    bytes.truncate(read);
    match foreign_encoding(&bytes) {
        Some(_) => look.converted(bytes, to_utf8),
        None => Ok(reader),
    }
}

/// What the marks ask for and the copy does not show.
fn left_out(marks: &Marks, sheet: &Written, listed: u64) -> Vec<String> {
    let mut notes = Vec::new();
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
    if sheet.unfilled > 0 {
        notes.push(format!(
            "{} cells are not filled, for the workbook has as many formats as it can",
            sheet.unfilled
        ));
    }
    let shown = sheet.filled + sheet.unfilled;
    if let hidden @ 1.. = (marks.cells().len() as u64).saturating_sub(shown) {
        notes.push(format!(
            "{hidden} cells that have no value are not coloured: their rows are not in the file, or out of order"
        ));
    }
    if let more @ 1.. = marks.findings().saturating_sub(listed) {
        notes.push(format!("{more} findings are not in the list"));
    }
    notes
}
