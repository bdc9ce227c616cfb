//! The words of the statements of an import, in the dialect of its database. Names in them are quoted; `t` is a row of the target
//! and `s` one of the stage.

use crate::error::Error;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::rules;

use super::{IMMUTABLE, MAX_KEY_CHARS, STALE};

/// What a database calls things.
pub(crate) trait Dialect {
    /// A name in quotes.
    fn quote(&self, name: &str) -> String;
    /// A table of the user's, quoted, where the target is.
    fn table(&self, name: &str) -> String;
    /// The staged value of a column of the import, in the type of the target's column.
    fn value(&self, at: usize) -> String;
    /// The same as a text for people; never null.
    fn text(&self, at: usize) -> String;
    /// Whether the column of `t` differs from an expression: nulls are equal, and texts differ when their bytes do.
    fn differs(&self, at: usize, value: &str) -> String;
    /// Whether a column of some row, such as `t."sku"`, is the same key as the staged value.
    fn is_same_key(&self, at: usize, column: &str) -> String;
    /// The staged value of a column of the key, so that equal keys are one group.
    fn key_value(&self, at: usize) -> String;
    /// The parameter of that number, a text, as a value of a column of the target.
    fn given(&self, column: &str, number: usize) -> String;
    /// The same for any column of the target.
    fn is_distinct(&self, column: &str, value: &str) -> String;
    /// Whether a column of the row `r` of another table, both as the plan calls them, has the staged value.
    fn refers(&self, _table: &str, key: &str, at: usize) -> String {
        format!("r.{} = {}", self.quote(key), self.value(at))
    }
}

/// The tables of an import, and how its database writes statements.
pub(crate) struct Tables {
    pub(crate) target: String,
    pub(crate) stage: String,
    pub(crate) exceptions: String,
    pub(crate) hit: String,
    pub(crate) dup: String,
    pub(crate) gone: String,
    pub(crate) changed: String,
}

/// The words of an import.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) mode: Mode,
    /// The target.
    pub(crate) target: String,
    /// Staged rows: `n` in order of arrival, `src` as the caller numbers them, and their values.
    pub(crate) stage: String,
    /// Rows that do not enter: `src`, `code`, `reason`, `key`, `col`.
    pub(crate) exceptions: String,
    /// Tables with one column `n` for staged rows: those whose key is in the target, ...
    pub(crate) hit: String,
    /// ... those whose key came before, ...
    pub(crate) dup: String,
    /// ... those that do not enter, with the number of the finding (`round`), ...
    pub(crate) gone: String,
    /// ... and those that change a row of the target.
    pub(crate) changed: String,
    /// The columns of the import, in its order.
    pub(crate) columns: Vec<Column>,
    /// `t.key = s.key AND ..`; empty without a key.
    pub(crate) same_key: String,
    /// The values of the key, for grouping.
    pub(crate) key_values: String,
    /// The database finds different keys sooner where they are counted than where they are grouped.
    pub(crate) counts_distinct: bool,
    /// The key for people, an expression over `s`.
    pub(crate) key_text: String,
    /// What an insert begins with, such as `INSERT INTO`.
    pub(crate) insert: &'static str,
    /// What makes an insert pass over a key that exists, where that costs less than an insert that fails at it.
    pub(crate) unless_key_exists: Option<String>,
    /// What an update begins with, such as `UPDATE`.
    pub(crate) update: &'static str,
    /// An update joins the target to the stage, rather than naming the stage in a FROM.
    pub(crate) update_joins: bool,
    /// What a removal from the target begins with: up to `WHERE`, with `t` for its rows.
    pub(crate) delete: String,
    /// How the parameters of a statement are written.
    pub(crate) parameters: [&'static str; 3],
    /// An expression that fails for a staged row with a text that is no value of its column's type; none if there are no such columns.
    pub(crate) unreadable: Option<String>,
    /// Run before anything else.
    pub(crate) prepare: Vec<String>,
    /// Run before staged rows are looked up elsewhere: what the planner has to know of them.
    pub(crate) before_joins: Vec<String>,
    /// Run before rows are looked at by ranges of `n`: an index, and what keeps other writers away.
    pub(crate) before_ranges: Vec<String>,
    /// What has to be so of a row, before it meets the target.
    pub(crate) references: Vec<Reference>,
    /// What has to be so of a row that meets one of the target.
    pub(crate) guards: Vec<Guard>,
    /// Rows of the target as they were before they were changed: a table (`n`, `kind`, `image`), and the image of `t`. None where
    /// nobody wants to take the import back.
    pub(crate) before: Option<(String, String)>,
    /// What becomes of rows of the target that the source lacks, and the largest share of them.
    pub(crate) missing: Missing,
    pub(crate) max_missing_ratio: f64,
}

/// A column of the import.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) is_key: bool,
    /// Its name, quoted.
    pub(crate) name: String,
    /// The value that is there: its name behind that of `t`.
    pub(crate) there: String,
    /// The staged value, in the type of the target.
    pub(crate) value: String,
    /// What an update sets it to.
    pub(crate) new_value: String,
    /// Whether that differs from what is there.
    pub(crate) differs: String,
}

/// A key of another table that rows refer to.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// True of a staged row that refers to nothing there.
    pub(crate) is_missing: String,
    pub(crate) column: String,
    pub(crate) reason: String,
}

/// A condition on changes.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) code: &'static str,
    /// True of a pair of `s` and `t` that must not be.
    pub(crate) is_refused: String,
    pub(crate) column: String,
    pub(crate) reason: String,
}

/// What becomes of rows that the source lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    Keep,
    Delete,
    /// A column gets a value: the assignment, whether it makes a difference, and the same where it is the first parameter.
    Set {
        assignment: String,
        differs: String,
        differs_alone: String,
        value: Option<String>,
    },
}

/// A statement for each reference of a plan, which fails where its table is not there, or cannot be compared: with the name of the table.
pub(crate) fn probes(plan: &Plan, dialect: &dyn Dialect, stage: &str) -> Vec<(String, String)> {
    let place = |name: &String| plan.schema.index_of(name).ok();
    let tables = plan.references.iter().map(|reference| &reference.table);
    let probes = references(plan, dialect, &place).into_iter().map(|found| {
        let is_missing = found.is_missing;
        format!("SELECT 1 FROM {stage} AS s WHERE {is_missing} LIMIT 0")
    });
    tables.cloned().zip(probes).collect()
}

/// The error for a reference whose probe failed.
pub(crate) fn bad_reference(table: &str, why: &str) -> Error {
    let message =
        format!("the import refers to table {table:?}, which cannot be looked into: {why}");
    Error::target("target/reference", message).with_hint(
        "see that the table is there, with these columns, and that their types can be compared",
    )
}

/// Texts separated by commas.
pub(crate) fn list(parts: impl Iterator<Item = impl AsRef<str>>) -> String {
    joined(parts, ", ")
}

/// Texts with something in between.
pub(super) fn joined(parts: impl Iterator<Item = impl AsRef<str>>, between: &str) -> String {
    let mut all = String::new();
    for part in parts {
        if !all.is_empty() {
            all.push_str(between);
        }
        all.push_str(part.as_ref());
    }
    all
}

impl Words {
    /// Writes the words of an import; `is_of_key` and `keeps` say of a column whether it is one of the key, and whether a blank
    /// keeps what is there. What only one dialect needs is left as others have it.
    pub(crate) fn new(
        plan: &Plan,
        tables: Tables,
        dialect: &dyn Dialect,
        keeps: &dyn Fn(usize) -> bool,
    ) -> Words {
        let fields = plan.schema.fields();
        let place = |name: &String| fields.iter().position(|field| field.name() == name);
        let key: Vec<usize> = plan.matched_key().iter().filter_map(place).collect();
        let of_t = |at: usize| format!("t.{}", dialect.quote(fields[at].name()));
        let columns = (0..fields.len()).map(|at| {
            let value = dialect.value(at);
            let new_value = match keeps(at) {
                true => format!("coalesce({value}, {})", of_t(at)),
                false => value.clone(),
            };
            Column {
                is_key: key.contains(&at),
                name: dialect.quote(fields[at].name()),
                there: of_t(at),
                differs: dialect.differs(at, &new_value),
                value,
                new_value,
            }
        });
        let columns: Vec<Column> = columns.collect();
        let same_key = key.iter().map(|&at| dialect.is_same_key(at, &of_t(at)));
        let texts: Vec<String> = key.iter().map(|&at| dialect.text(at)).collect();
        let key_text = match texts.is_empty() {
            true => "''".to_owned(),
            false => format!("substr({}, 1, {MAX_KEY_CHARS})", texts.join(" || ', ' || ")),
        };
        let Tables {
            target,
            stage,
            exceptions,
            hit,
            dup,
            gone,
            changed,
        } = tables;
        Words {
            mode: plan.mode,
            delete: format!("DELETE FROM {target} AS t WHERE"),
            target,
            stage,
            exceptions,
            hit,
            dup,
            gone,
            changed,
            same_key: joined(same_key, " AND "),
            key_values: list(key.iter().map(|&at| dialect.key_value(at))),
            counts_distinct: false,
            key_text,
            insert: "INSERT INTO",
            unless_key_exists: (!key.is_empty()).then(|| {
                let key = list(key.iter().map(|&at| &columns[at].name));
                format!(" ON CONFLICT ({key}) DO NOTHING")
            }),
            update: "UPDATE",
            update_joins: false,
            parameters: ["$1", "$2", "$3"],
            unreadable: None,
            prepare: Vec::new(),
            before_joins: Vec::new(),
            before_ranges: Vec::new(),
            references: references(plan, dialect, &place),
            guards: guards(plan, &columns, dialect, &place, keeps),
            before: None,
            missing: missing(plan, dialect),
            max_missing_ratio: plan.max_missing_ratio,
            columns,
        }
    }

    pub(super) fn is_hit(&self) -> String {
        self.meets("true")
    }

    /// Whether a staged row meets one of the target of which something is true.
    pub(super) fn meets(&self, condition: &str) -> String {
        let Words {
            target, same_key, ..
        } = self;
        format!("EXISTS (SELECT 1 FROM {target} AS t WHERE {same_key} AND ({condition}))")
    }

    /// How many different keys rows have of which something is true.
    pub(super) fn count_keys(&self, condition: &str) -> String {
        let Words {
            stage, key_values, ..
        } = self;
        match self.counts_distinct {
            true => {
                format!("SELECT count(DISTINCT {key_values}) FROM {stage} AS s WHERE {condition}")
            }
            false => format!(
                "SELECT count(*) FROM (SELECT 1 AS one FROM {stage} AS s WHERE {condition} GROUP BY {key_values}) AS g"
            ),
        }
    }

    pub(super) fn insert(&self, and: &str) -> String {
        let names = list(self.columns.iter().map(|column| &column.name));
        let values = list(self.columns.iter().map(|column| &column.value));
        let unless = self.unless_key_exists.as_deref().unwrap_or_default();
        let Words {
            insert,
            target,
            stage,
            ..
        } = self;
        format!(
            "{insert} {target} ({names}) SELECT {values} FROM {stage} AS s WHERE true{and}{unless}"
        )
    }

    pub(super) fn update(&self, and: &str) -> String {
        let Words {
            update,
            target,
            stage,
            same_key,
            ..
        } = self;
        let changes = self.columns.iter().filter(|column| !column.is_key);
        if self.update_joins {
            let set = changes.map(|column| format!("{} = {}", column.there, column.new_value));
            let set = list(set);
            return format!(
                "{update} {stage} AS s STRAIGHT_JOIN {target} AS t ON {same_key} SET {set} WHERE true{and}"
            );
        }
        let set = list(changes.map(|column| format!("{} = {}", column.name, column.new_value)));
        format!("{update} {target} AS t SET {set} FROM {stage} AS s WHERE {same_key}{and}")
    }

    /// Keeps rows of the target as they are, of which something is true.
    pub(super) fn keep(&self, kind: &str, n: &str, from: &str, condition: &str) -> Option<String> {
        let (table, image) = self.before.as_ref()?;
        let target = &self.target;
        Some(format!(
            "INSERT INTO {table} (n, kind, image) SELECT {n}, '{kind}', {image} FROM {target} AS t{from} WHERE {condition}"
        ))
    }

    /// What became of each row that entered: its source, and 0 for inserted, 1 for updated, 2 for unchanged.
    pub(super) fn fates(&self) -> String {
        let Words {
            stage,
            hit,
            gone,
            changed,
            ..
        } = self;
        let is_in = |table: &str| format!("EXISTS (SELECT 1 FROM {table} AS x WHERE x.n = s.n)");
        format!(
            "SELECT s.src, CASE WHEN {} THEN 1 WHEN {} THEN 2 ELSE 0 END FROM {stage} AS s WHERE NOT {} ORDER BY 1",
            is_in(changed),
            is_in(hit),
            is_in(gone)
        )
    }

    /// Whether a row would change; none if there are only key columns.
    pub(super) fn differs(&self) -> Option<String> {
        let others = self.columns.iter().filter(|column| !column.is_key);
        let any = joined(others.map(|column| &column.differs), " OR ");
        (!any.is_empty()).then_some(any)
    }
}

fn references(
    plan: &Plan,
    dialect: &dyn Dialect,
    place: &dyn Fn(&String) -> Option<usize>,
) -> Vec<Reference> {
    let references = plan.references.iter().map(|reference| {
        let columns: Vec<usize> = reference.columns.iter().filter_map(place).collect();
        let (columns, table) = (&columns, dialect.table(&reference.table));
        let given = columns
            .iter()
            .map(|&at| format!("{} IS NOT NULL", dialect.value(at)));
        let same = columns
            .iter()
            .zip(&reference.key)
            .map(|(&at, key)| dialect.refers(&reference.table, key, at));
        let (given, same) = (joined(given, " AND "), joined(same, " AND "));
        let (table_name, key) = (&reference.table, reference.key.join(", "));
        Reference {
            is_missing: format!("{given} AND NOT EXISTS (SELECT 1 FROM {table} AS r WHERE {same})"),
            column: reference.columns.first().cloned().unwrap_or_default(),
            reason: format!("table {table_name:?} has no row with this {key}"),
        }
    });
    references.collect()
}

fn guards(
    plan: &Plan,
    columns: &[Column],
    dialect: &dyn Dialect,
    place: &dyn Fn(&String) -> Option<usize>,
    keeps: &dyn Fn(usize) -> bool,
) -> Vec<Guard> {
    let immutable = plan.immutable.iter().filter_map(|name| {
        let at = place(name)?;
        let (differs, value) = (dialect.differs(at, &columns[at].value), &columns[at].value);
        // A value that is not there yet may come.
        let there = format!("{} IS NOT NULL", columns[at].there);
        let is_refused = match keeps(at) {
            true => format!("{there} AND {value} IS NOT NULL AND {differs}"),
            false => format!("{there} AND {differs}"),
        };
        Some(Guard {
            code: IMMUTABLE,
            is_refused,
            column: name.clone(),
            reason: format!("column {name:?} has another value in the table, and must not change"),
        })
    });
    let version = plan.version.as_ref().and_then(|name| {
        let column = &columns[place(name)?];
        let (value, there) = (&column.value, format!("t.{}", column.name));
        let others = columns.iter().filter(|column| !column.is_key);
        let differs = joined(others.map(|column| &column.differs), " OR ");
        Some(Guard {
            code: STALE,
            is_refused: format!(
                "{there} IS NOT NULL AND ({value} IS NULL OR NOT {value} > {there}) AND ({differs})"
            ),
            column: name.clone(),
            reason: format!("the row of the table is as new or newer, by column {name:?}"),
        })
    });
    immutable.chain(version).collect()
}

fn missing(plan: &Plan, dialect: &dyn Dialect) -> Missing {
    match &plan.missing {
        rules::Missing::Keep => Missing::Keep,
        rules::Missing::Delete => Missing::Delete,
        rules::Missing::Set { column, value } => {
            let name = dialect.quote(column);
            Missing::Set {
                assignment: format!("{name} = {}", dialect.given(column, 1)),
                differs: dialect.is_distinct(&format!("t.{name}"), &dialect.given(column, 2)),
                differs_alone: dialect.is_distinct(&format!("t.{name}"), &dialect.given(column, 1)),
                value: value.clone(),
            }
        }
    }
}
