//! Where records end, and what their fields are.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter, memchr3};

/// What parts fields and quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// No field is quoted.
    pub(super) no_quotes: bool,
    /// Two quotes within quotes are one.
    pub(super) double_quote: bool,
    /// Takes its meaning from the character that follows.
    pub(super) escape: Option<u8>,
    /// Blanks behind a delimiter belong to no field.
    pub(super) skip_initial_space: bool,
    /// What a line that is no record starts with.
    pub(super) comment: Option<Comment>,
}

/// The characters that a comment starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment {
    bytes: [u8; Comment::MAX_BYTES],
    len: u8,
}

impl Comment {
    pub(super) const MAX_BYTES: usize = 8;

    /// `None` when there are none, or more than eight bytes of them.
    pub(super) fn new(text: &str) -> Option<Comment> {
        let mut bytes = [0; Comment::MAX_BYTES];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).ok().filter(|len| *len > 0)?;
        Some(Comment { bytes, len })
    }
}

/// The end of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where the record ends, and where the next one begins.
    At(usize, usize),
    /// The bytes end in it.
    Open,
    /// The bytes end in a field whose quote, which is here, is not closed.
    InQuotes(usize),
}

impl Marks {
    /// The dialect of RFC 4180, but for its delimiter and its quote.
    pub(super) fn new(delimiter: u8, quote: u8) -> Self {
        Marks {
            delimiter,
            quote,
            no_quotes: false,
            double_quote: true,
            escape: None,
            skip_initial_space: false,
            comment: None,
        }
    }

    fn is_usual(&self) -> bool {
        *self == Marks::new(self.delimiter, self.quote)
    }

    /// True when this line is a comment.
    pub(super) fn is_comment(&self, line: &[u8]) -> bool {
        self.comment
            .is_some_and(|comment| line.starts_with(&comment.bytes[..usize::from(comment.len)]))
    }

    /// The end of the record that starts at `start`. Lines end in `\n`, `\r\n` or `\r`; a quote opens a field only where one
    /// begins, and in a quoted field two quotes are one.
    pub(super) fn record_end(&self, bytes: &[u8], start: usize) -> End {
        if !self.is_usual() {
            return self.walk(bytes, start, |_| {});
        }
        let mut at = start;
        loop {
            let Some(found) = memchr3(b'\n', b'\r', self.quote, &bytes[at..]) else {
                return End::Open;
            };
            at += found;
            match bytes[at] {
                b'\n' => return End::At(at, at + 1),
                b'\r' => {
                    let next = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'\n'));
                    return End::At(at, next);
                }
                _ if at > start && bytes[at - 1] != self.delimiter => at += 1,
                _ => match self.quoted_end(bytes, at + 1) {
                    Some(end) => at = end,
                    None => return End::InQuotes(at),
                },
            }
        }
    }

    /// The place behind the quote that closes the field whose text starts at `at`.
    fn quoted_end(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            at += memchr(self.quote, bytes.get(at..)?)? + 1;
            if bytes.get(at) != Some(&self.quote) {
                return Some(at);
            }
            at += 1;
        }
    }
}

/// Reads the fields of records. Its buffers are reused.
pub(super) struct Fields {
    marks: Marks,
    quoted: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    pub(super) fn new(marks: Marks) -> Self {
        let quoted = ReaderBuilder::new()
            .delimiter(marks.delimiter)
            .quote(marks.quote)
            .build();
        Fields {
            marks,
            quoted,
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Shows each field of a record (without its line end) to `visit`, with its number. A comment has none.
    pub(super) fn visit<E>(
        &mut self,
        record: &[u8],
        mut visit: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_usual = self.marks.is_usual();
        if is_usual && memchr(self.marks.quote, record).is_none() {
            let (mut start, mut number) = (0, 0);
            for end in memchr_iter(self.marks.delimiter, record) {
                visit(number, &record[start..end])?;
                (start, number) = (end + 1, number + 1);
            }
            return visit(number, &record[start..]);
        }
        let fields = match is_usual {
            true => self.unquote(record),
            false => self.walk(record),
        };
        let mut start = 0;
        for number in 0..fields {
            let end = self.ends[number];
            visit(number, &self.text[start..end])?;
            start = end;
        }
        Ok(())
    }

    /// Reads a record of an unusual dialect; gives how many fields it has.
    fn walk(&mut self, record: &[u8]) -> usize {
        let (text, ends) = (&mut self.text, &mut self.ends);
        text.clear();
        ends.clear();
        self.marks.walk(record, 0, |byte| match byte {
            Some(byte) => text.push(byte),
            None => ends.push(text.len()),
        });
        ends.len()
    }

    /// Reads a record that has quotes; gives how many fields it has.
    fn unquote(&mut self, record: &[u8]) -> usize {
        self.quoted.reset();
        self.text.resize(record.len().max(64), 0);
        self.ends.resize(64, 0);
        let (mut input, mut written, mut ended) = (record, 0, 0);
        loop {
            let (result, read, wrote, ends) =
                self.quoted
                    .read_record(input, &mut self.text[written..], &mut self.ends[ended..]);
            input = &input[read..];
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => {} // the empty input that follows ends the record
                ReadRecordResult::Record | ReadRecordResult::End => return ended,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// The records by our own splitting; blank ones left out, as csv-core does.
    fn records(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let marks = Marks::new(b',', b'"');
        let mut fields = Fields::new(marks);
        let (mut records, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let (end, next) = match marks.record_end(bytes, at) {
                End::At(end, next) => (end, next),
                End::Open | End::InQuotes(_) => (bytes.len(), bytes.len()),
            };
            let mut record = Vec::new();
            if end > at {
                let visited: Result<(), Infallible> =
                    fields.visit(&bytes[at..end], |number, field| {
                        assert_eq!(number, record.len());
                        record.push(field.to_vec());
                        Ok(())
                    });
                visited.unwrap();
                records.push(record);
            }
            at = next;
        }
        records
    }

    /// The same by csv-core alone.
    fn expected(mut bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader = ReaderBuilder::new().build();
        let (mut text, mut ends) = (vec![0; 4096], vec![0; 256]);
        let (mut records, mut written, mut ended) = (Vec::new(), 0, 0);
        loop {
            let (result, read, wrote, more) =
                reader.read_record(bytes, &mut text[written..], &mut ends[ended..]);
            bytes = &bytes[read..];
            written += wrote;
            ended += more;
            match result {
                ReadRecordResult::Record => {
                    let mut start = 0;
                    let record = ends[..ended].iter().map(|&end| {
                        let field = text[start..end].to_vec();
                        start = end;
                        field
                    });
                    records.push(record.collect());
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::End => return records,
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn records_are_those_of_csv_core(text in "[ab\",\n\r]{0,40}") {
            prop_assert_eq!(records(text.as_bytes()), expected(text.as_bytes()), "{:?}", text);
            let marks = Marks::new(b',', b'"');
            prop_assert_eq!(marks.walk(text.as_bytes(), 0, |_| {}), marks.record_end(text.as_bytes(), 0), "{:?}", text);
        }
    }

    #[test]
    fn finds_ends() {
        let marks = Marks::new(b',', b'"');
        assert_eq!(marks.record_end(b"a,b\r\nc", 0), End::At(3, 5));
        assert_eq!(marks.record_end(b"a,\"b\n\"\"\"\nc", 0), End::At(8, 9));
        assert_eq!(marks.record_end(b"5\" pipe\n", 0), End::At(7, 8));
        assert_eq!(marks.record_end(b"a,b", 0), End::Open);
        assert_eq!(marks.record_end(b"a,\"b\n", 0), End::InQuotes(2));
    }
}
