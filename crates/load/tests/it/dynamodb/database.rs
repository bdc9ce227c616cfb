//! A DynamoDB of its own for each test: an account of the emulator.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use sheetlift_load::Sink;
use sheetlift_load::conformance::Database;
use sheetlift_load::dynamodb::{DynamoOptions, DynamoSink};
use tokio::runtime::Runtime;

use super::emulator;

pub(super) const LEDGER: &str = "_sheetlift_imports";
pub(super) const REGION: &str = "eu-west-1";
/// Credentials are not checked by the emulator, and must not turn up anywhere.
pub(super) const SECRET: &str = "never-to-be-printed";

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) struct Dynamo {
    /// The account, which the emulator takes from the access key.
    pub(super) account: String,
    pub(super) client: Client,
    runtime: Runtime,
}

impl Dynamo {
    pub(super) fn new() -> Dynamo {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_000);
        let account = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(emulator::endpoint())
            .http_client(http)
            .credentials_provider(Credentials::new(&account, SECRET, None, None, "tests"))
            .build();
        Dynamo {
            client: Client::from_conf(config),
            account,
            runtime: runtime.unwrap(),
        }
    }

    pub(super) fn open(&self) -> DynamoSink {
        let options = DynamoOptions::default()
            .with_region(REGION)
            .with_endpoint(emulator::endpoint())
            .with_credentials(&self.account, SECRET, None);
        DynamoSink::open(&options).unwrap()
    }

    /// Waits for a request of the test's own client.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Everything in a table; nothing if there is none.
    pub(super) fn scan(&self, table: &str) -> Vec<Item> {
        self.wait(async {
            let mut items = Vec::new();
            let mut start = None;
            loop {
                let scan = self.client.scan().table_name(table).consistent_read(true);
                let page = match scan.set_exclusive_start_key(start).send().await {
                    Ok(page) => page,
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(|e| e.is_resource_not_found_exception()) =>
                    {
                        return Vec::new();
                    }
                    Err(error) => panic!("{error:?}"),
                };
                items.extend(page.items.unwrap_or_default());
                start = page.last_evaluated_key;
                if start.is_none() {
                    return items;
                }
            }
        })
    }

    /// Writes an item as somebody else would.
    pub(super) fn put(&self, table: &str, item: &[(&str, AttributeValue)]) {
        let item: Item = item
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let put = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item));
        self.wait(put.send()).unwrap();
    }

    /// The entries of the ledger whose names begin so.
    pub(super) fn entries(&self, prefix: &str) -> Vec<Item> {
        let mut items = self.scan(LEDGER);
        items.retain(|item| text(&item["entry"]).is_some_and(|entry| entry.starts_with(prefix)));
        items.sort_by_key(|item| (text(&item["import_id"]), text(&item["entry"])));
        items
    }
}

impl Database for Dynamo {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.open())
    }

    /// Knows `UPDATE "table" SET "column" = number`, which is all that the suite asks for.
    fn execute(&self, sql: &str) {
        let parts: Vec<&str> = sql.split('"').collect();
        let ["UPDATE ", table, " SET ", column, value] = parts[..] else {
            panic!("not translated: {sql}");
        };
        let number = value.trim_start_matches([' ', '=']).to_owned();
        for mut item in self.scan(table) {
            item.insert(column.to_owned(), AttributeValue::N(number.clone()));
            let put = self
                .client
                .put_item()
                .table_name(table)
                .set_item(Some(item));
            self.wait(put.send()).unwrap();
        }
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        let items = match table {
            "_sheetlift_imports" => self.entries("import"),
            "_sheetlift_rejects" => self.entries("reject#"),
            "_sheetlift_outcomes" => {
                let chunks = self.entries("chunk#").into_iter();
                let conflicts = chunks.flat_map(|chunk| chunk["conflicts"].as_l().unwrap().clone());
                conflicts
                    .map(|conflict| conflict.as_m().unwrap().clone())
                    .collect()
            }
            table => self.scan(table),
        };
        let row = |item: &Item| -> Vec<Option<String>> {
            columns
                .iter()
                .map(|name| item.get(*name).and_then(text))
                .collect()
        };
        let mut rows: Vec<_> = items.iter().map(row).collect();
        let number =
            |row: &Vec<Option<String>>| row[0].as_ref().and_then(|text| text.parse::<i64>().ok());
        rows.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.cmp(b)));
        rows
    }

    fn has_constraints(&self) -> bool {
        false
    }

    fn takes_table(&self, table: &str) -> bool {
        table.len() > 2 && table.is_ascii() && !table.contains(['"', ';', ' '])
    }

    /// An item has 400 KB: these are its other attribute and the names.
    fn max_text_bytes(&self) -> usize {
        400 * 1024 - "id".len() - "text".len() - 2
    }
}

/// An attribute as text.
pub(super) fn text(value: &AttributeValue) -> Option<String> {
    Some(match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::Bool(value) => value.to_string(),
        AttributeValue::B(bytes) => format!("{:02x?}", bytes.as_ref()),
        AttributeValue::Null(_) => return None,
        other => format!("{other:?}"),
    })
}
