//! A contract made of a table that a database has.

use serde_json::{Map, Value, json};
use sheetlift_core::Contract;
use sheetlift_load::{
    describe_table,
    sqlite::{ColumnDescription, TableDescription},
};

use crate::error::Result;

/// What [`contract_from_table`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FromTable {
    /// The contract.
    pub contract: Contract,
    /// What it does not say of the table, a line for each.
    pub notes: Vec<String>,
}

/// Proposes a contract for rows that are to go into a table: its columns with their types, what is NOT NULL, keys, lengths,
/// precision and scale. The database is only read; see [`connect`](crate::connect) for its address.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("inventory.db");
/// let conn = rusqlite::Connection::open(&path)?;
/// conn.execute_batch("CREATE TABLE item (sku VARCHAR(12) PRIMARY KEY, price DECIMAL(10, 2) NOT NULL CHECK (price >= 0))")?;
///
/// let found = sheetlift::contract_from_table(&format!("sqlite:{}", path.display()), "item")?;
/// assert_eq!(found.contract.fields[0].constraints.max_length, Some(12));
/// assert_eq!(found.contract.fields[1].checks.scale, Some(2));
/// assert_eq!(found.notes, ["1 CHECK constraint is not in the contract: say it with constraints or rules"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Usage` for an address that is none and a table that is not there; `Sink` when the database cannot be read.
pub fn contract_from_table(database: &str, table: &str) -> Result<FromTable> {
    let table = describe_table(database, table)?;
    let mut maker = Maker {
        notes: Vec::new(),
        left_out: Vec::new(),
    };
    let contract = maker.contract(&table).to_string().parse()?;
    Ok(FromTable {
        contract,
        notes: maker.notes,
    })
}

struct Maker {
    notes: Vec<String>,
    left_out: Vec<String>,
}

impl Maker {
    fn contract(&mut self, table: &TableDescription) -> Value {
        let mut fields: Vec<Value> = Vec::new();
        for column in &table.columns {
            fields.extend(self.field(table, column).map(Value::Object));
        }
        let mut schema = Map::new();
        schema.insert("fields".into(), fields.into());
        let primary_key = self.key("primary key", &table.primary_key);
        if let Some(key) = primary_key {
            schema.insert("primaryKey".into(), json!(key));
        }
        let several = table.unique_keys.iter().filter(|key| key.len() > 1);
        let several: Vec<_> = several
            .filter_map(|key| self.key("unique key", key))
            .collect();
        if !several.is_empty() {
            schema.insert("uniqueKeys".into(), json!(several));
        }
        let mut resource = Map::new();
        resource.insert("name".into(), table.name.as_str().into());
        resource.insert("schema".into(), schema.into());
        if table.is_view {
            self.notes.push(format!(
                "{:?} is a view: no rows can be loaded into it",
                table.name
            ));
        } else {
            resource.insert("sheetlift".into(), json!({"load": {"table": table.name}}));
        }
        self.count(
            table.checks,
            "CHECK constraint",
            "say it with constraints or rules",
        );
        self.count(
            table.foreign_keys,
            "foreign key",
            "the database checks it when rows are loaded",
        );
        resource.into()
    }

    fn count(&mut self, count: usize, what: &str, advice: &str) {
        match count {
            0 => {}
            1 => self
                .notes
                .push(format!("1 {what} is not in the contract: {advice}")),
            count => {
                let advice = advice.replacen(" it ", " them ", 1);
                self.notes
                    .push(format!("{count} {what}s are not in the contract: {advice}"));
            }
        }
    }

    /// The names of a key whose columns are all there.
    fn key<'k>(&mut self, what: &str, key: &'k [String]) -> Option<&'k [String]> {
        let is_gone = |name: &&String| self.left_out.contains(name);
        if let Some(name) = key.iter().find(is_gone) {
            let key = key.join(", ");
            self.notes.push(format!(
                "the {what} ({key}) is not in the contract: column {name:?} is not"
            ));
            return None;
        }
        Some(key).filter(|key| !key.is_empty())
    }

    fn field(
        &mut self,
        table: &TableDescription,
        column: &ColumnDescription,
    ) -> Option<Map<String, Value>> {
        let name = &column.name;
        let field_type = FieldWords::of(column);
        let why_not = match &field_type {
            _ if name.trim().is_empty() => Some("it has no name"),
            _ if column.is_generated => Some("the database computes it"),
            None => Some("it holds bytes"),
            Some(_) => None,
        };
        let (Some(words), None) = (field_type, why_not) else {
            let why_not = why_not.unwrap_or_default();
            self.notes
                .push(format!("column {name:?} is not in the contract: {why_not}"));
            self.left_out.push(name.clone());
            return None;
        };
        let mut field = Map::new();
        field.insert("name".into(), name.as_str().into());
        field.insert("type".into(), words.name.into());
        let mut said = vec![column.declared.clone()];
        said.extend(
            column
                .default
                .as_ref()
                .map(|default| format!("default {default}")),
        );
        said.retain(|text| !text.trim().is_empty());
        if !said.is_empty() {
            field.insert("description".into(), said.join(", ").into());
        }
        let mut constraints = words.constraints;
        if column.is_required && !table.primary_key.contains(name) {
            constraints.insert("required".into(), true.into());
        }
        let is_own_key = |key: &Vec<String>| matches!(&key[..], [only] if only == name);
        if table.unique_keys.iter().any(is_own_key) {
            constraints.insert("unique".into(), true.into());
        }
        if !constraints.is_empty() {
            field.insert("constraints".into(), constraints.into());
        }
        if !words.check.is_empty() {
            field.insert("sheetlift".into(), json!({"check": words.check}));
        }
        if column.is_numbered {
            self.notes.push(format!(
                "the database numbers rows in {name:?}: take it out of the contract if the file has no such column"
            ));
        }
        if column.is_required && column.default.is_some() {
            self.notes.push(format!(
                "column {name:?} has a default: take it out of the contract, or give each row a value"
            ));
        }
        Some(field)
    }
}

/// The type of a field, and what it says of the length of its values.
#[derive(Default)]
struct FieldWords {
    name: &'static str,
    constraints: Map<String, Value>,
    check: Map<String, Value>,
}

impl FieldWords {
    /// What can be loaded into the column; `None` for one of bytes.
    fn of(column: &ColumnDescription) -> Option<FieldWords> {
        let declared = column.declared.to_ascii_uppercase();
        let (base, arguments) = declared.split_once('(').unwrap_or((&declared, ""));
        let mut numbers = arguments
            .split([',', ')'])
            .map(|number| number.trim().parse::<u32>().ok());
        let mut number = || numbers.next().flatten();
        let mut words = FieldWords::default();
        words.name = match column.affinity {
            "INTEGER" => "integer",
            "REAL" => "number",
            "BLOB" if base.trim() == "ANY" || base.trim().is_empty() => "any",
            "BLOB" => return None,
            _ if base.starts_with("BOOL") => "boolean",
            _ if base.contains("DATETIME") || base.contains("TIMESTAMP") => "datetime",
            _ if base.contains("DATE") => "date",
            _ if base.contains("TIME") => "time",
            "TEXT" => {
                if let Some(length) = number().filter(|_| base.contains("CHAR")) {
                    words.constraints.insert("maxLength".into(), length.into());
                }
                "string"
            }
            _ => {
                let (precision, scale) = (number(), number());
                if let Some(precision) = precision.filter(|digits| (1..=38).contains(digits)) {
                    words.check.insert("precision".into(), precision.into());
                    let scale = scale.unwrap_or(0).min(precision);
                    words.check.insert("scale".into(), scale.into());
                }
                "number"
            }
        };
        Some(words)
    }
}
