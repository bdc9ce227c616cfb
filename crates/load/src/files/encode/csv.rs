//! CSV as RFC 4180 has it, with a line of names. Nothing between the commas is no value; `""` is a text without characters.

use arrow_schema::ArrowError;

use super::{Encoder, arrays, text};
use crate::cells::Value;
use crate::class::Class;
use crate::files::cut::Unit;
use crate::files::fit::Column;

pub(super) struct Csv {
    classes: Vec<Class>,
    out: Vec<u8>,
}

impl Csv {
    pub(super) fn new(columns: &[Column]) -> Csv {
        let mut out = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            quoted_where_needed(column.name.as_bytes(), &mut out);
        }
        out.extend_from_slice(b"\r\n");
        Csv {
            classes: columns.iter().map(|column| column.class).collect(),
            out,
        }
    }
}

impl Encoder for Csv {
    fn write(&mut self, unit: &Unit) -> Result<(), ArrowError> {
        let cells = arrays(&unit.rows)?;
        for row in 0..unit.rows.num_rows() {
            for (place, (cells, class)) in cells.iter().zip(&self.classes).enumerate() {
                if place > 0 {
                    self.out.push(b',');
                }
                match cells.value(row) {
                    // Readers skip lines without a character.
                    Value::Null if self.classes.len() == 1 => self.out.extend_from_slice(b"\"\""),
                    Value::Text(value) => quoted_where_needed(value, &mut self.out),
                    value => text::write(value, *class, &mut self.out),
                }
            }
            self.out.extend_from_slice(b"\r\n");
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

fn quoted_where_needed(text: &[u8], out: &mut Vec<u8>) {
    let special = |b: &u8| matches!(b, b',' | b'"' | b'\r' | b'\n');
    if !text.is_empty() && !text.iter().any(special) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for part in text.split_inclusive(|b| *b == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_would_be_read_as_something_else() {
        for (text, expected) in [
            ("", "\"\""),
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("a\"\"b", "\"a\"\"\"\"b\""),
            ("a\nb", "\"a\nb\""),
        ] {
            let mut out = Vec::new();
            quoted_where_needed(text.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
