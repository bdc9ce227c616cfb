//! `sheetlift.load`, and references to tables of the database: read, written, hashed.

use super::*;

fn with_load(load: &str) -> Result<Contract> {
    let fields = "{name: sku}, {name: price, type: number}, {name: seen, type: datetime}";
    parse(&format!(
        "schema: {{fields: [{fields}], primaryKey: sku}}\nsheetlift: {{load: {load}}}"
    ))
}

fn load_of(load: &str) -> Load {
    let contract = with_load(load).unwrap();
    let again: Contract = contract.to_json().to_string().parse().unwrap();
    assert_eq!(again, contract, "{load}");
    assert_eq!(again.hash(), contract.hash(), "{load}");
    contract.load.unwrap()
}

#[test]
fn guards_of_rows_are_written_as_they_were_read() {
    let load = load_of("{mode: upsert, version: seen, immutable: [price]}");
    assert_eq!(load.version.as_deref(), Some("seen"));
    assert_eq!(load.immutable, ["price"]);
    assert_eq!(load_of("{immutable: price}").immutable, ["price"]);
    // The key of the load is what counts, where it says one.
    assert_eq!(load_of("{key: price, version: sku}").key, ["price"]);
}

#[test]
fn missing_rows_are_written_as_they_were_read() {
    let set = |value: Option<&str>| MissingRows::Set {
        column: "active".to_owned(),
        value: value.map(str::to_owned),
    };
    for (text, expected) in [
        ("keep", MissingRows::Keep),
        ("delete", MissingRows::Delete),
        ("{set: {active: false}}", set(Some("false"))),
        ("{set: {active: 'no'}}", set(Some("no"))),
        ("{set: {active: 0.50}}", set(Some("0.50"))),
        ("{set: {active: null}}", set(None)),
    ] {
        let load = load_of(&format!("{{mode: sync, missing: {text}}}"));
        assert_eq!(load.missing, expected, "{text}");
    }
    let load = load_of("{mode: sync, missing: delete, maxMissing: 0.1}");
    assert_eq!(load.max_missing, Some(0.1));
}

#[test]
fn what_is_the_default_is_not_written() {
    let plain = with_load("{mode: sync}").unwrap();
    let said = with_load("{mode: sync, missing: keep, maxMissing: 0.5}").unwrap();
    assert_eq!(said, plain);
    assert_eq!(said.hash(), plain.hash());
    assert_eq!(said.to_json()["sheetlift"]["load"], json!({"mode": "sync"}));
    for other in [
        "{mode: sync, version: seen}",
        "{mode: sync, immutable: price}",
        "{mode: sync, missing: delete}",
        "{mode: sync, maxMissing: 0.6}",
    ] {
        assert_ne!(with_load(other).unwrap().hash(), plain.hash(), "{other}");
    }
}

#[test]
fn refuses_what_makes_no_sense() {
    for (load, part) in [
        ("{version: sold}", "no field is called \"sold\""),
        ("{version: [seen, price]}", "expected a string"),
        ("{version: sku}", "is of the key, which never changes"),
        (
            "{immutable: [price, sku]}",
            "is of the key, which never changes",
        ),
        ("{immutable: []}", "expected a name or a list of names"),
        ("{missing: delete}", "only mode sync"),
        ("{mode: upsert, missing: keep}", "only mode sync"),
        ("{mode: upsert, maxMissing: 0.1}", "only mode sync"),
        (
            "{mode: sync, maxMissing: 2}",
            "expected a number from 0 to 1",
        ),
        (
            "{mode: sync, missing: drop}",
            "expected one of keep, delete",
        ),
        ("{mode: sync, missing: {}}", "key `set` is missing"),
        (
            "{mode: sync, missing: {set: {}}}",
            "expected one column and its value",
        ),
        (
            "{mode: sync, missing: {set: {a: 1, b: 2}}}",
            "expected one column and its value",
        ),
        ("{mode: sync, missing: {set: {sku: x}}}", "cannot mark rows"),
        (
            "{mode: sync, missing: {set: {a: [1]}}}",
            "a text, a number, true, false or null",
        ),
        (
            "{mode: sync, missing: {unset: {a: 1}}}",
            "unknown key `unset` in missing",
        ),
    ] {
        let error = with_load(load).err();
        let error = error.unwrap_or_else(|| panic!("{load} was accepted"));
        assert!(error.message().contains(part), "{load}: {error}");
    }
}

#[test]
fn a_reference_can_be_a_table_of_the_database() {
    let contract = |reference: &str| {
        parse(&format!(
            "schema:\n  fields: [{{name: sku}}, {{name: supplier}}]\n  foreignKeys: [{{fields: supplier, reference: {{resource: s, fields: code}}}}]\nsheetlift: {{references: {{s: {reference}}}}}"
        ))
    };
    let read = contract("{table: suppliers}").unwrap();
    let key = &read.foreign_keys[0];
    assert_eq!(read.database_table_of(key), Some("suppliers"));
    let again: Contract = read.to_json().to_string().parse().unwrap();
    assert_eq!(again, read);
    let other = contract("{path: suppliers.csv}").unwrap();
    assert_eq!(other.database_table_of(&other.foreign_keys[0]), None);
    assert_ne!(other.hash(), read.hash());
    for (reference, part) in [
        ("{table: ''}", "must not be empty"),
        ("{table: a, path: b}", "nothing else is said of it"),
        ("{table: a, sheet: b}", "nothing else is said of it"),
        ("{table: a, header: 2}", "nothing else is said of it"),
    ] {
        let error = contract(reference).unwrap_err();
        assert!(error.message().contains(part), "{reference}: {error}");
    }
}
