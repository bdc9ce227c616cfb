//! YAML 1.2 to a tree with positions, from the events of `saphyr-parser`.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::document::{Data, Key, MAX_DEPTH, Mark, Node, fault, insert};
use crate::error::{Error, Result};

pub(super) fn parse(text: &str) -> Result<Node> {
    let mut walk = Walk {
        events: Parser::new_from_str(text),
    };
    let mut root = None;
    loop {
        match walk.next()? {
            (Event::StreamEnd, _) => break,
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (_, span) if root.is_some() => {
                return Err(fault(mark(&span), "more than one document in the file"));
            }
            (event, span) => root = Some(walk.node(event, span, 0)?),
        }
    }
    root.ok_or_else(|| Error::contract("the file is empty"))
}

struct Walk<'a> {
    events: Parser<'a, StrInput<'a>>,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        let end = || Error::contract("the file ends too early");
        self.events
            .next_event()
            .ok_or_else(end)?
            .map_err(|error: ScanError| {
                let marker = error.marker();
                let at = Mark {
                    line: marker.line(),
                    column: marker.col() + 1,
                };
                fault(at, format!("not YAML: {}", error.info()))
            })
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node> {
        let mark = mark(&span);
        if depth > MAX_DEPTH {
            return Err(fault(
                mark,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let data = match event {
            Event::Scalar(text, style, 0, tag) => scalar(&text, style, tag, mark)?,
            Event::SequenceStart(0, tag) => {
                check_tag(tag.as_ref(), "seq", mark)?;
                self.list(depth)?
            }
            Event::MappingStart(0, tag) => {
                check_tag(tag.as_ref(), "map", mark)?;
                self.map(depth)?
            }
            Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..)
            | Event::Alias(_) => {
                return Err(fault(
                    mark,
                    "anchors and aliases are not allowed in a contract",
                ));
            }
            _ => return Err(fault(mark, "a value is missing")),
        };
        Ok(Node { mark, data })
    }

    fn list(&mut self, depth: usize) -> Result<Data> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Data::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Data> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Data::Map(entries)),
                (Event::Scalar(text, _, 0, None), span) => Key {
                    mark: mark(&span),
                    text: text.into_owned(),
                },
                (_, span) => return Err(fault(mark(&span), "a key has to be a plain text")),
            };
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            insert(&mut entries, key, node)?;
        }
    }
}

fn mark(span: &Span) -> Mark {
    Mark {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn check_tag(tag: Option<&Cow<'_, Tag>>, allowed: &str, mark: Mark) -> Result<()> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() || tag.suffix != allowed => {
            let (handle, suffix) = (&tag.handle, &tag.suffix);
            Err(fault(
                mark,
                format!("tag {handle}{suffix} is not allowed in a contract"),
            ))
        }
        _ => Ok(()),
    }
}

/// Resolves a scalar by the core schema (YAML 1.2.2, section 10.3.2). Hexadecimal and octal numbers, infinity and
/// not-a-number stay texts: nothing in a contract takes them.
fn scalar(text: &str, style: ScalarStyle, tag: Option<Cow<'_, Tag>>, mark: Mark) -> Result<Data> {
    if tag.is_some() {
        check_tag(tag.as_ref(), "str", mark)?;
        return Ok(Data::Text(text.to_owned()));
    }
    if style != ScalarStyle::Plain {
        return Ok(Data::Text(text.to_owned()));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        _ if is_number(text) => Data::Number(text.to_owned()),
        _ => Data::Text(text.to_owned()),
    })
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = digits
        .strip_prefix('.')
        .unwrap_or(digits)
        .starts_with(|c: char| c.is_ascii_digit());
    starts
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.parse::<f64>().is_ok()
}
