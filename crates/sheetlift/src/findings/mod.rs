//! All findings of a job, however many there are: the first ones in memory, all of them in a file without a name where they
//! are asked for, and groups of those that one correction repairs.

mod groups;
mod listing;
mod spill;

use std::{borrow::Cow, sync::Arc};

use sheetlift_core::{Finding, Level};

pub use groups::FindingGroup;
pub(crate) use groups::Groups;
pub(crate) use listing::Listing;
pub(crate) use spill::{Spill, SpillReader, Spilled};

use crate::error::Result;

/// What findings of one kind have in common: there are few kinds, and many findings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    level: Level,
    code: Cow<'static, str>,
    rule: String,
    sheet: Arc<str>,
    column_index: Option<u32>,
    column: Option<Arc<str>>,
    field: Option<Arc<str>>,
    expected: String,
}

impl Kind {
    fn of(finding: &Finding) -> Kind {
        Kind {
            level: finding.level,
            code: finding.code.clone(),
            rule: finding.rule.clone(),
            sheet: Arc::clone(&finding.sheet),
            column_index: finding.column_index,
            column: finding.column.clone(),
            field: finding.field.clone(),
            expected: finding.expected.clone(),
        }
    }

    fn is_of(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.column_index == finding.column_index
            && self.rule == finding.rule
            && self.field == finding.field
            && self.expected == finding.expected
            && self.level == finding.level
            && self.sheet == finding.sheet
            && self.column == finding.column
    }
}

/// The kinds that were met.
#[derive(Debug, Default)]
pub(crate) struct Kinds(Vec<Kind>);

/// More kinds than this are looked up one by one no more: a contract of a thousand fields has a few thousand.
const MAX_KINDS: usize = 1 << 16;

impl Kinds {
    /// The number of the kind of a finding.
    fn number(&mut self, finding: &Finding) -> usize {
        // Findings come by row, and the faults of neighbours are alike: the last kinds are met again.
        let known = self.0.iter().rposition(|kind| kind.is_of(finding));
        known.unwrap_or_else(|| {
            if self.0.len() < MAX_KINDS {
                self.0.push(Kind::of(finding));
            }
            self.0.len() - 1
        })
    }
}

/// Every finding of a report, in order; see [`Report::all_findings`](crate::Report::all_findings).
pub struct AllFindings<'a>(pub(crate) Source<'a>);

pub(crate) enum Source<'a> {
    Listed(std::slice::Iter<'a, Finding>),
    Spilled(Box<SpillReader>),
}

impl Iterator for AllFindings<'_> {
    type Item = Result<Finding>;

    fn next(&mut self) -> Option<Result<Finding>> {
        match &mut self.0 {
            Source::Listed(findings) => findings.next().cloned().map(Ok),
            Source::Spilled(reader) => reader.next(),
        }
    }
}
