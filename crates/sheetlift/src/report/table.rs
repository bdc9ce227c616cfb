//! Findings as a table: Parquet, Arrow, CSV, or one JSON object a line.

use std::{io, sync::Arc};

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
    builder::StringBuilder,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use sheetlift_core::{Finding, looks_like_a_formula};

use super::{Report, write_finding};
use crate::{
    convert::{Format, write_all},
    error::{Error, Result},
    findings::FindingGroup,
};

/// Findings of a batch.
const BATCH: usize = 8_192;

impl Report {
    /// Writes every finding ([`Report::all_findings`]) as a table, in the memory of some thousand of them. The columns are
    ///
    /// | | |
    /// | --- | --- |
    /// | `import_id` | the import ([`LoadReport::import_id`](crate::LoadReport::import_id)); null where nothing was to be loaded |
    /// | `seq` | 1, 2, 3 and so on, in the order of the report |
    /// | `level`, `code`, `rule` | what is wrong, and how much it matters |
    /// | `sheet`, `cell`, `address`, `row`, `column` | where: the cell in A1 form, the address with the sheet, the row as the spreadsheet shows it (from 1), the label of the column |
    /// | `field`, `row_key` | the field of the contract, and the primary key of the row |
    /// | `value`, `expected`, `message` | what is there, what was expected, and both in a sentence |
    /// | `suggestion`, `score` | what may have been meant, and how likely that is (0 to 1) |
    /// | `group` | the findings that one correction repairs have the same ([`FindingGroup::id`](crate::FindingGroup::id)) |
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
            for (seq, finding) in (1..).zip(self.all_findings()?) {
                write_finding(&mut out, self.import_id(), seq, &finding?).map_err(failed)?;
            }
            return io::Write::flush(&mut out).map_err(failed);
        }
        let mut findings = self.all_findings()?;
        let import_id = self.import_id();
        let written = write_all(format, &schema(), out, |send| {
            let mut before = 0;
            loop {
                let batch: Vec<Finding> = findings.by_ref().take(BATCH).collect::<Result<_>>()?;
                let table = table(&batch, import_id, before, format)?;
                if batch.is_empty() || send.send(table).is_err() {
                    return Ok(());
                }
                before += batch.len() as u64;
            }
        });
        written.map(drop)
    }
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("import_id"),
        Field::new("seq", DataType::UInt64, false),
        text("level"),
        text("code"),
        text("rule"),
        text("sheet"),
        text("cell"),
        text("address"),
        Field::new("row", DataType::UInt32, true),
        text("column"),
        text("field"),
        text("row_key"),
        text("value"),
        text("expected"),
        text("message"),
        text("suggestion"),
        Field::new("score", DataType::Float64, true),
        text("group"),
    ]))
}

/// The table of some findings; so many came before.
fn table(
    findings: &[Finding],
    import_id: Option<&str>,
    before: u64,
    format: Format,
) -> Result<RecordBatch> {
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
    let imports: StringArray = findings.iter().map(|_| import_id).collect();
    let seqs = UInt64Array::from_iter_values((before + 1..).take(findings.len()));
    let rows: UInt32Array = findings.iter().map(|finding| finding.row).collect();
    let scores: Float64Array = findings.iter().map(|finding| finding.score).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(imports),
        Arc::new(seqs),
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
        text(|finding| Some(FindingGroup::id_of(finding))),
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
