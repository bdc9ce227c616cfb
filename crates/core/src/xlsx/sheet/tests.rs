//! The fast scanner against the tolerant one, over generated sheets cut at every chunk size.

use std::fmt::Write as _;

use proptest::prelude::*;
use sheetlift_fixtures::Book;

use super::*;
use crate::{
    a1::{CellRange, MAX_COLUMNS, cell_name},
    cancel::CancelToken,
    column::StringTable,
    limits::Budget,
    source::Source,
    xlsx::Package,
};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// Bytes of a chunk that holds all of a sheet.
const WHOLE: usize = 1 << 20;

/// Row, column, and the cell as text.
type Cells = Vec<(u32, usize, String)>;

/// Every cell is wanted.
fn context(limits: Limits, plain: bool, prefixes: Vec<String>) -> SheetContext {
    SheetContext {
        selection: Selection::new(CellRange::all().rows, (0..MAX_COLUMNS as u16).collect()),
        formats: Arc::default(),
        dates: DateSystem::Y1900,
        budget: Arc::new(Budget::new(limits.clone(), CancelToken::new())),
        limits,
        plain,
        prefixes,
    }
}

/// Reads a sheet part; `chunk_bytes` at a time, with or without the fast scanner.
fn read(xml: &str, chunk_bytes: usize, fast: bool) -> Result<Cells> {
    let bytes = Book::new().sheet_xml("Sheet1", xml).build();
    let limits = Limits::default();
    let source = Source::from_bytes(bytes, &limits)?;
    let package = Package::open(
        source,
        Arc::new(Budget::new(limits.clone(), CancelToken::new())),
    )?;
    let part = package
        .part_names()
        .find(|name| name.contains("sheet1"))
        .unwrap()
        .to_owned();
    let reader = package.reader(&part)?;
    let (chunks, prologue) = ChunkReader::open(reader, "sheetData", "row", 1 << 20, 1 << 20)?;
    let mut chunks = chunks.with_chunk_bytes(chunk_bytes);
    if !prologue.has_content {
        return Ok(Cells::new());
    }
    let context = context(limits, prologue.plain, prologue.prefixes);
    let plain = context.plain;
    let mut scanner = Scanner::new(Arc::new(context));
    let strings = StringTable::default();
    let mut cells = Cells::new();
    let mut base = 0;
    while let Some(chunk) = chunks.next(Vec::new())? {
        let scanned = scanner.scan_with(chunk.bytes(), chunk.offset, fast && plain)?;
        for piece in scanned.pieces {
            let first = if piece.relative { base } else { 0 };
            for (at, row) in piece.rows.iter().enumerate() {
                for lane in 0..piece.lanes.width() {
                    let text = format!("{:?}", piece.cell(at, lane, &strings));
                    if text != "Null" {
                        cells.push((first + row, lane, text));
                    }
                }
            }
            base = first + piece.next_row;
        }
        if scanned.ended {
            break;
        }
    }
    Ok(cells)
}

/// One cell: columns skipped before it, whether it says its place, and its XML with `@` where ` r="B2"` goes.
fn cell() -> impl Strategy<Value = (u32, bool, String)> {
    let text = prop_oneof![
        "[a-z]{0,14}",
        Just("a &amp; b &#65;&#x42;".to_owned()),
        Just("_x0041__x005F_x0042_ _x".to_owned()),
        Just("  padded  ".to_owned()),
        Just("line\r\nbreak\rend".to_owned()),
        Just("žluťoučký 漢字 😀".to_owned()),
    ];
    let number = prop_oneof![
        "-?[0-9]{1,19}",
        "-?[0-9]{1,8}\\.[0-9]{1,9}",
        "[0-9]\\.[0-9]{1,16}E[+-][0-9]{1,2}"
    ];
    let xml = prop_oneof![
        4 => number.clone().prop_map(|n| format!("<c@><v>{n}</v></c>")),
        4 => (0u32..99_999).prop_map(|n| format!("<c@ t=\"s\"><v>{n}</v></c>")),
        2 => text.clone().prop_map(|t| format!("<c@ t=\"inlineStr\"><is><t>{t}</t></is></c>")),
        2 => text.clone().prop_map(|t| format!("<c@ t=\"inlineStr\"><is><t xml:space=\"preserve\">{t}</t></is></c>")),
        2 => text.clone().prop_map(|t| format!("<c@ s=\"3\" t=\"str\"><f>A1&amp;\"x\"</f><v>{t}</v></c>")),
        1 => text.prop_map(|t| format!("<c@ t=\"inlineStr\"><is><r><t>{t}</t></r><r><rPr/><t>+</t></r><rPh><t>no</t></rPh></is></c>")),
        1 => number.prop_map(|n| format!("<c s=\"1\"@ cm=\"1\"><f t=\"shared\" ref=\"A1:B2\" si=\"0\"/><v>{n}</v></c>")),
        1 => Just("<c@ t=\"b\"><v>1</v></c>".to_owned()),
        1 => Just("<c@ t=\"e\"><v>#DIV/0!</v></c>".to_owned()),
        1 => Just("<c@ t=\"d\"><v>2024-02-29T12:00:00</v></c>".to_owned()),
        1 => Just("<c@ s=\"7\"/>".to_owned()),
        1 => Just("<c@></c>".to_owned()),
        1 => Just("<c@><v/></c>".to_owned()),
        1 => Just("<c@><v></v></c>".to_owned()),
        1 => Just("<c@><v> 12 </v></c>".to_owned()),
        1 => Just("<c@><v><!-- <row r=\"9\"> -->5</v></c>".to_owned()),
        1 => Just("<c@ t=\"str\"><v><![CDATA[<row r=\"8\"><c> & ]]></v></c>".to_owned()),
        1 => Just("<c@ t='str' ><v >odd</v ></c >".to_owned()),
        1 => Just("<c@><v>1</v><extLst><ext><v>2</v></ext></extLst></c>".to_owned()),
    ];
    (
        prop_oneof![5 => Just(0u32), 1 => 1u32..4, 1 => 20u32..800],
        prop::bool::weighted(0.9),
        xml,
    )
}

/// Rows to skip before a row, whether it says its number, its cells, and what follows it.
type Row = (u32, bool, Vec<(u32, bool, String)>, &'static str);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let between = prop_oneof![
        8 => Just(""),
        2 => Just("\n  "),
        1 => Just("<!-- a <row r=\"7\"><c r=\"A7\"><v>7</v></c></row> -->"),
        1 => Just("<?target <row r=\"6\"/> ?>"),
        1 => Just("<other><x y=\"3\"/></other>"),
        1 => Just("<row/>"),
    ];
    let row = (
        prop_oneof![6 => Just(0u32), 1 => 1u32..5, 1 => 300u32..400],
        prop::bool::weighted(0.85),
        prop::collection::vec(cell(), 0..8),
        between,
    );
    // Every row twice: most cells look like the one above, which is what the fast scanner lives on.
    prop::collection::vec(row, 0..8).prop_map(|rows| {
        let twice = rows.into_iter().flat_map(|row| [row.clone(), row]);
        twice.collect()
    })
}

fn sheet_xml(rows: &[Row]) -> String {
    let mut xml = format!("<worksheet xmlns=\"{MAIN}\"><dimension ref=\"A1\"/><sheetData>");
    let mut row = 0;
    for (gap, says_number, cells, after) in rows {
        row += gap;
        match says_number {
            true => write!(xml, "<row r=\"{}\" spans=\"1:9\">", row + 1).unwrap(),
            false => xml.push_str("<row spans=\"1:9\">"),
        }
        let mut column = 0;
        for (gap, says_place, cell) in cells {
            column += gap;
            // A place counts from the row's number, which must be known.
            let place = match *says_place && *says_number {
                true => format!(" r=\"{}\"", cell_name(row, column)),
                false => String::new(),
            };
            xml.push_str(&cell.replace('@', &place));
            column += 1;
        }
        xml.push_str("</row>");
        xml.push_str(after);
        row += 1;
    }
    xml.push_str(
        "</sheetData><mergeCells count=\"1\"><mergeCell ref=\"A1:B1\"/></mergeCells></worksheet>",
    );
    xml
}

/// The tolerant scanner reads these as well, at a tenth of the speed; nothing else would notice.
#[test]
fn rows_of_the_usual_writers_are_read_fast() {
    let rows = [
        // Excel
        r#"<row r="2" spans="1:8" x14ac:dyDescent="0.25"><c r="A2" s="1" t="s"><v>0</v></c><c r="B2" s="2"><v>40513.35</v></c></row>"#,
        r#"<row r="3" spans="1:8" s="4" customFormat="1" ht="15.75" thickBot="1" x14ac:dyDescent="0.3"><c r="A3" s="1" t="s"><v>1</v></c><c r="B3" s="2"><v>-1.5E-3</v></c><c r="G3" s="3"/></row>"#,
        r#"<row r="4" spans="1:8" hidden="1"><c r="A4" t="b"><v>1</v></c><c r="B4" t="str"><f>A2&amp;"x"</f><v>ž x</v></c><c r="C4"><f t="shared" ref="C4:C9" si="0">B4*2</f><v>3</v></c><c r="D4"><f t="shared" si="0"/><v>4</v></c></row>"#,
        // LibreOffice
        r#"<row r="5" customFormat="false" ht="12.8" hidden="false" customHeight="false" outlineLevel="0" collapsed="false"><c r="A5" s="0" t="s"><v>0</v></c><c r="B5" s="0" t="n"><v>1.5</v></c><c r="C5" s="0" t="str"><f aca="false">A2</f><v>a</v></c></row>"#,
        // Google Sheets
        r#"<row r="6" ht="15.75" customHeight="1"><c r="A6" s="1" t="s"><v>0</v></c><c r="B6" s="2"><v>1.0</v></c></row>"#,
        // openpyxl, and Apache POI as a stream
        r#"<row r="7"><c r="A7" t="inlineStr"><is><t>x &lt; y</t></is></c><c r="B7" t="n"><v>3</v></c><c r="C7" t="n"></c></row>"#,
        "<row r=\"8\">\n<c r=\"A8\" t=\"inlineStr\"><is><t xml:space=\"preserve\"> x</t></is></c></row>\n",
        // xlsxwriter
        r#"<row r="9" spans="1:3"><c r="A9" t="s"><v>7</v></c><c r="B9" s="3"><v>46005.387673611112</v></c></row>"#,
        r#"<row r="10" spans="1:3"/>"#,
    ];
    let mut xml = rows.concat();
    xml.push_str("</sheetData></worksheet>");
    let context = context(Limits::default(), true, Vec::new());
    let mut sink = RowSink::new(&context.selection);
    let values = ValueReader::new(&context);
    let stop = fast::scan(
        xml.as_bytes(),
        0,
        &mut sink,
        &mut Shapes::default(),
        &values,
    );
    if let fast::Stop::Surprise(at) = stop {
        panic!("{}", &xml[at..]);
    }
    let read: usize = sink.finish().iter().map(|piece| piece.rows.len()).sum();
    assert_eq!(read, rows.len() - 1); // the last one has no cell
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fast_equals_slow_at_every_chunk_size(rows in rows()) {
        let xml = sheet_xml(&rows);
        let expected = read(&xml, WHOLE, false).unwrap();
        for chunk_bytes in (1..64).chain([100, 128, 200, 333, 512, 1000, 4096, WHOLE]) {
            prop_assert_eq!(&read(&xml, chunk_bytes, true).unwrap(), &expected, "fast, {}", chunk_bytes);
        }
        for chunk_bytes in [1, 17, 130, 700] {
            prop_assert_eq!(&read(&xml, chunk_bytes, false).unwrap(), &expected, "slow, {}", chunk_bytes);
        }
    }

    /// Damaged XML: both give the same cells, or both an error.
    #[test]
    fn fast_and_slow_agree_on_damage(rows in rows(), at in any::<prop::sample::Index>(), byte in "[<>/\"= a0&!]") {
        let mut xml = sheet_xml(&rows);
        let start = xml.find("<sheetData>").unwrap() + 11;
        let at = start + at.index(xml.len() - start);
        prop_assume!(xml.is_char_boundary(at) && xml.is_char_boundary(at + 1));
        xml.replace_range(at..at + 1, &byte);
        let slow = read(&xml, WHOLE, false);
        let fast = read(&xml, WHOLE, true);
        match (slow, fast) {
            (Ok(slow), Ok(fast)) => prop_assert_eq!(slow, fast),
            (Err(_), Err(_)) => {}
            (slow, fast) => prop_assert!(false, "slow {slow:?}\nfast {fast:?}\n{xml}"),
        }
    }
}
