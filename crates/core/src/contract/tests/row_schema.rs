//! The JSON Schema of rows, held to a table of rows by a validator that knows the words it uses.

use serde_json::{Value, json};

use super::*;

/// True when the value fits the schema. Words it does not know make it panic.
fn fits(value: &Value, schema: &Value) -> bool {
    let number = |bound: &Value| bound.as_f64().unwrap();
    let text = value.as_str();
    schema
        .as_object()
        .unwrap()
        .iter()
        .all(|(word, said)| match word.as_str() {
            "$schema" | "$comment" | "title" | "description" | "examples" | "format"
            | "contentEncoding" => true,
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "integer" => {
                        value.is_i64() || value.as_f64().is_some_and(|float| float.fract() == 0.0)
                    }
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    "object" => value.is_object(),
                    other => panic!("{other}"),
                };
                said.as_array()
                    .map_or_else(|| is(said), |kinds| kinds.iter().any(is))
            }
            "enum" => said.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|value| value >= number(said)),
            "maximum" => value.as_f64().is_none_or(|value| value <= number(said)),
            "exclusiveMinimum" => value.as_f64().is_none_or(|value| value > number(said)),
            "exclusiveMaximum" => value.as_f64().is_none_or(|value| value < number(said)),
            "multipleOf" => value.as_f64().is_none_or(|value| {
                let steps = value / number(said);
                (steps - steps.round()).abs() < 1e-9
            }),
            "minLength" => text.is_none_or(|text| text.chars().count() >= number(said) as usize),
            "maxLength" => text.is_none_or(|text| text.chars().count() <= number(said) as usize),
            "pattern" => text.is_none_or(|text| {
                regex::Regex::new(said.as_str().unwrap())
                    .unwrap()
                    .is_match(text)
            }),
            "not" => !fits(value, said),
            "properties" => said
                .as_object()
                .unwrap()
                .iter()
                .all(|(key, schema)| value.get(key).is_none_or(|value| fits(value, schema))),
            "required" => said
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "additionalProperties" => {
                assert_eq!(said, false);
                let known = schema["properties"].as_object().unwrap();
                value
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|key| known.contains_key(key))
            }
            other => panic!("{other} is not known"),
        })
}

const CONTRACT: &str = r#"
title: Items
fields:
- {name: sku, title: SKU, description: Our number, example: AB-1, constraints: {pattern: "[A-Z]{2}-[0-9]", maxLength: 4}}
- {name: unit, constraints: {required: true, enum: [pcs, kg]}, categories: [kg, pcs, m]}
- {name: qty, type: integer, examples: [5, "6"], constraints: {minimum: 1, exclusiveMaximum: 10}, sheetlift: {check: {multipleOf: 3}}}
- {name: price, type: number, constraints: {exclusiveMinimum: 0, maximum: 99.5, enum: [0.5, 99.5, 100]}}
- {name: active, type: boolean, constraints: {unique: true}}
- {name: day, type: date, constraints: {minimum: "2024-01-01"}}
- {name: at, type: datetime}
- {name: clock, type: time}
- {name: span, type: duration}
- {name: month, type: yearmonth}
- {name: year, type: year, constraints: {enum: ["2024"]}}
- {name: mail, format: email}
- {name: note, sheetlift: {check: {notPattern: "x+", maxBytes: 9, formula: reject}, levels: {maxBytes: warning}}}
- {name: odd, type: any, constraints: {required: true}, sheetlift: {levels: {required: warning}}}
primaryKey: sku
uniqueKeys: [[day, clock]]
"#;

fn row(change: Value) -> Value {
    let mut row = json!({
        "sku": "AB-1", "unit": "kg", "qty": 9, "price": 0.5, "active": true, "day": "2024-02-29", "at": "2024-02-29T18:30:00.5",
        "clock": "18:30:00", "span": "PT2H", "month": "2024-12", "year": 2024, "mail": "a@b.org", "note": "y", "odd": "z",
    });
    for (key, value) in change.as_object().unwrap() {
        row[key] = value.clone();
    }
    row
}

#[test]
fn rows_fit_or_do_not() {
    let schema = parse(CONTRACT).unwrap().row_schema();
    assert!(fits(&row(json!({})), &schema));
    for null in [
        "qty", "price", "active", "day", "at", "clock", "span", "month", "year", "mail", "note",
        "odd",
    ] {
        assert!(fits(&row(json!({null: null})), &schema), "{null}");
    }
    assert!(fits(&json!({"sku": "AB-1", "unit": "pcs"}), &schema));
    for bad in [
        json!({"sku": null}),
        json!({"sku": "AB-12"}),
        json!({"sku": "xAB-1"}),
        json!({"sku": 1}),
        json!({"unit": null}),
        json!({"unit": "m"}),
        json!({"qty": 0}),
        json!({"qty": 10}),
        json!({"qty": 4}),
        json!({"qty": 3.5}),
        json!({"qty": "3"}),
        json!({"price": 100}),
        json!({"price": 1}),
        json!({"active": 1}),
        json!({"at": "2024-02-29"}),
        json!({"clock": "24:00:00"}),
        json!({"month": "2024-13"}),
        json!({"year": 2023}),
        json!({"note": "xx"}),
        json!({"other": 1}),
    ] {
        assert!(!fits(&row(bad.clone()), &schema), "{bad}");
    }
    assert!(!fits(&json!({"sku": "AB-1"}), &schema));
}

#[test]
fn what_is_not_said_is_listed() {
    let schema = parse(CONTRACT).unwrap().row_schema();
    assert_eq!(schema["title"], "Items");
    assert_eq!(
        schema["$comment"],
        "not said here: primaryKey sku; uniqueKeys day, clock"
    );
    let comment = |name: &str| schema["properties"][name]["$comment"].clone();
    assert_eq!(comment("active"), "not said here: unique");
    assert_eq!(comment("day"), "not said here: minimum 2024-01-01");
    assert_eq!(
        comment("note"),
        "not said here: maxBytes 9 (warning); formula reject"
    );
    assert_eq!(comment("qty"), Value::Null);
    let sku = &schema["properties"]["sku"];
    assert_eq!(sku["description"], "Our number");
    assert_eq!(sku["examples"], json!(["AB-1"]));
    assert_eq!(schema["properties"]["qty"]["examples"], json!([5, 6]));
    assert_eq!(schema["properties"]["mail"]["format"], "email");

    let rules = "fields: [{name: a, type: integer}]";
    let contract = format!(
        "schema: {{{rules}}}\nsheetlift: {{rules: [{{id: r, assert: a > 1, when: a < 9}}, {{id: w, assert: a > 2, level: info}}]}}"
    );
    let schema = parse(&contract).unwrap().row_schema();
    assert_eq!(
        schema["$comment"],
        "not said here: rule r: a > 1 when a < 9"
    );
    let tables = "
schema:
  fields:
  - {name: a, sheetlift: {read: {identifier: {length: 3}}}}
  - {name: b}
  - {name: c, type: array, constraints: {minLength: 2, jsonSchema: {items: {type: integer}}}}
  foreignKeys: [{fields: a, reference: {resource: others, fields: id}}, {fields: b, reference: {fields: a}}]
sheetlift:
  references: {others: {sheet: Others}}
  tableRules: [{id: some, rowCount: {minimum: 1}}, {id: few, rowCount: {maximum: 9}, level: warning}]
";
    let schema = parse(tables).unwrap().row_schema();
    assert_eq!(
        schema["$comment"],
        "not said here: foreign key a: id of others; foreign key b: a of this table; table rule some"
    );
    assert_eq!(
        schema["properties"]["a"]["$comment"],
        "not said here: identifier 3"
    );
    assert_eq!(
        schema["properties"]["c"]["$comment"],
        "not said here: minLength 2; jsonSchema {\"items\":{\"type\":\"integer\"}}"
    );
}
