//! `sheetlift.read` of a contract, from files: the same table as csv and as xlsx, with shared and with inline strings.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::common::job;
use arrow_array::RecordBatch;
use arrow_cast::display::array_value_to_string;
use sheetlift::{Contract, Job, Report};
use sheetlift_fixtures::{
    Book, Format,
    forge::{escape, worksheet},
};

/// A table of texts as a sheet; numbers go where a text is `#42` (General) or `#42@` (format 00000000).
fn xlsx(rows: &[Vec<String>], shared: bool) -> Vec<u8> {
    let (mut strings, mut xml) = (Vec::new(), String::new());
    let mut known = HashMap::new();
    for (at, cells) in rows.iter().enumerate() {
        xml += &format!("<row r=\"{}\">", at + 1);
        for (text, column) in cells.iter().zip('A'..).filter(|(text, _)| !text.is_empty()) {
            let place = format!("r=\"{column}{}\"", at + 1);
            if let Some(number) = text.strip_prefix('#') {
                let (number, style) = match number.strip_suffix('@') {
                    Some(number) => (number, 1),
                    None => (number, 0),
                };
                xml += &format!("<c {place} s=\"{style}\"><v>{number}</v></c>");
            } else if shared {
                let known = *known.entry(text).or_insert_with(|| {
                    strings.push(text.as_str());
                    strings.len() - 1
                });
                xml += &format!("<c {place} t=\"s\"><v>{known}</v></c>");
            } else {
                let text = escape(text);
                xml += &format!(
                    "<c {place} t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
                );
            }
        }
        xml += "</row>";
    }
    let book = Book::new().formats(&[Format::Code("00000000")]);
    book.strings(&strings)
        .sheet_xml("Items", &worksheet(&xml))
        .build()
}

/// The same as csv, where there are no numbers.
fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let line = |cells: &Vec<String>| {
        let cells = cells
            .iter()
            .map(|text| format!("\"{}\"", text.trim_matches(['#', '@'])));
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    rows.iter().map(line).collect::<String>().into_bytes()
}

/// The accepted rows, and the report.
fn read(job: Job, contract: &str) -> (Vec<String>, Report) {
    let contract: Contract = contract
        .parse()
        .unwrap_or_else(|error| panic!("{contract}: {error}"));
    let found = Arc::new(Mutex::new(Vec::new()));
    let report = job
        .with_contract(contract)
        .validate_to(|batch: &RecordBatch, numbers: &[u32]| {
            for (row, number) in numbers.iter().enumerate() {
                let values = batch
                    .columns()
                    .iter()
                    .map(|column| array_value_to_string(column, row).unwrap());
                found.lock().unwrap().push(format!(
                    "{}: {}",
                    number + 1,
                    values.collect::<Vec<_>>().join("|")
                ));
            }
            Ok(())
        });
    let report = report.unwrap();
    let found = found.lock().unwrap().clone();
    (found, report)
}

fn table(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| row.iter().map(|text| (*text).to_owned()).collect())
        .collect()
}

/// The table in every form.
fn files(rows: &[Vec<String>]) -> Vec<(&'static str, Job)> {
    vec![
        ("shared", job(xlsx(rows, true))),
        ("inline", job(xlsx(rows, false))),
        ("csv", Job::from_bytes(csv(rows), "items.csv").unwrap()),
    ]
}

const CONTRACT: &str = "
schema:
  fields:
    - {name: sku, constraints: {unique: true}, sheetlift: {read: {case: upper}}}
    - {name: unit, constraints: {enum: [pcs, kg]}, sheetlift: {read: {map: {Stk.: pcs}}, check: {enumIgnoreCase: true}}}
    - {name: price, type: number}
    - {name: stock, type: integer, sheetlift: {default: 0}}
    - {name: sold, type: date, sheetlift: {read: {dateOrder: infer}}}
sheetlift:
  read: {trim: true, number: {decimal: ',', group: '.', negative: accounting, currency: [€]}}
";

#[test]
fn a_table_of_another_country_is_read_as_it_was_meant() {
    let rows = table(&[
        &["sku", "unit", "price", "stock", "sold"],
        &[" a-1", "Stk.", "1.234,50 €", "1.000", "03/04/2024"],
        &["A-2 ", "KG", "(5)", "", "13/04/2024"],
        &["A-3", "kg", "0,5", "7", ""],
    ]);
    for (form, job) in files(&rows) {
        let (found, report) = read(job, CONTRACT);
        assert_eq!(
            found,
            [
                "2: A-1|pcs|1234.5|1000|2024-04-03",
                "3: A-2|kg|-5.0|0|2024-04-13",
                "4: A-3|kg|0.5|7|"
            ],
            "{form}: {:#?}",
            report.findings
        );
        let counts = report.counts.by_code.iter();
        let counts: Vec<(&str, u64)> = counts
            .map(|(code, count)| (code.as_str(), *count))
            .collect();
        assert_eq!(
            counts,
            [
                ("info/value-defaulted", 1),
                ("info/value-mapped", 3),
                ("info/value-trimmed", 2)
            ],
            "{form}"
        );
    }
}

#[test]
fn texts_are_rewritten_in_every_window() {
    let contract = "fields: [{name: unit, sheetlift: {read: {trim: true, map: {Stk: pieces as they are counted}}}}, {name: n, type: integer}]";
    let mut rows = table(&[&["unit", "n"]]);
    let words = [
        "kg",
        " kg",
        "Stk",
        "Stk ",
        "a unit that nobody has heard of",
    ];
    rows.extend((0..17_000).map(|n| vec![words[n % 5].to_owned(), format!("#{n}")]));
    for (form, job) in files(&rows) {
        let (found, report) = read(job, contract);
        assert_eq!(found.len(), 17_000, "{form}");
        for (n, row) in found.iter().enumerate() {
            let text = [
                "kg",
                "kg",
                "pieces as they are counted",
                "pieces as they are counted",
                words[4],
            ][n % 5];
            assert_eq!(*row, format!("{}: {text}|{n}", n + 2), "{form}");
        }
        assert_eq!(
            (report.counts.infos, report.counts.errors),
            (13_600, 0),
            "{form}"
        );
        assert_eq!(report.counts.by_code["info/value-mapped"], 6_800, "{form}");
        assert_eq!(report.counts.by_code["info/value-trimmed"], 6_800, "{form}");
    }
}

#[test]
fn foreign_keys_see_what_was_read_on_both_sides() {
    let contract = "---\n{schema: {fields: [{name: sku}, {name: parent, sheetlift: {default: A-1}}], foreignKeys: [{fields: parent, reference: {resource: '', fields: sku}}]}, sheetlift: {read: {trim: true, case: upper}}}";
    let rows = table(&[
        &["sku", "parent"],
        &["a-1 ", ""],
        &["A-2", " a-1"],
        &["a-3", "a-2"],
        &["", "a-9"],
    ]);
    for (form, job) in files(&rows) {
        let (found, report) = read(job, contract);
        assert_eq!(found, ["2: A-1|A-1", "3: A-2|A-1", "4: A-3|A-2"], "{form}");
        assert_eq!(report.counts.by_code["ref/not-found"], 1, "{form}");
    }
}

#[test]
fn what_was_done_is_listed_as_far_as_faults_leave_room() {
    let contract =
        "fields: [{name: unit, sheetlift: {read: {trim: true}}}, {name: n, type: integer}]";
    let listed = |max: usize, keep: bool| {
        let mut rows = table(&[&["unit", "n"]]);
        rows.extend((0..30).map(|n| {
            vec![
                " kg".to_owned(),
                if n % 10 == 9 { "x" } else { "1" }.to_owned(),
            ]
        }));
        let job = Job::from_bytes(csv(&rows), "items.csv")
            .unwrap()
            .with_max_findings(max);
        let contract: Contract = contract.parse().unwrap();
        let report = job
            .with_contract(contract)
            .with_all_findings_kept(keep)
            .validate()
            .unwrap();
        assert_eq!(report.findings.len() as u64 + report.findings_omitted, 33);
        let places = report
            .findings
            .iter()
            .map(|finding| finding.cell().unwrap());
        places.collect::<Vec<_>>().join(" ")
    };
    for keep in [false, true] {
        assert_eq!(listed(5, keep), "A2 A3 B11 B21 B31");
        assert_eq!(listed(2, keep), "B11 B21");
        assert_eq!(listed(100, keep).split(' ').count(), 33);
    }
}

#[test]
fn identifiers_have_their_zeros_or_are_told_to_have_lost_them() {
    let contract = "fields: [{name: gtin, sheetlift: {read: {identifier: {length: 8}}}}]";
    let rows = table(&[
        &["gtin"],
        &["#42@"],
        &["00000043"],
        &["#12345678"],
        &["#44"],
    ]);
    for shared in [true, false] {
        let (found, report) = read(job(xlsx(&rows, shared)), contract);
        assert_eq!(found, ["2: 00000042", "3: 00000043", "4: 12345678"]);
        let finding = &report.findings[0];
        assert_eq!(
            (&*finding.code, finding.row),
            ("cell/leading-zero-lost", Some(5))
        );
        assert_eq!(finding.suggestion.as_deref(), Some("00000044"));
    }
    // In a text file nothing shows zeros but zeros.
    let (found, report) = read(Job::from_bytes(csv(&rows), "items.csv").unwrap(), contract);
    assert_eq!(found, ["3: 00000043", "4: 12345678"]);
    assert_eq!(report.findings.len(), 2);
}

/// Days of a month that can be read in two ways, with another date at the end; more rows than a window has.
fn dates(last: &[&str]) -> Vec<Vec<String>> {
    let mut rows = table(&[&["day", "n"]]);
    rows.extend((0..16_500).map(|n| {
        vec![
            format!("0{}/0{}/2024", n % 8 + 1, n % 7 + 1),
            format!("#{n}"),
        ]
    }));
    rows.extend(
        last.iter()
            .map(|date| vec![(*date).to_owned(), "#1".to_owned()]),
    );
    rows
}

const DATES: &str = "fields: [{name: day, type: date, sheetlift: {read: {dateOrder: infer}}}, {name: n, type: integer}]";

#[test]
fn the_order_of_dates_is_known_before_the_first_row_is_checked() {
    let rows = dates(&["31/12/2024"]);
    for (form, job) in files(&rows) {
        let (found, report) = read(job, DATES);
        assert_eq!(found.len(), 16_501, "{form}");
        assert!(report.is_clean(), "{form}: {:?}", report.findings);
        assert_eq!(
            (&*found[1], &*found[9]),
            ("3: 2024-02-02|1", "11: 2024-03-02|9"),
            "{form}"
        );
    }
    let (found, _) = read(job(xlsx(&dates(&["12/31/2024"]), true)), DATES);
    assert_eq!(found[9], "11: 2024-02-03|9");
}

#[test]
fn dates_that_say_nothing_or_two_things_are_refused() {
    for (last, why, accepted) in [
        (
            &["31/12/2024", "12/31/2024"][..],
            "A16502 (\"31/12/2024\") has the day first, A16503 (\"12/31/2024\") the month first",
            2,
        ),
        (&[], "A3 (\"02/02/2024\")", 0),
    ] {
        for (form, job) in files(&dates(last)) {
            let (_, report) = read(job, DATES);
            let column = &report.findings[0];
            assert_eq!(
                (&*column.code, column.row),
                ("cell/date-ambiguous", None),
                "{form}"
            );
            if !last.is_empty() {
                assert!(column.message.contains(why), "{form}: {}", column.message);
            }
            // The same number for day and month has one reading.
            let same = (0..16_500).filter(|n| n % 8 == n % 7).count() as u64;
            assert_eq!(report.rows.accepted, accepted + same, "{form}");
            assert_eq!(report.rows.rejected, 16_500 - same, "{form}");
        }
    }
}

#[test]
fn what_stands_below_the_table_is_not_surveyed() {
    let contract = format!(
        "---\n{{schema: {{{DATES}}}, sheetlift: {{locate: {{stop: {{matching: '^Total'}}}}}}}}"
    );
    let rows = table(&[
        &["day", "n"],
        &["03/04/2024", "#1"],
        &["31/12/2024", "#2"],
        &["Total", "#3"],
        &["12/31/2024", "#4"],
    ]);
    for (form, job) in files(&rows) {
        let (found, report) = read(job, &contract);
        assert_eq!(
            found,
            ["2: 2024-04-03|1", "3: 2024-12-31|2"],
            "{form}: {:?}",
            report.findings
        );
    }
}

#[test]
fn rows_in_any_order_are_surveyed_in_theirs() {
    // The last row stands first in the file.
    let sheet = |xml: String| {
        let last = xml.rfind("<row ").unwrap();
        let end = xml.rfind("</sheetData>").unwrap();
        let first = xml.find("<row r=\"2\"").unwrap();
        format!(
            "{}{}{}{}",
            &xml[..first],
            &xml[last..end],
            &xml[first..last],
            &xml[end..]
        )
        .into_bytes()
    };
    let rows = dates(&["31/12/2024"]);
    let mut xml = String::new();
    for (at, cells) in rows.iter().take(50).chain(rows.last()).enumerate() {
        let row = at + 1;
        xml += &format!("<row r=\"{row}\">");
        for (text, column) in cells.iter().zip('A'..) {
            xml += &match text.strip_prefix('#') {
                Some(number) => format!("<c r=\"{column}{row}\"><v>{number}</v></c>"),
                None => {
                    format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
                }
            };
        }
        xml += "</row>";
    }
    let book = Book::new()
        .sheet_xml("Items", &worksheet(&xml))
        .edit("xl/worksheets/sheet1.xml", sheet);
    let (found, report) = read(job(book.build()), DATES);
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((found.len(), &*found[9]), (50, "11: 2024-03-02|9"));
}
