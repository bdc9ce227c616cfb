//! The styles part: the formats of cells again with another fill, and those of the sheet of findings, behind the formats there are.

use std::{collections::HashMap, fmt::Write as _};

use super::draft::{Draft, Element, XML};
use crate::{error::Result, finding::Level, limits::Limits};

/// Formats of cells that a workbook can have; Excel stops at 65,490.
const MAX_FORMATS: usize = 65_000;

/// The sections of a style sheet in their order (ECMA-376 part 1, 18.8.39).
const SECTIONS: [&str; 11] = [
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
];

/// A format that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Made {
    /// That of an author, with the fill of a level.
    Filled(u32, Level),
    /// A label of the sheet of findings.
    Label,
    /// A text there, which is no formula whatever is typed behind it.
    Text,
    /// An address there.
    Link,
    /// A level there.
    Level(Level),
}

/// Formats of the sheet of findings.
pub(super) struct ListStyles {
    pub(super) label: u32,
    pub(super) text: u32,
    pub(super) link: u32,
}

/// The formats that cells get. They are chosen while the sheet is written, and made after that.
pub(super) struct Styles {
    draft: Draft,
    sections: Vec<Element>,
    /// How many fonts and fills there are.
    fonts: usize,
    fills: usize,
    formats: Vec<Element>,
    made: Vec<Made>,
    places: HashMap<Made, u32>,
}

impl Styles {
    /// The formats of a style sheet, or of one that is made because a workbook has none.
    pub(super) fn new(draft: Draft, limits: &Limits) -> Result<Styles> {
        let draft = draft.with_open_root(limits)?;
        let mut section = String::new();
        let (mut fonts, mut fills) = (0, 0);
        let elements = draft.outline(limits, |tag, depth| {
            if depth == 2 {
                section = tag.name().to_owned();
            }
            fonts += usize::from(depth == 3 && section == "fonts");
            fills += usize::from(depth == 3 && section == "fills");
            Ok(depth == 2 || depth == 3 && section == "cellXfs" && tag.name() == "xf")
        })?;
        let (formats, sections) = elements.into_iter().partition(|element| element.depth == 3);
        Ok(Styles {
            draft,
            sections,
            fonts,
            fills,
            formats,
            made: Vec::new(),
            places: HashMap::new(),
        })
    }

    /// The name of the part.
    pub(super) fn name(&self) -> &str {
        &self.draft.name
    }

    /// A style sheet for a workbook without one.
    pub(super) fn empty(name: &str, namespace: &str) -> Draft {
        Draft::new(
            name,
            format!("{XML}<styleSheet xmlns=\"{namespace}\"></styleSheet>"),
        )
    }

    /// The number of the format that is `base` with the fill of a level; none when there are too many formats.
    pub(super) fn filled(&mut self, base: u32, level: Level) -> Option<u32> {
        // What is beyond the formats there are is shown as the first of them.
        let base = if (base as usize) < self.formats.len() {
            base
        } else {
            0
        };
        self.place(Made::Filled(base, level))
    }

    /// The formats of the sheet of findings; the plain one where there are too many.
    pub(super) fn of_list(&mut self) -> ListStyles {
        let mut place = |made| self.place(made).unwrap_or(0);
        ListStyles {
            label: place(Made::Label),
            text: place(Made::Text),
            link: place(Made::Link),
        }
    }

    /// The format of a level in the sheet of findings.
    pub(super) fn of_level(&mut self, level: Level) -> u32 {
        self.place(Made::Level(level)).unwrap_or(0)
    }

    fn place(&mut self, made: Made) -> Option<u32> {
        if let Some(&place) = self.places.get(&made) {
            return Some(place);
        }
        let place = self.formats.len().max(1) + self.made.len();
        if place >= MAX_FORMATS {
            return None;
        }
        self.made.push(made);
        self.places.insert(made, place as u32);
        Some(place as u32)
    }

    /// The part with all of them.
    pub(super) fn finish(mut self) -> Result<(String, Vec<u8>)> {
        let root = self.sections[0].clone();
        let x = root.prefix.clone();
        let (fonts, fills) = (self.fonts, self.fills);
        let mut formats = String::new();
        if self.formats.is_empty() {
            formats = format!(
                "<{x}xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
            );
        }
        // The first font and the first two fills are what they are whether a file says so or not (18.8.21).
        let (first_font, first_fill) = (fonts.max(1), fills.max(2));
        let mut in_bytes = formats.into_bytes();
        for made in &self.made {
            in_bytes.extend(self.format(*made, &x, first_font, first_fill)?);
        }
        let count = self.formats.len().max(1) + self.made.len();
        let mut new_fonts = String::new();
        if fonts == 0 {
            let _ = write!(new_fonts, "<{x}font>{}</{x}font>", face(&x));
        }
        let _ = write!(
            new_fonts,
            "<{x}font><{x}b/>{0}</{x}font><{x}font><{x}u/><{x}sz val=\"11\"/><{x}color rgb=\"FF0563C1\"/><{x}name val=\"Calibri\"/></{x}font>",
            face(&x)
        );
        let mut new_fills = String::new();
        let basic = ["none", "gray125"];
        for pattern in &basic[fills.min(basic.len())..] {
            let _ = write!(
                new_fills,
                "<{x}fill><{x}patternFill patternType=\"{pattern}\"/></{x}fill>"
            );
        }
        for level in LEVELS {
            let _ = write!(
                new_fills,
                "<{x}fill><{x}patternFill patternType=\"solid\"><{x}fgColor rgb=\"FF{}\"/><{x}bgColor indexed=\"64\"/></{x}patternFill></{x}fill>",
                colour(level)
            );
        }
        self.add("fonts", new_fonts.into(), first_font + 2)?;
        self.add("fills", new_fills.into(), first_fill + LEVELS.len())?;
        self.add_if_missing(
            "borders",
            &format!(
                "<{x}border><{x}left/><{x}right/><{x}top/><{x}bottom/><{x}diagonal/></{x}border>"
            ),
        )?;
        self.add_if_missing(
            "cellStyleXfs",
            &format!("<{x}xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>"),
        )?;
        self.add("cellXfs", in_bytes, count)?;
        Ok((self.draft.name.clone(), self.draft.finish()))
    }

    /// The markup of a format.
    fn format(&self, made: Made, x: &str, first_font: usize, first_fill: usize) -> Result<Vec<u8>> {
        let fill = |level: Level| (first_fill + level as usize).to_string();
        let plain = |font: usize, fill: &str, more: &str, inside: &str| {
            format!(
                "<{x}xf numFmtId=\"0\" fontId=\"{font}\" fillId=\"{fill}\" borderId=\"0\" xfId=\"0\"{more}>{inside}</{x}xf>"
            )
            .into_bytes()
        };
        let top = format!("<{x}alignment vertical=\"top\"/>");
        let wrapped = format!("<{x}alignment vertical=\"top\" wrapText=\"1\"/>");
        Ok(match made {
            Made::Filled(base, level) => {
                let fill = fill(level);
                let Some(base) = self.formats.get(base as usize) else {
                    return Ok(plain(0, &fill, " applyFill=\"1\"", ""));
                };
                let set = [("fillId", &*fill), ("applyFill", "1")];
                let mut format = self.draft.tag(base, |tag| Ok(tag.changed(&set, &[])))?;
                if base.end.is_empty() {
                    format.extend(b"/>");
                } else {
                    format.push(b'>');
                    let inside = base.start.end..base.end.end;
                    format.extend(&self.draft.bytes()[inside]);
                }
                format
            }
            Made::Label => plain(first_font, "0", " applyFont=\"1\"", ""),
            Made::Text => plain(0, "0", " quotePrefix=\"1\" applyAlignment=\"1\"", &wrapped),
            Made::Link => plain(
                first_font + 1,
                "0",
                " quotePrefix=\"1\" applyFont=\"1\" applyAlignment=\"1\"",
                &top,
            ),
            Made::Level(level) => plain(
                0,
                &fill(level),
                " applyFill=\"1\" applyAlignment=\"1\"",
                &top,
            ),
        })
    }

    fn section(&self, name: &str) -> Option<&Element> {
        let mut sections = self.sections.iter().skip(1);
        sections.find(|section| section.name == name)
    }

    /// Adds to a section, which is made where it belongs when there is none.
    fn add(&mut self, name: &str, inside: Vec<u8>, count: usize) -> Result<()> {
        let count = count.to_string();
        if let Some(section) = self.section(name).cloned() {
            return self.draft.append(&section, inside, &[("count", &count)]);
        }
        let root = self.sections[0].clone();
        let x = &root.prefix;
        let mut section = format!("<{x}{name} count=\"{count}\">").into_bytes();
        section.extend(inside);
        section.extend(format!("</{x}{name}>").into_bytes());
        let order = |name: &str| SECTIONS.iter().position(|section| *section == name);
        let behind = |element: &&Element| order(&element.name) > order(name);
        match self.sections.iter().skip(1).find(behind) {
            Some(next) => {
                let at = next.start.start;
                self.draft.insert(at, section);
                Ok(())
            }
            None => self.draft.append(&root, section, &[]),
        }
    }

    fn add_if_missing(&mut self, name: &str, inside: &str) -> Result<()> {
        match self.section(name) {
            Some(_) => Ok(()),
            None => self.add(name, inside.into(), 1),
        }
    }
}

/// The levels, in the order of their fills.
const LEVELS: [Level; 3] = [Level::Info, Level::Warning, Level::Error];

/// The colour of a level, as spreadsheet programs have it for good, neutral and bad.
fn colour(level: Level) -> &'static str {
    match level {
        Level::Error => "FFC7CE",
        Level::Warning => "FFEB9C",
        Level::Info => "DDEBF7",
    }
}

fn face(x: &str) -> String {
    format!("<{x}sz val=\"11\"/><{x}name val=\"Calibri\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(xml: &str) -> Styles {
        Styles::new(Draft::new("styles", xml), &Limits::default()).unwrap()
    }

    fn finished(styles: Styles) -> String {
        String::from_utf8(styles.finish().unwrap().1).unwrap()
    }

    const SOME: &str = "<x:styleSheet xmlns:x='m'><x:fonts count='1'><x:font/></x:fonts>\
        <x:fills count='3'><x:fill/><x:fill/><x:fill/></x:fills><x:cellStyleXfs><x:xf/></x:cellStyleXfs>\
        <x:cellXfs count='2'><x:xf numFmtId='0' fillId='0'/><x:xf numFmtId='14' fillId='2'><x:alignment/></x:xf></x:cellXfs>\
        <x:dxfs/></x:styleSheet>";

    #[test]
    fn a_format_is_made_once_and_keeps_what_it_had() {
        let mut styles = styles(SOME);
        assert_eq!(styles.filled(1, Level::Error), Some(2));
        assert_eq!(styles.filled(0, Level::Warning), Some(3));
        assert_eq!(styles.filled(1, Level::Error), Some(2));
        assert_eq!(styles.filled(99, Level::Warning), Some(3));
        let xml = finished(styles);
        assert!(xml.contains("<x:cellXfs count=\"4\">"), "{xml}");
        assert!(
            xml.contains("<x:xf numFmtId=\"14\" fillId=\"5\" applyFill=\"1\"><x:alignment/></x:xf><x:xf numFmtId=\"0\" fillId=\"4\" applyFill=\"1\"/></x:cellXfs>"),
            "{xml}"
        );
        assert!(xml.contains("<x:fills count=\"6\">") && xml.contains("<x:fonts count=\"3\">"));
        let order: Vec<usize> = ["<x:fills", "<x:borders", "<x:cellStyleXfs", "<x:dxfs"]
            .iter()
            .map(|section| xml.find(section).unwrap())
            .collect();
        assert!(order.is_sorted(), "{xml}");
    }

    #[test]
    fn a_workbook_without_styles_gets_some() {
        for draft in [
            Styles::empty("styles", "main"),
            Draft::new("styles", "<styleSheet xmlns=\"main\"/>"),
        ] {
            let mut styles = Styles::new(draft, &Limits::default()).unwrap();
            assert_eq!(styles.filled(0, Level::Info), Some(1));
            assert_eq!(styles.of_list().label, 2);
            let xml = finished(styles);
            assert!(xml.contains("<fills count=\"5\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill><fill>"), "{xml}");
            assert!(xml.contains("<fonts count=\"3\">") && xml.contains("<borders count=\"1\">"));
            assert!(xml.contains("<cellXfs count=\"5\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/><xf numFmtId=\"0\" fontId=\"0\" fillId=\"2\""), "{xml}");
            assert!(xml.ends_with("</cellXfs></styleSheet>"), "{xml}");
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let many = "<xf/>".repeat(MAX_FORMATS - 1);
        let mut styles = styles(&format!(
            "<styleSheet><cellXfs>{many}</cellXfs></styleSheet>"
        ));
        assert_eq!(styles.filled(0, Level::Error), Some(MAX_FORMATS as u32 - 1));
        assert_eq!(styles.filled(1, Level::Error), None);
    }
}
