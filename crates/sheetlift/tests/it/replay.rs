//! Rows of a quarantine once more: what a mended contract lets through, and nothing twice.

use std::{collections::BTreeSet, ops::Range};

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use sheetlift::{
    Contract, Job, LoadOptions, LoadState, Mode, OutcomeFormat, Report, Sink, connect, undo,
};
#[cfg(target_os = "linux")]
use sheetlift_fixtures::servers::{MariaDb, Postgres};
use tempfile::TempDir;

use crate::common::{self, Lines};

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A cell of a scenario.
#[derive(Debug, Clone)]
enum Cell {
    Text(String),
    Number(f64),
    Date(u8),
    Truth(bool),
    Error,
    Empty,
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A row: a key, a date, a number, a kind and a supplier.
fn row(dice: &mut Dice, number: u64) -> Vec<Cell> {
    let sku = match dice.below(20) {
        0 => Cell::Empty,
        1..4 => text(format!("S{}", dice.below(6))),
        4 => text(format!("00{number}")),
        5 => Cell::Number(number as f64),
        _ => text(format!("A{number}")),
    };
    let when = match dice.below(8) {
        0 => Cell::Empty,
        1 => text(format!("{:02}.05.2024", 13 + dice.below(9))),
        2 => text("soon"),
        3 => Cell::Error,
        4 => text(format!("2024-05-{:02}", 1 + dice.below(9))),
        _ => Cell::Date(1 + dice.below(28) as u8),
    };
    let price = match dice.below(8) {
        0 => text(format!("{},50", dice.below(90))),
        1 => text("dear"),
        2 => Cell::Truth(true),
        3 => Cell::Number(dice.below(2_000) as f64),
        4 => Cell::Number(0.1 + 0.2 * dice.below(1_000) as f64 / 7.0),
        5 => Cell::Empty,
        _ => Cell::Number(dice.below(900) as f64 / 4.0),
    };
    let kind = match dice.below(9) {
        0 => Cell::Empty,
        1 => text("d"),
        _ => text(dice.of(&["a", "a", "b", "c"])),
    };
    let supplier = text(dice.of(&["X", "X", "Y", "Z"]));
    vec![sku, when, price, kind, supplier]
}

const LABELS: [&str; 5] = ["Art. No", "When", "Price", "Kind", "From"];

/// The rows as a workbook: a title above, a gap within, a column that nobody asked for.
fn workbook(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Items").unwrap();
    sheet.write_string(0, 0, "Stock").unwrap();
    let date = Format::new().set_num_format("dd/mm/yyyy");
    for (at, label) in (1..).zip(LABELS) {
        sheet.write_string(2, at, label).unwrap();
    }
    sheet.write_string(2, 7, "Note").unwrap();
    for (at, cells) in (0..).zip(rows) {
        let row = 3 + at + at / 5;
        for (column, cell) in (1..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text),
                Cell::Number(number) => sheet.write_number(row, column, *number),
                Cell::Truth(value) => sheet.write_boolean(row, column, *value),
                Cell::Date(day) => {
                    let day = ExcelDateTime::from_ymd(2024, 3, *day).unwrap();
                    sheet.write_datetime_with_format(row, column, &day, &date)
                }
                Cell::Error => {
                    let formula = Formula::new("#N/A").set_result("#N/A");
                    sheet.write_formula(row, column, formula)
                }
                Cell::Empty => continue,
            }
            .unwrap();
        }
        sheet.write_string(row, 7, "seen").unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// The rows as a text file; some have a cell too many.
fn lines(rows: &[Vec<Cell>], dice: &mut Dice) -> Vec<u8> {
    let mut out = LABELS.join(";") + "\n";
    for cells in rows {
        let cells = cells.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            // A decimal point would be wrong for the contract that is mended.
            Cell::Number(number) => number.round().to_string(),
            Cell::Date(day) => format!("2024-03-{day:02}"),
            Cell::Truth(value) => value.to_string(),
            Cell::Error => "#N/A".to_owned(),
            Cell::Empty => String::new(),
        });
        out += &cells.collect::<Vec<_>>().join(";");
        out += match dice.below(8) {
            0 => ";more\n",
            _ => "\n",
        };
        if dice.below(9) == 0 {
            out += "\n";
        }
    }
    out.into_bytes()
}

/// The contract before and after it is mended.
fn contract(is_mended: bool, mode: Mode) -> Contract {
    let (format, comma, kinds) = match is_mended {
        false => ("default", "", "[a, b]"),
        true => ("any", ", decimalChar: ','", "[a, b, c]"),
    };
    let comma = if mode == Mode::InsertMissing {
        comma
    } else {
        ""
    };
    let text = format!(
        "name: items
schema:
  fieldsMatch: subset
  fields:
    - {{name: sku, sheetlift: {{match: {{aliases: [Art. No]}}}}}}
    - {{name: day, type: date, format: {format}, sheetlift: {{match: {{aliases: [When]}}}}}}
    - {{name: price, type: number{comma}}}
    - {{name: kind, constraints: {{enum: {kinds}}}}}
    - {{name: supplier, sheetlift: {{match: {{aliases: [From]}}}}}}
  primaryKey: sku
  foreignKeys: [{{fields: supplier, reference: {{resource: suppliers, fields: code}}}}]
sheetlift:
  references: {{suppliers: {{table: suppliers}}}}
  load: {{mode: {mode}}}
"
    );
    text.parse().unwrap()
}

/// A database with suppliers, and a table for items.
struct Base {
    server: Server,
    sink: Box<dyn Sink>,
}

enum Server {
    Sqlite(TempDir),
    #[cfg(target_os = "linux")]
    Postgres(String),
    #[cfg(target_os = "linux")]
    MariaDb(String),
}

impl Base {
    fn new(suppliers: &str) -> Base {
        let (dir, sink) = common::sink();
        let server = Server::Sqlite(dir);
        Base { server, sink }.prepared(suppliers, ["TEXT", "TEXT", "REAL"])
    }

    #[cfg(target_os = "linux")]
    fn on_postgres(suppliers: &str) -> Base {
        let server = Postgres::shared();
        let database = server.database();
        let sink = connect(&server.address(&database)).unwrap();
        let server = Server::Postgres(database);
        Base { server, sink }.prepared(suppliers, ["TEXT", "DATE", "DOUBLE PRECISION"])
    }

    #[cfg(target_os = "linux")]
    fn on_mariadb(suppliers: &str) -> Base {
        let server = MariaDb::shared();
        let database = server.database();
        let sink = connect(&server.address(&database)).unwrap();
        let server = Server::MariaDb(database);
        let key = "VARCHAR(50) COLLATE utf8mb4_bin";
        Base { server, sink }.prepared(suppliers, [key, "DATE", "DOUBLE PRECISION"])
    }

    fn prepared(self, suppliers: &str, [key, date, number]: [&str; 3]) -> Base {
        self.run(&format!(
            "CREATE TABLE suppliers (code {key} PRIMARY KEY); INSERT INTO suppliers VALUES {suppliers};
             CREATE TABLE items (sku {key} NOT NULL PRIMARY KEY, day {date}, price {number} CHECK (price < 1500), kind TEXT, supplier TEXT)"
        ));
        self
    }

    fn run(&self, sql: &str) {
        match &self.server {
            Server::Sqlite(dir) => open(dir).execute_batch(sql).unwrap(),
            #[cfg(target_os = "linux")]
            Server::Postgres(database) => drop(Postgres::shared().psql(database, sql).unwrap()),
            #[cfg(target_os = "linux")]
            Server::MariaDb(database) => drop(MariaDb::shared().sql(database, sql).unwrap()),
        }
    }

    fn address(&self) -> String {
        match &self.server {
            Server::Sqlite(dir) => format!("sqlite:{}", dir.path().join("inventory.db").display()),
            #[cfg(target_os = "linux")]
            Server::Postgres(database) => Postgres::shared().address(database),
            #[cfg(target_os = "linux")]
            Server::MariaDb(database) => MariaDb::shared().address(database),
        }
    }

    fn table(&self) -> Vec<String> {
        match &self.server {
            Server::Sqlite(dir) => {
                let conn = open(dir);
                let mut rows = conn
                    .prepare("SELECT quote(sku) || quote(day) || quote(price) || quote(kind) || quote(supplier) FROM items ORDER BY 1")
                    .unwrap();
                let rows = rows.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            #[cfg(target_os = "linux")]
            Server::Postgres(database) => {
                let sql = "SELECT i FROM items i ORDER BY sku";
                let rows = Postgres::shared().psql(database, sql).unwrap();
                rows.lines().map(str::to_owned).collect()
            }
            #[cfg(target_os = "linux")]
            Server::MariaDb(database) => {
                let sql = "SELECT * FROM items ORDER BY sku";
                let rows = MariaDb::shared().sql(database, sql).unwrap();
                rows.lines().map(str::to_owned).collect()
            }
        }
    }

    /// The rows in quarantine, and whether they repeat an earlier one.
    fn quarantine(&self, id: &str) -> BTreeSet<(u32, bool)> {
        let mut rows = BTreeSet::new();
        self.sink
            .quarantined(id, &mut |row| {
                assert!(!row.codes.is_empty() && !row.reason.is_empty(), "{row:?}");
                rows.insert((row.row, row.raw.contains("\"repeats\":true")));
            })
            .unwrap();
        rows
    }

    fn load(&self, job: &Job) -> Report {
        let report = job.load(&*self.sink, &LoadOptions::default()).unwrap();
        let state = report.load.as_ref().unwrap().state;
        assert_eq!(state, LoadState::Committed, "{:?}", report.findings);
        report
    }

    fn replay(&self, id: &str, contract: Contract) -> Option<Report> {
        let job = Job::from_quarantine(&*self.sink, id, contract).unwrap()?;
        Some(self.load(&job))
    }
}

fn open(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join("inventory.db")).unwrap()
}

fn id(report: &Report) -> &str {
    &report.load.as_ref().unwrap().import_id
}

/// What is said of rows: where and what.
fn told(report: &Report, rows: &BTreeSet<u32>) -> Vec<(u32, Option<u32>, String, String)> {
    let findings = report.findings.iter();
    let findings = findings.filter_map(|finding| {
        let row = finding.row? - 1;
        let code = finding.code.to_string();
        let what = (row, finding.column_index, code, finding.message.clone());
        rows.contains(&row).then_some(what)
    });
    let mut told: Vec<_> = findings.collect();
    told.sort();
    told
}

/// A load and its replay give the table that a load with the mended contract gives, and keep the rows that it would have kept.
#[test]
fn a_replay_is_what_the_load_would_have_been() {
    let loaded_later = replays(0..20, Base::new);
    assert!(loaded_later > 40, "{loaded_later}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_replay_into_postgres_is_what_the_load_would_have_been() {
    let loaded_later = replays(20..26, Base::on_postgres);
    assert!(loaded_later > 5, "{loaded_later}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_replay_into_mariadb_is_what_the_load_would_have_been() {
    let loaded_later = replays(26..32, Base::on_mariadb);
    assert!(loaded_later > 5, "{loaded_later}");
}

/// Plays scenarios; gives the number of rows that a replay has loaded.
fn replays(seeds: Range<u64>, make: fn(&str) -> Base) -> u64 {
    let mut loaded_later = 0;
    for seed in seeds {
        let mut dice = Dice(seed);
        let mode = dice.of(&[Mode::InsertMissing, Mode::Insert, Mode::Upsert]);
        let rows: Vec<Vec<Cell>> = (0..5 + dice.below(40))
            .map(|at| row(&mut dice, at))
            .collect();
        let (bytes, name) = match dice.below(3) {
            0 => (lines(&rows, &mut dice), "items.csv"),
            _ => (workbook(&rows), "items.xlsx"),
        };
        let job = |is_mended| {
            let job = Job::from_bytes(bytes.clone(), name).unwrap();
            job.with_contract(contract(is_mended, mode))
        };
        let (base, direct) = (make("('X'), ('Y')"), make("('X'), ('Y'), ('Z')"));
        let first = base.load(&job(false));
        let (before, held) = (base.table(), base.quarantine(id(&first)));
        let load = first.load.as_ref().unwrap();
        assert_eq!(
            held.len() as u64,
            load.rejected + load.conflicts,
            "seed {seed}"
        );
        base.run("INSERT INTO suppliers VALUES ('Z')");
        let expected = direct.load(&job(true));
        let mended = || contract(true, mode);
        if held.is_empty() {
            assert!(base.replay(id(&first), mended()).is_none());
            continue;
        }
        let replayed = base.replay(id(&first), mended()).unwrap();
        assert_eq!(base.table(), direct.table(), "seed {seed}");
        let left: BTreeSet<u32> = base
            .quarantine(id(&first))
            .iter()
            .map(|row| row.0)
            .collect();
        let kept = direct.quarantine(id(&expected));
        let kept: BTreeSet<u32> = kept.iter().map(|row| row.0).collect();
        assert_eq!(left, kept, "seed {seed}");
        let tried = held.iter().filter(|row| !row.1).map(|row| row.0).collect();
        assert_eq!(
            told(&replayed, &tried),
            told(&expected, &tried),
            "seed {seed}"
        );
        assert_eq!(replayed.file.as_deref(), Some(name));
        loaded_later += replayed.load.as_ref().unwrap().inserted;

        // Once more: nothing.
        if let Some(again) = base.replay(id(&first), mended()) {
            let again = again.load.unwrap();
            assert_eq!((again.inserted, again.updated), (0, 0), "seed {seed}");
            assert_eq!(again.state, LoadState::Committed);
        }
        assert_eq!(base.table(), direct.table(), "seed {seed}");

        // Taken back, its rows are where they were, and can be tried again.
        let undone = undo(id(&replayed), &base.address(), false).unwrap();
        assert_eq!(undone.kept, 0, "seed {seed}");
        assert_eq!(base.table(), before, "seed {seed}");
        assert_eq!(base.quarantine(id(&first)), held, "seed {seed}");
        base.replay(id(&first), mended()).unwrap();
        assert_eq!(base.table(), direct.table(), "seed {seed}");
    }
    loaded_later
}

#[test]
fn rows_of_several_sheets_go_back_to_their_sheets() {
    let mut workbook = Workbook::new();
    for (name, rows) in [
        ("May", &[["A1", "x"], ["A2", "2"]][..]),
        ("June", &[["B1", "y"], ["B2", "x"]]),
        ("July", &[["C1", "1"]]),
    ] {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).unwrap();
        let top = name.len() as u32;
        for (row, cells) in (top..).zip([["sku", "stock"]].iter().chain(rows)) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let contract = |values: &str| -> Contract {
        format!(
            "name: items\nschema: {{fields: [{{name: sku}}, {{name: stock, type: integer, sheetlift: {{read: {{map: {values}}}}}}}], primaryKey: sku}}\nsheetlift: {{locate: {{sheets: all}}, tableRules: [{{id: n, rowCount: {{minimum: 5}}}}]}}"
        )
        .parse()
        .unwrap()
    };
    let (_dir, sink) = common::sink();
    let options = LoadOptions::default().with_create_table(true);
    let job = Job::from_bytes(bytes, "months.xlsx").unwrap();
    let first = job
        .with_contract(contract("{}"))
        .load(&*sink, &options)
        .unwrap();
    assert_eq!(first.load.as_ref().unwrap().rejected, 3);
    let replay = |values: &str| {
        let job = Job::from_quarantine(&*sink, id(&first), contract(values)).unwrap()?;
        Some(job.load(&*sink, &options).unwrap())
    };
    let report = replay("{x: '7'}").unwrap();
    assert_eq!(report.load.unwrap().inserted, 2);
    let found: Vec<String> = report.findings.iter().map(|f| f.address()).collect();
    assert!(found.contains(&"June!B6".to_owned()), "{found:?}");
    assert_eq!(
        replay("{x: '7', y: '8'}").unwrap().load.unwrap().inserted,
        1
    );
    assert!(replay("{x: '7', y: '8'}").is_none());
}

#[test]
fn what_cannot_be_replayed_says_so() {
    let base = Base::new("('X')");
    let mended = || contract(true, Mode::InsertMissing);
    let of = |id: &str, contract: Contract| {
        Job::from_quarantine(&*base.sink, id, contract).map(|job| job.is_some())
    };
    assert_eq!(of("imp_1", mended()).unwrap_err().code(), "usage/import-id");
    let rows = "Art. No;When;Price;Kind;From\nA;;1;c;X\nB;;1;a;X\n";
    let job = Job::from_bytes(rows.as_bytes().to_vec(), "a.csv").unwrap();
    let first = base.load(&job.with_contract(contract(false, Mode::InsertMissing)));
    let first = id(&first).to_owned();
    let job = Job::from_quarantine(&*base.sink, &first, mended()).unwrap();
    let replace = LoadOptions::default().with_mode(Mode::Replace);
    let error = job.unwrap().load(&*base.sink, &replace).unwrap_err();
    assert_eq!(error.code(), "usage/replay");
    let second = base.replay(&first, mended()).unwrap();
    assert_eq!(second.load.as_ref().unwrap().inserted, 1);
    let error = of(id(&second), mended()).unwrap_err();
    assert_eq!(error.code(), "usage/replay");
    assert!(error.hint().unwrap().contains(&first), "{error:?}");
    let error = undo(&first, &base.address(), false).unwrap_err();
    assert!(error.hint().unwrap().contains(id(&second)), "{error:?}");
    undo(id(&second), &base.address(), false).unwrap();
    undo(&first, &base.address(), false).unwrap();
    assert_eq!(of(&first, mended()).unwrap_err().code(), "usage/replay");

    // Files have no quarantine that could be asked.
    let dir = tempfile::tempdir().unwrap();
    let files = connect(&format!("file:{}?format=csv", dir.path().display())).unwrap();
    let error = Job::from_quarantine(&*files, &first, mended()).unwrap_err();
    assert_eq!(error.code(), "usage/not-supported");
}

/// Rows go straight into a new table, and those that repeat a key of the target wait all the same.
#[test]
fn a_new_table_has_a_quarantine() {
    let contract: Contract = "name: items\nschema: {fields: [{name: sku}, {name: stock, type: integer}]}\nsheetlift: {load: {key: [sku]}}"
        .parse()
        .unwrap();
    let (dir, sink) = common::sink();
    let options = LoadOptions::default().with_create_table(true);
    let out = Lines::default();
    let job = Job::from_bytes(&b"sku,stock\nA,1\nB,x\nA,2\nC,3\n"[..], "a.csv").unwrap();
    let job = job
        .with_contract(contract.clone())
        .with_outcomes_to(out.clone(), OutcomeFormat::Csv);
    let dry = options.clone().with_dry_run(true);
    job.load(&*sink, &dry).unwrap();
    let rehearsed = out.text();
    let report = job.load(&*sink, &options).unwrap();
    assert_eq!(out.text(), [rehearsed.as_str(); 2].concat());
    let told: Vec<&str> = rehearsed.lines().collect();
    assert_eq!(told.len(), 5);
    assert_eq!(told[1], "a,2,A,created,,");
    assert!(told[2].starts_with("a,3,,rejected,cell/type,"), "{told:?}");
    assert!(
        told[3].starts_with("a,4,A,conflict,load/key-exists,"),
        "{told:?}"
    );
    assert_eq!(told[4], "a,5,C,created,,");
    let mut held = Vec::new();
    sink.quarantined(id(&report), &mut |row| held.push((row.row, row.raw)))
        .unwrap();
    let raw = |text: &str| text.to_owned();
    assert_eq!(
        held,
        [
            (2, raw(r#"{"sku":"B","stock":"x"}"#)),
            (3, raw(r#"{"sku":"A","stock":"2"}"#)),
        ]
    );
    // Which of two rows with a key counts was settled, whatever the mode is now; with another key it is open again.
    let upsert = LoadOptions::default().with_mode(Mode::Upsert);
    let stock = || -> i64 {
        let conn = rusqlite::Connection::open(dir.path().join("inventory.db")).unwrap();
        let sql = "SELECT stock FROM items WHERE sku = 'A'";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let job = Job::from_quarantine(&*sink, id(&report), contract).unwrap();
    let job = job.unwrap();
    assert_eq!(job.left_in_quarantine(), 1);
    assert_eq!(job.load(&*sink, &upsert).unwrap().load.unwrap().updated, 0);
    assert_eq!(stock(), 1);
    let other: Contract = "name: items\nschema: {fields: [{name: sku}, {name: stock, type: integer}], primaryKey: [sku]}"
        .parse()
        .unwrap();
    let job = Job::from_quarantine(&*sink, id(&report), other).unwrap();
    let job = job.unwrap();
    assert_eq!(job.left_in_quarantine(), 1, "it is the same key");
}

/// What became of each row, as a dry run and the load say it.
#[test]
fn outcomes_are_those_of_the_dry_run() {
    let csv = "Art. No;When;Price;Kind;From\nA;;1;a;X\nB;soon;1;a;X\nA;;3;a;X\nC;;3;b;Z\nD;;2000;a;X\nE;2024-05-06;2;a;X\nF;;4;b;Y\n";
    for (mode, expected) in [
        (
            Mode::InsertMissing,
            "sheet,row,key,outcome,code,reason
a,2,A,unchanged,,
a,3,B,rejected,cell/date-invalid,\"When is \"\"soon\"\", but has to be a date, as YYYY-MM-DD\"
a,4,A,rejected,row/primary-key,\"Art. No is \"\"A\"\", which row 2 has already\"
a,5,C,conflict,load/reference-missing,\"table \"\"suppliers\"\" has no row with this code\"
a,6,D,conflict,load/target-constraint,CHECK constraint failed: price < 1500
a,7,E,created,,
a,8,F,unchanged,,
",
        ),
        (
            Mode::Upsert,
            "sheet,row,key,outcome,code,reason
a,2,A,updated,,
a,3,B,rejected,cell/date-invalid,\"When is \"\"soon\"\", but has to be a date, as YYYY-MM-DD\"
a,4,A,rejected,row/primary-key,\"Art. No is \"\"A\"\", which row 2 has already\"
a,5,C,conflict,load/reference-missing,\"table \"\"suppliers\"\" has no row with this code\"
a,6,D,conflict,load/target-constraint,CHECK constraint failed: price < 1500
a,7,E,created,,
a,8,F,unchanged,,
",
        ),
    ] {
        let base = Base::new("('X'), ('Y')");
        base.run("INSERT INTO items VALUES ('A', NULL, 9, 'a', 'X'), ('F', NULL, 4, 'b', 'Y')");
        let run = |dry_run: bool, format: OutcomeFormat| {
            let out = Lines::default();
            let job = Job::from_bytes(csv.as_bytes().to_vec(), "a.csv").unwrap();
            let job = job
                .with_contract(contract(false, mode))
                .with_outcomes_to(out.clone(), format);
            let options = LoadOptions::default().with_dry_run(dry_run);
            job.load(&*base.sink, &options).unwrap();
            out
        };
        let lines = run(true, OutcomeFormat::Ndjson).json();
        assert_eq!(lines.len(), 7);
        assert_eq!(
            lines[5],
            serde_json::json!({"sheet": "a", "row": 7, "key": "E", "outcome": "created"})
        );
        assert_eq!(run(true, OutcomeFormat::Csv).text(), expected);
        assert_eq!(run(false, OutcomeFormat::Csv).text(), expected);
        assert_eq!(run(false, OutcomeFormat::Csv).text(), "", "loaded before");
    }
}
