//! Whatever dies, the rerun ends where an undisturbed run ends: the same rows, the same ledger, nothing left over.

use std::{
    collections::hash_map::RandomState,
    env,
    hash::{BuildHasher, Hasher},
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::mysql::MySql;
use sheetlift_fixtures::servers::MariaDb as Server;
use sheetlift_load::{
    Begin, Error, ErrorKind, Mode, Outcome, Reject, Sink, State,
    conformance::{Database, items, plan},
    connect,
};

const CHILD: &str = "SHEETLIFT_MYSQL_KILLED_CHILD";
const BATCHES: u32 = 20;
const BATCH_ROWS: u32 = 500;
const LEASE_MS: u64 = 300;

/// The import: some rows are there, some are new, some repeat, some are rejected, one is refused.
fn run(sink: &dyn Sink) -> Result<Outcome, Error> {
    let plan = plan("big", &items([]))
        .with_mode(Mode::Upsert)
        .with_lease_ms(LEASE_MS);
    let mut import = match sink.begin(&plan)? {
        Begin::Done(outcome) => return Ok(outcome),
        Begin::Claimed(import) => import,
    };
    for batch in 0..BATCHES {
        let rows: Vec<u32> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).collect();
        let skus: Vec<String> = rows
            .iter()
            .map(|row| format!("sku {:06}", row / 10 * 9))
            .collect();
        let stock = |row: &u32| Some(if *row == 5_000 { -1 } else { i64::from(*row) });
        let skus = skus.iter().zip(&rows);
        let skus = skus.map(|(sku, row)| (sku.as_str(), stock(row)));
        import.stage(&items(skus), &rows)?;
        import.reject(&[Reject {
            row: 100_000 + batch,
            codes: vec!["cell/type".to_owned()],
            reason: "no number".to_owned(),
            raw: "{}".to_owned(),
        }])?;
    }
    import.commit(false)
}

/// As the caller of a loader does: waits while somebody else is at work, and begins again after a failure.
fn run_to_the_end(sink: &dyn Sink) -> Outcome {
    let began = Instant::now();
    loop {
        match run(sink) {
            Ok(outcome) => return outcome,
            Err(error) => {
                let retry = error.retry_after_ms().unwrap_or(50).min(50);
                assert!(began.elapsed() < Duration::from_secs(60), "{error:?}");
                thread::sleep(Duration::from_millis(retry));
            }
        }
    }
}

/// Not a test by itself: the process that gets killed.
#[test]
fn child() {
    if let Ok(address) = env::var(CHILD) {
        run(&*connect(&address).unwrap()).unwrap();
    }
}

fn spawn(db: &MySql) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "mysql_crashes::child", "--test-threads=1"])
        .env(CHILD, db.address())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A table that the import has to create.
fn nothing() -> MySql {
    MySql::new()
}

/// A table with rows and a rule.
fn prepared(server: Option<&'static Server>) -> MySql {
    let db = server.map_or_else(MySql::new, MySql::on);
    db.execute(
        "CREATE TABLE items (sku varchar(20) PRIMARY KEY, stock bigint CHECK (stock >= 0));
         INSERT INTO items VALUES ('sku 000009', NULL), ('sku 000018', 180), ('mine', 1)",
    );
    db
}

/// All that an import leaves behind.
fn tables(db: &MySql) -> Vec<String> {
    [
        "SELECT * FROM items ORDER BY sku",
        "SELECT import_id, part, `row`, outcome, reason, `key`, column_name FROM _sheetlift_outcomes ORDER BY `row`",
        "SELECT import_id, part, `row`, codes, reason, raw, replayed_by FROM _sheetlift_rejects ORDER BY `row`",
        "SELECT import_key, state, outcome, inserted, updated, conflicts FROM _sheetlift_imports",
        "SELECT kind, image, hash FROM _sheetlift_before ORDER BY image",
        "SELECT count(*), sum(json_length(`keys`)) FROM _sheetlift_keys",
    ]
    .iter()
    .map(|sql| db.sql(sql).unwrap())
    .collect()
}

/// What an undisturbed run leaves behind.
fn undisturbed() -> (Vec<String>, Outcome, Duration) {
    let (tables, outcome, usual) = undisturbed_on(&prepared(None));
    assert!(outcome.inserted > 500 && outcome.updated > 0 && outcome.conflict_total > 1_000);
    (tables, outcome, usual)
}

fn undisturbed_on(db: &MySql) -> (Vec<String>, Outcome, Duration) {
    let began = Instant::now();
    assert!(spawn(db).wait().unwrap().success());
    let usual = began.elapsed();
    let outcome = run(&*db.sink()).unwrap();
    assert_eq!(outcome.state, State::AlreadyLoaded);
    (tables(db), outcome, usual)
}

/// Nothing is left of imports that ended, once another one has begun.
fn expect_no_leftovers(db: &MySql) {
    let left = || db.sql("SHOW TABLES LIKE '\\_sheetlift\\_stage%'").unwrap();
    let began = Instant::now();
    while !left().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", left());
        let next = plan("next", &items([])).with_lease_ms(LEASE_MS);
        drop(db.sink().begin(&next).unwrap());
        thread::sleep(Duration::from_millis(50));
    }
}

fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

#[test]
fn the_loader_is_killed_at_any_moment() {
    killed_at_any_moment(&|| prepared(None), 15);
}

#[test]
fn the_loader_of_a_new_table_is_killed_at_any_moment() {
    killed_at_any_moment(&nothing, 10);
}

fn killed_at_any_moment(prepare: &dyn Fn() -> MySql, kills: u32) {
    let (expected, outcome, usual) = undisturbed_on(&prepare());
    let (mut killed, mut after_the_claim) = (0, 0);
    for round in 0..kills {
        let db = prepare();
        let mut child = spawn(&db);
        let delay = usual * (round * 100 + random(100) as u32) / (kills * 100);
        thread::sleep(delay);
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let running = "SELECT count(*) FROM _sheetlift_imports WHERE state = 'running'";
        after_the_claim += u32::from(db.sql(running).is_ok_and(|count| count == "1\n"));
        let mut rerun = run_to_the_end(&*db.sink());
        rerun.state = outcome.state;
        assert_eq!(rerun, outcome);
        assert_eq!(tables(&db), expected, "killed after {delay:?}");
        expect_no_leftovers(&db);
    }
    println!(
        "killed {killed} of {kills}, {after_the_claim} of them with a claim; an undisturbed run takes {usual:?}"
    );
    assert!(killed > 3 && after_the_claim > 0);
}

/// A trigger that stops at a row, so that something can be done to the server meanwhile.
const SLOW: &str = "CREATE TRIGGER slow BEFORE INSERT ON items FOR EACH ROW
     SET NEW.stock = IF(NEW.sku = 'sku 004500', NEW.stock + SLEEP(60), NEW.stock)";

fn wait_for(db: &MySql, sql: &str) {
    let began = Instant::now();
    while !db.sql(sql).is_ok_and(|found| found == "1\n") {
        assert!(began.elapsed() < Duration::from_secs(30), "{sql}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the merge has come to the trigger that stops it.
const IS_MERGING: &str = "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep' AND db = database()";

/// Ends the connection that waits in the trigger.
fn end_merge(db: &MySql) {
    let id = db.sql("SELECT id FROM information_schema.processlist WHERE state = 'User sleep' AND db = database()");
    db.execute(&format!("KILL CONNECTION {}", id.unwrap().trim()));
}

#[test]
fn the_loader_is_killed_while_it_merges() {
    let (expected, ..) = undisturbed();
    let db = prepared(None);
    db.execute(SLOW);
    let mut child = spawn(&db);
    wait_for(&db, IS_MERGING);
    // What the merge has looked at stays as it was, and what it found to be new is not added by others.
    for change in [
        "UPDATE items SET stock = 7 WHERE sku = 'sku 000009'",
        "INSERT INTO items VALUES ('sku 000000', 7)",
    ] {
        let refused = db.sql(&format!("SET innodb_lock_wait_timeout = 1; {change}"));
        assert!(
            refused.unwrap_err().contains("Lock wait timeout"),
            "{change}"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The server notices when it next speaks to the loader: until then it holds the claim's row.
    end_merge(&db);
    db.execute("DROP TRIGGER slow");
    run_to_the_end(&*db.sink());
    assert_eq!(tables(&db), expected);
    expect_no_leftovers(&db);
}

#[test]
fn the_server_is_killed_and_comes_back() {
    let (expected, ..) = undisturbed();
    let server: &'static Server = Box::leak(Box::new(Server::start(&[])));

    // While rows are staged.
    let db = prepared(Some(server));
    let plan = plan("big", &items([]))
        .with_mode(Mode::Upsert)
        .with_lease_ms(LEASE_MS);
    let Begin::Claimed(mut import) = db.sink().begin(&plan).unwrap() else {
        panic!("nothing was loaded")
    };
    let batch = items([("a", Some(1))]);
    let many = arrow_select_repeat(&batch, 20_000);
    let rows: Vec<u32> = (0..20_000).collect();
    import.stage(&many, &rows).unwrap();
    server.kill();
    let lost = loop {
        if let Err(error) = import.stage(&many, &rows) {
            break error;
        }
    };
    assert_eq!(
        (lost.kind(), lost.code()),
        (ErrorKind::Sink, "sink/unreachable"),
        "{lost:?}"
    );
    let unreachable = db.sink().begin(&plan).map(|_| ()).unwrap_err();
    assert_eq!(unreachable.code(), "sink/unreachable");
    drop(import);
    server.serve();
    run_to_the_end(&*db.sink());
    assert_eq!(tables(&db), expected);
    expect_no_leftovers(&db);

    // While they are merged.
    let db = prepared(Some(server));
    db.execute(SLOW);
    let loader = thread::spawn({
        let sink = db.sink();
        move || run(&*sink)
    });
    wait_for(&db, IS_MERGING);
    server.kill();
    let error = loader.join().unwrap().unwrap_err();
    assert_eq!(error.code(), "sink/unreachable", "{error:?}");
    server.serve();
    db.execute("DROP TRIGGER slow");
    run_to_the_end(&*db.sink());
    assert_eq!(tables(&db), expected);
    expect_no_leftovers(&db);
}

fn arrow_select_repeat(batch: &arrow_array::RecordBatch, rows: usize) -> arrow_array::RecordBatch {
    let row = |at: usize| (format!("k{at}"), Some(at as i64));
    let all: Vec<_> = (0..rows).map(row).collect();
    let all = items(all.iter().map(|(sku, stock)| (sku.as_str(), *stock)));
    assert_eq!(all.schema(), batch.schema());
    all
}

#[test]
fn several_loaders_race_on_one_import() {
    let (expected, outcome, _) = undisturbed();
    let db = prepared(None);
    let loaders: Vec<_> = (0..10)
        .map(|_| {
            let sink = db.sink();
            thread::spawn(move || run_to_the_end(&*sink))
        })
        .collect();
    let outcomes: Vec<Outcome> = loaders
        .into_iter()
        .map(|loader| loader.join().unwrap())
        .collect();
    let first = outcomes
        .iter()
        .filter(|found| found.state == State::Committed)
        .count();
    assert_eq!(first, 1, "one of them loads, and the others hear of it");
    for mut found in outcomes {
        found.state = outcome.state;
        assert_eq!(found, outcome);
    }
    assert_eq!(tables(&db), expected);
    expect_no_leftovers(&db);
}

/// A network between loader and server that can be cut.
struct Network {
    port: u16,
    /// Bytes to the server until it is cut; negative for never.
    left: Arc<AtomicI64>,
    /// The number of the commit whose answer gets lost, from 1; 0 for none.
    lost_commit: Arc<AtomicU32>,
}

impl Network {
    fn to(server: PathBuf) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = Network {
            port: listener.local_addr().unwrap().port(),
            left: Arc::new(AtomicI64::new(-1)),
            lost_commit: Arc::default(),
        };
        let (left, lost) = (Arc::clone(&network.left), Arc::clone(&network.lost_commit));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&server).unwrap());
                let (left, lost) = (Arc::clone(&left), Arc::clone(&lost));
                let (answers, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || pass(answers, to));
                thread::spawn(move || send(client, server, &left, &lost));
            }
        });
        network
    }
}

fn pass(mut from: UnixStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

fn send(mut client: TcpStream, mut server: UnixStream, left: &AtomicI64, lost: &AtomicU32) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let found = &buffer[..read];
        let is_lost = found.windows(7).any(|words| words == b"\x03COMMIT")
            && lost
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| {
                    lost.checked_sub(1)
                })
                .is_ok_and(|before| before == 1);
        if is_lost {
            // The client hears nothing any more, but the server does what it is told.
            client.shutdown(Shutdown::Both).unwrap();
            server.write_all(found).unwrap();
            thread::sleep(Duration::from_millis(300));
            break;
        }
        let before = left.load(Ordering::SeqCst);
        if before >= 0 && left.fetch_sub(read as i64, Ordering::SeqCst) < read as i64 {
            break;
        }
        if server.write_all(found).is_err() {
            break;
        }
    }
    let _ = (
        client.shutdown(Shutdown::Both),
        server.shutdown(Shutdown::Both),
    );
    if left.load(Ordering::SeqCst) <= 0 {
        left.store(-1, Ordering::SeqCst); // the next connection is a good one
    }
}

#[test]
fn the_network_is_cut() {
    let (expected, outcome, _) = undisturbed();
    let cut_after = |bytes: i64, commit: u32| {
        let db = prepared(None);
        let network = Network::to(db.server.socket());
        network.left.store(bytes, Ordering::SeqCst);
        network.lost_commit.store(commit, Ordering::SeqCst);
        let port = network.port;
        let address = format!(
            "mysql://tester@127.0.0.1:{port}/{}?ssl-mode=disabled",
            db.name
        );
        (db, connect(&address).unwrap())
    };
    for bytes in [0, 300, 2_000, 5_000, 20_000, 100_000, 300_000, 400_000] {
        let (db, sink) = cut_after(bytes, 0);
        let first = run(&*sink);
        assert!(bytes > 300_000 || first.is_err(), "{bytes}");
        let mut rerun = run_to_the_end(&*sink);
        rerun.state = outcome.state;
        assert_eq!(rerun, outcome, "cut after {bytes} bytes");
        assert_eq!(tables(&db), expected, "cut after {bytes} bytes");
        expect_no_leftovers(&db);
    }
    // The answer to the claim is lost: it runs out, and the next run has it.
    let (db, sink) = cut_after(-1, 1);
    assert_eq!(run(&*sink).unwrap_err().code(), "sink/unreachable");
    run_to_the_end(&*sink);
    assert_eq!(tables(&db), expected);
    expect_no_leftovers(&db);
    // The rows are in, and the answer to that is lost: the ledger says what became of them.
    let (db, sink) = cut_after(-1, 2);
    let told = run(&*sink).unwrap();
    assert_eq!(told.state, State::Committed);
    assert_eq!(tables(&db), expected);
    assert_eq!(run(&*sink).unwrap().state, State::AlreadyLoaded);
    expect_no_leftovers(&db);
}
