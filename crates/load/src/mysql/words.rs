//! The words of MySQL for what databases share.

use std::collections::HashMap;

use super::client::{Client, Database, get};
use super::fault::{code, fault, is_missing, reason};
use super::fit::{Collation, Kind};
use super::image;
use super::names::{can_be_name, joined, quote};
use super::stage::Stage;
use super::target::{Column, Target};
use crate::class::Class;
use crate::error::Error;
use crate::plan::Plan;
use crate::relational::{
    Dialect, MAX_KEY_CHARS, Refusal, TARGET_CONSTRAINT, Tables, Words, bad_reference, probes,
};

/// How texts of columns that rows refer to are compared, by table and column.
pub(super) type Collations = HashMap<(String, String), Collation>;

/// The words for an import into a target.
pub(super) fn words(
    plan: &Plan,
    columns: &[Column],
    target: &Target,
    stage: &Stage,
    references: &Collations,
) -> Words {
    let tables = Tables {
        target: target.quoted(),
        stage: stage.rows.clone(),
        exceptions: stage.exceptions.clone(),
        hit: stage.hit.clone(),
        dup: stage.dup.clone(),
        gone: stage.gone.clone(),
        changed: stage.changed.clone(),
    };
    let dialect = MySql {
        columns,
        target: Some(target),
        references,
    };
    let mut words = Words::new(plan, tables, &dialect, &|at| columns[at].keeps_existing);
    if let crate::relational::Missing::Set { value, .. } = &mut words.missing
        && let crate::rules::Missing::Set { column, .. } = &plan.missing
        && matches!(
            target.kind(column),
            Some(Kind::Integer { is_flag: true, .. } | Kind::Bits(1))
        )
    {
        *value = value.take().map(flag);
    }
    let written = target.written_columns();
    Words {
        delete: format!("DELETE t FROM {} AS t WHERE", target.quoted()),
        key_text: dialect.key_text(plan),
        // There is none that minds only the key.
        unless_key_exists: None,
        update_joins: true,
        counts_distinct: true,
        parameters: ["?", "?", "?"],
        before: plan
            .undo
            .then(|| (stage.before.clone(), image::of(written.iter()))),
        ..words
    }
}

/// What people write for a boolean, as the server has it.
fn flag(word: String) -> String {
    match word.to_ascii_lowercase().as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        _ => word,
    }
}

/// Takes rows out of the stage that have texts which the target would not have as they are: its character set lacks a character of
/// theirs, or they are no JSON. A statement that writes would fail at the first of them, so that they are looked for by one that reads.
pub(super) fn take_out_misfits(
    client: &Client,
    plan: &Plan,
    columns: &[Column],
    stage: &mut Stage,
) -> Database<()> {
    let key_text = MySql {
        columns,
        target: None,
        references: &Collations::new(),
    }
    .key_text(plan);
    for (at, column) in columns.iter().enumerate() {
        let (is_misfit, why) = match (&column.fit.kind, &column.fit.collation) {
            (Kind::Json, _) => (
                format!("NOT json_valid(s.c{at})"),
                "the text is no JSON".to_owned(),
            ),
            (_, Some(collation)) if !collation.is_utf8() => {
                let charset = &collation.charset;
                let there = format!("CONVERT(CONVERT(s.c{at} USING {charset}) USING utf8mb4)");
                (
                    format!("{} <> {}", binary(&there), binary(&format!("s.c{at}"))),
                    format!(
                        "the character set {charset} of the column lacks a character of the text"
                    ),
                )
            }
            _ => continue,
        };
        let sql = format!("SELECT s.n FROM {} AS s WHERE {is_misfit}", stage.rows);
        let mut misfits: Vec<i64> = Vec::new();
        client.each(&sql, Vec::new(), &mut |row| {
            misfits.push(get(row, 0)?);
            Ok(())
        })?;
        let reason = format!("column {:?}: {why}", column.name);
        let refusal = Refusal::new(TARGET_CONSTRAINT, reason).of_column(&column.name);
        stage.take_out(client, &misfits, &key_text, &refusal)?;
    }
    Ok(())
}

/// How texts are compared in the columns that the plan refers to; an error where a table or column is not there.
pub(super) fn references(
    client: &Client,
    shown: &str,
    plan: &Plan,
    columns: &[Column],
    stage: &Stage,
) -> Result<Collations, Error> {
    let fail = fault(shown, "reading the tables of");
    let mut collations = Collations::new();
    for reference in &plan.references {
        if let Some(name) = std::iter::once(&reference.table)
            .chain(&reference.key)
            .find(|name| !can_be_name(name))
        {
            return Err(bad_reference(
                &reference.table,
                &format!("nothing is called {name:?}"),
            ));
        }
        for key in &reference.key {
            let row = client.row(
                "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLUMNS
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = ? AND CHARACTER_SET_NAME IS NOT NULL",
                vec![reference.table.as_str().into(), key.as_str().into()],
            );
            if let Some(row) = row.map_err(&fail)? {
                let charset = get(&row, 0).map_err(&fail)?;
                let name = get(&row, 1).map_err(&fail)?;
                let place = (reference.table.clone(), key.clone());
                collations.insert(place, Collation { charset, name });
            }
        }
    }
    let dialect = MySql {
        columns,
        target: None,
        references: &collations,
    };
    for (table, sql) in probes(plan, &dialect, &stage.rows) {
        client.rows(&sql, Vec::new()).map_err(|error| {
            let cannot_compare = matches!(code(&error), Some(1267 | 1270 | 1271));
            match is_missing(&error) || cannot_compare || code(&error) == Some(1142) {
                true => bad_reference(&table, &reason(&error)),
                false => fail(error),
            }
        })?;
    }
    Ok(collations)
}

struct MySql<'a> {
    columns: &'a [Column],
    target: Option<&'a Target>,
    references: &'a Collations,
}

/// The bytes of a text.
fn binary(text: &str) -> String {
    format!("CAST({text} AS BINARY)")
}

/// A text of the stage in the character set and collation of a column.
fn converted(text: &str, collation: &Collation) -> String {
    let Collation { charset, name } = collation;
    format!("CONVERT({text} USING {charset}) COLLATE {name}")
}

impl MySql<'_> {
    /// The key of a staged row for people.
    fn key_text(&self, plan: &Plan) -> String {
        let key = plan.matched_key().iter();
        let key = key.filter_map(|name| plan.schema.index_of(name).ok());
        let texts = joined(key.map(|at| self.text(at)), ", ");
        match texts.is_empty() {
            true => "''".to_owned(),
            false => format!("substr(concat_ws(', ', {texts}), 1, {MAX_KEY_CHARS})"),
        }
    }

    fn collation(&self, at: usize) -> Option<&Collation> {
        self.columns[at].fit.collation.as_ref()
    }
}

impl Dialect for MySql<'_> {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn table(&self, name: &str) -> String {
        quote(name)
    }

    fn value(&self, at: usize) -> String {
        let staged = format!("s.c{at}");
        match (&self.columns[at].fit.kind, self.collation(at)) {
            (Kind::Json, _) => format!("CAST({staged} AS JSON)"),
            (Kind::Uuid, _) => format!("CAST({staged} AS UUID)"),
            (Kind::Inet4, _) => format!("CAST({staged} AS INET4)"),
            (Kind::Inet6, _) => format!("CAST({staged} AS INET6)"),
            (_, Some(collation)) if !collation.is_utf8() => converted(&staged, collation),
            _ => staged,
        }
    }

    fn text(&self, at: usize) -> String {
        match self.columns[at].class {
            Class::Bytes => format!("coalesce(hex(s.c{at}), '')"),
            Class::Text => format!("coalesce(s.c{at}, '')"),
            _ => format!("coalesce(CAST(s.c{at} AS CHAR), '')"),
        }
    }

    fn differs(&self, at: usize, value: &str) -> String {
        let column = &self.columns[at];
        let there = format!("t.{}", quote(&column.name));
        match (column.fit.kind.is_text(), self.collation(at)) {
            (false, _) => format!("NOT ({there} <=> {value})"),
            (true, Some(collation)) if !collation.is_utf8() => {
                let utf8 = |text: &str| binary(&format!("CONVERT({text} USING utf8mb4)"));
                format!("NOT ({} <=> {})", utf8(&there), utf8(value))
            }
            (true, _) => format!("NOT ({} <=> {})", binary(&there), binary(value)),
        }
    }

    fn is_same_key(&self, at: usize, column: &str) -> String {
        format!("{column} = {}", self.value(at))
    }

    fn key_value(&self, at: usize) -> String {
        self.value(at)
    }

    fn given(&self, column: &str, _: usize) -> String {
        match self.target.and_then(|target| target.kind(column)) {
            Some(Kind::Integer { min: 0, .. } | Kind::Bits(_)) => "CAST(? AS UNSIGNED)",
            Some(Kind::Integer { .. } | Kind::Year) => "CAST(? AS SIGNED)",
            Some(Kind::Float4 | Kind::Float8) => "(? + 0e0)",
            _ => "?",
        }
        .to_owned()
    }

    fn is_distinct(&self, column: &str, value: &str) -> String {
        let is_text = self.target.is_some_and(|target| {
            let all = target.written_columns();
            let found = all
                .iter()
                .find(|found| column == format!("t.{}", quote(&found.name)));
            let kind = found.and_then(|found| target.kind(&found.name));
            kind.is_some_and(Kind::is_text)
        });
        match is_text {
            true => {
                let there = binary(&format!("CONVERT({column} USING utf8mb4)"));
                format!("NOT ({there} <=> {})", binary(value))
            }
            false => format!("NOT ({column} <=> {value})"),
        }
    }

    fn refers(&self, table: &str, key: &str, at: usize) -> String {
        let (there, staged) = (format!("r.{}", quote(key)), format!("s.c{at}"));
        let place = (table.to_owned(), key.to_owned());
        match self.references.get(&place) {
            // Where it is that of the column itself, the value has it already.
            Some(collation) if self.collation(at).is_some_and(|own| own != collation) => {
                match collation.is_utf8() {
                    true => format!("{there} = {}", converted(&staged, collation)),
                    false => {
                        let there = binary(&format!("CONVERT({there} USING utf8mb4)"));
                        format!("{there} = {}", binary(&staged))
                    }
                }
            }
            _ => format!("{there} = {}", self.value(at)),
        }
    }
}
