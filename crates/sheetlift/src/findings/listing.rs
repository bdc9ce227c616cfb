//! Where the findings of a job go as they are made.

use std::sync::Arc;

use sheetlift_core::{Finding, Level};

use super::{Groups, Spill};
use crate::{error::Result, job::Job, report::Report};

/// Takes findings: the first ones are listed (of level `info` a quarter of them at most, so that there is room for faults), all are
/// grouped, written and kept as far as the job wants that.
pub(crate) struct Listing {
    job: Job,
    max: usize,
    listed: Vec<Finding>,
    infos: usize,
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
            infos: 0,
            groups: Groups::default(),
            spill: job.keeps_all_findings.then(Spill::new).transpose()?,
        })
    }

    pub(crate) fn add(&mut self, findings: &[Finding]) -> Result<()> {
        for finding in findings {
            if self.listed.len() >= self.max {
                break;
            }
            let is_info = finding.level == Level::Info;
            if !is_info || self.infos < self.max.div_ceil(4) {
                self.infos += usize::from(is_info);
                self.listed.push(finding.clone());
            }
        }
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
