//! One column of a window: cells to an array of the field's type, and what its values break.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, StringViewArray,
    builder::StringViewBuilder,
    cast::AsArray,
    new_null_array,
    types::{
        Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};

use super::{
    convert::{Converter, Spec, convert},
    defaults,
    fault::{Fault, What},
    levels::FieldLevels,
    missing::{Missing, nulled},
    rewrite::Rewriter,
    rules::{self, Rule},
    text::{Changes, TextPass, TextVerdicts},
};
use crate::{
    column::{
        Cell, ColumnKind, ColumnView, Repair, TextRepr, Window, build_column, rewrite::with_texts,
    },
    contract::{Contract, Field, FieldType, Value},
    error::{Error, Result},
};

/// What is done with the column of one field, and what was learned of its texts so far.
#[derive(Debug)]
pub(super) struct ColumnCheck {
    index: u16,
    pub(super) field: Field,
    /// Place of its column in the header; a field without one is null.
    pub(super) place: Option<usize>,
    pub(super) rules: Vec<Box<dyn Rule>>,
    pub(super) levels: FieldLevels,
    missing: Missing,
    pub(super) rewriter: Option<Rewriter>,
    converter: Converter,
    verdicts: TextVerdicts,
}

/// A column that was built and checked, value by value.
pub(super) struct CheckedColumn {
    pub(super) array: ArrayRef,
    /// Ascending by row.
    pub(super) faults: Vec<Fault>,
}

impl ColumnCheck {
    pub(super) fn new(contract: &Contract, index: usize, place: Option<usize>) -> Result<Self> {
        let field = &contract.fields[index];
        let rules = rules::of_field(field)?;
        defaults::check(field, &rules)?;
        Ok(ColumnCheck {
            index: u16::try_from(index)
                .map_err(|_| Error::contract("a contract can have 65536 fields"))?,
            field: field.clone(),
            place,
            levels: FieldLevels::new(contract, field, &rules),
            rules,
            missing: Missing::new(contract.missing_values_of(field)),
            rewriter: Rewriter::of(field),
            converter: Converter::default(),
            verdicts: TextVerdicts::default(),
        })
    }

    /// Builds the column and asks every rule that looks at one value.
    pub(super) fn check(&mut self, window: &Window) -> Result<CheckedColumn> {
        let Some(place) = self.place else {
            let array = new_null_array(&self.field.field_type.data_type(), window.num_rows());
            return Ok(CheckedColumn {
                array,
                faults: Vec::new(),
            });
        };
        // A field has its own rules for texts, wherever they come from.
        let column = window.column(place).as_spelled();
        let mut faults = Vec::new();
        let array = match (&self.field.field_type, self.field.field_type.kind()) {
            (FieldType::YearMonth, _) => self.check_year_months(column, &mut faults)?,
            (_, ColumnKind::Text) => self.check_texts(column, &mut faults)?,
            (_, kind) => self.check_values(column, kind, &mut faults)?,
        };
        faults.sort_by_key(|fault| fault.row);
        Ok(CheckedColumn { array, faults })
    }

    fn check_values(
        &mut self,
        column: ColumnView<'_>,
        kind: ColumnKind,
        faults: &mut Vec<Fault>,
    ) -> Result<ArrayRef> {
        let (index, missing) = (self.index, &self.missing);
        let spec = Spec {
            field_type: &self.field.field_type,
            missing,
            rewriter: self.rewriter.as_ref(),
            errors_are_null: self.field.reading.errors_are_null,
        };
        let context = (column.window().strings(), column.window().dates());
        let converter = &mut self.converter;
        let mut misfit = |row: usize, cell: Cell<'_>| {
            let (repair, what) = match converter.repair(cell, spec, context) {
                Ok((repair, is_mapped)) => (repair, is_mapped.then_some(What::Mapped)),
                Err(what) => (Repair::Null, Some(what)),
            };
            faults.extend(what.map(|what| Fault {
                row: row as u32,
                field: index,
                what,
            }));
            Ok(repair)
        };
        let array = build_column(column, kind, TextRepr::View, &mut misfit)?;
        let mut array = missing.without_numbers(array)?;
        for (number, rule) in self.rules.iter().enumerate() {
            let mut gone = Vec::new();
            rows_that_break(&array, &**rule, &mut |row| {
                faults.push(Fault {
                    row: row as u32,
                    field: index,
                    what: What::Rule(number as u8),
                });
                if rule.is_type() {
                    gone.resize(array.len(), false);
                    gone[row] = true;
                }
            });
            if !gone.is_empty() {
                array = nulled(&array, gone)?;
            }
        }
        Ok(array)
    }

    fn check_texts(&mut self, column: ColumnView<'_>, faults: &mut Vec<Fault>) -> Result<ArrayRef> {
        let (index, missing) = (self.index, &self.missing);
        let errors_are_null = self.field.reading.errors_are_null;
        let mut misfit = |row: usize, cell: Cell<'_>| {
            let what = match cell {
                Cell::Error(_) if errors_are_null => return Ok(Repair::Null),
                Cell::Error(text) if missing.has_trimmed(text) => return Ok(Repair::Null),
                Cell::BadString(_) => What::BadString,
                _ => What::FormulaError,
            };
            faults.push(Fault {
                row: row as u32,
                field: index,
                what,
            });
            Ok(Repair::Null)
        };
        let array = build_column(column, ColumnKind::Text, TextRepr::View, &mut misfit)?;
        let texts: &StringViewArray = array.as_string_view();
        let mut pass = TextPass {
            rules: &self.rules,
            missing,
            rewriter: self.rewriter.as_ref(),
            field: index,
            faults,
            gone: Vec::new(),
            changes: Changes::default(),
        };
        self.verdicts.check(column, texts, &mut pass);
        let array = match &pass.changes {
            changes if changes.rows.is_empty() => array,
            changes => Arc::new(with_texts(texts, &changes.texts, &changes.rows)),
        };
        if pass.gone.is_empty() {
            return Ok(array);
        }
        let mut gone = vec![false; array.len()];
        pass.gone.iter().for_each(|&row| gone[row as usize] = true);
        nulled(&array, gone)
    }

    /// Months are written anew: they come from dates as well as from texts. Rare, so there is no fast path.
    fn check_year_months(
        &mut self,
        column: ColumnView<'_>,
        faults: &mut Vec<Fault>,
    ) -> Result<ArrayRef> {
        let spec = Spec {
            field_type: &self.field.field_type,
            missing: &self.missing,
            rewriter: self.rewriter.as_ref(),
            errors_are_null: self.field.reading.errors_are_null,
        };
        let mut texts = StringViewBuilder::with_capacity(column.len());
        column.for_each(|row, cell| {
            let mut fault = |what| {
                faults.push(Fault {
                    row: row as u32,
                    field: self.index,
                    what,
                })
            };
            let converted = convert(cell, spec, column.window().dates());
            if matches!(&converted, Ok(converted) if converted.is_mapped) {
                fault(What::Mapped);
            }
            match converted.map(|converted| converted.value) {
                Ok(Some(Value::Text(month))) => {
                    for (number, rule) in self.rules.iter().enumerate() {
                        if !rule.holds_text(&month) {
                            fault(What::Rule(number as u8));
                        }
                    }
                    texts.append_value(month);
                }
                Ok(_) => texts.append_null(),
                Err(what) => {
                    fault(what);
                    texts.append_null();
                }
            }
        });
        Ok(Arc::new(texts.finish()))
    }
}

/// Reports the rows whose value breaks `rule`: one fast question about all values, then, if need be, row by row.
fn rows_that_break(array: &ArrayRef, rule: &dyn Rule, report: &mut dyn FnMut(usize)) {
    if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
        if !rule.all_floats(floats.values()) {
            let broken = |&row: &usize| array.is_valid(row) && !rule.holds_float(floats.value(row));
            (0..array.len()).filter(broken).for_each(report);
        }
        return;
    }
    let ints = IntValues::of(array);
    let ints = ints.as_slice();
    if !rule.all_ints(ints) {
        (0..ints.len())
            .filter(|&row| array.is_valid(row) && !rule.holds_int(ints[row]))
            .for_each(report);
    }
}

/// Values of a column as 64-bit integers, borrowed where they are stored so.
pub(super) enum IntValues<'a> {
    Borrowed(&'a [i64]),
    Owned(Vec<i64>),
}

impl<'a> IntValues<'a> {
    /// Of integers, dates, times, booleans; floats by their bits, with one zero and one not-a-number.
    pub(super) fn of(array: &'a ArrayRef) -> Self {
        if let Some(array) = array.as_primitive_opt::<Int64Type>() {
            return IntValues::Borrowed(array.values());
        }
        if let Some(array) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            return IntValues::Borrowed(array.values());
        }
        if let Some(array) = array.as_primitive_opt::<Time64MicrosecondType>() {
            return IntValues::Borrowed(array.values());
        }
        if let Some(array) = array.as_primitive_opt::<DurationMicrosecondType>() {
            return IntValues::Borrowed(array.values());
        }
        if let Some(array) = array.as_primitive_opt::<Date32Type>() {
            return IntValues::Owned(array.values().iter().map(|&day| i64::from(day)).collect());
        }
        if let Some(array) = array.as_primitive_opt::<Float64Type>() {
            let bits = |&value: &f64| {
                if value.is_nan() {
                    f64::NAN.to_bits()
                } else {
                    (value + 0.0).to_bits()
                }
            };
            return IntValues::Owned(
                array
                    .values()
                    .iter()
                    .map(|value| bits(value) as i64)
                    .collect(),
            );
        }
        match array.as_boolean_opt() {
            Some(array) => IntValues::Owned(array.values().iter().map(i64::from).collect()),
            None => IntValues::Owned(vec![0; array.len()]), // a column without field type: all null
        }
    }

    pub(super) fn as_slice(&self) -> &[i64] {
        match self {
            IntValues::Borrowed(values) => values,
            IntValues::Owned(values) => values,
        }
    }
}
