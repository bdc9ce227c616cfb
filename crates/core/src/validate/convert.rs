//! Cells that are not of their column's type, yet mean a value of it: texts that are numbers or dates, whole numbers for
//! booleans. A shared string is converted once, however often it occurs.

use std::sync::Arc;

use super::{cells::cell_text, fault::What, missing::Missing};
use crate::{
    column::{Cell, ColumnKind, DateSystem, Repair, StringId, StringTable, time_micros},
    contract::{FieldType, Misfit, Value},
};

/// The value of such a cell; `None` for "no value".
pub(super) fn convert(
    cell: Cell<'_>,
    field_type: &FieldType,
    missing: &Missing,
    dates: DateSystem,
) -> Result<Option<Value>, What> {
    let text = match cell {
        Cell::Null => return Ok(None),
        Cell::BadString(_) => return Err(What::BadString),
        Cell::Error(text) if missing.has_trimmed(text) => return Ok(None),
        Cell::Error(_) => return Err(What::FormulaError),
        Cell::Text(text, _) if missing.has_trimmed(text) => return Ok(None),
        Cell::Text(text, _) => return field_type.parse(text).map(Some).map_err(What::Misfit),
        cell => cell_text(cell, dates),
    };
    if missing.has(&text) {
        return Ok(None);
    }
    let misfit = match (cell, field_type) {
        (Cell::Int(_) | Cell::Float(_), FieldType::Boolean { .. }) => {
            return field_type.parse(&text).map(Some).map_err(What::Misfit);
        }
        (Cell::Int(_), FieldType::Number(_)) => Misfit::Precision,
        (Cell::Float(float), FieldType::Integer(_) | FieldType::Year) if float.fract() == 0.0 => {
            Misfit::Precision
        }
        (Cell::Duration(days), FieldType::Time(_)) if (0.0..1.0).contains(&days) => {
            match time_micros(days) {
                Some(micros) => return Ok(Some(Value::Int(micros))),
                None => Misfit::DateInvalid,
            }
        }
        (Cell::Date(_) | Cell::DateTime(_), FieldType::YearMonth) => match text.strip_suffix("-01")
        {
            Some(month) => return Ok(Some(Value::Text(month.to_owned()))),
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
    Known,
    Bad(Misfit),
}

impl Converter {
    /// As [`convert`], as a repair for a column of this kind.
    pub(super) fn repair(
        &mut self,
        cell: Cell<'_>,
        field_type: &FieldType,
        missing: &Missing,
        window: (&Arc<StringTable>, DateSystem),
    ) -> Result<Repair, What> {
        let kind = field_type.kind();
        if let Cell::Text(text, Some(id)) = cell {
            return self.shared(id, text, field_type, missing, window);
        }
        let value = convert(cell, field_type, missing, window.1)?;
        Ok(value.map_or(Repair::Null, |value| to_repair(to_bits(&value), kind)))
    }

    fn shared(
        &mut self,
        id: StringId,
        text: &str,
        field_type: &FieldType,
        missing: &Missing,
        (table, dates): (&Arc<StringTable>, DateSystem),
    ) -> Result<Repair, What> {
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
            self.states[index] = match convert(Cell::Text(text, None), field_type, missing, dates) {
                Ok(None) => State::Missing,
                Ok(Some(value)) => {
                    self.bits[index] = to_bits(&value);
                    State::Known
                }
                Err(What::Misfit(misfit)) => State::Bad(misfit),
                Err(other) => return Err(other),
            };
        }
        match self.states[index] {
            State::Known => Ok(to_repair(self.bits[index], field_type.kind())),
            State::Bad(misfit) => Err(What::Misfit(misfit)),
            State::Missing | State::Unknown => Ok(Repair::Null),
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
