//! Number formats.

use arrow_array::Array as _;

use super::{
    limits,
    package::{MAIN, zip},
    sound,
};
use crate::{
    book::kind_of_code,
    header::HeaderRow,
    reader::{OpenOptions, ReadOptions, TableReader, Workbook},
    source::Source,
};

/// One row for each cell format, one column for each number.
const FORMATS: usize = 12;
const NUMBERS: [&str; 10] = [
    "-1.5",
    "0",
    "0.75",
    "0.9999999999",
    "59.5",
    "60",
    "45658",
    "104166.6",
    "2958465.9999999",
    "1E300",
];
const ROOT_RELS: &[u8] =
    b"<R><Relationship Id=\"a\" Type=\"/officeDocument\" Target=\"w.xml\"/></R>";
const RELS: &[u8] = b"<R><Relationship Id=\"a\" Type=\"/worksheet\" Target=\"s.xml\"/>\
    <Relationship Id=\"b\" Type=\"/styles\" Target=\"t.xml\"/></R>";
const WORKBOOK: &[u8] = b"<workbook><sheet name=\"S\" r:id=\"a\"/></workbook>";
const WORKBOOK_1904: &[u8] =
    b"<workbook><workbookPr date1904=\"1\"/><sheet name=\"S\" r:id=\"a\"/></workbook>";

/// `data` is a styles part, and a format code. Every number in every cell format has a place in an Arrow column; what means
/// nothing in a code changes nothing.
pub fn styles(data: &[u8]) {
    if let Ok(code) = std::str::from_utf8(data) {
        let kind = kind_of_code(code);
        assert_eq!(kind, kind_of_code(&format!("\"d\"{code}")));
        assert_eq!(kind, kind_of_code(&format!("[Red]\\d_y{code}")));
    }
    let sheet = sheet();
    for workbook in [WORKBOOK, WORKBOOK_1904] {
        let file = zip(&[
            ("_rels/.rels", ROOT_RELS),
            ("w.xml", workbook),
            ("_rels/w.xml.rels", RELS),
            ("s.xml", sheet.as_bytes()),
            ("t.xml", data),
        ]);
        let source = Source::from_bytes(file, &limits()).expect("small");
        let workbook = Workbook::open(source, OpenOptions::default().with_limits(limits()))
            .expect("it has its parts");
        let options = ReadOptions::default().with_header(HeaderRow::None);
        let Some(rows) = sound(workbook.rows(&options)) else {
            return; // the styles are damaged
        };
        let table = TableReader::new(rows, &options).and_then(TableReader::read_all);
        let table = table.expect("a number has a place in every format");
        let shape = (table.num_rows(), table.schema.fields().len());
        assert_eq!(shape, (FORMATS, NUMBERS.len()));
        let mut columns = table.batches.iter().flat_map(|batch| batch.columns());
        assert!(columns.all(|column| column.null_count() == 0));
    }
}

fn sheet() -> String {
    let row = |format: usize| {
        let cell = |number: &&str| format!("<c s=\"{format}\"><v>{number}</v></c>");
        format!(
            "<row>{}</row>",
            NUMBERS.iter().map(cell).collect::<String>()
        )
    };
    let rows: String = (0..FORMATS).map(row).collect();
    format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>")
}
