//! Contracts that are good; those that are not are in the modules of refusals.

mod dialect;
mod diff;
mod field_refusals;
mod lexical;
mod load;
mod local_values;
mod published;
mod read;
mod read_refusals;
mod refusals;
mod row_schema;
mod sheets;
mod structured;
mod temporal;

use std::fs;

use serde_json::json;

use super::*;
use crate::{column::ColumnKind, error::ErrorKind, header::Header};

/// Reads a contract. What the reader takes, the JSON Schema has to take too.
fn parse(text: &str) -> Result<Contract> {
    let contract: Contract = text.parse()?;
    let faults = schema::check(&document::parse(text)?);
    assert!(faults.is_empty(), "{faults:?}\n{text}");
    let written = contract.to_json().to_string();
    let faults = schema::check(&document::parse(&written)?);
    assert!(faults.is_empty(), "{faults:?}\n{written}");
    Ok(contract)
}

/// A schema with one field `f` of these options (YAML flow).
fn with_field(options: &str) -> Result<Contract> {
    parse(&format!("fields: [{{name: f, {options}}}]"))
}

#[test]
fn reads_a_resource_in_yaml_and_json() {
    let yaml = r#"
# Items as the shops send them.
name: items
title: Items
path: items.xlsx
mediatype: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
anything-else: is a custom property
dialect: {sheetNumber: 2, headerRows: [3]}
schema:
  fieldsMatch: subset
  missingValues: ["", {value: "n/a", label: not applicable}]
  fields:
    - name: sku
      constraints: {required: true, pattern: "[A-Z]{2}-[0-9]{4}"}
      sheetlift: {match: {aliases: [Article, "Article number"]}}
    - name: price
      type: number
      decimalChar: ","
      groupChar: "."
      constraints: {minimum: 0, exclusiveMaximum: "1.000,5"}
    - name: sold
      type: date
      format: "%d.%m.%Y"
      missingValues: [never]
      constraints: {minimum: 01.01.2020}
    - {name: unit, type: string, categories: [{value: pcs, label: pieces}, kg]}
    - {name: active, type: boolean, trueValues: [yes], falseValues: [no]}
  primaryKey: sku
  uniqueKeys: [[sold, unit]]
sheetlift:
  locate: {sheet: Items, range: "B3:F"}
  load: {table: item, mode: upsert, key: [sku]}
"#;
    let contract = parse(yaml).unwrap();
    assert_eq!(contract.name.as_deref(), Some("items"));
    assert_eq!(contract.primary_key, [0]);
    assert_eq!(contract.unique_keys, [[2, 3]]);
    assert_eq!(contract.fields_match, FieldsMatch::Subset);
    assert_eq!(contract.missing_values, ["", "n/a"]);
    assert_eq!(contract.missing_values_of(&contract.fields[2]), ["never"]);
    assert_eq!(contract.fields[0].aliases, ["Article", "Article number"]);
    let price = &contract.fields[1].constraints;
    assert_eq!(price.minimum.as_ref().unwrap().value, Value::Float(0.0));
    assert_eq!(
        price.exclusive_maximum.as_ref().unwrap().value,
        Value::Float(1000.5)
    );
    assert_eq!(
        contract.fields[2]
            .constraints
            .minimum
            .as_ref()
            .unwrap()
            .value,
        Value::Int(18_262)
    );
    assert_eq!(contract.fields[3].categories.len(), 2);
    assert_eq!(contract.locate.sheet, crate::SheetRef::Name("Items".into()));
    assert_eq!(contract.locate.header, crate::HeaderRow::At(2));
    assert_eq!(
        contract.load.as_ref().unwrap().mode.as_deref(),
        Some("upsert")
    );

    let again = parse(&contract.to_json().to_string()).unwrap();
    assert_eq!(again, contract);
    assert_eq!(again.hash(), contract.hash());
}

#[test]
fn matching_is_written_as_it_was_read() {
    for matching in [
        "{}",
        "{fuzzy: false}",
        "{fuzzy: true}",
        "{fuzzy: {minScore: 0.9}}",
        "{fuzzy: {minScore: 1, minMargin: 0.05}, ignore: [accents, brackets, punctuation]}",
        "{ignore: [brackets]}",
    ] {
        let yaml =
            format!("---\n{{schema: {{fields: [{{name: a}}]}}, sheetlift: {{match: {matching}}}}}");
        let contract = parse(&yaml).unwrap_or_else(|error| panic!("{matching}: {error}"));
        let again = parse(&contract.to_json().to_string()).unwrap();
        assert_eq!(again, contract, "{matching}");
        assert_eq!(again.hash(), contract.hash(), "{matching}");
    }
}

#[test]
fn rules_are_written_as_they_were_read() {
    let yaml = "
schema: {fields: [{name: price, type: number}, {name: unit price, type: number}]}
sheetlift:
  rules:
    - {id: a, assert: price > 0}
    - {id: b, when: price != null, assert: 'row[\"unit price\"] < price', level: info, message: '{price} {{} is low'}";
    let contract = parse(&yaml.replace("{{}", "{unit price}")).unwrap();
    assert_eq!(contract.rules.len(), 2);
    let again = parse(&contract.to_json().to_string()).unwrap();
    assert_eq!(again, contract);
    assert_eq!(again.hash(), contract.hash());
    let other = |from: &str, to: &str| {
        let yaml = yaml.replace("{{}", "{unit price}").replace(from, to);
        parse(&yaml).unwrap().hash()
    };
    assert_eq!(other("is low", "is too low"), contract.hash());
    assert_ne!(other("price > 0", "price > 1"), contract.hash());
}

#[test]
fn hash_knows_what_matters() {
    let hash = |text: &str| parse(text).unwrap().hash();
    let base = hash("fields: [{name: a, type: integer}]");
    assert_eq!(base.len(), 64);
    assert_eq!(
        base,
        hash(
            r#"{"fields": [{"type": "integer", "title": "A", "name": "a"}], "missingValues": [""]}"#
        )
    );
    assert_eq!(
        base,
        hash(
            "name: x\nschema: {fields: [{name: a, type: integer, description: b, constraints: {}}]}"
        )
    );
    for other in [
        "fields: [{name: a, type: number}]",
        "fields: [{name: a, type: integer, constraints: {minimum: 1}}]",
        "fields: [{name: a, type: integer, missingValues: []}]",
        "{fieldsMatch: exact, fields: [{name: a, type: integer}]}",
        "schema: {fields: [{name: a, type: integer}]}\nsheetlift: {load: {table: t}}",
        "schema: {fields: [{name: a, type: integer}]}\nsheetlift: {levels: {type: info}}",
        "fields: [{name: a, type: integer}, {name: b}]",
    ] {
        assert_ne!(base, hash(&format!("---\n{other}")), "{other}");
    }
}

#[test]
fn chooses_a_resource() {
    let one = r#"{"resources": [{"name": "a", "schema": {"fields": [{"name": "x"}]}}]}"#;
    assert_eq!(parse(one).unwrap().name.as_deref(), Some("a"));
    assert!(Contract::from_str_named(one, "a").is_ok());
    let two = r#"{"name": "p", "resources": [{"name": "items", "schema": {"fields": [{"name": "x"}]}}, {"name": "b", "schema": {"fields": [{"name": "y"}]}}]}"#;
    assert_eq!(
        &*Contract::from_str_named(two, "b").unwrap().fields[0].name,
        "y"
    );
    assert!(
        parse(two)
            .unwrap_err()
            .message()
            .contains("several resources: items, b")
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("datapackage.json");
    let resource = |name: &str, path: &str| json!({"name": name, "path": path, "schema": {"fields": [{"name": name}]}});
    let package = json!({"resources": [resource("x", "data/x.csv"), resource("y", "y.csv"), resource("z", "y.csv")]});
    fs::write(&file, package.to_string()).unwrap();
    let for_file = |name: &str| Contract::from_path_for(&file, name);
    assert_eq!(for_file("/in/x.csv").unwrap().name.as_deref(), Some("x"));
    assert!(for_file("y.csv").is_err() && for_file("z.csv").is_err());
    let error = Contract::from_str_named(two, "item").unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `items`?"));
    assert!(Contract::from_str_named("fields: [{name: x}]", "b").is_err());
}

#[test]
fn accepts_every_type_and_its_options() {
    for options in [
        "type: string",
        "title: no type is a string, rdfType: 'http://schema.org/Thing', example: x",
        "type: string, format: email",
        "type: string, format: uri",
        "type: string, format: uuid",
        "type: string, format: binary, constraints: {minLength: 1, maxLength: 1}",
        "type: string, constraints: {pattern: 'a|b', enum: [a, b], required: false, unique: true}",
        "type: number, bareNumber: false, constraints: {minimum: 0, maximum: 0}",
        "type: number, constraints: {minimum: -1e3, exclusiveMaximum: '12.5'}",
        "type: integer, groupChar: ',', constraints: {minimum: 5.0, enum: [5, '6', 1e3]}",
        "type: boolean, constraints: {enum: [true]}",
        "type: boolean, trueValues: [ja], falseValues: [nein], constraints: {enum: [ja]}",
        "type: date, format: any",
        "type: date, constraints: {minimum: 2024-01-01, maximum: '2024-12-31'}",
        "type: time, format: '%H:%M', constraints: {minimum: '08:00'}",
        "type: datetime, constraints: {exclusiveMinimum: '2024-01-01T00:00:00Z'}",
        "type: duration, constraints: {minimum: PT0S}",
        "type: year, constraints: {minimum: 1900, maximum: '2100'}",
        "type: yearmonth, constraints: {minimum: 2024-01}",
        "type: any, constraints: {required: true, enum: [1, a]}",
        "type: string, format: default, categories: [a], categoriesOrdered: true",
        "type: string, categories: [], title@de: Artikel, unit: kg, tablename: t",
        "type: date, format: 'fmt:%d/%m/%y'",
        "type: number, sheetlift: {check: {precision: 10, scale: 2, multipleOf: 0.05}}",
        "type: number, sheetlift: {check: {scale: 0, multipleOf: '0.0000000000001'}}",
        "type: integer, sheetlift: {check: {precision: 38, multipleOf: 12.0}}",
        "type: string, sheetlift: {check: {notPattern: 'x+', checkDigit: gtin, maxBytes: 4, formula: reject}}",
        "type: any, sheetlift: {check: {checkDigit: isbn10, formula: allow}}",
        "sheetlift: {levels: {pattern: warning, cell/enum: info, type: error}, match: {aliases: [x]}}",
        "type: integer, categories: [{value: 1, label: low}, {value: 2}]",
        "type: list",
        "type: list, delimiter: '; ', itemType: number, constraints: {minLength: 1, maxLength: 3, enum: ['1; 2', [3, '4.5']]}",
        "type: array, constraints: {minLength: 2, enum: ['[1, 2]', [3, {b: 1, a: 2.0}]], jsonSchema: {items: {type: integer}}}",
        "type: array, arrayItem: {type: integer, format: default, constraints: {minimum: 1, required: true}}",
        "type: object, constraints: {maxLength: 2, enum: [{a: 1}], jsonSchema: true}",
        "type: object, constraints: {jsonSchema: {minProperties: 1, properties: {a: {minimum: .5, maximum: +5, enum: [.5, 1e400]}}}}",
        "type: geopoint, constraints: {enum: ['90, 45']}",
        "type: geopoint, format: object, constraints: {enum: [{lon: 1, lat: 2}]}",
        "type: geojson, format: topojson",
    ] {
        let contract = with_field(options).unwrap_or_else(|error| panic!("{options}: {error}"));
        let again = parse(&contract.to_json().to_string())
            .unwrap_or_else(|error| panic!("{options}: {error}"));
        assert_eq!(again, contract, "{options}");
    }
}

#[test]
fn reads_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.yaml");
    fs::write(&path, "\u{feff}fields:\n- name: a\n").unwrap();
    assert_eq!(&*Contract::from_path(&path).unwrap().fields[0].name, "a");
    fs::write(&path, "fields: {}").unwrap();
    let error = Contract::from_path(&path).unwrap_err();
    assert!(
        error
            .location()
            .file
            .as_deref()
            .unwrap()
            .ends_with("items.yaml")
    );
    fs::write(&path, b"fields: \xff").unwrap();
    assert!(
        Contract::from_path(&path)
            .unwrap_err()
            .message()
            .contains("UTF-8")
    );
    let error = Contract::from_path(dir.path().join("none.yaml")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(_)));
}

#[test]
fn proposes_a_contract() {
    let labels =
        ["SKU", "Unit Price (€)", "unit price", "", "Größe"].map(|label| Some(label.to_owned()));
    let header = Header::new("Price List".into(), Some(0), (0..).zip(labels).collect());
    let facts = |kind, has_nulls: bool, all_unique| {
        let mut facts = ColumnFacts::new(kind);
        facts.rows = 2;
        facts.missing = u64::from(has_nulls);
        facts.all_unique = all_unique;
        facts
    };
    let contract = Contract::infer(
        &header,
        &TableFacts::new(vec![
            facts(ColumnKind::Text, false, true),
            facts(ColumnKind::Float, false, true),
            facts(ColumnKind::Date, true, true),
            facts(ColumnKind::Null, true, true),
            facts(ColumnKind::Int, true, true),
        ]),
        &InferOptions::default(),
    );
    let expected = json!({
        "name": "price_list",
        "schema": {
            "fields": [
                {
                    "name": "sku", "type": "string", "title": "SKU", "description": "2 rows",
                    "constraints": {"required": true, "unique": true},
                    "sheetlift": {"match": {"aliases": ["SKU"]}},
                },
                {
                    "name": "unit_price", "type": "number", "title": "Unit Price (€)", "description": "2 rows",
                    "constraints": {"required": true},
                    "sheetlift": {"match": {"aliases": ["Unit Price (€)"]}},
                },
                {
                    "name": "unit_price_2", "type": "date", "title": "unit price", "description": "2 rows, 1 without a value",
                    "sheetlift": {"match": {"aliases": ["unit price"]}},
                },
                {
                    "name": "größe", "type": "integer", "title": "Größe", "description": "2 rows, 1 without a value",
                    "sheetlift": {"match": {"aliases": ["Größe"]}},
                },
            ],
            "fieldsMatch": "equal",
        },
        "sheetlift": {"locate": {"sheet": "Price List"}},
    });
    assert_eq!(contract.to_json(), expected);
    assert_eq!(parse(&contract.to_json().to_string()).unwrap(), contract);
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[{}\\[\\],: \n\"'a-z0-9&*!|>#%@~-]{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn never_panics_on_values(text in "\\PC{0,12}") {
        for field in ["type: number, bareNumber: false, groupChar: ','", "type: date, format: any", "type: datetime, format: any",
            "type: time, format: any", "type: duration", "type: yearmonth", "type: string, format: email",
            "type: list, itemType: datetime", "type: geopoint", "type: geojson", "type: time", "type: datetime",
            "type: datetime, format: '%d %b %Y %I%p%z'", "type: date, format: '%Y%m%d'", "type: time, format: '%T%.f'"] {
            let contract = with_field(field).unwrap();
            let _ = contract.fields[0].field_type.parse(&text);
        }
    }

    #[test]
    fn numbers_and_dates_read_back(value in proptest::num::f64::NORMAL, days in -719_162..2_932_896i32) {
        let number = FieldType::Number(NumberFormat::default());
        proptest::prop_assert_eq!(number.parse(&format!(" {value:e} ")), Ok(Value::Float(value)));
        let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        let parsed = FieldType::Date(TemporalFormat::Default).parse(&date.to_string());
        proptest::prop_assert_eq!(parsed, Ok(Value::Int(days.into())));
    }
}

#[test]
fn a_schema_that_stands_alone_may_have_the_extension() {
    let extension = "sheetlift: {rules: [{id: r, assert: a == b}]}";
    let alone = parse(&format!("fields: [{{name: a}}, {{name: b}}]\n{extension}")).unwrap();
    let beside = format!("schema: {{fields: [{{name: a}}, {{name: b}}]}}\n{extension}");
    assert_eq!(alone.rules.len(), 1);
    assert_eq!(alone, parse(&beside).unwrap());
}
