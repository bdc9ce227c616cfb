//! All findings of a job, however many there are: the first ones in memory, all of them in a file without a name where they
//! are asked for, and groups of those that one correction repairs.

mod groups;
mod listing;
mod spill;

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

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

/// The kinds that were met: as many as there are columns with faults, and rules that are broken.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    all: Vec<Kind>,
    /// By the hash of what tells them apart; the few with the same one are looked at.
    places: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

impl Kinds {
    /// The number of the kind of a finding.
    fn number(&mut self, finding: &Finding) -> usize {
        let parts = (
            &finding.code,
            &finding.rule,
            finding.column_index,
            &finding.field,
        );
        let places = self.places.entry(self.hasher.hash_one(parts)).or_default();
        let known = places.iter().find(|&&at| self.all[at].is_of(finding));
        if let Some(&at) = known {
            return at;
        }
        places.push(self.all.len());
        self.all.push(Kind::of(finding));
        self.all.len() - 1
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
