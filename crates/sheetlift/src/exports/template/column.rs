//! One column of a template: its look, and what the program watches over. A cell can have one validation, so that the one is
//! taken that says most: a list of values, or else bounds and lengths, or else a formula for what has no validation of its own.

use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, Format, Formula, XlsxError,
};
use sheetlift_core::{
    Contract, Field, FieldType, Level, Literal, StringFormat, TemporalFormat, Value,
};

use super::{Lists, refused, words};
use crate::error::Result;

/// What Excel takes: characters of a list that stands in the validation itself, of a title, and of a formula.
const MAX_LIST: usize = 255;
const MAX_TITLE: usize = 32;
const MAX_FORMULA: usize = 255;
/// Values of a list, beyond which nobody finds one.
const MAX_VALUES: usize = 10_000;
/// Days between 1899-12-30 and 1970-01-01, and the first and last serial number of a date that is the same in all programs.
const UNIX_EPOCH: f64 = 25_569.0;
const FIRST_DAY: f64 = 61.0;
const LAST_DAY: f64 = 2_958_465.0;
const MICROS_PER_DAY: f64 = 86_400_000_000.0;

/// How a column looks.
pub(super) struct Look {
    pub(super) width: f64,
    pub(super) format: Format,
}

impl Look {
    pub(super) fn of(contract: &Contract, index: usize) -> Look {
        let field = &contract.fields[index];
        let format = number_format(field);
        let of_values = match &field.field_type {
            FieldType::String(_) | FieldType::Any => {
                let values = field.allowed_values().iter();
                let longest = values.map(|value| value.text.chars().count()).max();
                let most = field.constraints.max_length.map(|most| most as usize);
                longest.or(most).unwrap_or(20).min(40)
            }
            _ => format.len() + 2,
        };
        // The button of the filter takes some room.
        let label = contract.label(index).chars().count() + 4;
        Look {
            width: label.max(of_values).clamp(10, 60) as f64,
            format: Format::new().set_num_format(format),
        }
    }
}

/// The number format of the cells. What is a text stays one: `00123` keeps its zeros.
fn number_format(field: &Field) -> String {
    let pattern = |format: &TemporalFormat, default: &str| {
        match format {
            TemporalFormat::Pattern(pattern) => shown_as(pattern),
            _ => None,
        }
        .unwrap_or_else(|| default.to_owned())
    };
    match &field.field_type {
        FieldType::String(_) | FieldType::YearMonth => "@".to_owned(),
        FieldType::Integer(_) | FieldType::Year => {
            // With as many zeros in front as it has digits.
            "0".repeat(field.reading.identifier.map_or(1, usize::from))
        }
        FieldType::Number(_) => match field.checks.scale {
            Some(0) => "0".to_owned(),
            Some(scale @ 1..=15) => format!("0.{}", "0".repeat(scale.into())),
            _ => "General".to_owned(),
        },
        FieldType::Date(format) => pattern(format, "yyyy-mm-dd"),
        FieldType::DateTime(format) => pattern(format, "yyyy-mm-dd hh:mm:ss"),
        FieldType::Time(format) => pattern(format, "hh:mm:ss"),
        FieldType::Duration => "[h]:mm:ss".to_owned(),
        _ => "General".to_owned(),
    }
}

/// `%d.%m.%Y` is `dd.mm.yyyy`; `None` for patterns that formats of cells have no word for.
fn shown_as(pattern: &str) -> Option<String> {
    let mut format = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => format.push_str(match chars.next()? {
                'd' => "dd",
                'm' => "mm",
                'Y' => "yyyy",
                'y' => "yy",
                'H' => "hh",
                'M' => "mm",
                'S' => "ss",
                'b' => "mmm",
                'B' => "mmmm",
                _ => return None,
            }),
            ' ' | '-' | '/' | ':' => format.push(c),
            '.' | ',' => format.extend(['\\', c]),
            'T' => format.push_str("\\T"),
            _ => return None,
        }
    }
    Some(format)
}

/// The cells of a column, as formulas have them.
pub(super) struct Cells {
    /// The first one, by which a formula calls each.
    pub(super) first: String,
    /// Those in which a value is looked for a second time.
    pub(super) looked_at: String,
}

/// What the program watches over; `None` where there is nothing it could.
pub(super) fn validation(
    contract: &Contract,
    index: usize,
    cells: &Cells,
    lists: &mut Lists,
) -> Result<Option<DataValidation>> {
    let field = &contract.fields[index];
    let mut watch = Watch {
        contract,
        field,
        cells,
        level: Level::Error,
    };
    let is_unique = field.constraints.unique || contract.primary_key == [index];
    let found = match watch.list(lists).map_err(refused)? {
        Some(list) => Some(list),
        None => watch.rule(is_unique),
    };
    let Some(found) = found.or_else(|| watch.prompt()) else {
        return Ok(None);
    };
    let expected = words::expected(contract, index)?;
    let needs_words = watch.needs_words();
    let title = words::cut(contract.label(index), MAX_TITLE);
    let style = match watch.level {
        Level::Error => DataValidationErrorStyle::Stop,
        Level::Warning => DataValidationErrorStyle::Warning,
        Level::Info => DataValidationErrorStyle::Information,
    };
    let told = || {
        let found = found
            .ignore_blank(!contract.is_never_null(index))
            .set_error_style(style)
            .set_error_title(&title)?
            .set_error_message(&expected)?;
        // What no validation asks for is said beforehand.
        match needs_words {
            true => found.set_input_title(&title)?.set_input_message(&expected),
            false => Ok(found),
        }
    };
    Ok(Some(told().map_err(refused)?))
}

/// The texts that mean true and false: those of the program where the contract has them, so that a cell is true or false.
pub(super) fn truth(field_type: &FieldType) -> Option<[String; 2]> {
    let FieldType::Boolean {
        true_values,
        false_values,
    } = field_type
    else {
        return None;
    };
    let shown = |values: &[String], word: &str| {
        let has_word = values.iter().any(|value| value == word);
        Some(word.to_owned())
            .filter(|_| has_word)
            .or_else(|| values.first().cloned())
    };
    Some([shown(true_values, "TRUE")?, shown(false_values, "FALSE")?])
}

/// What is asked of one column.
struct Watch<'a> {
    contract: &'a Contract,
    field: &'a Field,
    cells: &'a Cells,
    /// How much it matters, of what is watched over.
    level: Level,
}

/// A bound, as the number that a cell holds.
struct Bound {
    /// `>=`, `<=`, `>` or `<`.
    sign: &'static str,
    number: f64,
}

impl Watch<'_> {
    /// What is asked for is no more than a warning if one of its keys is.
    fn notice(&mut self, key: &str) {
        let level = self.contract.level_of(self.field, key);
        self.level = self.level.min(level);
    }

    /// A list of values to choose from.
    fn list(&mut self, lists: &mut Lists) -> Result<Option<DataValidation>, XlsxError> {
        let field_type = &self.field.field_type;
        let allowed = self.field.allowed_values();
        let values: Vec<String> = match field_type {
            FieldType::String(_) | FieldType::Any => {
                allowed.iter().map(|value| value.text.clone()).collect()
            }
            FieldType::Number(_) | FieldType::Integer(_) | FieldType::Year => {
                let texts = allowed
                    .iter()
                    .map(|value| field_type.iso_text(&value.value));
                texts.flatten().collect()
            }
            FieldType::Boolean { .. } if allowed.is_empty() => {
                truth(field_type).into_iter().flatten().collect()
            }
            _ => Vec::new(),
        };
        if values.is_empty() || values.len() > MAX_VALUES {
            return Ok(None);
        }
        self.notice("enum");
        let joined: usize = values
            .iter()
            .map(|value| 1 + value.encode_utf16().count())
            .sum();
        // In a validation a comma parts values, and blanks around them are lost.
        let is_plain = |value: &String| {
            !value.contains([',', '"']) && value.trim() == value && !value.is_empty()
        };
        let validation = DataValidation::new();
        Ok(Some(
            match joined <= MAX_LIST && values.iter().all(is_plain) {
                true => validation.allow_list_strings(&values)?,
                false => validation.allow_list_formula(lists.add(values)),
            },
        ))
    }

    fn rule(&mut self, is_unique: bool) -> Option<DataValidation> {
        match &self.field.field_type {
            FieldType::String(format) => self.text(*format, is_unique),
            FieldType::Integer(_) | FieldType::Year => self.number(Kind::Whole, is_unique),
            FieldType::Number(_) => self.number(Kind::Decimal, is_unique),
            FieldType::Date(_) | FieldType::DateTime(_) => self.number(Kind::Date, is_unique),
            FieldType::Time(_) => self.number(Kind::Time, is_unique),
            FieldType::Duration => self.number(Kind::Decimal, is_unique),
            FieldType::YearMonth => {
                Some(DataValidation::new().allow_text_length(DataValidationRule::EqualTo(7)))
            }
            _ => None,
        }
    }

    /// Numbers, and dates and times, which are numbers to a spreadsheet.
    fn number(&mut self, kind: Kind, is_unique: bool) -> Option<DataValidation> {
        self.notice("type");
        let bounds = self.bounds()?;
        let mut conditions: Vec<String> = Vec::new();
        let cell = &self.cells.first;
        if let Some(scale) = self.field.checks.scale.filter(|scale| *scale <= 15) {
            conditions.push(format!("ROUND({cell},{scale})={cell}"));
        }
        if let Some(step) = self.field.checks.multiple_of {
            let step = step.text();
            conditions.push(format!("ABS({cell}/{step}-ROUND({cell}/{step},0))<1E-9"));
        }
        if is_unique {
            conditions.push(format!("COUNTIF({},{cell})=1", self.cells.looked_at));
        }
        let native = kind.rule(&bounds).filter(|_| conditions.is_empty());
        if let Some(native) = native {
            return Some(kind.validation(native));
        }
        let mut all = vec![format!("ISNUMBER({cell})")];
        if kind == Kind::Whole {
            all.push(format!("INT({cell})={cell}"));
        }
        all.extend(
            bounds
                .iter()
                .map(|bound| format!("{cell}{}{}", bound.sign, written(bound.number))),
        );
        all.append(&mut conditions);
        for (key, is_asked) in [
            ("scale", self.field.checks.scale.is_some()),
            ("multipleOf", self.field.checks.multiple_of.is_some()),
            ("unique", is_unique),
        ] {
            if is_asked {
                self.notice(key);
            }
        }
        custom(&all)
    }

    /// The bounds that can be asked for; `None` when no cell can keep them (a date before 1900, say).
    fn bounds(&mut self) -> Option<Vec<Bound>> {
        let constraints = &self.field.constraints;
        let mut bounds = Vec::new();
        for (key, bound, sign) in [
            ("minimum", &constraints.minimum, ">="),
            ("exclusiveMinimum", &constraints.exclusive_minimum, ">"),
            ("maximum", &constraints.maximum, "<="),
            ("exclusiveMaximum", &constraints.exclusive_maximum, "<"),
        ] {
            let Some(bound) = bound else { continue };
            let number = cell_number(&self.field.field_type, bound)?;
            let is_day = matches!(
                self.field.field_type,
                FieldType::Date(_) | FieldType::DateTime(_)
            );
            match () {
                () if is_day && number < FIRST_DAY && sign.starts_with('<') => return None,
                () if is_day && number < FIRST_DAY => {}
                () => {
                    self.notice(key);
                    bounds.push(Bound { sign, number });
                }
            }
        }
        Some(bounds)
    }

    fn text(&mut self, format: StringFormat, is_unique: bool) -> Option<DataValidation> {
        let constraints = &self.field.constraints;
        let (least, most) = (constraints.min_length, constraints.max_length);
        let cell = &self.cells.first;
        let mut conditions: Vec<String> = Vec::new();
        match format {
            StringFormat::Email => conditions.push(format!("ISNUMBER(FIND(\"@\",{cell}))")),
            StringFormat::Uuid => conditions.push(format!("LEN({cell})=36")),
            _ => {}
        }
        if is_unique {
            let all = &self.cells.looked_at;
            conditions.push(format!("SUMPRODUCT(--EXACT({all},{cell}))=1"));
        }
        let native = match (least, most) {
            (Some(least), Some(most)) => Some(DataValidationRule::Between(least, most)),
            (Some(least), None) => Some(DataValidationRule::GreaterThanOrEqualTo(least)),
            (None, Some(most)) => Some(DataValidationRule::LessThanOrEqualTo(most)),
            (None, None) => None,
        };
        for (key, is_asked) in [
            ("minLength", least.is_some()),
            ("maxLength", most.is_some()),
            ("format", format != StringFormat::Default),
            ("unique", is_unique),
        ] {
            if is_asked {
                self.notice(key);
            }
        }
        if conditions.is_empty() {
            return native.map(|rule| DataValidation::new().allow_text_length(rule));
        }
        conditions.extend(least.map(|least| format!("LEN({cell})>={least}")));
        conditions.extend(most.map(|most| format!("LEN({cell})<={most}")));
        custom(&conditions)
    }

    /// True when something is asked for that no validation can ask.
    fn needs_words(&self) -> bool {
        let (constraints, checks) = (&self.field.constraints, &self.field.checks);
        constraints.pattern.is_some()
            || checks.not_pattern.is_some()
            || checks.check_digit.is_some()
    }

    /// Words alone.
    fn prompt(&self) -> Option<DataValidation> {
        self.needs_words()
            .then(|| DataValidation::new().allow_any_value())
    }
}

/// The formula of a cell that keeps all of these.
fn custom(conditions: &[String]) -> Option<DataValidation> {
    let formula = match conditions {
        [one] => one.clone(),
        all => format!("AND({})", all.join(",")),
    };
    let is_short = formula.len() <= MAX_FORMULA;
    is_short.then(|| DataValidation::new().allow_custom(Formula::new(formula)))
}

/// What kind of number a cell holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Decimal,
    Date,
    Time,
}

impl Kind {
    /// The bounds as one rule; `None` where there is none for them.
    fn rule(self, bounds: &[Bound]) -> Option<DataValidationRule<Formula>> {
        let formula = |number: f64| Formula::new(written(number));
        let between =
            |least: f64, most: f64| DataValidationRule::Between(formula(least), formula(most));
        Some(match bounds {
            // A number at least.
            [] => match self {
                Kind::Whole => between(-9_007_199_254_740_992.0, 9_007_199_254_740_992.0),
                Kind::Decimal => between(-1e300, 1e300),
                Kind::Date => between(1.0, LAST_DAY + 1.0),
                Kind::Time => between(0.0, 1.0),
            },
            [bound] => {
                let number = formula(bound.number);
                match bound.sign {
                    ">=" => DataValidationRule::GreaterThanOrEqualTo(number),
                    "<=" => DataValidationRule::LessThanOrEqualTo(number),
                    ">" => DataValidationRule::GreaterThan(number),
                    _ => DataValidationRule::LessThan(number),
                }
            }
            [least, most] if least.sign == ">=" && most.sign == "<=" => {
                between(least.number, most.number)
            }
            _ => return None,
        })
    }

    fn validation(self, rule: DataValidationRule<Formula>) -> DataValidation {
        let validation = DataValidation::new();
        match self {
            Kind::Whole => validation.allow_whole_number_formula(rule),
            Kind::Decimal => validation.allow_decimal_number_formula(rule),
            Kind::Date => validation.allow_date_formula(rule),
            Kind::Time => validation.allow_time_formula(rule),
        }
    }
}

/// The number that a cell with this value holds.
fn cell_number(field_type: &FieldType, literal: &Literal) -> Option<f64> {
    match (field_type, &literal.value) {
        (FieldType::Date(_), Value::Int(days)) => Some(*days as f64 + UNIX_EPOCH),
        (FieldType::DateTime(_), Value::Int(micros)) => {
            Some(*micros as f64 / MICROS_PER_DAY + UNIX_EPOCH)
        }
        (FieldType::Time(_) | FieldType::Duration, Value::Int(micros)) => {
            Some(*micros as f64 / MICROS_PER_DAY)
        }
        (_, Value::Int(int)) => Some(*int as f64),
        (_, Value::Float(float)) if float.is_finite() => Some(*float),
        _ => None,
    }
}

/// A number as formulas have it.
fn written(number: f64) -> String {
    match number.abs() {
        1e-5..1e15 => number.to_string(),
        0.0 => "0".to_owned(),
        _ => format!("{number:E}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_shown_as_they_are_written() {
        for (pattern, expected) in [
            ("%d.%m.%Y", Some("dd\\.mm\\.yyyy")),
            ("%Y-%m-%dT%H:%M:%S", Some("yyyy-mm-dd\\Thh:mm:ss")),
            ("%m/%d/%y", Some("mm/dd/yy")),
            ("%j", None),
            ("%", None),
        ] {
            assert_eq!(shown_as(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn numbers_are_written_as_formulas_have_them() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.5, "-0.5"),
            (1e300, "1E300"),
            (1e-7, "1E-7"),
            (9_007_199_254_740_992.0, "9.007199254740992E15"),
            (45_658.25, "45658.25"),
        ] {
            assert_eq!(written(number), expected);
        }
    }
}
