//! Proposed contracts: what is in them, and that they accept the file they come from.

use proptest::prelude::*;
use serde_json::{Value, json};
use sheetlift::{Contract, InferOptions, Job, ReadOptions};
use sheetlift_fixtures::{Book, Expect, Format, inventory, manifest};

/// Two columns with the same label cannot be told apart by name.
fn has_twins(contract: &Contract) -> bool {
    let label = |field: &sheetlift::Field| {
        let label = field.aliases.first().map_or(&*field.name, String::as_str);
        label.to_lowercase().replace(['_', '-', ' '], "")
    };
    let mut labels: Vec<String> = contract.fields.iter().map(label).collect();
    labels.sort();
    labels.windows(2).any(|pair| pair[0] == pair[1])
}

/// What the contract of a file has to say against the file, which is nothing.
fn complaint(job: &Job, options: &InferOptions) -> Option<String> {
    let contract = match job.infer_contract_with(options) {
        Ok(contract) => contract,
        Err(error) => return (error.code() != "sheet/empty").then(|| error.to_string()),
    };
    let text = contract.to_json().to_string();
    let read_back: Contract = match text.parse() {
        Ok(read_back) => read_back,
        Err(error) => return Some(format!("{error}: {text}")),
    };
    if read_back != contract {
        return Some(format!("is another one when it is read back: {text}"));
    }
    match job.clone().with_contract(contract).validate() {
        Ok(report) if report.rows.rejected > 0 || report.rows.accepted != report.rows.read => {
            Some(format!("{:?}: {text}", report.findings))
        }
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn a_contract_accepts_the_fixture_it_comes_from() {
    let mut wrong = Vec::new();
    for fixture in manifest() {
        if let Expect::Error(_) = fixture.expect {
            continue;
        }
        let name = format!("{}.{}", fixture.name, fixture.extension);
        let job = Job::from_bytes((fixture.bytes)(), &name).unwrap();
        for options in [
            InferOptions::default(),
            InferOptions::default().with_ranges(true),
        ] {
            let twins = |contract: Contract| has_twins(&contract);
            if job.infer_contract().is_ok_and(twins) {
                continue;
            }
            if let Some(complaint) = complaint(&job, &options) {
                wrong.push(format!("{name}: {complaint}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The rows of a text file, for a look at what is proposed.
fn rows(columns: &str, count: usize, row: impl Fn(usize) -> String) -> Job {
    let rows: String = (0..count).map(|at| row(at) + "\n").collect();
    Job::from_bytes(format!("{columns}\n{rows}"), "items.csv").unwrap()
}

fn fields(job: &Job, options: &InferOptions) -> Vec<Value> {
    let contract = job.infer_contract_with(options).unwrap();
    contract.to_json()["schema"]["fields"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn says_what_was_seen() {
    let job = rows("Sku,Unit,Zip,Mail,Price,Delta,Day,Note,Gap", 240, |at| {
        let unit = ["pcs", "kg", "m"][at % 3];
        let note = "long ".repeat(1 + at % 25);
        format!(
            "ABC-{at:07},{unit},{:05},a{at}@example.org,{}.5,{},2024-02-{:02},x{note}y,{}",
            at * 37,
            at,
            at as i64 - 100,
            1 + at % 29,
            if at == 3 { "" } else { "7" },
        )
    });
    let found = fields(&job, &InferOptions::default());
    let constraints = |at: usize| found[at]["constraints"].clone();
    assert_eq!(
        constraints(0),
        json!({"required": true, "unique": true, "pattern": "[A-Z]{3}-[0-9]{7}"})
    );
    assert_eq!(
        constraints(1),
        json!({"required": true, "enum": ["kg", "m", "pcs"]})
    );
    assert_eq!(
        constraints(2),
        json!({"required": true, "unique": true, "pattern": "[0-9]{5}"})
    );
    assert_eq!(found[3]["format"], "email");
    assert_eq!(constraints(4), json!({"required": true, "minimum": 0}));
    assert_eq!(constraints(5), json!({"required": true, "unique": true}));
    assert_eq!(constraints(6), json!({"required": true}));
    assert_eq!(constraints(7), json!({"required": true, "maxLength": 255}));
    assert_eq!(constraints(8), json!({"minimum": 0}));
    let said: Vec<&str> = found
        .iter()
        .map(|field| field["description"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "240 rows, 240 values, 11 characters",
            "240 rows, 3 values, 1 to 3 characters",
            "240 rows, 240 values, 5 characters",
            "240 rows, 240 values, 14 to 16 characters",
            "240 rows, 240 values, 0.5 to 239.5",
            "240 rows, 240 values, -100 to 139",
            "240 rows, 29 values, 2024-02-01 to 2024-02-29",
            "240 rows, 25 values, 7 to 127 characters",
            "240 rows, 1 without a value, 1 value, 7",
        ]
    );
    let found = fields(&job, &InferOptions::default().with_ranges(true));
    assert_eq!(
        found[4]["constraints"],
        json!({"required": true, "minimum": 0.5, "maximum": 239.5})
    );
    assert_eq!(
        found[6]["constraints"],
        json!({"required": true, "minimum": "2024-02-01", "maximum": "2024-02-29"})
    );
    assert_eq!(complaint(&job, &InferOptions::default()), None);
}

#[test]
fn few_rows_are_no_rule() {
    // Three values in 29 rows, and 20 codes: neither is enough.
    let job = rows("a,b", 29, |at| {
        format!("{},C{}", ["x", "y", "z"][at % 3], 10 + at % 20)
    });
    let found = fields(&job, &InferOptions::default());
    assert_eq!(
        found[0]["constraints"],
        json!({"required": true, "maxLength": 50})
    );
    assert_eq!(
        found[1]["constraints"],
        json!({"required": true, "maxLength": 50})
    );
    let job = rows("a,b", 30, |at| {
        format!("{},C{}", ["x", "y", "z"][at % 3], 10 + at % 21)
    });
    let found = fields(&job, &InferOptions::default());
    assert_eq!(found[0]["constraints"]["enum"], json!(["x", "y", "z"]));
    assert_eq!(found[1]["constraints"]["pattern"], "[A-Z][0-9]{2}");
    // One value more than are kept.
    let job = rows("a", 400, |at| format!("v{}", at % 20));
    assert_eq!(
        fields(&job, &InferOptions::default())[0]["constraints"]["enum"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    let job = rows("a", 420, |at| format!("w {}", at % 21));
    assert!(
        fields(&job, &InferOptions::default())[0]["constraints"]
            .get("enum")
            .is_none()
    );
}

#[test]
fn values_are_counted_up_to_a_thousand() {
    let said = |count: usize, values: usize| {
        let job = rows("a", count, |at| format!("{}", at % values));
        fields(&job, &InferOptions::default())[0]["description"].clone()
    };
    assert_eq!(said(1_500, 1_000), "1500 rows, 1000 values, 0 to 999");
    assert_eq!(
        said(1_500, 1_001),
        "1500 rows, more than 1000 values, 0 to 1000"
    );
    assert_eq!(said(1_500, 1_500), "1500 rows, 1500 values, 0 to 1499");
}

#[test]
fn the_comment_of_a_header_cell_is_its_description() {
    let relationships = r#"<Relationships><Relationship Id="a" Target="../comments1.xml"
        Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"/></Relationships>"#;
    let comments = r#"<comments><authors><author>Ann</author></authors><commentList>
        <comment ref="B3" authorId="0"><text><r><t>Ann:</t></r><r><t> net, in EUR </t></r></text></comment>
        <comment ref="A4" authorId="0"><text><t>a row</t></text></comment></commentList></comments>"#;
    let cell =
        |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let rows = format!(
        "<row r=\"3\">{}{}</row><row r=\"4\">{}<c r=\"B4\"><v>1.5</v></c></row>",
        cell("A3", "Item"),
        cell("B3", "Price"),
        cell("A4", "bolt"),
    );
    let bytes = Book::new()
        .sheet("Items", &rows)
        .part("xl/worksheets/_rels/sheet1.xml.rels", None, relationships)
        .part("xl/comments1.xml", None, comments)
        .build();
    let found = fields(
        &Job::from_bytes(bytes, "items.xlsx").unwrap(),
        &InferOptions::default(),
    );
    assert_eq!(found[0]["description"], "1 row, 1 value, 4 characters");
    assert_eq!(found[1]["description"], "net, in EUR");
    assert_eq!(found[1]["title"], "Price");
}

#[test]
fn numbers_shown_with_zeros_are_identifiers() {
    let text =
        |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let mut rows = format!(
        "<row r=\"1\">{}{}{}</row>",
        text("A1", "Zip"),
        text("B1", "Few"),
        text("C1", "Mixed")
    );
    for row in 2..30 {
        let style = if row == 9 { 0 } else { 1 };
        rows += &format!(
            "<row r=\"{row}\"><c r=\"A{row}\" s=\"1\"><v>{}</v></c><c r=\"B{row}\"><v>{row}</v></c>\
             <c r=\"C{row}\" s=\"{style}\"><v>{row}</v></c></row>",
            row * 1_000
        );
    }
    let bytes = Book::new()
        .formats(&[Format::Code("00000")])
        .sheet("S", &rows)
        .build();
    let job = Job::from_bytes(bytes, "x.xlsx").unwrap();
    let found = fields(&job, &InferOptions::default());
    assert_eq!(found[0]["type"], "string");
    assert_eq!(
        found[0]["constraints"],
        json!({"required": true, "unique": true, "pattern": "[0-9]{5}"})
    );
    assert_eq!(
        found[0]["sheetlift"]["read"],
        json!({"identifier": {"length": 5}})
    );
    assert_eq!(found[0]["description"], "28 rows, 28 values, 5 characters");
    assert_eq!(
        (&found[1]["type"], &found[2]["type"]),
        (&json!("integer"), &json!("integer"))
    );
    assert_eq!(complaint(&job, &InferOptions::default()), None);
}

#[test]
fn errors_of_formulas_are_warnings_then() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>n</t></is></c></row>\
        <row r=\"2\"><c r=\"A2\" t=\"e\"><v>#N/A</v></c></row><row r=\"3\"><c r=\"A3\"><v>-2</v></c></row>";
    let job = Job::from_bytes(Book::new().sheet("S", rows).build(), "x.xlsx").unwrap();
    let found = fields(&job, &InferOptions::default());
    assert_eq!(
        found[0]["sheetlift"]["levels"],
        json!({"cell/formula-error": "warning"})
    );
    assert_eq!(
        found[0]["description"],
        "2 rows, 1 without a value, 1 value, 1 error of a formula, -2"
    );
    assert_eq!(complaint(&job, &InferOptions::default()), None);
}

#[test]
fn where_it_was_read_is_in_the_contract() {
    let text = "title;\n;\nsku;qty\nA;1\nB;2\n";
    let mut csv = sheetlift::CsvOptions::default();
    csv.delimiter = Some(b';');
    let job = Job::from_bytes(text, "items.txt").unwrap().with_csv(csv);
    let job = job.with_read(ReadOptions::default().with_header(sheetlift::HeaderRow::At(2)));
    let contract = job.infer_contract().unwrap();
    let json = contract.to_json();
    assert_eq!(json["dialect"]["delimiter"], ";");
    assert_eq!(json["sheetlift"]["locate"]["header"], 3);
    let plain = Job::from_bytes(text, "items.txt")
        .unwrap()
        .with_contract(contract);
    let report = plain.validate().unwrap();
    assert_eq!((report.rows.accepted, report.rows.rejected), (2, 0));
}

#[test]
fn a_sheet_without_columns_is_told() {
    let job = Job::from_bytes(Book::new().sheet("S", "").build(), "x.xlsx").unwrap();
    assert_eq!(job.infer_contract().unwrap_err().code(), "sheet/empty");
}

/// The cells of one column: all of a kind, mostly.
fn column() -> impl Strategy<Value = Vec<String>> {
    let kind = prop_oneof![
        Just("[A-C]{2}-[0-9]{2}"),
        Just("0{0,2}[0-9]{1,3}"),
        Just("[0-9]{1,3}"),
        Just("-?[0-9]{1,3}\\.[0-9]{1,2}"),
        Just("pcs|kg|m"),
        Just("true|false"),
        Just("20[0-9]{2}-0[1-9]-[12][0-9]"),
        Just("[01][0-9]:[0-5][0-9]"),
        Just("[a-c]{1,3}@[a-c]{1,3}\\.org"),
        Just("[ a-zäß0-9.,;:/'-]{0,12}"),
        Just("\\PC{0,6}"),
    ];
    let cells = |kind: &'static str| {
        let cell = prop_oneof![8 => kind, 1 => Just(String::new()), 1 => Just("  ".to_owned())];
        prop_oneof![
            prop::collection::vec(kind, 40),
            prop::collection::vec(cell, 40)
        ]
    };
    kind.prop_flat_map(cells)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_contract_accepts_the_sheet_it_comes_from(
        columns in prop::collection::vec(column(), 1..5),
        rows in 0usize..40,
        ranges: bool,
    ) {
        let options = InferOptions::default().with_ranges(ranges);
        let header = || (0..columns.len()).map(|at| format!("Column {at}"));
        let mut lines = vec![header().collect::<Vec<_>>().join(",")];
        for row in 0..rows {
            let cells: Vec<String> = columns.iter().map(|column| quoted(&column[row])).collect();
            lines.push(cells.join(","));
        }
        let job = Job::from_bytes(lines.join("\n"), "items.csv").unwrap();
        prop_assert_eq!(complaint(&job, &options), None);

        // As a workbook: what looks like a number is one, and every fifth column has dates and errors.
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace(']', "&#93;");
        let cell = |text: &str, at: usize| match text.parse::<f64>() {
            Ok(number) if number.is_finite() && at.is_multiple_of(2) => format!("<c s=\"{}\"><v>{number}</v></c>", at % 3),
            _ if text.starts_with("pcs") && at % 4 == 1 => "<c t=\"e\"><v>#N/A</v></c>".to_owned(),
            _ => format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escaped(text)),
        };
        let mut xml = format!("<row>{}</row>", header().map(|text| cell(&text, 1)).collect::<String>());
        for row in 0..rows {
            let cells: String = columns.iter().enumerate().map(|(at, column)| cell(&column[row], at)).collect();
            xml += &format!("<row>{cells}</row>");
        }
        let bytes = Book::new().formats(&[Format::Builtin(14), Format::Builtin(21)]).sheet("S", &xml).build();
        let job = Job::from_bytes(bytes, "items.xlsx").unwrap();
        prop_assert_eq!(complaint(&job, &options), None);
    }
}

#[test]
fn the_inventory_has_an_enum_and_patterns() {
    let job = Job::from_bytes(inventory::clean_inventory(), "items.xlsx").unwrap();
    let contract = job.infer_contract().unwrap();
    let has = |name: &str| {
        let field = &contract.fields[contract.field_index(name).unwrap()];
        (
            !field.constraints.enumeration.is_empty(),
            field.constraints.pattern.is_some(),
        )
    };
    assert_eq!(has("category"), (true, false));
    assert_eq!(has("item_code"), (false, true));
    assert_eq!(has("ean"), (false, true));
}
