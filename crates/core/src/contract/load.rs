//! Where accepted rows go: `sheetlift.load`. Names, modes and values are only data here; sinks know what they mean.

use serde_json::{Map, Value as Json, json};

use super::{
    document::Data,
    keys,
    model::Contract,
    place::{Keys, Place, did_you_mean},
    resource::field_index,
    write::put,
};
use crate::error::Result;

/// Where accepted rows go (`sheetlift.load`).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Load {
    /// Target table.
    pub table: Option<String>,
    /// `insert`, `insert_missing`, `upsert`, `update_only`, `append`, `replace` or `sync`.
    pub mode: Option<String>,
    /// Fields that identify a row in the target; empty means the primary key.
    pub key: Vec<String>,
    /// The field by which a row is newer than the one that is there.
    pub version: Option<String>,
    /// Fields whose value never changes once it is there.
    pub immutable: Vec<String>,
    /// What becomes of rows of the target that the file lacks.
    pub missing: MissingRows,
    /// The largest share of the target's rows, from 0 to 1, that the file may lack where that deletes or marks them; `None` means
    /// [`Load::MAX_MISSING`].
    pub max_missing: Option<f64>,
}

impl Load {
    /// The share of [`Load::max_missing`] where nothing is said: half of the rows.
    pub const MAX_MISSING: f64 = 0.5;

    pub(super) fn to_json(&self) -> Json {
        let mut object = Map::new();
        put(&mut object, "table", self.table.as_deref());
        put(&mut object, "mode", self.mode.as_deref());
        let names = |names: &[String]| (!names.is_empty()).then(|| json!(names));
        put(&mut object, "key", names(&self.key));
        put(&mut object, "version", self.version.as_deref());
        put(&mut object, "immutable", names(&self.immutable));
        let missing = match &self.missing {
            MissingRows::Keep => None,
            MissingRows::Delete => Some(json!("delete")),
            MissingRows::Set { column, value } => Some(json!({"set": {column: value}})),
        };
        put(&mut object, "missing", missing);
        put(&mut object, "maxMissing", self.max_missing);
        Json::Object(object)
    }
}

/// What becomes of rows of the target that the file lacks (`sheetlift.load.missing`), in mode `sync`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MissingRows {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
    /// A column of theirs gets a value.
    Set {
        /// A column of the target, in the contract or not.
        column: String,
        /// The value, as the database reads it from text; none is NULL.
        value: Option<String>,
    },
}

pub(super) fn read(place: &Place<'_>, contract: &Contract) -> Result<Load> {
    let object = place.map()?;
    object.only("load", keys::LOAD, &[])?;
    let mode = object.read("mode", |place| {
        let mode = place.text()?;
        if keys::LOAD_MODES.contains(&mode) {
            return Ok(mode.to_owned());
        }
        let error = place.expected(format!("one of {}", keys::LOAD_MODES.join(", ")));
        Err(did_you_mean(error, mode, keys::LOAD_MODES.iter().copied()))
    })?;
    let key = object.read("key", |place| fields(place, contract))?;
    let table = object.read("table", |place| place.non_empty_text().map(str::to_owned))?;
    let mut load = Load {
        table,
        mode,
        key: key.unwrap_or_default(),
        ..Load::default()
    };
    read_guards(&object, contract, &mut load)?;
    read_missing(&object, contract, &mut load)?;
    Ok(load)
}

fn read_guards(object: &Keys<'_>, contract: &Contract, load: &mut Load) -> Result<()> {
    let of_rows = |place: &Place<'_>| {
        let names = fields(place, contract)?;
        match names.iter().find(|name| is_of_key(name, contract, load)) {
            Some(name) => Err(place.error(format!(
                "{name:?} is of the key, which never changes: it can be neither a version nor immutable"
            ))),
            None => Ok(names),
        }
    };
    let version = object.read("version", |place| {
        place.text()?;
        of_rows(place)
    })?;
    let immutable = object.read("immutable", of_rows)?;
    load.version = version.and_then(|names| names.into_iter().next());
    load.immutable = immutable.unwrap_or_default();
    Ok(())
}

fn read_missing(object: &Keys<'_>, contract: &Contract, load: &mut Load) -> Result<()> {
    for key in ["missing", "maxMissing"] {
        if let Some(place) = object.get(key)
            && load.mode.as_deref() != Some("sync")
        {
            let message = format!(
                "`{key}` is about rows that the file lacks, which only mode sync does something about"
            );
            return Err(place.error(message).with_hint("say `mode: sync`"));
        }
    }
    let missing = object.read("missing", |place| match place.data() {
        Data::Map(_) => {
            let object = place.map()?;
            object.only("missing", keys::LOAD_MISSING, &[])?;
            mark(&object.required("set")?, contract, load)
        }
        _ => place
            .choice(&[("keep", false), ("delete", true)])
            .map(|delete| match delete {
                true => MissingRows::Delete,
                false => MissingRows::Keep,
            }),
    })?;
    load.missing = missing.unwrap_or_default();
    let ratio = object.read("maxMissing", Place::ratio)?;
    load.max_missing = ratio.filter(|ratio| *ratio != Load::MAX_MISSING);
    Ok(())
}

/// One column and its value.
fn mark(place: &Place<'_>, contract: &Contract, load: &Load) -> Result<MissingRows> {
    let object = place.map()?;
    let mut entries = object.entries();
    let (Some((column, value)), None) = (entries.next(), entries.next()) else {
        return Err(place.expected("one column and its value, such as {active: false}"));
    };
    if column.is_empty() || column.contains('\0') || is_of_key(column, contract, load) {
        let message = format!("{column:?} cannot mark rows that the file lacks");
        return Err(value
            .error(message)
            .with_hint("name a column that is not of the key"));
    }
    let text = match value.data() {
        Data::Null => None,
        Data::Text(text) => Some(text.clone()),
        Data::Number(digits) => Some(digits.clone()),
        Data::Bool(value) => Some(value.to_string()),
        _ => return Err(value.expected("a text, a number, true, false or null")),
    };
    Ok(MissingRows::Set {
        column: column.to_owned(),
        value: text,
    })
}

fn is_of_key(name: &str, contract: &Contract, load: &Load) -> bool {
    match load.key.is_empty() {
        true => {
            let mut key = contract.primary_key.iter();
            key.any(|&field| &*contract.fields[field].name == name)
        }
        false => load.key.iter().any(|other| other == name),
    }
}

/// One name of a field or several.
fn fields(place: &Place<'_>, contract: &Contract) -> Result<Vec<String>> {
    let names = place.one_or_more()?;
    let names = names.iter().map(|name| {
        let field = field_index(name, &contract.fields)?;
        Ok(contract.fields[field].name.to_string())
    });
    names.collect()
}
