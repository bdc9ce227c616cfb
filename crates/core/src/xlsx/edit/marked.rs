//! A sheet with marks on its way into the copy: first the names of the parts that change with it, then the sheet, then its comments
//! and the drawing of their shapes. Parts are read when it is their turn, so that a copy holds those of one sheet.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    io::{Seek, Write},
};

use super::{
    comments::{self, Commented},
    draft::Draft,
    marks::SheetMarks,
    parts::{Dialect, FreeParts, Kind, Relationships},
    sheet::{SheetEdit, Written},
    styles::Styles,
    vml,
};
use crate::{
    error::Result,
    xlsx::package::Package,
    xml::{Capped, Pieces, foreign_encoding, to_utf8},
    zip::{EntryReader, PartRead, ZipWriter},
};

/// The kind of relationships to drawings of comments.
const DRAWING: &str = "vmlDrawing";
/// Bytes that a part takes in a list of them, beside its name.
const HELD: u64 = 200;

/// A sheet that is marked.
pub(super) struct MarkedSheet<'a> {
    name: &'a str,
    pub(super) part: &'a str,
    pub(super) marks: &'a SheetMarks,
    comments: Comments,
    /// What became of its cells.
    pub(super) written: Written,
    /// Cells that have a comment of ours.
    pub(super) commented: u64,
    /// Cells that have none, for there is a conversation on them.
    pub(super) conversations: u64,
}

/// How comments come into the copy.
enum Comments {
    /// None are asked for.
    None,
    /// None can be added, for this reason.
    Left(&'static str),
    In(Parts),
}

/// The parts that comments change.
struct Parts {
    comments: String,
    /// There are none on the sheet yet.
    is_new: bool,
    /// Drawings of the sheet that are there: that of its comments, and that of its header.
    drawings: Vec<String>,
    /// Relationships to them, and the places of what they lead to.
    ids: Vec<(String, usize)>,
    /// A relationship to a drawing, should the sheet have none for comments.
    new_id: String,
    relationships: String,
}

/// What nothing in the workbook has, each given to one sheet.
pub(super) struct Unused {
    comments: FreeParts,
    drawings: FreeParts,
    /// The next block of ids of shapes, once it was looked for.
    block: Option<usize>,
    /// Names without case of parts that belong to a sheet which was met before.
    taken: HashSet<String>,
    /// Bytes that the names of parts take, of all sheets.
    held: u64,
}

impl Unused {
    pub(super) fn new() -> Unused {
        Unused {
            comments: FreeParts::new("xl/sheetlift_comments", ".xml"),
            drawings: FreeParts::new("xl/drawings/sheetlift_vml", ".vml"),
            block: None,
            taken: HashSet::new(),
            held: 0,
        }
    }

    /// The first of so many blocks of ids.
    fn blocks(&mut self, package: &Package, count: usize) -> Result<usize> {
        let first = match self.block {
            Some(block) => block,
            None => vml::free_block(package)?,
        };
        self.block = Some(first + count);
        Ok(first)
    }
}

impl<'a> MarkedSheet<'a> {
    /// The sheet with this name and this part.
    pub(super) fn new(
        package: &Package,
        (name, part): (&'a str, &'a str),
        marks: &'a SheetMarks,
        unused: &mut Unused,
    ) -> Result<MarkedSheet<'a>> {
        Ok(MarkedSheet {
            name,
            part,
            marks,
            comments: match marks.comments().is_empty() {
                true => Comments::None,
                false => Parts::of(package, part, unused)?,
            },
            written: Written::default(),
            commented: 0,
            conversations: 0,
        })
    }

    /// The part of its comments, if that is not in the workbook.
    pub(super) fn new_comments(&self) -> Option<String> {
        let parts = self.parts().filter(|parts| parts.is_new);
        parts.map(|parts| parts.comments.clone())
    }

    /// Why it has no comments.
    pub(super) fn note(&self) -> Option<String> {
        match self.comments {
            Comments::Left(reason) => Some(format!(
                "no comments on the sheet {:?}: {reason}",
                self.name
            )),
            Comments::None | Comments::In(_) => None,
        }
    }

    /// Names of the parts that are written once the sheet is.
    pub(super) fn later(&self) -> impl Iterator<Item = &str> {
        let parts = self.parts().into_iter();
        parts.flat_map(|parts| {
            let drawings = parts.drawings.iter().map(String::as_str);
            drawings.chain([&*parts.comments, &*parts.relationships])
        })
    }

    /// Writes the sheet with its marks.
    pub(super) fn write(
        &mut self,
        package: &Package,
        dialect: Dialect,
        styles: &mut Styles,
        out: &mut dyn Write,
    ) -> Result<()> {
        let limits = &package.budget().limits;
        let reader = in_utf8(package, self.part)?;
        let pieces = Pieces::new(Capped::new(PartRead::new(reader), limits), limits);
        let parts = self.parts();
        let ids = parts.iter().flat_map(|parts| &parts.ids);
        let drawings: Vec<&str> = ids.map(|(id, _)| &**id).collect();
        let edit = SheetEdit {
            marks: self.marks,
            styles,
            dialect,
            drawing: parts.map(|parts| &*parts.new_id),
            drawings: &drawings,
            limits,
        };
        let written = edit.write(pieces, out);
        self.written = written.map_err(|error| error.in_part(self.part))?;
        Ok(())
    }

    /// Writes the comments, the drawing of their shapes, and what names both. The sheet was written.
    pub(super) fn write_comments<W: Write + Seek>(
        &mut self,
        package: &Package,
        dialect: Dialect,
        unused: &mut Unused,
        zip: &mut ZipWriter<W>,
    ) -> Result<()> {
        let limits = &package.budget().limits;
        let Some(parts) = self.parts() else {
            return Ok(());
        };
        let mut relationships = Relationships::of(package, self.part)?;
        relationships.reserve(&parts.new_id);
        let draft = match parts.is_new {
            true => {
                let (id, kind) = (relationships.free_id(), Kind::Comments.name());
                relationships.add(dialect, &id, kind, &parts.comments);
                comments::empty(&parts.comments, dialect.main)
            }
            false => Draft::read(package, &parts.comments)?,
        };
        let Commented {
            part: (name, bytes),
            new,
            joined,
            left,
        } = comments::write(draft, self.marks, limits)?;
        zip.write(&name, &bytes)?;

        let mut ids = parts.ids.iter();
        let place = ids.find(|(id, _)| self.written.drawing.as_ref() == Some(id));
        let place = place.map(|(_, place)| *place);
        let drawing = match place {
            Some(place) => Draft::read(package, &parts.drawings[place])?,
            None => {
                let part = unused.drawings.next(package);
                relationships.add(dialect, &parts.new_id, DRAWING, &part);
                vml::empty(&part)
            }
        };
        let first = unused.blocks(package, vml::blocks(new.len()))?;
        let (name, bytes) = vml::write(drawing, &new, first, limits)?;
        zip.write(&name, &bytes)?;
        for (at, part) in parts.drawings.iter().enumerate() {
            let entry = package.archive().entry(part);
            if let Some(entry) = entry.filter(|_| Some(at) != place) {
                zip.copy(package.archive(), entry)?;
            }
        }
        let (name, bytes) = relationships.finish()?;
        zip.write(&name, &bytes)?;
        self.commented = new.len() as u64 + joined;
        self.conversations = left;
        Ok(())
    }

    fn parts(&self) -> Option<&Parts> {
        match &self.comments {
            Comments::In(parts) => Some(parts),
            Comments::None | Comments::Left(_) => None,
        }
    }
}

impl Parts {
    /// Those of a sheet, unless shapes cannot be added to its drawings, or they are those of another sheet as well.
    fn of(package: &Package, sheet: &str, unused: &mut Unused) -> Result<Comments> {
        let limits = &package.budget().limits;
        let mut relationships = Relationships::of(package, sheet)?;
        let new_id = relationships.free_id();
        let of_kind = |kind: &'static str| {
            let known = relationships.known.iter();
            known.filter(move |known| known.kind == kind && package.has(&known.target))
        };
        let mut places = HashMap::new();
        let (mut drawings, mut ids) = (Vec::new(), Vec::new());
        for known in of_kind(DRAWING) {
            let place = match places.entry(known.target.to_ascii_lowercase()) {
                Entry::Occupied(place) => *place.get(),
                Entry::Vacant(free) => {
                    let drawing = Draft::read(package, &known.target).ok();
                    if !drawing.is_some_and(|drawing| vml::is_usual(&drawing, limits)) {
                        let reason = "the drawing for those of the sheet is not written as spreadsheet programs do it";
                        return Ok(Comments::Left(reason));
                    }
                    drawings.push(known.target.clone());
                    *free.insert(drawings.len() - 1)
                }
            };
            ids.push((known.id.clone(), place));
        }
        let comments = of_kind(Kind::Comments.name()).next();
        let comments = comments.map(|known| known.target.clone());
        let parts = drawings.iter().chain(&comments);
        let parts: Vec<String> = parts.map(|part| part.to_ascii_lowercase()).collect();
        if parts.iter().any(|part| unused.taken.contains(part)) {
            return Ok(Comments::Left(
                "its comments or its drawings are those of another sheet too",
            ));
        }
        unused.taken.extend(parts);
        let parts = Parts {
            is_new: comments.is_none(),
            comments: comments.unwrap_or_else(|| unused.comments.next(package)),
            drawings,
            ids,
            new_id,
            relationships: relationships.name().to_owned(),
        };
        unused.held += parts.held();
        limits.check_held(unused.held)?;
        Ok(Comments::In(parts))
    }

    /// Bytes that the names take.
    fn held(&self) -> u64 {
        let ids = self.ids.iter().map(|(id, _)| id);
        let names = self.drawings.iter().chain(ids);
        let names = names.chain([&self.comments, &self.relationships]);
        names.map(|name| HELD + name.len() as u64).sum()
    }
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
