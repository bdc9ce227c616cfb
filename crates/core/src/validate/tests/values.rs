//! One value, one field: what becomes of it.

use super::*;

/// The value a cell becomes in a field of these options (YAML flow), or the codes of its findings. Texts are tried in
/// every way a file can hold them.
fn verdict(options: &str, cell: Cell<'_>) -> String {
    let yaml = format!("fields: [{{name: f, {options}}}, {{name: n, type: integer}}]");
    let look_as = |check: Check, cells: &[Cell<'_>]| {
        let rows: Vec<Vec<Cell<'_>>> = cells.iter().map(|&cell| vec![cell, Cell::Int(1)]).collect();
        let (checked, _) = check(&yaml, &rows);
        let last = rows.len() as u32 + 1;
        let mut codes = checked
            .findings
            .iter()
            .filter(|finding| finding.row == Some(last))
            .map(|finding| &*finding.code);
        match codes.next() {
            Some(first) => codes.fold(first.to_owned(), |all, code| format!("{all} {code}")),
            None => value(&checked.accepted, 0, checked.accepted.num_rows() - 1),
        }
    };
    let look = |cells: &[Cell<'_>]| look_as(check, cells);
    let alone = look(&[cell]);
    assert_eq!(look_as(check_spelled, &[cell]), alone, "in a text file");
    assert_eq!(
        look_as(check_spelled, &[Cell::Null, text("true"), cell]),
        alone,
        "in a mixed lane of a text file: {options} {cell:?}"
    );
    assert_eq!(
        look(&[Cell::Null, cell]),
        alone,
        "after null: {options} {cell:?}"
    );
    assert_eq!(
        look(&[Cell::Int(7), Cell::Error("#N/A"), cell]),
        alone,
        "in a mixed lane: {options} {cell:?}"
    );
    if let Cell::Text(text, None) = cell {
        assert_eq!(
            look(&[Cell::Text(text, Some(1))]),
            alone,
            "shared: {options} {text:?}"
        );
        assert_eq!(
            look(&[
                Cell::Text("x", Some(0)),
                Cell::Text(text, Some(1)),
                Cell::Text(text, Some(1))
            ]),
            alone
        );
        assert_eq!(
            look(&[Cell::Bool(true), Cell::Text(text, Some(2))]),
            alone,
            "shared in a mixed lane: {text:?}"
        );
    }
    alone
}

type Check = fn(&str, &[Vec<Cell<'_>>]) -> (Checked, Summary);

cases! {
    verdict;

    strings {
        "type: string": text("a") => "\"a\"", text(" a ") => "\" a \"", text("") => "null", Null => "null",
            Int(12) => "\"12\"", Float(0.1) => "\"0.1\"", Bool(true) => "\"TRUE\"", Date(45_658.0) => "\"2025-01-01\"",
            Error("#N/A") => "cell/formula-error", BadString(99) => "cell/type";
        "type: string, format: email": text("a@b.cd") => "\"a@b.cd\"", text("a@b") => "cell/type", Int(1) => "cell/type";
        "type: string, format: uuid": text("123e4567-e89b-12d3-a456-426614174000") => "\"123e4567-e89b-12d3-a456-426614174000\"",
            text("123e4567") => "cell/type";
        "type: any": Int(12) => "\"12\"", text("a") => "\"a\"", Error("#N/A") => "cell/formula-error";
    }

    string_constraints {
        "constraints: {minLength: 2, maxLength: 3}": text("ab") => "\"ab\"", text("äöü") => "\"äöü\"", text("a") => "cell/min-length",
            text("abcd") => "cell/max-length", Int(7) => "cell/min-length", Int(77) => "\"77\"", Null => "null", text("") => "null";
        "constraints: {pattern: '[A-Z]+|x'}": text("AB") => "\"AB\"", text("ABc") => "cell/pattern", text("xA") => "cell/pattern",
            text("A long text, longer than twelve") => "cell/pattern", text("A\n") => "cell/pattern";
        "constraints: {enum: [kg, '5']}": text("kg") => "\"kg\"", text("KG") => "cell/enum", Int(5) => "\"5\"", Int(6) => "cell/enum";
        "categories: [kg]": text("kg") => "\"kg\"", text("m") => "cell/enum";
        "constraints: {minLength: 5, pattern: x, enum: [y]}, missingValues: [z]":
            text("abc") => "cell/min-length cell/pattern cell/enum", text("z") => "null", text("") => "cell/min-length cell/pattern cell/enum";
        "constraints: {required: true}": text("a") => "\"a\"", Null => "cell/required", text("") => "cell/required",
            Error("#N/A") => "cell/formula-error", text(" ") => "\" \"";
    }

    missing_values {
        "missingValues: [n/a, '-']": text("n/a") => "null", text("-") => "null", text("") => "\"\"", text(" -") => "\" -\"";
        "type: integer, missingValues: ['-99', n/a, '#N/A']": Int(-99) => "null", Float(-99.0) => "null", text("-99") => "null",
            text(" n/a ") => "null", Error("#N/A") => "null", Error("#REF!") => "cell/formula-error", text("") => "cell/type",
            Int(-98) => "-98";
        "type: number, missingValues: ['-99'], constraints: {required: true, minimum: 0}": Int(-99) => "cell/required",
            Float(-99.5) => "cell/minimum", Float(0.0) => "0.0";
        "type: string, missingValues: ['#N/A']": Error("#N/A") => "null", text("#N/A") => "null";
        "type: date, missingValues: ['0']": Int(0) => "null", Int(1) => "cell/date-invalid";
    }

    integers {
        "type: integer": Int(5) => "5", Float(5.0) => "5", text("5") => "5", text(" -5 ") => "-5", text("+5") => "5",
            text("007") => "7", Float(5.5) => "cell/type", text("5.0") => "cell/type", text("five") => "cell/type",
            text("1.0") => "cell/type", text("1e3") => "cell/type", text("1,000") => "cell/number-locale", text("99999999999999999999") => "cell/precision", Float(1e30) => "cell/precision",
            Bool(true) => "cell/type", Date(45_658.0) => "cell/type", text("") => "null", text("  ") => "null", Null => "null",
            Error("#DIV/0!") => "cell/formula-error", BadString(99) => "cell/type";
        "type: integer, groupChar: ',', bareNumber: false": text("$1,000") => "1000", text("1,000 pcs") => "1000", text("pcs") => "cell/type", text("a-b-12") => "cell/type", text("--12") => "cell/type", text("-12 pcs") => "-12", text("No-12") => "-12";
        "type: integer, constraints: {minimum: 1, maximum: 9}": Int(1) => "1", Int(9) => "9", Int(0) => "cell/minimum",
            Int(10) => "cell/maximum", text("10") => "cell/maximum", Null => "null";
        "type: integer, constraints: {exclusiveMinimum: 1, exclusiveMaximum: 9}": Int(2) => "2", Int(1) => "cell/minimum",
            Int(9) => "cell/maximum";
        "type: integer, constraints: {exclusiveMinimum: 9223372036854775807}": Int(i64::MAX) => "cell/minimum";
        "type: integer, constraints: {enum: [1, 2]}": Int(2) => "2", Float(1.0) => "1", text("2") => "2", Int(3) => "cell/enum";
    }

    numbers {
        "type: number": Int(5) => "5.0", Float(0.1) => "0.1", text(" 12.50 ") => "12.5", text("1e3") => "1000.0", text("INF") => "inf", text("-Inf") => "-inf", text("nan") => "NaN",
            text("12,50") => "cell/number-locale", text("x") => "cell/type", Int((1 << 53) + 1) => "cell/precision",
            text("9007199254740993") => "cell/precision", Bool(true) => "cell/type", Time(0.5) => "cell/type";
        "type: number, decimalChar: ',', groupChar: '.'": text("1.234,5") => "1234.5", text("1234.5") => "cell/type", Float(1.5) => "1.5",
            text("1.234") => "1234.0";
        "type: number, decimalChar: ','": text("1.5") => "cell/type", text("1,5") => "1.5", text("15") => "15.0";
        "type: number, constraints: {minimum: 0.5}": Float(0.5) => "0.5", Float(0.49) => "cell/minimum", text("NaN") => "cell/minimum";
        "type: number, constraints: {exclusiveMaximum: 1}": Float(0.99) => "0.99", Int(1) => "cell/maximum";
        "type: number, constraints: {enum: [0, 0.5]}": Float(0.5) => "0.5", Float(-0.0) => "-0.0", Int(0) => "0.0", Float(0.6) => "cell/enum";
    }

    booleans {
        "type: boolean": Bool(true) => "true", text("TRUE") => "true", text(" false ") => "false", text("1") => "true", Int(0) => "false",
            Float(1.0) => "true", Int(2) => "cell/type", text("yes") => "cell/type", text("tRue") => "cell/type", text("") => "null";
        "type: boolean, trueValues: [yes], falseValues: [no]": text("yes") => "true", text("no") => "false", Bool(false) => "false",
            Int(1) => "cell/type", text("true") => "cell/type";
        "type: boolean, constraints: {enum: [true]}": Bool(true) => "true", Bool(false) => "cell/enum", text("false") => "cell/enum";
    }

    dates {
        "type: date": Date(45_658.0) => "day 20089", DateTime(45_658.0) => "day 20089", DateTime(45_658.5) => "cell/date-invalid",
            text("2025-01-01") => "day 20089", text(" 2025-01-01 ") => "day 20089", text("2025-02-29") => "cell/date-invalid",
            text("01/02/2025") => "cell/date-invalid", text("2025-01-01T00:00:00") => "cell/date-invalid", Int(45_658) => "cell/date-invalid", Date(-1.0) => "cell/date-invalid",
            Time(0.5) => "cell/date-invalid", Error("#N/A") => "cell/formula-error", BadString(99) => "cell/type";
        "type: date, format: '%d/%m/%Y'": text("01/01/2025") => "day 20089", text("2025-01-01") => "cell/date-invalid",
            Date(45_658.0) => "day 20089";
        "type: date, format: '%Y-%d-%m'": text("2024-02-03") => "day 19784", text("2024-02-13") => "cell/date-invalid";
        "type: date, format: any": text("1 Jan 2025") => "day 20089", text("02/03/2025") => "cell/date-ambiguous",
            text("13/01/2025") => "day 20101", text("soon") => "cell/date-invalid";
        "type: date, constraints: {minimum: 2025-01-01, maximum: 2025-12-31}": Date(45_658.0) => "day 20089",
            Date(45_657.0) => "cell/minimum", text("2026-01-01") => "cell/maximum";
        "type: date, constraints: {enum: [2025-01-01]}": Date(45_658.0) => "day 20089", Date(45_659.0) => "cell/enum";
    }

    times {
        "type: time": Time(0.5) => "43200000000", text("12:00:00") => "43200000000", text("12:00") => "cell/date-invalid",
            text("06:00:00+01:00") => "18000000000", text("00:30:00+01:00") => "84600000000", text("23:59:60") => "cell/date-invalid", Duration(0.5) => "43200000000", Duration(1.5) => "cell/date-invalid", Float(0.5) => "cell/date-invalid";
        "type: time, format: '%H:%M', constraints: {minimum: '08:00'}": text("12:00") => "43200000000", Time(0.25) => "cell/minimum";
        "type: datetime": DateTime(25_569.5) => "43200000000", Date(25_570.0) => "86400000000", text("1970-01-01T12:00:00Z") => "43200000000",
            text("1970-01-01 12:00:00") => "43200000000", text("1970-01-01") => "cell/date-invalid",
            text("1970-01-01T06:00") => "cell/date-invalid", text("1970-01-01T06:00:00,5") => "21600500000", text("1970-01-01T00:00:00+01:00") => "-3600000000", Time(0.5) => "cell/date-invalid";
        "type: datetime, constraints: {exclusiveMinimum: '1970-01-01T12:00:00'}": DateTime(25_569.5) => "cell/minimum";
        "type: duration": Duration(1.5) => "129600000000", Time(0.5) => "43200000000", text("PT12H") => "43200000000",
            text("12 hours") => "cell/type", Int(1) => "cell/type", text("P1Y2M") => "cell/type", text("P0Y1DT0.5S") => "86400500000";
        "type: duration, constraints: {maximum: P1D}": Duration(1.0) => "86400000000", Duration(1.5) => "cell/maximum";
    }

    years_and_months {
        "type: year": Int(2024) => "2024", text("2024") => "2024", text("24") => "cell/type", text("200") => "cell/type",
            text("-0200") => "-200", Int(20_240) => "cell/type",
            Float(2024.5) => "cell/type", Date(45_658.0) => "cell/type";
        "type: year, constraints: {minimum: 2000}": Int(1999) => "cell/minimum";
        "type: yearmonth": text("2024-03") => "\"2024-03\"", text(" 2024-03") => "\"2024-03\"", Date(45_658.0) => "\"2025-01\"",
            Date(45_659.0) => "cell/type", DateTime(45_658.0) => "\"2025-01\"", DateTime(45_658.5) => "cell/type", text("2024-13") => "cell/type", Int(202_403) => "cell/type", text("") => "null",
            Error("#N/A") => "cell/formula-error";
        "type: yearmonth, constraints: {minimum: 2024-02, exclusiveMaximum: 2024-05}": text("2024-02") => "\"2024-02\"",
            text("2024-01") => "cell/minimum", text("2024-05") => "cell/maximum", Date(45_658.0) => "cell/maximum";
        "type: yearmonth, constraints: {enum: [2024-02], required: true}": text("2024-03") => "cell/enum", Null => "cell/required";
    }

    texts_with_parts {
        "type: list, itemType: integer, constraints: {minLength: 2, maxLength: 3, enum: ['1,2', '1,2,3,4']}": text("1,2") => "\"1,2\"",
            text("01,+2") => "\"01,+2\"", text("1") => "cell/min-length cell/enum", Int(1) => "cell/min-length cell/enum", text("1,2,3,4") => "cell/max-length",
            text("1,x") => "cell/type", Null => "null", text("") => "null", Error("#N/A") => "cell/formula-error";
        "type: array, constraints: {minLength: 1, jsonSchema: {items: {type: integer}}}": text("[1, 2]") => "\"[1, 2]\"",
            text("[]") => "cell/min-length", text("[1.5]") => "cell/json-schema", text("{}") => "cell/type", text("[1") => "cell/type", Int(1) => "cell/type",
            text("  ") => "cell/type";
        "type: array, arrayItem: {type: integer, constraints: {minimum: 1}}": text("[1, \"2\", null]") => r#""[1, \"2\", null]""#,
            text("[0]") => "cell/type", text("[\"a\"]") => "cell/type", text("[true]") => "cell/type";
        "type: array, arrayItem: {type: string, constraints: {required: true, maxLength: 1}}": text("[\"a\"]") => r#""[\"a\"]""#,
            text("[1]") => "cell/type", text("[null]") => "cell/type", text("[\"ab\"]") => "cell/type";
        "type: array, arrayItem: {type: array, constraints: {minLength: 1}}": text("[[1]]") => "\"[[1]]\"", text("[[]]") => "cell/type",
            text("[1]") => "cell/type";
        "type: array, arrayItem: {type: number, decimalChar: ',', groupChar: '.', constraints: {minimum: 1000}}": text("[1.234]") => "cell/type",
            text("[1234.5, \"1.234\"]") => r#""[1234.5, \"1.234\"]""#;
        "type: array, arrayItem: {type: number, decimalChar: ',', constraints: {maximum: 2}}": text("[1.5, \"1,5\"]") => r#""[1.5, \"1,5\"]""#,
            text("[\"1.5\"]") => "cell/type", text("[2.5]") => "cell/type";
        "type: array, arrayItem: {type: boolean}": text("[true, \"false\"]") => r#""[true, \"false\"]""#, text("[1]") => "cell/type";
        "type: object, constraints: {maxLength: 1, enum: [{a: 1}, {a: 2, b: 1}]}": text("{\"a\": 1.0}") => r#""{\"a\": 1.0}""#,
            text("{\"b\": 1, \"a\": 2}") => "cell/max-length", text("{\"a\": 3}") => "cell/enum", text("[]") => "cell/type", Bool(true) => "cell/type";
        "type: geopoint, constraints: {enum: ['90, 45']}": text("90.0,45") => "\"90.0,45\"", text("90,46") => "cell/enum", text("90,91") => "cell/type",
            Float(90.5) => "cell/type";
        "type: geojson": text("{\"type\": \"Point\", \"coordinates\": [1, 2]}") => r#""{\"type\": \"Point\", \"coordinates\": [1, 2]}""#,
            text("{\"type\": \"Point\"}") => "cell/type";
        "type: list, missingValues: [none]": text("none") => "null", text(" none") => "\" none\"";
    }

    digits_of_numbers {
        "type: number, sheetlift: {check: {precision: 5, scale: 2}}": Float(123.45) => "123.45", Float(-999.99) => "-999.99",
            Int(999) => "999.0", Float(1000.5) => "cell/precision", Float(0.125) => "cell/precision", text("1000.125") => "cell/precision cell/precision",
            text("NaN") => "cell/precision cell/precision", Null => "null";
        "type: number, sheetlift: {check: {precision: 3}}": Float(0.12) => "0.12", Float(1.25) => "1.25", Float(12.25) => "cell/precision",
            Int(1000) => "cell/precision", Int(-999) => "-999.0", Float(0.001) => "0.001", Float(0.0001) => "cell/precision";
        "type: number, sheetlift: {check: {scale: 1}}": Float(0.1) => "0.1", Float(1e300) => "1e300", Float(0.30000000000000004) => "cell/precision",
            Float(2251799813685249.5) => "2251799813685249.5", Float(1000000.25) => "cell/precision";
        "type: number, sheetlift: {check: {multipleOf: 0.05}}": Float(0.15) => "0.15", Float(0.16) => "cell/multiple-of", Int(7) => "7.0",
            Float(1234567.85) => "1234567.85", Float(1e300) => "1e300", Float(1e22) => "1e22", Float(0.001) => "cell/multiple-of", text("INF") => "cell/multiple-of";
        "type: integer, sheetlift: {check: {multipleOf: 12, precision: 3}}": Int(24) => "24", Int(-36) => "-36", Int(25) => "cell/multiple-of",
            Int(1200) => "cell/precision", Int(i64::MIN) => "cell/precision cell/multiple-of", text("0") => "0";
        "type: integer, sheetlift: {check: {multipleOf: 2.5}}": Int(5) => "5", Int(6) => "cell/multiple-of";
    }

    texts_that_are_checked {
        "sheetlift: {check: {notPattern: '(?i)tbd|x+'}}": text("Tbd") => "cell/pattern", text("tbd.") => "\"tbd.\"", text("xxx") => "cell/pattern";
        "sheetlift: {check: {maxBytes: 3}}": text("abc") => "\"abc\"", text("äb") => "\"äb\"", text("äö") => "cell/max-length";
        "sheetlift: {check: {formula: reject}}": text("=1+1") => "cell/formula-text", text("@x") => "cell/formula-text", text("-5.5") => "\"-5.5\"",
            text("-x") => "cell/formula-text", text("\tx") => "cell/formula-text", text("a=b") => "\"a=b\"", Int(-5) => "\"-5\"";
        "constraints: {minLength: 2, maxLength: 3, pattern: '[a-c]+', enum: [a@b.cd]}, format: email, categories: [a@b.ce, a@b.cd], sheetlift: {check: {notPattern: '=.*', checkDigit: luhn, maxBytes: 2, formula: reject}}":
            text("=xyz") => "cell/type cell/max-length cell/pattern cell/enum cell/enum cell/pattern cell/check-digit cell/max-length cell/formula-text";
    }

    check_digits {
        "sheetlift: {check: {checkDigit: gtin}}": text("4006381333931") => "\"4006381333931\"", text("036000291452") => "\"036000291452\"",
            text("73513537") => "\"73513537\"", text("10614141000415") => "\"10614141000415\"", text("4006381333932") => "cell/check-digit",
            text("400638133393") => "cell/check-digit", text("400638133393X") => "cell/check-digit", Int(4_006_381_333_931) => "\"4006381333931\"",
            text("4006381-333931") => "cell/check-digit", text("4") => "cell/check-digit", text("٤٠٠٦٣٨١٣") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: gtin8}}": text("73513537") => "\"73513537\"", text("4006381333931") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: gtin12}}": text("036000291452") => "\"036000291452\"", text("73513537") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: gtin13}}": text("4006381333931") => "\"4006381333931\"", text("73513537") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: gtin14}}": text("10614141000415") => "\"10614141000415\"", text("73513537") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: isbn}}": text("978-0-306-40615-7") => "\"978-0-306-40615-7\"", text("0-306-40615-2") => "\"0-306-40615-2\"",
            text("0 8044 2957 X") => "\"0 8044 2957 X\"", text("080442957x") => "\"080442957x\"", text("977-0-306-40615-8") => "cell/check-digit",
            text("0-306-40615-3") => "cell/check-digit", text("978030640615X") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: isbn10}}": text("0306406152") => "\"0306406152\"", text("9780306406157") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: isbn13}}": text("9780306406157") => "\"9780306406157\"", text("0306406152") => "cell/check-digit";
        "sheetlift: {check: {checkDigit: luhn}}": text("4539578763621486") => "\"4539578763621486\"", text("4539578763621487") => "cell/check-digit",
            text("79927398713") => "\"79927398713\"", text("0") => "cell/check-digit", text("00") => "\"00\"";
    }
}

#[test]
fn a_check_digit_is_corrected() {
    let yaml = "fields: [{name: f, sheetlift: {check: {checkDigit: isbn}}}]";
    let texts = ["978-0-306-40615-0", "0-8044-2957-1", "12"];
    let rows: Vec<_> = texts
        .iter()
        .map(|text| vec![Cell::Text(text, None)])
        .collect();
    let (checked, _) = check(yaml, &rows);
    let suggested: Vec<_> = checked
        .findings
        .iter()
        .map(|f| f.suggestion.as_deref())
        .collect();
    assert_eq!(
        suggested,
        [Some("978-0-306-40615-7"), Some("0-8044-2957-X"), None]
    );
    assert_eq!(
        checked.findings[0].message,
        "f is \"978-0-306-40615-0\", but has to be an ISBN of 10 or 13 digits with a right check digit"
    );
}

#[test]
fn a_date_that_was_meant_is_suggested() {
    let suggested = |format: &str, text: &str| {
        let yaml = format!("fields: [{{name: f, type: date, format: '{format}'}}]");
        let (checked, _) = check(&yaml, &[vec![Cell::Text(text, None)]]);
        let finding = &checked.findings[0];
        finding.suggestion.clone().zip(finding.score)
    };
    let yes = |text: &str, score| Some((text.to_owned(), score));
    assert_eq!(suggested("default", "31/12/2024"), yes("2024-12-31", 0.9));
    assert_eq!(suggested("default", "3 March 2024"), yes("2024-03-03", 0.9));
    assert_eq!(suggested("default", "2024-31-12"), yes("2024-12-31", 0.7));
    assert_eq!(suggested("%d/%m/%Y", "2024-12-31"), yes("31/12/2024", 0.9));
    assert_eq!(suggested("default", "03/04/2024"), None);
    assert_eq!(suggested("default", "2024-02-30"), None);
    assert_eq!(suggested("default", "soon"), None);
}

#[test]
fn a_duration_without_a_length_says_what_to_write() {
    let message = |text: &str| {
        let yaml = "fields: [{name: f, type: duration}]";
        let (checked, _) = check(yaml, &[vec![Cell::Text(text, None)]]);
        checked.findings[0].message.clone()
    };
    assert_eq!(
        message("P1Y2M"),
        "f is \"P1Y2M\", whose years or months are not of one length; write days"
    );
    assert!(message("P1Y2M3").contains("has to be a duration"));
}

#[test]
fn what_is_no_value_of_its_type_is_null_where_that_is_a_warning() {
    let levels = "{levels: {cell/type: warning, cell/max-length: info, required: warning}}";
    for (options, cell, expected) in [
        (
            "type: list, itemType: integer",
            text("1,x"),
            "null cell/type",
        ),
        ("type: array", text("[1"), "null cell/type"),
        ("type: object", text("[]"), "null cell/type"),
        ("type: geopoint", text("1"), "null cell/type"),
        (
            "type: geojson",
            text("a shape, but none on the earth"),
            "null cell/type",
        ),
        ("type: year", Cell::Int(12_024), "null cell/type"),
        ("type: year", Cell::Float(-1e5), "null cell/type"),
        ("type: year", text("24"), "null cell/type"),
        // The value breaks no other rule: there is none.
        (
            "type: year, constraints: {maximum: 2100}",
            Cell::Int(12_024),
            "null cell/type",
        ),
        (
            "type: list, constraints: {maxLength: 1, required: true}",
            text("a,b"),
            r#""a,b" cell/max-length"#,
        ),
        (
            "type: array, constraints: {required: true}",
            text("1"),
            "null cell/required cell/type",
        ),
        (
            "type: year, constraints: {required: true}",
            Cell::Int(12_024),
            "null cell/required cell/type",
        ),
        // A text that is no address is a text still, and an array with one bad item an array.
        ("type: string, format: email", text("x"), r#""x" cell/type"#),
        (
            "type: array, arrayItem: {type: integer}",
            text("[1, true]"),
            r#""[1, true]" cell/type"#,
        ),
    ] {
        let yaml = format!(
            "fields: [{{name: f, {options}}}, {{name: n, type: integer}}]\nsheetlift: {levels}"
        );
        for cells in [
            vec![cell],
            vec![Cell::Null, cell],
            vec![Cell::Bool(true), cell, cell],
        ] {
            let rows: Vec<Vec<Cell<'_>>> =
                cells.iter().map(|&cell| vec![cell, Cell::Int(1)]).collect();
            for check in [check as Check, check_spelled] {
                let (checked, _) = check(&yaml, &rows);
                let last = rows.len() - 1;
                let found = checked
                    .findings
                    .iter()
                    .filter(|it| it.row == Some(last as u32 + 2));
                let mut codes: Vec<&str> = found.map(|it| &*it.code).collect();
                codes.sort_unstable();
                let got = value(&checked.accepted, 0, last);
                assert_eq!(
                    format!("{got} {}", codes.join(" ")),
                    expected,
                    "{options} {cells:?}"
                );
            }
        }
    }
}
