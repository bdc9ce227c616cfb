//! A report as one page that needs nothing else: no network, no other file.

use std::io;

use serde_json::{Value, json};

use super::{Cited, Report};
use crate::error::{Error, Result};

/// Findings that the page has; the summary counts all.
const MAX_FINDINGS: usize = 20_000;

const PAGE: &str = include_str!("report.html");

impl Report {
    /// Writes the report as a page of HTML: numbers, charts, what to correct, and a table of the first 20,000 findings with filters.
    /// Nothing that stands in a cell is ever taken for markup, and the page may neither load nor send anything.
    ///
    /// # Errors
    /// `Io` when `out` fails, or the findings that were kept cannot be read.
    pub fn write_html(&self, mut out: impl io::Write) -> Result<()> {
        let findings: Vec<Value> = self
            .all_findings()?
            .take(MAX_FINDINGS)
            .map(|finding| Ok(serde_json::to_value(Cited::of(&finding?)).unwrap_or_default()))
            .collect::<Result<_>>()?;
        let mut report = self.to_json();
        if let Some(report) = report.as_object_mut() {
            report.remove("findings");
        }
        let data = json!({"report": report, "findings": findings}).to_string();
        // Within a script element only `<` can end it; `\u003c` is the same character to JSON.
        let data = data.replace('<', "\\u003c");
        // Nobody who wrote a cell can know the hash of all of them.
        let nonce = blake3::hash(data.as_bytes()).to_hex();
        let page = PAGE.replace("NONCE", nonce.as_str());
        let written = match page.split_once("DATA") {
            Some((before, after)) => [before, &data, after]
                .iter()
                .try_for_each(|part| out.write_all(part.as_bytes())),
            None => out.write_all(page.as_bytes()),
        };
        written.map_err(|error| Error::io(error, "cannot write the report"))
    }
}
