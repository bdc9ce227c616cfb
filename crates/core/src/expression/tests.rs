//! Expressions in tables of one-liners.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DurationMicrosecondArray, Float64Array, Int64Array,
    StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};

use super::*;
use crate::contract::Contract;

const FIELDS: &str = "fields: [{name: n, type: integer}, {name: x, type: number}, {name: t}, {name: b, type: boolean}, {name: d, type: date}, \
    {name: s, type: datetime}, {name: c, type: time}, {name: p, type: duration}, {name: unit price, type: number}]";

fn fields() -> Vec<Field> {
    FIELDS.parse::<Contract>().unwrap().fields
}

fn parse(text: &str) -> Result<Expression, Refusal> {
    let mut all = Expression::parse_all(&[text], &fields()).map_err(|(_, refusal)| refusal)?;
    Ok(all.remove(0))
}

/// Two rows: one with values, one without any.
fn arrays() -> Vec<ArrayRef> {
    let hour = 3_600_000_000;
    vec![
        Arc::new(Int64Array::from(vec![Some(7), None])),
        Arc::new(Float64Array::from(vec![Some(2.5), None])),
        Arc::new(StringViewArray::from(vec![Some("kg, äpfel"), None])),
        Arc::new(BooleanArray::from(vec![Some(true), None])),
        Arc::new(Date32Array::from(vec![Some(19_723), None])), // 2024-01-01
        Arc::new(TimestampMicrosecondArray::from(vec![
            Some(19_723 * 24 * hour + 12 * hour),
            None,
        ])),
        Arc::new(Time64MicrosecondArray::from(vec![Some(6 * hour), None])),
        Arc::new(DurationMicrosecondArray::from(vec![Some(36 * hour), None])),
        Arc::new(Float64Array::from(vec![Some(-1.0), None])),
    ]
}

/// `1`, `0` or `?` for each row.
fn ask(text: &str) -> String {
    let expression = parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
    let truth = expression.ask(&arrays(), 2);
    let one = |row| match (truth.yes.value(row), truth.no.value(row)) {
        (true, false) => '1',
        (false, true) => '0',
        (false, false) => '?',
        (true, true) => panic!("{text} is true and false"),
    };
    (0..2).map(one).collect()
}

#[test]
fn answers_of_a_row_with_values_and_of_one_without() {
    for (text, answers) in [
        ("n == 7", "1?"),
        ("n != 7", "0?"),
        ("n < 7 || n > 7", "0?"),
        ("n <= 7 && n >= 7", "1?"),
        ("row.n == 7 && row[\"unit price\"] < 0", "1?"),
        ("x == 2.5", "1?"),
        ("x > n", "0?"),
        ("n > x", "1?"),
        ("x * 2 == 5", "1?"),
        ("n / 2 == 3 && n % 2 == 1", "1?"),
        ("n / 0 == 1", "??"),
        ("x / 0 == 1", "??"),
        ("n + 9223372036854775807 > 0", "??"),
        ("-n == -7 && -x < -2", "1?"),
        ("n - 10 == -3", "1?"),
        ("int(x) == 2 && double(n) == 7.0", "1?"),
        ("t == \"kg, äpfel\"", "1?"),
        ("t < 'l'", "1?"),
        (
            "t.startsWith('kg') && t.endsWith('l') && t.contains('ä')",
            "1?",
        ),
        ("t.matches('^kg')", "1?"),
        ("t.matches('[x-z]')", "0?"),
        ("size(t) == 9 && t.size() == 9", "1?"),
        ("t + '!' == 'kg, äpfel!'", "1?"),
        ("t in ['m', 'kg, äpfel']", "1?"),
        ("n in [1, 2]", "0?"),
        ("x in [1, 2.5]", "1?"),
        ("b in [false]", "0?"),
        ("n in []", "0?"),
        ("b", "1?"),
        ("!b", "0?"),
        ("b == true && b != false", "1?"),
        ("b && false", "00"),
        ("b || true", "11"),
        ("b ? n == 7 : n == 8", "1?"),
        ("(n > 5 ? 'many' : 'few') == 'many'", "1?"),
        ("(n > 5 ? x : 0) > 2", "1?"),
        ("(n > 5 ? 1 : n) == 1", "1?"),
        ("(b ? null : n) == null", "11"),
        ("n == null", "01"),
        ("null != n", "10"),
        ("t == null || b == null", "01"),
        ("has(row.n)", "10"),
        ("null == null", "11"),
        ("d == date('2024-01-01')", "1?"),
        ("d > date('2024-01-01')", "0?"),
        ("s > d && d < s", "1?"),
        ("s == timestamp('2024-01-01T12:00:00')", "1?"),
        ("s - d == duration('PT12H')", "1?"),
        ("d - d == duration('PT0S')", "1?"),
        (
            "d + p == timestamp('2024-01-02T12:00:00') && p + d == d + p",
            "1?",
        ),
        ("s - p < d", "1?"),
        ("p + p > duration('P2D') && -p < p", "1?"),
        ("c < time('06:00:01')", "1?"),
        ("1 < 2", "11"),
        ("n > 1 // a remark", "1?"),
    ] {
        assert_eq!(ask(text), answers, "{text}");
    }
}

#[test]
fn refuses_with_the_character() {
    let deep = |n: usize| format!("{}b{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(ask(&deep(24)), "1?");
    for (text, at, part) in [
        ("", 1, "no expression"),
        ("n >", 4, "no expression of CEL"),
        ("n == 'ä' && ö", 13, "no expression of CEL"),
        ("n", 1, "a whole number, but a rule is true or false"),
        ("quantity > 1", 1, "no field is called `quantity`"),
        ("b && m > 1", 6, "no field is called `m`"),
        ("t == 'ä' && m > 1", 13, "no field is called `m`"),
        ("row.m > 1", 4, "no field is called `m`"),
        ("n.m > 1", 2, "only `row` has fields"),
        ("row[t] == 1", 4, "only `row[\"name\"]`"),
        (
            "n == 't'",
            3,
            "a whole number and a text do not go together",
        ),
        ("d > '2024-01-01'", 3, "a date and a text"),
        ("b < true", 3, "true is neither more nor less"),
        ("n < null", 3, "null is neither more nor less"),
        (
            "n && b",
            1,
            "this is a whole number, but has to be true or false",
        ),
        ("!t", 2, "this is a text"),
        ("-t == 'a'", 2, "a text has no sign"),
        ("t - t == 'a'", 3, "there is no a text - a text"),
        ("x % 2.0 == 0.0", 3, "there is no a number % a number"),
        ("d + d == d", 3, "there is no a date + a date"),
        ("n in t", 6, "`in` is followed by a list"),
        ("n in ['a']", 7, "a text is never a whole number"),
        ("n in [n]", 7, "values, not of fields"),
        ("[1] == [1]", 1, "a list can only follow `in`"),
        ("{'a': 1} == null", 1, "maps are not supported"),
        ("t.exists(c, c == 'a')", 9, "macros over lists"),
        ("n == 7u", 6, "without `u`"),
        ("t == b'a'", 6, "bytes are not supported"),
        ("t.lowerAscii() == 'a'", 13, "`lowerAscii` is not supported"),
        ("t.matches(t)", 11, "`matches` takes a text in quotes"),
        ("t.matches('(')", 11, "no regular expression"),
        ("t.matches('a)|(b')", 11, "no regular expression"),
        ("d == date('2024-02-30')", 11, "this has to be a date"),
        ("d == date(t)", 11, "`date` takes a text in quotes"),
        ("int(t) == 1", 5, "a text is no number"),
        (
            "size(n) == 1",
            6,
            "this is a whole number, but has to be a text",
        ),
        (&deep(25), 25, "nested more than 24 deep"),
        (
            &format!("{}b", "!".repeat(30)),
            25,
            "nested more than 24 deep",
        ),
        (
            &format!("{}b", "b ? b : ".repeat(30)),
            195,
            "nested more than 24 deep",
        ),
        (
            &format!("n{} == 1", " + n".repeat(120)),
            0,
            "nested more than 100 deep",
        ),
        (&"b || ".repeat(500), 1, "longer than 2048 bytes"),
    ] {
        let refusal = parse(text)
            .err()
            .unwrap_or_else(|| panic!("{text} was accepted"));
        assert!(refusal.message.contains(part), "{text}: {refusal:?}");
        assert!(at == 0 || refusal.at == at, "{text}: {refusal:?}");
    }
    let refusal = parse("d > '2024-01-01'").unwrap_err();
    assert_eq!(refusal.hint.as_deref(), Some("write date(\"2024-12-31\")"));
}

#[test]
fn says_which_of_several_is_wrong_and_which_fields_are_asked() {
    let (at, _) = Expression::parse_all(&["b", "m"], &fields()).unwrap_err();
    assert_eq!(at, 1);
    assert_eq!(parse("x > n && n > 0").unwrap().fields(), [0, 1]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn never_panics(text in "[nxtbd ()!<>=&|?:+*/%'\"0-9.-]{0,24}") {
        if let Ok(expression) = parse(&text) {
            expression.ask(&arrays(), 2);
        }
    }
}
