//! What options make of the same table in every format, and what columns of text files become.

use crate::common::{open, shown};
use sheetlift_core::{
    CellRange, ColumnKind, CsvOptions, HeaderRow, MergedCells, OpenOptions, ReadOptions, Source,
    Workbook,
};
use sheetlift_fixtures::{Book, manifest};

/// A fixture, opened.
fn fixture(name: &str) -> Workbook {
    let found = manifest().into_iter().find(|fixture| fixture.name == name);
    open(&found.unwrap_or_else(|| panic!("no fixture {name}"))).unwrap()
}

/// All columns of a workbook as they are: `name: values`.
fn read(workbook: &Workbook, options: &ReadOptions) -> Vec<String> {
    let mut read = Vec::new();
    for threads in [1, 3] {
        let options = options.clone().with_threads(threads);
        read.push(shown(&workbook.read(&options).unwrap()));
    }
    assert_eq!(read[0], read[1], "{options:?}");
    read.swap_remove(0)
}

fn without_header() -> ReadOptions {
    ReadOptions::default().with_header(HeaderRow::None)
}

#[test]
fn hidden_rows_and_columns_are_left_out_on_request() {
    for (name, rows, all) in [
        ("hidden_rows_and_columns", "0 2", "0 10 20"),
        ("xls_hidden_rows_and_columns", "1", "2 4"),
        ("ods_hidden_rows_and_columns", "1", "1 2 3"),
    ] {
        let workbook = fixture(name);
        let mut options = without_header().with_blank_rows(false);
        options.skip_hidden_rows = true;
        options.skip_hidden_columns = true;
        let column = format!("column_A: {rows}");
        assert_eq!(read(&workbook, &options), [column], "{name}");
        options.skip_hidden_rows = false;
        options.skip_hidden_columns = false;
        let all = format!("column_B: {all}");
        assert_eq!(read(&workbook, &options)[1], all, "{name}");
    }
}

#[test]
fn hidden_rows_and_columns_of_the_binary_format() {
    let workbook = fixture("xlsb_hidden_rows_and_columns");
    let mut options = without_header();
    options.skip_hidden_columns = true;
    assert_eq!(read(&workbook, &options), ["column_A: 1 3"]);
    options.skip_hidden_columns = false;
    options.skip_hidden_rows = true;
    assert_eq!(read(&workbook, &options), ["column_A: 1"]);
}

#[test]
fn words_hide_as_numbers_do() {
    let workbook = fixture("hidden_in_words");
    let mut options = without_header();
    options.skip_hidden_rows = true;
    options.skip_hidden_columns = true;
    assert_eq!(read(&workbook, &options), ["column_A: 1"]);
}

/// The numbers of the rows that are given, and how many hidden ones were met.
fn row_numbers(workbook: &Workbook, options: &ReadOptions) -> (Vec<u32>, u64) {
    let mut rows = workbook.rows(options).unwrap();
    let mut numbers = Vec::new();
    while let Some(window) = rows.next_window().unwrap() {
        numbers.extend(window.row_numbers());
    }
    (numbers, rows.hidden_rows())
}

#[test]
fn hidden_rows_are_no_blank_rows() {
    for (name, numbers, hidden) in [
        ("hidden_rows_and_columns", &[0, 2][..], 1),
        ("xls_hidden_rows_and_columns", &[0], 1),
        ("xlsb_hidden_rows_and_columns", &[0], 1),
        ("ods_hidden_rows_and_columns", &[0], 2),
    ] {
        let workbook = fixture(name);
        let mut options = without_header().with_columns(["A"]);
        options.skip_hidden_rows = true;
        for blank_rows in [true, false] {
            options.blank_rows = blank_rows;
            assert_eq!(
                row_numbers(&workbook, &options),
                (numbers.to_vec(), hidden),
                "{name}"
            );
        }
    }
}

#[test]
fn hidden_rows_without_a_cell_are_no_blank_rows_either() {
    let names = [
        "hidden_blank_rows",
        "xls_hidden_blank_rows",
        "xlsb_hidden_blank_rows",
        "ods_hidden_blank_rows",
    ];
    for name in names {
        let workbook = fixture(name);
        let mut options = without_header().with_columns(["A"]);
        let all = (vec![0, 1, 2, 3, 4], 0);
        assert_eq!(row_numbers(&workbook, &options), all, "{name}");
        options.skip_hidden_rows = true;
        let seen = (vec![0, 3, 4], 0);
        assert_eq!(row_numbers(&workbook, &options), seen, "{name}");
    }
}

#[test]
fn merged_cells_are_filled_on_request() {
    let names = [
        "merged_cells",
        "xls_merged_cells",
        "xlsb_merged_cells",
        "ods_merged_cells",
    ];
    for name in names {
        let workbook = fixture(name);
        let filled = |merged| {
            let mut options = without_header();
            options.merged = merged;
            read(&workbook, &options)
        };
        assert_eq!(
            filled(MergedCells::First),
            [
                "column_A: Stock Tools -",
                "column_B: - 1 2",
                "column_C: - old -"
            ],
            "{name}"
        );
        assert_eq!(
            filled(MergedCells::Down),
            [
                "column_A: Stock Tools Tools",
                "column_B: - 1 2",
                "column_C: - old old"
            ],
            "{name}"
        );
        assert_eq!(
            filled(MergedCells::Right),
            [
                "column_A: Stock Tools -",
                "column_B: Stock 1 2",
                "column_C: - old -",
                "column_D: - old -"
            ],
            "{name}"
        );
        assert_eq!(
            filled(MergedCells::All),
            [
                "column_A: Stock Tools Tools",
                "column_B: Stock 1 2",
                "column_C: - old old",
                "column_D: - old old"
            ],
            "{name}"
        );
    }
}

/// A value that stands where a merged range covers it is not overwritten.
#[test]
fn merged_cells_keep_values_of_their_own() {
    let mut options = without_header();
    options.merged = MergedCells::All;
    let filled = read(&fixture("merged_cells_with_values"), &options);
    // Two ranges have B2, which is not legal: either may fill it.
    assert_eq!(&filled[0], "column_A: 1 3");
    assert!(filled[1].starts_with("column_B: 2 "), "{filled:?}");
}

/// A small sheet is read to its end in the look at its header.
#[test]
fn merged_cells_are_filled_below_a_header() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>a</v></c><c r=\"B1\" t=\"str\"><v>b</v></c></row>\
        <row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\"><v>2</v></c></row>\
        <row r=\"3\"><c r=\"B3\"><v>3</v></c></row>";
    let xml = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData>\
         <mergeCells><mergeCell ref=\"A2:A3\"/></mergeCells></worksheet>"
    );
    let workbook = Workbook::from_bytes(Book::new().sheet_xml("Sheet1", &xml).build()).unwrap();
    let mut options = ReadOptions::default();
    options.merged = MergedCells::Down;
    assert_eq!(read(&workbook, &options), ["a: 1 1", "b: 2 3"]);
}

#[test]
fn identifiers_are_shown_on_request() {
    for name in [
        "identifiers_by_format",
        "xls_identifiers_by_format",
        "xlsb_identifiers_by_format",
    ] {
        let workbook = fixture(name);
        let mut options = without_header();
        options.display_text = true;
        assert_eq!(
            read(&workbook, &options),
            ["column_A: 00042 012-34-5678 42 SKU-0007 1.5 42"],
            "{name}"
        );
        options.display_text = false;
        let table = workbook.read(&options).unwrap();
        assert_eq!(
            table.schema.field(0).data_type(),
            &arrow_schema::DataType::Float64
        );
    }
}

#[test]
fn a_table_is_read_by_its_name_without_its_totals() {
    let workbook = fixture("excel_table");
    let expected = ["sku: 001 002", "name: bolt nut", "quantity: 5 7"];
    for area in ["Items", "ITEMS", "Sheet1!B3:D5"] {
        let options = ReadOptions::default().with_area(area);
        assert_eq!(read(&workbook, &options), expected, "{area}");
    }
    let options = ReadOptions::default().with_cells("Items");
    assert_eq!(
        read(&workbook, &options.with_columns(["name"])),
        ["name: bolt nut"]
    );
    let options = ReadOptions::default().with_cells("B3:D6");
    assert_eq!(read(&workbook, &options)[0], "sku: 001 002 Total");
}

#[test]
fn cells_are_read_by_a_defined_name() {
    for (name, area, column) in [
        ("defined_names", "Stock", "sku: 1"),
        ("defined_names", "stock", "sku: 1"),
        ("defined_names", "Local", "1: "),
        ("xls_defined_names", "Stock", "sku: 1"),
        ("xls_defined_names", "Local", "1: "),
        ("xlsb_defined_names", "Stock", "sku: 1"),
        ("xlsb_defined_names", "Local", "1: "),
        ("ods_ranges", "Stock", "sku: 1"),
        ("ods_ranges", "Items", "sku: 1 2"),
        ("xlsb_table", "Items", "stock: 5 7"),
    ] {
        let options = ReadOptions::default().with_area(area);
        assert_eq!(read(&fixture(name), &options), [column], "{name}, {area}");
    }
}

#[test]
fn a_name_that_is_no_range_is_refused_with_those_there_are() {
    let refused = |name: &str, area: &str| {
        let options = ReadOptions::default().with_area(area);
        let error = fixture(name).read(&options).unwrap_err();
        (
            error.code(),
            error.to_string(),
            error.hint().unwrap_or_default().to_owned(),
        )
    };
    let (code, message, _) = refused("defined_names", "VAT");
    assert_eq!(code, "range/invalid");
    assert!(message.contains("0.19"), "{message}");
    for (name, area) in [
        ("defined_names", "Stok"),
        ("xls_defined_names", "Secret"),
        ("xlsb_defined_names", "Secret"),
        ("xlsb_defined_names", "Abroad"),
        ("ods_ranges", "__Anonymous_Sheet_DB__0"),
        ("ods_ranges", "VAT"),
    ] {
        let (code, _, hint) = refused(name, area);
        assert_eq!(code, "range/not-found", "{name}, {area}");
        assert!(hint.contains("Stock"), "{name}, {area}: {hint}");
    }
    let (code, ..) = refused("defined_names", "Nowhere!A1:B2");
    assert_eq!(code, "sheet/not-found");
}

/// Two rows of labels, the upper ones merged; a title above them.
fn two_header_rows() -> Workbook {
    let texts = ["Plan of 2024", "sku", "Q1", "Q2", "planned", "sold", "A-1"];
    let cell = |at: &str, text: usize| format!("<c r=\"{at}\" t=\"s\"><v>{text}</v></c>");
    let number = |at: &str, value: u32| format!("<c r=\"{at}\"><v>{value}</v></c>");
    let rows = [
        vec![cell("A1", 0)],
        vec![],
        vec![cell("A3", 1), cell("B3", 2), cell("D3", 3)],
        vec![cell("B4", 4), cell("C4", 5), cell("D4", 4), cell("E4", 5)],
        vec![
            cell("A5", 6),
            number("B5", 1),
            number("C5", 2),
            number("D5", 3),
            number("E5", 4),
        ],
    ];
    let rows: String = (1..)
        .zip(rows)
        .map(|(number, cells)| format!("<row r=\"{number}\">{}</row>", cells.concat()))
        .collect();
    let book = Book::new().strings(&texts).sheet("Sheet1", &rows);
    Workbook::from_bytes(book.build()).unwrap()
}

#[test]
fn labels_of_several_rows_are_joined() {
    let workbook = two_header_rows();
    let mut options = ReadOptions::default().with_header(HeaderRow::Rows { first: 2, last: 3 });
    // `sku` stands over a column without a label of its own.
    assert_eq!(
        read(&workbook, &options),
        [
            "sku: A-1",
            "Q1 planned: 1",
            "Q1 sold: 2",
            "Q2 planned: 3",
            "Q2 sold: 4"
        ]
    );
    options.header_join = "_".to_owned();
    let options = options.with_columns(["Q2_sold", "sku"]);
    assert_eq!(read(&workbook, &options), ["sku: A-1", "Q2_sold: 4"]);
}

#[test]
fn one_row_of_several_is_that_row() {
    let workbook = two_header_rows();
    let rows = HeaderRow::Rows { first: 3, last: 3 };
    let at = HeaderRow::At(3);
    let read = |header| read(&workbook, &ReadOptions::default().with_header(header));
    assert_eq!(read(rows), read(at));
    assert_eq!(read(at)[..2], ["column_A: A-1", "planned: 1"]);
    let range = CellRange::parse("A3:E5").unwrap();
    let outside = HeaderRow::Rows { first: 0, last: 3 };
    let options = ReadOptions::default()
        .with_range(range)
        .with_header(outside);
    let error = workbook.read(&options).unwrap_err();
    assert_eq!(error.code(), "header/not-found");
}

/// A text file called `items.csv`.
fn text_file(text: &str) -> Workbook {
    text_file_with(text, CsvOptions::default())
}

fn text_file_with(text: &str, csv: CsvOptions) -> Workbook {
    let options = OpenOptions::default().with_csv(csv);
    let source = Source::from_bytes(text.to_owned(), &options.limits).unwrap();
    Workbook::open(source.with_name("items.csv"), options).unwrap()
}

/// The type of the column `c` that holds these fields, and what it holds.
fn column(fields: &[&str]) -> (String, String) {
    let lines: String = fields.iter().map(|field| format!("x,{field}\n")).collect();
    let table = text_file(&format!("k,c\n{lines}"))
        .read(&ReadOptions::default())
        .unwrap();
    let kind = table.schema.field(1).data_type().to_string();
    let column = shown(&table).swap_remove(1);
    (kind, column["c: ".len()..].to_owned())
}

#[test]
fn columns_of_text_files_have_the_type_of_all_their_fields() {
    for (fields, kind, values) in [
        (&["1", "-7", "", "0"][..], "Int64", "1 -7 - 0"),
        (&["1.50", "2", "-0.25"], "Float64", "1.5 2 -0.25"),
        (&["1e3", "0.5"], "Float64", "1000 0.5"),
        (&["true", "FALSE", ""], "Boolean", "true false -"),
        (
            &["2024-02-29", "", "1900-01-01"],
            "Date32",
            "2024-02-29 - 1900-01-01",
        ),
        (&["18:30:15", "00:00:00"], "Time64(µs)", "18:30:15 00:00:00"),
        (
            &["2024-02-29", "2024-02-29T18:00:00"],
            "Timestamp(µs)",
            "2024-02-29T00:00:00 2024-02-29T18:00:00",
        ),
        // What would not be the same any more stays the text it is.
        (&["00042", "7"], "Utf8View", "00042 7"),
        (&["1.50", "x", "2"], "Utf8View", "1.50 x 2"),
        (&["1", "true"], "Utf8View", "1 true"),
        (&["1", "2024-02-29"], "Utf8View", "1 2024-02-29"),
        (&["+7", "1"], "Utf8View", "+7 1"),
        (
            &["9007199254740993", "0.5"],
            "Utf8View",
            "9007199254740993 0.5",
        ),
        (&["9007199254740993", "1"], "Int64", "9007199254740993 1"),
        (
            &["99999999999999999999"],
            "Utf8View",
            "99999999999999999999",
        ),
        (&["29.02.2024"], "Utf8View", "29.02.2024"),
        (&["\"1\"", "2"], "Int64", "1 2"),
        (&["", ""], "Null", "- -"),
        (&["#N/A", "1"], "Utf8View", "#N/A 1"),
        (&[" 1", "2"], "Utf8View", " 1 2"),
    ] {
        let expected = (kind.to_owned(), values.to_owned());
        assert_eq!(column(fields), expected, "{fields:?}");
    }
}

#[test]
fn given_types_of_text_files_are_kept() {
    let text = "sku,price,day\n00042,1.50,2024-02-29\n7,2,2024-03-01\n";
    let typed = |column: &str, kind| {
        let options = ReadOptions::default().with_type(column, kind);
        text_file(text).read(&options).map(|table| shown(&table))
    };
    assert_eq!(
        typed("price", ColumnKind::Text).unwrap()[1],
        "price: 1.50 2"
    );
    assert_eq!(
        typed("day", ColumnKind::Timestamp).unwrap()[2],
        "day: 2024-02-29T00:00:00 2024-03-01T00:00:00"
    );
    let error = typed("price", ColumnKind::Int).unwrap_err();
    assert_eq!(
        (error.code(), error.location().cell.as_deref()),
        ("cell/type", Some("B2"))
    );
}

/// A text file over many chunks: debug builds cut them at 1 KiB.
fn many_lines(rows: usize) -> String {
    let line = |row: usize| match row % 7 {
        0 => format!("{row},\"a, \"\"{row}\"\"\nb\",{row}.5\n"),
        3 => "\n".to_owned(),
        _ => format!("{row},item {row},{row}.25\n"),
    };
    let lines: String = (1..=rows).map(line).collect();
    format!("id,name,price\n{lines}")
}

#[test]
fn chunks_and_threads_do_not_matter() {
    let text = many_lines(3_000);
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let batches = |bytes: Vec<u8>, threads: usize, typed: bool| {
        let options = OpenOptions::default();
        let source = Source::from_bytes(bytes, &options.limits).unwrap();
        let workbook = Workbook::open(source.with_name("items.csv"), options).unwrap();
        let mut options = ReadOptions::default().with_threads(threads);
        if typed {
            options = options
                .with_type("id", ColumnKind::Int)
                .with_type("name", ColumnKind::Text)
                .with_type("price", ColumnKind::Float);
        }
        let table = workbook.read(&options.with_batch_rows(500)).unwrap();
        assert_eq!(table.num_rows(), 3_000);
        shown(&table)
    };
    let expected = batches(text.clone().into_bytes(), 1, false);
    assert!(
        expected[1].contains("a, \"7\"\nb item 8"),
        "{}",
        &expected[1][..200]
    );
    for threads in [1, 4] {
        for typed in [false, true] {
            for bytes in [text.clone().into_bytes(), utf16.clone()] {
                assert!(
                    batches(bytes, threads, typed) == expected,
                    "{threads} threads, {typed}"
                );
            }
        }
    }
}

/// Records are the rows of messages: blank lines count, and a record of two lines is one.
#[test]
fn messages_name_the_record() {
    let text = many_lines(2_000) + "2001,last,cheap\n";
    let workbook = text_file(&text);
    for threads in [1, 4] {
        let options = ReadOptions::default()
            .with_type("price", ColumnKind::Float)
            .with_threads(threads);
        let error = workbook.read(&options).unwrap_err();
        assert_eq!(error.code(), "cell/type");
        assert_eq!(error.location().cell.as_deref(), Some("C2002"), "{error}");
        assert!(error.to_string().contains("items.csv"), "{error}");
        assert!(error.message().contains("\"cheap\""), "{error}");
    }
}

#[test]
fn an_unclosed_quote_says_where_it_opens() {
    let text = many_lines(500);
    let at = text.len() as u64;
    let workbook = text_file(&(text + "\"never closed,1,2\n3,4,5\n"));
    for threads in [1, 4] {
        let options = ReadOptions::default().with_threads(threads);
        let error = workbook.read(&options).unwrap_err();
        assert_eq!(error.code(), "file/corrupt", "{error}");
        assert_eq!(error.location().byte, Some(at), "{error}");
    }
}

#[test]
fn a_dialect_that_is_given_is_not_guessed() {
    let mut csv = CsvOptions::default();
    csv.delimiter = Some(b'+');
    csv.quote = Some(b'\'');
    let workbook = text_file_with("a,x+b\n'1+1'+\"2\"\n", csv);
    assert_eq!(
        read(&workbook, &ReadOptions::default()),
        ["a,x: 1+1", "b: \"2\""]
    );
    let mut csv = CsvOptions::default();
    csv.encoding = Some("no-such-code".to_owned());
    let options = OpenOptions::default().with_csv(csv);
    let source = Source::from_bytes("a,b\n", &options.limits).unwrap();
    let error = Workbook::open(source, options).unwrap_err();
    assert_eq!(error.code(), "usage/encoding");
}

#[test]
fn ragged_rows_and_blank_lines_of_text_files() {
    let workbook = fixture("csv_ragged_rows");
    assert_eq!(
        read(&workbook, &ReadOptions::default()),
        [
            "a: 1 1 1 1 -",
            "b: - 2 2 2 -",
            "c: - - 3 3 3",
            "column_D: - - 4 - -"
        ]
    );
    let blank = fixture("csv_blank_lines");
    assert_eq!(
        read(&blank, &ReadOptions::default()),
        ["a: - - 1 - 3", "b: - - 2 - 4"]
    );
    let options = ReadOptions::default().with_blank_rows(false);
    assert_eq!(read(&blank, &options), ["a: 1 3", "b: 2 4"]);
}

/// Hidden rows between blank ones, without a cell, over many chunks, and out of order.
#[test]
fn blank_rows_stay_beside_hidden_ones() {
    let row = |number: u32, attributes: &str, cells: &str| {
        format!("<row r=\"{number}\"{attributes}>{cells}</row>")
    };
    let cell = |number: u32| format!("<c r=\"A{number}\"><v>{number}</v></c>");
    // Of seven rows the third is hidden, the fourth too and without a cell, the fifth and sixth are blank.
    let rows: Vec<String> = (1..=700_u32)
        .filter_map(|number| match number % 7 {
            3 => Some(row(number, " hidden=\"1\"", &cell(number))),
            4 => Some(row(number, " hidden=\"true\"", "")),
            5 | 6 => None,
            _ => Some(row(number, "", &cell(number))),
        })
        .collect();
    let expected: Vec<u32> = (0..700)
        .filter(|row| ![3, 4].contains(&((row + 1) % 7)))
        .collect();
    let far = [
        row(2_000, " hidden=\"1\"", &cell(2_000)),
        row(2_002, "", &cell(2_002)),
    ]
    .concat();
    let mut reversed = rows.clone();
    reversed.reverse();
    for rows in [rows.concat() + &far, far.clone() + &reversed.concat()] {
        let book = Book::new().sheet("Sheet1", &rows);
        let workbook = Workbook::from_bytes(book.build()).unwrap();
        for threads in [1, 3] {
            let mut options = without_header().with_threads(threads);
            options.skip_hidden_rows = true;
            let mut rows = workbook.rows(&options).unwrap();
            rows.hold().unwrap();
            let mut numbers = Vec::new();
            while let Some(window) = rows.next_window().unwrap() {
                numbers.extend(window.row_numbers());
            }
            assert_eq!(numbers[..expected.len()], expected);
            let beyond: Vec<u32> = (700..2_002).filter(|row| *row != 1_999).collect();
            assert_eq!(numbers[expected.len()..], beyond);
            assert_eq!(rows.hidden_rows(), 101);
        }
    }
}
