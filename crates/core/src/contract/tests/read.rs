//! `sheetlift.read`, `blank` and `default`: what is understood, what is refused, and numbers as people write them.

use proptest::prelude::*;

use super::{super::lexical::Misfit, *};
use crate::contract::keys;

/// A contract of one field, with what is said for all of them.
fn with_defaults(defaults: &str, field: &str) -> Result<Contract> {
    parse(&format!(
        "---\n{{schema: {{fields: [{{name: f, {field}}}]}}, sheetlift: {{{defaults}}}}}"
    ))
}

#[test]
fn what_was_read_is_written_and_read_again() {
    for (defaults, field) in [
        ("", "sheetlift: {read: {}}"),
        (
            "",
            "sheetlift: {read: {trim: true, unicode: nfkc, case: upper, map: {pcs.: pcs, one: 1, ja: true}, errors: null}}",
        ),
        (
            "",
            "sheetlift: {read: {trim: false, unicode: keep, case: keep, map: {}, errors: error}}",
        ),
        (
            "",
            "type: any, sheetlift: {read: {identifier: {length: 8}, errors: 'null'}}",
        ),
        (
            "",
            "type: number, sheetlift: {read: {number: {decimal: ',', group: '.', grouping: thousands, negative: accounting, percent: fraction, currency: [EUR, €]}}}",
        ),
        (
            "",
            "type: number, bareNumber: false, sheetlift: {read: {number: {}}}, constraints: {minimum: 1}",
        ),
        (
            "",
            "type: number, sheetlift: {read: {number: {decimal: ',', group: ' '}}}, constraints: {minimum: '1 000,5'}",
        ),
        (
            "",
            "type: integer, sheetlift: {read: {number: {group: ',', grouping: indian, negative: trailing, percent: number}}}",
        ),
        ("", "type: date, sheetlift: {read: {dateOrder: infer}}"),
        (
            "",
            "type: date, format: any, sheetlift: {read: {dateOrder: ymd}}, constraints: {minimum: 24/12/31}",
        ),
        (
            "",
            "type: datetime, sheetlift: {read: {dateOrder: dmy}}, constraints: {minimum: 03/04/2024}",
        ),
        ("", "sheetlift: {blank: keep_existing}"),
        ("", "sheetlift: {blank: null}"),
        ("", "sheetlift: {blank: error}"),
        ("", "type: integer, sheetlift: {blank: default, default: 0}"),
        (
            "",
            "type: date, constraints: {required: true}, sheetlift: {default: 2024-01-01}",
        ),
        ("", "sheetlift: {default: n/a}"),
        (
            "",
            "constraints: {enum: [pcs, KG]}, sheetlift: {check: {enumIgnoreCase: true}}",
        ),
        (
            "",
            "categories: [pcs, KG], constraints: {enum: [pcs]}, sheetlift: {check: {enumIgnoreCase: true}}",
        ),
        (
            "read: {trim: true, unicode: nfc, case: lower, map: {x: y}, errors: null, dateOrder: mdy, number: {decimal: ','}, trueValues: [ja], falseValues: [nein]}",
            "type: string",
        ),
        (
            "read: {number: {decimal: ',', group: '.'}}, blank: keep_existing",
            "type: number",
        ),
        ("read: {number: {percent: fraction}}", "type: integer"),
        (
            "read: {number: {decimal: ',', group: '.'}}, blank: error",
            "type: integer",
        ),
        (
            "read: {trueValues: [ja], falseValues: [nein]}, blank: default",
            "type: boolean",
        ),
        ("read: {dateOrder: infer}, blank: null", "type: date"),
    ] {
        let contract = with_defaults(defaults, field)
            .unwrap_or_else(|error| panic!("{defaults} {field}: {error}"));
        let again = parse(&contract.to_json().to_string()).unwrap();
        assert_eq!(again, contract, "{defaults} {field}");
        assert_eq!(again.hash(), contract.hash(), "{defaults} {field}");
        assert_eq!(contract.diff(&again), []);
    }
}

#[test]
fn the_order_of_words_does_not_matter_but_every_word_does() {
    let contract = |options: &str| with_field(options).unwrap();
    let map = |words: &str| contract(&format!("sheetlift: {{read: {{map: {{{words}}}}}}}"));
    assert_eq!(map("a: b, c: d").hash(), map("c: d, a: b").hash());
    assert_eq!(map("a: b, c: d").diff(&map("c: d, a: b")), []);
    let old = contract("type: date");
    for (options, pointer) in [
        (
            "type: date, sheetlift: {read: {errors: null}}",
            "/schema/fields/f/sheetlift/read",
        ),
        (
            "type: date, sheetlift: {read: {map: {x: ''}}}",
            "/schema/fields/f/sheetlift/read",
        ),
        (
            "type: date, sheetlift: {read: {dateOrder: dmy}}",
            "/schema/fields/f/format",
        ),
        (
            "type: date, sheetlift: {blank: keep_existing}",
            "/schema/fields/f/sheetlift/blank",
        ),
        (
            "type: date, sheetlift: {default: 2024-01-01}",
            "/schema/fields/f/sheetlift/blank",
        ),
        (
            "type: date, sheetlift: {blank: error}",
            "/schema/fields/f/constraints/required",
        ),
    ] {
        let new = contract(options);
        assert_ne!(new.hash(), old.hash(), "{options}");
        let changes = old.diff(&new);
        assert_eq!(
            (changes.len(), &*changes[0].pointer, changes[0].breaking),
            (1, pointer, true),
            "{options}"
        );
    }
}

#[test]
fn what_is_said_for_all_fields_holds_where_it_has_a_meaning() {
    let yaml = "
schema:
  fields:
    - {name: text}
    - {name: kept, sheetlift: {read: {trim: false, unicode: keep, map: {a: b}}}}
    - {name: price, type: number}
    - {name: own, type: number, groupChar: ','}
    - {name: count, type: integer}
    - {name: day, type: date}
    - {name: iso, type: date, format: default}
    - {name: pattern, type: date, format: '%d.%m.%Y'}
    - {name: us, type: date, sheetlift: {read: {dateOrder: mdy}}}
    - {name: yes, type: boolean}
    - {name: no, type: boolean, trueValues: ['1'], falseValues: ['0']}
    - {name: key, constraints: {required: true}}
sheetlift:
  read: {trim: true, unicode: nfc, map: {x: y}, errors: null, number: {decimal: ',', group: '.'}, dateOrder: dmy, trueValues: [ja], falseValues: [nein]}
  blank: keep_existing
";
    let contract = parse(yaml).unwrap();
    let field = |name: &str| &contract.fields[contract.field_index(name).unwrap()];
    let text = &field("text").reading;
    assert!(text.trim && text.errors_are_null && text.unicode == Some(UnicodeForm::Nfc));
    let kept = &field("kept").reading;
    assert!(!kept.trim && kept.errors_are_null && kept.unicode.is_none());
    assert_eq!(kept.map.get("a").map(String::as_str), Some("b"));
    assert_eq!(kept.map.len(), 1);
    let price = field("price");
    assert!(!price.reading.trim && price.reading.map.len() == 1);
    assert_eq!(price.field_type.parse("1.234,5"), Ok(Value::Float(1234.5)));
    assert_eq!(
        field("own").field_type.parse("1,234.5"),
        Ok(Value::Float(1234.5))
    );
    assert_eq!(
        field("count").field_type.parse("1.234"),
        Ok(Value::Int(1234))
    );
    let order = |name: &str| match &field(name).field_type {
        FieldType::Date(format) => format.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(order("day"), TemporalFormat::InOrder(DateOrder::DayFirst));
    assert_eq!(order("iso"), TemporalFormat::Default);
    assert_eq!(order("pattern"), TemporalFormat::Pattern("%d.%m.%Y".into()));
    assert_eq!(order("us"), TemporalFormat::InOrder(DateOrder::MonthFirst));
    assert_eq!(field("yes").field_type.parse("ja"), Ok(Value::Bool(true)));
    assert_eq!(field("no").field_type.parse("ja"), Err(Misfit::Type));
    let alone = "---\n{fields: [{name: f, type: boolean}], sheetlift: {read: {trueValues: [ja], falseValues: [nein]}}}";
    let alone = parse(alone).unwrap();
    assert_eq!(
        alone.fields[0].field_type.parse("nein"),
        Ok(Value::Bool(false))
    );
    assert_eq!(field("text").blank, Blank::KeepExisting);
    assert_eq!(field("key").blank, Blank::Null);
}

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

/// How the field `f` of these options reads a text.
fn number(options: &str, text: &str) -> std::result::Result<Value, Misfit> {
    let contract = with_field(options).unwrap_or_else(|error| panic!("{options}: {error}"));
    contract.fields[0].field_type.parse(text)
}

#[test]
fn numbers_of_many_countries() {
    let german = "decimal: ',', group: '.'";
    let french = "decimal: ',', group: ' ', negative: trailing";
    let swiss = "group: \"'\", currency: [CHF, Fr.]";
    let indian = "group: ',', grouping: indian, currency: ['₹', Rs, Rs.]";
    let books = "decimal: ',', group: '.', grouping: thousands, negative: accounting";
    let money = "group: ',', negative: accounting, currency: ['$', '€', EUR, kr, kr.]";
    let fraction = "decimal: ',', percent: fraction";
    let percent = "percent: number";
    let bad = f64::NEG_INFINITY; // stands for a number in another writing
    for (options, text, expected) in [
        (german, "1.234,50", 1234.5),
        (german, "-1.234.567,8", -1_234_567.8),
        (german, "\u{2212}5", -5.0),
        (german, "1234,5", 1234.5),
        (german, "1.23", bad),
        (german, "1,234.5", bad),
        (german, "(5)", bad),
        (german, "5-", bad),
        (french, "1 234,5-", -1234.5),
        (french, "1\u{a0}234,5", 1234.5),
        (french, "1\u{202f}234\u{202f}567,5 -", -1_234_567.5),
        (french, "-1 234", -1234.0),
        (french, "12 34", bad),
        (french, "1.234,5", bad),
        (swiss, "1'234.5", 1234.5),
        (swiss, "1’234’567", 1_234_567.0),
        (swiss, "CHF 1'234.50", 1234.5),
        (swiss, "Fr. -5.05", -5.05),
        (swiss, "chf5", 5.0),
        (indian, "12,34,567.8", 1_234_567.8),
        (indian, "₹ 1,00,000", 100_000.0),
        (indian, "Rs.500", 500.0),
        (indian, "1,234,567", bad),
        (indian, "123,456", bad),
        (books, "(1.234,50)", -1234.5),
        (books, "-5", -5.0),
        (books, "( 5 )", -5.0),
        (books, "12.34.567", bad),
        (books, "1234.567", bad),
        (books, "1.234.567", 1_234_567.0),
        (money, "($ 1,234.50)", -1234.5),
        (money, "-$5", -5.0),
        (money, "$-5", -5.0),
        (money, "$(5)", -5.0),
        (money, "5.50 eur", 5.5),
        (money, "€5", 5.0),
        (money, "100 kr.", 100.0),
        (money, ".5", 0.5),
        (fraction, "5 %", 0.05),
        (fraction, "12,5%", 0.125),
        (fraction, "%5", 0.05),
        (fraction, "-0,1 %", -0.001),
        (fraction, "5", 5.0),
        (percent, "5 %", 5.0),
        (percent, "1e3", 1000.0),
    ] {
        let options = format!("type: number, sheetlift: {{read: {{number: {{{options}}}}}}}");
        let expected = match expected == bad {
            true => Err(Misfit::NumberLocale),
            false => Ok(Value::Float(expected)),
        };
        assert_eq!(number(&options, text), expected, "{text:?} as {options}");
    }
    for text in [
        "$ 5 $", "--5", "-(5)", "(-5)", "(5", "£5", "$", "()", "5 EURO", "five", "", "5 %",
        "5 $ %", "1 2 of 3",
    ] {
        let options = format!("type: number, sheetlift: {{read: {{number: {{{money}}}}}}}");
        let found = number(&options, text);
        let locale = text == "5 %" || text == "5 $ %" || text == "(5";
        let is_right = matches!(found, Err(Misfit::Type)) || locale && found.is_err();
        assert!(is_right, "{text:?}: {found:?}");
    }
    let words =
        "type: number, bareNumber: false, sheetlift: {read: {number: {negative: accounting}}}";
    assert_eq!(number(words, "(5)"), Ok(Value::Float(-5.0)));
    assert_eq!(number(words, "5 pieces"), Ok(Value::Float(5.0)));
    assert_eq!(number(words, "about 5"), Ok(Value::Float(5.0)));
    assert_eq!(number(words, "\u{2212}5"), Ok(Value::Float(-5.0)));
    for text in [
        "5-",
        "5- pieces",
        "\u{2013}5",
        "5\u{2212}",
        "-5-",
        "(5-)",
        "(\u{2212}5)",
    ] {
        assert!(number(words, text).is_err(), "{text:?}");
    }
    let trailing = "type: number, bareNumber: false, sheetlift: {read: {number: {negative: trailing, currency: [EUR]}}}";
    for text in ["5-", "5\u{2212}", "5- EUR", "5 EUR-", "\u{2212}5 EUR", "-5"] {
        assert_eq!(number(trailing, text), Ok(Value::Float(-5.0)), "{text:?}");
    }
    for text in ["5--", "-5-", "5\u{2013}", "5- pieces", "\u{2212} 5 -"] {
        assert!(number(trailing, text).is_err(), "{text:?}");
    }
    let whole = "type: integer, sheetlift: {read: {number: {group: ',', grouping: indian, negative: trailing, percent: number, currency: [$]}}}";
    assert_eq!(number(whole, "$ 12,34,567-"), Ok(Value::Int(-1_234_567)));
    assert_eq!(number(whole, "5 %"), Ok(Value::Int(5)));
    assert_eq!(number(whole, "5.5"), Err(Misfit::Type));
    assert_eq!(number(whole, "1,234,567"), Err(Misfit::NumberLocale));
    let big = "type: integer, sheetlift: {read: {number: {negative: accounting}}}";
    assert_eq!(
        number(big, "(9223372036854775808)"),
        Ok(Value::Int(i64::MIN))
    );
    assert_eq!(number(big, "9223372036854775808"), Err(Misfit::Precision));
}

#[test]
fn a_group_character_of_the_standard_is_that_very_one() {
    let options = "type: number, groupChar: ' '";
    assert_eq!(number(options, "1 234.5"), Ok(Value::Float(1234.5)));
    assert_eq!(number(options, "1\u{a0}234.5"), Err(Misfit::NumberLocale));
    let options = "type: number, sheetlift: {read: {number: {group: ' '}}}";
    assert_eq!(number(options, "1\u{a0}234.5"), Ok(Value::Float(1234.5)));
    assert_eq!(number(options, "1\u{202f}234"), Ok(Value::Float(1234.0)));
    let options = "type: integer, sheetlift: {read: {number: {group: '’'}}}";
    assert_eq!(number(options, "1'234"), Ok(Value::Int(1234)));
}

#[test]
fn says_what_a_number_in_another_writing_means() {
    let meant = |options: &str, text: &str| {
        let contract = with_field(options).unwrap();
        let meant = contract.fields[0].field_type.number_meant(text);
        meant.map(|(text, score)| {
            assert_eq!(score, 0.9);
            text
        })
    };
    let german = "type: number, sheetlift: {read: {number: {decimal: ',', group: '.'}}}";
    for (options, text, expected) in [
        ("type: number", "12,50", Some("12.50")),
        ("type: number", "1,234.5", Some("1234.5")),
        ("type: number", "1.234,50", Some("1234.50")),
        ("type: number", "1 234 567", Some("1234567")),
        ("type: number", "1’234.5", Some("1234.5")),
        ("type: number", "12,34,567.8", Some("1234567.8")),
        ("type: number", "1,234", None),
        ("type: number", "0,125", Some("0.125")),
        ("type: number", "1,2,3", None),
        ("type: number", "1,234,56", None),
        ("type: number", "1.234.5", None),
        ("type: number", "1,234.5,6", None),
        (german, "12.50", Some("12,50")),
        (german, "1,234.50", Some("1234,50")),
        (german, "(12,5)", Some("-12,5")),
        (german, "5-", Some("-5")),
        (german, "5 %", None),
        (german, "5 €", None),
        ("type: integer", "1,234,567", Some("1234567")),
        ("type: integer", "12,5", None),
        ("type: date", "12,5", None),
    ] {
        assert_eq!(
            meant(options, text).as_deref(),
            expected,
            "{text} in {options}"
        );
    }
}

#[test]
fn dates_in_a_given_order() {
    let parse = |order: &str, text: &str| {
        let options = format!("type: date, sheetlift: {{read: {{dateOrder: {order}}}}}");
        number(&options, text)
    };
    let day = |year, month, day| {
        let days = super::super::temporal::unix_days(year, month, day).unwrap();
        Ok(Value::Int(days.into()))
    };
    for (order, text, expected) in [
        ("dmy", "03/04/2024", day(2024, 4, 3)),
        ("mdy", "03/04/2024", day(2024, 3, 4)),
        ("ymd", "03/04/2024", Err(Misfit::DateInvalid)),
        ("infer", "03/04/2024", Err(Misfit::DateAmbiguous)),
        ("dmy", "12/31/2024", Err(Misfit::DateInvalid)),
        ("mdy", "31/12/2024", Err(Misfit::DateInvalid)),
        ("infer", "31/12/2024", day(2024, 12, 31)),
        ("dmy", "3.4.24", day(2024, 4, 3)),
        ("mdy", "3-4-69", day(1969, 3, 4)),
        ("ymd", "68-3-4", day(2068, 3, 4)),
        ("dmy", "3 Apr 24", day(2024, 4, 3)),
        ("mdy", "3 Apr 24", day(2024, 4, 3)),
        ("ymd", "24 Apr 3", day(2024, 4, 3)),
        ("mdy", "2024-04-03", day(2024, 4, 3)),
        ("ymd", "2024/4/3", day(2024, 4, 3)),
        ("mdy", "01.02.2024", day(2024, 1, 2)),
        ("infer", "01.02.2024", day(2024, 2, 1)),
        ("dmy", "30/02/2024", Err(Misfit::DateInvalid)),
    ] {
        assert_eq!(parse(order, text), expected, "{text} as {order}");
    }
    let options = "type: datetime, sheetlift: {read: {dateOrder: mdy}}";
    let noon = (i64::from(super::super::temporal::unix_days(2024, 3, 4).unwrap()) * 24 + 12)
        * 3_600_000_000;
    assert_eq!(number(options, "03/04/2024 12:00"), Ok(Value::Int(noon)));
}

/// A number as people of a country write it.
fn written(value: f64, decimal: char, group: Option<char>, indian: bool) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap();
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        let starts = match indian {
            true => left == 3 || left > 3 && left % 2 == 1,
            false => left % 3 == 0,
        };
        if at > 0 && starts {
            out.extend(group);
        }
        out.push(digit);
    }
    format!("{out}{decimal}{fraction}")
}

proptest! {
    #[test]
    fn a_number_written_in_a_locale_is_read_as_that_number(
        cents in -100_000_000_000_i64..100_000_000_000,
        decimal in prop_oneof![Just('.'), Just(',')],
        group in prop_oneof![Just(None), Just(Some(' ')), Just(Some('\'')), Just(Some(';'))],
        grouping in 0..3_usize,
        negative in 0..3_usize,
        currency in 0..3_usize,
        percent in any::<bool>(),
    ) {
        let value = cents as f64 / 100.0;
        let body = written(value, decimal, group, grouping == 2);
        let body = match currency { 1 => format!("€ {body}"), 2 => format!("{body} EUR"), _ => body };
        let body = if percent { format!("{body} %") } else { body };
        let text = match (cents < 0, negative) {
            (false, _) => body,
            (true, 0) => format!("-{body}"),
            (true, 1) => format!("({body})"),
            (true, _) => format!("{body}-"),
        };
        let group = group.map_or(String::new(), |group| format!("group: \"{group}\", "));
        let options = format!(
            "type: number, sheetlift: {{read: {{number: {{decimal: '{decimal}', {group}grouping: {}, negative: {}, percent: fraction, currency: [€, EUR]}}}}}}",
            ["any", "thousands", "indian"][grouping],
            ["minus", "accounting", "trailing"][negative],
        );
        let expected = if percent { format!("{cents}e-4").parse().unwrap() } else { value };
        prop_assert_eq!(number(&options, &text), Ok(Value::Float(expected)), "{} as {}", text, options);
    }

    #[test]
    fn nothing_makes_a_local_number_fail(text in "[-+()0-9.,' %€eE\u{2212}\u{a0}\u{202f}]{0,12}") {
        for options in [
            "type: number, sheetlift: {read: {number: {decimal: ',', group: '.', negative: accounting, percent: fraction, currency: [€]}}}",
            "type: integer, bareNumber: false, sheetlift: {read: {number: {group: ' ', grouping: indian, negative: trailing}}}",
        ] {
            let contract = with_field(options).unwrap();
            let field_type = &contract.fields[0].field_type;
            if field_type.parse(&text).is_err() && let Some((meant, _)) = field_type.number_meant(&text) {
                prop_assert!(field_type.parse(&meant).is_ok(), "{text} is not {meant}");
            }
        }
    }
}

#[test]
fn the_schema_knows_the_keys_of_reading() {
    let schema: serde_json::Value = serde_json::from_str(Contract::json_schema()).unwrap();
    for (name, known) in [
        ("read", keys::READ),
        ("fieldRead", keys::FIELD_READ),
        ("localNumber", keys::NUMBER),
        ("fieldRead/properties/identifier", keys::IDENTIFIER),
    ] {
        let properties = schema
            .pointer(&format!("/$defs/{name}/properties"))
            .unwrap();
        let mut properties: Vec<&str> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = known.to_vec();
        properties.sort_unstable();
        known.sort_unstable();
        assert_eq!(properties, known, "{name}");
    }
    let doc = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract.md");
    let doc = fs::read_to_string(doc).unwrap();
    for key in [keys::READ, keys::FIELD_READ, keys::NUMBER, keys::IDENTIFIER].concat() {
        assert!(doc.contains(key), "{key} is not in docs/contract.md");
    }
}
