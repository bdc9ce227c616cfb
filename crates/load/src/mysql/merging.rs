//! The connection while rows are merged, and what it says of rows that are refused.

use std::cell::RefCell;
use std::collections::HashMap;

use super::catalogue::first_of_index;
use super::client::{Client, Database, get};
use super::fault::{is_key_taken, is_row_refused, reason};
use super::names::quote;
use super::target::Target;
use crate::plan::Plan;
use crate::relational::{KEY_EXISTS, Refusal, Runs, TARGET_CONSTRAINT};

/// The connection while rows are merged.
pub(super) struct Merging<'a> {
    client: &'a Client,
    /// Of the target, in quotes.
    database: String,
    plan: &'a Plan,
    target: &'a Target,
    /// The first column of each index that was asked for.
    indexes: RefCell<HashMap<String, Option<String>>>,
}

impl Merging<'_> {
    pub(super) fn new<'a>(
        client: &'a Client,
        database: &str,
        plan: &'a Plan,
        target: &'a Target,
    ) -> Merging<'a> {
        Merging {
            client,
            database: quote(database),
            plan,
            target,
            indexes: RefCell::default(),
        }
    }

    /// Whether an index is one by which a key is taken.
    fn is_key(&self, index: &str) -> bool {
        self.target.key_indexes.iter().any(|key| key == index)
    }

    /// The first column of an index of the target.
    fn column_of(&self, index: &str) -> Database<Option<String>> {
        if let Some(found) = self.indexes.borrow().get(index) {
            return Ok(found.clone());
        }
        let column = first_of_index(self.client, &self.target.name, index)?;
        let mut known = self.indexes.borrow_mut();
        known.insert(index.to_owned(), column.clone());
        Ok(column)
    }
}

/// What the server says.
fn message(error: &mysql_async::Error) -> &str {
    match error {
        mysql_async::Error::Server(error) => &error.message,
        _ => "",
    }
}

/// What stands between two words of a message.
fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The index by which a key is taken, as the message has it: MySQL puts the table in front.
fn index_in(message: &str) -> Option<&str> {
    let (_, rest) = message.rsplit_once("for key '")?;
    let index = rest.strip_suffix('\'')?;
    Some(index.rsplit_once('.').map_or(index, |(_, index)| index))
}

/// The column that a message names.
fn column_in(message: &str) -> Option<String> {
    if let Some(path) = between(message, "for column `", "` at row") {
        let column = path.rsplit_once("`.`").map_or(path, |(_, column)| column);
        return Some(column.to_owned());
    }
    let named = between(message, "olumn '", "'");
    if let Some(column) = named.or_else(|| between(message, "FOREIGN KEY (`", "`")) {
        return Some(column.to_owned());
    }
    // The check of a column is called as it is, with the table in front.
    let check = between(message, "CONSTRAINT `", "` failed")?;
    let column = check.rsplit_once('.').map_or(check, |(_, column)| column);
    Some(column.to_owned())
}

impl Runs for Merging<'_> {
    type Error = mysql_async::Error;

    fn execute(&self, sql: &str, texts: &[Option<&str>]) -> Database<u64> {
        let parameters = texts.iter().map(|text| mysql_async::Value::from(*text));
        self.client.execute(sql, parameters.collect())
    }

    fn numbers(&self, sql: &str) -> Database<Vec<i64>> {
        let rows = self.client.rows(sql, Vec::new())?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    fn pairs(&self, sql: &str, each: &mut dyn FnMut(i64, i64)) -> Database<()> {
        self.client.each(sql, Vec::new(), &mut |row| {
            each(get(row, 0)?, get(row, 1)?);
            Ok(())
        })
    }

    fn noted(&self, sql: &str, each: &mut dyn FnMut(i64, &str, &str)) -> Database<()> {
        self.client.each(sql, Vec::new(), &mut |row| {
            let (code, reason): (String, String) = (get(row, 1)?, get(row, 2)?);
            each(get(row, 0)?, &code, &reason);
            Ok(())
        })
    }

    fn is_row_refused(&self, error: &mysql_async::Error) -> bool {
        is_row_refused(error)
    }

    fn is_key_taken(&self, error: &mysql_async::Error) -> bool {
        is_key_taken(error) && self.is_key(index_in(message(error)).unwrap_or_default())
    }

    fn refusal(&self, error: &mysql_async::Error, _: i64) -> Database<Refusal> {
        let message = message(error);
        let mut refusal = Refusal::new(TARGET_CONSTRAINT, reason(error));
        if is_key_taken(error) {
            let index = index_in(message).unwrap_or_default();
            if self.is_key(index) {
                refusal.code = KEY_EXISTS;
            }
            refusal.column = self.column_of(index)?;
        } else {
            let column = column_in(message);
            refusal.column = column.filter(|column| self.target.kind(column).is_some());
        }
        // Which database it is, is known.
        refusal.reason = refusal.reason.replace(&format!("{}.", self.database), "");
        // A rehearsal is told as what it rehearses.
        if self.target.name != self.plan.table {
            refusal.reason = refusal.reason.replace(&self.target.name, &self.plan.table);
        }
        Ok(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_columns_and_indexes() {
        for (message, expected) in [
            ("Data too long for column 'name' at row 1", Some("name")),
            ("Column 'stock' cannot be null", Some("stock")),
            (
                "Incorrect integer value: 'a' for column `db`.`t`.`stock` at row 3",
                Some("stock"),
            ),
            (
                "CONSTRAINT `items.stock` failed for `db`.`items`",
                Some("stock"),
            ),
            (
                "Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT `x` FOREIGN KEY (`supplier`) REFERENCES",
                Some("supplier"),
            ),
            ("no such thing", None),
        ] {
            assert_eq!(column_in(message).as_deref(), expected, "{message}");
        }
        assert_eq!(
            index_in("Duplicate entry 'a'' for key 'x' for key 'PRIMARY'"),
            Some("PRIMARY")
        );
        assert_eq!(
            index_in("Duplicate entry 'a' for key 'items.stock'"),
            Some("stock")
        );
    }
}
