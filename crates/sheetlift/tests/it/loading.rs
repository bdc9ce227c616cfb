//! What can be said of a load, and what it has to say of rows that the target refuses.

use sheetlift::{Contract, Job, LoadOptions, Missing, Mode, history, undo};

use crate::common;

fn job(rows: &str, contract: &str) -> Job {
    let contract: Contract = contract.parse().unwrap();
    let job = Job::from_bytes(rows.as_bytes().to_vec(), "items.csv").unwrap();
    job.with_contract(contract)
}

fn contract(load: &str) -> String {
    format!(
        "name: items\nschema: {{fields: [{{name: sku}}, {{name: stock, type: integer}}, {{name: seen, type: integer}}], primaryKey: sku}}\nsheetlift: {{load: {load}}}"
    )
}

#[test]
fn the_key_of_an_import_knows_what_changes_its_effect() {
    let sync = job("sku,stock,seen\nA,1,1\n", &contract("{mode: sync}"));
    let key = |job: &Job, options: LoadOptions| job.plan(&options).unwrap().import_key.import_id();
    let plain = key(&sync, LoadOptions::default());
    // As it was before there were so many options.
    let upsert = job("sku,stock,seen\nA,1,1\n", &contract("{mode: upsert}"));
    let upsert = key(&upsert, LoadOptions::default());
    assert_eq!(upsert, "imp_ea8103a3aec1b918a9104490d13e8ba9");
    for same in [
        LoadOptions::default().with_create_table(true),
        LoadOptions::default().with_undo(false),
        LoadOptions::default().with_max_missing_ratio(0.1),
        LoadOptions::default().with_missing(Missing::Keep),
        LoadOptions::default().with_mode(Mode::Sync),
    ] {
        assert_eq!(key(&sync, same.clone()), plain, "{same:?}");
    }
    let delete = LoadOptions::default().with_missing(Missing::Delete);
    assert_ne!(key(&sync, delete.clone()), plain);
    let says_so = job(
        "sku,stock,seen\nA,1,1\n",
        &contract("{mode: sync, missing: delete}"),
    );
    assert_eq!(key(&says_so, delete), key(&says_so, LoadOptions::default()));
}

#[test]
fn a_plan_has_what_the_contract_says() {
    let text = contract(
        "{mode: sync, version: seen, immutable: stock, missing: {set: {seen: null}}, maxMissing: 0.2}",
    );
    let plan = |options: LoadOptions| {
        job("sku,stock,seen\nA,1,1\n", &text)
            .plan(&options)
            .unwrap()
    };
    let said = plan(LoadOptions::default());
    assert_eq!(said.version.as_deref(), Some("seen"));
    assert_eq!(said.immutable, ["stock"]);
    let mark = Missing::Set {
        column: "seen".to_owned(),
        value: None,
    };
    assert_eq!((said.missing, said.max_missing_ratio), (mark, 0.2));
    assert!(said.undo && !said.create_table);
    let other = LoadOptions::default()
        .with_missing(Missing::Delete)
        .with_max_missing_ratio(0.7);
    let other = plan(other);
    assert_eq!(
        (other.missing, other.max_missing_ratio),
        (Missing::Delete, 0.7)
    );
    // In another mode nothing is done about missing rows.
    let upsert = plan(LoadOptions::default().with_mode(Mode::Upsert));
    assert_eq!(upsert.missing, Missing::Keep);
}

#[test]
fn rows_that_the_target_refuses_have_their_cells() {
    let (_dir, sink) = common::sink();
    let text = contract("{mode: upsert, version: seen, immutable: stock}");
    let options = LoadOptions::default().with_create_table(true);
    let first = job("sku,stock,seen\nA,1,5\nB,1,5\n", &text).load(&*sink, &options);
    assert_eq!(first.unwrap().load.unwrap().inserted, 2);
    // The columns have other places and labels here.
    let second = job("seen,Stock,sku\n6,2,A\n4,1,B\n", &text);
    let report = second.load(&*sink, &options).unwrap();
    let told: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.code.starts_with("load/"))
        .map(|finding| {
            format!(
                "{} {} {:?}",
                finding.address(),
                finding.code,
                finding.column.as_deref()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "items!B2 load/immutable Some(\"Stock\")",
            "items!A3 load/stale-version Some(\"seen\")",
        ]
    );
    let refused = |code: &str| report.findings.iter().find(|finding| finding.code == code);
    assert_eq!(refused("load/immutable").unwrap().value, None);
    assert_eq!(report.counts.by_field["seen"], 1);
    let group = report
        .groups
        .iter()
        .find(|group| group.code == "load/immutable");
    assert_eq!(group.unwrap().first, ["items!B2"]);
}

#[test]
fn every_sheet_has_its_own_columns() {
    use rust_xlsxwriter::Workbook;
    let (_dir, sink) = common::sink();
    let mut book = Workbook::new();
    for (name, labels, cells) in [
        ("May", ["sku", "stock", "seen"], [("A", 2.0, 1.0)]),
        ("June", ["stock", "seen", "sku"], [("B", 2.0, 1.0)]),
    ] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (column, label) in labels.iter().enumerate() {
            sheet.write_string(0, column as u16, *label).unwrap();
            for (row, (sku, stock, seen)) in (1..).zip(cells) {
                match *label {
                    "sku" => sheet.write_string(row, column as u16, sku).unwrap(),
                    "stock" => sheet.write_number(row, column as u16, stock).unwrap(),
                    _ => sheet.write_number(row, column as u16, seen).unwrap(),
                };
            }
        }
    }
    let text = contract("{mode: upsert, immutable: stock}");
    let options = LoadOptions::default().with_create_table(true);
    let first = job("sku,stock,seen\nA,1,1\nB,1,1\n", &text).load(&*sink, &options);
    assert_eq!(first.unwrap().load.unwrap().inserted, 2);
    let all = text.replace("{load:", "{locate: {sheets: all}, load:");
    let report = Job::from_bytes(book.save_to_buffer().unwrap(), "months.xlsx")
        .unwrap()
        .with_contract(all.parse::<Contract>().unwrap())
        .load(&*sink, &options)
        .unwrap();
    let places: Vec<String> = report
        .findings
        .iter()
        .map(|finding| finding.address())
        .collect();
    assert_eq!(places, ["May!B2", "June!A2"]);
}

#[test]
fn an_import_is_found_and_taken_back() {
    let (dir, sink) = common::sink();
    let address = format!("sqlite:{}", dir.path().join("inventory.db").display());
    let options = LoadOptions::default().with_create_table(true);
    let text = contract("{mode: upsert}");
    for rows in [
        "sku,stock,seen\nA,1,5\nB,1,5\n",
        "sku,stock,seen\nB,2,6\nC,1,6\n",
    ] {
        job(rows, &text).load(&*sink, &options).unwrap();
    }
    let imports = history(&address, 10).unwrap();
    assert_eq!(imports.len(), 2);
    assert_eq!(history(&address, 1).unwrap(), imports[..1]);
    let json = sheetlift::import_json(&imports[0]);
    assert_eq!(
        (&json["counts"]["inserted"], &json["counts"]["updated"]),
        (&1.into(), &1.into())
    );
    let dry = undo(&imports[0].import_id, &address, true).unwrap();
    let undone = undo(&imports[0].import_id, &address, false).unwrap();
    assert_eq!((undone.deleted, undone.restored, undone.kept), (1, 1, 0));
    assert_eq!((dry.deleted, dry.restored, dry.dry_run), (1, 1, true));
    let error = undo(&imports[0].import_id, &address, false).unwrap_err();
    assert_eq!(error.class(), sheetlift::ErrorClass::Caller);
}
