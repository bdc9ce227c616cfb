//! Where the findings of a job go as they are made.

use std::sync::Arc;

use sheetlift_core::Finding;

use super::{Groups, Spill};
use crate::{error::Result, job::Job, report::Report};

/// Takes findings: the first ones are listed, all are grouped, written and kept as far as the job wants that.
pub(crate) struct Listing {
    job: Job,
    max: usize,
    listed: Vec<Finding>,
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
            groups: Groups::default(),
            spill: job.keeps_all_findings.then(Spill::new).transpose()?,
        })
    }

    pub(crate) fn add(&mut self, findings: &[Finding]) -> Result<()> {
        let room = self.max.saturating_sub(self.listed.len());
        self.listed.extend(findings.iter().take(room).cloned());
        findings.iter().for_each(|finding| self.groups.add(finding));
        if let Some(spill) = &mut self.spill {
            spill.add(findings)?;
        }
        self.job.write_findings(findings)
    }

    /// Puts them into the report.
    pub(crate) fn finish(self, report: &mut Report) -> Result<()> {
        report.findings = self.listed;
        report.take_groups(self.groups.finish());
        if let Some(spill) = self.spill {
            report.spilled = Some(Arc::new(spill.finish()?));
        }
        Ok(())
    }
}
