//! The package: parts, and the relationships by which they are found (ECMA-376 part 2, 9.3).

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use percent_encoding::percent_decode_str;

use crate::{
    error::{Error, Result},
    limits::{Budget, check},
    source::Source,
    xml::{Token, Tokens, to_utf8},
    zip::{Archive, EntryReader},
};

/// An OPC package. Clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    archive: Arc<Archive>,
    budget: Arc<Budget>,
}

/// One relationship of a part, its target resolved to a part name.
#[derive(Debug, Clone)]
pub(crate) struct Relationship {
    pub(crate) id: String,
    /// Last segment of the type URI: `worksheet`, `sharedStrings`, ... The same in transitional and strict documents.
    pub(crate) kind: String,
    pub(crate) target: String,
}

/// Bytes that the name of an entry can have.
const MAX_NAME_BYTES: usize = 65_535;

impl Package {
    pub(crate) fn open(source: Source, budget: Arc<Budget>) -> Result<Self> {
        let archive = Archive::open(source, &budget.limits)?;
        let archive = Arc::new(archive);
        Ok(Package { archive, budget })
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// A part as a stream.
    pub(crate) fn reader(&self, part: &str) -> Result<EntryReader> {
        let entry = self.archive.entry(part).ok_or_else(|| match part {
            "" => Error::malformed("no relationship says which part the sheet is"),
            _ => Error::malformed("the part is named by a relationship but is not in the archive")
                .in_part(part),
        })?;
        EntryReader::new(&self.archive, entry, Arc::clone(&self.budget))
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.archive.entry(part).is_some()
    }

    /// A small part whole, as UTF-8.
    pub(crate) fn read(&self, part: &str) -> Result<Vec<u8>> {
        to_utf8(self.reader(part)?.read_small()?).map_err(|error| error.in_part(part))
    }

    /// Visits the tokens of a small part.
    ///
    /// # Errors
    /// Those of the visitor, and `Malformed` where it came to the end of a part that was cut off.
    pub(crate) fn parse<T>(
        &self,
        part: &str,
        visit: impl FnOnce(&mut Tokens<'_>) -> Result<T>,
    ) -> Result<T> {
        let bytes = self.read(part)?;
        let mut tokens = Tokens::new(&bytes, self.budget.limits.max_xml_depth);
        let visited = visit(&mut tokens).and_then(|value| tokens.check_document().map(|()| value));
        visited.map_err(|error| error.in_part(part))
    }

    /// The parts of the tables on a sheet. Each is given once, though relationships may name it by the thousand, and `seen` holds
    /// those of other sheets: a table is on one sheet.
    pub(crate) fn tables_of(&self, sheet: &str, seen: &mut HashSet<String>) -> Result<Vec<String>> {
        let all = self.relationships(sheet)?.into_iter();
        let tables = all.filter(|r| r.kind == "table" && self.has(&r.target));
        let parts = tables.map(|table| table.target);
        Ok(parts.filter(|part| seen.insert(part.clone())).collect())
    }

    /// The relationships of a part (of the package itself for `""`) to others; none when it has no relationship part. There
    /// may be as many as entries: more lead to the same parts.
    pub(crate) fn relationships(&self, part: &str) -> Result<Vec<Relationship>> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let name = format!("{folder}{slash}_rels/{file}.rels");
        if !self.has(&name) {
            return Ok(Vec::new());
        }
        self.parse(&name, |tokens| {
            let mut found = Vec::new();
            loop {
                match tokens.next()? {
                    Token::Open(tag) if tag.name() == "Relationship" => {
                        let external = tag.attribute("TargetMode")?.as_deref() == Some("External");
                        if let (Some(id), Some(kind), Some(target), false) = (
                            tag.attribute("Id")?,
                            tag.attribute("Type")?,
                            tag.attribute("Target")?,
                            external,
                        ) {
                            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                            if target.len() > MAX_NAME_BYTES {
                                return Err(Error::malformed(format!(
                                    "the target of a relationship has {} bytes, a part name {MAX_NAME_BYTES} at most",
                                    target.len()
                                )));
                            }
                            let most = self.budget.limits.max_entries;
                            check("max_entries", most, found.len() as u64 + 1)?;
                            found.push(Relationship {
                                id,
                                kind,
                                target: self.entry_name(resolve(folder, &target)),
                            });
                        }
                    }
                    Token::End => return Ok(found),
                    _ => {}
                }
            }
        })
    }

    /// The name of a part as the archive has it: some writers leave characters as they are that an address has to encode
    /// (ECMA-376 part 2, 6.2.2).
    fn entry_name(&self, target: String) -> String {
        if self.has(&target) || !target.contains('%') {
            return target;
        }
        let decoded = percent_decode_str(&target).decode_utf8().ok();
        let decoded = decoded.map(Cow::into_owned);
        decoded.filter(|name| self.has(name)).unwrap_or(target)
    }

    /// Part of the workbook: the target of the package's `officeDocument` relationship.
    pub(crate) fn workbook_part(&self) -> Result<String> {
        let relationships = self.relationships("")?;
        if let Some(main) = relationships.iter().find(|r| r.kind == "officeDocument") {
            return Ok(main.target.clone());
        }
        if self.has("xl/workbook.xml") {
            return Ok("xl/workbook.xml".to_owned()); // written by tools that forget _rels/.rels
        }
        Err(match self.what_else() {
            Some(what) => Error::not_a_workbook(what),
            None => self.without_workbook(),
        })
    }

    /// What a package of something else is.
    pub(crate) fn what_else(&self) -> Option<&'static str> {
        if self.has("word/document.xml") {
            Some("this is a Word document, not a workbook")
        } else if self.has("ppt/presentation.xml") {
            Some("this is a presentation, not a workbook")
        } else if self.has("visio/document.xml") {
            Some("this is a Visio drawing, not a workbook")
        } else if self.has("index.xml") || self.has("Index/Document.iwa") {
            Some("this is an Apple iWork document: export it as Excel")
        } else {
            None
        }
    }

    /// Names what an archive holds that can be read once it is unpacked.
    fn without_workbook(&self) -> Error {
        const READ: [&str; 7] = ["xlsx", "xlsm", "xlsb", "xls", "ods", "csv", "tsv"];
        let is_read = |name: &&str| {
            let end = name.rsplit_once('.').map_or("", |(_, end)| end);
            READ.iter().any(|read| end.eq_ignore_ascii_case(read))
        };
        let names = self.archive.entries().iter().map(|entry| &*entry.name);
        let mut names = names.filter(is_read);
        let Some(first) = names.next() else {
            return Error::not_a_workbook("this is a zip archive, but there is no workbook in it");
        };
        let more = match names.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let what = format!("this is a zip archive that holds {first:?}{more}, not a workbook");
        Error::not_a_workbook(what).with_hint("unpack it, and give the file that is in it")
    }

    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Names of all entries.
    pub(crate) fn part_names(&self) -> impl Iterator<Item = &str> {
        self.archive
            .entries()
            .iter()
            .map(|entry| entry.name.as_str())
    }
}

/// A target relative to `folder`, or absolute with a leading slash; `.` and `..` are resolved.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut segments: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect(),
    };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use sheetlift_fixtures::Book;

    use super::*;
    use crate::{cancel::CancelToken, limits::Limits};

    #[test]
    fn resolves_targets() {
        for (target, part) in [
            ("worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            (
                "./worksheets/../worksheets/sheet1.xml",
                "xl/worksheets/sheet1.xml",
            ),
            ("../xl/a.xml", "xl/a.xml"),
            ("../../../a.xml", "a.xml"),
            ("worksheets\\sheet1.xml", "xl/worksheets/sheet1.xml"),
        ] {
            assert_eq!(resolve("xl", target), part, "{target}");
        }
    }

    /// The relationships of a sheet of this part of relationships, in an archive that may have as many entries as it has.
    fn relationships(inside: &str) -> Result<usize> {
        let xml = format!("<Relationships>{inside}</Relationships>");
        let bytes = Book::new()
            .sheet("a", "")
            .part("xl/worksheets/_rels/sheet1.xml.rels", None, xml)
            .build();
        let limits = Limits {
            max_entries: 6,
            ..Limits::default()
        };
        let source = Source::from_bytes(bytes, &limits)?;
        let package = Package::open(source, Arc::new(Budget::new(limits, CancelToken::new())))?;
        Ok(package.relationships("xl/worksheets/sheet1.xml")?.len())
    }

    #[test]
    fn there_may_be_as_many_relationships_as_entries() {
        let table = "<Relationship Id=\"a\" Type=\"table\" Target=\"b\"/>";
        let link = "<Relationship Id=\"a\" Type=\"link\" Target=\"b\" TargetMode=\"External\"/>";
        let most = table.repeat(6) + &link.repeat(10);
        assert_eq!(relationships(&most).unwrap(), 6);
        let error = relationships(&(most + table)).unwrap_err();
        assert!(error.message().contains("max_entries"), "{error}");
    }

    #[test]
    fn a_target_is_no_longer_than_a_name_can_be() {
        let of = |bytes: usize| {
            let target = "x".repeat(bytes);
            relationships(&format!(
                "<Relationship Id=\"a\" Type=\"table\" Target=\"{target}\"/>"
            ))
        };
        assert_eq!(of(MAX_NAME_BYTES).unwrap(), 1);
        let error = of(MAX_NAME_BYTES + 1).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }
}
