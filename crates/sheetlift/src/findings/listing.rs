//! Where the findings of a job go as they are made.

use std::sync::Arc;

use sheetlift_core::{Finding, Level};

use super::{Groups, Spill};
use crate::{error::Result, job::Job, report::Report};

/// Groups that a report lists.
const MAX_GROUPS: usize = 1_000;

/// Takes findings: the first ones are listed, all are grouped, written and kept as far as the job wants that. What is of level
/// `info` gets the room that is left.
pub(crate) struct Listing {
    job: Job,
    max: usize,
    /// Each with its place among all that came.
    listed: Vec<(u64, Finding)>,
    infos: Vec<(u64, Finding)>,
    seen: u64,
    groups: Groups,
    spill: Option<Spill>,
}

impl Listing {
    pub(crate) fn new(job: &Job) -> Result<Listing> {
        let max = usize::try_from(job.limits.max_findings).unwrap_or(usize::MAX);
        Ok(Listing {
            job: job.clone(),
            max: job.max_findings.min(max),
            listed: Vec::new(),
            infos: Vec::new(),
            seen: 0,
            groups: Groups::default(),
            spill: job.keeps_all_findings.then(Spill::new).transpose()?,
        })
    }

    pub(crate) fn add(&mut self, findings: &[Finding]) -> Result<()> {
        let before = self.seen;
        for finding in findings {
            let list = match finding.level {
                Level::Info => &mut self.infos,
                Level::Warning | Level::Error => &mut self.listed,
            };
            if list.len() < self.max {
                list.push((self.seen, finding.clone()));
            }
            self.seen += 1;
        }
        findings.iter().for_each(|finding| self.groups.add(finding));
        if let Some(spill) = &mut self.spill {
            spill.add(findings)?;
        }
        self.job.write_findings(before, findings)
    }

    /// Puts them into the report.
    pub(crate) fn finish(self, report: &mut Report) -> Result<()> {
        let (mut listed, infos) = (self.listed, self.infos);
        let room = self.max - listed.len();
        listed.extend(infos.into_iter().take(room));
        listed.sort_unstable_by_key(|(place, _)| *place);
        report.findings = listed.into_iter().map(|(_, finding)| finding).collect();
        report.groups = self.groups.finish(MAX_GROUPS);
        if let Some(spill) = self.spill {
            report.spilled = Some(Arc::new(spill.finish()?));
        }
        Ok(())
    }
}
