//! A report for programs that show test results (JUnit's XML, as CI systems read it): each field with each of its rules is a test.

use std::{collections::BTreeMap, fmt::Write as _, io};

use sheetlift_core::Level;

use super::Report;
use crate::{
    error::{Error, Result},
    findings::FindingGroup,
};

/// Groups that a failure names.
const NAMED: usize = 20;

impl Report {
    /// Writes the report as JUnit XML: one test case for each rule that was broken, in the class of its field or sheet, and one for the
    /// sheet as a whole. Warnings and remarks are no failures: they are told as output of the whole.
    ///
    /// # Errors
    /// `Io` when `out` fails.
    pub fn write_junit(&self, mut out: impl io::Write) -> Result<()> {
        let text = self.junit();
        out.write_all(text.as_bytes())
            .map_err(|error| Error::io(error, "cannot write the report"))
    }

    fn junit(&self) -> String {
        let suite = self
            .sheet
            .as_deref()
            .or(self.file.as_deref())
            .unwrap_or("workbook");
        let mut cases: BTreeMap<(String, &str), Vec<&FindingGroup>> = BTreeMap::new();
        let mut remarks = String::new();
        for group in &self.groups {
            if group.level == Level::Error {
                let class = group.field.as_deref().or(group.column.as_deref());
                let class = format!("{suite}.{}", class.unwrap_or("rows"));
                let rule = if group.rule.is_empty() {
                    &group.code
                } else {
                    &group.rule
                };
                cases.entry((class, rule)).or_default().push(group);
            } else {
                let _ = writeln!(remarks, "{}", line(group));
            }
        }
        let failures = cases.len() + usize::from(self.blocked);
        let seconds = self
            .timings
            .map_or(0.0, |timings| timings.total_ms as f64 / 1e3);
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            out,
            "<testsuites><testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" time=\"{seconds:.3}\">",
            escaped(suite),
            cases.len() + 1,
        );
        let name = self.contract.name.as_deref().unwrap_or("contract");
        let (name, class) = (escaped(name), escaped(suite));
        let _ = write!(
            out,
            "<testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\">"
        );
        if self.blocked {
            out.push_str("<failure message=\"the header does not fit the contract\"/>");
        }
        let rows = format!(
            "{} rows read, {} accepted, {} rejected\n{remarks}",
            self.rows.read, self.rows.accepted, self.rows.rejected
        );
        let _ = writeln!(
            out,
            "<system-out>{}</system-out></testcase>",
            escaped(&rows)
        );
        for ((class, rule), groups) in cases {
            let count: u64 = groups.iter().map(|group| group.count).sum();
            let mut lines: Vec<String> =
                groups.iter().take(NAMED).map(|group| line(group)).collect();
            if groups.len() > NAMED {
                lines.push(format!("and {} more values", groups.len() - NAMED));
            }
            let s = if count == 1 { "" } else { "s" };
            let _ = writeln!(
                out,
                "<testcase classname=\"{}\" name=\"{}\"><failure message=\"{count} finding{s}\" type=\"{}\">{}</failure></testcase>",
                escaped(&class),
                escaped(rule),
                escaped(&groups[0].code),
                escaped(&lines.join("\n")),
            );
        }
        out.push_str("</testsuite></testsuites>\n");
        out
    }
}

fn line(group: &FindingGroup) -> String {
    let more = group.count - group.first.len() as u64;
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}: {}", group.first.join(", "), group.message)
}

/// Text for XML 1.0, in which most control characters cannot be written at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
