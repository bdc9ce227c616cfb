//! `sheetlift.rules`: what a row has to be like as a whole.

use std::collections::HashSet;

use super::{
    keys, levels,
    model::Field,
    place::{Place, did_you_mean},
};
use crate::{error::Result, expression::Expression, finding::Level};

/// A rule about rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowRule {
    /// Its name in findings; no two rules have the same.
    pub id: String,
    /// Of which rows it is asked. `None`: of all.
    pub when: Option<Expression>,
    /// What must not be false. Unknown, for want of a value, is not false.
    pub assert: Expression,
    /// How much it matters.
    pub level: Level,
    /// What to say of a row that breaks it; `{price}` is what the row has for the field `price`.
    pub message: Option<String>,
}

impl RowRule {
    /// The fields whose values a message shows, in turn with the text before each; the last text has no field.
    pub(crate) fn parts(message: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut rest = Some(message);
        std::iter::from_fn(move || {
            let text = rest?;
            let found = text
                .split_once('{')
                .and_then(|(before, after)| Some((before, after.split_once('}')?)));
            match found {
                Some((before, (name, after))) => {
                    rest = Some(after);
                    Some((before, Some(name)))
                }
                None => {
                    rest = None;
                    Some((text, None))
                }
            }
        })
    }
}

pub(super) fn read(place: &Place<'_>, fields: &[Field]) -> Result<Vec<RowRule>> {
    let mut rules: Vec<(String, Level, Option<String>)> = Vec::new();
    let (mut places, mut texts) = (Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for place in place.list()? {
        let keys = place.map()?;
        keys.only("a rule", keys::RULE, &[])?;
        let id = keys.required("id")?;
        if !ids.insert(id.non_empty_text()?) {
            return Err(id.error(format!("two rules are called {:?}", id.text()?)));
        }
        let level = keys.read("level", levels::read_one)?;
        let message = keys.read("message", |place| message(place, fields))?;
        rules.push((
            id.text()?.to_owned(),
            level.unwrap_or(Level::Error),
            message,
        ));
        let assert = keys.required("assert")?;
        for (place, is_condition) in [(Some(assert), false), (keys.get("when"), true)] {
            if let Some(place) = place {
                texts.push(place.text()?);
                places.push((place, rules.len() - 1, is_condition));
            }
        }
    }
    let expressions = Expression::parse_all(&texts, fields).map_err(|(at, refusal)| {
        let at_character = format!("{} (character {})", refusal.message, refusal.at);
        let error = places[at].0.error(at_character);
        match refusal.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })?;
    let mut asserts: Vec<Option<Expression>> = vec![None; rules.len()];
    let mut whens = asserts.clone();
    for ((_, rule, is_condition), expression) in places.iter().zip(expressions) {
        let list = if *is_condition {
            &mut whens
        } else {
            &mut asserts
        };
        list[*rule] = Some(expression);
    }
    let parts = rules.into_iter().zip(asserts).zip(whens);
    let rules = parts.filter_map(|(((id, level, message), assert), when)| {
        Some(RowRule {
            id,
            when,
            assert: assert?,
            level,
            message,
        })
    });
    Ok(rules.collect())
}

fn message(place: &Place<'_>, fields: &[Field]) -> Result<String> {
    let message = place.non_empty_text()?;
    for (_, name) in RowRule::parts(message) {
        if let Some(name) = name
            && !fields.iter().any(|field| &*field.name == name)
        {
            let error = place.error(format!("no field is called {name:?}"));
            return Err(did_you_mean(
                error,
                name,
                fields.iter().map(|field| &*field.name),
            ));
        }
    }
    Ok(message.to_owned())
}
