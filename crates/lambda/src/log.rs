//! One line of JSON for each record, for CloudWatch Logs Insights.

use serde_json::{Value, json};
use sheetlift::Problem;
use sheetlift_aws::{Failure, Verdict};

/// What the line is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) message_id: Option<&'a str>,
    pub(crate) object: Option<&'a str>,
}

/// Logs how a record ended, and gives the line.
pub(crate) fn record(subject: Subject<'_>, ended: &Result<Verdict, Failure>) -> Value {
    let (level, mut line) = match ended {
        Ok(verdict @ Verdict::Checked { .. }) => ("INFO", json!(verdict)),
        Ok(verdict) => ("WARN", json!(verdict)),
        Err(failure) => ("ERROR", json!({"outcome": "failed", "reason": failure.0})),
    };
    line["level"] = level.into();
    line["requestId"] = subject.request_id.into();
    line["messageId"] = subject.message_id.into();
    line["object"] = subject.object.into();
    println!("{line}");
    line
}

/// Logs why a request was refused, with what its answer does not say.
pub(crate) fn refused(problem: &Problem) {
    let level = if problem.status >= 500 {
        "ERROR"
    } else {
        "WARN"
    };
    let (code, reason) = (problem.code, problem.log_detail());
    println!(
        "{}",
        json!({"outcome": "refused", "level": level, "code": code, "reason": reason})
    );
}
