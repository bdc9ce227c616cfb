//! Numbers, strings and booleans in texts.

use super::super::{
    lexical::Misfit,
    model::{FieldType, NumberFormat, StringFormat, Value},
};

#[test]
fn parses_numbers() {
    let plain = NumberFormat::default();
    let german = NumberFormat {
        decimal: ',',
        group: Some('.'),
        ..NumberFormat::default()
    };
    let money = NumberFormat {
        group: Some(','),
        bare: false,
        ..NumberFormat::default()
    };
    for (format, text, expected) in [
        (&plain, "12", Ok(12.0)),
        (&plain, "-12.50", Ok(-12.5)),
        (&plain, "+.5e-3", Ok(0.0005)),
        (&plain, "5.", Ok(5.0)),
        (&plain, "INF", Ok(f64::INFINITY)),
        (&plain, "+inf", Ok(f64::INFINITY)),
        (&plain, "-Inf", Ok(f64::NEG_INFINITY)),
        (&plain, "infinity", Err(Misfit::Type)),
        (&plain, "", Err(Misfit::Type)),
        (&plain, ".", Err(Misfit::Type)),
        (&plain, "-", Err(Misfit::Type)),
        (&plain, "1e", Err(Misfit::Type)),
        (&plain, "0x1F", Err(Misfit::Type)),
        (&plain, "12,50", Err(Misfit::NumberLocale)),
        (&plain, "1 000", Err(Misfit::NumberLocale)),
        (&plain, "1,234.5", Err(Misfit::NumberLocale)),
        (&plain, "€ 95", Err(Misfit::Type)),
        (&plain, "1e999", Err(Misfit::Precision)),
        (&plain, "9007199254740992", Ok(9007199254740992.0)),
        (&plain, "9007199254740993", Err(Misfit::Precision)),
        (&german, "1.234,50", Ok(1234.5)),
        (&german, "-1.234.567", Ok(-1234567.0)),
        (&german, "1.23", Err(Misfit::Type)),
        (&german, "1234", Ok(1234.0)),
        (&money, "$1,234.50", Ok(1234.5)),
        (&money, "-$ 95", Ok(-95.0)),
        (&money, "€ -.5", Ok(-0.5)),
        (&money, "Rs. 95", Ok(95.0)),
        (&money, "Rs. -95", Ok(-95.0)),
        (&money, "-Rs. 95", Err(Misfit::Type)),
        (&money, "--95", Err(Misfit::Type)),
        (&money, "-+95", Err(Misfit::Type)),
        (&money, "\u{2212}5 €", Ok(-5.0)),
        (&money, "\u{2212}€ 5", Ok(-5.0)),
        (&money, "€ \u{2212}.5", Ok(-0.5)),
        (&money, "\u{2013}5 €", Err(Misfit::Type)),
        (&money, "€ \u{2013} 5", Err(Misfit::Type)),
        (&money, "\u{ff0d}5", Err(Misfit::Type)),
        (&money, "5-", Err(Misfit::Type)),
        (&money, "5 -", Err(Misfit::Type)),
        (&money, "5.00- EUR", Err(Misfit::Type)),
        (&money, "5.00 EUR-", Err(Misfit::Type)),
        (&money, "5.00.- EUR", Err(Misfit::Type)),
        (&money, "5\u{2212} €", Err(Misfit::Type)),
        (&money, "5\u{2013}", Err(Misfit::Type)),
        (&money, "5 %-", Err(Misfit::Type)),
        (&money, "-5-", Err(Misfit::Type)),
        (&money, "CHF 5.\u{2013}", Ok(5.0)),
        (&money, "-5.-- EUR", Ok(-5.0)),
        (&money, "5.- -", Err(Misfit::Type)),
        (&money, "5 pcs - net", Ok(5.0)),
        (&money, "5 US-$", Err(Misfit::Type)),
        (&money, "95 %", Ok(95.0)),
        (&money, "(95)", Err(Misfit::Type)),
        (&money, "free", Err(Misfit::Type)),
        (&money, "1 of 2", Err(Misfit::Type)),
    ] {
        assert_eq!(format.parse_float(text), expected, "{text:?} as {format:?}");
    }
    for nan in ["NaN", "nan", "NAN"] {
        assert!(plain.parse_float(nan).unwrap().is_nan(), "{nan}");
    }
    assert_eq!(plain.parse_int("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(
        plain.parse_int("9223372036854775808"),
        Err(Misfit::Precision)
    );
    assert_eq!(plain.parse_int("12.0"), Err(Misfit::Type));
    assert_eq!(plain.parse_int("1e3"), Err(Misfit::Type));
    assert_eq!(money.parse_int("$1,234"), Ok(1234));
}

#[test]
fn knows_string_formats() {
    use StringFormat::*;
    for (format, good, bad) in [
        (Email, "a.b+c@example.co.uk", "a@b"),
        (Email, "ü@exämple.org", "a b@c.de"),
        (Email, "x@y.z", "a..b@c.de"),
        (Uri, "https://example.org/a?b#c", "example.org"),
        (Uri, "urn:isbn:0451450523", "https:// x"),
        (Uri, "mailto:a@b.c", "http://"),
        (
            Uuid,
            "123e4567-e89b-12d3-a456-426614174000",
            "123e4567e89b12d3a456426614174000",
        ),
        (Binary, "aGVsbG8=", "aGVsbG8"),
        (Binary, "", "a==="),
    ] {
        assert!(format.holds(good), "{good}");
        assert!(!format.holds(bad), "{bad}");
    }
}

#[test]
fn parses_booleans() {
    let default = FieldType::Boolean {
        true_values: vec!["yes".into()],
        false_values: vec!["no".into()],
    };
    assert_eq!(default.parse(" yes "), Ok(Value::Bool(true)));
    assert_eq!(default.parse("no"), Ok(Value::Bool(false)));
    assert_eq!(default.parse("No"), Err(Misfit::Type));
}
