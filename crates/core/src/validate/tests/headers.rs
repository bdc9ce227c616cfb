//! Headers against contracts.

use super::*;

/// Findings about a header, and which column each field `a`, `b`, ... got.
fn look(yaml: &str, labels: &[&str]) -> (Vec<String>, Vec<Option<usize>>, bool) {
    let validator = Validator::new(&contract(yaml), &header(labels)).unwrap();
    let said = validator.header_findings().iter().map(|finding| {
        let about = finding
            .field
            .as_deref()
            .or(finding.column.as_deref())
            .unwrap_or("-");
        format!("{:?} {} {about}", finding.level, finding.code).to_lowercase()
    });
    let places = validator
        .columns
        .iter()
        .map(|column| column.place)
        .collect();
    (said.collect(), places, validator.is_blocked())
}

const AB: &str = "{name: Unit Price, sheetlift: {match: {aliases: [Preis, cost]}}}, {name: sku, constraints: {required: true}}";

#[test]
fn finds_columns() {
    for (labels, places, said) in [
        (&["Unit Price", "sku"][..], [Some(0), Some(1)], &[][..]),
        (&["sku", "Unit Price"], [Some(1), Some(0)], &[]),
        (&["Preis", "sku"], [Some(0), Some(1)], &[]),
        (
            &[" unit_price ", "SKU"],
            [Some(0), Some(1)],
            &[
                "info info/header-fuzzy-matched unit price",
                "info info/header-fuzzy-matched sku",
            ],
        ),
        (
            &["COST", "sku"],
            [Some(0), Some(1)],
            &["info info/header-fuzzy-matched unit price"],
        ),
        (&["sku", "Unit Price", "", "  "], [Some(1), Some(0)], &[]), // columns without label are nobody's
        (
            &["sku", "Unit Price", "note"],
            [Some(1), Some(0)],
            &["error header/extra-field note"],
        ),
        (
            &["sku", "Unit Price", "SKU"],
            [Some(1), Some(0)],
            &["error header/extra-field sku"],
        ),
        (
            &["sku"],
            [None, Some(0)],
            &["error header/missing-field unit price"],
        ),
        (
            &["sku", "sku", "cost"],
            [Some(2), None],
            &["error header/duplicate sku"],
        ),
        (
            &["sku", "cost", "Preis"],
            [None, Some(0)],
            &["error header/ambiguous-match unit price"],
        ),
        (
            &["Sku", "SKU", "cost"],
            [Some(2), None],
            &["error header/ambiguous-match sku"],
        ),
    ] {
        let (found, at, blocked) = look(&format!("fields: [{AB}]"), labels);
        assert_eq!(
            (&found[..], &at[..]),
            (
                &said.iter().map(|s| s.to_string()).collect::<Vec<_>>()[..],
                &places[..]
            ),
            "{labels:?}"
        );
        assert_eq!(
            blocked,
            said.iter().any(|said| said.starts_with("error")),
            "{labels:?}"
        );
    }
}

#[test]
fn one_column_is_never_two_fields() {
    let yaml = "fields: [{name: a b}, {name: a_b}]";
    let (said, places, _) = look(yaml, &["A B"]);
    assert_eq!(
        said,
        [
            "error header/ambiguous-match a b",
            "error header/ambiguous-match a_b"
        ]
    );
    assert_eq!(places, [None, None]);
    let (said, places, _) = look(yaml, &["a_b", "A B"]);
    assert_eq!((said.len(), places), (1, vec![Some(1), Some(0)]));
}

#[test]
fn keeps_to_fields_match() {
    let (missing, extra, both, order) = (
        &["sku"][..],
        &["sku", "Unit Price", "x"][..],
        &["sku", "x"][..],
        &["sku", "Unit Price"][..],
    );
    for (matching, labels, said) in [
        ("exact", order, &["error header/order -"][..]),
        ("exact", missing, &["error header/missing-field unit price"]),
        ("equal", order, &[]),
        (
            "equal",
            both,
            &[
                "error header/missing-field unit price",
                "error header/extra-field x",
            ],
        ),
        ("subset", extra, &["info header/extra-field x"]),
        (
            "subset",
            both,
            &[
                "error header/missing-field unit price",
                "info header/extra-field x",
            ],
        ),
        (
            "superset",
            missing,
            &["info header/missing-field unit price"],
        ),
        ("superset", extra, &["error header/extra-field x"]),
        (
            "superset",
            &["Unit Price"],
            &["error header/missing-field sku"],
        ), // it is required
        (
            "partial",
            both,
            &[
                "info header/missing-field unit price",
                "info header/extra-field x",
            ],
        ),
        (
            "partial",
            &["x"],
            &[
                "error header/missing-field unit price",
                "error header/missing-field sku",
                "info header/extra-field x",
            ],
        ),
    ] {
        let (found, ..) = look(
            &format!("---\n{{fieldsMatch: {matching}, fields: [{AB}]}}"),
            labels,
        );
        assert_eq!(found, said, "{matching} {labels:?}");
    }
}

#[test]
fn takes_columns_in_order_without_header() {
    let contract = contract("fields: [{name: a}, {name: b, type: integer}]");
    let none = Header::new("Items".into(), None, vec![(0, None), (1, None), (2, None)]);
    let validator = Validator::new(&contract, &none).unwrap();
    assert_eq!(short(validator.header_findings()), ["- header/extra-field"]);
    assert_eq!(validator.projection(), [0, 1]);
}

#[test]
fn suggests_the_name_that_was_meant() {
    let validator = Validator::new(
        &contract("fields: [{name: quantity}, {name: sku}]"),
        &header(&["quantitiy", "sku"]),
    )
    .unwrap();
    let missing = &validator.header_findings()[0];
    assert_eq!(
        missing.suggestion.as_deref(),
        Some("rename \"quantitiy\" to \"quantity\", or make it an alias")
    );
    let mut validator = validator;
    assert!(validator.check(&window(1, 2, &[])).is_err());
    assert_eq!(validator.summary().errors, 2);
}

#[test]
fn schema_says_what_is_accepted() {
    let yaml = "{fieldsMatch: partial, primaryKey: a, fields: [{name: a, type: integer}, {name: b, type: date, constraints: {required: true}}, {name: c, type: yearmonth}]}";
    let header = Header::new(
        "Items".into(),
        Some(2),
        vec![(3, Some("b".into())), (5, Some("a".into()))],
    );
    let mut validator = Validator::new(&contract(&format!("---\n{yaml}")), &header).unwrap();
    let schema = validator.schema();
    let shown: Vec<String> = schema
        .fields()
        .iter()
        .map(|f| format!("{} {} {}", f.name(), f.data_type(), f.is_nullable()))
        .collect();
    assert_eq!(
        shown,
        ["a Int64 false", "b Date32 false", "c Utf8View true"]
    );
    assert_eq!(schema.field(2).metadata()["sheetlift.type"], "yearmonth");
    assert_eq!(validator.projection(), [3, 5]);
    let checked = validator
        .check(&window(3, 2, &[vec![Cell::Date(1.0), Cell::Int(7)]]))
        .unwrap();
    assert_eq!(value(&checked.accepted, 0, 0), "7");
    assert_eq!(value(&checked.accepted, 2, 0), "null");
}

#[test]
fn likeness_is_asked_where_the_contract_says_so() {
    let look = |matching: &str, labels: &[&str]| {
        let yaml = format!(
            "---\n{{schema: {{fieldsMatch: subset, fields: [{{name: quantity}}, {{name: unit price}}, {{name: Größe}}]}}, sheetlift: {{match: {matching}}}}}"
        );
        let validator = Validator::new(&contract(&yaml), &header(labels)).unwrap();
        let mapped = validator.mapping().iter().map(|mapped| {
            let score = mapped
                .score
                .map(|score| format!(" {score}"))
                .unwrap_or_default();
            format!(
                "{} {} {:?}{score}",
                mapped.field, mapped.column, mapped.method
            )
        });
        let errors = validator.header_findings().iter();
        let errors = errors.filter(|finding| finding.level == Level::Error);
        let said: Vec<String> = mapped
            .chain(errors.map(|finding| format!("{}: {}", finding.code, finding.message)))
            .collect();
        said.join("; ")
    };
    let labels = &["Price/Unit (EUR)", "Qty", "Groesse", "Grosse", "Note"];
    assert_eq!(
        look("{}", labels),
        "header/missing-field: no column is called \"quantity\"; header/missing-field: no column is called \"unit price\"; \
         header/missing-field: no column is called \"Größe\""
    );
    assert_eq!(
        look("{ignore: [accents]}", labels).split("; ").next(),
        Some("Größe D Loose")
    );
    assert_eq!(
        look("{fuzzy: true, ignore: [accents]}", labels),
        "quantity B Fuzzy 0.86; unit price A Fuzzy 1; Größe D Loose"
    );
    // What is less alike than asked for is not taken, and two labels that are as much alike are a question.
    assert_eq!(
        look("{fuzzy: {minScore: 0.9}}", &["Qty", "unit price", "größe"]),
        "unit price B Exact; Größe C Loose; header/missing-field: no column is called \"quantity\""
    );
    let labels = &["quantity a", "quantity b", "unit price", "größe"];
    assert_eq!(
        look("{fuzzy: true}", labels),
        "unit price C Exact; Größe D Loose; \
         header/ambiguous-match: \"quantity a\" and \"quantity b\" could all be \"quantity\"; call one of them \"quantity\""
    );
    assert_eq!(
        look(
            "{fuzzy: {minScore: 0.7, minMargin: 0}}",
            &["quantiti", "unit price", "größe"]
        ),
        "quantity A Fuzzy 0.88; unit price B Exact; Größe C Loose"
    );
    let many: Vec<String> = (0..300).map(|n| format!("column {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(look("{fuzzy: true}", &many).starts_with("header/missing-field"));
}

#[test]
fn one_label_for_two_fields_is_a_question() {
    let yaml = "---\n{schema: {fields: [{name: unit price}, {name: unit prize}]}, sheetlift: {match: {fuzzy: true}}}";
    let validator = Validator::new(&contract(yaml), &header(&["unit prise"])).unwrap();
    let finding = &validator.header_findings()[0];
    assert_eq!(finding.code, "header/ambiguous-match");
    assert!(
        finding
            .message
            .contains("\"unit prise\" could be \"unit price\" as well as \"unit prize\""),
        "{}",
        finding.message
    );
}
