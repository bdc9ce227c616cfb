//! What is made of the target before the transaction: the table itself, or columns of it. In a rehearsal a stand-in has it instead.

use super::client::{Client, Database};
use super::fault::{fault, is_there_already};
use super::import::MySqlImport;
use super::names::{joined, quote};
use super::new_table;
use super::target::Target;
use crate::error::{Error, Result};

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// The target, which is empty.
    Table,
    /// What stands in for it.
    StandIn,
}

impl MySqlImport {
    /// Makes what the import needs of the target.
    pub(super) fn make_target(&self, dry_run: bool) -> Result<Made> {
        let shown = &self.settings.shown;
        let Some(target) = self.inspect(None)? else {
            if !self.plan.create_table {
                let (plan, columns) = (&self.plan, &self.columns);
                return Err(new_table::missing_table(plan, columns, &self.exact));
            }
            let (name, made) = match dry_run {
                true => (&self.stage.stand_in, Made::StandIn),
                false => (&self.plan.table, Made::Table),
            };
            let sql = new_table::create_table(&self.plan, name, &self.columns, &self.exact);
            let created = self.client.run(&sql);
            created.map_err(|error| self.creating(error, "creating the table in"))?;
            return Ok(made);
        };
        if target.additions.is_empty() {
            return Ok(Made::Nothing);
        }
        let (name, additions) = (target.quoted(), target.additions.join(", "));
        if dry_run {
            self.check_can_stand_in(&target)?;
            let copied = copy(&self.client, &target, &self.stage.stand_in, &additions);
            copied.map_err(fault(shown, "rehearsing on a copy of the table in"))?;
            return Ok(Made::StandIn);
        }
        let added = self.client.run(&format!("ALTER TABLE {name} {additions}"));
        added.map_err(|error| self.creating(error, "adding columns in"))?;
        Ok(Made::Nothing)
    }

    /// Refuses to rehearse on a copy that would let other rows in, or go, than the table: it has no triggers, refers to no other
    /// tables, and none refer to it.
    fn check_can_stand_in(&self, target: &Target) -> Result<()> {
        let name = &target.name;
        let row = self.client.row(
            "SELECT 1 FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND CAST(EVENT_OBJECT_TABLE AS BINARY) = ?
             UNION ALL SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS
             WHERE CONSTRAINT_SCHEMA = DATABASE() AND CAST(TABLE_NAME AS BINARY) = ?
             UNION ALL SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS
             WHERE UNIQUE_CONSTRAINT_SCHEMA = DATABASE() AND CAST(REFERENCED_TABLE_NAME AS BINARY) = ? LIMIT 1",
            vec![name.as_str().into(); 3],
        );
        match row.map_err(fault(&self.settings.shown, "reading the tables of"))? {
            None => Ok(()),
            Some(_) => {
                let message = format!(
                    "what adding columns to table {name:?} comes to cannot be rehearsed: the copy that has them would lack its triggers and foreign keys"
                );
                Err(Error::usage("usage/not-supported", message)
                    .with_hint("add the columns first, or load without a rehearsal"))
            }
        }
    }

    /// Drops a target that the import created and that nobody has put a row into. Where that fails an empty table stays.
    pub(super) fn unmake(&self, made: Made) {
        if made != Made::Table || self.client.is_lost() {
            return;
        }
        let name = quote(&self.plan.table);
        let unmake = || -> Database<()> {
            self.client.run(&format!("LOCK TABLES {name} WRITE"))?;
            let sql = format!("SELECT 1 FROM {name} LIMIT 1");
            match self.client.row(&sql, Vec::new())? {
                None => self.client.run(&format!("DROP TABLE {name}")),
                Some(_) => Ok(()),
            }
        };
        let _ = unmake();
        let _ = self.client.run("UNLOCK TABLES");
    }

    /// Why a table or a column could not be made: others may have done it at the same time.
    fn creating(&self, error: mysql_async::Error, doing: &str) -> Error {
        match is_there_already(&error) {
            true => self.target_changed("came to be"),
            false => fault(&self.settings.shown, doing)(error),
        }
    }
}

/// A copy of a table, with its rows and further columns.
fn copy(client: &Client, target: &Target, name: &str, additions: &str) -> Database<()> {
    let (name, from) = (quote(name), target.quoted());
    client.run(&format!("CREATE TABLE {name} LIKE {from}"))?;
    let written = target.written_columns();
    let columns = joined(written.iter().map(|column| quote(&column.name)), ", ");
    client.run(&format!(
        "INSERT INTO {name} ({columns}) SELECT {columns} FROM {from}"
    ))?;
    client.run(&format!("ALTER TABLE {name} {additions}"))
}
