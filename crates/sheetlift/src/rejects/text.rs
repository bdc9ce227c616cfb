//! Rejected rows as a text file, in the dialect of the file they come from.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use sheetlift_core::{Cell, CsvOptions};

use super::Rows;
use crate::error::{Error, Result};

/// A file under way.
pub(super) struct TextRows<W: Write> {
    lines: Writer<Encoder<W>>,
    /// What a reason must not have in it where nothing can be quoted.
    unquoted: Option<char>,
    escape: Option<char>,
    /// The row that is being filled, and its fields.
    row: u32,
    record: Vec<String>,
}

impl<W: Write> TextRows<W> {
    pub(super) fn new(out: W, encoding: &str, delimiter: u8, options: &CsvOptions) -> TextRows<W> {
        let mut builder = WriterBuilder::new();
        builder
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .comment(options.comment.as_ref().map(|text| text.as_bytes()[0]))
            .double_quote(options.double_quote.unwrap_or(true));
        if let Some(quote) = options.quote {
            builder.quote(quote);
        }
        if let Some(escape) = options.escape {
            builder.escape(escape);
        }
        if options.no_quotes {
            builder.quote_style(QuoteStyle::Never);
        }
        TextRows {
            lines: builder.from_writer(Encoder::new(out, encoding)),
            unquoted: options.no_quotes.then_some(char::from(delimiter)),
            escape: options.escape.map(char::from),
            row: 0,
            record: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if !self.record.is_empty() {
            self.end_row()?;
        }
        self.lines.flush().map_err(fail)
    }

    fn end_row(&mut self) -> Result<()> {
        let written = self.lines.write_record(&self.record);
        self.record.clear();
        self.row += 1;
        written.map_err(|error| fail(error.into()))
    }

    fn put(&mut self, column: u32, text: &str) {
        self.record.resize(column as usize, String::new());
        self.record.push(match self.escape {
            // The character that takes the meaning of the next one has to lose its own.
            Some(escape) => text.replace(escape, &format!("{escape}{escape}")),
            None => text.to_owned(),
        });
    }
}

impl<W: Write> Rows for TextRows<W> {
    fn start(&mut self, row: u32) -> Result<()> {
        while self.row < row {
            self.end_row()?;
        }
        Ok(())
    }

    fn cell(&mut self, column: u32, cell: Cell<'_>, _: Option<&str>) -> Result<()> {
        if let Cell::Text(text, _) = cell {
            self.put(column, text); // a text file has no other cells
        }
        Ok(())
    }

    fn note(&mut self, column: u32, text: &str) -> Result<()> {
        match self.unquoted {
            Some(delimiter) => self.put(column, &text.replace([delimiter, '\n', '\r'], " ")),
            None => self.put(column, text),
        }
        Ok(())
    }
}

/// UTF-8 on its way into the encoding of the file. What has no place in it becomes a reference such as `&#8230;`; that can
/// only happen to the reasons, for all else comes from such a file.
struct Encoder<W> {
    out: W,
    encoding: &'static Encoding,
    /// Bytes of a character whose rest has not come yet.
    rest: Vec<u8>,
    is_at_start: bool,
}

impl<W: Write> Encoder<W> {
    fn new(out: W, encoding: &str) -> Encoder<W> {
        Encoder {
            out,
            encoding: Encoding::for_label(encoding.as_bytes()).unwrap_or(UTF_8),
            rest: Vec::new(),
            is_at_start: true,
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.rest.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut self.rest, rest)).unwrap_or_default();
        let mark = if std::mem::take(&mut self.is_at_start) {
            "\u{feff}"
        } else {
            ""
        };
        // UTF-16 is no encoding to write for `encoding_rs`, which serves the Web.
        let units = mark.encode_utf16().chain(text.encode_utf16());
        if self.encoding == UTF_16LE {
            self.out
                .write_all(&units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
        } else if self.encoding == UTF_16BE {
            self.out
                .write_all(&units.flat_map(u16::to_be_bytes).collect::<Vec<u8>>())?;
        } else {
            self.out.write_all(&self.encoding.encode(&text).0)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn fail(error: io::Error) -> Error {
    Error::io(error, "cannot write the rejected rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        for (encoding, expected) in [
            ("UTF-8", "ä…\n".as_bytes()),
            ("windows-1252", b"\xe4\x85\n"),
            ("ISO-8859-2", b"\xe4&#8230;\n"),
            ("UTF-16LE", b"\xff\xfe\xe4\0\x26\x20\n\0"),
            ("UTF-16BE", b"\xfe\xff\0\xe4\x20\x26\0\n"),
        ] {
            let mut out = Vec::new();
            let mut encoder = Encoder::new(&mut out, encoding);
            for byte in "ä…\n".as_bytes() {
                encoder.write_all(&[*byte]).unwrap();
            }
            assert_eq!(out, expected, "{encoding}");
        }
    }

    #[test]
    fn without_quotes_a_reason_has_no_delimiter_and_an_escape_is_escaped() {
        let mut options = CsvOptions::default();
        options.no_quotes = true;
        let mut out = Vec::new();
        let mut rows = TextRows::new(&mut out, "UTF-8", b';', &options);
        rows.put(0, "a");
        rows.note(1, "bad; very\nbad").unwrap();
        rows.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a;bad  very bad\n");
        let mut options = CsvOptions::default();
        (options.escape, options.double_quote) = (Some(b'\\'), Some(false));
        let mut out = Vec::new();
        let mut rows = TextRows::new(&mut out, "UTF-8", b',', &options);
        rows.put(0, "a,b\\");
        rows.put(1, "c\"d");
        rows.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\"a,b\\\\\",\"c\\\"d\"\n");
    }

    #[test]
    fn fields_are_written_as_the_dialect_has_them() {
        let mut options = CsvOptions::default();
        options.comment = Some("#".to_owned());
        let mut out = Vec::new();
        let mut rows = TextRows::new(&mut out, "UTF-8", b';', &options);
        rows.start(1).unwrap();
        rows.put(0, "#1");
        rows.put(2, "a;\"b");
        rows.start(2).unwrap();
        rows.put(1, "x");
        rows.finish().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"\"\n\"#1\";;\"a;\"\"b\"\n;x\n"
        );
    }
}
