//! How much each fault matters: what the field says of it, or else the contract, or else that it is an error.

use super::{
    fault::{What, misfit_code},
    rules::{self, Rule},
};
use crate::{
    contract::{Contract, Field, Misfit, default_level},
    finding::Level,
};

/// The codes of rows that are longer or shorter than the header.
pub(super) const EXTRA_CELLS: &str = "row/extra-cell";
pub(super) const MISSING_CELLS: &str = "row/missing-cell";

/// The levels of faults of rows.
#[derive(Debug)]
pub(super) struct RowLevels {
    pub(super) extra_cells: Level,
    pub(super) missing_cells: Level,
    rules: Vec<Level>,
    table_rules: Vec<Level>,
}

impl RowLevels {
    pub(super) fn of_table_rule(&self, rule: u16) -> Level {
        self.table_rules[usize::from(rule)]
    }

    pub(super) fn of_rule(&self, rule: u16) -> Level {
        self.rules[usize::from(rule)]
    }

    pub(super) fn new(contract: &Contract) -> Self {
        let level = |code| {
            let level = contract.levels.get(code, code);
            level.unwrap_or_else(|| default_level(code))
        };
        RowLevels {
            extra_cells: level(EXTRA_CELLS),
            missing_cells: level(MISSING_CELLS),
            rules: contract.rules.iter().map(|rule| rule.level).collect(),
            table_rules: contract.table_rules.iter().map(|rule| rule.level).collect(),
        }
    }
}

/// The levels of the faults of one field, found once.
#[derive(Debug)]
pub(super) struct FieldLevels {
    misfits: [Level; Misfit::ALL.len()],
    formula_error: Level,
    pub(super) required: Level,
    rules: Vec<Level>,
}

impl FieldLevels {
    pub(super) fn new(contract: &Contract, field: &Field, rules: &[Box<dyn Rule>]) -> Self {
        let level = |key: &str, code: &str| {
            let own = field.levels.get(key, code);
            let level = own.or_else(|| contract.levels.get(key, code));
            level.unwrap_or(Level::Error)
        };
        let of_rule = |rule: &dyn Rule| {
            let text = rule.text();
            level(text.split(':').next().unwrap_or_default(), rule.code())
        };
        FieldLevels {
            misfits: Misfit::ALL
                .map(|misfit| level("type", misfit_code(misfit, &field.field_type))),
            formula_error: level("type", "cell/formula-error"),
            required: level(rules::REQUIRED.key, rules::REQUIRED.code),
            rules: rules.iter().map(|rule| of_rule(&**rule)).collect(),
        }
    }

    /// The level of a fault of this field alone. Text that is not in the file and a key without a value are always errors.
    pub(super) fn of(&self, what: What) -> Level {
        match what {
            What::Misfit(misfit) => self.misfits[misfit as usize],
            What::FormulaError => self.formula_error,
            What::Required => self.required,
            What::Rule(number) => self.rules[usize::from(number)],
            What::BadString | What::KeyNull => Level::Error,
            What::Trimmed | What::Mapped | What::Defaulted => Level::Info,
            // About a row: these are not asked here.
            What::ExtraCells(_)
            | What::MissingCells(_)
            | What::RowRule(_)
            | What::Dependency { .. }
            | What::KeyTaken { .. }
            | What::NotFound { .. } => Level::Error,
        }
    }
}
