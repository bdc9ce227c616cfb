//! The suite that every sink has to pass, on a MariaDB server that the test starts.
#![cfg(all(feature = "mysql", target_os = "linux"))]

use std::{
    fs,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use arrow_array::{ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use sheetlift_fixtures::servers::MariaDb as Server;
use sheetlift_load::{
    Mode, Outcome, Sink,
    conformance::{self, Database},
    mysql::MySqlSink,
};

/// A database of a server.
pub(crate) struct MySql {
    pub(crate) server: &'static Server,
    pub(crate) name: String,
}

impl MySql {
    /// On the server that the tests share.
    pub(crate) fn new() -> MySql {
        MySql::on(Server::shared())
    }

    pub(crate) fn on(server: &'static Server) -> MySql {
        let name = server.database();
        MySql { server, name }
    }

    /// One whose tables have another character set than the sink's own.
    pub(crate) fn in_latin1() -> MySql {
        let db = MySql::new();
        let sql = format!("ALTER DATABASE {} CHARACTER SET latin1", db.name);
        db.sql(&sql).unwrap();
        db
    }

    pub(crate) fn address(&self) -> String {
        self.server.address(&self.name)
    }

    pub(crate) fn sql(&self, sql: &str) -> Result<String, String> {
        self.server.sql(&self.name, sql)
    }

    /// Rows of a query as text, whatever characters and bytes are in them.
    pub(crate) fn query(
        &self,
        columns: &[&str],
        rest: &str,
    ) -> Result<Vec<Vec<Option<String>>>, String> {
        let columns = columns
            .iter()
            .map(|column| format!("coalesce(hex(concat({column})), 'N')"));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let found = self.sql(&format!("SELECT {columns} {rest}"))?;
        let row = |line: &str| line.split('\t').map(text).collect();
        Ok(found.lines().map(row).collect())
    }
}

fn text(digits: &str) -> Option<String> {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let bytes = || (0..digits.len()).step_by(2).map(digit).collect::<Vec<u8>>();
    (digits != "N").then(|| String::from_utf8_lossy(&bytes()).into_owned())
}

impl Drop for MySql {
    fn drop(&mut self) {
        // A database is a directory of files: those of hundreds of tests would fill the disk.
        let _ = self.sql(&format!("DROP DATABASE {}", self.name));
    }
}

impl Database for MySql {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(MySqlSink::open(&self.address()).unwrap())
    }

    fn execute(&self, sql: &str) {
        self.sql(sql).unwrap();
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
        let quoted: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        let names: Vec<&str> = quoted.iter().map(String::as_str).collect();
        match self.query(
            &names,
            &format!("FROM {} ORDER BY {}", quote(table), names[0]),
        ) {
            Ok(rows) => rows,
            Err(error) if error.contains("doesn't exist") => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn mariadb_conforms() {
    conformance::run(MySql::new);
}

#[test]
fn a_table_is_described() {
    let db = MySql::new();
    db.execute(
        "CREATE TABLE suppliers (id bigint AUTO_INCREMENT PRIMARY KEY);
         CREATE TABLE `it``em` (sku varchar(12) NOT NULL, price numeric(12,2) NOT NULL CHECK (price >= 0), stock int DEFAULT 0,
             photo blob, supplier bigint, gross numeric(12,2) AS (price * 2) STORED, seen datetime(3), is_new boolean,
             PRIMARY KEY (sku), UNIQUE (supplier, sku), UNIQUE (seen), UNIQUE (photo(4)), FOREIGN KEY (supplier) REFERENCES suppliers (id));
         CREATE VIEW dear AS SELECT sku FROM `it``em`",
    );
    let table = sheetlift_load::describe_table(&db.address(), "it`em").unwrap();
    assert_eq!(
        (table.is_view, table.checks, table.foreign_keys),
        (false, 1, 1)
    );
    assert_eq!(table.primary_key, ["sku"]);
    assert_eq!(table.unique_keys, [vec!["seen"], vec!["supplier", "sku"]]);
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            (
                &*c.name,
                &*c.declared,
                c.affinity,
                c.is_required,
                c.is_generated,
            )
        })
        .collect();
    let expected = [
        ("sku", "varchar(12)", "TEXT", true, false),
        ("price", "decimal(12,2)", "NUMERIC", true, false),
        ("stock", "int(11)", "INTEGER", false, false),
        ("photo", "blob", "BLOB", false, false),
        ("supplier", "bigint(20)", "INTEGER", false, false),
        ("gross", "decimal(12,2)", "NUMERIC", false, true),
        ("seen", "datetime(3)", "TEXT", false, false),
        ("is_new", "boolean", "NUMERIC", false, false),
    ];
    assert_eq!(columns, expected);
    assert_eq!(table.columns[2].default.as_deref(), Some("0"));
    assert_eq!(table.columns[3].default, None);
    let numbered = sheetlift_load::describe_table(&db.address(), "suppliers").unwrap();
    assert!(numbered.columns[0].is_numbered);
    assert!(
        sheetlift_load::describe_table(&db.address(), "dear")
            .unwrap()
            .is_view
    );
    let error = sheetlift_load::describe_table(&db.address(), "nowhere").unwrap_err();
    assert_eq!(error.code(), "usage/no-table");
    assert_eq!(
        error.hint(),
        Some("the database has \"dear\", \"it`em\", \"suppliers\"")
    );
}

pub(crate) fn texts(name: &str, values: &[Option<&str>]) -> (Field, ArrayRef) {
    let values = StringArray::from(values.to_vec());
    (Field::new(name, DataType::Utf8, true), Arc::new(values))
}

pub(crate) fn batch(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn told(outcome: &Outcome) -> Vec<(u32, &str, Option<&str>, &str)> {
    let conflicts = outcome.conflicts.iter();
    conflicts
        .map(|c| (c.row, &*c.code, c.column.as_deref(), &*c.reason))
        .collect()
}

#[test]
fn what_the_server_cannot_hold_is_a_conflict_that_names_the_column() {
    let db = MySql::new();
    let names = "n".repeat(64);
    db.execute(&format!(
        "CREATE TABLE suppliers (code varchar(20) PRIMARY KEY);
         CREATE TABLE items (sku varchar(20) PRIMARY KEY, stock bigint UNIQUE, `{names}` varchar(3), color enum('red'),
             supplier varchar(20), price numeric(5,2) CHECK (price < 100), latin varchar(9) CHARACTER SET latin1,
             FOREIGN KEY (supplier) REFERENCES suppliers (code))"
    ));
    let some = |at: usize, value: &'static str| -> Vec<Option<&'static str>> {
        (0..10).map(|row| (row == at).then_some(value)).collect()
    };
    let mut long = vec![Some("a"); 10];
    (long[2], long[0]) = (Some("äöüß"), Some("nul"));
    let rows = batch(vec![
        texts(
            "sku",
            &[
                "ok", "nul\0", "long", "enum", "fk", "check", "scale", "twin", "OK ", "latin",
            ]
            .map(Some),
        ),
        (
            Field::new("stock", DataType::Int64, true),
            Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5, 6, 7, 1, 8, 9])),
        ),
        texts(&names, &long),
        texts("color", &some(3, "RED")),
        texts("supplier", &some(4, "nobody")),
        (
            Field::new("price", DataType::Float64, true),
            Arc::new(Float64Array::from(vec![
                1.25, 1.0, 1.0, 1.0, 1.0, 100.0, 1.125, 1.0, 1.0, 1.0,
            ])),
        ),
        texts("latin", &some(9, "漢")),
    ]);
    let plan = conformance::plan("x", &rows).with_mode(Mode::Upsert);
    let outcome = conformance::load(&*db.sink(), &plan, &rows);
    assert_eq!(outcome.inserted, 2, "{outcome:?}");
    let found = told(&outcome);
    let constraint = "load/target-constraint";
    let long = format!("column {names:?}: 4 characters are more than the 3 of the column");
    let expected = [
        (2, constraint, Some(&*names), &*long),
        (
            3,
            constraint,
            Some("color"),
            "column \"color\": \"RED\" is none of its values",
        ),
        (
            4,
            constraint,
            Some("supplier"),
            "Cannot add or update a child row: a foreign key constraint fails",
        ),
        (
            5,
            constraint,
            Some("price"),
            "CONSTRAINT `items.price` failed",
        ),
        (
            6,
            constraint,
            Some("price"),
            "column \"price\": 1.125 has more than 2 decimals",
        ),
        (
            7,
            constraint,
            Some("stock"),
            "Duplicate entry '1' for key 'stock'",
        ),
        (8, "load/key-exists", None, "the key exists already"),
        (
            9,
            constraint,
            Some("latin"),
            "column \"latin\": the character set latin1 of the column lacks a character of the text",
        ),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(
            (found.0, found.1, found.2),
            (expected.0, expected.1, expected.2),
            "{found:?}"
        );
        assert!(found.3.starts_with(expected.3), "{found:?}");
    }
    // A name that the server cannot have is refused before anything is made.
    for name in ["t".repeat(65), "t\u{1F980}".to_owned()] {
        let mut long = conformance::plan("y", &rows);
        long.table = name;
        let error = db.sink().begin(&long).unwrap_err();
        assert_eq!(error.code(), "usage/column-name");
    }
}

/// What was loaded, whatever the way.
fn odd_rows() -> RecordBatch {
    let long = "x\u{1F980}\t".repeat(200_000);
    let odd = [
        "",
        "\\",
        "\\N",
        "a\tb\n\r\0c",
        "\u{1F980}",
        &long,
        "'\"`; -- ",
    ];
    let ids: Vec<String> = (0..odd.len()).map(|at| format!("k{at}")).collect();
    let skus: Vec<Option<&str>> = ids.iter().map(|id| Some(id.as_str())).collect();
    let bytes = BinaryArray::from(vec![
        Some(&b"\0\\\t\n\xff"[..]),
        None,
        Some(b""),
        Some(b"\xf0\x9f"),
        None,
        None,
        None,
    ]);
    batch(vec![
        texts("sku", &skus),
        texts("te`xt; --", &odd.map(Some)),
        (Field::new("bytes", DataType::Binary, true), Arc::new(bytes)),
    ])
}

#[test]
fn without_load_data_rows_are_inserted() {
    let server: &'static Server = Box::leak(Box::new(Server::start(&["--local-infile=0"])));
    let rows = odd_rows();
    let look = |db: &MySql| {
        let plan = conformance::plan("x", &rows);
        let outcome = conformance::load(&*db.sink(), &plan, &rows);
        assert_eq!(outcome.inserted, rows.num_rows() as u64);
        db.rows("items", &["sku", "te`xt; --", "bytes"])
    };
    let (loaded, inserted) = (look(&MySql::new()), look(&MySql::on(server)));
    assert!(loaded == inserted, "the same arrives either way");
    let expected: &StringArray = rows.column(1).as_any().downcast_ref().unwrap();
    for (found, expected) in loaded.iter().zip(expected) {
        assert!(
            found[1].as_deref() == expected,
            "{:?}",
            &expected.map(|text| text.len())
        );
    }
    the_server_proves_who_it_is(server);
}

/// A server that speaks TLS over TCP, with a certificate for `localhost`, proves who it is.
fn the_server_proves_who_it_is(server: &'static Server) {
    let openssl = |arguments: &[&str]| {
        let mut openssl = server.program("openssl");
        let made = openssl.args(arguments).stderr(Stdio::null()).status();
        assert!(made.unwrap().success(), "openssl {arguments:?}");
    };
    let request = [
        "req", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-x509", "-subj",
    ];
    let own = ["/CN=tester", "-keyout", "ca.key", "-out", "ca.crt"];
    openssl(&[&request[..], &own].concat());
    let named = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=CA:FALSE",
    ];
    let signed = [
        "/CN=localhost",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-keyout",
        "server.key",
        "-out",
        "server.crt",
    ];
    openssl(&[&request[..], &signed, &named].concat());
    let port = server.port();
    let connect = |host: &str, rest: &str| {
        let address = format!("mysql://locked:dekcol@{host}:{port}/information_schema?{rest}");
        let found = MySqlSink::open(&address).unwrap().history(1);
        found.map(|_| ()).map_err(|error| {
            let said = format!("{error} {error:?} {:?}", error.hint());
            assert!(!said.contains("dekcol"), "{said}");
            error.code()
        })
    };
    // Without certificates of its own, it has no TLS.
    assert_eq!(connect("localhost", "ssl-mode=preferred"), Ok(()));
    assert_eq!(
        connect("localhost", "ssl-mode=required"),
        Err("sink/unreachable")
    );
    server.kill();
    server.serve_with(&["--ssl-cert=server.crt", "--ssl-key=server.key"]);
    let locked = "ALTER USER locked@'%' REQUIRE SSL";
    server.sql("mysql", locked).unwrap();
    let root = server.folder().join("ca.pem");
    let pem = server.program("cat").arg("ca.crt").output().unwrap().stdout;
    fs::write(&root, pem).unwrap();
    let known = format!("&ssl-ca={}", root.display());
    for (host, rest, expected) in [
        ("localhost", "ssl-mode=required", Ok(())),
        ("localhost", "", Ok(())),
        (
            "localhost",
            &*format!("ssl-mode=verify_identity{known}"),
            Ok(()),
        ),
        ("127.0.0.1", &format!("ssl-mode=verify_ca{known}"), Ok(())),
        (
            "127.0.0.1",
            &format!("ssl-mode=verify_identity{known}"),
            Err("sink/unreachable"),
        ),
        (
            "localhost",
            "ssl-mode=verify_identity",
            Err("sink/unreachable"),
        ),
        ("localhost", "ssl-mode=verify_ca", Err("sink/unreachable")),
        ("localhost", "ssl-mode=disabled", Err("sink/login")),
        (
            "localhost",
            "ssl-mode=verify_identity&ssl-ca=/nowhere",
            Err("sink/certificates"),
        ),
    ] {
        assert_eq!(connect(host, rest), expected, "{host} {rest}");
    }
    let wrong =
        format!("mysql://locked:wr0ng@localhost:{port}/information_schema?ssl-mode=required");
    let sink = MySqlSink::open(&wrong).unwrap();
    let error = sink.history(1).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().contains("wr0ng")),
        ("sink/login", false)
    );
    // A password that is asked for at every connection.
    let asked = Arc::new(AtomicU32::new(0));
    let provider = {
        let asked = Arc::clone(&asked);
        move || {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok("dekcol".to_owned())
        }
    };
    let sink = sink.with_password(Arc::new(provider));
    assert!(sink.history(1).is_ok() && sink.history(1).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
