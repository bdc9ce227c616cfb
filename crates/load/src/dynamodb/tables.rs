//! Tables as the service describes and creates them.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TableStatus,
};
use serde_json::json;

use super::fault::fault;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

/// How long a new table may take to become active; it is usually a few seconds.
const CREATION_WAIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(250);

/// What it takes to create a table: on demand, so that there is no capacity to plan.
pub(super) struct TableWords {
    pub(super) table: String,
    /// Partition key, then sort key if there is one.
    pub(super) key: Vec<(String, ScalarAttributeType)>,
}

impl TableWords {
    /// The command that creates it.
    pub(super) fn command(&self) -> String {
        let roles = ["HASH", "RANGE"];
        let attributes = self.key.iter();
        let attributes = attributes
            .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind.as_str()}));
        let key = self.key.iter().zip(roles);
        let key = key.map(|((name, _), role)| json!({"AttributeName": name, "KeyType": role}));
        let quoted = |value: serde_json::Value| value.to_string().replace('\'', r"'\''");
        format!(
            "aws dynamodb create-table --table-name {} --billing-mode PAY_PER_REQUEST --attribute-definitions '{}' --key-schema '{}'",
            self.table,
            quoted(attributes.collect()),
            quoted(key.collect()),
        )
    }
}

/// The description of a table; none if there is none. A table that is being created is waited for.
pub(super) async fn describe(session: &Session, table: &str) -> Result<Option<TableDescription>> {
    let started = Instant::now();
    loop {
        let answer = session
            .client
            .describe_table()
            .table_name(table)
            .send()
            .await;
        let found = match answer {
            Ok(found) => found.table,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                None
            }
            Err(error) => return Err(fault(&session.name, "describing a table of", error)),
        };
        let Some(found) = found else {
            return Ok(None);
        };
        match found.table_status() {
            Some(TableStatus::Creating) if started.elapsed() < CREATION_WAIT => {
                tokio::time::sleep(POLL).await;
            }
            Some(status @ (TableStatus::Creating | TableStatus::Deleting)) => {
                let status = status.as_str();
                return Err(Error::new(
                    ErrorKind::Busy {
                        retry_after_ms: 5_000,
                    },
                    "busy/table",
                    format!("table {table:?} of {} is {status}", session.name),
                ));
            }
            _ => return Ok(Some(found)),
        }
    }
}

/// Creates a table, or waits for the one that somebody else just created.
pub(super) async fn create(session: &Session, words: &TableWords) -> Result<()> {
    let mut request = session
        .client
        .create_table()
        .table_name(&words.table)
        .billing_mode(BillingMode::PayPerRequest);
    for ((name, kind), role) in words.key.iter().zip([KeyType::Hash, KeyType::Range]) {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind.clone())
            .build();
        let element = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(role)
            .build();
        let incomplete = |_| Error::bug("a key without a name");
        request = request
            .attribute_definitions(attribute.map_err(incomplete)?)
            .key_schema(element.map_err(incomplete)?);
    }
    match request.send().await {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_in_use_exception()) => {}
        Err(error) => return Err(fault(&session.name, "creating a table of", error)),
    }
    let started = Instant::now();
    while describe(session, &words.table).await?.is_none() {
        // A description may lag behind the creation.
        if started.elapsed() > CREATION_WAIT {
            return Err(Error::new(
                ErrorKind::Busy {
                    retry_after_ms: 5_000,
                },
                "busy/table",
                format!(
                    "table {:?} of {} was created and is not there yet",
                    words.table, session.name
                ),
            ));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
