//! `sheetlift.read`, `blank` and `default`: what is refused.

use super::{read::with_defaults, *};

#[test]
fn refuses_what_cannot_be_meant() {
    for (options, part) in [
        ("sheetlift: {read: 1}", "expected an object"),
        (
            "sheetlift: {read: {trimm: true}}",
            "unknown key `trimm` in read of a field",
        ),
        (
            "sheetlift: {read: {trueValues: [a]}}",
            "unknown key `trueValues` in read of a field",
        ),
        ("sheetlift: {read: {trim: both}}", "expected true or false"),
        (
            "type: integer, sheetlift: {read: {trim: true}}",
            "`trim` has no meaning in a field of type integer",
        ),
        (
            "sheetlift: {read: {unicode: nfd}}",
            "expected one of keep, nfc, nfkc",
        ),
        (
            "type: date, sheetlift: {read: {unicode: nfc}}",
            "`unicode` has no meaning",
        ),
        (
            "sheetlift: {read: {case: title}}",
            "expected one of keep, upper, lower",
        ),
        (
            "type: boolean, sheetlift: {read: {case: upper}}",
            "`case` has no meaning",
        ),
        ("sheetlift: {read: {map: [a]}}", "expected an object"),
        ("sheetlift: {read: {map: {a: null}}}", "expected a string"),
        (
            "sheetlift: {read: {errors: ignore}}",
            "expected one of error, null",
        ),
        ("sheetlift: {read: {identifier: 8}}", "expected an object"),
        (
            "sheetlift: {read: {identifier: {}}}",
            "key `length` is missing",
        ),
        (
            "sheetlift: {read: {identifier: {length: 0}}}",
            "a whole number from 1",
        ),
        (
            "sheetlift: {read: {identifier: {length: 65}}}",
            "a whole number from 1 to 64",
        ),
        (
            "sheetlift: {read: {identifier: {lenght: 6}}}",
            "unknown key `lenght` in identifier",
        ),
        (
            "type: integer, sheetlift: {read: {identifier: {length: 8}}}",
            "`identifier` has no meaning",
        ),
        ("sheetlift: {read: {number: {}}}", "`number` has no meaning"),
        (
            "type: number, sheetlift: {read: {number: ','}}",
            "expected an object",
        ),
        (
            "type: number, sheetlift: {read: {number: {decimalChar: ','}}}",
            "unknown key `decimalChar` in number",
        ),
        (
            "type: number, sheetlift: {read: {number: {decimal: ',,'}}}",
            "expected one character",
        ),
        (
            "type: number, sheetlift: {read: {number: {group: '.'}}}",
            "group and decimal are the same",
        ),
        (
            "type: number, sheetlift: {read: {number: {grouping: chinese}}}",
            "expected one of any, thousands, indian",
        ),
        (
            "type: number, sheetlift: {read: {number: {negative: red}}}",
            "expected one of minus, accounting, trailing",
        ),
        (
            "type: number, sheetlift: {read: {number: {percent: true}}}",
            "expected a string",
        ),
        (
            "type: number, sheetlift: {read: {number: {percent: half}}}",
            "expected one of fraction, number",
        ),
        (
            "type: integer, sheetlift: {read: {number: {percent: fraction}}}",
            "a percentage is no whole number",
        ),
        (
            "type: number, sheetlift: {read: {number: {currency: EUR}}}",
            "expected a list",
        ),
        (
            "type: number, sheetlift: {read: {number: {currency: ['']}}}",
            "must not be empty",
        ),
        (
            "type: number, sheetlift: {read: {number: {currency: ['5']}}}",
            "expected a symbol or a code",
        ),
        (
            "type: number, decimalChar: ',', sheetlift: {read: {number: {decimal: ','}}}",
            "say the same thing",
        ),
        (
            "type: number, groupChar: ',', sheetlift: {read: {number: {percent: number}}}",
            "told in two places",
        ),
        (
            "sheetlift: {read: {dateOrder: dmy}}",
            "`dateOrder` has no meaning",
        ),
        (
            "type: date, sheetlift: {read: {dateOrder: ydm}}",
            "expected one of dmy, mdy, ymd, infer",
        ),
        (
            "type: date, format: '%d.%m.%Y', sheetlift: {read: {dateOrder: dmy}}",
            "`format` says in which order",
        ),
        (
            "type: date, format: default, sheetlift: {read: {dateOrder: dmy}}",
            "`format` says in which order",
        ),
        (
            "type: date, sheetlift: {read: {dateOrder: infer}}, constraints: {minimum: 03/04/2024}",
            "expected a value of type date",
        ),
        (
            "sheetlift: {blank: keep}",
            "expected one of null, keep_existing, default, error",
        ),
        ("sheetlift: {blank: default}", "`default` is missing"),
        (
            "sheetlift: {blank: keep_existing, default: a}",
            "`default` has no use",
        ),
        ("sheetlift: {default: 1}", "expected a string, found 1"),
        (
            "type: integer, sheetlift: {default: none}",
            "expected a value of type integer",
        ),
        (
            "constraints: {required: true}, sheetlift: {blank: keep_existing}",
            "the field is required",
        ),
        (
            "constraints: {required: true}, sheetlift: {blank: null}",
            "the field is required",
        ),
        (
            "sheetlift: {check: {enumIgnoreCase: true}}",
            "`enumIgnoreCase` needs an enum",
        ),
        (
            "constraints: {enum: [a]}, sheetlift: {check: {enumIgnoreCase: 1}}",
            "expected true or false",
        ),
        (
            "constraints: {enum: [kg, Kg]}, sheetlift: {check: {enumIgnoreCase: true}}",
            "differ in letter case only",
        ),
        (
            "type: integer, constraints: {enum: [1]}, sheetlift: {check: {enumIgnoreCase: true}}",
            "`enumIgnoreCase` has no meaning",
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
    for (defaults, field, part) in [
        ("read: true", "type: string", "expected an object"),
        (
            "read: {identifier: {length: 8}}",
            "type: string",
            "unknown key `identifier` in read",
        ),
        (
            "read: {unicode: x}",
            "type: integer",
            "expected one of keep, nfc, nfkc",
        ),
        (
            "read: {number: {group: x, decimal: x}}",
            "type: string",
            "group and decimal are the same",
        ),
        (
            "read: {trueValues: [a], falseValues: [a]}",
            "type: string",
            "both trueValues and falseValues",
        ),
        (
            "read: {trueValues: ['0']}",
            "type: boolean",
            "both trueValues and falseValues",
        ),
        (
            "blank: zero",
            "type: string",
            "expected one of null, keep_existing, default, error",
        ),
    ] {
        let error = with_defaults(defaults, field).err();
        let error = error.unwrap_or_else(|| panic!("{defaults} was accepted"));
        assert!(error.message().contains(part), "{defaults}: {error}");
    }
}
