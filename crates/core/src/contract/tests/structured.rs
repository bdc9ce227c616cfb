//! Lists, JSON and points in texts.

use serde_json::{Value as Json, json};

use super::with_field;
use crate::{
    contract::{Contract, json},
    error::Result,
};

/// What a text of a field means, in its canonical form.
fn read(options: &str, text: &str) -> Option<String> {
    let contract = with_field(options).unwrap_or_else(|error| panic!("{options}: {error}"));
    match contract.fields[0].field_type.parse(text) {
        Ok(super::Value::Text(canonical)) => Some(canonical),
        _ => None,
    }
}

#[test]
fn reads_texts_with_parts() {
    let list = "type: list";
    let ints = "type: list, itemType: integer, delimiter: ' | '";
    let dates = "type: list, itemType: date";
    let (array, object) = ("type: array", "type: object");
    let point = "type: geopoint";
    let of_array = "type: geopoint, format: array";
    let of_object = "type: geopoint, format: object";
    for (options, text, expected) in [
        (list, "a,b", Some(r#"["a","b"]"#)),
        (list, "", Some(r#"[""]"#)),
        (list, "a, b,", Some(r#"["a"," b",""]"#)),
        (ints, "1 | 02 | -3", Some("[1,2,-3]")),
        (ints, "1|2", None),
        (ints, "1 | ", None),
        (
            "type: list, itemType: number",
            "1.5,NaN",
            Some(r#"["1.5","NaN"]"#),
        ),
        (
            "type: list, itemType: boolean",
            "true,0",
            Some("[true,false]"),
        ),
        ("type: list, itemType: boolean", "true,yes", None),
        ("type: list, itemType: time", "06:00:00,06:00", None),
        (dates, "1970-01-02,1970-01-01", Some("[1,0]")),
        (dates, "1970-01-02,never", None),
        (
            array,
            " [1, 2.0, {\"b\": 1, \"a\": [null]}] ",
            Some(r#"[1,2,{"a":[null],"b":1}]"#),
        ),
        (array, "[]", Some("[]")),
        (array, "{}", None),
        (array, "[1", None),
        (array, "12", None),
        (object, r#"{"b": 1, "a": "x"}"#, Some(r#"{"a":"x","b":1}"#)),
        (object, "[]", None),
        (object, "", None),
        (object, "null", None),
        (point, "90.50, 45.50", Some("90.5,45.5")),
        (point, "-180,-90", Some("-180,-90")),
        (point, "-0,0", Some("0,0")),
        (point, "180.1,0", None),
        (point, "0,90.1", None),
        (point, "0,NaN", None),
        (point, "0", None),
        (point, "0,0,0", None),
        (of_array, "[90.50, 45.50]", Some("90.5,45.5")),
        (of_array, "[1]", None),
        (of_array, "[1, true]", None),
        (of_array, "1,2", None),
        (of_object, r#"{"lon": 90.50, "lat": 45}"#, Some("90.5,45")),
        (of_object, r#"{"lon": 1, "lat": 2, "z": 3}"#, None),
        (of_object, r#"{"lon": 1, "lng": 2}"#, None),
    ] {
        assert_eq!(
            read(options, text).as_deref(),
            expected,
            "{text:?} as {options}"
        );
    }
}

#[test]
fn reads_shapes_on_the_earth() {
    let ring = "[[0,0],[0,1],[1,1],[0,0]]";
    for (text, expected) in [
        (r#"{"type": "Point", "coordinates": [1, 2]}"#.to_owned(), true),
        (r#"{"type": "Point", "coordinates": [1, 2, 3], "bbox": [0, 0, 9, 9]}"#.to_owned(), true),
        (r#"{"type": "Point", "coordinates": [1]}"#.to_owned(), false),
        (r#"{"type": "Point", "coordinates": ["1", "2"]}"#.to_owned(), false),
        (r#"{"type": "LineString", "coordinates": [[1, 2]]}"#.to_owned(), false),
        (r#"{"type": "MultiPoint", "coordinates": []}"#.to_owned(), true),
        (format!(r#"{{"type": "Polygon", "coordinates": [{ring}]}}"#), true),
        (format!(r#"{{"type": "Polygon", "coordinates": {ring}}}"#), false),
        (format!(r#"{{"type": "MultiPolygon", "coordinates": [[{ring}], []]}}"#), true),
        (r#"{"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]}"#.to_owned(), true),
        (r#"{"type": "Feature", "geometry": null, "properties": {}}"#.to_owned(), true),
        (r#"{"type": "Feature", "geometry": null}"#.to_owned(), false),
        (r#"{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null, "properties": null}]}"#.to_owned(), true),
        (r#"{"type": "FeatureCollection", "features": [{"type": "Point", "coordinates": [1, 2]}]}"#.to_owned(), false),
        (r#"{"coordinates": [0, 0, 0], "type": "Shape"}"#.to_owned(), false),
        ("[]".to_owned(), false),
    ] {
        assert_eq!(read("type: geojson", &text).is_some(), expected, "{text}");
    }
    let topology = r#"{"type": "Topology", "transform": {"scale": [0.1, 0.1], "translate": [0, 0]}, "arcs": [[[0, 0], [1, 1]]],
        "objects": {"a": {"type": "LineString", "arcs": [0]}, "b": {"type": "MultiPolygon", "arcs": [[[0, -1]]]}}}"#;
    for (text, expected) in [
        (topology.to_owned(), true),
        (topology.replace("[0, -1]", "[0.5]"), false),
        (topology.replace("[0.1, 0.1]", "[0.1]"), false),
        (topology.replace("\"arcs\": [[[0, 0], [1, 1]]],", ""), false),
        (
            r#"{"type": "Point", "coordinates": [1, 2]}"#.to_owned(),
            true,
        ),
        (
            r#"{"type": "Feature", "geometry": null, "properties": {}}"#.to_owned(),
            false,
        ),
    ] {
        assert_eq!(
            read("type: geojson, format: topojson", &text).is_some(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn holds_values_to_a_json_schema() {
    for (schema, good, bad) in [
        ("{type: object}", "{}", "[]"),
        ("{type: [array, 'null']}", "[]", "{}"),
        ("{items: {type: integer}}", "[1, 2.0]", "[1, 2.5]"),
        (
            "{items: [{type: string}, true], additionalItems: false}",
            r#"["a", 1]"#,
            r#"["a", 1, 2]"#,
        ),
        (
            "{prefixItems: [{const: 1}], items: {type: string}}",
            r#"[1, "a"]"#,
            "[1, 2]",
        ),
        (
            "{minItems: 1, maxItems: 2, uniqueItems: true}",
            "[1, 2]",
            "[1, 1.0]",
        ),
        (
            "{contains: {minimum: 5}, maxContains: 1}",
            "[1, 7]",
            "[6, 7]",
        ),
        ("{contains: {minimum: 5}}", "[5]", "[4]"),
        ("{required: [a]}", r#"{"a": null}"#, r#"{"b": 1}"#),
        (
            "{properties: {a: {type: string, minLength: 2, maxLength: 3}}}",
            r#"{"a": "äb"}"#,
            r#"{"a": "ä"}"#,
        ),
        (
            "{properties: {a: {type: number, minimum: 1, exclusiveMaximum: 2}}}",
            r#"{"a": 1.5}"#,
            r#"{"a": 2}"#,
        ),
        (
            "{properties: {a: {minimum: 1, exclusiveMinimum: true}}}",
            r#"{"a": 2}"#,
            r#"{"a": 1}"#,
        ),
        (
            "{properties: {a: {multipleOf: 0.1}}}",
            r#"{"a": 0.3}"#,
            r#"{"a": 0.35}"#,
        ),
        (
            "{properties: {a: {multipleOf: 1}}}",
            r#"{"a": -1234567890}"#,
            r#"{"a": 1234567890.5}"#,
        ),
        (
            "{properties: {a: {multipleOf: 1}}}",
            r#"{"a": 0}"#,
            r#"{"a": 1e-10}"#,
        ),
        (
            "{properties: {a: {pattern: '^x'}}}",
            r#"{"a": "xy"}"#,
            r#"{"a": "yx"}"#,
        ),
        (
            "{properties: {a: {enum: [1, {b: 2, c: 3}]}}}",
            r#"{"a": {"c": 3, "b": 2.0}}"#,
            r#"{"a": 2}"#,
        ),
        (
            "{properties: {a: true}, additionalProperties: false}",
            r#"{"a": 1}"#,
            r#"{"b": 1}"#,
        ),
        (
            "{patternProperties: {'^x': {type: integer}}, additionalProperties: {type: string}}",
            r#"{"x1": 1, "b": "c"}"#,
            r#"{"x1": "a"}"#,
        ),
        (
            "{minProperties: 1, maxProperties: 1}",
            r#"{"a": 1}"#,
            r#"{"a": 1, "b": 2}"#,
        ),
        (
            "{propertyNames: {maxLength: 1}}",
            r#"{"a": 1}"#,
            r#"{"aa": 1}"#,
        ),
        (
            "{dependentRequired: {a: [b]}}",
            r#"{"b": 1}"#,
            r#"{"a": 1}"#,
        ),
        (
            "{dependentSchemas: {a: {required: [b]}}}",
            r#"{"a": 1, "b": 1}"#,
            r#"{"a": 1}"#,
        ),
        (
            "{allOf: [{required: [a]}, {required: [b]}]}",
            r#"{"a": 1, "b": 1}"#,
            r#"{"a": 1}"#,
        ),
        (
            "{anyOf: [{required: [a]}, {required: [b]}]}",
            r#"{"b": 1}"#,
            "{}",
        ),
        (
            "{oneOf: [{required: [a]}, {required: [b]}]}",
            r#"{"b": 1}"#,
            r#"{"a": 1, "b": 1}"#,
        ),
        ("{not: {required: [a]}}", "{}", r#"{"a": 1}"#),
        (
            "{if: {required: [a]}, then: {required: [b]}, else: {required: [c]}}",
            r#"{"a": 1, "b": 1}"#,
            "{}",
        ),
        (
            "{$ref: '#/$defs/a~1b', $defs: {a/b: {required: [a]}}}",
            r#"{"a": 1}"#,
            "{}",
        ),
        // A tree of trees.
        (
            "{properties: {child: {$ref: '#'}}, additionalProperties: false}",
            r#"{"child": {"child": {}}}"#,
            r#"{"child": {"b": 1}}"#,
        ),
        ("{properties: {a: false}}", "{}", r#"{"a": 1}"#),
    ] {
        let options = format!("type: object, constraints: {{jsonSchema: {schema}}}");
        let contract = with_field(&options).unwrap_or_else(|error| panic!("{schema}: {error}"));
        let schema_of = contract.fields[0].constraints.json_schema.as_ref().unwrap();
        assert!(schema_of.holds(&json(good).unwrap()), "{schema}: {good}");
        assert!(!schema_of.holds(&json(bad).unwrap()), "{schema}: {bad}");
    }
}

#[test]
fn a_json_schema_that_goes_on_for_ever_holds_nothing() {
    for schema in [
        "{$ref: '#'}",
        "{anyOf: [{$ref: '#'}, {$ref: '#'}]}",
        "{not: {$ref: '#'}}",
        "{oneOf: [{allOf: [{$ref: '#'}, {$ref: '#'}]}, {$ref: '#'}]}",
    ] {
        let options = format!("type: object, constraints: {{jsonSchema: {schema}}}");
        let contract = with_field(&options).unwrap();
        let schema_of = contract.fields[0].constraints.json_schema.as_ref().unwrap();
        assert!(!schema_of.holds(&json("{}").unwrap()), "{schema}");
    }
    // The deepest value there is, in a schema as deep.
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let options = "type: array, constraints: {jsonSchema: {type: array, items: {$ref: '#'}}}";
    let contract = with_field(options).unwrap();
    let schema = contract.fields[0].constraints.json_schema.as_ref().unwrap();
    assert!(schema.holds(&json(&deep).unwrap()));
}

/// A contract whose fields, arrays, have these JSON Schemas (JSON).
fn with_schemas(schemas: impl IntoIterator<Item = Json>) -> Result<Contract> {
    let field = |(at, schema): (usize, Json)| json!({"name": format!("f{at}"), "type": "array", "constraints": {"jsonSchema": schema}});
    let fields: Vec<Json> = schemas.into_iter().enumerate().map(field).collect();
    json!({"fields": fields}).to_string().parse()
}

#[test]
fn references_may_lead_far() {
    let to = |at: usize| json!({"$ref": format!("#/$defs/{at}")});
    let chain = (0..3_000).map(|at| (at.to_string(), to(at + 1)));
    let mut schema = to(0);
    schema["$defs"] = Json::Object(chain.collect());
    schema["$defs"]["3000"] = json!({"minItems": 1});
    let contract = with_schemas([schema]).unwrap();
    assert!(contract.fields[0].constraints.json_schema.is_some());
}

#[test]
fn patterns_of_json_schemas_share_their_memory() {
    let patterns = |count: usize, tail: &str| {
        let schemas = (0..count).map(|at| json!({"pattern": format!("^a{at}{tail}")}));
        json!({"anyOf": schemas.collect::<Vec<_>>()})
    };
    for schemas in [
        vec![patterns(100, "")],
        vec![patterns(1, r"\w{1,60}")],
        vec![patterns(100, ""); 8],
    ] {
        with_schemas(schemas).unwrap();
    }
    for schemas in [
        vec![patterns(300, "")],
        vec![patterns(10, r"[a-z]{40000}")],
        vec![patterns(200, ""); 8],
    ] {
        let error = with_schemas(schemas).unwrap_err().to_string();
        assert!(error.contains("take too much memory"), "{error}");
    }
    let properties = (0..300).map(|at| (format!("^a{at}"), json!(true)));
    let schema = json!({"patternProperties": properties.collect::<serde_json::Map<_, _>>()});
    let error = with_schemas([schema]).unwrap_err().to_string();
    assert!(error.contains("take too much memory"), "{error}");
}
