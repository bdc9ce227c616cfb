//! Cells that are not of their column's type, yet mean a value of it: texts that are numbers or dates, whole numbers for
//! booleans. A shared string is converted once, however often it occurs.

use std::sync::Arc;

use super::{cells::cell_text, fault::What, missing::Missing, rewrite::Rewriter};
use crate::{
    column::{Cell, ColumnKind, DateSystem, Repair, StringId, StringTable, time_micros},
    contract::{FieldType, Misfit, Value},
};

/// How the cells of a field are read.
#[derive(Clone, Copy)]
pub(super) struct Spec<'a> {
    pub(super) field_type: &'a FieldType,
    pub(super) missing: &'a Missing,
    /// The words that are mapped, where there are some.
    pub(super) rewriter: Option<&'a Rewriter>,
    /// A cell that shows an error has no value.
    pub(super) errors_are_null: bool,
}

/// What a cell means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Converted {
    /// `None` for "no value".
    pub(super) value: Option<Value>,
    /// Its text was read as another one.
    pub(super) is_mapped: bool,
}

/// A value that nothing was done to.
fn plain(value: Option<Value>) -> Result<Converted, What> {
    Ok(Converted {
        value,
        is_mapped: false,
    })
}

impl Spec<'_> {
    /// The value of a text that does not mean "no value".
    fn parse(&self, text: &str) -> Result<Converted, What> {
        let mapped = self.rewriter.and_then(|rewriter| rewriter.mapped(text));
        let text = mapped.unwrap_or(text);
        let value = match mapped {
            Some(text) if self.missing.has_trimmed(text) => None,
            _ => Some(self.field_type.parse(text).map_err(What::Misfit)?),
        };
        Ok(Converted {
            value,
            is_mapped: mapped.is_some(),
        })
    }
}

/// The value of such a cell.
pub(super) fn convert(
    cell: Cell<'_>,
    spec: Spec<'_>,
    dates: DateSystem,
) -> Result<Converted, What> {
    let (field_type, missing) = (spec.field_type, spec.missing);
    let text = match cell {
        Cell::Null => return plain(None),
        Cell::BadString(_) => return Err(What::BadString),
        Cell::Error(text) if spec.errors_are_null || missing.has_trimmed(text) => {
            return plain(None);
        }
        Cell::Error(_) => return Err(What::FormulaError),
        Cell::Text(text, _) if missing.has_trimmed(text) => return plain(None),
        Cell::Text(text, _) => return spec.parse(text),
        cell => cell_text(cell, dates),
    };
    if missing.has(&text) {
        return plain(None);
    }
    let misfit = match (cell, field_type) {
        (Cell::Int(_) | Cell::Float(_), FieldType::Boolean { .. }) => return spec.parse(&text),
        (Cell::Int(_), FieldType::Number(_)) => Misfit::Precision,
        (Cell::Float(float), FieldType::Integer(_) | FieldType::Year) if float.fract() == 0.0 => {
            Misfit::Precision
        }
        (Cell::Duration(days), FieldType::Time(_)) if (0.0..1.0).contains(&days) => {
            match time_micros(days) {
                Some(micros) => return plain(Some(Value::Int(micros))),
                None => Misfit::DateInvalid,
            }
        }
        (Cell::Date(_) | Cell::DateTime(_), FieldType::YearMonth) => match text
            .strip_suffix("T00:00:00")
            .unwrap_or(&text)
            .strip_suffix("-01")
        {
            Some(month) => return plain(Some(Value::Text(month.to_owned()))),
            None => Misfit::DateInvalid,
        },
        _ => Misfit::Type,
    };
    Err(What::Misfit(misfit))
}

/// Converts the cells of one column, remembering shared strings.
#[derive(Debug, Default)]
pub(super) struct Converter {
    table: Option<Arc<StringTable>>,
    states: Vec<State>,
    bits: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Missing,
    MissingMapped,
    Known,
    KnownMapped,
    Bad(Misfit),
}

impl Converter {
    /// As [`convert`], as a repair for a column of this kind, and whether a text was read as another one.
    pub(super) fn repair(
        &mut self,
        cell: Cell<'_>,
        spec: Spec<'_>,
        window: (&Arc<StringTable>, DateSystem),
    ) -> Result<(Repair, bool), What> {
        let kind = spec.field_type.kind();
        if let Cell::Text(text, Some(id)) = cell {
            return self.shared(id, text, spec, window);
        }
        let converted = convert(cell, spec, window.1)?;
        let repair = converted
            .value
            .map_or(Repair::Null, |value| to_repair(to_bits(&value), kind));
        Ok((repair, converted.is_mapped))
    }

    fn shared(
        &mut self,
        id: StringId,
        text: &str,
        spec: Spec<'_>,
        (table, dates): (&Arc<StringTable>, DateSystem),
    ) -> Result<(Repair, bool), What> {
        if !self
            .table
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, table))
        {
            // Zeroed pages cost nothing until a string of theirs is met.
            self.states = vec![State::Unknown; table.len()];
            self.bits = vec![0; table.len()];
            self.table = Some(Arc::clone(table));
        }
        let index = id as usize;
        if self.states[index] == State::Unknown {
            self.states[index] = match convert(Cell::Text(text, None), spec, dates) {
                Ok(converted) => {
                    self.bits[index] = converted.value.as_ref().map_or(0, to_bits);
                    match (converted.value, converted.is_mapped) {
                        (None, false) => State::Missing,
                        (None, true) => State::MissingMapped,
                        (Some(_), false) => State::Known,
                        (Some(_), true) => State::KnownMapped,
                    }
                }
                Err(What::Misfit(misfit)) => State::Bad(misfit),
                Err(other) => return Err(other),
            };
        }
        let known = || to_repair(self.bits[index], spec.field_type.kind());
        match self.states[index] {
            State::Known => Ok((known(), false)),
            State::KnownMapped => Ok((known(), true)),
            State::Bad(misfit) => Err(What::Misfit(misfit)),
            State::Missing | State::Unknown => Ok((Repair::Null, false)),
            State::MissingMapped => Ok((Repair::Null, true)),
        }
    }
}

fn to_bits(value: &Value) -> u64 {
    match value {
        Value::Int(value) => *value as u64,
        Value::Float(value) => value.to_bits(),
        Value::Bool(value) => u64::from(*value),
        Value::Text(_) => 0, // text columns are not built from repairs
    }
}

fn to_repair(bits: u64, kind: ColumnKind) -> Repair {
    match kind {
        ColumnKind::Bool => Repair::Bool(bits != 0),
        ColumnKind::Int => Repair::Int(bits as i64),
        ColumnKind::Float => Repair::Float(f64::from_bits(bits)),
        ColumnKind::Decimal { .. } => Repair::Null, // no field of a contract is one
        ColumnKind::Date => Repair::Days(bits as i32),
        ColumnKind::Timestamp | ColumnKind::Time | ColumnKind::Duration => {
            Repair::Micros(bits as i64)
        }
        ColumnKind::Null | ColumnKind::Text => Repair::Null,
    }
}
