//! Newline-delimited JSON, every key in every line. Decimals, dates, times and bytes are strings, so that no reader rounds them.

use arrow_schema::ArrowError;

use super::{Encoder, arrays, text};
use crate::cells::Value;
use crate::class::Class;
use crate::files::cut::Unit;
use crate::files::fit::Column;

pub(super) struct NdJson {
    /// For each column what comes before its value: `{"a":`, `,"b":`.
    leads: Vec<Vec<u8>>,
    classes: Vec<Class>,
    out: Vec<u8>,
}

impl NdJson {
    pub(super) fn new(columns: &[Column]) -> NdJson {
        let lead = |(place, column): (usize, &Column)| {
            let before = if place == 0 { '{' } else { ',' };
            format!("{before}{}:", serde_json::Value::from(column.name.as_str())).into_bytes()
        };
        NdJson {
            leads: columns.iter().enumerate().map(lead).collect(),
            classes: columns.iter().map(|column| column.class).collect(),
            out: Vec::new(),
        }
    }
}

impl Encoder for NdJson {
    fn write(&mut self, unit: &Unit) -> Result<(), ArrowError> {
        let cells = arrays(&unit.rows)?;
        for row in 0..unit.rows.num_rows() {
            for ((cells, class), lead) in cells.iter().zip(&self.classes).zip(&self.leads) {
                self.out.extend_from_slice(lead);
                match cells.value(row) {
                    Value::Null => self.out.extend_from_slice(b"null"),
                    Value::Text(value) => {
                        let value = std::str::from_utf8(value)
                            .map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
                        serde_json::to_writer(&mut self.out, value)
                            .map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
                    }
                    value @ (Value::Boolean(_)
                    | Value::Integer(_)
                    | Value::Unsigned(_)
                    | Value::Real(_)) => {
                        text::write(value, *class, &mut self.out);
                    }
                    value => {
                        self.out.push(b'"');
                        text::write(value, *class, &mut self.out);
                        self.out.push(b'"');
                    }
                }
            }
            self.out.extend_from_slice(b"}\n");
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        Ok(())
    }

    fn encoded(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }
}
