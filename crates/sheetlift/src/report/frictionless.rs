//! A report as frictionless-py 5 writes it (`frictionless validate --json`), for programs that read those.
//!
//! Types, titles and templates of messages are theirs; notes are our messages, except where theirs says the rule. Errors are what
//! rejects rows; what is a warning here stands among the warnings, which are texts. Columns are counted as they stand in the sheet.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use sheetlift_core::{Finding, ForeignKey, Level, Mapped, Workbook, cell_text, column_name};

use super::Report;
use crate::{
    error::{Error, Result},
    job::Job,
    sheets::Sheet,
};

/// Title, description and template of the message of a type.
struct Words {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    template: &'static str,
    tags: &'static [&'static str],
}

const OF_TABLES: &[&str] = &["#table"];
const OF_ROWS: &[&str] = &["#table", "#row"];
const OF_CELLS: &[&str] = &["#table", "#row", "#cell"];
const OF_HEADERS: &[&str] = &["#table", "#header"];
const OF_LABELS: &[&str] = &["#table", "#header", "#label"];

/// `name: title, description, template`
macro_rules! words {
    ($($tags:ident $name:literal: $title:literal, $description:literal, $template:literal;)+) => {
        [$(Words { name: $name, title: $title, description: $description, template: $template, tags: $tags }),+]
    };
}

static WORDS: [Words; 16] = words! {
    OF_CELLS "type-error": "Type Error", "The value does not match the schema type and format for this field.",
        "Type error in the cell \"{cell}\" in row \"{rowNumber}\" and field \"{fieldName}\" at position \"{fieldNumber}\": {note}";
    OF_CELLS "constraint-error": "Constraint Error", "A field value does not conform to a constraint.",
        "The cell \"{cell}\" in row at position \"{rowNumber}\" and field \"{fieldName}\" at position \"{fieldNumber}\" does not conform to a constraint: {note}";
    OF_CELLS "unique-error": "Unique Error", "This field is a unique field but it contains a value that has been used in another row.",
        "Row at position \"{rowNumber}\" has unique constraint violation in field \"{fieldName}\" at position \"{fieldNumber}\": {note}";
    OF_CELLS "extra-cell": "Extra Cell",
        "This row has more values compared to the header row (the first row in the data source). A key concept is that all the rows in tabular data must have the same number of columns.",
        "Row at position \"{rowNumber}\" has an extra value in field at position \"{fieldNumber}\"";
    OF_CELLS "missing-cell": "Missing Cell",
        "This row has less values compared to the header row (the first row in the data source). A key concept is that all the rows in tabular data must have the same number of columns.",
        "Row at position \"{rowNumber}\" has a missing cell in field \"{fieldName}\" at position \"{fieldNumber}\"";
    OF_ROWS "primary-key": "PrimaryKey Error", "Values in the primary key fields should be unique for every row",
        "Row at position \"{rowNumber}\" violates the primary key: {note}";
    OF_ROWS "foreign-key": "ForeignKey Error", "Values in the foreign key fields should exist in the reference table",
        "Row at position \"{rowNumber}\" violates the foreign key: {note}";
    OF_ROWS "row-constraint": "Row Constraint", "The value does not conform to the row constraint.",
        "The row at position {rowNumber} has an error: {note}";
    OF_ROWS "row-error": "Row Error", "Row Error", "The row at position {rowNumber} has an error: {note}";
    OF_LABELS "missing-label": "Missing Label", "Based on the schema there should be a label that is missing in the data's header.",
        "There is a missing label in the header's field \"{fieldName}\" at position \"{fieldNumber}\"";
    OF_LABELS "extra-label": "Extra Label", "The header of the data source contains label that does not exist in the provided schema.",
        "There is an extra label \"{label}\" in header at position \"{fieldNumber}\"";
    OF_LABELS "duplicate-label": "Duplicate Label", "Two columns in the header row have the same value. Column names should be unique.",
        "Label \"{label}\" in the header at position \"{fieldNumber}\" is duplicated to a label: {note}";
    OF_LABELS "incorrect-label": "Incorrect Label", "One of the data source header does not match the field name defined in the schema.",
        "Label \"{label}\" in field {fieldName} at position \"{fieldNumber}\" does not match the field name in the schema";
    OF_HEADERS "blank-header": "Blank Header", "This header is empty. A header should contain at least one value.",
        "Header is completely blank";
    OF_HEADERS "header-error": "Header Error", "Cell Error", "The header has an error: {note}";
    OF_TABLES "table-error": "Table Error", "There is a table error.", "General table error: {note}";
};

/// Their type for a code of ours; what they have no word for goes by what it is about.
fn type_of(code: &str) -> &'static str {
    match code {
        "cell/unique" => "unique-error",
        "cell/type"
        | "cell/number-locale"
        | "cell/precision"
        | "cell/date-invalid"
        | "cell/date-ambiguous"
        | "cell/formula-error" => "type-error",
        "row/extra-cell" => "extra-cell",
        "row/missing-cell" => "missing-cell",
        "row/primary-key" => "primary-key",
        "row/rule-failed" => "row-constraint",
        "ref/not-found" => "foreign-key",
        "header/missing-field" => "missing-label",
        "header/extra-field" => "extra-label",
        "header/duplicate" => "duplicate-label",
        "header/order" => "incorrect-label",
        "header/not-found" => "blank-header",
        _ if code.starts_with("cell/") => "constraint-error",
        _ if code.starts_with("row/") => "row-error",
        _ if code.starts_with("header/") => "header-error",
        _ => "table-error",
    }
}

impl Report {
    /// Writes the report as frictionless-py 5 does, with the findings that are listed; `job` is the one that made it, whose file is
    /// read again for the cells of their rows.
    ///
    /// ```
    /// use sheetlift::{Contract, Job};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// let contract: Contract = contract_json().parse()?;
    /// let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract);
    /// let mut out = Vec::new();
    /// job.validate()?.write_frictionless(&job, &mut out)?;
    /// let json: serde_json::Value = serde_json::from_slice(&out)?;
    /// assert_eq!(json["tasks"][0]["errors"][0]["type"], "type-error");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::workbook`]; `Io` when `out` fails.
    pub fn write_frictionless(&self, job: &Job, mut out: impl io::Write) -> Result<()> {
        let report = self.frictionless(job)?;
        let mut write = || {
            serde_json::to_writer_pretty(&mut out, &report)?;
            out.write_all(b"\n")
        };
        write().map_err(|error| Error::io(error, "cannot write the report"))
    }

    fn frictionless(&self, job: &Job) -> Result<Value> {
        let workbook = job.workbook()?;
        let contract = job.needed_contract()?;
        let sheets = job.look_at_sheets(&workbook, contract)?;
        let is_error = |finding: &&Finding| finding.level == Level::Error;
        let errors = self.findings.iter().filter(is_error);
        let cells = cells_of(job, &workbook, &errors.filter_map(row_of).collect())?;
        let seconds = self.timings.map_or(0, |timings| timings.total_ms) as f64 / 1e3;
        let mut tasks = Vec::new();
        for sheet in &sheets {
            let name = (sheets.len() > 1).then_some(&*sheet.header.sheet);
            tasks.push(self.task(job, sheet, name, (&cells, seconds)));
        }
        Ok(json!({
            "valid": self.is_clean(),
            "stats": {
                "tasks": tasks.len(),
                "errors": self.counts.errors,
                "warnings": self.counts.warnings,
                "seconds": seconds,
            },
            "warnings": [],
            "errors": [],
            "tasks": tasks,
        }))
    }

    /// What is said of a sheet: of the only one everything, of one among several what is listed about it.
    fn task(
        &self,
        job: &Job,
        sheet: &Sheet,
        name: Option<&str>,
        (cells, seconds): (&BTreeMap<Row, Vec<String>>, f64),
    ) -> Value {
        let header = &sheet.header;
        let labels: Vec<&str> = header
            .columns
            .iter()
            .filter(|_| header.row.is_some())
            .map(|column| column.label.as_deref().unwrap_or_default())
            .collect();
        let scene = Scene {
            job,
            labels: &labels,
            header_row: header.row.map(|row| row + 1),
            cells,
            mapping: &sheet.mapping,
            columns: header
                .columns
                .iter()
                .map(|column| (column_name(column.index), column.index))
                .collect(),
        };
        let is_first = self
            .sheets
            .first()
            .is_none_or(|first| Some(first.as_str()) == name);
        let is_here = |finding: &&Finding| name.is_none_or(|name| *finding.sheet == *name);
        let of_level = |level: Level| {
            let here = self.findings.iter().filter(is_here);
            here.filter(move |finding| finding.level == level)
        };
        let errors: Vec<Value> = of_level(Level::Error).map(|it| scene.error(it)).collect();
        let warning = |it: &Finding| format!("{}: {}", it.address(), it.message);
        let mut warnings: Vec<String> = of_level(Level::Warning).map(warning).collect();
        let (all_errors, all_warnings) = match name {
            Some(_) => (errors.len() as u64, warnings.len() as u64),
            None => (self.counts.errors, self.counts.warnings),
        };
        if self.findings_omitted > 0 && is_first {
            warnings.push(format!("{} findings are not listed", self.findings_omitted));
        }
        let bytes = job.source().bytes();
        let place = self.file.as_deref().unwrap_or_default();
        let resource = self.contract.name.clone().unwrap_or_else(|| name_of(place));
        let is_valid = match name {
            Some(_) => errors.is_empty(),
            None => self.is_clean(),
        };
        let rows = self.rows.read + self.rows.blank;
        json!({
            "name": name.map_or_else(|| resource.clone(), |name| format!("{resource}: {name}")),
            "type": "table",
            "valid": is_valid,
            "place": place,
            "labels": labels,
            "stats": {
                "errors": all_errors,
                "warnings": all_warnings,
                "seconds": seconds,
                "md5": hex(&Md5::digest(bytes)),
                "sha256": hex(&Sha256::digest(bytes)),
                "bytes": bytes.len(),
                "fields": job.contract().map_or(0, |contract| contract.fields.len()),
                "rows": if is_first { rows } else { 0 }, // of all sheets together
            },
            "warnings": warnings,
            "errors": errors,
        })
    }
}

/// A row of a sheet, from 1.
type Row = (Arc<str>, u32);

/// The row a finding is about, if it is not about the header.
fn row_of(finding: &Finding) -> Option<Row> {
    let row = finding.row.filter(|_| !finding.code.starts_with("header/"));
    row.map(|row| (Arc::clone(&finding.sheet), row))
}

/// The cells of some rows, as texts.
fn cells_of(
    job: &Job,
    workbook: &Workbook,
    rows: &BTreeSet<Row>,
) -> Result<BTreeMap<Row, Vec<String>>> {
    let mut cells: BTreeMap<Row, Vec<String>> = BTreeMap::new();
    if rows.is_empty() {
        return Ok(cells);
    }
    let dates = workbook.dates();
    for sheet in job.sheets_of_table(workbook)? {
        let mut options = job.located();
        options.sheet = sheet;
        let name: Arc<str> = workbook.sheet(&options.sheet)?.name.as_str().into();
        workbook.cells(&options, &mut |info| {
            let row = (Arc::clone(&name), info.row + 1);
            if rows.contains(&row) {
                let row = cells.entry(row).or_default();
                row.resize(row.len().max(info.column as usize + 1), String::new());
                row[info.column as usize] = cell_text(info.cell, dates).unwrap_or_default();
            }
            Ok(())
        })?;
    }
    Ok(cells)
}

/// What errors refer to.
struct Scene<'a> {
    job: &'a Job,
    labels: &'a [&'a str],
    header_row: Option<u32>,
    cells: &'a BTreeMap<Row, Vec<String>>,
    mapping: &'a [Mapped],
    /// Zero-based columns by their letters.
    columns: BTreeMap<String, u32>,
}

impl Scene<'_> {
    fn error(&self, finding: &Finding) -> Value {
        let name = type_of(&finding.code);
        let words = WORDS
            .iter()
            .find(|words| words.name == name)
            .unwrap_or(&WORDS[15]);
        let note = match (name, finding.rule.split_once(": ")) {
            ("constraint-error", Some((rule, value))) => {
                format!("constraint \"{rule}\" is \"{value}\"")
            }
            _ => finding.message.clone(),
        };
        let field = finding.field.as_deref();
        let number = finding.column_index.map(|column| column + 1).or_else(|| {
            let contract = self.job.contract()?;
            contract.field_index(field?).map(|index| index as u32 + 1)
        });
        let is_of = |tag: &str| words.tags.contains(&tag);
        let mut about = Map::new();
        if is_of("#header") {
            about.insert("labels".into(), json!(self.labels));
            let row_numbers: Vec<u32> = self.header_row.into_iter().collect();
            about.insert("rowNumbers".into(), json!(row_numbers));
        }
        if is_of("#label") {
            about.insert(
                "label".into(),
                json!(finding.value.as_deref().unwrap_or_default()),
            );
        }
        if is_of("#row") {
            let row = finding.row.unwrap_or_default();
            let cells = self.cells.get(&(Arc::clone(&finding.sheet), row));
            let mut cells = cells.cloned().unwrap_or_default();
            cells.resize(cells.len().max(self.labels.len()), String::new());
            about.insert("cells".into(), json!(cells));
            about.insert("rowNumber".into(), json!(row));
        }
        if is_of("#cell") {
            about.insert(
                "cell".into(),
                json!(finding.value.as_deref().unwrap_or_default()),
            );
        }
        if name == "foreign-key" {
            about.extend(self.foreign_key(finding));
        }
        if is_of("#cell") || is_of("#label") {
            about.insert("fieldName".into(), json!(field.unwrap_or_default()));
            about.insert(
                "fieldNumber".into(),
                json!(number.unwrap_or(self.labels.len() as u32 + 1)),
            );
        }
        let mut error = Map::new();
        let message = filled(words.template, &note, &about);
        error.insert("type".into(), name.into());
        error.insert("title".into(), words.title.into());
        error.insert("description".into(), words.description.into());
        error.insert("message".into(), message.into());
        error.insert("tags".into(), json!(words.tags));
        error.insert("note".into(), note.into());
        error.extend(about);
        error.into()
    }
}

impl Scene<'_> {
    /// What a finding about a foreign key refers to. Its rule names the key.
    fn foreign_key(&self, finding: &Finding) -> Map<String, Value> {
        let contract = self.job.contract();
        let keys = contract.map_or(&[][..], |contract| &contract.foreign_keys);
        let names_of = |key: &ForeignKey| -> Vec<&str> {
            let fields = contract.map_or(&[][..], |contract| &contract.fields);
            key.fields
                .iter()
                .map(|&field| &*fields[field].name)
                .collect()
        };
        let key = keys.iter().find(|key| {
            let table = key.resource.as_deref().unwrap_or("this table");
            let (names, columns) = (names_of(key).join(", "), key.columns.join(", "));
            // Several names stand in brackets there.
            let plain = |text: &str| text.replace(['[', ']'], "");
            let key = format!(" {names} in {table} ({columns})");
            plain(&finding.rule).ends_with(&plain(&key))
        });
        let Some(key) = key else {
            return Map::new();
        };
        let names = names_of(key);
        let cells = row_of(finding).and_then(|row| self.cells.get(&row));
        let cells = names.iter().map(|name| {
            let mapped = self.mapping.iter().find(|mapped| &*mapped.field == *name);
            let column = mapped.and_then(|mapped| self.columns.get(&mapped.column));
            let cell = column.and_then(|&column| cells?.get(column as usize));
            cell.map(String::as_str).unwrap_or_default()
        });
        let about = json!({
            "fieldNames": names,
            "fieldCells": cells.collect::<Vec<&str>>(),
            "referenceName": key.resource.as_deref().unwrap_or_default(),
            "referenceFieldNames": key.columns,
        });
        about.as_object().cloned().unwrap_or_default()
    }
}

/// The template with what stands in its brackets. What is put in is not looked at again.
fn filled(template: &str, note: &str, about: &Map<String, Value>) -> String {
    let mut out = String::new();
    let mut parts = template.split('{');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (key, rest) = part.split_once('}').unwrap_or((part, ""));
        match about.get(key) {
            Some(Value::String(text)) => out.push_str(text),
            Some(value) => out.push_str(&value.to_string()),
            None if key == "note" => out.push_str(note),
            None => {}
        }
        out.push_str(rest);
    }
    out
}

/// The name of a file without folder and ending.
fn name_of(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    stem.to_lowercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
