//! The items that are there under the keys of some rows.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::fault::{RETRY_AFTER_MS, fault};
use super::items::Item;
use super::merge::{Rules, There};
use super::schema::Meeting;
use super::session::Session;
use super::transact::{Patience, built};
use crate::error::{Error, ErrorKind, Result};

/// The most keys that one request may ask for.
const MAX_KEYS: usize = 100;

/// Reads items consistently; they come back under the bytes of their keys.
pub(super) async fn items(
    session: &Session,
    rules: &Rules,
    keys: Vec<Item>,
) -> Result<HashMap<Vec<u8>, There>> {
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(MAX_KEYS) {
        let mut patience = Patience::new();
        let mut wanted = Some(request(rules, keys)?);
        while let Some(request) = wanted.take() {
            let asked = request.keys().len();
            let answer = session
                .client
                .batch_get_item()
                .request_items(&rules.table, request)
                .send()
                .await
                .map_err(|error| fault(&session.name, "reading items of", error))?;
            for item in answer
                .responses
                .into_iter()
                .flat_map(HashMap::into_values)
                .flatten()
            {
                found.insert(rules.key_of_item(&item), rules.there(item));
            }
            let left = answer
                .unprocessed_keys
                .into_iter()
                .flat_map(HashMap::into_values);
            wanted = left.into_iter().find(|left| !left.keys().is_empty());
            // What is left over is too much for one answer, or for the capacity of the table; only the latter has to wait.
            if wanted
                .as_ref()
                .is_some_and(|left| left.keys().len() == asked)
            {
                patience.wait_or(starved(session)).await?;
            }
        }
    }
    Ok(found)
}

fn request(rules: &Rules, keys: &[Item]) -> Result<KeysAndAttributes> {
    let mut request = KeysAndAttributes::builder()
        .set_keys(Some(keys.to_vec()))
        .consistent_read(true);
    if rules.meeting != Meeting::Upsert {
        // Only the key matters: whether it is there.
        let names = rules.target.key.iter().enumerate();
        let names =
            names.map(|(place, &column)| (format!("#{place}"), rules.columns[column].name.clone()));
        let names: HashMap<String, String> = names.collect();
        let mut short: Vec<&str> = names.keys().map(String::as_str).collect();
        short.sort_unstable();
        request = request
            .projection_expression(short.join(","))
            .set_expression_attribute_names(Some(names));
    }
    built(request.build())
}

fn starved(session: &Session) -> Error {
    let message = format!("{} has no capacity left to read the items", session.name);
    let kind = ErrorKind::Busy {
        retry_after_ms: RETRY_AFTER_MS,
    };
    Error::new(kind, "busy/throttled", message)
        .with_hint("raise the capacity of the table, or load again later")
}
