//! `jsonSchema`: what an array or object has to be like.

use super::{Rule, RuleDoc};
use crate::contract::{JsonSchema, json};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "jsonSchema",
    code: "cell/json-schema",
    what: "The JSON array or object is as this JSON Schema has it (2020-12, and what earlier drafts wrote otherwise).",
    why: "A program reads these values later, and takes their parts for granted.",
    example: "constraints: {jsonSchema: {type: object, required: [width], properties: {width: {type: number}}}}",
};

#[derive(Debug)]
pub(super) struct Schema(pub(super) JsonSchema);

/// Characters of the schema in a finding.
const SHOWN: usize = 200;

impl Schema {
    fn shown(&self) -> String {
        let text = self.0.to_json().to_string();
        match text.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }
}

impl Rule for Schema {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("jsonSchema: {}", self.shown())
    }

    fn expected(&self) -> String {
        format!("as the JSON Schema {} has it", self.shown())
    }

    fn holds_text(&self, value: &str) -> bool {
        json(value).is_some_and(|value| self.0.holds(&value))
    }
}
