//! What changes, and what of it breaks.

use super::parse;

/// The changes from one contract to another, `!` before what breaks.
fn changes(old: &str, new: &str) -> Vec<String> {
    let contract = |text: &str| {
        let text = if text.starts_with('{') {
            format!("---\n{text}")
        } else {
            text.to_owned()
        };
        parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let changes = contract(old).diff(&contract(new));
    changes
        .iter()
        .map(|change| {
            let mark = if change.breaking { "!" } else { "" };
            format!("{mark}{} {}", change.pointer, change.what)
        })
        .collect()
}

#[test]
fn fields() {
    let of = |old: &str, new: &str| {
        let schema = |field: &str| format!("fields: [{{name: a, {field}}}]");
        changes(&schema(old), &schema(new)).join("; ")
    };
    for (old, new, expected) in [
        ("type: string", "type: string", ""),
        ("title: A", "title: B", "/schema/fields/a/title A -> B"),
        (
            "type: string",
            "type: integer",
            "!/schema/fields/a/type string -> integer",
        ),
        (
            "type: date",
            "type: date, format: any",
            "!/schema/fields/a/format changed",
        ),
        (
            "type: string",
            "constraints: {required: true}",
            "!/schema/fields/a/constraints/required false -> true",
        ),
        (
            "constraints: {unique: true}",
            "type: string",
            "/schema/fields/a/constraints/unique true -> false",
        ),
        (
            "type: number, constraints: {minimum: 0}",
            "type: number, constraints: {minimum: 1}",
            "!/schema/fields/a/constraints/minimum 0 -> 1",
        ),
        (
            "type: number, constraints: {minimum: 1}",
            "type: number, constraints: {minimum: 0}",
            "/schema/fields/a/constraints/minimum 1 -> 0",
        ),
        (
            "type: number, constraints: {minimum: 1}",
            "type: number",
            "/schema/fields/a/constraints/minimum 1 -> none",
        ),
        (
            "type: number",
            "type: number, constraints: {exclusiveMaximum: 9}",
            "!/schema/fields/a/constraints/exclusiveMaximum none -> 9",
        ),
        (
            "type: integer, constraints: {maximum: 9}",
            "type: integer, constraints: {maximum: 10}",
            "/schema/fields/a/constraints/maximum 9 -> 10",
        ),
        (
            "type: integer, constraints: {maximum: 9}",
            "type: integer, constraints: {maximum: 8}",
            "!/schema/fields/a/constraints/maximum 9 -> 8",
        ),
        (
            "constraints: {minLength: 1}",
            "constraints: {minLength: 2}",
            "!/schema/fields/a/constraints/minLength 1 -> 2",
        ),
        (
            "constraints: {maxLength: 1}",
            "constraints: {maxLength: 2}",
            "/schema/fields/a/constraints/maxLength 1 -> 2",
        ),
        (
            "constraints: {maxLength: 2}",
            "constraints: {maxLength: 1}",
            "!/schema/fields/a/constraints/maxLength 2 -> 1",
        ),
        (
            "type: string",
            "constraints: {maxLength: 1}",
            "!/schema/fields/a/constraints/maxLength none -> 1",
        ),
        (
            "constraints: {pattern: a}",
            "constraints: {pattern: b}",
            "!/schema/fields/a/constraints/pattern a -> b",
        ),
        (
            "constraints: {pattern: a}",
            "type: string",
            "/schema/fields/a/constraints/pattern a -> none",
        ),
        (
            "constraints: {enum: [x]}",
            "constraints: {enum: [x, y]}",
            "/schema/fields/a/constraints/enum \"y\" added",
        ),
        (
            "constraints: {enum: [x, y]}",
            "constraints: {enum: [x]}",
            "!/schema/fields/a/constraints/enum \"y\" removed",
        ),
        (
            "type: string",
            "constraints: {enum: [x]}",
            "!/schema/fields/a/constraints/enum added",
        ),
        (
            "categories: [x]",
            "type: string",
            "/schema/fields/a/categories removed",
        ),
        (
            "type: string",
            "missingValues: [x]",
            "!/schema/fields/a/missingValues changed",
        ),
        (
            "sheetlift: {match: {aliases: [x]}}",
            "sheetlift: {match: {aliases: [y]}}",
            "!/schema/fields/a/sheetlift/match/aliases \"x\" removed; /schema/fields/a/sheetlift/match/aliases \"y\" added",
        ),
        (
            "type: string",
            "sheetlift: {check: {maxBytes: 1}}",
            "!/schema/fields/a/sheetlift/check changed",
        ),
        (
            "sheetlift: {check: {maxBytes: 1}}",
            "type: string",
            "/schema/fields/a/sheetlift/check removed",
        ),
        (
            "type: string",
            "sheetlift: {levels: {type: info}}",
            "/schema/fields/a/sheetlift/levels/type error -> info",
        ),
        (
            "sheetlift: {levels: {type: info}}",
            "type: string",
            "!/schema/fields/a/sheetlift/levels/type info -> error",
        ),
    ] {
        assert_eq!(of(old, new), expected, "{old} -> {new}");
    }
}

#[test]
fn the_rest() {
    let schema = |more: &str| format!("{{schema: {{fields: [{{name: a}}, {{name: b}}]}}{more}}}");
    let base = schema("");
    for (old, new, expected) in [
        (
            "fields: [{name: a}, {name: b}]",
            "fields: [{name: b}, {name: a}]",
            "!/schema/fields in another order",
        ),
        (
            "fields: [{name: a}, {name: b}]",
            "fields: [{name: b}]",
            "!/schema/fields/a removed",
        ),
        (
            "fields: [{name: a}]",
            "fields: [{name: b}, {name: a}]",
            "!/schema/fields/b added",
        ),
        (
            "{fieldsMatch: partial, fields: [{name: a}]}",
            "{fieldsMatch: partial, fields: [{name: a}, {name: b}]}",
            "/schema/fields/b added",
        ),
        (
            "{fieldsMatch: partial, fields: [{name: a}]}",
            "{fieldsMatch: subset, fields: [{name: a}]}",
            "!/schema/fieldsMatch partial -> subset",
        ),
        (
            "{fieldsMatch: equal, fields: [{name: a}]}",
            "{fieldsMatch: partial, fields: [{name: a}]}",
            "/schema/fieldsMatch equal -> partial",
        ),
        (
            "{fields: [{name: a}]}",
            "{fields: [{name: a}], primaryKey: a}",
            "!/schema/primaryKey none -> a",
        ),
        (
            "{fields: [{name: a}], uniqueKeys: [a]}",
            "{fields: [{name: a}]}",
            "/schema/uniqueKeys [\"a\"] removed",
        ),
        (
            "{fields: [{name: a}]}",
            "{fields: [{name: a}], missingValues: ['', '-']}",
            "!/schema/missingValues \"-\" added",
        ),
        (&base, &schema(", encoding: utf-8"), "!/dialect changed"),
        (&base, &schema(", name: x"), "/name none -> x"),
        (
            &base,
            &schema(", sheetlift: {locate: {sheet: x}}"),
            "!/sheetlift/locate changed",
        ),
        (
            &base,
            &schema(", sheetlift: {match: {fuzzy: true}}"),
            "!/sheetlift/match changed",
        ),
        (
            &base,
            &schema(", sheetlift: {rules: [{id: r, assert: a == b}]}"),
            "!/sheetlift/rules/r added",
        ),
        (
            &base,
            &schema(", sheetlift: {rules: [{id: r, assert: a == b, level: info}]}"),
            "/sheetlift/rules/r added",
        ),
        (
            &schema(", sheetlift: {rules: [{id: r, assert: a == b}]}"),
            &base,
            "/sheetlift/rules/r removed",
        ),
        (
            &schema(", sheetlift: {rules: [{id: r, assert: a == b}]}"),
            &schema(", sheetlift: {rules: [{id: r, assert: a != b}]}"),
            "!/sheetlift/rules/r changed",
        ),
        (
            &schema(", sheetlift: {rules: [{id: r, assert: a == b}]}"),
            &schema(", sheetlift: {rules: [{id: r, assert: a == b, message: x}]}"),
            "/sheetlift/rules/r changed",
        ),
        (
            &base,
            &schema(", sheetlift: {levels: {row/missing-cell: error}}"),
            "!/sheetlift/levels/row/missing-cell warning -> error",
        ),
        (
            &base,
            &schema(", sheetlift: {load: {table: t}}"),
            "!/sheetlift/load changed",
        ),
        (
            &schema(", sheetlift: {load: {table: t, version: a}}"),
            &schema(
                ", sheetlift: {load: {table: t, mode: sync, missing: delete, maxMissing: 0.1}}",
            ),
            "!/sheetlift/load/mode none -> sync; /sheetlift/load/version a -> none; !/sheetlift/load/missing none -> delete; \
             !/sheetlift/load/maxMissing none -> 0.1",
        ),
        (
            &schema(", sheetlift: {load: {table: t}}"),
            &schema(", sheetlift: {load: {table: t, immutable: [a, b]}}"),
            "!/sheetlift/load/immutable none -> [\"a\",\"b\"]",
        ),
    ] {
        assert_eq!(changes(old, new).join("; "), expected, "{old} -> {new}");
    }
}
