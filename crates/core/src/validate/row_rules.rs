//! The rules of a contract about whole rows.

use arrow_array::ArrayRef;
use arrow_buffer::BooleanBuffer;

use super::fault::{Fault, What};
use crate::{contract::RowRule, parallel};

/// The rows of a window that break a rule; `usable` are those that are not blank.
pub(super) fn broken(
    rules: &[RowRule],
    arrays: &[ArrayRef],
    usable: Option<&BooleanBuffer>,
    rows: usize,
) -> Vec<Fault> {
    let shared_out = rows * rules.len() >= parallel::WORTH_IT;
    let ask = |number: usize, rule: &RowRule| {
        let mut broken = rule.assert.ask(arrays, rows).no;
        if let Some(when) = &rule.when {
            broken = &broken & &when.ask(arrays, rows).yes;
        }
        if let Some(usable) = usable {
            broken = &broken & usable;
        }
        let fault = |row: usize| Fault {
            row: row as u32,
            field: 0,
            what: What::RowRule(number as u16),
        };
        broken.set_indices().map(fault).collect::<Vec<_>>()
    };
    parallel::map(shared_out, rules, ask).concat()
}
