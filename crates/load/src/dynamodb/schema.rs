//! The plan's columns, checked for DynamoDB as far as that goes without asking it.

use crate::class::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::plan::Plan;

/// The most columns of an upsert: an update may name 300 of them, and its expression has 4 KB.
pub(super) const MAX_UPSERT_COLUMNS: usize = 250;

/// The metadata of a field whose nulls leave what is there.
const BLANK: &str = "sheetlift.blank";
const KEEP_EXISTING: &str = "keep_existing";

/// How rows meet the items that are there: the modes that this sink has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meeting {
    Insert,
    InsertMissing,
    Upsert,
}

/// A column of the import.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) class: Class,
    /// A row without a value leaves the one that is there (`sheetlift.blank` of the field).
    pub(super) keeps_existing: bool,
}

/// How the plan's mode is carried out here.
pub(super) fn meeting(plan: &Plan) -> Result<Meeting> {
    let known = [
        (Mode::Insert, Meeting::Insert),
        (Mode::InsertMissing, Meeting::InsertMissing),
        (Mode::Upsert, Meeting::Upsert),
    ];
    if let Some((_, meeting)) = known.into_iter().find(|(mode, _)| *mode == plan.mode) {
        return Ok(meeting);
    }
    let names = known.map(|(mode, _)| mode.as_str()).join(", ");
    Err(Error::usage(
        "usage/mode",
        format!("DynamoDB does not take mode {}, only {names}", plan.mode),
    ))
}

/// The columns of a plan; names and types that DynamoDB cannot take are refused by name.
pub(super) fn columns(plan: &Plan) -> Result<Vec<Column>> {
    check_table_name(&plan.table)?;
    let fields = plan.schema.fields();
    if plan.mode == Mode::Upsert && fields.len() > MAX_UPSERT_COLUMNS {
        let (limit, actual) = (MAX_UPSERT_COLUMNS as u64, fields.len() as u64);
        return Err(Error::new(
            ErrorKind::Limit {
                name: "columns",
                limit,
                actual,
            },
            "limit/columns",
            format!(
                "{actual} columns are more than the {limit} that an upsert into DynamoDB takes"
            ),
        ));
    }
    let column = |field: &arrow_schema::FieldRef| {
        let Some(class) = Class::of(field.data_type()) else {
            return Err(Error::usage(
                "usage/column-type",
                format!(
                    "column {:?} is {}, which this sink does not store in DynamoDB",
                    field.name(),
                    field.data_type()
                ),
            )
            .with_hint(
                "leave the column out, or turn it into text (such as JSON) before loading",
            ));
        };
        let blank = field.metadata().get(BLANK);
        Ok(Column {
            name: field.name().clone(),
            class,
            keeps_existing: blank.is_some_and(|word| word == KEEP_EXISTING),
        })
    };
    fields.iter().map(column).collect()
}

fn check_table_name(table: &str) -> Result<()> {
    let regular = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (3..=255).contains(&table.len()) && table.bytes().all(regular) {
        return Ok(());
    }
    Err(Error::usage(
        "usage/table-name",
        format!(
            "table {table:?} cannot be in DynamoDB: names have 3 to 255 characters of a-z, A-Z, 0-9, _, - and ."
        ),
    ))
}
