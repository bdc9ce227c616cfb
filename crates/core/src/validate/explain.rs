//! Faults in the words of the person who can correct the file.

use std::{borrow::Cow, sync::Arc};

use super::{
    cells::{cell_kind, cell_quoted, cell_text, cut},
    column::ColumnCheck,
    fault::{Fault, What, misfit_code},
    key::Key,
    level,
    levels::{EXTRA_CELLS, MISSING_CELLS, RowLevels},
    places::RowPlaces,
    raw::RawRow,
    report::RejectedRow,
    rewrite::Rewriter,
    rules,
    table::TableCheck,
};
use crate::{
    column::{Cell, DateSystem, Window},
    contract::{Blank, FieldType, Misfit, RowRule, TableQuestion, TableRule},
    finding::{Finding, Level},
    header::Header,
};

/// The code of a row that breaks a rule of the contract.
const ROW_RULE: &str = "row/rule-failed";
/// Characters of a value that a finding carries.
const MAX_VALUE: usize = 200;

/// Everything a fault refers to.
pub(super) struct Scene<'a> {
    pub(super) header: &'a Header,
    pub(super) columns: &'a [ColumnCheck],
    pub(super) keys: &'a [Key],
    pub(super) primary_key: &'a [usize],
    pub(super) levels: &'a RowLevels,
    pub(super) rules: &'a [RowRule],
    pub(super) table: &'a TableCheck,
    pub(super) places: &'a RowPlaces,
    pub(super) wants_rejected: bool,
    pub(super) window: &'a Window,
    pub(super) sheet_rows: &'a [u32],
}

/// Code and rule of a fault.
pub(super) fn code_and_rule(
    fault: &Fault,
    columns: &[ColumnCheck],
    keys: &[Key],
    rules: &[RowRule],
    table: &TableCheck,
) -> (&'static str, String) {
    let column = &columns[usize::from(fault.field)];
    let type_rule = || format!("type: {}", column.field.field_type.name());
    match fault.what {
        What::Misfit(misfit) => (misfit_code(misfit, &column.field.field_type), type_rule()),
        What::FormulaError => ("cell/formula-error", type_rule()),
        What::BadString => ("cell/type", type_rule()),
        What::Trimmed => ("info/value-trimmed", "trim: true".to_owned()),
        What::Mapped => {
            let rule = column.rewriter.as_ref().map(Rewriter::rule);
            ("info/value-mapped", rule.unwrap_or_default().to_owned())
        }
        What::Defaulted => {
            let rule = format!("default: {}", default_of(column));
            ("info/value-defaulted", rule)
        }
        What::Required => (rules::REQUIRED.code, "required: true".to_owned()),
        What::Rule(number) => {
            let rule = &column.rules[usize::from(number)];
            (rule.code(), rule.text())
        }
        What::RowRule(number) => {
            let rule = &rules[usize::from(number)];
            (ROW_RULE, format!("{}: {}", rule.id, rule.assert.text()))
        }
        What::Dependency { rule, .. } => {
            let rule = format!("{}: dependency", table.rule(rule).id);
            ("table/dependency", rule)
        }
        What::ExtraCells(_) => (EXTRA_CELLS, String::new()),
        What::MissingCells(_) => (MISSING_CELLS, String::new()),
        What::KeyNull => {
            let key = keys
                .iter()
                .find(|key| key.code() == rules::PRIMARY_KEY.code);
            (
                rules::PRIMARY_KEY.code,
                key.map(|key| key.rule.clone()).unwrap_or_default(),
            )
        }
        What::KeyTaken { key, .. } | What::NotFound { key } => {
            let key = &keys[usize::from(key)];
            (key.code(), key.rule.clone())
        }
    }
}

/// What to say about one fault.
#[derive(Default)]
struct Words {
    expected: String,
    message: String,
    suggestion: Option<String>,
    score: Option<f64>,
}

impl Scene<'_> {
    /// Turns the faults of one row (there is at least one) into findings, and the row, if one of them is an error, into what is
    /// kept of it.
    pub(super) fn explain_row(&self, faults: &[Fault]) -> (Option<RejectedRow>, Vec<Finding>) {
        let row = faults[0].row as usize;
        let row_key = self.row_key(row);
        let findings: Vec<Finding> = faults
            .iter()
            .map(|fault| self.explain(fault, row_key.clone()))
            .collect();
        let errors = || {
            let all = faults.iter().zip(&findings);
            all.filter(|(_, finding)| finding.level == Level::Error)
        };
        if !self.wants_rejected || errors().next().is_none() {
            return (None, findings);
        }
        let mut codes = Vec::with_capacity(faults.len());
        for (fault, _) in errors() {
            let (code, _) = code_and_rule(fault, self.columns, self.keys, self.rules, self.table);
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let reason = errors()
            .map(|(_, finding)| finding)
            .map(|finding| finding.message.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        let raw = RawRow::of(self.header, self.window, row);
        let width = faults.iter().find_map(|fault| match fault.what {
            What::ExtraCells(cells) | What::MissingCells(cells) => Some(cells),
            _ => None,
        });
        let rejected = RejectedRow {
            sheet: Arc::clone(&self.header.sheet),
            row: self.sheet_rows[row],
            codes,
            reason,
            row_key,
            raw: raw.cells,
            kinds: raw.kinds,
            repeats: errors().any(|(fault, _)| matches!(fault.what, What::KeyTaken { .. })),
            width,
        };
        (Some(rejected), findings)
    }

    fn explain(&self, fault: &Fault, row_key: Option<String>) -> Finding {
        let field = fault.field(self.keys);
        let (code, rule) = code_and_rule(fault, self.columns, self.keys, self.rules, self.table);
        let row = fault.row as usize;
        let (words, value) = match (field, fault.what) {
            (Some(field), _) => {
                let cell = Some(self.cell(field, row)).filter(|cell| *cell != Cell::Null);
                let value = cell.map(|cell| cell_text(cell, self.dates()));
                (self.words(fault), value)
            }
            (None, What::KeyTaken { key, first }) => {
                let key = &self.keys[usize::from(key)];
                let words = self.words_for_wide_key(key, row, first);
                (words, self.key_text(&key.fields, row))
            }
            (None, What::Dependency { rule, first }) => {
                self.words_for_dependency(self.table.rule(rule), row, first)
            }
            (None, What::NotFound { key }) => {
                let key = &self.keys[usize::from(key)];
                (
                    self.words_for_foreign_key(key, row),
                    self.key_text(&key.fields, row),
                )
            }
            (None, What::RowRule(rule)) => {
                let rule = &self.rules[usize::from(rule)];
                (
                    self.words_for_row_rule(rule, row),
                    self.key_text(rule.assert.fields(), row),
                )
            }
            (None, what) => (self.words_for_ragged(what), None),
        };
        let column = field
            .and_then(|field| self.columns[field].place)
            .map(|place| &self.header.columns[place]);
        Finding {
            level: level(fault, self.columns, self.keys, self.levels),
            code: Cow::Borrowed(code),
            rule,
            sheet: Arc::clone(&self.header.sheet),
            row: Some(self.sheet_rows[row] + 1),
            column_index: column.map(|column| column.index),
            column: column.map(|column| Arc::clone(&column.name)),
            field: field.map(|field| Arc::clone(&self.columns[field].field.name)),
            row_key,
            value: value.map(|value| cut(&value, MAX_VALUE)),
            expected: words.expected,
            message: words.message,
            suggestion: words.suggestion,
            score: words.score,
        }
    }

    fn words(&self, fault: &Fault) -> Words {
        let check = &self.columns[usize::from(fault.field)];
        let cell = self.cell(usize::from(fault.field), fault.row as usize);
        let label = self.label(usize::from(fault.field));
        let shown = cell_quoted(cell, self.dates());
        let plain = |expected: String| Words {
            message: format!("{label} is {shown}, but has to be {expected}"),
            expected,
            ..Words::default()
        };
        match fault.what {
            What::Misfit(misfit) => {
                self.words_for_misfit(misfit, cell, &check.field.field_type, label)
            }
            What::FormulaError => Words {
                expected: check.field.field_type.expected(),
                message: format!(
                    "{label} shows the error {shown}; correct the formula, or the cells it uses"
                ),
                ..Words::default()
            },
            What::BadString => Words {
                expected: String::new(), // no other value would help
                message: format!(
                    "{label} refers to {shown}, which is outside the table of {}: the file is damaged here",
                    self.window.strings().len()
                ),
                suggestion: Some(
                    "open the file in a spreadsheet program, look at this cell and save again"
                        .to_owned(),
                ),
                score: None,
            },
            What::Rule(number) => {
                let rule = &check.rules[usize::from(number)];
                let suggestion = rule.suggestion(&self.text_read(cell, check));
                let (suggestion, score) = suggestion.unzip();
                Words {
                    suggestion,
                    score,
                    ..plain(rule.expected())
                }
            }
            What::Trimmed | What::Mapped | What::Defaulted => Words {
                message: self.words_for_reading(fault.what, cell, check, label),
                ..Words::default()
            },
            What::Required => self.words_for_null("a value", cell, label, "a value is required"),
            What::KeyNull => self.words_for_null(
                "a value in every field of the primary key",
                cell,
                label,
                "it is part of the primary key",
            ),
            What::NotFound { key } => {
                self.words_for_foreign_key(&self.keys[usize::from(key)], fault.row as usize)
            }
            // About a row; see `explain`.
            What::ExtraCells(_)
            | What::MissingCells(_)
            | What::RowRule(_)
            | What::Dependency { .. } => self.words_for_ragged(fault.what),
            What::KeyTaken { first, .. } => Words {
                expected: "a value that no earlier row has".to_owned(),
                message: format!(
                    "{label} is {shown}, which {} has already",
                    self.places.words(first)
                ),
                ..Words::default()
            },
        }
    }

    fn words_for_misfit(
        &self,
        misfit: Misfit,
        cell: Cell<'_>,
        field_type: &FieldType,
        label: &str,
    ) -> Words {
        let shown = cell_quoted(cell, self.dates());
        let is_date = matches!(field_type, FieldType::Date(_) | FieldType::DateTime(_));
        let expected = match misfit {
            Misfit::DateAmbiguous => {
                "a date that can be understood in one way only, such as 2024-12-31".to_owned()
            }
            Misfit::Precision if matches!(field_type, FieldType::Number(_)) => {
                "a number that can be kept exactly (whole numbers up to 9007199254740992)"
                    .to_owned()
            }
            Misfit::Precision => {
                "a whole number from -9223372036854775808 to 9223372036854775807".to_owned()
            }
            _ => field_type.expected(),
        };
        let kind = match cell {
            Cell::Text(..) => String::new(),
            cell => format!(" ({})", cell_kind(cell)),
        };
        let (suggestion, score) = match (misfit, cell) {
            (Misfit::NumberLocale, Cell::Text(text, _)) => field_type.number_meant(text).unzip(),
            (Misfit::DateInvalid, Cell::Text(text, _)) if is_date => {
                field_type.date_meant(text).unzip()
            }
            (_, Cell::Int(_) | Cell::Float(_)) if is_date => {
                (Some("format the cell as a date".to_owned()), None)
            }
            _ => (None, None),
        };
        let message = match misfit {
            Misfit::DateAmbiguous => {
                format!("{label} is {shown}, which can be understood in more than one way")
            }
            Misfit::Precision => {
                format!("{label} is {shown}, which has more digits than can be kept exactly")
            }
            Misfit::Calendar => {
                format!(
                    "{label} is {shown}, whose years or months are not of one length; write days"
                )
            }
            _ => format!("{label} is {shown}{kind}, but has to be {expected}"),
        };
        Words {
            expected,
            message,
            suggestion,
            score,
        }
    }

    /// The text that rules were asked about.
    fn text_read(&self, cell: Cell<'_>, check: &ColumnCheck) -> String {
        let text = cell_text(cell, self.dates());
        let rewriter = check.rewriter.as_ref();
        let new = rewriter.and_then(|r| r.explained(&text, &check.field.field_type));
        new.map_or(text, |new| new.text)
    }

    /// What was done to a value that is not at fault.
    fn words_for_reading(
        &self,
        what: What,
        cell: Cell<'_>,
        check: &ColumnCheck,
        label: &str,
    ) -> String {
        let shown = cell_quoted(cell, self.dates());
        if what == What::Defaulted {
            let default = default_of(check);
            return match cell {
                Cell::Null => format!("{label} is empty, and taken as {default}"),
                _ => format!("{label} is {shown}, which means no value, and taken as {default}"),
            };
        }
        if what == What::Trimmed {
            return format!("{label} is {shown}, which is read without the white space around it");
        }
        let new = cut(&self.text_read(cell, check), 60);
        format!("{label} is {shown}, which is read as {new:?}")
    }

    fn words_for_null(&self, expected: &str, cell: Cell<'_>, label: &str, but: &str) -> Words {
        let shown = cell_text(cell, self.dates());
        let message = if shown.trim().is_empty() {
            format!("{label} is empty, but {but}")
        } else {
            format!(
                "{label} is {}, which means no value, but {but}",
                cell_quoted(cell, self.dates())
            )
        };
        Words {
            expected: expected.to_owned(),
            message,
            ..Words::default()
        }
    }

    fn words_for_row_rule(&self, rule: &RowRule, row: usize) -> Words {
        let shown = |name: &str| {
            let field = self
                .columns
                .iter()
                .position(|column| &*column.field.name == name);
            field.map_or_else(String::new, |field| {
                cell_text(self.cell(field, row), self.dates())
            })
        };
        let message = match &rule.message {
            Some(message) => RowRule::parts(message)
                .map(|(text, name)| format!("{text}{}", name.map(shown).unwrap_or_default()))
                .collect(),
            None => {
                let values = rule.assert.fields().iter().map(|&field| {
                    let shown = cell_quoted(self.cell(field, row), self.dates());
                    format!("{} is {shown}", self.label(field))
                });
                let values = values.collect::<Vec<_>>().join(", ");
                format!("{values}: {} does not hold", rule.assert.text())
            }
        };
        Words {
            expected: rule.assert.text().to_owned(),
            message,
            ..Words::default()
        }
    }

    fn words_for_ragged(&self, what: What) -> Words {
        let width = self.header.width();
        let (cells, message, suggestion) = match what {
            What::ExtraCells(cells) => (
                cells,
                "more than the header: values may stand in the wrong columns",
                "put a value with a delimiter in it in quotes, or take the delimiter out",
            ),
            What::MissingCells(cells) => (
                cells,
                "fewer than the header: the last ones are empty",
                "write a delimiter for each empty cell",
            ),
            _ => (0, "", ""),
        };
        let s = if cells == 1 { "" } else { "s" };
        Words {
            expected: format!("{width} cells, as in the header"),
            message: format!("the row has {cells} cell{s}, {message}"),
            suggestion: Some(suggestion.to_owned()),
            score: None,
        }
    }

    fn words_for_dependency(
        &self,
        rule: &TableRule,
        row: usize,
        first: u32,
    ) -> (Words, Option<String>) {
        let TableQuestion::Dependency { from, to } = &rule.asks else {
            return (Words::default(), None);
        };
        let shown = |fields: &[usize]| {
            let pairs = fields.iter().map(|&field| {
                let shown = cell_quoted(self.cell(field, row), self.dates());
                format!("{} {shown}", self.label(field))
            });
            pairs.collect::<Vec<_>>().join(" and ")
        };
        let (decides, follows) = (shown(from), shown(to));
        let first = self.places.words(first);
        let words = Words {
            expected: format!("what {first} has with {decides}"),
            message: format!(
                "{decides} stands with {follows} here, and with something else in {first}"
            ),
            ..Words::default()
        };
        (words, self.key_text(to, row))
    }

    fn words_for_foreign_key(&self, key: &Key, row: usize) -> Words {
        let pairs = key.fields.iter().map(|&field| {
            let shown = cell_quoted(self.cell(field, row), self.dates());
            format!(
                "{} {}",
                self.label(field),
                if shown.is_empty() { "(empty)" } else { &shown }
            )
        });
        let pairs = pairs.collect::<Vec<_>>().join(" and ");
        let there = key.rule.split_once(" in ").map_or("", |(_, there)| there);
        let suggestion = match key.fields[..] {
            [field] => key.nearest(&cell_text(self.cell(field, row), self.dates())),
            _ => None,
        };
        let (suggestion, score) = suggestion.unzip();
        Words {
            expected: format!("a value of {there}"),
            message: format!("{pairs} is not in {there}"),
            suggestion,
            score,
        }
    }

    fn words_for_wide_key(&self, key: &Key, row: usize, first: u32) -> Words {
        let first = self.places.words(first);
        if key.is_of_rows() {
            return Words {
                expected: "a row that is not there yet".to_owned(),
                message: format!("the row is the same as {first}"),
                ..Words::default()
            };
        }
        let pairs = key.fields.iter().map(|&field| {
            format!(
                "{} {}",
                self.label(field),
                cell_quoted(self.cell(field, row), self.dates())
            )
        });
        let pairs = pairs.collect::<Vec<_>>().join(" and ");
        Words {
            expected: "values that no earlier row has together".to_owned(),
            message: format!("{pairs}: {first} has the same already"),
            ..Words::default()
        }
    }

    /// The primary key of a row, as its author sees it.
    fn row_key(&self, row: usize) -> Option<String> {
        self.key_text(self.primary_key, row)
    }

    fn key_text(&self, fields: &[usize], row: usize) -> Option<String> {
        if fields.is_empty()
            || fields
                .iter()
                .any(|&field| self.cell(field, row) == Cell::Null)
        {
            return None;
        }
        let texts = fields
            .iter()
            .map(|&field| cell_text(self.cell(field, row), self.dates()));
        Some(cut(&texts.collect::<Vec<_>>().join(", "), MAX_VALUE))
    }

    fn cell(&self, field: usize, row: usize) -> Cell<'_> {
        self.columns[field]
            .place
            .map_or(Cell::Null, |place| self.window.column(place).cell(row))
    }

    fn label(&self, field: usize) -> &str {
        match self.columns[field].place {
            Some(place) => &self.header.columns[place].name,
            None => &self.columns[field].field.name,
        }
    }

    fn dates(&self) -> DateSystem {
        self.window.dates()
    }
}

/// The default of a field as the contract has it.
fn default_of(column: &ColumnCheck) -> &str {
    match &column.field.blank {
        Blank::Default(default) => &default.text,
        Blank::Null | Blank::KeepExisting => "",
    }
}
