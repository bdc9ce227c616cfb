//! Which column is which field: by exact name, then by alias, then with letter case, separators and what else the contract
//! ignores aside, then by likeness where the contract allows that; one to one. Where two answers are possible none is taken: that is a finding, for a person to decide.

use std::{borrow::Cow, sync::Arc};

use super::report::FoundBy;
use crate::{
    contract::{Contract, Field, FieldsMatch},
    finding::{Finding, Level},
    header::{Header, REASON_LABEL},
    matching::{Ignored, MAX_COLUMNS, MAX_FIELDS, loose, match_all},
    suggest,
};

/// The columns of the fields.
#[derive(Debug)]
pub(super) struct HeaderMap {
    /// For each field, the place of its column in the header.
    pub(super) places: Vec<Option<usize>>,
    /// How each was found, and how alike label and name are where that was asked.
    pub(super) methods: Vec<Option<(FoundBy, Option<f64>)>>,
    /// What there is to say.
    pub(super) findings: Vec<Finding>,
}

impl HeaderMap {
    pub(super) fn new(contract: &Contract, header: &Header) -> HeaderMap {
        let mut matcher = Matcher {
            contract,
            header,
            map: HeaderMap {
                places: vec![None; contract.fields.len()],
                methods: vec![None; contract.fields.len()],
                findings: Vec::new(),
            },
            column_taken: vec![false; header.columns.len()],
            field_settled: vec![false; contract.fields.len()],
        };
        if header.row.is_some() {
            let ignored = contract.matching.ignored;
            matcher.assign(FoundBy::Exact, |field, label| &*field.name == label);
            matcher.assign(FoundBy::Alias, |field, label| {
                field.aliases.iter().any(|alias| alias == label)
            });
            matcher.assign(FoundBy::Loose, |field, label| {
                matches_loosely(field, label, ignored)
            });
            matcher.assign_alike();
            matcher.report_unlike_order();
        } else {
            matcher.assign_in_order();
        }
        matcher.report_missing();
        matcher.report_extra();
        matcher.map
    }
}

/// How many fields this header has a column for; one that is found by likeness alone counts as much as it is alike.
pub(crate) fn fields_found(contract: &Contract, header: &Header) -> f64 {
    let map = HeaderMap::new(contract, header);
    let found = map.methods.iter().flatten();
    let found = found.map(|(method, score)| match method {
        FoundBy::Loose => 0.95,
        FoundBy::Fuzzy => 0.9 * score.unwrap_or(1.0),
        _ => 1.0,
    });
    // A field that two columns could be is found all the same: that is a question about this header.
    let asks = ["header/duplicate", "header/ambiguous-match"];
    let asked = map
        .findings
        .iter()
        .filter(|finding| asks.contains(&&*finding.code));
    found.sum::<f64>() + 0.9 * asked.count() as f64
}

/// Letter case, surrounding white space, what separates words and what is ignored make no difference.
fn matches_loosely(field: &Field, label: &str, ignored: Ignored) -> bool {
    let label = loose(label, ignored);
    let mut names = field.aliases.iter().map(String::as_str);
    loose(&field.name, ignored) == label || names.any(|alias| loose(alias, ignored) == label)
}

struct Matcher<'a> {
    contract: &'a Contract,
    header: &'a Header,
    map: HeaderMap,
    column_taken: Vec<bool>,
    /// Has its column, or a finding that says why not.
    field_settled: Vec<bool>,
}

impl Matcher<'_> {
    fn label(&self, column: usize) -> &str {
        self.header.columns[column]
            .label
            .as_deref()
            .unwrap_or_default()
    }

    fn free_columns(&self) -> impl Iterator<Item = usize> + '_ {
        let labelled = |&column: &usize| {
            let label = self.header.columns[column].label.as_deref();
            label.is_some_and(|label| label != REASON_LABEL)
        };
        (0..self.header.columns.len())
            .filter(|&column| !self.column_taken[column])
            .filter(labelled)
    }

    /// One stage: every field that is still open takes the one column that matches, if no other field matches it too.
    fn assign(&mut self, method: FoundBy, matches: impl Fn(&Field, &str) -> bool) {
        let open: Vec<usize> = (0..self.contract.fields.len())
            .filter(|&field| !self.field_settled[field])
            .collect();
        let pairs: Vec<(usize, usize)> = open
            .iter()
            .flat_map(|&field| self.free_columns().map(move |column| (field, column)))
            .filter(|&(field, column)| matches(&self.contract.fields[field], self.label(column)))
            .collect();
        for field in open {
            let columns: Vec<usize> = pairs
                .iter()
                .filter(|pair| pair.0 == field)
                .map(|pair| pair.1)
                .collect();
            let rivals: Vec<usize> = pairs
                .iter()
                .filter(|pair| pair.0 != field && columns.contains(&pair.1))
                .map(|pair| pair.0)
                .collect();
            match (&columns[..], &rivals[..]) {
                ([], _) => continue,
                ([column], []) => self.take(field, *column, method, None),
                ([column], rivals) => self.report_rivals(field, *column, rivals),
                (columns, _) => self.report_several(field, columns),
            }
            self.field_settled[field] = true;
        }
        for (_, column) in pairs {
            self.column_taken[column] = true;
        }
    }

    /// The last stage, where the contract has it: what is much like a name. Where something else fits nearly as well nothing is
    /// taken.
    fn assign_alike(&mut self) {
        let Some(fuzzy) = self.contract.matching.fuzzy else {
            return;
        };
        let fields: Vec<usize> = (0..self.contract.fields.len())
            .filter(|&field| !self.field_settled[field])
            .collect();
        let columns: Vec<usize> = self.free_columns().collect();
        if fields.len() > MAX_FIELDS || columns.len() > MAX_COLUMNS {
            let message = format!(
                "labels are compared with names where at most {MAX_FIELDS} fields and {MAX_COLUMNS} columns are left"
            );
            let finding = self.finding(Level::Warning, "header/ambiguous-match", None, None);
            self.map.findings.push(Finding { message, ..finding });
            return;
        }
        let names: Vec<Vec<&str>> = fields
            .iter()
            .map(|&field| {
                let field = &self.contract.fields[field];
                let aliases = field.aliases.iter().map(String::as_str);
                aliases.chain([&*field.name]).collect()
            })
            .collect();
        let labels: Vec<&str> = columns.iter().map(|&column| self.label(column)).collect();
        let found = match_all(&names, &labels, fuzzy.min_margin);
        for found in found {
            if found.score < fuzzy.min_score {
                continue;
            }
            let (field, column) = (fields[found.field], columns[found.column]);
            if found.margin >= fuzzy.min_margin {
                let score = (found.score * 100.0).round() / 100.0;
                self.take(field, column, FoundBy::Fuzzy, Some(score));
            } else if found.rival_columns.is_empty() && found.rival_fields.is_empty() {
                let (name, label) = (&self.contract.fields[field].name, self.label(column));
                let message = format!(
                    "column {label:?} could be {name:?}, but all labels together fit nearly as well in another way; call it {name:?}"
                );
                let code = "header/ambiguous-match";
                let finding = self.finding(Level::Error, code, Some(field), Some(column));
                self.map.findings.push(Finding { message, ..finding });
            } else if found.rival_columns.is_empty() {
                let rivals = found.rival_fields.iter().map(|&rival| fields[rival]);
                self.report_rivals(field, column, &rivals.collect::<Vec<_>>());
            } else {
                let rivals = found.rival_columns.iter().map(|&rival| columns[rival]);
                let mut all: Vec<usize> = rivals.chain([column]).collect();
                all.sort_unstable();
                self.report_several(field, &all);
            }
            self.column_taken[column] = true;
            self.field_settled[field] = true;
        }
    }

    fn assign_in_order(&mut self) {
        for field in 0..self.contract.fields.len().min(self.header.columns.len()) {
            self.map.places[field] = Some(field);
            self.map.methods[field] = Some((FoundBy::Order, None));
            self.field_settled[field] = true;
            self.column_taken[field] = true;
        }
    }

    fn take(&mut self, field: usize, column: usize, method: FoundBy, score: Option<f64>) {
        self.map.places[field] = Some(column);
        self.map.methods[field] = Some((method, score));
        if matches!(method, FoundBy::Loose | FoundBy::Fuzzy) {
            let (name, label) = (&self.contract.fields[field].name, self.label(column));
            let why = match score {
                Some(score) => format!("they are alike (score {score})"),
                None if self.contract.matching.ignored == Ignored::default() => {
                    "they differ in letter case or separators only".to_owned()
                }
                None => "they differ in what the contract ignores only".to_owned(),
            };
            let message = format!("column {label:?} is taken for {name:?}: {why}");
            let finding = self.finding(
                Level::Info,
                "info/header-fuzzy-matched",
                Some(field),
                Some(column),
            );
            self.map.findings.push(Finding { message, ..finding });
        }
    }

    fn report_several(&mut self, field: usize, columns: &[usize]) {
        let name = &self.contract.fields[field].name;
        let same = columns
            .iter()
            .all(|&column| self.label(column) == self.label(columns[0]));
        let (code, message) = if same {
            let times = columns.len();
            (
                "header/duplicate",
                format!(
                    "{times} columns are called {:?}; keep one of them",
                    self.label(columns[0])
                ),
            )
        } else {
            let labels: Vec<String> = columns
                .iter()
                .map(|&column| format!("{:?}", self.label(column)))
                .collect();
            let labels = labels.join(" and ");
            (
                "header/ambiguous-match",
                format!("{labels} could all be {name:?}; call one of them {name:?}"),
            )
        };
        let finding = self.finding(
            Level::Error,
            code,
            Some(field),
            Some(columns[columns.len() - 1]),
        );
        self.map.findings.push(Finding { message, ..finding });
    }

    fn report_rivals(&mut self, field: usize, column: usize, rivals: &[usize]) {
        let label = self.label(column);
        let rivals: Vec<&str> = rivals
            .iter()
            .map(|&rival| &*self.contract.fields[rival].name)
            .collect();
        let name = &self.contract.fields[field].name;
        let message = format!(
            "column {label:?} could be {name:?} as well as {:?}; call it what it is",
            rivals.join(", ")
        );
        let finding = self.finding(
            Level::Error,
            "header/ambiguous-match",
            Some(field),
            Some(column),
        );
        self.map.findings.push(Finding { message, ..finding });
    }

    fn report_unlike_order(&mut self) {
        let found: Vec<usize> = self.map.places.iter().copied().flatten().collect();
        if self.contract.fields_match != FieldsMatch::Exact || found.is_sorted() {
            return;
        }
        let order: Vec<&str> = self
            .contract
            .fields
            .iter()
            .map(|field| &*field.name)
            .collect();
        let finding = self.finding(Level::Error, "header/order", None, None);
        let expected = order.join(", ");
        let message = format!("the columns stand in another order than the contract's: {expected}");
        self.map.findings.push(Finding {
            message,
            expected,
            ..finding
        });
    }

    fn report_missing(&mut self) {
        let matching = self.contract.fields_match;
        let none = self.map.places.iter().all(Option::is_none);
        for field in (0..self.contract.fields.len()).filter(|&field| !self.field_settled[field]) {
            let is_error = matching.needs_every_field() || self.contract.is_required(field) || none;
            let level = if is_error { Level::Error } else { Level::Info };
            let name = Arc::clone(&self.contract.fields[field].name);
            let near =
                suggest::nearest(&name, self.free_columns().map(|column| self.label(column)));
            let suggestion =
                near.map(|label| format!("rename {label:?} to {name:?}, or make it an alias"));
            let message = match level {
                Level::Error => format!("no column is called {name:?}"),
                _ => format!("no column is called {name:?}; the field stays empty"),
            };
            let finding = self.finding(level, "header/missing-field", Some(field), None);
            let expected = format!("a column {name:?}");
            self.map.findings.push(Finding {
                message,
                expected,
                suggestion,
                ..finding
            });
        }
    }

    fn report_extra(&mut self) {
        let is_error = self.contract.fields_match.needs_every_column();
        let level = if is_error { Level::Error } else { Level::Info };
        let extra: Vec<usize> = match self.header.row {
            Some(_) => self.free_columns().collect(),
            None => (self.contract.fields.len()..self.header.columns.len()).collect(),
        };
        for column in extra {
            let label = &self.header.columns[column].name;
            let message = match level {
                Level::Error => format!("the contract knows no column {label:?}"),
                _ => format!("column {label:?} is not in the contract and is not loaded"),
            };
            let suggestion = is_error.then(|| {
                "delete the column, or set fieldsMatch: subset in the contract".to_owned()
            });
            let finding = self.finding(level, "header/extra-field", None, Some(column));
            self.map.findings.push(Finding {
                message,
                suggestion,
                ..finding
            });
        }
    }

    fn finding(
        &self,
        level: Level,
        code: &'static str,
        field: Option<usize>,
        column: Option<usize>,
    ) -> Finding {
        let column = column.map(|column| &self.header.columns[column]);
        Finding {
            level,
            code: Cow::Borrowed(code),
            rule: format!("fieldsMatch: {}", self.contract.fields_match.name()),
            sheet: Arc::clone(&self.header.sheet),
            row: self.header.row.map(|row| row + 1),
            column_index: column.map(|column| column.index),
            column: column.map(|column| Arc::clone(&column.name)),
            field: field.map(|field| Arc::clone(&self.contract.fields[field].name)),
            row_key: None,
            value: column
                .and_then(|column| column.label.as_deref())
                .map(str::to_owned),
            expected: String::new(),
            message: String::new(),
            suggestion: None,
            score: None,
        }
    }
}
