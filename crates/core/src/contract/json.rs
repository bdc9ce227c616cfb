//! JSON to a tree with positions. `serde_json` decides what is JSON; what comes after only walks over it.

use serde::de::IgnoredAny;

use super::document::{Data, Key, MAX_DEPTH, Mark, Node, fault, insert};
use crate::error::{Error, Result};

pub(super) fn parse(text: &str) -> Result<Node> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Error::contract(error.to_string()))?;
    let mut walk = Walk {
        text,
        pos: 0,
        counted: 0,
        mark: Mark { line: 1, column: 1 },
    };
    walk.node(0)
}

/// A walk over text that is known to be JSON.
struct Walk<'a> {
    text: &'a str,
    pos: usize,
    /// Up to where `mark` has counted.
    counted: usize,
    mark: Mark,
}

impl Walk<'_> {
    fn node(&mut self, depth: usize) -> Result<Node> {
        let byte = self.peek();
        let mark = self.mark();
        if depth > MAX_DEPTH {
            return Err(fault(
                mark,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let data = match byte {
            b'{' => self.map(depth)?,
            b'[' => self.list(depth)?,
            b'"' => Data::Text(self.string()?),
            _ => match self.word() {
                "null" => Data::Null,
                "true" => Data::Bool(true),
                "false" => Data::Bool(false),
                digits => Data::Number(digits.to_owned()),
            },
        };
        Ok(Node { mark, data })
    }

    fn map(&mut self, depth: usize) -> Result<Data> {
        let mut entries = Vec::new();
        self.pos += 1;
        while self.peek() != b'}' {
            let mark = self.mark();
            let key = Key {
                mark,
                text: self.string()?,
            };
            self.peek();
            self.pos += 1; // the colon
            let node = self.node(depth + 1)?;
            insert(&mut entries, key, node)?;
            self.skip_comma();
        }
        self.pos += 1;
        Ok(Data::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Data> {
        let mut items = Vec::new();
        self.pos += 1;
        while self.peek() != b']' {
            items.push(self.node(depth + 1)?);
            self.skip_comma();
        }
        self.pos += 1;
        Ok(Data::List(items))
    }

    fn string(&mut self) -> Result<String> {
        let bytes = self.text.as_bytes();
        let start = self.pos;
        self.pos += 1;
        while bytes[self.pos] != b'"' {
            self.pos += if bytes[self.pos] == b'\\' { 2 } else { 1 };
        }
        self.pos += 1;
        serde_json::from_str(&self.text[start..self.pos])
            .map_err(|error| Error::contract(error.to_string()))
    }

    fn word(&mut self) -> &str {
        let rest = &self.text[self.pos..];
        let end = rest
            .find([',', ']', '}', ' ', '\t', '\n', '\r'])
            .unwrap_or(rest.len());
        self.pos += end;
        &rest[..end]
    }

    fn skip_comma(&mut self) {
        if self.peek() == b',' {
            self.pos += 1;
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes[self.pos].is_ascii_whitespace() {
            self.pos += 1;
        }
        bytes[self.pos]
    }

    fn mark(&mut self) -> Mark {
        for c in self.text[self.counted..self.pos].chars() {
            if c == '\n' {
                self.mark = Mark {
                    line: self.mark.line + 1,
                    column: 1,
                };
            } else {
                self.mark.column += 1;
            }
        }
        self.counted = self.pos;
        self.mark
    }
}
