//! Fields that are wrong in themselves, and what is said about them.

use super::with_field;
use crate::error::ErrorKind;

#[test]
fn refuses_fields_that_contradict_themselves() {
    for (options, part) in [
        ("tyep: string", "unknown key `tyep` in a field"),
        ("required: true", "`required` belongs into the constraints"),
        ("type: strng", "expected a type"),
        ("type: list, delimiter: ''", "must not be empty"),
        ("type: list, itemType: list", "expected one of string"),
        ("type: list, format: csv", "expected default for type list"),
        (
            "type: list, constraints: {pattern: a}",
            "`pattern` has no meaning",
        ),
        (
            "type: list, itemType: integer, constraints: {enum: [[1, a]]}",
            "expected a value of type list",
        ),
        ("type: array, delimiter: ','", "`delimiter` has no meaning"),
        ("type: array, arrayItem: {type: text}", "expected a type"),
        (
            "type: array, arrayItem: {constraints: {unique: true}}",
            "no meaning for the items",
        ),
        (
            "type: array, arrayItem: {type: integer, missingValues: ['-']}",
            "no meaning for the items",
        ),
        ("type: object, arrayItem: {}", "`arrayItem` has no meaning"),
        (
            "type: object, constraints: {minimum: 1}",
            "`minimum` has no meaning",
        ),
        (
            "type: object, constraints: {enum: ['[1]']}",
            "expected a value of type object",
        ),
        (
            "type: object, constraints: {jsonSchema: 1}",
            "expected a JSON Schema",
        ),
        (
            "type: geopoint, format: lonlat",
            "expected one of default, array",
        ),
        (
            "type: geopoint, constraints: {enum: ['181, 0']}",
            "expected a value of type geopoint",
        ),
        (
            "type: geojson, format: geo",
            "expected one of default, topojson",
        ),
        (
            "type: geojson, constraints: {minLength: 1}",
            "`minLength` has no meaning",
        ),
        (
            "type: string, format: emial",
            "expected one of default, email",
        ),
        (
            "type: integer, format: hex",
            "expected default for type integer",
        ),
        ("type: date, format: '%d/%m'", "is no usable format"),
        ("type: time, format: '%Y'", "is no usable format"),
        (
            "type: string, trueValues: [a]",
            "`trueValues` has no meaning in a field of type string",
        ),
        (
            "type: integer, decimalChar: ','",
            "`decimalChar` has no meaning",
        ),
        ("type: date, categories: [a]", "`categories` has no meaning"),
        ("type: number, decimalChar: ',,'", "expected one character"),
        ("type: number, groupChar: '.'", "are the same"),
        (
            "type: boolean, trueValues: [x], falseValues: [x]",
            "both trueValues and falseValues",
        ),
        (
            "type: string, constraints: {requried: true}",
            "unknown key `requried` in constraints",
        ),
        (
            "type: string, constraints: {required: 'yes'}",
            "expected true or false",
        ),
        (
            "type: string, constraints: {minimum: a}",
            "`minimum` has no meaning in a field of type string",
        ),
        (
            "type: integer, constraints: {minLength: 1}",
            "`minLength` has no meaning in a field of type integer",
        ),
        (
            "type: boolean, constraints: {maximum: true}",
            "`maximum` has no meaning",
        ),
        (
            "type: integer, constraints: {pattern: a}",
            "`pattern` has no meaning",
        ),
        (
            "type: integer, constraints: {minimum: x}",
            "expected a value of type integer",
        ),
        (
            "type: integer, constraints: {minimum: 1.5}",
            "expected a value of type integer",
        ),
        (
            "type: number, constraints: {minimum: true}",
            "expected a value of type number",
        ),
        (
            "type: date, constraints: {minimum: 2024-02-30}",
            "expected a value of type date",
        ),
        (
            "type: number, constraints: {minimum: NaN}",
            "NaN is equal to no value",
        ),
        (
            "type: number, constraints: {enum: [1, NaN]}",
            "NaN is equal to no value",
        ),
        (
            "type: integer, constraints: {minimum: 5, maximum: 4}",
            "no value has minimum 5 and maximum 4",
        ),
        (
            "type: integer, constraints: {exclusiveMinimum: 5, maximum: 5}",
            "no value has exclusiveMinimum 5",
        ),
        (
            "type: date, constraints: {minimum: 2024-02-01, maximum: 2024-01-01}",
            "no value has minimum",
        ),
        (
            "type: string, constraints: {minLength: -1}",
            "expected a whole number from 0",
        ),
        (
            "type: string, constraints: {minLength: 3, maxLength: 2}",
            "no value has minLength 3 and maxLength 2",
        ),
        (
            "type: string, constraints: {pattern: '('}",
            "is no regular expression",
        ),
        (
            "type: string, constraints: {pattern: 'a)|(b'}",
            "is no regular expression",
        ),
        (
            "type: string, constraints: {pattern: '(?=x)'}",
            "look-around",
        ),
        ("type: string, constraints: {enum: []}", "must not be empty"),
        (
            "type: string, constraints: {enum: [1]}",
            "expected a string, found 1",
        ),
        (
            "type: integer, constraints: {enum: [1, two]}",
            "expected a value of type integer",
        ),
        ("type: string, constraints: {enum: [a, a]}", "occurs twice"),
        ("type: string, constraints: {enum: a}", "expected a list"),
        (
            "type: string, constraints: {jsonSchema: {}}",
            "`jsonSchema` has no meaning in a field of type string",
        ),
        (
            "type: string, missingValues: [{label: x}]",
            "key `value` is missing",
        ),
        ("type: string, missingValues: [1]", "expected a string"),
        (
            "sheetlift: {aliases: [a]}",
            "unknown key `aliases` in sheetlift",
        ),
        (
            "sheetlift: {match: {alias: [a]}}",
            "unknown key `alias` in match",
        ),
        (
            "sheetlift: {match: {fuzzy: true}}",
            "unknown key `fuzzy` in match of a field",
        ),
        (
            "sheetlift: {levels: {requried: info}}",
            "no level can be given for `requried`",
        ),
        (
            "sheetlift: {levels: {uniqueKeys: info}}",
            "no level can be given for `uniqueKeys`",
        ),
        (
            "sheetlift: {levels: {type: fatal}}",
            "expected one of error, warning, info",
        ),
        ("sheetlift: {levels: [type]}", "expected an object"),
        (
            "sheetlift: {check: {presicion: 1}}",
            "unknown key `presicion` in check",
        ),
        (
            "sheetlift: {check: {precision: 1}}",
            "`precision` has no meaning in a field of type string",
        ),
        (
            "type: integer, sheetlift: {check: {scale: 1}}",
            "`scale` has no meaning",
        ),
        (
            "type: date, sheetlift: {check: {multipleOf: 1}}",
            "`multipleOf` has no meaning",
        ),
        (
            "type: number, sheetlift: {check: {notPattern: a}}",
            "`notPattern` has no meaning",
        ),
        (
            "type: integer, sheetlift: {check: {checkDigit: luhn}}",
            "`checkDigit` has no meaning",
        ),
        (
            "type: date, sheetlift: {check: {maxBytes: 1}}",
            "`maxBytes` has no meaning",
        ),
        (
            "type: number, sheetlift: {check: {formula: reject}}",
            "`formula` has no meaning",
        ),
        (
            "type: number, sheetlift: {check: {precision: 0}}",
            "a whole number from 1",
        ),
        (
            "type: number, sheetlift: {check: {precision: 39}}",
            "a whole number from 1 to 38",
        ),
        (
            "type: number, sheetlift: {check: {scale: -1}}",
            "a whole number from 0",
        ),
        (
            "type: number, sheetlift: {check: {precision: 2, scale: 3}}",
            "no number has precision 2 and scale 3",
        ),
        (
            "type: number, sheetlift: {check: {multipleOf: 0}}",
            "a number above 0",
        ),
        (
            "type: number, sheetlift: {check: {multipleOf: -1}}",
            "a number above 0",
        ),
        (
            "type: number, sheetlift: {check: {multipleOf: 1234567890123456}}",
            "a number above 0",
        ),
        (
            "sheetlift: {check: {notPattern: '('}}",
            "is no regular expression",
        ),
        (
            "sheetlift: {check: {checkDigit: ean}}",
            "expected one of gtin, gtin8",
        ),
        ("sheetlift: {check: {maxBytes: a}}", "a whole number from 0"),
        (
            "sheetlift: {check: {formula: warn}}",
            "expected one of allow, reject",
        ),
    ] {
        let error = with_field(options)
            .err()
            .unwrap_or_else(|| panic!("{options} was accepted"));
        assert!(matches!(error.kind(), ErrorKind::Contract), "{options}");
        assert!(error.message().contains(part), "{options}: {error}");
        assert!(
            error.message().contains("(line 1, column "),
            "{options}: {error}"
        );
    }
}
