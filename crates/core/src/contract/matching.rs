//! `sheetlift.match`: how labels may differ from the names of fields.

use super::{
    document::Data,
    keys,
    place::{Keys, Place},
};
use crate::{error::Result, matching::Ignored};

/// How columns are found that are not called as their field is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Matching {
    /// Take columns whose label is much like a name. `None`: only what is the same but for [`Matching::ignored`].
    pub fuzzy: Option<Fuzzy>,
    /// What makes no difference, beside letter case, blanks, `_` and `-`.
    pub ignored: Ignored,
}

/// When a column is taken whose label is much like a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fuzzy {
    /// How alike they have to be, 0 to 1. Default 0.85.
    pub min_score: f64,
    /// How much worse everything else has to fit; below that it is a question for a person. Default 0.1.
    pub min_margin: f64,
}

impl Default for Fuzzy {
    fn default() -> Self {
        Fuzzy {
            min_score: 0.85,
            min_margin: 0.1,
        }
    }
}

pub(super) fn read(place: &Place<'_>) -> Result<Matching> {
    let keys = place.map()?;
    keys.only("match", keys::MATCH, &[])?;
    let mut ignored = Ignored::default();
    for place in keys.read("ignore", Place::list)?.unwrap_or_default() {
        let choices = ["accents", "brackets", "punctuation"].map(|word| (word, word));
        match place.choice(&choices)? {
            "accents" => ignored.accents = true,
            "brackets" => ignored.brackets = true,
            _ => ignored.punctuation = true,
        }
    }
    Ok(Matching {
        fuzzy: keys.read("fuzzy", fuzzy)?.flatten(),
        ignored,
    })
}

/// `true`, `false`, or the limits.
fn fuzzy(place: &Place<'_>) -> Result<Option<Fuzzy>> {
    match place.data() {
        Data::Bool(false) => Ok(None),
        Data::Bool(true) => Ok(Some(Fuzzy::default())),
        Data::Map(_) => {
            let keys = place.map()?;
            keys.only("fuzzy", keys::FUZZY, &[])?;
            let default = Fuzzy::default();
            Ok(Some(Fuzzy {
                min_score: share(&keys, "minScore", 0.5)?.unwrap_or(default.min_score),
                min_margin: share(&keys, "minMargin", 0.0)?.unwrap_or(default.min_margin),
            }))
        }
        _ => Err(place.expected("true, false or an object")),
    }
}

fn share(keys: &Keys<'_>, key: &str, from: f64) -> Result<Option<f64>> {
    keys.read(key, |place| {
        let number = match place.data() {
            Data::Number(digits) => digits.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| (from..=1.0).contains(number));
        number.ok_or_else(|| place.expected(format!("a number from {from} to 1")))
    })
}
