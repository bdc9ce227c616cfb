//! From a job and its options to the plan of an import, and to the key that names it.

use serde_json::{Value, json};
use sheetlift_core::{
    Contract, CsvOptions, Header, HeaderRow, Load, MergedCells, MissingRows, Validator,
};
use sheetlift_load::{ImportKey, KeyParts, Missing, Mode, Plan};

use super::LoadOptions;
use crate::{
    error::{Error, Result},
    job::Job,
    references,
};

impl Job {
    /// What is to be loaded and where.
    ///
    /// # Errors
    /// `Usage` without a contract, a table or a mode that exists; `Malformed` when the file is no workbook.
    pub fn plan(&self, options: &LoadOptions) -> Result<Plan> {
        let contract = self.needed_contract()?;
        let load = contract.load.clone().unwrap_or_default();
        let table = options
            .table
            .clone()
            .or(load.table)
            .or_else(|| contract.name.clone())
            .ok_or_else(|| {
                Error::usage(
                    "usage/table-name",
                    "neither the options nor the contract name a table",
                )
                .with_hint(
                    "name it with the option `table`, or set sheetlift.load.table in the contract",
                )
            })?;
        let mode = match (options.mode, load.mode) {
            (Some(mode), _) => mode,
            (None, Some(mode)) => mode.parse()?,
            (None, None) => Mode::default(),
        };
        let content = self.content_hash();
        let sheets = self.sheet_names(&self.workbook()?)?;
        let said = said_of_missing(&load.missing, mode);
        let missing = options.missing.clone().unwrap_or_else(|| said.clone());
        let mapping = self.mapping(&sheets, Some(&missing).filter(|missing| **missing != said));
        let contract_hash = contract.hash();
        let key = ImportKey::of(&KeyParts {
            content: content.as_bytes(),
            contract: contract_hash.as_bytes(),
            mapping: mapping.as_bytes(),
            target: &table,
            mode,
        });
        let schema = Validator::new(contract, &Header::default())?.schema();
        let mut plan = Plan::new(key, table, schema)
            .with_mode(mode)
            .with_create_table(options.create_table)
            .with_add_columns(options.add_columns)
            .with_lease_ms(options.lease_ms)
            .with_max_rejected(options.max_rejected)
            .with_max_rejected_ratio(options.max_rejected_ratio)
            .with_immutable(load.immutable)
            .with_version(load.version)
            .with_missing(missing)
            .with_undo(options.undo)
            .with_max_missing_ratio(
                options
                    .max_missing_ratio
                    .or(load.max_missing)
                    .unwrap_or(Load::MAX_MISSING),
            );
        for reference in references::of_the_database(contract) {
            plan = plan.with_reference(reference);
        }
        if let Some(name) = self.source.name() {
            plan = plan.with_source_name(name);
        }
        let (primary, unique) = keys(contract);
        plan = plan.with_key(if load.key.is_empty() {
            primary
        } else {
            load.key
        });
        let replay = self.replay.as_ref();
        if sheets.len() > 1 || replay.is_some_and(|replay| replay.has_parts) {
            plan = plan.with_parts(sheets);
        }
        if let Some(replay) = replay {
            plan = plan.with_replay_of(&replay.import_id);
        }
        Ok(unique.into_iter().fold(plan, Plan::with_unique_key))
    }

    /// What the rows are: those of the file, or those of a quarantine at the time of a replay.
    fn content_hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        if let Some(replay) = &self.replay {
            let which = format!("replay {} of {}:", replay.attempt, replay.import_id);
            hasher.update(which.as_bytes());
        }
        hasher.update_rayon(self.source.bytes());
        hasher.finalize()
    }

    /// What decides which cells become which rows, beside the contract, and what it does not say of rows that are `missing`. The
    /// sheet is called by its name, so that two ways to say the same make the same import.
    fn mapping(&self, sheets: &[String], missing: Option<&Missing>) -> String {
        let read = self.located();
        let header = match read.header {
            HeaderRow::First => json!("first"),
            HeaderRow::None => json!("none"),
            HeaderRow::At(row) => json!(row),
            HeaderRow::Rows { first, last } => json!([first, last, read.header_join]),
        };
        let range = read.range.map(|range| {
            let (rows, columns) = (range.rows, range.columns);
            json!([rows.start(), rows.end(), columns.start(), columns.end()])
        });
        let sheet = match sheets {
            [only] => json!(only),
            several => json!(several),
        };
        let mut mapping = json!({
            "sheet": sheet,
            "header": header,
            "range": range,
            "columns": read.columns,
            "limit": read.limit,
        });
        // What is seldom said is only there when it was: imports of before keep their keys.
        let mut others = serde_json::Map::new();
        let mut say = |name: &str, is_said: bool, value: Value| {
            if is_said {
                others.insert(name.to_owned(), value);
            }
        };
        say("area", read.area.is_some(), json!(read.area));
        say("skip_hidden_rows", read.skip_hidden_rows, json!(true));
        say("skip_hidden_columns", read.skip_hidden_columns, json!(true));
        let merged = format!("{:?}", read.merged);
        say("merged", read.merged != MergedCells::First, json!(merged));
        say(
            "omit_rows",
            !read.omit_rows.is_empty(),
            json!(read.omit_rows),
        );
        say("display_text", read.display_text, json!(true));
        let csv = &self.csv;
        say(
            "csv",
            *csv != CsvOptions::default(),
            json!(format!("{csv:?}")),
        );
        say("missing", missing.is_some(), json!(missing.map(words_of)));
        if let Some(mapping) = mapping.as_object_mut() {
            mapping.append(&mut others);
        }
        mapping.to_string()
    }
}

/// What the contract says of rows that the file lacks; nothing in a mode that leaves them alone.
fn said_of_missing(missing: &MissingRows, mode: Mode) -> Missing {
    match missing {
        _ if mode != Mode::Sync => Missing::Keep,
        MissingRows::Keep => Missing::Keep,
        MissingRows::Delete => Missing::Delete,
        MissingRows::Set { column, value } => Missing::Set {
            column: column.clone(),
            value: value.clone(),
        },
    }
}

fn words_of(missing: &Missing) -> Value {
    match missing {
        Missing::Delete => json!("delete"),
        Missing::Set { column, value } => json!({"set": [column, value]}),
        _ => json!("keep"),
    }
}

/// The primary key and every other key, by name.
pub(crate) fn keys(contract: &Contract) -> (Vec<String>, Vec<Vec<String>>) {
    let name = |&index: &usize| contract.fields[index].name.to_string();
    let names = |key: &[usize]| key.iter().map(name).collect::<Vec<String>>();
    let primary = names(&contract.primary_key);
    let single = contract
        .fields
        .iter()
        .filter(|field| field.constraints.unique);
    let single = single.map(|field| vec![field.name.to_string()]);
    let mut unique: Vec<Vec<String>> = Vec::new();
    for key in single.chain(contract.unique_keys.iter().map(|key| names(key))) {
        if key != primary && !unique.contains(&key) {
            unique.push(key);
        }
    }
    (primary, unique)
}
