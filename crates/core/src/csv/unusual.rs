//! Records of dialects that few files have: an escape character, quotes that are not doubled or not there at all, comments,
//! blanks behind the delimiter. Read byte by byte, as Python's `csv` does, whose users write such files.

use super::records::{End, Marks};

/// Where a field stands in the record in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that closes the field, or is the first of two.
    Closed,
    /// Behind an escape character, and whether that was within quotes.
    Escaped(bool),
}

impl Marks {
    /// As [`Marks::record_end`], and shows each byte of each field to `put`, and `None` at the end of one. A comment has no
    /// field.
    pub(super) fn walk(&self, bytes: &[u8], start: usize, mut put: impl FnMut(Option<u8>)) -> End {
        if self.is_comment(&bytes[start..]) {
            return line_end(bytes, start);
        }
        let (mut state, mut quote) = (State::Start, start);
        let is_quote = |byte| !self.no_quotes && byte == self.quote;
        for (at, &byte) in bytes.iter().enumerate().skip(start) {
            state = match (state, byte) {
                (State::Escaped(in_quotes), _) => {
                    put(Some(byte));
                    if in_quotes {
                        State::Quoted
                    } else {
                        State::Plain
                    }
                }
                (State::Quoted, _) if Some(byte) == self.escape => State::Escaped(true),
                (State::Quoted, _) if is_quote(byte) => State::Closed,
                (State::Quoted, _) => {
                    put(Some(byte));
                    State::Quoted
                }
                (State::Closed, _) if is_quote(byte) && self.double_quote => {
                    put(Some(byte));
                    State::Quoted
                }
                (_, b'\n' | b'\r') => {
                    put(None);
                    return line_end(bytes, at);
                }
                (_, _) if byte == self.delimiter => {
                    put(None);
                    State::Start
                }
                (State::Start, b' ') if self.skip_initial_space => State::Start,
                (State::Start, _) if is_quote(byte) => {
                    quote = at;
                    State::Quoted
                }
                (_, _) if Some(byte) == self.escape => State::Escaped(false),
                (_, _) => {
                    put(Some(byte));
                    State::Plain
                }
            };
        }
        put(None);
        match state {
            State::Quoted | State::Escaped(true) => End::InQuotes(quote),
            _ => End::Open,
        }
    }
}

/// The end of a line, from `start` on.
fn line_end(bytes: &[u8], start: usize) -> End {
    let Some(at) = memchr::memchr2(b'\n', b'\r', &bytes[start..]) else {
        return End::Open;
    };
    let at = start + at;
    let is_pair = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    End::At(at, at + 1 + usize::from(is_pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(marks: &Marks, text: &str) -> Vec<Vec<String>> {
        let (bytes, mut at) = (text.as_bytes(), 0);
        let mut records = Vec::new();
        while at < bytes.len() {
            let (mut record, mut field) = (Vec::new(), Vec::new());
            let end = marks.walk(bytes, at, |byte| match byte {
                Some(byte) => field.push(byte),
                None => record.push(String::from_utf8(std::mem::take(&mut field)).unwrap()),
            });
            records.push(record);
            at = match end {
                End::At(_, next) => next,
                _ => bytes.len(),
            };
        }
        records
    }

    #[test]
    fn every_dialect() {
        let usual = Marks::new(b',', b'"');
        let escaped = Marks {
            escape: Some(b'\\'),
            ..usual
        };
        let single = Marks {
            double_quote: false,
            ..usual
        };
        let unquoted = Marks {
            no_quotes: true,
            ..usual
        };
        let spaced = Marks {
            skip_initial_space: true,
            ..usual
        };
        let commented = Marks {
            comment: Some(super::super::records::Comment::new("//").unwrap()),
            ..usual
        };
        for (marks, text, expected) in [
            (
                usual,
                "a,\"b \"\"c\"\"\"\r\n,\n",
                vec![vec!["a", "b \"c\""], vec!["", ""]],
            ),
            (
                escaped,
                "a\\,b,\"c\\\"d\"\nx\\\ny",
                vec![vec!["a,b", "c\"d"], vec!["x\ny"]],
            ),
            (single, "\"a\"\"b\",c", vec![vec!["a\"b\"", "c"]]),
            (unquoted, "\"a,b\"\nc", vec![vec!["\"a", "b\""], vec!["c"]]),
            (spaced, "a,  b, \"c, d\"", vec![vec!["a", "b", "c, d"]]),
            (usual, "a, \"b\"", vec![vec!["a", " \"b\""]]),
            (
                commented,
                "a\n// it's, \"so\nb //",
                vec![vec!["a"], vec![], vec!["b //"]],
            ),
        ] {
            assert_eq!(fields(&marks, text), expected, "{text:?}");
        }
        assert_eq!(usual.walk(b"a,\"b\n", 0, |_| {}), End::InQuotes(2));
        assert_eq!(escaped.walk(b"a\\", 0, |_| {}), End::Open);
        assert_eq!(commented.walk(b"//", 0, |_| {}), End::Open);
    }
}
