//! `sheetlift.tableRules` and `sheetlift.thresholds`: what a table has to be like as a whole.

use std::collections::HashSet;

use super::{
    keys, levels,
    model::{Field, FieldType},
    place::{Keys, Place},
    resource::field_indexes,
};
use crate::{a1::parse_cell, error::Result, finding::Level};

/// A rule about the table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TableRule {
    /// Its name in findings; no two rules have the same.
    pub id: String,
    /// What it asks.
    pub asks: TableQuestion,
    /// How much it matters.
    pub level: Level,
}

/// What a rule about the table asks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TableQuestion {
    /// How many rows there are, blank ones aside.
    RowCount {
        /// At least so many.
        minimum: Option<u64>,
        /// At most so many.
        maximum: Option<u64>,
    },
    /// What the values of a numeric field come to, in all rows that have one, rejected ones included.
    Total {
        /// Index in [`Contract::fields`](super::Contract::fields).
        field: usize,
        /// What it has to be.
        equals: Total,
        /// How far off it may be. Default: a millionth.
        tolerance: f64,
    },
    /// Rows that agree in these fields agree in those as well: a post code has one town.
    Dependency {
        /// Indexes of the fields that decide.
        from: Vec<usize>,
        /// Indexes of the fields that follow from them.
        to: Vec<usize>,
    },
    /// No two rows are the same in all fields.
    Duplicates,
}

/// What a total has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Total {
    /// This number.
    Number(f64),
    /// The number in this cell (zero-based row and column) of the same sheet.
    Cell(u32, u32),
}

/// How many rows may be rejected before all are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Thresholds {
    /// At most so many.
    pub rejected: Option<u64>,
    /// At most this share of all rows, 0 to 1.
    pub ratio: Option<f64>,
}

/// How far off a total may be where the contract does not say: sums of decimal numbers are not exact.
pub(super) const TOLERANCE: f64 = 1e-6;

pub(super) fn read(place: &Place<'_>, fields: &[Field]) -> Result<Vec<TableRule>> {
    let mut ids = HashSet::new();
    let mut rules = Vec::new();
    for place in place.list()? {
        let keys = place.map()?;
        keys.only("a table rule", keys::TABLE_RULE, &[])?;
        let id = keys.required("id")?;
        if !ids.insert(id.non_empty_text()?) {
            return Err(id.error(format!("two rules are called {:?}", id.text()?)));
        }
        let level = keys.read("level", levels::read_one)?;
        rules.push(TableRule {
            id: id.text()?.to_owned(),
            asks: question(&keys, fields)?,
            level: level.unwrap_or(Level::Error),
        });
    }
    Ok(rules)
}

fn question(rule: &Keys<'_>, fields: &[Field]) -> Result<TableQuestion> {
    let kinds = ["rowCount", "total", "dependency", "duplicates"];
    let mut said = kinds
        .iter()
        .filter_map(|kind| Some((*kind, rule.get(kind)?)));
    let (Some((kind, place)), None) = (said.next(), said.next()) else {
        let one_of = kinds.join(", ");
        return Err(rule
            .place()
            .error(format!("a table rule has one of {one_of}")));
    };
    match kind {
        "rowCount" => row_count(&place),
        "total" => total(&place, fields),
        "dependency" => {
            let keys = place.map()?;
            keys.only("dependency", keys::DEPENDENCY, &[])?;
            let side = |key: &str| {
                let place = keys.required(key)?;
                match field_indexes(&place, fields)? {
                    indexes if indexes.is_empty() => Err(place.error("no field is named")),
                    indexes => Ok(indexes),
                }
            };
            Ok(TableQuestion::Dependency {
                from: side("from")?,
                to: side("to")?,
            })
        }
        _ => match place.bool()? {
            true => Ok(TableQuestion::Duplicates),
            false => Err(place.error("leave the rule out where duplicates are no matter")),
        },
    }
}

fn row_count(place: &Place<'_>) -> Result<TableQuestion> {
    let keys = place.map()?;
    keys.only("rowCount", keys::ROW_COUNT, &[])?;
    let number = |key: &str| keys.read(key, |place| place.count(0).map(u64::from));
    let (minimum, maximum) = (number("minimum")?, number("maximum")?);
    if minimum.is_none() && maximum.is_none() {
        return Err(place.error("`rowCount` says neither `minimum` nor `maximum`"));
    }
    if minimum.zip(maximum).is_some_and(|(low, high)| low > high) {
        return Err(place.error("no table has that many rows: `minimum` is above `maximum`"));
    }
    Ok(TableQuestion::RowCount { minimum, maximum })
}

fn total(place: &Place<'_>, fields: &[Field]) -> Result<TableQuestion> {
    let keys = place.map()?;
    keys.only("total", keys::TOTAL, &[])?;
    let field_place = keys.required("field")?;
    let field = super::resource::field_index(&field_place, fields)?;
    if !matches!(
        fields[field].field_type,
        FieldType::Integer(_) | FieldType::Number(_)
    ) {
        return Err(field_place.error(format!("{:?} is no number", fields[field].name)));
    }
    let tolerance = keys.read("tolerance", |place| {
        let number = place.number()?;
        match number >= 0.0 {
            true => Ok(number),
            false => Err(place.expected("a number from 0")),
        }
    })?;
    let cell = keys.read("cell", |place| {
        let cell = parse_cell(place.text()?);
        cell.ok_or_else(|| place.expected("a cell, such as F2"))
    })?;
    let equals = match (keys.read("equals", Place::number)?, cell) {
        (Some(number), None) => Total::Number(number),
        (None, Some((row, column))) => Total::Cell(row, column),
        _ => return Err(place.error("a total has `equals` or `cell`")),
    };
    Ok(TableQuestion::Total {
        field,
        equals,
        tolerance: tolerance.unwrap_or(TOLERANCE),
    })
}

pub(super) fn thresholds(place: &Place<'_>) -> Result<Thresholds> {
    let keys = place.map()?;
    keys.only("thresholds", keys::THRESHOLDS, &[])?;
    let ratio = keys.read("ratio", Place::ratio)?;
    let rejected = keys.read("rejected", |place| place.count(0).map(u64::from))?;
    match rejected.is_none() && ratio.is_none() {
        true => Err(place.error("`thresholds` say neither `rejected` nor `ratio`")),
        false => Ok(Thresholds { rejected, ratio }),
    }
}
