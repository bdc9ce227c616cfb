//! Messy layouts as people send them, each as a workbook and as a text file: where the header is, which column is which field,
//! how many rows there are; or what is asked instead.

use std::fmt::Write as _;

use sheetlift::{Contract, Job};
use sheetlift_fixtures::{Book, forge::escape};

const FIELDS: &str = r#"
schema:
  fieldsMatch: subset
  fields:
    - {name: sku, constraints: {required: true}, sheetlift: {match: {aliases: [Item Code, Artikel]}}}
    - {name: name, constraints: {required: true}, sheetlift: {match: {aliases: [Bezeichnung]}}}
    - {name: unit price, type: number, sheetlift: {match: {aliases: [Preis]}}}
    - {name: quantity, type: integer, sheetlift: {match: {aliases: [Menge, Stock on hand]}}}
    - {name: supplier, sheetlift: {match: {aliases: [Lieferant]}}}
"#;

/// A layout, and what becomes of it.
struct Layout {
    name: &'static str,
    /// Rows by line, cells by `|`; `_` is a blank cell.
    rows: &'static str,
    /// `sheetlift:` of the contract, in flow style.
    extension: &'static str,
    expected: Expected,
}

enum Expected {
    /// Rows of the header from 1 (two for joined ones), columns of sku, name, unit price, quantity and supplier (`-` where there is
    /// none), rows accepted and rejected.
    Table(&'static [u32], &'static str, u64, u64),
    /// The code of the finding that asks.
    Asks(&'static str),
}

use Expected::{Asks, Table};

const LAYOUTS: &[Layout] = &[
    Layout {
        name: "plain",
        rows: "sku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\nA2|Nut|2|4|Acme",
        extension: "{}",
        expected: Table(&[1], "ABCDE", 2, 0),
    },
    Layout {
        name: "a title above",
        rows: "Stock list\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[2], "ABCDE", 1, 0),
    },
    Layout {
        name: "a title, a date and a blank row above",
        rows: "Stock list\nPrinted:|2024-02-29|_|by|Eve\n_\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[4], "ABCDE", 1, 0),
    },
    Layout {
        name: "an address block above, as wide as the table",
        rows: "Acme Ltd|12 High Street|Leeds|LS1|UK\nPhone|0113 1|Fax|0113 2|_\nCustomer|77|Order|88|Open\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[4], "ABCDE", 1, 0),
    },
    Layout {
        name: "a title that is a field",
        rows: "name|Northern store\n_\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[3], "ABCDE", 1, 0),
    },
    Layout {
        name: "a year above",
        rows: "2024\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[2], "ABCDE", 1, 0),
    },
    Layout {
        name: "a long preamble",
        rows: "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[21], "ABCDE", 1, 0),
    },
    Layout {
        name: "two rows, the upper one filled where the lower is not",
        rows: "sku|name|unit|quantity|supplier\n_|_|price|_|_\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[1, 2], "ABCDE", 1, 0),
    },
    Layout {
        name: "two rows with a group, below a title",
        rows: "Stock list\n_|_|unit|Stock|_\nsku|name|price|on hand|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{match: {fuzzy: true}}",
        expected: Table(&[2, 3], "ABCDE", 1, 0),
    },
    Layout {
        name: "two rows that are named",
        rows: "sku|name|unit|quantity|supplier\n_|_|price|_|_\nA1|Bolt|1.5|3|Acme",
        extension: "{locate: {header: [1, 2]}}",
        expected: Table(&[1, 2], "ABCDE", 1, 0),
    },
    Layout {
        name: "blank columns on the left",
        rows: "_\n_|_|sku|name|unit price|quantity|supplier\n_|_|A1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[2], "CDEFG", 1, 0),
    },
    Layout {
        name: "blank columns in between",
        rows: "sku|_|name|unit price|_|_|quantity|supplier\nA1|_|Bolt|1.5|_|_|3|Acme",
        extension: "{}",
        expected: Table(&[1], "ACDGH", 1, 0),
    },
    Layout {
        name: "blank rows in between",
        rows: "sku|name|unit price|quantity|supplier\n_\nA1|Bolt|1.5|3|Acme\n_\n_\nA2|Nut|2|4|Acme",
        extension: "{}",
        expected: Table(&[1], "ABCDE", 2, 0),
    },
    Layout {
        name: "a total below, unsaid",
        rows: "sku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\nTotal|_|_|3|_",
        extension: "{}",
        expected: Table(&[1], "ABCDE", 1, 1),
    },
    Layout {
        name: "a total below that ends it",
        rows: "sku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\nTotal|_|_|3|_\nprinted by|Eve|_|_|_",
        extension: "{locate: {stop: {matching: '^(Total|Sum)'}}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "remarks behind a blank row",
        rows: "sku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\n_\nPrices without tax\nSubject to change",
        extension: "{locate: {stop: {blankRows: 1}}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "one blank row is none of the two that end it",
        rows: "Stock\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\n_\nA2|Nut|2|4|Acme\n_\n_\nremark",
        extension: "{locate: {stop: {blankRows: 2, matching: ^Sum}}}",
        expected: Table(&[2], "ABCDE", 2, 0),
    },
    Layout {
        name: "a second table below",
        rows: "sku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\n_\nsupplier|city\nAcme|Leeds",
        extension: "{locate: {stop: {blankRows: 1}}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "the header again on each page",
        rows: "Stock\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme\nsku|name|unit price|quantity|supplier\nA2|Nut|2|4|Acme",
        extension: "{}",
        expected: Table(&[2], "ABCDE", 2, 1),
    },
    Layout {
        name: "another order",
        rows: "supplier|quantity|unit price|name|sku\nAcme|3|1.5|Bolt|A1",
        extension: "{}",
        expected: Table(&[1], "EDCBA", 1, 0),
    },
    Layout {
        name: "other names, below a title",
        rows: "Lagerliste\nArtikel|Bezeichnung|Preis|Menge|Lieferant\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[2], "ABCDE", 1, 0),
    },
    Layout {
        name: "letter case and separators",
        rows: "SKU| Name |Unit_Price|QUANTITY|Supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "typing errors, below a title",
        rows: "Stock list\nsku|nane|unit prise|quantitiy|suplier\nA1|Bolt|1.5|3|Acme",
        extension: "{match: {fuzzy: {minScore: 0.7}}}",
        expected: Table(&[2], "ABCDE", 1, 0),
    },
    Layout {
        name: "typing errors that nobody allowed",
        rows: "Stock list\nsku|name|unit prise|quantity|suplier\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Asks("header/missing-field"),
    },
    Layout {
        name: "abbreviations",
        rows: "sku|name|unit price|Qty|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{match: {fuzzy: true}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "units in brackets",
        rows: "sku|name|unit price (EUR)|quantity [pcs]|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{match: {ignore: [brackets]}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "accents",
        rows: "sk\u{fa}|name|unit pr\u{ed}ce|quantity|suppli\u{e9}r\nA1|Bolt|1.5|3|Acme",
        extension: "{match: {ignore: [accents]}}",
        expected: Table(&[1], "ABCDE", 1, 0),
    },
    Layout {
        name: "columns of the sender's own",
        rows: "id|sku|name|checked by|unit price|quantity|supplier|remarks\n1|A1|Bolt|Eve|1.5|3|Acme|_",
        extension: "{}",
        expected: Table(&[1], "BCEFG", 1, 0),
    },
    Layout {
        name: "two prices",
        rows: "sku|name|unit price net|unit price gross|quantity|supplier\nA1|Bolt|1.5|1.8|3|Acme",
        extension: "{match: {fuzzy: {minScore: 0.6}}}",
        expected: Asks("header/ambiguous-match"),
    },
    Layout {
        name: "two spellings of one name",
        rows: "sku|name|Unit Price|unit_price|quantity|supplier\nA1|Bolt|1.5|1.8|3|Acme",
        extension: "{}",
        expected: Asks("header/ambiguous-match"),
    },
    Layout {
        name: "a name twice",
        rows: "Stock\nsku|name|unit price|quantity|quantity|supplier\nA1|Bolt|1.5|3|4|Acme",
        extension: "{}",
        expected: Asks("header/duplicate"),
    },
    Layout {
        name: "two languages, below a title",
        rows: "Stock list / Lagerliste\nsku|name|unit price|quantity|supplier\nArtikel|Bezeichnung|Preis|Menge|Lieferant\nA1|Bolt|1.5|3|Acme",
        extension: "{}",
        expected: Asks("header/ambiguous-match"),
    },
    Layout {
        name: "something else altogether",
        rows: "Dear Sir or Madam,\nplease find our prices attached.\nKind regards|Eve",
        extension: "{}",
        expected: Asks("header/missing-field"),
    },
    Layout {
        name: "turned on its side",
        rows: "sku|A1|A2\nname|Bolt|Nut\nunit price|1.5|2\nquantity|3|4\nsupplier|Acme|Acme",
        extension: "{}",
        expected: Asks("header/missing-field"),
    },
    Layout {
        name: "a header row that is named wins over a better one",
        rows: "sku|name|price|number|from\nsku|name|unit price|quantity|supplier\nA1|Bolt|1.5|3|Acme",
        extension: "{locate: {header: 1}}",
        expected: Asks("header/missing-field"),
    },
];

#[test]
fn there_are_at_least_25() {
    assert!(LAYOUTS.len() >= 25);
}

#[test]
fn layouts_of_workbooks() {
    for layout in LAYOUTS {
        let grid = grid(layout.rows);
        let mut rows = String::new();
        for (row, cells) in grid.iter().enumerate() {
            let _ = write!(rows, r#"<row r="{}">"#, row + 1);
            for (column, cell) in cells
                .iter()
                .enumerate()
                .filter(|(_, cell)| !cell.is_empty())
            {
                let at = format!("{}{}", (b'A' + column as u8) as char, row + 1);
                let _ = match cell.parse::<f64>() {
                    Ok(number) => write!(rows, r#"<c r="{at}"><v>{number}</v></c>"#),
                    Err(_) => write!(rows, r#"<c r="{at}" t="str"><v>{}</v></c>"#, escape(cell)),
                };
            }
            rows.push_str("</row>");
        }
        hold(
            layout,
            Job::from_bytes(Book::new().sheet("S", &rows).build(), "a.xlsx").unwrap(),
        );
    }
}

#[test]
fn layouts_of_text_files() {
    for layout in LAYOUTS {
        let grid = grid(layout.rows);
        let width = grid.iter().map(Vec::len).max().unwrap_or(0);
        let lines = grid.iter().map(|cells| {
            let mut cells = cells.clone();
            cells.resize(width, "");
            cells.join(";")
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        hold(layout, Job::from_bytes(text.into_bytes(), "a.csv").unwrap());
    }
}

fn grid(rows: &'static str) -> Vec<Vec<&'static str>> {
    let cell = |cell: &'static str| if cell == "_" { "" } else { cell };
    rows.lines()
        .map(|row| row.split('|').map(cell).collect())
        .collect()
}

fn hold(layout: &Layout, job: Job) {
    let contract = format!("{FIELDS}\nsheetlift: {}", layout.extension);
    let contract: Contract = contract.parse().unwrap();
    assert_eq!(
        contract.to_json().to_string().parse::<Contract>().unwrap(),
        contract
    );
    let job = job.with_contract(contract.clone());
    let name = format!(
        "{} ({})",
        layout.name,
        job.source().name().unwrap_or_default()
    );
    let report = job.validate().unwrap();
    let findings = || format!("{name}: {:#?}", report.findings);
    match layout.expected {
        Asks(code) => {
            assert!(report.blocked, "{}", findings());
            assert!(
                report.findings.iter().any(|finding| finding.code == code),
                "{}",
                findings()
            );
        }
        Table(header, columns, accepted, rejected) => {
            assert!(!report.blocked, "{}", findings());
            let last = job.check().unwrap().header().row.map(|row| row + 1);
            assert_eq!(last, header.last().copied(), "{name}");
            let found: String = contract
                .fields
                .iter()
                .map(|field| {
                    let of_field = |mapped: &&sheetlift::Mapped| mapped.field == field.name;
                    report
                        .mapping
                        .iter()
                        .find(of_field)
                        .map_or("-", |mapped| &mapped.column)
                })
                .collect();
            assert_eq!(found, columns, "{}", findings());
            let rows = (report.rows.accepted, report.rows.rejected);
            assert_eq!(rows, (accepted, rejected), "{}", findings());
        }
    }
}

#[test]
fn the_header_that_was_found_is_loaded_from() {
    let text = "Stock list;;;;\nsku;name;unit price;quantity;supplier\nA1;Bolt;1.5;3;Acme\n";
    let contract = format!("{FIELDS}\nsheetlift: {{load: {{table: stock, key: sku}}}}");
    let contract: Contract = contract.parse().unwrap();
    let job = Job::from_bytes(text.as_bytes().to_vec(), "a.csv").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sink =
        sheetlift::connect(&format!("sqlite:{}", folder.path().join("t.db").display())).unwrap();
    let report = job
        .with_contract(contract)
        .load(
            &*sink,
            &sheetlift::LoadOptions::default().with_create_table(true),
        )
        .unwrap();
    assert_eq!(report.load.unwrap().inserted, 1);
}
