//! Workbooks to fill in: where the header is, what is said, and that a contract finds its own.

use sheetlift::{Contract, Job, SheetRef, Visibility, template_xlsx};
use sheetlift_fixtures::inventory;

fn template(contract: &Contract) -> Job {
    Job::from_bytes(template_xlsx(contract).unwrap(), "template.xlsx").unwrap()
}

/// Sheets, by their names.
fn sheets(job: &Job) -> Vec<(String, bool)> {
    let workbook = job.workbook().unwrap();
    let sheets = workbook.sheets().iter();
    sheets
        .map(|sheet| (sheet.name.clone(), sheet.visibility == Visibility::Visible))
        .collect()
}

#[test]
fn a_contract_finds_the_header_of_its_template() {
    const FIELDS: &str = "schema: {fields: [{name: a, title: A, sheetlift: {match: {aliases: [A]}}}, {name: b, type: number}, {name: c, type: date}]}";
    let mut contracts: Vec<Contract> = [
        "",
        "sheetlift: {locate: {sheet: Items}}",
        "sheetlift: {locate: {sheet: Instructions}}",
        "sheetlift: {locate: {sheet: 3}}",
        "sheetlift: {locate: {header: 4}}",
        "sheetlift: {locate: {header: [2, 3]}}",
        "sheetlift: {locate: {header: false}}",
        "sheetlift: {locate: {range: 'C5:F90'}}",
        "sheetlift: {locate: {range: 'C5:F90', header: 7}}",
        "sheetlift: {locate: {table: tblItems}}",
        "dialect: {commentRows: [1, 3]}",
        "title: 'a/b: [x]?'",
        "title: Sheet",
    ]
    .iter()
    .map(|locate| format!("{FIELDS}\n{locate}").parse().unwrap())
    .collect();
    contracts.push(inventory::contract_json().parse().unwrap());
    for contract in contracts {
        let job = template(&contract).with_contract(contract.clone());
        let report = job.validate().unwrap();
        assert!(
            report.findings.is_empty(),
            "{:?}: {:?}",
            contract.locate,
            report.findings
        );
        assert_eq!(report.rows.read, 0, "{:?}", contract.locate);
        if contract.locate.header != sheetlift::HeaderRow::None {
            assert_eq!(
                report.mapping.len(),
                contract.fields.len(),
                "{:?}",
                contract.locate
            );
        }
    }
}

#[test]
fn sheets_are_in_their_places() {
    let names = |locate: &str| {
        let contract: Contract =
            format!("name: items\nschema: {{fields: [{{name: a}}]}}\n{locate}")
                .parse()
                .unwrap();
        sheets(&template(&contract))
    };
    let shown = |names: &[&str]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), true))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(""), shown(&["items", "Instructions"]));
    assert_eq!(
        names("sheetlift: {locate: {sheet: instructions}}"),
        shown(&["instructions", "Instructions 2"])
    );
    assert_eq!(
        names("sheetlift: {locate: {sheet: 3}}"),
        shown(&["Instructions", "Sheet2", "items"])
    );
}

#[test]
fn long_lists_stand_on_a_hidden_sheet() {
    let values: Vec<String> = (0..100).map(|at| format!("\"value {at}\"")).collect();
    let text = format!(
        "fields: [{{name: a, constraints: {{enum: [{}]}}}}, {{name: b, constraints: {{enum: ['x, y', z]}}}}]",
        values.join(", ")
    );
    let contract: Contract = text.parse().unwrap();
    let job = template(&contract);
    assert_eq!(sheets(&job)[2], ("Lists".to_owned(), false));
    let workbook = job.workbook().unwrap();
    let mut cells = Vec::new();
    let lists = sheetlift::ReadOptions::default().with_sheet(SheetRef::Name("Lists".to_owned()));
    workbook
        .cells(&lists, &mut |cell| {
            if let sheetlift::Cell::Text(text, _) = cell.cell {
                cells.push((cell.row, cell.column, text.to_owned()));
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(cells.len(), 102);
    assert!(cells.contains(&(99, 0, "value 99".to_owned())));
    assert!(cells.contains(&(0, 1, "x, y".to_owned())));
}

#[test]
fn header_cells_say_what_is_expected() {
    let contract: Contract = "
fields:
- {name: sku, title: SKU, description: Our number, example: AB-1, constraints: {pattern: '[A-Z]{2}-[0-9]'}, sheetlift: {match: {aliases: [SKU]}}}
- {name: qty, title: How many?, type: integer, constraints: {required: true, minimum: 1}, sheetlift: {levels: {minimum: warning}}}
- {name: unit, constraints: {enum: [pcs, kg]}, sheetlift: {default: pcs}}
primaryKey: sku
"
    .parse()
    .unwrap();
    let job = template(&contract);
    let workbook = job.workbook().unwrap();
    let comments = workbook.comments(&SheetRef::First, 0..=0).unwrap();
    let texts: Vec<&str> = comments
        .iter()
        .map(|comment| comment.text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Our number\n\n• a text that matches [A-Z]{2}-[0-9]\n• there in every row\n• different in every row\nFor example: AB-1",
            "How many?\n\n• a whole number\n• at least 1 (else a warning)\n• there in every row",
            "• one of pcs, kg\n• left empty it is pcs",
        ]
    );
    // What it says is what is read back: the comment is the description of a proposed contract.
    let proposed = job.infer_contract().unwrap();
    assert_eq!(proposed.fields[0].description.as_deref(), Some(texts[0]));
    assert_eq!(&*proposed.fields[0].name, "sku");
}

#[test]
fn what_no_workbook_can_hold_is_told() {
    for (text, part) in [
        (
            "schema: {fields: [{name: a}]}\nsheetlift: {locate: {sheet: 'a:b'}}",
            "a:b",
        ),
        (
            "schema: {fields: [{name: a}]}\nsheetlift: {locate: {table: 'a b'}}",
            "a b",
        ),
        (
            "schema: {fields: [{name: a}, {name: b}]}\nsheetlift: {locate: {range: 'A:A'}}",
            "2 fields have no room in 1 columns",
        ),
        (
            "schema: {fields: [{name: a}]}\nsheetlift: {locate: {sheet: 99}}",
            "no template has room",
        ),
    ] {
        let contract: Contract = text.parse().unwrap();
        let error = template_xlsx(&contract).unwrap_err();
        assert_eq!(error.code(), "usage/template");
        assert!(error.to_string().contains(part), "{error}");
    }
}
