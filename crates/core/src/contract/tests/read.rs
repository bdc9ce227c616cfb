//! `sheetlift.read`, `blank` and `default`: what is understood, and what it is for all fields.

use super::*;
use crate::contract::keys;

/// A contract of one field, with what is said for all of them.
pub(super) fn with_defaults(defaults: &str, field: &str) -> Result<Contract> {
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
