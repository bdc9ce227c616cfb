//! The memory of regular expressions that come in numbers: those of one JSON Schema share a budget, and so do those of a contract.

use regex::{Error as Fault, Regex};

use super::{constraints::compile_within, place::Place};
use crate::error::{Error, Result};

/// Bytes for the expressions of one JSON Schema: about 250 short ones.
const OF_SCHEMA: usize = 32 << 20;
/// Bytes for those of all JSON Schemas of a contract.
const OF_CONTRACT: usize = 128 << 20;
/// What an expression may take. The least of these that is enough is what counts: the rest of what it needs to be fast is of this order.
const SIZES: [usize; 3] = [128 << 10, 1 << 20, 4 << 20];

/// What expressions took so far.
#[derive(Debug, Default)]
pub(super) struct PatternBudget {
    used: usize,
}

impl PatternBudget {
    /// Compiles `text`, of `place`, which may match anywhere.
    pub(super) fn compile(&mut self, place: &Place<'_>, text: &str) -> Result<Regex> {
        for size in SIZES {
            if self.used + size > OF_SCHEMA {
                return Err(too_much(place));
            }
            match compile_within(text, size) {
                Ok(regex) => {
                    self.used += size;
                    return Ok(regex);
                }
                Err(Fault::CompiledTooBig(_)) => {}
                Err(_) => break,
            }
        }
        Err(place.error(format!("{text:?} is no regular expression we can use")))
    }

    /// Bytes used.
    pub(super) fn used(&self) -> usize {
        self.used
    }
}

/// Refuses a field, read at `place`, with which the JSON Schemas of a contract use too much; `used` are the bytes of all so far.
pub(super) fn check_contract(place: &Place<'_>, used: usize) -> Result<()> {
    match used {
        ..=OF_CONTRACT => Ok(()),
        _ => Err(too_much(place)),
    }
}

fn too_much(place: &Place<'_>) -> Error {
    place
        .error("the regular expressions of JSON Schemas take too much memory with this one")
        .with_hint("use fewer of them, or repeat less in them: \\w{1,500} is long")
}
