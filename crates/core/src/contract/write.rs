//! A contract back to JSON, and the hash by which the ledger knows it.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value as Json, json};

use super::{
    check::{CheckDigit, Checks, Decimal},
    levels::Levels,
    load::Load,
    matching::{Fuzzy, Matching},
    model::{
        Constraints, Contract, Field, FieldType, ItemType, Literal, Locate, TemporalFormat, Value,
    },
    references::Reference,
    rules::RowRule,
    sheetlift::MERGED,
    sheets,
    table_rules::{TOLERANCE, TableQuestion, TableRule, Total},
    write_read,
};
use crate::{
    a1::{self, CellRange},
    csv::CsvOptions,
    expression::Expression,
    header::{HeaderRow, SheetRef},
};

impl Contract {
    /// The contract as a Data Package resource. Defaults are left out; what is read from it is this contract again.
    pub fn to_json(&self) -> Json {
        self.write(true)
    }

    /// BLAKE3 of what the contract demands, in hexadecimal. Titles and descriptions, the order of keys, JSON or YAML do
    /// not matter; everything that can change a verdict, an accepted batch or where it goes does.
    pub fn hash(&self) -> String {
        blake3::hash(self.write(false).to_string().as_bytes())
            .to_hex()
            .to_string()
    }

    fn write(&self, with_prose: bool) -> Json {
        let mut resource = Map::new();
        if with_prose {
            put(&mut resource, "name", self.name.as_deref());
            put(&mut resource, "title", self.title.as_deref());
            put(&mut resource, "description", self.description.as_deref());
        }
        put(&mut resource, "encoding", self.csv.encoding.as_deref());
        put(&mut resource, "dialect", dialect(&self.csv, &self.locate));
        resource.insert("schema".into(), Json::Object(self.schema(with_prose)));
        let mut extension = Map::new();
        put(&mut extension, "locate", locate(&self.locate));
        put(&mut extension, "match", write_matching(&self.matching));
        let rules: Vec<Json> = self
            .rules
            .iter()
            .map(|rule| write_rule(rule, with_prose))
            .collect();
        let rules = Some(rules).filter(|rules| !rules.is_empty());
        put(&mut extension, "rules", rules);
        let table_rules = self
            .table_rules
            .iter()
            .map(|rule| self.write_table_rule(rule));
        let table_rules = Some(table_rules.collect::<Vec<_>>()).filter(|rules| !rules.is_empty());
        put(&mut extension, "tableRules", table_rules);
        let mut thresholds = Map::new();
        put(&mut thresholds, "rejected", self.thresholds.rejected);
        put(&mut thresholds, "ratio", self.thresholds.ratio);
        let thresholds = Some(thresholds).filter(|limits| !limits.is_empty());
        put(&mut extension, "thresholds", thresholds);
        put(
            &mut extension,
            "references",
            write_references(&self.references),
        );
        put(&mut extension, "levels", write_levels(&self.levels));
        put(
            &mut extension,
            "load",
            self.load.as_ref().map(Load::to_json),
        );
        put(
            &mut resource,
            "sheetlift",
            Some(extension).filter(|extension| !extension.is_empty()),
        );
        Json::Object(resource)
    }

    fn schema(&self, with_prose: bool) -> Map<String, Json> {
        let mut schema = Map::new();
        let fields: Vec<Json> = self
            .fields
            .iter()
            .map(|field| Json::Object(write_field(field, with_prose)))
            .collect();
        let names = |key: &[usize]| {
            key.iter()
                .map(|&index| Json::from(&*self.fields[index].name))
                .collect::<Json>()
        };
        schema.insert("fields".into(), fields.into());
        put(
            &mut schema,
            "primaryKey",
            Some(&self.primary_key)
                .filter(|key| !key.is_empty())
                .map(|key| names(key)),
        );
        let unique_keys: Vec<Json> = self.unique_keys.iter().map(|key| names(key)).collect();
        put(
            &mut schema,
            "uniqueKeys",
            Some(unique_keys).filter(|keys| !keys.is_empty()),
        );
        let foreign_keys: Vec<Json> = self
            .foreign_keys
            .iter()
            .map(|key| {
                let mut reference = Map::new();
                put(&mut reference, "resource", key.resource.as_deref());
                put(&mut reference, "fields", Some(key.columns.clone()));
                json!({"fields": names(&key.fields), "reference": reference})
            })
            .collect();
        put(
            &mut schema,
            "foreignKeys",
            Some(foreign_keys).filter(|keys| !keys.is_empty()),
        );
        schema.insert("fieldsMatch".into(), self.fields_match.name().into());
        put(
            &mut schema,
            "missingValues",
            Some(&self.missing_values)
                .filter(|values| ***values != [""])
                .map(|v| json!(v)),
        );
        schema
    }
}

impl Contract {
    fn write_table_rule(&self, rule: &TableRule) -> Json {
        let names = |fields: &[usize]| -> Json {
            let names = fields
                .iter()
                .map(|&field| Json::from(&*self.fields[field].name));
            names.collect()
        };
        let (kind, asks) = match &rule.asks {
            TableQuestion::RowCount { minimum, maximum } => {
                let mut object = Map::new();
                put(&mut object, "minimum", *minimum);
                put(&mut object, "maximum", *maximum);
                ("rowCount", object.into())
            }
            TableQuestion::Total {
                field,
                equals,
                tolerance,
            } => {
                let mut object = Map::new();
                object.insert("field".to_owned(), Json::from(&*self.fields[*field].name));
                match equals {
                    Total::Number(number) => put(&mut object, "equals", Some(*number)),
                    Total::Cell(row, column) => {
                        put(&mut object, "cell", Some(a1::cell_name(*row, *column)));
                    }
                }
                let tolerance = Some(*tolerance).filter(|tolerance| *tolerance != TOLERANCE);
                put(&mut object, "tolerance", tolerance);
                ("total", object.into())
            }
            TableQuestion::Dependency { from, to } => {
                ("dependency", json!({"from": names(from), "to": names(to)}))
            }
            TableQuestion::Duplicates => ("duplicates", true.into()),
        };
        let mut object = Map::new();
        object.insert("id".to_owned(), rule.id.as_str().into());
        object.insert(kind.to_owned(), asks);
        let level = Some(rule.level.name()).filter(|level| *level != "error");
        put(&mut object, "level", level);
        object.into()
    }
}

pub(super) fn put(object: &mut Map<String, Json>, key: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

fn write_field(field: &Field, with_prose: bool) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("name".into(), (&*field.name).into());
    object.insert("type".into(), field.field_type.name().into());
    write_options(&field.field_type, &mut object);
    if with_prose {
        put(&mut object, "title", field.title.as_deref());
        put(&mut object, "description", field.description.as_deref());
        match &field.examples[..] {
            [] => {}
            [example] => put(&mut object, "example", Some(example.as_str())),
            examples => put(&mut object, "examples", Some(json!(examples))),
        }
    }
    let literals = |values: &[Literal]| values.iter().map(literal).collect::<Json>();
    put(
        &mut object,
        "categories",
        Some(&field.categories)
            .filter(|all| !all.is_empty())
            .map(|all| literals(all)),
    );
    let constraints = write_constraints(&field.constraints);
    put(
        &mut object,
        "constraints",
        Some(constraints).filter(|constraints| !constraints.is_empty()),
    );
    put(
        &mut object,
        "missingValues",
        field.missing_values.as_ref().map(|values| json!(values)),
    );
    let item = field.array_item.as_ref().map(|item| {
        let mut item = write_field(item, with_prose);
        item.shift_remove("name");
        item
    });
    put(&mut object, "arrayItem", item);
    let mut extension = Map::new();
    let aliases = Some(&field.aliases).filter(|aliases| !aliases.is_empty());
    let aliases = aliases.map(|aliases| json!({ "aliases": aliases }));
    put(&mut extension, "match", aliases);
    put(&mut extension, "read", write_read::reading(field));
    put(&mut extension, "check", write_checks(&field.checks));
    write_read::blank(&field.blank, &mut extension);
    put(&mut extension, "levels", write_levels(&field.levels));
    let extension = Some(extension).filter(|extension| !extension.is_empty());
    put(&mut object, "sheetlift", extension);
    object
}

fn write_checks(checks: &Checks) -> Option<Map<String, Json>> {
    let mut object = Map::new();
    put(&mut object, "precision", checks.precision);
    put(&mut object, "scale", checks.scale);
    let number = |number: Decimal| {
        let text = number.text();
        match text.parse::<Number>() {
            Ok(number) if number.to_string() == text => Json::Number(number),
            _ => text.into(),
        }
    };
    put(&mut object, "multipleOf", checks.multiple_of.map(number));
    put(&mut object, "notPattern", checks.not_pattern.as_deref());
    let digit = checks.check_digit.map(CheckDigit::name);
    put(&mut object, "checkDigit", digit);
    put(&mut object, "maxBytes", checks.max_bytes);
    let formula = checks.no_formula.then_some("reject");
    put(&mut object, "formula", formula);
    let ignores_case = checks.enum_ignore_case.then_some(true);
    put(&mut object, "enumIgnoreCase", ignores_case);
    (!object.is_empty()).then_some(object)
}

fn write_matching(matching: &Matching) -> Option<Map<String, Json>> {
    let mut object = Map::new();
    let fuzzy = |fuzzy: Fuzzy| match fuzzy == Fuzzy::default() {
        true => json!(true),
        false => json!({ "minScore": fuzzy.min_score, "minMargin": fuzzy.min_margin }),
    };
    put(&mut object, "fuzzy", matching.fuzzy.map(fuzzy));
    let ignored = matching.ignored;
    let words = [
        ("accents", ignored.accents),
        ("brackets", ignored.brackets),
        ("punctuation", ignored.punctuation),
    ];
    let words = words.iter().filter(|(_, is_ignored)| *is_ignored);
    let words: Vec<&str> = words.map(|(word, _)| *word).collect();
    let words = Some(words).filter(|words| !words.is_empty());
    put(&mut object, "ignore", words.map(|words| json!(words)));
    (!object.is_empty()).then_some(object)
}

fn write_rule(rule: &RowRule, with_prose: bool) -> Json {
    let mut object = Map::new();
    object.insert("id".to_owned(), rule.id.as_str().into());
    put(
        &mut object,
        "when",
        rule.when.as_ref().map(Expression::text),
    );
    object.insert("assert".to_owned(), rule.assert.text().into());
    let level = Some(rule.level.name()).filter(|level| *level != "error");
    put(&mut object, "level", level);
    let message = rule.message.as_deref().filter(|_| with_prose);
    put(&mut object, "message", message);
    object.into()
}

fn write_levels(levels: &Levels) -> Option<Map<String, Json>> {
    let entries = levels.iter();
    let entries = entries.map(|(name, level)| (name.to_owned(), level.name().into()));
    (!levels.is_empty()).then(|| entries.collect())
}

fn write_options(field_type: &FieldType, object: &mut Map<String, Json>) {
    match field_type {
        FieldType::String(format) => put(
            object,
            "format",
            Some(format.name()).filter(|name| *name != "default"),
        ),
        FieldType::Number(format) | FieldType::Integer(format) => {
            let is_number = matches!(field_type, FieldType::Number(_));
            // What is said in `sheetlift.read` is written there.
            if format.local.is_none() {
                let decimal = Some(format.decimal).filter(|&c| c != '.' && is_number);
                put(object, "decimalChar", decimal.map(String::from));
                put(object, "groupChar", format.group.map(String::from));
            }
            put(object, "bareNumber", Some(false).filter(|_| !format.bare));
        }
        FieldType::Boolean {
            true_values,
            false_values,
        } => {
            let other = |values: &Vec<String>, default: [&str; 4]| *values != default;
            let own = Some(true_values).filter(|values| other(values, super::field::TRUE_VALUES));
            put(object, "trueValues", own.map(|values| json!(values)));
            let own = Some(false_values).filter(|values| other(values, super::field::FALSE_VALUES));
            put(object, "falseValues", own.map(|values| json!(values)));
        }
        FieldType::Date(format) | FieldType::Time(format) | FieldType::DateTime(format) => {
            match format {
                TemporalFormat::Default => {}
                TemporalFormat::Any | TemporalFormat::InOrder(_) => {
                    put(object, "format", Some("any"))
                }
                TemporalFormat::Pattern(pattern) => put(object, "format", Some(pattern.as_str())),
            }
        }
        FieldType::List(format) => {
            let delimiter = Some(format.delimiter.as_str()).filter(|delimiter| *delimiter != ",");
            put(object, "delimiter", delimiter);
            let item = Some(format.item).filter(|item| *item != ItemType::default());
            put(object, "itemType", item.map(ItemType::name));
        }
        FieldType::GeoPoint(format) => put(object, "format", other_than_default(format.name())),
        FieldType::GeoJson(format) => put(object, "format", other_than_default(format.name())),
        FieldType::Duration
        | FieldType::Year
        | FieldType::YearMonth
        | FieldType::Any
        | FieldType::Array
        | FieldType::Object => {}
    }
}

fn other_than_default(format: &'static str) -> Option<&'static str> {
    Some(format).filter(|format| *format != "default")
}

fn write_constraints(constraints: &Constraints) -> Map<String, Json> {
    let mut object = Map::new();
    put(
        &mut object,
        "required",
        Some(true).filter(|_| constraints.required),
    );
    put(
        &mut object,
        "unique",
        Some(true).filter(|_| constraints.unique),
    );
    put(
        &mut object,
        "minimum",
        constraints.minimum.as_ref().map(literal),
    );
    put(
        &mut object,
        "maximum",
        constraints.maximum.as_ref().map(literal),
    );
    put(
        &mut object,
        "exclusiveMinimum",
        constraints.exclusive_minimum.as_ref().map(literal),
    );
    put(
        &mut object,
        "exclusiveMaximum",
        constraints.exclusive_maximum.as_ref().map(literal),
    );
    put(&mut object, "minLength", constraints.min_length);
    put(&mut object, "maxLength", constraints.max_length);
    put(&mut object, "pattern", constraints.pattern.as_deref());
    let values: Vec<Json> = constraints.enumeration.iter().map(literal).collect();
    put(
        &mut object,
        "enum",
        Some(values).filter(|values| !values.is_empty()),
    );
    let schema = constraints.json_schema.as_ref();
    put(
        &mut object,
        "jsonSchema",
        schema.map(|schema| schema.to_json().clone()),
    );
    object
}

/// Numbers and booleans as such where that reads back the same, everything else as it was written.
pub(super) fn literal(literal: &Literal) -> Json {
    match (&literal.value, literal.value.as_number()) {
        (_, Some(number)) if number.to_string() == literal.text => Json::Number(number),
        (Value::Bool(value), _) if literal.text == value.to_string() => Json::Bool(*value),
        _ => literal.text.as_str().into(),
    }
}

impl Value {
    /// The number, without fraction where it has none; `None` for infinity and what is no number.
    pub(super) fn as_number(&self) -> Option<Number> {
        match *self {
            Value::Int(value) => Some(value.into()),
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Some((value as i64).into())
            }
            Value::Float(value) => Number::from_f64(value),
            Value::Text(_) | Value::Bool(_) => None,
        }
    }
}

/// How a text file is written, and what only a dialect can say of any file.
fn dialect(csv: &CsvOptions, locate: &Locate) -> Option<Json> {
    let mut object = Map::new();
    let mark = |byte: Option<u8>| byte.map(|byte| char::from(byte).to_string());
    put(&mut object, "delimiter", mark(csv.delimiter));
    let quote = match csv.no_quotes {
        true => Some(String::new()),
        false => mark(csv.quote),
    };
    put(&mut object, "quoteChar", quote);
    put(&mut object, "doubleQuote", csv.double_quote);
    put(&mut object, "escapeChar", mark(csv.escape));
    let skips = csv.skip_initial_space.then_some(true);
    put(&mut object, "skipInitialSpace", skips);
    put(&mut object, "commentChar", csv.comment.as_deref());
    put(&mut object, "headerJoin", locate.header_join.as_deref());
    let omitted: Json = locate.omit_rows.iter().map(|row| row + 1).collect();
    let omitted = Some(omitted).filter(|_| !locate.omit_rows.is_empty());
    put(&mut object, "commentRows", omitted);
    (!object.is_empty()).then_some(Json::Object(object))
}

fn write_references(references: &BTreeMap<String, Reference>) -> Option<Json> {
    let references = references.iter().map(|(name, reference)| {
        let located = Locate {
            sheet: reference.sheet.clone(),
            header: reference.header,
            ..Locate::default()
        };
        let mut object = match locate(&located) {
            Some(Json::Object(object)) => object,
            _ => Map::new(),
        };
        put(&mut object, "table", reference.table.as_deref());
        put(&mut object, "path", reference.path.as_deref());
        put(&mut object, "encoding", reference.encoding.as_deref());
        let delimiter = reference.delimiter.map(|mark| char::from(mark).to_string());
        put(&mut object, "delimiter", delimiter);
        (name.clone(), Json::Object(object))
    });
    let references: Map<String, Json> = references.collect();
    (!references.is_empty()).then_some(Json::Object(references))
}

fn locate(locate: &Locate) -> Option<Json> {
    let mut object = Map::new();
    put(
        &mut object,
        "sheet",
        match &locate.sheet {
            SheetRef::First => None,
            SheetRef::Name(name) => Some(Json::from(name.as_str())),
            SheetRef::Index(index) => Some(Json::from(index + 1)),
        },
    );
    put(
        &mut object,
        "sheets",
        locate.sheets.as_ref().map(sheets::write),
    );
    put(
        &mut object,
        "header",
        match locate.header {
            HeaderRow::First => None,
            HeaderRow::At(row) => Some(Json::from(row + 1)),
            HeaderRow::Rows { first, last } => Some((first + 1..=last + 1).collect()),
            HeaderRow::None => Some(Json::from(false)),
        },
    );
    put(&mut object, "range", locate.range.as_ref().map(range));
    put(&mut object, "table", locate.area.as_deref());
    let mut hidden = Map::new();
    let skip = |is_skipped: bool| is_skipped.then_some("skip");
    put(&mut hidden, "rows", skip(locate.skip_hidden_rows));
    put(&mut hidden, "columns", skip(locate.skip_hidden_columns));
    put(
        &mut object,
        "hidden",
        Some(hidden).filter(|hidden| !hidden.is_empty()),
    );
    let merged = MERGED.iter().find(|(_, merged)| *merged == locate.merged);
    let merged = merged.map(|(word, _)| *word);
    put(
        &mut object,
        "merged",
        merged.filter(|word| *word != "first"),
    );
    let mut stop = Map::new();
    put(&mut stop, "blankRows", locate.stop.blank_rows);
    put(&mut stop, "matching", locate.stop.matching.as_deref());
    put(
        &mut object,
        "stop",
        Some(stop).filter(|stop| !stop.is_empty()),
    );
    (!object.is_empty()).then_some(Json::Object(object))
}

fn range(range: &CellRange) -> String {
    let first = a1::cell_name(*range.rows.start(), *range.columns.start());
    format!(
        "{first}:{}",
        a1::cell_name(*range.rows.end(), *range.columns.end())
    )
}
