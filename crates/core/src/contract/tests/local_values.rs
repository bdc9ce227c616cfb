//! Numbers and dates as people of a country write them (`number` and `dateOrder` of `sheetlift.read`).

use proptest::prelude::*;

use super::{super::lexical::Misfit, *};

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
