//! What `ReadOptions` select, and how tables come out.

use crate::common::shown;
use arrow_array::{Array, RecordBatchReader, cast::AsArray, types::Int64Type};
use sheetlift_core::{
    CancelToken, CellRange, ColumnKind, ErrorKind, HeaderRow, Limits, OpenOptions, ReadOptions,
    Source, TextRepr, Workbook,
};
use sheetlift_fixtures::Book;

/// A workbook whose sheet holds these rows of SpreadsheetML.
fn workbook(rows: &str) -> Workbook {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let xml = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
    Workbook::from_bytes(Book::new().sheet_xml("Sheet1", &xml).build()).unwrap()
}

/// `a`, `b` and a column without a label; row 4 is blank.
fn items() -> Workbook {
    workbook(
        r#"<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>
        <row r="2"><c r="A2"><v>1</v></c><c r="B2" t="str"><v>x</v></c><c r="D2"><v>0.5</v></c></row>
        <row r="3"><c r="A3"><v>2</v></c><c r="B3"><v>7</v></c></row>
        <row r="5"><c r="A5"><v>4</v></c></row>"#,
    )
}

fn read(options: ReadOptions) -> Vec<String> {
    shown(&items().read(&options).unwrap())
}

#[test]
fn reads_columns_with_a_label_or_a_cell() {
    assert_eq!(
        read(ReadOptions::default()),
        ["a: 1 2 - 4", "b: x 7 - -", "column_D: 0.5 - - -"]
    );
}

#[test]
fn leaves_out_blank_rows_when_asked() {
    let options = ReadOptions::default()
        .with_blank_rows(false)
        .with_columns(["a", "B"]);
    assert_eq!(read(options), ["a: 1 2 4", "b: x 7 -"]);
}

#[test]
fn selects_range_limit_and_header() {
    let range = |text: &str| ReadOptions::default().with_range(CellRange::parse(text).unwrap());
    assert_eq!(read(range("A1:A3")), ["a: 1 2"]);
    assert_eq!(
        read(range("A2:B5").with_header(HeaderRow::None)),
        ["column_A: 1 2 - 4", "column_B: x 7 - -"]
    );
    assert_eq!(
        read(
            ReadOptions::default()
                .with_header(HeaderRow::At(2))
                .with_columns(["2"])
        ),
        ["2: - 4"]
    );
    assert_eq!(
        read(ReadOptions::default().with_limit(1).with_columns(["b"])),
        ["b: x"]
    );
    assert_eq!(
        read(ReadOptions::default().with_limit(0).with_columns(["b"])),
        ["b: "]
    );
}

#[test]
fn batches_have_the_rows_asked_for_whatever_the_threads() {
    for (threads, batch_rows) in [(1, 1), (2, 3), (3, 100)] {
        let options = ReadOptions::default()
            .with_threads(threads)
            .with_batch_rows(batch_rows);
        let table = items().read(&options).unwrap();
        let rows: Vec<usize> = table.batches.iter().map(|batch| batch.num_rows()).collect();
        assert!(
            rows.iter().rev().skip(1).all(|&rows| rows == batch_rows),
            "{rows:?}"
        );
        assert_eq!(table.num_rows(), 4);
    }
}

#[test]
fn given_types_are_kept_and_a_misfit_names_its_cell() {
    let typed = |kind| {
        ReadOptions::default()
            .with_columns(["a", "b"])
            .with_type("b", kind)
    };
    assert_eq!(
        read(typed(ColumnKind::Text).with_text(TextRepr::Utf8))[1],
        "b: x 7 - -"
    );
    let error = items().read(&typed(ColumnKind::Int)).unwrap_err();
    assert_eq!(
        (error.code(), error.location().cell.as_deref()),
        ("cell/type", Some("B2"))
    );
    let error = items()
        .read(&ReadOptions::default().with_type("c", ColumnKind::Int))
        .unwrap_err();
    assert!(error.hint().unwrap().contains("a, b"), "{error}");
}

#[test]
fn streams_when_every_type_is_given() {
    let options = ReadOptions::default()
        .with_columns(["a", "b"])
        .with_type("a", ColumnKind::Float)
        .with_type("b", ColumnKind::Text);
    let reader = items().table(&options).unwrap();
    assert_eq!(
        reader.schema().field(0).data_type(),
        &arrow_schema::DataType::Float64
    );
    let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 4);
}

#[test]
fn unknown_names_say_what_there_is() {
    let error = items()
        .read(&ReadOptions::default().with_columns(["sku"]))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Usage) && error.hint().unwrap().contains("a, b"));
    let error = items()
        .read(&ReadOptions::default().with_sheet("Itms"))
        .unwrap_err();
    assert_eq!(error.code(), "sheet/not-found");
    assert!(error.hint().unwrap().contains("Sheet1"));
}

#[test]
fn sorts_rows_that_are_out_of_order_and_joins_those_that_come_twice() {
    let rows = r#"<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>
        <row r="4"><c r="A4"><v>4</v></c></row>
        <row r="2"><c r="A2"><v>2</v></c><c r="B2" t="str"><v>two</v></c></row>
        <row r="4"><c r="A4"><v>40</v></c><c r="B4" t="str"><v>four</v></c></row>"#;
    let table = workbook(rows).read(&ReadOptions::default()).unwrap();
    assert_eq!(shown(&table), ["a: 2 - 40", "b: two - four"]);
}

#[test]
fn blank_rows_above_the_first_one_are_kept_however_rows_say_their_number() {
    let no_header = ReadOptions::default().with_header(HeaderRow::None);
    for rows in [
        r#"<row r="3"><c r="A3"><v>3</v></c></row><row r="4"><c r="A4"><v>4</v></c></row>"#,
        r#"<row r="3"><c><v>3</v></c></row><row><c r="A4"><v>4</v></c></row>"#,
        r#"<row r="4"><c r="A4"><v>4</v></c></row><row r="3"><c r="A3"><v>3</v></c></row>"#,
    ] {
        let table = workbook(rows).read(&no_header).unwrap();
        assert_eq!(shown(&table), ["column_A: - - 3 4"], "{rows}");
    }
}

#[test]
fn a_row_whose_cells_alone_say_its_number_is_in_order() {
    let rows = r#"<row r="1"><c t="str"><v>a</v></c><c t="str"><v>b</v></c></row>
        <row><c><v>1</v></c><c r="B2"><v>2</v></c></row>"#;
    let typed = ReadOptions::default()
        .with_type("a", ColumnKind::Int)
        .with_type("b", ColumnKind::Int);
    assert_eq!(
        shown(&workbook(rows).read(&typed).unwrap()),
        ["a: 1", "b: 2"]
    );
}

/// Sets one limit.
type Set<'a> = &'a dyn Fn(&mut Limits, u64);

#[test]
fn limits_hold_at_the_limit_and_not_one_past_it() {
    let bytes = Book::new().sheet_xml(
        "Sheet1",
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c t="str"><v>abcd</v></c></row><row r="2"><c t="str"><v>wxyz</v></c></row><row r="3"><c><v>1</v></c></row></sheetData></worksheet>"#,
    );
    let bytes = bytes.build();
    let read = |set: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        set(&mut limits);
        let source = Source::from_bytes(bytes.clone(), &limits)?;
        Workbook::open(source, OpenOptions::default().with_limits(limits))?
            .read(&ReadOptions::default())
    };
    let file_bytes = bytes.len() as u64;
    let cases: [(&str, Set<'_>, u64); 4] = [
        (
            "max_file_bytes",
            &|limits, n| limits.max_file_bytes = n,
            file_bytes,
        ),
        ("max_cell_bytes", &|limits, n| limits.max_cell_bytes = n, 4),
        ("max_rows", &|limits, n| limits.max_rows = n, 2),
        ("max_cells", &|limits, n| limits.max_cells = n, 2),
    ];
    for (name, set, at) in cases {
        assert!(read(&|limits| set(limits, at)).is_ok(), "{name} at {at}");
        let error = read(&|limits| set(limits, at - 1)).unwrap_err();
        let ErrorKind::Limit {
            name: found,
            limit,
            actual,
        } = error.kind()
        else {
            panic!("{name}: {error}")
        };
        assert_eq!((*found, *limit, *actual > *limit), (name, at - 1, true));
    }
}

#[test]
fn a_pulled_token_ends_the_read() {
    let (limits, cancel) = (Limits::default(), CancelToken::new());
    let bytes = sheetlift_fixtures::inventory::clean_inventory();
    let source = Source::from_bytes(bytes, &limits).unwrap();
    let workbook = Workbook::open(
        source,
        OpenOptions::default()
            .with_limits(limits)
            .with_cancel(cancel.clone()),
    )
    .unwrap();
    let mut rows = workbook.rows(&ReadOptions::default()).unwrap();
    cancel.cancel();
    let error = rows.hold().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
}

/// Strings are read by several workers: the first damage counts, and what follows the end of the strings does not.
#[test]
fn strings_are_those_of_one_thread() {
    let items = |broken: &[usize]| -> String {
        let item = |at: usize| match broken.contains(&at) {
            true => format!("<si><t>broken {at}</si>"),
            false => format!("<si><t>a string, number {at}</t></si>"),
        };
        (0..20_000).map(item).collect()
    };
    let rows: String = (0..20_000)
        .map(|at| format!("<row><c t=\"s\"><v>{at}</v></c></row>"))
        .collect();
    let read = |items: &str, threads: usize| {
        let book = Book::new().sheet("Sheet1", &rows).strings_xml(items);
        let workbook = Workbook::from_bytes(book.build()).unwrap();
        let types = vec![("a string, number 0".to_owned(), ColumnKind::Text)];
        // Without types the sheet is held, with them it is given as it comes.
        [Vec::new(), types].map(|types| {
            let mut options = ReadOptions::default().with_threads(threads);
            options.types = types;
            let table = workbook.table(&options)?.read_all()?;
            Ok::<_, sheetlift_core::Error>(table.batches)
        })
    };
    for broken in [&[][..], &[9_000, 15_000], &[19_999], &[7, 8]] {
        let items = items(broken);
        let expected = read(&items, 1);
        for threads in [2, 4] {
            for (expected, found) in expected.iter().zip(read(&items, threads)) {
                match (expected, found) {
                    (Ok(expected), Ok(found)) => assert_eq!(*expected, found),
                    (Err(expected), Err(found)) => {
                        assert_eq!(expected.to_string(), found.to_string());
                    }
                    (expected, found) => panic!("{broken:?}: {expected:?}, {found:?}"),
                }
            }
        }
        assert_eq!(expected[0].is_err(), !broken.is_empty());
    }
}

/// Rows of elements that are not ours, behind the last row of the sheet, are not read, wherever chunks are cut.
#[test]
fn what_follows_the_rows_is_not_read() {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let row = |number: usize| format!("<row r=\"{number}\"><c r=\"A{number}\"><v>1</v></c></row>");
    for rows in [0, 1, 7, 100] {
        let ours: String = (1..=rows).map(row).collect();
        let others: String = (200..300).map(row).collect();
        let xml = format!(
            "<worksheet xmlns=\"{MAIN}\"><sheetData>{ours}</sheetData><extLst><ext>{others}</ext></extLst></worksheet>"
        );
        let workbook = Workbook::from_bytes(Book::new().sheet_xml("a", &xml).build()).unwrap();
        for threads in [1, 3] {
            let mut options = ReadOptions::default().with_threads(threads);
            options.header = HeaderRow::None;
            let table = workbook.table(&options).unwrap().read_all().unwrap();
            assert_eq!(table.num_rows(), rows, "{threads} threads");
        }
    }
}

/// Few bytes that ask for many cells: the nulls above a wide row are not kept, and its cells stay what they are.
#[test]
fn nulls_above_a_wide_row() {
    const COLUMNS: usize = 700;
    let narrow = |row: usize| format!("<row r=\"{row}\"><c><v>1</v></c></row>");
    let ladder: String = (0..12).map(|step| narrow(1 + step * 256)).collect();
    let cell = |at: usize| match at % 3 {
        0 => format!("<c><v>{at}</v></c>"),
        1 => format!("<c t=\"str\"><v>text {at}</v></c>"),
        _ => "<c/>".to_owned(),
    };
    let wide: String = (0..COLUMNS).map(cell).collect();
    let after = narrow(3_002);
    let rows = format!("{ladder}<row r=\"3001\">{wide}</row>{after}");
    let mut options = ReadOptions::default();
    options.header = HeaderRow::None;
    let table = workbook(&rows).table(&options).unwrap().read_all().unwrap();
    assert_eq!(table.num_rows(), 3_002);
    let batch = &table.batches[0];
    let filled: usize = batch
        .columns()
        .iter()
        .map(|column| 3_002 - column.null_count())
        .sum();
    assert_eq!(filled, 12 + COLUMNS.div_ceil(3) + 233 + 1);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(3_001), 1);
    assert_eq!(
        batch
            .column_by_name("column_D")
            .unwrap()
            .as_primitive::<Int64Type>()
            .value(3_000),
        3
    );
    let last = batch.column_by_name("column_ZX").unwrap();
    assert_eq!(last.as_primitive::<Int64Type>().value(3_000), 699);
    let text = batch.column_by_name("column_ZV").unwrap();
    assert_eq!((text.null_count(), text.len()), (3_001, 3_002));
    assert_eq!(text.data_type(), &arrow_schema::DataType::Utf8View);
    assert_eq!(text.as_string_view().value(3_000), "text 697");
}

/// Rows out of order and far cells: a piece for each row, which holds its cells and no more.
#[test]
fn lone_cells_far_out() {
    let rows: String = (0..3_000)
        .rev()
        .map(|row| {
            format!(
                "<row r=\"{0}\"><c r=\"XFD{0}\"><v>{0}</v></c></row>",
                row * 300 + 1
            )
        })
        .collect();
    let mut options = ReadOptions::default();
    options.header = HeaderRow::None;
    options.blank_rows = false;
    let table = workbook(&rows).table(&options).unwrap().read_all().unwrap();
    assert_eq!((table.num_rows(), table.schema.fields().len()), (3_000, 1));
    let column = table.batches[0].column(0).as_primitive::<Int64Type>();
    assert_eq!((column.value(0), column.value(2_999)), (1, 2_999 * 300 + 1));
}

#[test]
fn columns_have_a_limit() {
    let workbook = |columns: u64| {
        let limits = {
            let mut limits = Limits::default();
            limits.max_columns = columns;
            limits
        };
        let bytes = Book::new().sheet(
            "a",
            "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>1</v></c></row>",
        );
        let source = Source::from_bytes(bytes.build(), &limits).unwrap();
        Workbook::open(source, OpenOptions::default().with_limits(limits))
            .unwrap()
            .table(&ReadOptions::default())
    };
    assert!(workbook(2).is_ok());
    let Err(error) = workbook(1) else {
        panic!("one column too many")
    };
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Limit {
                name: "max_columns",
                ..
            }
        ),
        "{error}"
    );
}

/// `a` and `b` in row 1, which comes last, and twice.
fn in_disorder() -> Workbook {
    workbook(
        r#"<row r="3"><c r="A3"><v>3</v></c><c r="B3"><v>30</v></c></row>
        <row r="1"><c r="A1" t="str"><v>a</v></c></row>
        <row r="2"><c r="A2"><v>2</v></c><c r="B2"><v>20</v></c></row>
        <row r="1"><c r="B1" t="str"><v>b</v></c></row>"#,
    )
}

#[test]
fn the_header_is_the_first_row_of_the_sheet_wherever_it_is_in_the_file() {
    let table = ["a: 2 3", "b: 20 30"];
    for header in [HeaderRow::First, HeaderRow::At(0)] {
        let options = ReadOptions::default().with_header(header);
        assert_eq!(
            shown(&in_disorder().read(&options).unwrap()),
            table,
            "{header:?}"
        );
    }
    let options = ReadOptions::default().with_header(HeaderRow::Rows { first: 0, last: 1 });
    let joined = shown(&in_disorder().read(&options).unwrap());
    assert_eq!(joined, ["a 2: 3", "b 20: 30"]);
    let options = ReadOptions::default().with_columns(["b"]);
    assert_eq!(shown(&in_disorder().read(&options).unwrap()), [table[1]]);
}

/// The look at the first rows ends long before the row that comes late.
#[test]
fn a_header_that_comes_late_is_found_in_a_large_sheet_too() {
    let row =
        |row: u32| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"str\"><v>v{row}</v></c></row>");
    let rows: String = (1..=5_000).rev().map(row).collect();
    for threads in [1, 3] {
        let options = ReadOptions::default().with_threads(threads);
        let table = workbook(&rows).read(&options).unwrap();
        assert_eq!(table.schema.field(0).name(), "v1");
        assert_eq!(table.num_rows(), 4_999);
    }
    // Rows that are given as they come cannot be put in order.
    let mut reader = workbook(&rows).rows(&ReadOptions::default()).unwrap();
    let error = std::iter::from_fn(|| Some(reader.next_window())).find_map(Result::err);
    assert_eq!(error.unwrap().code(), "sheet/out-of-order");
}

#[test]
fn a_header_row_that_is_not_there_is_an_error() {
    let options = ReadOptions::default().with_header(HeaderRow::At(98));
    let error = items().read(&options).unwrap_err();
    assert_eq!(error.code(), "header/not-found");
    assert!(error.message().contains("no row 99"), "{error}");
}
