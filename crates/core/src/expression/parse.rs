//! The text of an expression to a tree, by the crate `cel`, of which nothing else is used.

use std::thread;

use cel::{
    common::ast::{IdedExpr, SourceInfo},
    parser::Parser,
};

use super::{Expression, Refusal, lower::lower};
use crate::contract::Field;

/// Characters of an expression. More than a page is a program.
const MAX_BYTES: usize = 2_048;
/// Brackets within brackets, conditions within conditions, and signs before a value.
const MAX_DEPTH: usize = 24;
/// The parser is a recursive one with large frames: 20 brackets fill the 2 MiB of a usual thread in a debug build.
const STACK_BYTES: usize = 64 << 20;

/// Parses expressions, on a thread with room for it; an error has the place of the expression in the list.
pub(super) fn parse_all(
    texts: &[&str],
    fields: &[Field],
) -> Result<Vec<Expression>, (usize, Refusal)> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let parse_all = || {
        let texts = texts.iter().enumerate();
        texts
            .map(|(at, text)| parse(text, fields).map_err(|refusal| (at, refusal)))
            .collect()
    };
    let failed = || {
        let message = "it cannot be parsed here".to_owned();
        (
            0,
            Refusal {
                at: 1,
                message,
                hint: None,
            },
        )
    };
    thread::scope(|scope| {
        let parser = thread::Builder::new()
            .name("sheetlift-rules".into())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, parse_all)
            .map_err(|_| failed())?;
        parser.join().unwrap_or_else(|_| Err(failed()))
    })
}

fn parse(text: &str, fields: &[Field]) -> Result<Expression, Refusal> {
    guard(text)?;
    let parser = Parser::new().max_recursion_depth(96);
    let (tree, info): (IdedExpr, SourceInfo) =
        parser.parse_with_source_info(text).map_err(|errors| {
            let error = errors.errors.first();
            let (line, column) = error.map_or((1, 1), |error| error.pos);
            let message = error.map_or("it is no expression", |error| error.msg.as_str());
            let message = message.lines().next().unwrap_or_default();
            Refusal {
                at: character(text, line, column),
                message: format!("it is no expression of CEL: {message}"),
                hint: None,
            }
        })?;
    let place = |id: u64| {
        let (start, _) = info.offset_for(id).unwrap_or_default();
        let start = (start as usize).min(text.len());
        text.as_bytes()[..start]
            .iter()
            .filter(|byte| !matches!(byte, 0x80..=0xbf))
            .count()
            + 1
    };
    let (node, used) = lower(&tree, fields, &place)?;
    Ok(Expression {
        text: text.to_owned(),
        node: node.into(),
        fields: used,
    })
}

/// The character at a line (from 1) and a column.
fn character(text: &str, line: isize, column: isize) -> usize {
    let before = usize::try_from(line - 1).unwrap_or_default();
    let lines = text.split_inclusive('\n').take(before);
    let skipped: usize = lines.map(|line| line.chars().count()).sum();
    skipped + usize::try_from(column).unwrap_or_default().max(1)
}

/// Refuses what would take a parser too deep, before it is asked.
fn guard(text: &str) -> Result<(), Refusal> {
    let refuse = |at, message: String| {
        let hint = Some("make it several rules".to_owned());
        Err(Refusal { at, message, hint })
    };
    if text.len() > MAX_BYTES {
        let message = format!("it is longer than {MAX_BYTES} bytes");
        return refuse(1, message);
    }
    let (mut depth, mut conditions, mut signs) = (0_usize, 0_usize, 0_usize);
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.chars().enumerate() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) => quote = quote.filter(|_| c != open),
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '?') => conditions += 1,
            (None, _) => {}
        }
        signs = match c {
            '!' | '-' => signs + 1,
            c if c.is_whitespace() => signs,
            _ => 0,
        };
        if depth.max(conditions).max(signs) > MAX_DEPTH {
            return refuse(at + 1, format!("it is nested more than {MAX_DEPTH} deep"));
        }
    }
    Ok(())
}
