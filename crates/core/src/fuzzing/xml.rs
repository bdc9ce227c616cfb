//! Tokens.

use super::sound;
use crate::{
    error::Result,
    xml::{Tag, Token, Tokens, to_utf8},
};

/// Elements that are skipped, each from a reader of its own.
const MAX_SKIPPED: usize = 20;
const MAX_DEPTH: u64 = 12;

/// `data` is a part: tokens come in order and end, and skipping an element (or taking its text) ends where its tokens end.
pub fn xml(data: &[u8]) {
    let Some(bytes) = sound(to_utf8(data.to_vec())) else {
        return;
    };
    let mut seen = Vec::new();
    let ended = sound(walk(&bytes, &mut seen)).is_some();
    let opens = (0..seen.len()).filter(|&at| seen[at].step == Step::Open);
    for open in opens.take(MAX_SKIPPED) {
        let expected = element(&seen[open..]);
        let at_open = || -> Result<Tokens<'_>> {
            let mut tokens = Tokens::new(&bytes, MAX_DEPTH);
            for _ in 0..=open {
                tokens.next()?;
            }
            Ok(tokens)
        };
        let skipped = sound(at_open().and_then(|mut tokens| {
            tokens.skip_element()?;
            Ok(tokens.position())
        }));
        let taken = sound(at_open().and_then(|mut tokens| {
            let text = tokens.element_text()?;
            Ok((tokens.position(), text))
        }));
        assert_eq!(skipped, expected.as_ref().map(|(end, _)| *end));
        assert_eq!(taken, expected);
        assert!(expected.is_some() || !ended || is_cut(&seen[open..]));
    }
}

#[derive(Debug, PartialEq)]
enum Step {
    Open,
    Close,
    Text(String),
}

/// A token, and the place behind it.
struct Seen {
    step: Step,
    end: u64,
}

/// All tokens up to the end, or to the first error.
fn walk(bytes: &[u8], seen: &mut Vec<Seen>) -> Result<()> {
    let mut tokens = Tokens::new(bytes, MAX_DEPTH);
    let mut last = 0;
    loop {
        let token = tokens.next()?;
        let end = tokens.position();
        assert!((last..=bytes.len() as u64).contains(&end), "{last}, {end}");
        last = end;
        let step = match token {
            Token::Open(tag) => {
                look_at(&tag);
                Step::Open
            }
            Token::Close => Step::Close,
            Token::Text(text) => Step::Text(text.into_owned()),
            Token::End => return Ok(()),
        };
        seen.push(Seen { step, end });
        assert!(seen.len() <= 2 * bytes.len());
    }
}

fn look_at(tag: &Tag<'_>) {
    let (prefix, name) = tag.split_name();
    assert!(tag.full_name().starts_with(prefix) && tag.full_name().ends_with(name));
    assert_eq!(tag.name(), name);
    let r = sound(tag.attribute("r"));
    let flag = sound(tag.flag("r"));
    assert_eq!(r.is_some(), flag.is_some());
    sound(tag.prefixed_attribute("id"));
    let mut prefixes = Vec::new();
    tag.bound_prefixes(&["other"], &mut prefixes);
}

/// Where the element that is opened first ends, and its text; `None` when it does not end.
fn element(seen: &[Seen]) -> Option<(u64, String)> {
    let (mut depth, mut text) = (0, String::new());
    for token in seen {
        match &token.step {
            Step::Open => depth += 1,
            Step::Close => depth -= 1,
            Step::Text(more) => text.push_str(more),
        }
        if depth == 0 {
            return Some((token.end, text));
        }
    }
    None
}

/// True when more elements are opened than closed.
fn is_cut(seen: &[Seen]) -> bool {
    let count = |step: Step| seen.iter().filter(|token| token.step == step).count();
    count(Step::Open) > count(Step::Close)
}
