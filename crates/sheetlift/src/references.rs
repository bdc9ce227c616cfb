//! The tables that foreign keys refer to: sheets of the same workbook, files beside the contract, or the table itself. Tables of the
//! database are the sink's.

use std::{
    fs::File,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, Int64Array, cast::AsArray, types::Float64Type};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};
use sheetlift_core::{Contract, Field, Finding, ForeignKey, Level, Source, Validator};

use crate::{
    error::{Error, Result},
    job::Job,
};

/// What is not looked at without a database: one finding for each foreign key that refers to a table of it.
pub(crate) fn left_to_the_database(contract: &Contract, sheet: &Arc<str>) -> Vec<Finding> {
    let keys = contract.foreign_keys.iter();
    let keys = keys.filter_map(|key| Some((key, contract.database_table_of(key)?)));
    let findings = keys.map(|(key, table)| {
        let names = key.fields.iter();
        let names: Vec<&str> = names
            .map(|&field| &*contract.fields[field].name)
            .collect();
        let (names, columns) = (names.join(", "), key.columns.join(", "));
        let message = format!(
            "whether {names} is in the table {table} ({columns}) of the database is seen when the rows are loaded"
        );
        Finding {
            rule: format!("foreignKeys: {names} in {table} ({columns})"),
            message,
            ..Finding::about(Level::Info, "info/reference-not-checked", Arc::clone(sheet))
        }
    });
    findings.collect()
}

/// The same as the sink wants it.
pub(crate) fn of_the_database(contract: &Contract) -> Vec<sheetlift_load::Reference> {
    let keys = contract.foreign_keys.iter();
    let references = keys.filter_map(|key| {
        let table = contract.database_table_of(key)?.to_owned();
        let names = key.fields.iter();
        let columns = names.map(|&field| contract.fields[field].name.to_string());
        Some(sheetlift_load::Reference {
            columns: columns.collect(),
            table,
            key: key.columns.clone(),
        })
    });
    references.collect()
}

/// Shows the validator all rows of every table that its foreign keys refer to, but those of the database.
pub(crate) fn take_in(job: &Job, contract: &Contract, validator: &mut Validator) -> Result<()> {
    for (number, key) in contract.foreign_keys.iter().enumerate() {
        if contract.database_table_of(key).is_some() {
            continue;
        }
        let (there, compared) = contract.of_foreign_key(key);
        let mut take = |columns: &[ArrayRef]| {
            let columns: Vec<ArrayRef> = compared
                .iter()
                .map(|&field| Arc::clone(&columns[field]))
                .collect();
            validator.take_in_reference(number, &columns);
        };
        let name = key.resource.as_deref();
        let reference = name.and_then(|name| contract.references.get(name));
        let path = reference.and_then(|reference| reference.path.as_deref());
        let taken = match path.map(|path| place_of(job, path)).transpose()? {
            None if job.replay.is_some() => {
                let what = match reference {
                    Some(_) => "another sheet of the file, which is",
                    None => "other rows of the file, most of which are",
                };
                let message = format!("the contract refers to {what} not in quarantine");
                Err(Error::usage("usage/replay", message).with_hint(
                    "let it refer to the table of the database, by sheetlift.references",
                ))
            }
            None => {
                let mut same = job.clone().with_contract(there);
                if reference.is_some() {
                    same.read = Default::default(); // that is about the other sheet
                }
                take_rows(&same, &mut take)
            }
            Some(path) if is_parquet(&path) => take_parquet(&path, key, &there, &mut take),
            Some(path) => {
                let mut other = Job::new(Source::from_path(&path, &job.limits)?)
                    .with_limits(job.limits.clone())
                    .with_cancel(job.cancel.clone())
                    .with_contract(there);
                other.password.clone_from(&job.password);
                take_rows(&other, &mut take)
            }
        };
        taken.map_err(|error| {
            let name = name.unwrap_or("this table");
            error.with_hint(format!(
                "a foreign key refers to {name}: see `foreignKeys` of the contract"
            ))
        })?;
    }
    Ok(())
}

/// A file in the folder that was allowed, and nowhere else.
fn place_of(job: &Job, path: &str) -> Result<PathBuf> {
    let stays = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let refused = |why: &str| {
        let message = format!("the reference {path:?} cannot be opened: {why}");
        Error::usage("contract/invalid", message)
    };
    if path.contains("://") || !Path::new(path).components().all(stays) {
        return Err(refused("only files in the folder of the contract can"));
    }
    let folder = job.references.as_deref().ok_or_else(|| {
        refused("no files can here").with_hint("refer to a sheet of the workbook")
    })?;
    Ok(folder.join(path))
}

fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// Rows of a sheet or a text file.
fn take_rows(job: &Job, take: &mut dyn FnMut(&[ArrayRef])) -> Result<()> {
    let contract = job.checked_contract()?;
    let workbook = job.workbook()?;
    let sheets = job.look_at_sheets(&workbook, &contract)?;
    if let Some(sheet) = sheets.iter().find(|sheet| sheet.is_blocked()) {
        let reasons = sheet.header_findings.iter();
        let reasons: Vec<&str> = reasons.map(|finding| finding.message.as_str()).collect();
        let message = format!(
            "the table that is referred to does not fit: {}",
            reasons.join("; ")
        );
        return Err(job.locate(Error::usage("header/missing-field", message)));
    }
    for sheet in sheets {
        let (mut rows, mut validator) = sheet.open(job, &workbook)?;
        while !validator.has_ended()
            && let Some(window) = rows.next_window()?
        {
            job.cancel.check()?;
            let checked = validator.check(&window);
            let checked = checked.map_err(|error| job.locate(error))?;
            take(checked.accepted.columns());
        }
    }
    Ok(())
}

/// Columns of a Parquet file, in the types of the fields.
fn take_parquet(
    path: &Path,
    key: &ForeignKey,
    there: &Contract,
    take: &mut dyn FnMut(&[ArrayRef]),
) -> Result<()> {
    let name = path.display().to_string();
    let fail = |error: &dyn std::fmt::Display| {
        Error::usage("usage/reference", format!("cannot read {name}: {error}"))
    };
    let file =
        File::open(path).map_err(|error| Error::io(error, format_args!("cannot read {name}")))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| fail(&error))?;
    let mut places = Vec::new();
    for column in &key.columns {
        let place = builder.schema().index_of(column).map_err(|_| {
            let message = format!("{name}, which is referred to, has no column {column:?}");
            Error::usage("header/missing-field", message)
        })?;
        places.push(place);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let reader = builder
        .with_projection(mask)
        .build()
        .map_err(|error| fail(&error))?;
    for batch in reader {
        let batch = batch.map_err(|error| fail(&error))?;
        let columns = key
            .columns
            .iter()
            .zip(&there.fields)
            .map(|(column, field)| {
                let array = batch
                    .column_by_name(column)
                    .ok_or_else(|| fail(&"a column is missing"))?;
                as_field(array, field).map_err(|error| fail(&error))
            });
        take(&columns.collect::<Result<Vec<_>>>()?);
    }
    Ok(())
}

/// A column of Parquet in the type of a field; a number with a fraction is no whole number.
fn as_field(array: &ArrayRef, field: &Field) -> Result<ArrayRef, ArrowError> {
    let wanted = field.field_type.data_type();
    let has_fractions = array.data_type().is_floating() || array.data_type().is_decimal();
    if wanted == DataType::Int64 && has_fractions {
        let floats = cast(array, &DataType::Float64)?;
        let exact =
            |value: f64| (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64);
        let floats = floats.as_primitive::<Float64Type>().iter();
        let ints: Int64Array = floats.map(|value| value.and_then(exact)).collect();
        return Ok(Arc::new(ints));
    }
    if array.data_type().is_string() != (wanted == DataType::Utf8View) {
        let message = format!("{} is {}, not {wanted}", field.name, array.data_type());
        return Err(ArrowError::SchemaError(message));
    }
    cast(array, &wanted)
}
