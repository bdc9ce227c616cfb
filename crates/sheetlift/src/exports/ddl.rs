//! The table that a contract describes, as SQL.

use sheetlift_core::{Contract, Field, FieldType, Header, Level, Literal, Validator, Value};
use sheetlift_load::{
    ImportKey, KeyParts, Mode, Plan,
    sqlite::{ColumnCheck, Scalar, TableWords, table_ddl},
};

use crate::{
    error::{Error, Result},
    load::keys,
};

/// The statement that creates the table of a contract in SQLite, as loading would, with the types, NOT NULL, PRIMARY KEY and
/// UNIQUE of the contract, a CHECK for each bound, length and list of values, and the descriptions as comments. What SQLite has no
/// word for stands in comments at the end; what is only a warning is not asked for.
///
/// The table is called `table`, or else what the contract says (`sheetlift.load.table`, `name`).
///
/// ```
/// use sheetlift::{Contract, contract_ddl};
/// let contract: Contract = "
/// name: item
/// schema:
///   fields: [{name: sku, description: our number}, {name: price, type: number, constraints: {required: true, minimum: 0}}]
///   primaryKey: sku
/// ".parse()?;
/// assert_eq!(contract_ddl(&contract, None)?, "\
/// CREATE TABLE \"item\" (
///   -- our number
///   \"sku\" TEXT NOT NULL,
///   \"price\" REAL NOT NULL CHECK (\"price\" >= 0.0),
///   PRIMARY KEY (\"sku\")
/// );
/// ");
/// # Ok::<(), sheetlift::Error>(())
/// ```
///
/// # Errors
/// `Usage` when the table has no name, or one that SQLite cannot take.
pub fn contract_ddl(contract: &Contract, table: Option<&str>) -> Result<String> {
    let load = contract.load.clone().unwrap_or_default();
    let table = table.map(str::to_owned).or(load.table);
    let table = table.or_else(|| contract.name.clone()).ok_or_else(|| {
        Error::usage(
            "usage/table-name",
            "neither the options nor the contract name a table",
        )
        .with_hint("name it with the option `table`, or set sheetlift.load.table in the contract")
    })?;
    let schema = Validator::new(contract, &Header::default())?.schema();
    let (primary, unique) = keys(contract);
    // No row is loaded by this plan: it needs no key of its own.
    let plan = Plan::new(ImportKey::of(&KeyParts::default()), table, schema)
        .with_mode(Mode::Insert)
        .with_key(primary);
    let plan = unique.into_iter().fold(plan, Plan::with_unique_key);
    let mut words = TableWords::default();
    for field in &contract.fields {
        say_field(contract, field, &mut words);
    }
    let of_rows = contract.demands_of_rows().into_iter();
    words.remarks.extend(of_rows);
    if !words.remarks.is_empty() {
        words
            .remarks
            .insert(0, "Not asked for here, but by the contract:".to_owned());
    }
    Ok(table_ddl(&plan, &words)?)
}

fn say_field(contract: &Contract, field: &Field, words: &mut TableWords) {
    let name = || field.name.to_string();
    let prose = field.description.as_ref().or(field.title.as_ref());
    words
        .comments
        .extend(prose.map(|prose| (name(), prose.clone())));
    let (constraints, checks) = (&field.constraints, &field.checks);
    let mut check = |key: &str, check: Option<ColumnCheck>| {
        if contract.level_of(field, key) == Level::Error {
            words.checks.extend(check.map(|check| (name(), check)));
        }
    };
    if let FieldType::Boolean { .. } = field.field_type {
        check(
            "type",
            Some(ColumnCheck::OneOf(vec![Scalar::Int(0), Scalar::Int(1)])),
        );
    }
    let bound = |bound: &Option<Literal>, make: fn(Scalar) -> ColumnCheck| {
        bound.as_ref().and_then(scalar).map(make)
    };
    check("minimum", bound(&constraints.minimum, ColumnCheck::AtLeast));
    check(
        "exclusiveMinimum",
        bound(&constraints.exclusive_minimum, ColumnCheck::Above),
    );
    check("maximum", bound(&constraints.maximum, ColumnCheck::AtMost));
    check(
        "exclusiveMaximum",
        bound(&constraints.exclusive_maximum, ColumnCheck::Below),
    );
    // Of lists and objects it is not the characters that count.
    let is_text = matches!(field.field_type, FieldType::String(_));
    let (least, most) = (constraints.min_length, constraints.max_length);
    if is_text {
        check("minLength", least.map(ColumnCheck::MinLength));
        check("maxLength", most.map(ColumnCheck::MaxLength));
    }
    check("maxBytes", checks.max_bytes.map(ColumnCheck::MaxBytes));
    check("scale", checks.scale.map(ColumnCheck::Decimals));
    let allowed: Option<Vec<Scalar>> = field.allowed_values().iter().map(scalar).collect();
    let allowed = allowed.filter(|allowed| !allowed.is_empty());
    check("enum", allowed.map(ColumnCheck::OneOf));

    let text = |text: &Option<String>| text.clone();
    let length = |length: Option<u32>| length.filter(|_| !is_text).map(|length| length.to_string());
    let json = constraints.json_schema.as_ref();
    for (key, shown) in [
        ("minLength", length(least)),
        ("maxLength", length(most)),
        (
            "jsonSchema",
            json.map(|schema| schema.to_json().to_string()),
        ),
        (
            "arrayItem",
            field
                .array_item
                .is_some()
                .then(|| "has rules of its own".to_owned()),
        ),
        ("pattern", text(&constraints.pattern)),
        ("notPattern", text(&checks.not_pattern)),
        (
            "precision",
            checks.precision.map(|precision| precision.to_string()),
        ),
        ("multipleOf", checks.multiple_of.map(|step| step.text())),
        (
            "checkDigit",
            checks.check_digit.map(|digit| digit.name().to_owned()),
        ),
        ("formula", checks.no_formula.then(|| "reject".to_owned())),
        (
            "identifier",
            field
                .reading
                .identifier
                .map(|digits| format!("of {digits} digits")),
        ),
    ] {
        if let Some(shown) = shown
            && contract.level_of(field, key) == Level::Error
        {
            words.remarks.push(format!("{}: {key} {shown}", field.name));
        }
    }
}

/// The value as it is loaded; `None` for one that no number is compared with.
fn scalar(literal: &Literal) -> Option<Scalar> {
    match &literal.value {
        Value::Text(text) => Some(Scalar::Text(text.clone())),
        Value::Int(int) => Some(Scalar::Int(*int)),
        Value::Float(float) if float.is_finite() => Some(Scalar::Float(*float)),
        Value::Float(_) => None,
        Value::Bool(value) => Some(Scalar::Int((*value).into())),
    }
}
