//! `sheetlift.blank` and `default`: what becomes of a cell without a value.

use super::{
    constraints,
    document::Data,
    model::{Constraints, FieldType, Literal},
    place::{Keys, Place},
};
use crate::error::Result;

/// What a cell without a value means. Where it is a fault, [`Constraints::required`] says so.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Blank {
    /// No value.
    #[default]
    Null,
    /// The value the target has already stays. Accepted rows have null; the Arrow field says `sheetlift.blank: keep_existing`.
    KeepExisting,
    /// This value.
    Default(Literal),
}

/// The word for it in a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlankWord {
    Null,
    KeepExisting,
    Default,
    Error,
}

const WORDS: [(&str, BlankWord); 4] = [
    ("null", BlankWord::Null),
    ("keep_existing", BlankWord::KeepExisting),
    ("default", BlankWord::Default),
    ("error", BlankWord::Error),
];

/// YAML has a null of its own.
pub(super) fn word(place: &Place<'_>) -> Result<BlankWord> {
    match place.data() {
        Data::Null => Ok(BlankWord::Null),
        _ => place.choice(&WORDS),
    }
}

/// What the `sheetlift` object of a field says, or else its contract. That a blank is an error becomes a constraint.
pub(super) fn of_field(
    extension: Option<&Keys<'_>>,
    contract: Option<BlankWord>,
    field_type: &FieldType,
    constraints: &mut Constraints,
) -> Result<Blank> {
    let get = |key| extension.and_then(|keys| keys.get(key));
    let own = get("blank");
    let own_word = own.as_ref().map(word).transpose()?;
    if let Some(place) = get("default") {
        return match own_word {
            None | Some(BlankWord::Default) => {
                Ok(Blank::Default(constraints::literal(&place, field_type)?))
            }
            Some(_) => Err(place.error("`default` has no use where `blank` is something else")),
        };
    }
    let is_required = constraints.required;
    match (own.as_ref().zip(own_word), contract) {
        (Some((place, BlankWord::Default)), _) => {
            Err(place.error("`default` is missing: what a blank cell is taken for"))
        }
        (Some((place, BlankWord::Null | BlankWord::KeepExisting)), _) if is_required => Err(place
            .error("the field is required, so that a blank is an error")
            .with_hint("leave out `blank`, or `required`")),
        (Some((_, BlankWord::KeepExisting)), _) => Ok(Blank::KeepExisting),
        (None, Some(BlankWord::KeepExisting)) if !is_required => Ok(Blank::KeepExisting),
        (Some((_, BlankWord::Error)), _) | (None, Some(BlankWord::Error)) => {
            constraints.required = true;
            Ok(Blank::Null)
        }
        _ => Ok(Blank::Null),
    }
}
