//! Findings as a table: Parquet, Arrow, CSV, or one JSON object a line.

use std::{io, sync::Arc};

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, UInt32Array,
    builder::{StringBuilder, UInt32Builder},
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use sheetlift_core::{Finding, looks_like_a_formula};

use super::{Report, write_finding};
use crate::{
    convert::{Format, write_all},
    error::{Error, Result},
};

/// Findings of a batch.
const BATCH: usize = 8_192;

impl Report {
    /// Writes every finding ([`Report::all_findings`]) as a table, in the memory of some thousand of them.
    ///
    /// In CSV a text that a spreadsheet program would take for a formula (`=`, `+`, `-`, `@` or a tab first, and no number) has an
    /// apostrophe before it.
    ///
    /// # Errors
    /// `Io` when `out` fails, or the findings that were kept cannot be read.
    pub fn write_findings(&self, format: Format, out: impl io::Write + Send) -> Result<()> {
        let failed = |error| Error::io(error, "cannot write the findings");
        if format == Format::NdJson {
            let mut out = io::BufWriter::new(out);
            for finding in self.all_findings()? {
                write_finding(&mut out, &finding?).map_err(failed)?;
            }
            return io::Write::flush(&mut out).map_err(failed);
        }
        let mut findings = self.all_findings()?;
        let written = write_all(format, &schema(), out, |send| {
            loop {
                let batch: Vec<Finding> = findings.by_ref().take(BATCH).collect::<Result<_>>()?;
                if batch.is_empty() || send.send(table(&batch, format)?).is_err() {
                    return Ok(());
                }
            }
        });
        written.map(drop)
    }
}

const TEXTS: [&str; 13] = [
    "level",
    "code",
    "rule",
    "sheet",
    "cell",
    "address",
    "column",
    "field",
    "row_key",
    "value",
    "expected",
    "message",
    "suggestion",
];

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields: Vec<Field> = TEXTS.map(text).to_vec();
    fields.insert(6, Field::new("row", DataType::UInt32, true));
    fields.push(Field::new("score", DataType::Float64, true));
    Arc::new(Schema::new(fields))
}

fn table(findings: &[Finding], format: Format) -> Result<RecordBatch> {
    let text = |get: fn(&Finding) -> Option<String>| -> ArrayRef {
        let mut texts = StringBuilder::new();
        for finding in findings {
            texts.append_option(get(finding).map(|text| match format {
                Format::Csv => neutral(text),
                _ => text,
            }));
        }
        Arc::new(texts.finish())
    };
    let mut rows = UInt32Builder::with_capacity(findings.len());
    findings
        .iter()
        .for_each(|finding| rows.append_option(finding.row));
    let rows: UInt32Array = rows.finish();
    let scores: Float64Array = findings.iter().map(|finding| finding.score).collect();
    let columns: Vec<ArrayRef> = vec![
        text(|finding| Some(finding.level.name().to_owned())),
        text(|finding| Some(finding.code.to_string())),
        text(|finding| Some(finding.rule.clone())),
        text(|finding| Some(finding.sheet.to_string())),
        text(Finding::cell),
        text(|finding| Some(finding.address())),
        Arc::new(rows),
        text(|finding| finding.column.as_deref().map(str::to_owned)),
        text(|finding| finding.field.as_deref().map(str::to_owned)),
        text(|finding| finding.row_key.clone()),
        text(|finding| finding.value.clone()),
        text(|finding| Some(finding.expected.clone())),
        text(|finding| Some(finding.message.clone())),
        text(|finding| finding.suggestion.clone()),
        Arc::new(scores),
    ];
    RecordBatch::try_new(schema(), columns)
        .map_err(|error| Error::bug(format!("table of findings: {error}")))
}

/// A text that no spreadsheet program takes for a formula.
fn neutral(text: String) -> String {
    match looks_like_a_formula(&text) {
        true => format!("'{text}"),
        false => text,
    }
}
