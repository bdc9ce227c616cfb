//! The shapes of comments: each needs one in the drawing of its sheet (VML, ECMA-376 part 4, 19).
//!
//! Ids of shapes come in blocks of 1,024, which `o:idmap` of a drawing names; no two drawings of a workbook share one.

use std::fmt::Write as _;

use super::{super::package::Package, draft::Draft};
use crate::{
    a1::{MAX_COLUMNS, MAX_ROWS},
    error::{Error, Result},
    limits::Limits,
};

/// Prefixes and namespaces of a drawing.
const NAMESPACES: [(&str, &str); 3] = [
    ("v", "urn:schemas-microsoft-com:vml"),
    ("o", "urn:schemas-microsoft-com:office:office"),
    ("x", "urn:schemas-microsoft-com:office:excel"),
];
/// Ids of a block.
const BLOCK: usize = 1_024;
/// The shape of comments.
const SHAPE_TYPE: &str = "_x0000_t202";

/// A drawing without shapes.
pub(super) fn empty(name: &str) -> Draft {
    let mut xml = String::from("<xml");
    for (prefix, namespace) in NAMESPACES {
        let _ = write!(xml, " xmlns:{prefix}=\"{namespace}\"");
    }
    xml +=
        "><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"\"/></o:shapelayout></xml>";
    Draft::new(name, xml)
}

/// The prefixes of a drawing, in the order of [`NAMESPACES`]; none for one that is not written as spreadsheet programs do it: shapes
/// cannot be added to it.
fn prefixes(draft: &Draft, limits: &Limits) -> Option<[String; 3]> {
    let mut found = NAMESPACES.map(|_| None);
    let outline = draft.outline(limits, |tag, depth| {
        if depth == 1 && tag.full_name() == "xml" {
            for (found, (_, namespace)) in found.iter_mut().zip(NAMESPACES) {
                let mut bound = Vec::new();
                tag.bound_prefixes(&[namespace], &mut bound);
                *found = bound.into_iter().find(|prefix| !prefix.is_empty());
            }
        }
        Ok(false)
    });
    outline.ok()?;
    let [v, o, x] = found;
    Some([v?, o?, x?])
}

/// True for a drawing that shapes can be added to.
pub(super) fn is_usual(draft: &Draft, limits: &Limits) -> bool {
    prefixes(draft, limits).is_some()
}

/// The first block that no drawing of the workbook uses.
pub(super) fn free_block(package: &Package) -> Result<usize> {
    let mut last = 0;
    for name in package.part_names() {
        if !name.to_ascii_lowercase().ends_with(".vml") {
            continue;
        }
        package.budget().cancel().check()?;
        // A drawing that cannot be read has no blocks that matter.
        if let Ok(bytes) = package.read(name) {
            last = last.max(last_block(&bytes));
        }
    }
    Ok(last + 1)
}

/// The last block that a drawing names or uses, however it is written.
fn last_block(bytes: &[u8]) -> usize {
    /// Blocks beyond are no numbers of blocks.
    const MOST: usize = 1 << 20;
    let mut last = 0;
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, b"idmap") {
        rest = &rest[at..];
        // No byte is looked at twice, however often the word comes.
        let (tag, behind) = rest.split_at(memchr::memchr(b'>', rest).unwrap_or(rest.len()));
        let numbers = tag.split(|byte| !byte.is_ascii_digit());
        last = last.max(numbers.filter_map(number).max().unwrap_or(0).min(MOST));
        rest = behind;
    }
    for at in memchr::memmem::find_iter(bytes, b"_x0000_s") {
        let digits = &bytes[at + 8..bytes.len().min(at + 24)];
        let digits = digits.split(|byte| !byte.is_ascii_digit()).next();
        let shape = digits.and_then(number).unwrap_or(0);
        last = last.max((shape / BLOCK).min(MOST));
    }
    last
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Blocks that the shapes of so many comments take.
pub(super) fn blocks(cells: usize) -> usize {
    // The first id of a block is that of the drawing itself.
    cells.div_ceil(BLOCK - 1)
}

/// Adds the shapes of comments on these cells, with ids from the block `first` on.
pub(super) fn write(
    mut draft: Draft,
    cells: &[(u32, u32)],
    first: usize,
    limits: &Limits,
) -> Result<(String, Vec<u8>)> {
    let Some([v, o, x]) = prefixes(&draft, limits) else {
        return Err(Error::bug("a drawing that was usual is not").in_part(&draft.name));
    };
    let mut has_type = false;
    let elements = draft.outline(limits, |tag, _| {
        has_type |=
            tag.name() == "shapetype" && tag.attribute("id")?.as_deref() == Some(SHAPE_TYPE);
        Ok(tag.name() == "idmap")
    })?;
    let more = (first..first + blocks(cells.len())).map(|block| block.to_string());
    if let Some(map) = elements.get(1) {
        let data = draft.tag(map, |tag| tag.attribute("data"))?;
        let known = data.unwrap_or_default();
        let known = known.split(',').map(str::trim);
        let known = known.filter(|block| block.parse::<usize>().is_ok());
        let all: Vec<String> = known.map(str::to_owned).chain(more).collect();
        let all = all.join(",");
        let mut changed = draft.tag(map, |tag| Ok(tag.changed(&[("data", &all)], &[])))?;
        let end: &[u8] = if map.end.is_empty() { b"/>" } else { b">" };
        changed.extend(end);
        draft.replace(map.start.clone(), changed);
    }
    let mut shapes = String::new();
    if !has_type {
        let _ = write!(
            shapes,
            "<{v}:shapetype id=\"{SHAPE_TYPE}\" coordsize=\"21600,21600\" {o}:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">\
             <{v}:stroke joinstyle=\"miter\"/><{v}:path gradientshapeok=\"t\" {o}:connecttype=\"rect\"/></{v}:shapetype>"
        );
    }
    for (number, &(row, column)) in cells.iter().enumerate() {
        let id = (first + number / (BLOCK - 1)) * BLOCK + 1 + number % (BLOCK - 1);
        let _ = write!(
            shapes,
            "<{v}:shape id=\"_x0000_s{id}\" type=\"#{SHAPE_TYPE}\" style=\"position:absolute;visibility:hidden\" \
             fillcolor=\"#ffffe1\" {o}:insetmode=\"auto\"><{v}:fill color2=\"#ffffe1\"/>\
             <{v}:shadow on=\"t\" color=\"black\" obscured=\"t\"/><{v}:path {o}:connecttype=\"none\"/>\
             <{v}:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></{v}:textbox>\
             <{x}:ClientData ObjectType=\"Note\"><{x}:MoveWithCells/><{x}:SizeWithCells/><{x}:Anchor>{}</{x}:Anchor>\
             <{x}:AutoFill>False</{x}:AutoFill><{x}:Row>{row}</{x}:Row><{x}:Column>{column}</{x}:Column></{x}:ClientData></{v}:shape>",
            anchor(row, column)
        );
    }
    draft.append(&elements[0], shapes, &[])?;
    Ok((draft.name.clone(), draft.finish()))
}

/// Where the box of a comment stands: beside its cell, two columns wide (as spreadsheet programs have it) and six rows high, within
/// the sheet. Cells and offsets into them in pixels: left, top, right, bottom.
fn anchor(row: u32, column: u32) -> String {
    let left = match column + 3 < MAX_COLUMNS {
        true => column + 1,
        false => column.saturating_sub(3),
    };
    let top = row.saturating_sub(1).min(MAX_ROWS - 8);
    format!("{left}, 15, {top}, 10, {}, 31, {}, 4", left + 2, top + 6)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sheetlift_fixtures::Book;

    use super::*;
    use crate::{CancelToken, Source, error::ErrorKind, limits::Budget};

    fn written(draft: Draft, cells: &[(u32, u32)], first: usize) -> String {
        let limits = Limits::default();
        assert!(is_usual(&draft, &limits));
        String::from_utf8(write(draft, cells, first, &limits).unwrap().1).unwrap()
    }

    #[test]
    fn shapes_have_ids_of_their_blocks() {
        let cells: Vec<(u32, u32)> = (0..2_000).map(|row| (row, 1)).collect();
        let xml = written(empty("vml"), &cells, 3);
        assert!(xml.contains("data=\"3,4\""), "{}", &xml[..600]);
        assert_eq!(xml.matches("<v:shape ").count(), 2_000);
        for id in [3 * 1024 + 1, 3 * 1024 + 1023, 4 * 1024 + 1, 4 * 1024 + 977] {
            assert!(xml.contains(&format!("_x0000_s{id}\"")), "{id}");
        }
        assert!(!xml.contains("_x0000_s4096\"") && !xml.contains("_x0000_s5074\""));
        assert_eq!(last_block(xml.as_bytes()), 4);
    }

    #[test]
    fn shapes_are_added_to_those_there_are() {
        let xml = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\"\
            \n xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext='edit'><o:idmap v:ext='edit' data='2'/>\
            </o:shapelayout><v:shapetype id=\"_x0000_t202\"/><v:shape id=\"_x0000_s2049\"/></xml>";
        assert_eq!(last_block(xml.as_bytes()), 2);
        let xml = written(Draft::new("vml", xml), &[(4, 2)], 7);
        assert!(
            xml.contains("<o:idmap v:ext=\"edit\" data=\"2,7\"/>"),
            "{xml}"
        );
        assert_eq!(xml.matches("<v:shapetype").count(), 1);
        assert!(xml.contains("<v:shape id=\"_x0000_s2049\"/><v:shape id=\"_x0000_s7169\""));
        assert!(
            xml.ends_with("<x:Row>4</x:Row><x:Column>2</x:Column></x:ClientData></v:shape></xml>")
        );
    }

    #[test]
    fn prefixes_are_those_of_the_drawing() {
        let xml = "<xml xmlns:ns0='urn:schemas-microsoft-com:office:office' xmlns:ns1='urn:schemas-microsoft-com:vml' xmlns:ns2='urn:schemas-microsoft-com:office:excel'/>";
        let xml = written(Draft::new("vml", xml), &[(4, 2)], 7);
        assert!(
            xml.contains("<ns1:shape id=\"_x0000_s7169\"")
                && xml.contains(" ns0:insetmode=")
                && xml.ends_with("</ns2:ClientData></ns1:shape></xml>"),
            "{xml}"
        );
    }

    #[test]
    fn drawings_of_another_kind_are_not_touched() {
        let limits = Limits::default();
        for xml in [
            "",
            "<xml><br></xml>",
            "<xml/>",
            "<xml xmlns:v='urn:schemas-microsoft-com:vml' xmlns:o='urn:schemas-microsoft-com:office:office' xmlns:x='else'></xml>",
        ] {
            assert!(!is_usual(&Draft::new("vml", xml), &limits), "{xml}");
        }
        assert_eq!(
            last_block(b"<xml><br><o:idmap data=\"1,99999999999999\"/ _x0000_s"),
            1 << 20
        );
    }

    #[test]
    fn blocks_are_found_in_drawings_of_any_length() {
        let many = format!(
            "<o:idmap data=\"{}77\"/><o:idmap data=\"3\">",
            "1,".repeat(3_000)
        );
        assert_eq!(last_block(many.as_bytes()), 77);
        let hostile = "idmap".repeat(1 << 20) + "9";
        assert_eq!(last_block(hostile.as_bytes()), 9);
    }

    #[test]
    fn the_search_for_a_block_can_be_cancelled() {
        let bytes = Book::new().part("xl/a.vml", None, "<xml/>").build();
        let limits = Limits::default();
        let source = Source::from_bytes(bytes, &limits).unwrap();
        let cancel = CancelToken::new();
        let budget = Budget::new(limits, cancel.clone());
        let package = Package::open(source, Arc::new(budget)).unwrap();
        assert_eq!(free_block(&package).unwrap(), 1);
        cancel.cancel();
        let error = free_block(&package).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    }

    #[test]
    fn boxes_stay_on_the_sheet() {
        assert_eq!(anchor(0, 0), "1, 15, 0, 10, 3, 31, 6, 4");
        assert_eq!(
            anchor(MAX_ROWS - 1, MAX_COLUMNS - 1),
            "16380, 15, 1048568, 10, 16382, 31, 1048574, 4"
        );
    }
}
