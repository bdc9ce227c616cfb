//! Contracts that are wrong in themselves, and what is said about them; fields are in `field_refusals`.

use super::{parse, with_field};

#[test]
fn refuses_json_schemas_it_cannot_check() {
    for (schema, part) in [
        ("{type: text}", "/type: expected one of null, boolean"),
        ("{minimum: a}", "/minimum: expected a number"),
        ("{minimum: 1e400}", "/minimum: expected a number"),
        ("{multipleOf: 0}", "expected a number above 0"),
        ("{pattern: '('}", "is no regular expression"),
        ("{patternProperties: {'(': {}}}", "is no regular expression"),
        ("{$ref: '#/$defs/a'}", "is not in the schema"),
        (
            "{$ref: 'http://example.org/a'}",
            "a reference within the schema",
        ),
        ("{items: [1]}", "/items/0: expected a JSON Schema"),
        (
            "{properties: {a: {required: true}}}",
            "/properties/a/required: expected a list",
        ),
        (
            "{unevaluatedProperties: false}",
            "`unevaluatedProperties` of JSON Schema is not supported",
        ),
        ("{minItem: 1}", "`minItem` of JSON Schema is not supported"),
    ] {
        let options = format!("type: object, constraints: {{jsonSchema: {schema}}}");
        let error = with_field(&options).unwrap_err().to_string();
        assert!(error.contains(part), "{schema}: {error}");
        assert!(
            error.contains("/fields/0/constraints/jsonSchema"),
            "{error}"
        );
    }
}

#[test]
fn refuses_schemas_and_resources_that_are_wrong() {
    for (text, part) in [
        ("[]", "expected an object"),
        ("name: x", "key `schema` is missing"),
        ("schemas: {}", "unknown key `schemas` in a resource"),
        (
            "schema: other.json",
            "\"other.json\" is a file, and this contract is none",
        ),
        (
            "schema: ../other.json",
            "a file in the folder of the contract",
        ),
        (
            "schema: /etc/passwd",
            "a file in the folder of the contract",
        ),
        (
            "schema: 'https://example.org/s.json'",
            "a file in the folder of the contract",
        ),
        (
            "{missingValues: ['-'], resources: [{schema: {fields: [{name: a}]}}]}",
            "`missingValues` belongs into the schema of a resource",
        ),
        (
            "{schema: {fields: [{name: a}]}, missingValues: ['-']}",
            "`missingValues` belongs into the schema",
        ),
        (
            "{schema: {fields: [{name: a}], sheetlift: {}}, sheetlift: {}}",
            "`sheetlift` stands in the schema as well",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {stop: {}}}}",
            "`stop` says neither",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {stop: {blankRows: 0}}}}",
            "expected a whole number from 1",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {stop: {matching: '('}}}}",
            "no regular expression",
        ),
        (
            "{fields: [{name: a}], foreignKeys: [{reference: {fields: a}}]}",
            "key `fields` is missing",
        ),
        (
            "{fields: [{name: a}], foreignKeys: [{fields: b, reference: {fields: a}}]}",
            "no field is called \"b\"",
        ),
        (
            "{fields: [{name: a}], foreignKeys: [{fields: a, reference: {fields: b}}]}",
            "no field is called \"b\"",
        ),
        (
            "{fields: [{name: a}], foreignKeys: [{fields: a, reference: {fields: [a, a]}}]}",
            "as many fields as the key has (1)",
        ),
        (
            "{fields: [{name: a}], foreignKeys: [{fields: a, reference: {resource: t, fields: b}}]}",
            "nothing says where that is",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r}]}}",
            "a table rule has one of rowCount",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, duplicates: true, rowCount: {minimum: 1}}]}}",
            "a table rule has one of rowCount",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, duplicates: false}]}}",
            "leave the rule out",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, rowCount: {}}]}}",
            "neither `minimum` nor `maximum`",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, rowCount: {minimum: 2, maximum: 1}}]}}",
            "`minimum` is above `maximum`",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, total: {field: a, equals: 1}}]}}",
            "\"a\" is no number",
        ),
        (
            "{fields: [{name: a, type: integer}], sheetlift: {tableRules: [{id: r, total: {field: a}}]}}",
            "a total has `equals` or `cell`",
        ),
        (
            "{fields: [{name: a, type: integer}], sheetlift: {tableRules: [{id: r, total: {field: a, cell: 7}}]}}",
            "expected a string, found 7",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, dependency: {from: a, to: []}}]}}",
            "no field is named",
        ),
        (
            "{fields: [{name: a}], sheetlift: {tableRules: [{id: r, duplicates: true}, {id: r, duplicates: true}]}}",
            "two rules are called \"r\"",
        ),
        (
            "{fields: [{name: a}], sheetlift: {thresholds: {}}}",
            "neither `rejected` nor `ratio`",
        ),
        (
            "{fields: [{name: a}], sheetlift: {thresholds: {ratio: 2}}}",
            "a number from 0 to 1",
        ),
        (
            "{fields: [{name: a}], sheetlift: {references: {t: {}}}}",
            "a reference says `path`, `sheet` or both, or `table`",
        ),
        (
            "{fields: [{name: a}], sheetlift: {references: {t: {sheet: 0}}}}",
            "expected a whole number from 1",
        ),
        (
            "{fields: [{name: a}], sheetlift: {references: {t: {file: x}}}}",
            "unknown key `file`",
        ),
        (
            "{fields: [{name: a}], sheetlift: {rules: 7}}",
            "expected a list, found 7",
        ),
        (
            "{schema: {fields: [{name: a}]}, encoding: utf-9}",
            "expected an encoding",
        ),
        ("schema: {}", "key `fields` is missing"),
        ("fields: []", "at least one field"),
        ("fields: [{type: string}]", "key `name` is missing"),
        ("fields: [{name: ''}]", "must not be empty"),
        ("fields: [{name: 7}]", "expected a string, found 7"),
        ("fields: [{name: a}, {name: a}]", "\"a\" occurs twice"),
        (
            "{fields: [{name: a}], primarykey: a}",
            "unknown key `primarykey` in a schema",
        ),
        (
            "{fields: [{name: a}], primaryKey: b}",
            "no field is called \"b\"",
        ),
        (
            "{fields: [{name: a}], primaryKey: [a, a]}",
            "occurs twice in the key",
        ),
        (
            "{fields: [{name: a}], uniqueKeys: [a, [b]]}",
            "no field is called \"b\"",
        ),
        (
            "{fields: [{name: a}], fieldsMatch: most}",
            "expected one of exact, equal",
        ),
        (
            "{fields: [{name: a}], missingValues: ''}",
            "expected a list",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {lod: {}}}",
            "unknown key `lod` in sheetlift",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r}]}}",
            "key `assert` is missing",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{assert: a == null}]}}",
            "key `id` is missing",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: '', assert: a == null}]}}",
            "must not be empty",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: 1}]}}",
            "expected a string",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: 'a ='}]}}",
            "it is no expression of CEL",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: 'a == 1'}]}}",
            "a text and a whole number do not go together (character 3)",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: a == null, when: 'b'}]}}",
            "no field is called `b` (character 1)",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: a == null, level: fatal}]}}",
            "expected one of error, warning, info",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: a == null, message: '{b}'}]}}",
            "no field is called \"b\"",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: a == null, messge: x}]}}",
            "unknown key `messge` in a rule",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {rules: [{id: r, assert: a == null}, {id: r, assert: a == null}]}}",
            "two rules are called",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {references: []}}",
            "expected an object, found a list",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {load: {mode: replce}}}",
            "expected one of insert,",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {load: {key: b}}}",
            "no field is called",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {sheet: 0}}}",
            "a whole number from 1",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {header: yes}}}",
            "expected auto, a row number, a list of them or false",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {range: Z1:A1}}}",
            "is not a range",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {hidden: {rows: hide}}}}",
            "expected one of keep, skip",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {hidden: skip}}}",
            "expected an object",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {match: {fuzzy: 1}}}",
            "expected true, false or an object",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {match: {fuzzy: {minScore: 0.4}}}}",
            "expected a number from 0.5 to 1",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {match: {fuzzy: {minMargin: 2}}}}",
            "expected a number from 0 to 1",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {match: {ignore: [case]}}}",
            "expected one of accents, brackets, punctuation",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {levels: {primaryKey: warning}}}",
            "no level can be given for `primaryKey`",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {merged: up}}}",
            "expected one of first, down, right, all",
        ),
        (
            "{schema: {fields: [{name: a}]}, sheetlift: {locate: {table: t, range: 'A1:B2'}}}",
            "both say which cells",
        ),
        (
            "{schema: {fields: [{name: a}]}, dialect: {sheetname: x}}",
            "unknown key `sheetname` in a dialect",
        ),
        ("{resources: []}", "has no resource"),
    ] {
        let text = if text.starts_with('{') {
            format!("---\n{text}")
        } else {
            text.to_owned()
        };
        let error = parse(&text)
            .err()
            .unwrap_or_else(|| panic!("{text} was accepted"));
        assert!(error.message().contains(part), "{text}: {error}");
    }
}

#[test]
fn names_the_place_and_the_word_that_was_meant() {
    let text = "name: items\nschema:\n  fields:\n    - name: a\n      type: integer\n      constraints:\n        minumum: 0\n";
    let error = parse(text).unwrap_err().in_file("items.yaml");
    assert_eq!(
        error.to_string(),
        "items.yaml: /schema/fields/0/constraints/minumum: unknown key `minumum` in constraints (line 7, column 9)"
    );
    assert_eq!(error.hint(), Some("did you mean `minimum`?"));
    let error = parse("{\"fields\": [\n  {\"name\": \"a\", \"type\": \"integr\"}\n]}").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/fields/0/type: expected a type"),
        "{error}"
    );
    assert!(
        error
            .message()
            .ends_with("found \"integr\" (line 2, column 25)"),
        "{error}"
    );
    assert_eq!(error.hint(), Some("did you mean `integer`?"));
    assert_eq!(
        with_field("constraints: {enum: [01]}").unwrap_err().hint(),
        Some("put it in quotes")
    );
}
