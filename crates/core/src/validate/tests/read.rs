//! `sheetlift.read`, `blank` and `default`: what cells become, and what is said of that.

use proptest::prelude::*;

use super::{cells::cell_text, *};

/// What a cell becomes in a field of these options (YAML flow), with the codes of what is said of it; in every way a file can hold
/// it, in the first window and in the second.
fn read(options: &str, cell: Cell<'_>) -> String {
    let yaml = format!("fields: [{{name: f, {options}}}, {{name: n, type: integer}}]");
    let look = |make: MakeWindow, cells: &[Cell<'_>]| {
        let contract = contract(&yaml);
        let mut validator = Validator::new(&contract, &header(&["f", "n"])).unwrap();
        let rows: Vec<Vec<Cell<'_>>> = cells.iter().map(|&cell| vec![cell, Cell::Int(1)]).collect();
        let mut seen = Vec::new();
        let strange = vec![vec![Cell::Text("~", None), Cell::Int(1)]];
        for window in [
            make(1, 2, &rows),
            make(100, 2, &strange),
            make(200, 2, &rows),
        ] {
            let checked = validator.check(&window).unwrap();
            let last = *window.row_numbers().last().unwrap();
            let codes = checked
                .findings
                .iter()
                .filter(|finding| finding.row == Some(last + 1));
            let mut said: Vec<String> = codes.map(|finding| finding.code.to_string()).collect();
            if checked.accepted_rows.last() == Some(&last) {
                let row = checked.accepted.num_rows() - 1;
                said.insert(0, value(&checked.accepted, 0, row));
            }
            seen.push(said.join(" "));
        }
        assert_eq!(seen[0], seen[2], "{options} {cell:?}");
        seen.swap_remove(0)
    };
    let alone = look(window, &[cell]);
    let mut others = vec![
        ("in a text file", look(spelled, &[cell])),
        ("after null", look(window, &[Cell::Null, cell])),
        (
            "in a mixed lane",
            look(window, &[Cell::Int(7), Cell::Error("#N/A"), cell]),
        ),
    ];
    if let Cell::Text(text, None) = cell {
        let shared = Cell::Text(text, Some(1));
        others.push((
            "shared",
            look(window, &[Cell::Text("x", Some(0)), shared, shared]),
        ));
        others.push((
            "shared in a mixed lane",
            look(window, &[Cell::Bool(true), shared]),
        ));
    }
    for (what, other) in others {
        assert_eq!(other, alone, "{what}: {options} {cell:?}");
    }
    alone
}

cases! {
    read;

    texts_are_trimmed_where_the_contract_says_so {
        "sheetlift: {read: {trim: true}}": text(" a ") => "\"a\" info/value-trimmed", text("a b") => "\"a b\"", text("  ") => "null",
            text("\u{a0}a\u{200b}\u{feff}") => "\"a\" info/value-trimmed", Int(12) => "\"12\"",
            text(" a text that is too long for an inlined view") => "\"a text that is too long for an inlined view\" info/value-trimmed";
        "type: any, missingValues: ['-'], sheetlift: {read: {trim: true}}": text(" - ") => "null", text("  ") => "\"\" info/value-trimmed";
        "constraints: {maxLength: 3, pattern: '[a-c]+', required: true}, sheetlift: {read: {trim: true}}": text(" abc ") => "\"abc\" info/value-trimmed",
            text(" abcd ") => "info/value-trimmed cell/max-length cell/pattern", text("   ") => "cell/required";
        "sheetlift: {read: {trim: false}}": text(" a ") => "\" a \"";
    }

    unicode_forms {
        "sheetlift: {read: {unicode: nfc}}": text("e\u{301}") => "\"é\" info/value-mapped", text("é") => "\"é\"", text("ﬁ") => "\"ﬁ\"", text("e") => "\"e\"";
        "sheetlift: {read: {unicode: nfkc}}": text("ﬁ²") => "\"fi2\" info/value-mapped", text("a\u{a0}b") => "\"a b\" info/value-mapped", Null => "null";
        "constraints: {maxLength: 1}, sheetlift: {read: {unicode: nfc}}": text("e\u{301}") => "\"é\" info/value-mapped";
    }

    letter_case {
        "sheetlift: {read: {case: upper}}": text("abc-ß") => "\"ABC-SS\" info/value-mapped", text("ABC") => "\"ABC\"", Bool(true) => "\"TRUE\"";
        "sheetlift: {read: {case: lower, trim: true}}": text(" ÄB ") => "\"äb\" info/value-trimmed info/value-mapped", text(" ab") => "\"ab\" info/value-trimmed";
    }

    words_are_mapped {
        "constraints: {enum: [pcs, kg]}, sheetlift: {read: {map: {pcs.: pcs, kilo: kg, '12': dozen}}}": text("pcs.") => "\"pcs\" info/value-mapped",
            text("pcs") => "\"pcs\"", text(" pcs.") => "cell/enum", Int(12) => "info/value-mapped cell/enum", text("g") => "cell/enum";
        "sheetlift: {read: {trim: true, map: {n.a.: ''}}}": text(" n.a. ") => "null info/value-mapped", text("") => "null";
        "type: integer, sheetlift: {read: {map: {none: 0, n.a.: '', many: lots}}}": text(" none ") => "0 info/value-mapped", text("n.a.") => "null info/value-mapped",
            text("5") => "5", text("many") => "cell/type", Int(5) => "5";
        "type: boolean, sheetlift: {read: {map: {ja: true, x: true, nein: false, '2': false}}}": text("ja") => "true info/value-mapped",
            text("nein") => "false info/value-mapped", text("true") => "true", Int(2) => "false info/value-mapped", text("JA") => "cell/type";
        "type: date, sheetlift: {read: {map: {never: 9999-12-31}}}": text("never") => "day 2932896 info/value-mapped", Date(45_658.0) => "day 20089";
        "type: yearmonth, sheetlift: {read: {map: {start: 2024-01, none: ''}}}": text("start") => "\"2024-01\" info/value-mapped", text("none") => "null info/value-mapped";
        "type: number, constraints: {required: true}, sheetlift: {read: {map: {none: ''}}}": text("none") => "cell/required info/value-mapped";
    }

    values_of_an_enum_in_any_case {
        "constraints: {enum: [kg, Stück, 'm²']}, sheetlift: {check: {enumIgnoreCase: true}}": text("KG") => "\"kg\" info/value-mapped", text("kg") => "\"kg\"",
            text("STÜCK") => "\"Stück\" info/value-mapped", text("g") => "cell/enum", Null => "null";
        "categories: [A], sheetlift: {check: {enumIgnoreCase: true}, read: {trim: true}}": text("a ") => "\"A\" info/value-trimmed info/value-mapped";
    }

    identifiers {
        "sheetlift: {read: {identifier: {length: 8}}}": text("00000042") => "\"00000042\"", Int(42) => "cell/leading-zero-lost", text("42") => "cell/leading-zero-lost",
            Float(42.0) => "cell/leading-zero-lost", Int(12_345_678) => "\"12345678\"", text("A42") => "\"A42\"", Float(4.2) => "\"4.2\"", Int(-42) => "\"-42\"", Null => "null",
            text("123456789") => "\"123456789\"";
        "sheetlift: {read: {identifier: {length: 8}}, levels: {identifier: warning}}": Int(42) => "\"42\" cell/leading-zero-lost";
        "sheetlift: {read: {identifier: {length: 8}}, levels: {cell/leading-zero-lost: info}}": Int(42) => "\"42\" cell/leading-zero-lost";
    }

    errors_as_no_value {
        "sheetlift: {read: {errors: null}}": Error("#N/A") => "null", text("#N/A") => "\"#N/A\"", BadString(99) => "cell/type";
        "type: number, sheetlift: {read: {errors: 'null'}}": Error("#DIV/0!") => "null", Float(1.5) => "1.5";
        "type: yearmonth, sheetlift: {read: {errors: null}}": Error("#REF!") => "null";
        "type: date, constraints: {required: true}, sheetlift: {read: {errors: null}}": Error("#REF!") => "cell/required";
        "sheetlift: {read: {errors: error}}": Error("#N/A") => "cell/formula-error";
    }

    blanks {
        "sheetlift: {default: n/a}": Null => "\"n/a\" info/value-defaulted", text("") => "\"n/a\" info/value-defaulted", text("a") => "\"a\"", Error("#N/A") => "cell/formula-error";
        "sheetlift: {default: 'a default that is too long for a view', read: {trim: true}}": text("  ") => "\"a default that is too long for a view\" info/value-defaulted";
        "type: integer, constraints: {required: true}, sheetlift: {default: 7}": Null => "7 info/value-defaulted", text("x") => "cell/type", Int(1) => "1";
        "type: integer, sheetlift: {default: 7, levels: {type: warning}}": text("x") => "null cell/type", Null => "7 info/value-defaulted";
        "type: integer, sheetlift: {default: 7, read: {map: {none: ''}}}": text("none") => "7 info/value-mapped info/value-defaulted";
        "type: number, sheetlift: {blank: default, default: 0.5}": Null => "0.5 info/value-defaulted";
        "type: boolean, sheetlift: {default: false}": Null => "false info/value-defaulted";
        "type: date, sheetlift: {default: 2025-01-01}": Null => "day 20089 info/value-defaulted";
        "type: time, sheetlift: {default: '12:00:00'}": Null => "43200000000 info/value-defaulted";
        "type: datetime, sheetlift: {default: '1970-01-01T12:00:00'}": Null => "43200000000 info/value-defaulted";
        "type: duration, sheetlift: {default: PT12H}": Null => "43200000000 info/value-defaulted";
        "type: year, sheetlift: {default: 2024}": Null => "2024 info/value-defaulted";
        "type: yearmonth, sheetlift: {default: 2024-02}": Null => "\"2024-02\" info/value-defaulted";
        "sheetlift: {blank: error}": Null => "cell/required", text("a") => "\"a\"";
        "sheetlift: {blank: keep_existing}": Null => "null";
    }

    numbers_of_a_country {
        "type: number, sheetlift: {read: {number: {decimal: ',', group: '.', negative: accounting, currency: [€]}}}": text("(1.234,50 €)") => "-1234.5", Float(1.5) => "1.5",
            text("1.5") => "cell/number-locale", text("free") => "cell/type";
        "type: integer, sheetlift: {read: {number: {group: ' ', negative: trailing}}}": text("1\u{202f}234-") => "-1234", text("1,234") => "cell/number-locale";
        "type: number, sheetlift: {read: {number: {percent: fraction}}, check: {scale: 3}}, constraints: {maximum: 1}": text("12.5 %") => "0.125", Float(0.05) => "0.05", text("500 %") => "cell/maximum";
    }
}

/// What is said, with suggestions.
fn said(yaml: &str, rows: &[Vec<Cell<'_>>]) -> Vec<String> {
    let (checked, _) = check(yaml, rows);
    let said = checked.findings.iter().map(|finding| {
        let meant = finding.suggestion.as_deref().unwrap_or("-");
        let score = finding
            .score
            .map_or(String::new(), |score| format!(" {score}"));
        let (level, rule) = (finding.level.name(), &finding.rule);
        format!("{level} {rule}: {} [{meant}{score}]", finding.message)
    });
    said.collect()
}

#[test]
fn says_what_was_done_and_what_was_meant() {
    let yaml = "
fields:
  - {name: unit, constraints: {enum: [pcs]}, sheetlift: {read: {trim: true, map: {Stk: pcs}, case: lower}, check: {enumIgnoreCase: true}}}
  - {name: code, sheetlift: {read: {identifier: {length: 8}, trim: true}}}
  - {name: price, type: number, sheetlift: {read: {number: {decimal: ',', group: '.'}}}}
  - {name: stock, type: integer, missingValues: ['', '-'], sheetlift: {default: 0, read: {map: {none: 0}}}}";
    let rows = [
        vec![text(" Stk "), Cell::Int(42), text("1,234.50"), Cell::Null],
        vec![text("pcs"), text(" 4711"), text("(5)"), text("-")],
        vec![text("pcs"), text("00004711"), text("1.5"), text("none")],
    ];
    assert_eq!(
        said(yaml, &rows),
        [
            "info trim: true: unit is \" Stk \", which is read without the white space around it [-]",
            "info map, case: lower, enumIgnoreCase: true: unit is \" Stk \", which is read as \"pcs\" [-]",
            "error identifier: {length: 8}: code is 42, but has to be a number of 8 digits, zeros in front included [00000042 0.9]",
            "error type: number: price is \"1,234.50\", but has to be a number written with ',' before the decimals ('.' may separate thousands) [1234,50 0.9]",
            "info default: 0: stock is empty, and taken as 0 [-]",
            "info trim: true: code is \" 4711\", which is read without the white space around it [-]",
            "error identifier: {length: 8}: code is \" 4711\", but has to be a number of 8 digits, zeros in front included [00004711 0.9]",
            "error type: number: price is \"(5)\", but has to be a number written with ',' before the decimals ('.' may separate thousands) [-5 0.9]",
            "info default: 0: stock is \"-\", which means no value, and taken as 0 [-]",
            "error type: number: price is \"1.5\", but has to be a number written with ',' before the decimals ('.' may separate thousands) [1,5 0.9]",
            "info map: stock is \"none\", which is read as \"0\" [-]",
        ]
    );
}

#[test]
fn counts_are_exact_and_reject_nothing() {
    let yaml = "
fields:
  - {name: sku, sheetlift: {read: {trim: true, case: upper}}}
  - {name: n, type: integer, sheetlift: {default: 1}}
primaryKey: sku";
    let contract = contract(yaml);
    let mut validator = Validator::new(&contract, &header(&["sku", "n"]))
        .unwrap()
        .with_max_findings(1);
    let rows: Vec<Vec<Cell<'_>>> = vec![
        vec![Cell::Text(" a", Some(0)), Cell::Null],
        vec![Cell::Text("B", Some(1)), Cell::Int(5)],
        vec![Cell::Null, Cell::Null],
        vec![text("a b "), Cell::Null],
    ];
    let checked = validator.check(&window(1, 2, &rows)).unwrap();
    assert_eq!(checked.accepted_rows, [1, 2, 4]);
    assert_eq!((checked.findings.len(), checked.rejected.len()), (1, 0));
    let summary = validator.summary();
    assert_eq!(
        (summary.infos, summary.errors, summary.rows_blank),
        (6, 0, 1)
    );
    assert_eq!(summary.by_code["info/value-trimmed"], 2);
    assert_eq!(summary.by_code["info/value-mapped"], 2);
    assert_eq!(summary.by_code["info/value-defaulted"], 2);
    assert_eq!(value(&checked.accepted, 1, 2), "1");
    // Keys see what was made of the texts, in the next window too.
    let again = [
        vec![text("a "), Cell::Int(1)],
        vec![Cell::Text("b", Some(0)), Cell::Int(1)],
    ];
    let checked = validator.check(&window(50, 2, &again)).unwrap();
    assert!(checked.accepted_rows.is_empty());
    assert_eq!(validator.summary().by_code["row/primary-key"], 2);
}

#[test]
fn what_is_only_told_leaves_room_for_what_is_wrong() {
    let contract =
        contract("fields: [{name: a, sheetlift: {read: {trim: true}}}, {name: b, type: integer}]");
    let validator = Validator::new(&contract, &header(&["a", "b"])).unwrap();
    let mut validator = validator.with_max_findings(4);
    let rows: Vec<Vec<Cell<'_>>> = (0..20)
        .map(|row| vec![text(" a"), if row < 17 { Cell::Int(1) } else { text("x") }])
        .collect();
    let found = validator.check(&window(1, 2, &rows)).unwrap().findings;
    let expected = [
        "A2 info/value-trimmed",
        "A3 info/value-trimmed",
        "A4 info/value-trimmed",
        "A5 info/value-trimmed",
        "B19 cell/type",
        "B20 cell/type",
        "B21 cell/type",
    ];
    assert_eq!(short(&found), expected);
    let found = validator.check(&window(30, 2, &rows)).unwrap();
    assert_eq!(short(&found.findings), ["B48 cell/type"]);
    assert_eq!((found.accepted.num_rows(), found.rejected.len()), (17, 3));
    assert_eq!(validator.summary().by_code["info/value-trimmed"], 40);
}

proptest! {
    #[test]
    fn texts_are_rewritten_alike_however_a_file_holds_them(
        words in proptest::collection::vec((" ?(kg|KG|Stk|a text that no view can hold|ﬁ|e\u{301}|[0-9]{1,3})? ?", 0..3_u8), 1..30),
    ) {
        let yaml = "fields: [{name: f, constraints: {enum: [kg, fi, é, a text that no view can hold]}, sheetlift: {read: {trim: true, unicode: nfkc, map: {Stk: kg, '7': KG}}, check: {enumIgnoreCase: true}}}, {name: n, type: integer}]";
        let contract = contract(yaml);
        let rewriter = rewrite::Rewriter::of(&contract.fields[0]).unwrap();
        let mut strings: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        strings.sort_unstable();
        strings.dedup();
        let cells: Vec<Cell<'_>> = words.iter().map(|(word, form)| {
            let id = strings.binary_search(&word.as_str()).unwrap() as u32;
            match (word.parse(), form) {
                (Ok(int), 0) => Cell::Int(int),
                (_, 1) => Cell::Text(word, None),
                _ => Cell::Text(word, Some(id)),
            }
        }).collect();
        let known = ["kg", "fi", "é", "a text that no view can hold"];
        let (mut values, mut said) = (Vec::new(), Vec::new());
        for (row, cell) in cells.iter().enumerate() {
            let text = cell_text(*cell, crate::DateSystem::Y1900);
            let new = rewriter.rewrite(&text);
            let read = new.as_ref().map_or(&text, |new| &new.text);
            let mut tell = |is_said: bool, code: &str| said.extend(is_said.then(|| format!("A{} {code}", row + 2)));
            tell(new.as_ref().is_some_and(|new| new.is_trimmed) && !read.is_empty(), "info/value-trimmed");
            tell(new.as_ref().is_some_and(|new| new.is_mapped), "info/value-mapped");
            match (read.is_empty(), known.contains(&read.as_str())) {
                (true, _) => values.push("null".to_owned()),
                (false, true) => values.push(format!("{read:?}")),
                (false, false) => tell(true, "cell/enum"),
            }
        }
        let mut validator = Validator::new(&contract, &header(&["f", "n"])).unwrap();
        let rows: Vec<Vec<Cell<'_>>> = cells.iter().map(|&cell| vec![cell, Cell::Int(1)]).collect();
        let checked = validator.check(&window(1, 2, &rows)).unwrap();
        let found: Vec<String> = (0..checked.accepted.num_rows()).map(|row| value(&checked.accepted, 0, row)).collect();
        prop_assert_eq!(found, values);
        prop_assert_eq!(short(&checked.findings), said);
    }
}

#[test]
fn a_default_fills_a_field_without_column() {
    let contract = contract(
        "fields: [{name: a}, {name: b, type: integer, sheetlift: {default: 3}}]\nfieldsMatch: superset",
    );
    let mut validator = Validator::new(&contract, &header(&["a"])).unwrap();
    let rows = [vec![text("x")], vec![Cell::Null], vec![text("y")]];
    let checked = validator.check(&window(1, 1, &rows)).unwrap();
    assert_eq!(checked.accepted_rows, [1, 3]);
    assert_eq!(value(&checked.accepted, 1, 1), "3");
    assert_eq!(validator.summary().by_code["info/value-defaulted"], 2);
}

#[test]
fn a_default_has_to_be_good_itself() {
    for (options, part) in [
        (
            "constraints: {enum: [kg]}, sheetlift: {default: g}",
            "the default of f is \"g\", but has to be one of kg",
        ),
        (
            "type: integer, constraints: {minimum: 1}, sheetlift: {default: 0}",
            "at least 1",
        ),
        (
            "type: number, constraints: {maximum: 1}, sheetlift: {default: 1.5}",
            "at most 1",
        ),
        (
            "type: boolean, constraints: {enum: [true]}, sheetlift: {default: false}",
            "one of true",
        ),
    ] {
        let contract = contract(&format!("fields: [{{name: f, {options}}}]"));
        let error = Validator::new(&contract, &header(&["f"])).unwrap_err();
        assert!(error.message().contains(part), "{options}: {error}");
    }
}

#[test]
fn the_arrow_field_says_that_nulls_keep_what_is_there() {
    let contract = contract("fields: [{name: a, sheetlift: {blank: keep_existing}}, {name: b}]");
    let schema = Validator::new(&contract, &header(&["a", "b"]))
        .unwrap()
        .schema();
    let blank = |field: usize| {
        schema
            .field(field)
            .metadata()
            .get("sheetlift.blank")
            .cloned()
    };
    assert_eq!(
        (blank(0).as_deref(), blank(1)),
        (Some("keep_existing"), None)
    );
}

#[test]
fn texts_that_are_not_changed_keep_their_buffers() {
    use arrow_array::cast::AsArray;
    let long = "a text that is too long for an inlined view";
    let rows = [
        vec![Cell::Text(long, Some(0))],
        vec![Cell::Text("b", Some(1))],
    ];
    let window = window(1, 1, &rows);
    let array = |yaml: &str| {
        let mut validator = Validator::new(&contract(yaml), &header(&["f"])).unwrap();
        let checked = validator.check(&window).unwrap();
        checked.accepted.column(0).as_string_view().data_buffers()[0].as_ptr()
    };
    assert_eq!(
        array("fields: [{name: f}]"),
        array("fields: [{name: f, sheetlift: {read: {trim: true, map: {x: y}}}}]")
    );
}
