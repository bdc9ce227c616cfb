//! The suite that every sink has to pass, on a PostgreSQL server that the test starts.
#![cfg(all(feature = "postgres", target_os = "linux"))]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use sheetlift_load::{
    Mode, Sink,
    conformance::{self, Database},
    postgres::PostgresSink,
};

/// The newest server that Debian or `SHEETLIFT_POSTGRES` (the directory of `initdb`) has.
fn binaries() -> Option<PathBuf> {
    if let Some(path) = env::var_os("SHEETLIFT_POSTGRES") {
        return Some(path.into());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let found = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let mut found: Vec<PathBuf> = found.filter(|path| path.join("initdb").exists()).collect();
    found.sort();
    found.pop()
}

/// A server of its own.
pub(crate) struct Server {
    binaries: PathBuf,
    pub(crate) folder: PathBuf,
    databases: AtomicU32,
    postmaster: Mutex<Option<Child>>,
    port: AtomicU32,
}

/// A program of the server: root may not run it, so that it runs as the user that the package made.
fn command(program: &Path) -> Command {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

impl Server {
    /// A new one.
    pub(crate) fn start() -> Server {
        let binaries = binaries().expect("a PostgreSQL server is installed");
        let folder = tempfile::tempdir().unwrap().keep();
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let data = folder.join("data");
        let made = command(&binaries.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=tester",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb");
        let server = Server {
            binaries,
            folder,
            databases: AtomicU32::new(0),
            postmaster: Mutex::default(),
            port: AtomicU32::new(5432),
        };
        server.configure("listen_addresses = ''\n", "local all all trust\n");
        server.serve();
        server
    }

    /// Writes the settings of a server that does not run.
    pub(crate) fn configure(&self, settings: &str, rules: &str) {
        let write = |name: &str, text: &str| {
            let mut tee = command(Path::new("tee"))
                .arg(self.folder.join("data").join(name))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut input = tee.stdin.take().unwrap();
            std::io::Write::write_all(&mut input, text.as_bytes()).unwrap();
            drop(input);
            assert!(tee.wait().unwrap().success());
        };
        write(
            "postgresql.auto.conf",
            &format!("fsync = off\nmax_connections = 200\n{settings}"),
        );
        write("pg_hba.conf", rules);
    }

    /// Starts it, once more after it was killed.
    pub(crate) fn serve(&self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"));
        let child = command(&self.binaries.join("postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        end_with_this_process(&child, &self.folder);
        *self.postmaster.lock().unwrap() = Some(child);
        let began = Instant::now();
        while !self
            .psql("postgres", "SELECT 1")
            .is_ok_and(|found| found == "1\n")
        {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the server does not answer: {}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills it and all of its processes, as a power cut would.
    pub(crate) fn kill(&self) {
        let mut postmaster = self.postmaster.lock().unwrap().take().unwrap();
        let pid = postmaster.id().to_string();
        let children = children_of(&pid);
        // The postmaster first: it would start others.
        postmaster.kill().unwrap();
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(children);
        kill.status().unwrap();
        postmaster.wait().unwrap();
    }

    fn shared() -> &'static Server {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Server::start)
    }

    pub(crate) fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let ran = Command::new(self.binaries.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "tester",
                "-h",
            ])
            .arg(&self.folder)
            .args(["-p", &self.port.load(Ordering::Relaxed).to_string()])
            .args(["-d", database, "-c", sql])
            .output()
            .unwrap();
        match ran.status.success() {
            true => Ok(String::from_utf8(ran.stdout).unwrap()),
            false => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
        }
    }
}

/// The processes that a process has started.
fn children_of(pid: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        // Behind the name of the program, which may hold anything: its state, and who started it.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.to_owned();
        Some((name, parent))
    });
    let children = all.filter(|(_, parent)| parent == pid);
    children.map(|(name, _)| name).collect()
}

/// Nobody drops what is shared by all tests: a shell waits for our end and ends the server.
#[expect(clippy::zombie_processes, reason = "it ends after this process")]
fn end_with_this_process(child: &Child, folder: &Path) {
    let script = "while kill -0 $0 2>/dev/null; do sleep 0.2; done; kill -INT $1; sleep 1; kill -KILL $1; rm -rf \"$2\"";
    Command::new("sh")
        .args([
            "-c",
            script,
            &std::process::id().to_string(),
            &child.id().to_string(),
        ])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
}

/// A database of a server.
pub(crate) struct Postgres {
    server: &'static Server,
    name: String,
}

impl Postgres {
    /// On the server that the tests share.
    pub(crate) fn new() -> Postgres {
        Postgres::on(Server::shared())
    }

    pub(crate) fn on(server: &'static Server) -> Postgres {
        let name = format!("t{}", server.databases.fetch_add(1, Ordering::Relaxed));
        server
            .psql("postgres", &format!("CREATE DATABASE {name}"))
            .unwrap();
        Postgres { server, name }
    }

    pub(crate) fn address(&self) -> String {
        let folder = self.server.folder.display().to_string().replace('/', "%2F");
        format!("postgres://tester@{folder}/{}?sslmode=disable", self.name)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.server.folder
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn psql(&self, sql: &str) -> Result<String, String> {
        self.server.psql(&self.name, sql)
    }
}

impl Database for Postgres {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(PostgresSink::open(&self.address()).unwrap())
    }

    fn execute(&self, sql: &str) {
        self.psql(sql).unwrap();
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let list: Vec<String> = columns
            .iter()
            .map(|name| format!("{}::text", quote(name)))
            .collect();
        let first = quote(columns[0]);
        let sql = format!(
            "SELECT coalesce(json_agg(json_build_array({}) ORDER BY {first})::text, '[]') FROM {}",
            list.join(", "),
            quote(table)
        );
        match self.psql(&sql) {
            Ok(rows) => serde_json::from_str(&rows).unwrap(),
            Err(error) if error.contains("does not exist") => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn postgres_conforms() {
    conformance::run(Postgres::new);
}

#[test]
fn a_table_is_described() {
    let db = Postgres::new();
    db.execute(
        "CREATE DOMAIN code AS varchar(12) NOT NULL;
         CREATE TABLE suppliers (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
         CREATE TABLE \"it\"\"em\" (sku code, price numeric(12,2) NOT NULL CHECK (price >= 0), stock integer DEFAULT 0, photo bytea,
             supplier bigint REFERENCES suppliers, gross numeric GENERATED ALWAYS AS (price * 2) STORED, seen timestamptz,
             PRIMARY KEY (sku), UNIQUE (supplier, sku), UNIQUE (seen));
         CREATE UNIQUE INDEX ON \"it\"\"em\" (lower(sku::text)); CREATE VIEW dear AS SELECT sku FROM \"it\"\"em\"",
    );
    let table = sheetlift_load::describe_table(&db.address(), "it\"em").unwrap();
    assert_eq!(
        (table.is_view, table.checks, table.foreign_keys),
        (false, 1, 1)
    );
    assert_eq!(table.primary_key, ["sku"]);
    assert_eq!(table.unique_keys, [vec!["supplier", "sku"], vec!["seen"]]);
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
        ("sku", "character varying(12)", "TEXT", true, false),
        ("price", "numeric(12,2)", "NUMERIC", true, false),
        ("stock", "integer", "INTEGER", false, false),
        ("photo", "bytea", "BLOB", false, false),
        ("supplier", "bigint", "INTEGER", false, false),
        ("gross", "numeric", "NUMERIC", false, true),
        ("seen", "timestamp with time zone", "TEXT", false, false),
    ];
    assert_eq!(columns, expected);
    assert_eq!(table.columns[2].default.as_deref(), Some("0"));
    let numbered =
        sheetlift_load::describe_table(&format!("{}&schema=public", db.address()), "suppliers")
            .unwrap();
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
        Some("the database has \"dear\", \"it\\\"em\", \"suppliers\"")
    );
}

#[test]
fn what_the_server_cannot_hold_is_a_conflict_that_names_the_column() {
    let db = Postgres::new();
    let names = "n".repeat(63);
    db.execute(&format!(
        "CREATE TYPE color AS ENUM ('red');
         CREATE TABLE suppliers (code text PRIMARY KEY);
         CREATE TABLE items (sku text PRIMARY KEY, stock bigint UNIQUE, \"{names}\" varchar(3), color color, supplier text REFERENCES suppliers,
             price numeric(5,2) CONSTRAINT dear CHECK (price < 100))"
    ));
    let schema = Schema::new(vec![
        Field::new("sku", DataType::Utf8, false),
        Field::new("stock", DataType::Int64, true),
        Field::new(&names, DataType::Utf8, true),
        Field::new("color", DataType::Utf8, true),
        Field::new("supplier", DataType::Utf8, true),
        Field::new("price", DataType::Float64, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![
            "ok", "nul\0", "long", "enum", "fk", "check", "scale", "twin",
        ])),
        Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5, 6, 7, 1])),
        Arc::new(StringArray::from(vec![
            "abc", "a", "äöüß", "a", "a", "a", "a", "a",
        ])),
        Arc::new(StringArray::from(vec![
            Some("red"),
            None,
            None,
            Some("blue"),
            None,
            None,
            None,
            None,
        ])),
        Arc::new(StringArray::from(vec![
            None,
            None,
            None,
            None,
            Some("nobody"),
            None,
            None,
            None,
        ])),
        Arc::new(Float64Array::from(vec![
            1.25, 1.0, 1.0, 1.0, 1.0, 100.0, 1.125, 1.0,
        ])),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let plan = conformance::plan("x", &batch).with_mode(Mode::Upsert);
    let outcome = conformance::load(&*db.sink(), &plan, &batch);
    assert_eq!(outcome.inserted, 1);
    let told: Vec<_> = outcome
        .conflicts
        .iter()
        .map(|c| (c.row, c.column.as_deref(), &*c.reason))
        .collect();
    let expected = [
        (1, Some("sku"), "column \"sku\": the text has a NUL character, which PostgreSQL cannot hold".to_owned()),
        (2, Some(&*names), format!("column {names:?}: 4 characters are more than the 3 of the column")),
        (3, Some("color"), "invalid input value for enum color: \"blue\"".to_owned()),
        (4, Some("supplier"), "insert or update on table \"items\" violates foreign key constraint \"items_supplier_fkey\"".to_owned()),
        (5, Some("price"), "new row for relation \"items\" violates check constraint \"dear\"".to_owned()),
        (6, Some("price"), "column \"price\": 1.125 has more than 2 decimals".to_owned()),
        (7, Some("stock"), "duplicate key value violates unique constraint \"items_stock_key\"".to_owned()),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(row, column, reason)| (*row, *column, &**reason))
        .collect();
    assert_eq!(told, expected);
    // A name that the server would cut off is refused before anything is made.
    let mut long = conformance::plan("y", &batch);
    long.table = "t".repeat(64);
    assert_eq!(
        db.sink().begin(&long).unwrap_err().code(),
        "usage/column-name"
    );
}

/// A server that speaks TLS over TCP, with a certificate for `localhost`.
fn with_tls() -> (&'static Server, u16) {
    let server: &'static Server = Box::leak(Box::new(Server::start()));
    let data = server.folder.join("data");
    let openssl = |arguments: &[&str]| {
        let made = command(Path::new("openssl"))
            .args(arguments)
            .current_dir(&data)
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "openssl {arguments:?}");
    };
    let request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj"];
    let of = |subject, rest: &[&'static str]| [&request[..], &[subject], rest].concat();
    openssl(&of(
        "/CN=tester",
        &["-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt"],
    ));
    let name = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=CA:FALSE",
    ];
    openssl(
        &[
            &of(
                "/CN=localhost",
                &["-x509", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2"],
            )[..],
            &name,
            &["-keyout", "server.key", "-out", "server.crt"],
        ]
        .concat(),
    );
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let settings = format!("ssl = on\nport = {port}\nlisten_addresses = 'localhost'\n");
    let rules = "local all all trust\nhostssl all tester all scram-sha-256\n";
    server.kill();
    server.configure(&settings, rules);
    server.port.store(port.into(), Ordering::Relaxed);
    server.serve();
    (server, port)
}

#[test]
fn the_server_proves_who_it_is() {
    let (server, port) = with_tls();
    server
        .psql("postgres", "ALTER USER tester PASSWORD 's3cret!'")
        .unwrap();
    let root = server.folder.join("ca.pem");
    let pem = command(Path::new("cat"))
        .arg(server.folder.join("data/ca.crt"))
        .output()
        .unwrap()
        .stdout;
    fs::write(&root, pem).unwrap();
    let connect = |host: &str, rest: &str| {
        let address = format!("postgres://tester:s3cret!@{host}:{port}/postgres?{rest}");
        let found = PostgresSink::open(&address).unwrap().history(1);
        found.map(|_| ()).map_err(|error| {
            let said = format!("{error} {error:?} {:?}", error.hint());
            assert!(!said.contains("s3cret"), "{said}");
            error.code()
        })
    };
    let known = format!(
        "&sslrootcert={}",
        root.display().to_string().replace('/', "%2F")
    );
    for (host, rest, expected) in [
        ("localhost", "sslmode=require", Ok(())),
        ("localhost", "sslmode=prefer", Ok(())),
        ("localhost", &format!("sslmode=verify-full{known}"), Ok(())),
        ("127.0.0.1", &format!("sslmode=verify-ca{known}"), Ok(())),
        (
            "127.0.0.1",
            &format!("sslmode=verify-full{known}"),
            Err("sink/unreachable"),
        ),
        ("localhost", "sslmode=verify-full", Err("sink/unreachable")),
        ("localhost", "sslmode=verify-ca", Err("sink/unreachable")),
        ("localhost", "sslmode=disable", Err("sink/login")),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=%2Fnowhere",
            Err("sink/certificates"),
        ),
    ] {
        assert_eq!(connect(host, rest), expected, "{host} {rest}");
    }
    let wrong = format!("postgres://tester:wr0ng@localhost:{port}/postgres?sslmode=require");
    let sink = PostgresSink::open(&wrong).unwrap();
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
            Ok("s3cret!".to_owned())
        }
    };
    let sink = sink.with_password(Arc::new(provider));
    assert!(sink.history(1).is_ok() && sink.history(1).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// A table whose rows the server itself changes, with a column that is called as the statements of an import call the target.
#[test]
fn an_undo_touches_only_what_the_import_wrote() {
    let db = Postgres::new();
    db.execute(
        "CREATE TABLE items (sku text PRIMARY KEY, t text REFERENCES items ON DELETE SET NULL, color text);
         INSERT INTO items VALUES ('root', NULL, 'x'), ('kid', 'root', NULL), ('late', 'root', 'y')",
    );
    let look = || {
        db.psql("SELECT sku, t, color FROM items ORDER BY sku")
            .unwrap()
    };
    let schema = Schema::new(vec![
        Field::new("sku", DataType::Utf8, false),
        Field::new("color", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["kid", "late", "new"])),
        Arc::new(StringArray::from(vec![Some("red"), Some("y"), None])),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let plan = conformance::plan("upsert", &batch).with_mode(Mode::Upsert);
    let before = look();
    let outcome = conformance::load(&*db.sink(), &plan, &batch);
    assert_eq!(
        (outcome.inserted, outcome.updated, outcome.unchanged),
        (1, 1, 1)
    );
    let undone = db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!((undone.deleted, undone.restored, undone.kept), (1, 1, 0));
    assert_eq!(look(), before);

    // The rows that lose their parent are written by the import's own transaction, and are nobody's new rows.
    let plan = conformance::plan("sync", &batch)
        .with_mode(Mode::Sync)
        .with_missing(sheetlift_load::Missing::Delete);
    let outcome = conformance::load(&*db.sink(), &plan, &batch);
    assert_eq!((outcome.inserted, outcome.removed), (1, 1));
    let _ = db.sink().undo(&outcome.import_id, false);
    let rows = db
        .psql("SELECT count(*) FROM items WHERE sku IN ('kid', 'late')")
        .unwrap();
    assert_eq!(rows, "2\n");
}

#[test]
fn repeated_keys_of_a_new_table_are_told_by_their_rows() {
    let db = Postgres::new();
    let schema = Schema::new(vec![
        Field::new("place", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, true),
    ]);
    // Texts of many lengths: pages with room for small rows come early.
    let rows: Vec<(String, String)> = (0..6_000_usize)
        .map(|row| {
            (
                format!("k{}", if row == 5_500 { 17 } else { row }),
                "x".repeat(row * 7919 % 900),
            )
        })
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(key, _)| key),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, text)| text),
        )),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let plan = conformance::plan("new", &batch).with_key(["place"]);
    let mut import = conformance::claim(&*db.sink(), &plan);
    for start in (0..6_000).step_by(500) {
        let numbers: Vec<u32> = (start as u32..start as u32 + 500).collect();
        import.stage(&batch.slice(start, 500), &numbers).unwrap();
        let reject = |row| sheetlift_load::Reject {
            row,
            codes: vec![],
            reason: "r".repeat(1 << 20),
            raw: String::new(),
        };
        import.reject(&[reject(10_000 + start as u32)]).unwrap();
    }
    let outcome = import.commit(false).unwrap();
    assert_eq!((outcome.inserted, outcome.conflict_total), (5_999, 1));
    assert_eq!(
        (outcome.conflicts[0].row, &*outcome.conflicts[0].key),
        (5_500, "k17")
    );
    let kept = db
        .psql("SELECT length(text) FROM items WHERE place = 'k17'")
        .unwrap();
    assert_eq!(kept, format!("{}\n", 17 * 7919 % 900));
}
