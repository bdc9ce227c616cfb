//! A report for programs that show the results of checks (SARIF 2.1.0, as code hosts read it).

use std::{collections::BTreeMap, io};

use serde_json::{Value, json};
use sheetlift_core::{Finding, Level, rule_docs};

use super::Report;
use crate::error::{Error, Result};

/// Results that the file has: hosts take some thousand.
const MAX_RESULTS: usize = 5_000;

impl Report {
    /// Writes the report as SARIF: a result for each of the first 5,000 findings, with the cell as its place.
    ///
    /// # Errors
    /// `Io` when `out` fails, or the findings that were kept cannot be read.
    pub fn write_sarif(&self, mut out: impl io::Write) -> Result<()> {
        let findings: Vec<Finding> = self
            .all_findings()?
            .take(MAX_RESULTS)
            .collect::<Result<_>>()?;
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &findings {
            let next = rules.len();
            rules.entry(&finding.code).or_insert(next);
        }
        let mut described: Vec<Value> = vec![Value::Null; rules.len()];
        for (code, &at) in &rules {
            let doc = rule_docs().iter().find(|doc| doc.code == *code);
            described[at] = match doc {
                Some(doc) => {
                    json!({"id": code, "shortDescription": {"text": doc.what}, "help": {"text": doc.why}})
                }
                None => json!({"id": code}),
            };
        }
        let results: Vec<Value> = findings
            .iter()
            .map(|finding| self.result(finding, rules[&*finding.code]))
            .collect();
        let sarif = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "sheetlift",
                    "version": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": described,
                }},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        });
        let text = format!("{sarif:#}\n");
        out.write_all(text.as_bytes())
            .map_err(|error| Error::io(error, "cannot write the report"))
    }

    fn result(&self, finding: &Finding, rule: usize) -> Value {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "note",
        };
        let mut physical =
            json!({"artifactLocation": {"uri": uri(self.file.as_deref().unwrap_or("workbook"))}});
        if let Some(row) = finding.row.filter(|row| *row > 0) {
            let column = finding.column_index.map_or(1, |column| column + 1);
            physical["region"] = json!({"startLine": row, "startColumn": column});
        }
        let mut message = finding.message.clone();
        if let Some(suggestion) = &finding.suggestion {
            message = format!("{message} ({suggestion})");
        }
        json!({
            "ruleId": finding.code,
            "ruleIndex": rule,
            "level": level,
            "message": {"text": message},
            "locations": [{
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": finding.address(), "kind": "member"}],
            }],
        })
    }
}

/// A path as a relative reference: what cannot stand in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
