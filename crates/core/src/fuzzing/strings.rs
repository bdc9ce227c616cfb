//! The shared strings: their short cuts against plain tokens, at several chunk sizes and in any order.

use super::{
    limits,
    package::{WHOLE, cuts_are_safe, package, wrap},
    sound,
};
use crate::{
    error::Result,
    limits::check,
    xlsx::{Block, Package, SharedStrings, sheet::rich_text},
    xml::{Token, Tokens},
};

const PART: &str = "sharedStrings.xml";
const CHUNK_BYTES: [usize; 4] = [1, 11, 40, 150];

/// `data` is what stands in `<sst>`: the table holds the strings that XML tokens give, or both end in an error, wherever
/// chunks are cut and in whichever order they are read.
pub fn strings(data: &[u8]) {
    let part = wrap("", "sst", data, "");
    let Some(package) = sound(package(&[(PART, &part)])) else {
        return;
    };
    let content = part.len() - data.len() - "</sst>".len();
    let expected = sound(plain(&part[content..]));
    let whole = sound(read(&package, WHOLE, in_order));
    assert_eq!(whole, expected, "whole, then plain");
    let safe = cuts_are_safe(data, "sst", "si");
    for chunk_bytes in CHUNK_BYTES {
        for (name, advance) in [("in order", in_order as Advance), ("backwards", backwards)] {
            let cut = sound(read(&package, chunk_bytes, advance));
            if safe || cut.is_some() {
                assert_eq!(cut, expected, "chunks of {chunk_bytes} {name}, then plain");
            }
        }
    }
}

/// The specification.
fn plain(bytes: &[u8]) -> Result<Vec<String>> {
    let limits = limits();
    let mut tokens = Tokens::new(bytes, limits.max_xml_depth);
    let mut strings = Vec::new();
    loop {
        match tokens.next()? {
            Token::Open(tag) if tag.name() == "si" => {
                let text = rich_text(&mut tokens)?;
                check("max_cell_bytes", limits.max_cell_bytes, text.len() as u64)?;
                strings.push(text);
            }
            Token::Open(_) => tokens.skip_element()?,
            Token::Close => return Ok(strings),
            Token::End => return Err(tokens.ended_early()),
            Token::Text(_) => {}
        }
    }
}

type Advance = fn(&mut SharedStrings) -> Result<()>;

fn read(package: &Package, chunk_bytes: usize, advance: Advance) -> Result<Vec<String>> {
    let mut strings = SharedStrings::open(package, Some(PART))?.with_chunk_bytes(chunk_bytes);
    advance(&mut strings)?;
    assert!(strings.is_done());
    let table = strings.into_table()?;
    let text = |id| table.get(id).map(str::to_owned);
    let texts: Option<Vec<String>> = (0..table.len() as u32).map(text).collect();
    assert!(texts.is_some() && table.get(table.len() as u32).is_none());
    Ok(texts.unwrap_or_default())
}

fn in_order(strings: &mut SharedStrings) -> Result<()> {
    let mut block = Block::default();
    while !strings.is_done() {
        strings.advance(&mut block)?;
    }
    Ok(())
}

/// As many threads might: all chunks are taken before the first one is put back, and the last one comes first.
fn backwards(strings: &mut SharedStrings) -> Result<()> {
    let mut chunks = Vec::new();
    while let Some(chunk) = strings.take(Vec::new()) {
        chunks.push(chunk);
    }
    for chunk in chunks.iter().rev() {
        let mut block = Block::default();
        let read = chunk.read(&mut block, &limits());
        strings.put(chunk, read, &mut block);
    }
    Ok(())
}
