//! What is published about contracts: their JSON Schema, and `docs/contract.md`.

use std::{collections::BTreeSet, fs};

use super::*;
use crate::contract::keys;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

fn defs() -> serde_json::Value {
    let schema: serde_json::Value = serde_json::from_str(Contract::json_schema()).unwrap();
    schema["$defs"].clone()
}

#[test]
fn the_published_schema_is_the_one_that_is_used() {
    let published = fs::read_to_string(format!("{DOCS}/contract.schema.json")).unwrap();
    assert_eq!(published, Contract::json_schema());
}

#[test]
fn the_schema_knows_the_keys_of_the_reader() {
    let defs = defs();
    for (name, known) in [
        ("/package", keys::PACKAGE),
        ("/resource", keys::RESOURCE),
        ("/dialect", keys::DIALECT),
        ("/schema", keys::SCHEMA),
        ("/field", keys::FIELD),
        ("/constraints", keys::CONSTRAINTS),
        ("/sheetlift", keys::SHEETLIFT),
        ("/locate", keys::LOCATE),
        ("/locate/properties/hidden", keys::HIDDEN),
        ("/match", keys::MATCH),
        ("/match/properties/fuzzy/anyOf/1", keys::FUZZY),
        ("/rule", keys::RULE),
        ("/load", keys::LOAD),
        ("/load/properties/missing/anyOf/1", keys::LOAD_MISSING),
        (
            "/sheetlift/properties/references/additionalProperties",
            keys::REFERENCES,
        ),
        ("/fieldExtension", keys::FIELD_SHEETLIFT),
        ("/fieldExtension/properties/match", keys::FIELD_MATCH),
        ("/check", keys::CHECK),
        (
            "/fieldExtension/properties/levels",
            &crate::contract::OF_FIELDS,
        ),
    ] {
        let properties = defs.pointer(&format!("{name}/properties"));
        let properties = properties.unwrap().as_object().unwrap().keys();
        let properties: BTreeSet<&str> = properties.map(String::as_str).collect();
        let known: BTreeSet<&str> = known.iter().copied().collect();
        assert_eq!(properties, known, "{name}");
    }
}

#[test]
fn the_schema_uses_what_is_checked() {
    fn visit(schema: &serde_json::Value) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        for (keyword, value) in schema {
            match keyword.as_str() {
                "properties" => value.as_object().unwrap().values().for_each(visit),
                "anyOf" => value.as_array().unwrap().iter().for_each(visit),
                "items" => visit(value),
                "type"
                | "enum"
                | "required"
                | "additionalProperties"
                | "minimum"
                | "maximum"
                | "minLength"
                | "maxLength"
                | "minItems"
                | "maxItems"
                | "uniqueItems"
                | "$ref"
                | "description" => {}
                other => panic!("{other} is not checked"),
            }
        }
    }
    defs().as_object().unwrap().values().for_each(visit);
}

#[test]
fn the_schema_finds_every_fault_with_its_place() {
    let text = "\
name: 7
schema:
  fields:
    - {name: a, type: integr}
    - {type: string, constraints: {minLength: -1, requried: true}}
    - {name: b, sheetlift: {check: {precision: 99}, levels: {type: fatal}}}
sheetlift:
  locate: {header: [1, 0], hidden: {rows: hide}}
  match: {fuzzy: {minScore: 2}}
  rules: [{id: r}]
";
    let faults = schema::check(&document::parse(text).unwrap());
    let said: Vec<String> = faults
        .iter()
        .map(|fault| {
            let part = fault.location().part.as_deref().unwrap_or_default();
            format!("{part}: {}", fault.message())
        })
        .collect();
    assert_eq!(
        said,
        [
            "/name: expected a string, found 7 (line 1, column 7)",
            "/schema/fields/0/type: expected one of string, number, integer, boolean, date, time, datetime, duration, year, yearmonth, any, list, \
             array, object, geopoint, geojson, found \"integr\" (line 4, column 23)",
            "/schema/fields/1/constraints/minLength: expected 0 or more, found -1 (line 5, column 47)",
            "/schema/fields/1/constraints/requried: unknown key `requried` (line 5, column 61)",
            "/schema/fields/1: key `name` is missing (line 5, column 7)",
            "/schema/fields/2/sheetlift/check/precision: expected 38 or less, found 99 (line 6, column 48)",
            "/schema/fields/2/sheetlift/levels/type: expected one of error, warning, info, found \"fatal\" (line 6, column 68)",
            "/sheetlift/locate/header/1: expected 1 or more, found 0 (line 8, column 24)",
            "/sheetlift/locate/hidden/rows: expected one of keep, skip, found \"hide\" (line 8, column 43)",
            "/sheetlift/match/fuzzy/minScore: expected 1 or less, found 2 (line 9, column 29)",
            "/sheetlift/rules/0: key `assert` is missing (line 10, column 11)",
        ]
    );
    assert_eq!(faults[1].hint(), Some("did you mean `integer`?"));
}

#[test]
fn all_faults_of_a_file_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("contract.yaml");
    let faults = |text: &str| {
        fs::write(&path, text).unwrap();
        match Contract::check_path(&path, None) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|fault| fault.to_string()).collect(),
        }
    };
    assert!(faults("fields: [{name: a}]").is_empty());
    // One that only the reader finds, and two that the schema finds.
    let found = faults(
        "fields:\n- {name: a, constraints: {pattern: '('}}\n- {name: 1}\nfieldsMatch: most\n",
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found.iter().all(|fault| fault.contains("contract.yaml: /")),
        "{found:#?}"
    );
    assert!(found[2].contains("no regular expression"), "{found:#?}");
    assert_eq!(faults("fields: {").len(), 1);
}

#[test]
fn the_documentation_has_every_key_and_its_example_is_a_contract() {
    let doc = fs::read_to_string(format!("{DOCS}/contract.md")).unwrap();
    let example = doc
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let contract = parse(example).unwrap();
    assert_eq!(contract.rules[0].id, "margin");
    let lists = [
        keys::CONSTRAINTS,
        keys::CHECK,
        keys::MATCH,
        keys::FIELD_MATCH,
        keys::FUZZY,
        keys::RULE,
        keys::LOCATE,
        keys::LOAD,
        keys::SHEETLIFT,
        keys::FIELD_SHEETLIFT,
    ];
    for key in lists.concat() {
        assert!(doc.contains(key), "{key} is not in docs/contract.md");
    }
}
