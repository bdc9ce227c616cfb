//! Rules about the table as a whole: kept up window by window, answered at its end; a dependency is broken by rows.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef,
    cast::AsArray,
    types::{Float64Type, Int64Type},
};
use arrow_buffer::BooleanBuffer;

use super::{
    fault::{Fault, What},
    keys::{Id, KeySet, NO_VALUE},
    report::Summary,
};
use crate::{
    contract::{Contract, TableQuestion, TableRule, Thresholds, Total},
    finding::{Finding, Level},
};

/// The rules, and what is known of the table so far.
#[derive(Debug, Default)]
pub(super) struct TableCheck {
    rules: Vec<TableRule>,
    state: Vec<State>,
    thresholds: Thresholds,
    /// Names of the fields of totals, by rule.
    fields: Vec<Option<Arc<str>>>,
}

#[derive(Debug)]
enum State {
    Nothing,
    Sum(Sum, Option<f64>),
    Dependency(Box<Dependency>),
}

/// A sum, exact for whole numbers; of others the rounding errors are summed up too (Neumaier).
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    whole: i128,
    float: f64,
    lost: f64,
}

/// What followed from each value so far.
#[derive(Debug)]
struct Dependency {
    from: KeySet,
    to: KeySet,
    /// What the value with this number led to, and in which row first.
    led_to: Vec<(Id, u32)>,
}

impl TableCheck {
    pub(super) fn new(contract: &Contract) -> TableCheck {
        let keys = |fields: &[usize]| {
            let types = fields
                .iter()
                .map(|&field| contract.fields[field].field_type.data_type());
            KeySet::new(&types.collect::<Vec<_>>())
        };
        let state = contract.table_rules.iter().map(|rule| match &rule.asks {
            TableQuestion::Total { equals, .. } => State::Sum(
                Sum::default(),
                match equals {
                    Total::Number(number) => Some(*number),
                    Total::Cell(..) => None,
                },
            ),
            TableQuestion::Dependency { from, to } => State::Dependency(Box::new(Dependency {
                from: keys(from),
                to: keys(to),
                led_to: Vec::new(),
            })),
            _ => State::Nothing,
        });
        let field = |rule: &TableRule| match rule.asks {
            TableQuestion::Total { field, .. } => Some(Arc::clone(&contract.fields[field].name)),
            _ => None,
        };
        TableCheck {
            state: state.collect(),
            thresholds: contract.thresholds,
            fields: contract.table_rules.iter().map(field).collect(),
            rules: contract.table_rules.clone(),
        }
    }

    pub(super) fn rule(&self, number: u16) -> &TableRule {
        &self.rules[usize::from(number)]
    }

    /// Says what the cell of a control total holds.
    pub(super) fn set_total(&mut self, rule: usize, number: Option<f64>) {
        if let Some(State::Sum(_, expected)) = self.state.get_mut(rule) {
            *expected = number;
        }
    }

    /// Takes in a window; returns the rows that break a dependency.
    pub(super) fn take_in(
        &mut self,
        arrays: &[ArrayRef],
        usable: Option<&BooleanBuffer>,
        sheet_rows: &[u32],
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (number, (rule, state)) in self.rules.iter().zip(&mut self.state).enumerate() {
            match (&rule.asks, state) {
                (TableQuestion::Total { field, .. }, State::Sum(sum, _)) => {
                    sum.add(&arrays[*field])
                }
                (TableQuestion::Dependency { from, to }, State::Dependency(known)) => {
                    let columns = |fields: &[usize]| -> Vec<ArrayRef> {
                        fields
                            .iter()
                            .map(|&field| Arc::clone(&arrays[field]))
                            .collect()
                    };
                    known.take_in(
                        &columns(from),
                        &columns(to),
                        usable,
                        sheet_rows,
                        |row, first| {
                            faults.push(Fault {
                                row: row as u32,
                                field: from[0] as u16,
                                what: What::Dependency {
                                    rule: number as u16,
                                    first,
                                },
                            });
                        },
                    );
                }
                _ => {}
            }
        }
        faults
    }

    /// What there is to say at the end.
    pub(super) fn finish(&self, summary: &Summary, sheet: &Arc<str>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let finding = |level, code: &'static str, rule: String| Finding {
            rule,
            ..Finding::about(level, code, Arc::clone(sheet))
        };
        for ((rule, state), field) in self.rules.iter().zip(&self.state).zip(&self.fields) {
            match (&rule.asks, state) {
                (TableQuestion::RowCount { minimum, maximum }, _) => {
                    let rows = summary.rows_read;
                    let expected = match (minimum, maximum) {
                        (Some(low), Some(high)) => format!("{low} to {high} rows"),
                        (Some(low), None) => format!("at least {low} rows"),
                        (None, high) => format!("at most {} rows", high.unwrap_or(u64::MAX)),
                    };
                    let holds = minimum.is_none_or(|low| rows >= low)
                        && maximum.is_none_or(|high| rows <= high);
                    if !holds {
                        findings.push(Finding {
                            value: Some(rows.to_string()),
                            message: format!(
                                "the table has {rows} rows, but has to have {expected}"
                            ),
                            expected,
                            ..finding(
                                rule.level,
                                "table/row-count",
                                format!("{}: rowCount", rule.id),
                            )
                        });
                    }
                }
                (
                    TableQuestion::Total {
                        equals, tolerance, ..
                    },
                    State::Sum(sum, expected),
                ) => {
                    let name = field.as_deref().unwrap_or_default();
                    let rule_text = format!("{}: total of {name}", rule.id);
                    let message = match (expected, equals) {
                        (Some(expected), _) if (sum.value() - expected).abs() <= *tolerance => {
                            continue;
                        }
                        (Some(expected), _) => {
                            format!(
                                "the values of {name} come to {sum}, but have to come to {expected}"
                            )
                        }
                        (None, Total::Cell(row, column)) => format!(
                            "the values of {name} come to {sum}, and {} holds no number to compare with",
                            crate::a1::cell_name(*row, *column)
                        ),
                        (None, Total::Number(_)) => continue, // a number is always there
                    };
                    findings.push(Finding {
                        field: field.clone(),
                        value: Some(sum.to_string()),
                        expected: expected
                            .map(|number| number.to_string())
                            .unwrap_or_default(),
                        message,
                        ..finding(rule.level, "table/total-mismatch", rule_text)
                    });
                }
                _ => {}
            }
        }
        findings.extend(self.passed_threshold(
            summary,
            finding(Level::Error, "table/threshold", "thresholds".to_owned()),
        ));
        findings
    }

    fn passed_threshold(&self, summary: &Summary, finding: Finding) -> Option<Finding> {
        let (rejected, rows) = (summary.rows_rejected, summary.rows_read);
        let share = rejected as f64 / rows.max(1) as f64;
        let expected = match (self.thresholds.rejected, self.thresholds.ratio) {
            (Some(most), _) if rejected > most => format!("at most {most} rejected rows"),
            (_, Some(most)) if share > most => {
                format!("at most {} % of the rows rejected", most * 100.0)
            }
            _ => return None,
        };
        Some(Finding {
            value: Some(rejected.to_string()),
            message: format!(
                "{rejected} of {rows} rows were rejected, but the contract wants {expected}: nothing is loaded"
            ),
            expected,
            ..finding
        })
    }
}

impl Sum {
    fn add(&mut self, array: &ArrayRef) {
        if let Some(ints) = array.as_primitive_opt::<Int64Type>() {
            self.whole += ints.iter().flatten().map(i128::from).sum::<i128>();
        } else if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
            for value in floats.iter().flatten() {
                let sum = self.float + value;
                self.lost += match self.float.abs() >= value.abs() {
                    true => (self.float - sum) + value,
                    false => (value - sum) + self.float,
                };
                self.float = sum;
            }
        }
    }

    fn value(self) -> f64 {
        self.whole as f64 + self.float + self.lost
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.float + self.lost == 0.0 {
            true => self.whole.fmt(f),
            false => self.value().fmt(f),
        }
    }
}

impl Dependency {
    fn take_in(
        &mut self,
        from: &[ArrayRef],
        to: &[ArrayRef],
        usable: Option<&BooleanBuffer>,
        sheet_rows: &[u32],
        mut broken: impl FnMut(usize, u32),
    ) {
        // A row that lacks a value on either side says nothing.
        let mut usable = usable.cloned();
        for nulls in from.iter().chain(to).filter_map(|array| array.nulls()) {
            usable =
                Some(usable.map_or_else(|| nulls.inner().clone(), |known| &known & nulls.inner()));
        }
        let from = self
            .from
            .number(&from.iter().collect::<Vec<_>>(), usable.as_ref());
        let to = self
            .to
            .number(&to.iter().collect::<Vec<_>>(), usable.as_ref());
        for (row, (from, to)) in from.into_iter().zip(to).enumerate() {
            if from == NO_VALUE {
                continue;
            }
            match self.led_to.get(from as usize) {
                None => self.led_to.push((to, sheet_rows[row])),
                Some((known, first)) if *known != to => broken(row, *first),
                Some(_) => {}
            }
        }
    }
}
