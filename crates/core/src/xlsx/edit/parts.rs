//! The parts that name others: relationships, content types, and the list of sheets of the workbook.

use std::collections::HashSet;

use super::{
    super::package::{Package, Relationship},
    draft::{Draft, Element, XML, push_text},
};
use crate::{error::Result, limits::Limits, xml::Tag};

const PACKAGE_RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const SPREADSHEETML: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// What the namespaces of relationships and of their types begin with: of transitional documents, and of strict ones.
const RELATIONSHIPS: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
];
/// Likewise SpreadsheetML.
pub(super) const MAIN: [&str; 2] = [
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
];

/// Which of the two families of namespaces a workbook is written in (ECMA-376 parts 1 and 4).
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) main: &'static str,
    pub(super) relationships: &'static str,
}

impl Dialect {
    /// That of a workbook part.
    pub(super) fn of(workbook: &Draft, limits: &Limits) -> Result<Dialect> {
        let root = workbook.outline(limits, |_, _| Ok(false))?.remove(0);
        let mut strict = Vec::new();
        workbook.tag(&root, |tag| {
            tag.bound_prefixes(&MAIN[1..], &mut strict);
            Ok(())
        })?;
        let which = usize::from(!strict.is_empty());
        Ok(Dialect {
            main: MAIN[which],
            relationships: RELATIONSHIPS[which],
        })
    }
}

/// The attribute by which an element names a relationship, with a declaration of its namespace unless a tag around it has one.
pub(super) fn relationship_id(around: &Tag<'_>, dialect: Dialect, id: &str) -> String {
    let mut prefixes = Vec::new();
    around.bound_prefixes(&[dialect.relationships], &mut prefixes);
    match prefixes.iter().find(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{prefix}:id=\"{id}\""),
        None => format!("xmlns:r=\"{}\" r:id=\"{id}\"", dialect.relationships),
    }
}

/// The relationships of a part, to which more are added.
pub(super) struct Relationships {
    draft: Draft,
    root: Element,
    ids: HashSet<String>,
    added: String,
    /// Those to other parts that are there already.
    pub(super) known: Vec<Relationship>,
}

impl Relationships {
    pub(super) fn of(package: &Package, part: &str) -> Result<Relationships> {
        let limits = &package.budget().limits;
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let name = format!("{folder}{slash}_rels/{file}.rels");
        let draft = match package.has(&name) {
            true => Draft::read(package, &name)?,
            false => Draft::new(
                &name,
                format!("{XML}<Relationships xmlns=\"{PACKAGE_RELATIONSHIPS}\"></Relationships>"),
            ),
        };
        let mut ids = HashSet::new();
        let mut elements = draft.outline(limits, |tag, _| {
            limits.check_held(ids.len() as u64 * 100)?;
            ids.extend(tag.attribute("Id")?);
            Ok(false)
        })?;
        Ok(Relationships {
            root: elements.remove(0),
            draft,
            ids,
            added: String::new(),
            known: package.relationships(part)?,
        })
    }

    /// An id that no other has.
    pub(super) fn free_id(&mut self) -> String {
        let mut number = 1;
        loop {
            let id = format!("sheetlift{number}");
            if self.ids.insert(id.clone()) {
                return id;
            }
            number += 1;
        }
    }

    /// Keeps an id that was free when these were read before.
    pub(super) fn reserve(&mut self, id: &str) {
        self.ids.insert(id.to_owned());
    }

    /// Adds one under a free id.
    pub(super) fn add(&mut self, dialect: Dialect, id: &str, kind: &str, target: &str) {
        let x = &self.root.prefix;
        let (mut escaped_id, mut escaped) = (String::new(), String::new());
        push_text(&mut escaped_id, id, usize::MAX);
        push_text(&mut escaped, target, usize::MAX);
        self.added += &format!(
            "<{x}Relationship Id=\"{escaped_id}\" Type=\"{}/{kind}\" Target=\"/{escaped}\"/>",
            dialect.relationships
        );
    }

    /// The name of the part.
    pub(super) fn name(&self) -> &str {
        &self.draft.name
    }

    /// The part.
    pub(super) fn finish(&mut self) -> Result<(String, Vec<u8>)> {
        let mut draft = std::mem::replace(&mut self.draft, Draft::new("", ""));
        draft.append(&self.root, std::mem::take(&mut self.added), &[])?;
        Ok((draft.name.clone(), draft.finish()))
    }
}

/// The relationships of the package without that to its signatures; none when there are no signatures.
pub(super) fn without_signatures(package: &Package) -> Result<Option<(String, Vec<u8>)>> {
    const NAME: &str = "_rels/.rels";
    if !package.has(NAME) {
        return Ok(None);
    }
    let mut draft = Draft::read(package, NAME)?;
    let signatures = draft.outline(&package.budget().limits, |tag, _| {
        let kind = tag.attribute("Type")?.unwrap_or_default();
        Ok(kind.ends_with("/digital-signature/origin"))
    })?;
    if signatures.len() < 2 {
        return Ok(None);
    }
    for signature in &signatures[1..] {
        draft.replace(signature.range(), "");
    }
    Ok(Some((NAME.to_owned(), draft.finish())))
}

/// True for a part that signs others.
pub(super) fn is_signature(part: &str) -> bool {
    part.trim_start_matches('/')
        .to_ascii_lowercase()
        .starts_with("_xmlsignatures/")
}

/// The kinds of parts that are added.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Worksheet,
    Comments,
    Styles,
}

impl Kind {
    /// The last segment of its relationship and of its content type.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Worksheet => "worksheet",
            Kind::Comments => "comments",
            Kind::Styles => "styles",
        }
    }
}

/// The content types with those of more parts, and of drawings (`.vml`); none when the package has no such part.
pub(super) fn content_types(
    package: &Package,
    added: &[(String, Kind)],
) -> Result<Option<(String, Vec<u8>)>> {
    const NAME: &str = "[Content_Types].xml";
    const VML: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";
    if !package.has(NAME) {
        return Ok(None);
    }
    let mut draft = Draft::read(package, NAME)?;
    let mut has_vml = false;
    let elements = draft.outline(&package.budget().limits, |tag, _| {
        let extension = tag.attribute("Extension")?;
        has_vml |= extension.is_some_and(|extension| extension.eq_ignore_ascii_case("vml"));
        let part = tag.attribute("PartName")?;
        Ok(part.is_some_and(|part| is_signature(&part)))
    })?;
    let root = &elements[0];
    for signature in &elements[1..] {
        draft.replace(signature.range(), "");
    }
    let x = &root.prefix;
    let mut new = String::new();
    if !has_vml {
        new += &format!("<{x}Default Extension=\"vml\" ContentType=\"{VML}\"/>");
    }
    for (part, kind) in added {
        let mut escaped = String::new();
        push_text(&mut escaped, part, usize::MAX);
        new += &format!(
            "<{x}Override PartName=\"/{escaped}\" ContentType=\"{SPREADSHEETML}.{}+xml\"/>",
            kind.name()
        );
    }
    let root = root.clone();
    draft.append(&root, new, &[])?;
    Ok(Some((draft.name.clone(), draft.finish())))
}

/// What the name of a file of this workbook ends in: a program refuses one with macros that does not say so.
pub(super) fn extension(package: &Package, workbook: &str) -> Result<&'static str> {
    const NAME: &str = "[Content_Types].xml";
    let mut kind = String::new();
    if package.has(NAME) {
        let draft = Draft::read(package, NAME)?;
        draft.outline(&package.budget().limits, |tag, _| {
            let part = tag.attribute("PartName")?.unwrap_or_default();
            if part.trim_start_matches('/').eq_ignore_ascii_case(workbook) {
                kind = tag.attribute("ContentType")?.unwrap_or_default();
            }
            Ok(false)
        })?;
    }
    let has = |word: &str| kind.contains(word);
    Ok(match (has("macroEnabled"), has("template")) {
        (true, true) => "xltm",
        (true, false) => "xlsm",
        (false, true) => "xltx",
        (false, false) => "xlsx",
    })
}

/// Adds a sheet behind the others: the places of those, which names refer to, stay as they are.
pub(super) fn add_sheet(
    mut workbook: Draft,
    limits: &Limits,
    dialect: Dialect,
    name: &str,
    relationship: &str,
) -> Result<(String, Vec<u8>)> {
    /// Bytes that an id takes.
    const HELD: u64 = 16;
    let mut ids = HashSet::new();
    let elements = workbook.outline(limits, |tag, depth| {
        if depth == 3 && tag.name() == "sheet" {
            let sheet = tag.attribute("sheetId")?;
            ids.extend(sheet.and_then(|id| id.trim().parse::<u32>().ok()));
            limits.check_held(ids.len() as u64 * HELD)?;
        }
        Ok(depth == 2 && tag.name() == "sheets")
    })?;
    let root = elements[0].clone();
    let relationship =
        workbook.tag(&root, |tag| Ok(relationship_id(tag, dialect, relationship)))?;
    let mut escaped = String::new();
    push_text(&mut escaped, name, usize::MAX);
    let x = &root.prefix;
    // One more than the greatest may be too great: programs know ids up to 65,534.
    let id = (1..).find(|id| !ids.contains(id)).unwrap_or(1);
    let sheet = format!("<{x}sheet name=\"{escaped}\" sheetId=\"{id}\" {relationship}/>");
    if let Some(sheets) = elements.get(1) {
        workbook.append(sheets, sheet, &[])?;
    }
    Ok((workbook.name.clone(), workbook.finish()))
}

/// True for a workbook that says in which window it is shown.
pub(super) fn has_view(workbook: &Draft, limits: &Limits) -> Result<bool> {
    let views = workbook.outline(limits, |tag, depth| {
        Ok(depth == 3 && tag.name() == "workbookView")
    })?;
    Ok(views.len() > 1)
}

/// A name for a sheet that no other has, compared without case.
pub(super) fn free_sheet_name<'a>(wanted: &str, taken: impl Iterator<Item = &'a str>) -> String {
    let taken: HashSet<String> = taken.map(str::to_lowercase).collect();
    let mut name = wanted.to_owned();
    let mut number = 2;
    while taken.contains(&name.to_lowercase()) {
        name = format!("{wanted} {number}");
        number += 1;
    }
    name
}

/// A name for a part that no other has: `{before}{number}{after}`.
pub(super) fn free_part(package: &Package, before: &'static str, after: &'static str) -> String {
    FreeParts::new(before, after).next(package)
}

/// Such names for several parts, each given once.
pub(super) struct FreeParts {
    before: &'static str,
    after: &'static str,
    /// The last number that was tried.
    number: u32,
}

impl FreeParts {
    pub(super) fn new(before: &'static str, after: &'static str) -> FreeParts {
        FreeParts {
            before,
            after,
            number: 0,
        }
    }

    pub(super) fn next(&mut self, package: &Package) -> String {
        loop {
            self.number += 1;
            let name = format!("{}{}{}", self.before, self.number, self.after);
            if !package.has(&name) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_an_id_of_its_own() {
        for (ids, expected) in [
            (&["1", "2"][..], "3"),
            (&["4294967295", "1"], "2"),
            (&["65534", "x", "2"], "1"),
            (&[], "1"),
        ] {
            let sheets = ids.iter().map(|id| format!("<sheet sheetId=\"{id}\"/>"));
            let sheets: String = sheets.collect();
            let xml = format!(
                "<workbook xmlns=\"{}\"><sheets>{sheets}</sheets></workbook>",
                MAIN[0]
            );
            let (workbook, limits) = (Draft::new("workbook", xml), Limits::default());
            let dialect = Dialect::of(&workbook, &limits).unwrap();
            let (_, bytes) = add_sheet(workbook, &limits, dialect, "New", "id").unwrap();
            let xml = String::from_utf8(bytes).unwrap();
            let new = format!("<sheet name=\"New\" sheetId=\"{expected}\" ");
            assert!(xml.contains(&new), "{xml}");
        }
    }
}
