//! A bucket, on a server that speaks the protocol of S3: moto on loopback. The sink takes its settings from the environment, and so
//! runs in a process of its own.

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use sheetlift_lambda_emulator::{http, moto};
use sheetlift_load::conformance::{Shelf, claim, items, numbers, plan, run_keyless};
use sheetlift_load::files::{FilesSink, Format};
use sheetlift_load::{Begin, Mode, Plan, Sink, State, connect};

use super::kill::{lasting, random_percent, run, spawn};
use super::readers::{self, Files, Rows};

const CHILD: &str = "SHEETLIFT_LOAD_S3_CHILD";
const ROUNDS: u32 = 10;
const BUCKET: &str = "inventory";
/// moto lets in whoever signs, and does not look at the signature.
const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| {
        let address = moto::start(env!("CARGO_TARGET_TMPDIR"));
        let made = http::call(&address, "PUT", &format!("/{BUCKET}"), &[SIGNED], &[]).unwrap();
        assert_eq!(made.word(1), "200", "{made:?}");
        address
    })
}

/// Runs a test of this file in a process whose environment leads to a server.
fn run_child(name: &str, server: &str) {
    let done = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("files::s3::{name}"), "--nocapture"])
        .env(CHILD, server)
        .env("AWS_ENDPOINT_URL_S3", format!("http://{server}"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_ALLOW_HTTP")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    print!("{said}");
    assert!(done.status.success() && said.contains("1 passed"));
}

/// A prefix of its own.
struct Bucket {
    server: String,
    prefix: String,
    format: Format,
    store: Arc<dyn ObjectStore>,
    runtime: tokio::runtime::Runtime,
}

impl Bucket {
    fn new(server: &str, format: Format) -> Bucket {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed); // of this process, one of several
        let prefix = format!("{format}/{number} of {}", std::process::id());
        FilesSink::bucket(BUCKET, &prefix, format).unwrap(); // sets up TLS, for the client of the test as well
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(BUCKET)
            .with_allow_http(true)
            .build()
            .unwrap();
        Bucket {
            server: server.to_owned(),
            prefix,
            format,
            store: Arc::new(store),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn address(&self) -> String {
        format!("s3://{BUCKET}/{}?format={}", self.prefix, self.format)
    }

    fn files(&self) -> Files {
        let mut folders = vec![Path::parse(&self.prefix).unwrap()];
        let mut files = Files::new();
        while let Some(folder) = folders.pop() {
            let found = self
                .runtime
                .block_on(self.store.list_with_delimiter(Some(&folder)))
                .unwrap();
            folders.extend(found.common_prefixes);
            for object in found.objects {
                let bytes = self.runtime.block_on(async {
                    self.store
                        .get(&object.location)
                        .await
                        .unwrap()
                        .bytes()
                        .await
                        .unwrap()
                });
                let name = object
                    .location
                    .as_ref()
                    .strip_prefix(&self.prefix)
                    .unwrap()
                    .trim_start_matches('/');
                files.insert(name.to_owned(), bytes.to_vec());
            }
        }
        files
    }

    /// Uploads that nobody completed or aborted.
    fn uploads(&self) -> Vec<String> {
        let answer = http::call(
            &self.server,
            "GET",
            &format!("/{BUCKET}?uploads"),
            &[SIGNED],
            &[],
        )
        .unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains("ListMultipartUploadsResult"), "{text}");
        let keys = text
            .split("<Key>")
            .skip(1)
            .map(|rest| rest.split("</Key>").next().unwrap().to_owned());
        keys.filter(|key| key.starts_with(&self.prefix)).collect()
    }
}

impl Shelf for Bucket {
    fn sink(&self) -> Box<dyn Sink> {
        connect(&self.address()).unwrap()
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Rows {
        readers::rows(&self.files(), table, columns)
    }

    fn traces(&self) -> Vec<String> {
        self.files().into_keys().chain(self.uploads()).collect()
    }
}

#[test]
fn s3_conforms() {
    run_child("conforms", server());
}

#[test]
fn s3_keeps_its_word() {
    run_child("large_files_and_faults", server());
}

#[test]
fn s3_loaders_are_killed_at_any_moment() {
    run_child("kills", server());
}

#[test]
fn s3_that_lets_nobody_in_is_explained() {
    let strict = moto::start(env!("CARGO_TARGET_TMPDIR"));
    let from_now_on = http::call(&strict, "POST", "/moto-api/reset-auth", &[], b"0").unwrap();
    assert_eq!(from_now_on.word(1), "200", "{from_now_on:?}");
    run_child("forbidden", &strict);
}

/// Not a test by itself. The server takes its time for an answer, so that the formats go side by side.
#[test]
fn conforms() {
    let Ok(address) = env::var(CHILD) else { return };
    thread::scope(|scope| {
        for format in Format::ALL {
            let address = &address;
            scope.spawn(move || run_keyless(|| Bucket::new(address, format)));
        }
    });
}

/// Not a test by itself.
#[test]
fn large_files_and_faults() {
    let Ok(address) = env::var(CHILD) else { return };
    the_server_knows_if_none_match(&address);
    a_part_of_many_chunks_arrives_whole(&address);
    what_is_wrong_is_explained();
}

/// Not a test by itself.
#[test]
fn kills() {
    let Ok(server) = env::var(CHILD) else { return };
    let undisturbed = Bucket::new(&server, Format::Csv);
    let started = Instant::now();
    assert!(spawn(&undisturbed.address()).wait().unwrap().success());
    let usual = started.elapsed();
    let expected = lasting(undisturbed.files());
    assert_eq!(expected.len(), 3, "{:?}", expected.keys());
    let outcome = run(&*undisturbed.sink());
    let mut killed = 0;
    for round in 0..ROUNDS {
        let bucket = Bucket::new(&server, Format::Csv);
        let mut child = spawn(&bucket.address());
        thread::sleep(usual * (round * 100 + random_percent()) / (ROUNDS * 100));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let mut rerun = run(&*bucket.sink());
        rerun.state = outcome.state;
        assert_eq!(rerun, outcome);
        assert_eq!(lasting(bucket.files()), expected);
    }
    println!("killed {killed} of {ROUNDS}; an undisturbed run takes {usual:?}");
    assert!(killed > 0);
}

/// Not a test by itself.
#[test]
fn forbidden() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let batch = items([("a", Some(1))]);
    let plan: Plan = plan("x", &batch).with_mode(Mode::Insert);
    let begun = connect("s3://inventory/x").unwrap().begin(&plan);
    let error = begun
        .map(|begin| matches!(begin, Begin::Done(_)))
        .unwrap_err();
    assert_eq!(error.code(), "sink/permission", "{error:?}");
    assert_eq!(error.to_string(), "reading s3://inventory/x is not allowed");
    assert!(error.hint().unwrap().contains("s3:PutObject"));
}

fn the_server_knows_if_none_match(address: &str) {
    let bucket = Bucket::new(address, Format::Csv);
    let path = Path::parse(format!("{}/once", bucket.prefix)).unwrap();
    let put = |body: &'static str| {
        bucket.runtime.block_on(
            bucket
                .store
                .put_opts(&path, body.into(), PutMode::Create.into()),
        )
    };
    put("first").unwrap();
    let error = put("second").unwrap_err();
    assert!(
        matches!(error, object_store::Error::AlreadyExists { .. }),
        "{error:?}"
    );
    assert_eq!(bucket.files()["once"], b"first");
}

fn a_part_of_many_chunks_arrives_whole(address: &str) {
    let bucket = Bucket::new(address, Format::NdJson);
    let skus: Vec<String> = (0..20_000).map(|i| format!("{i:01000}")).collect();
    let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
    let plan = plan("large", &batch).with_mode(Mode::Insert);
    let stage = || {
        let mut import = claim(&*bucket.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        import
    };
    let import = stage();
    assert_eq!(
        (bucket.uploads().len(), bucket.files().len()),
        (1, 0),
        "nothing has a name before the commit"
    );
    drop(import);
    assert_eq!(bucket.uploads(), [""; 0]);
    let (first, second) = (stage(), stage());
    assert_eq!(first.commit(false).unwrap().state, State::Committed);
    let files = bucket.files();
    assert_eq!(second.commit(false).unwrap().state, State::AlreadyLoaded);
    assert_eq!((bucket.files() == files, bucket.uploads()), (true, vec![]));
    let found = bucket.rows("items", &["sku"]);
    assert!(
        found
            .iter()
            .map(|row| row[0].as_deref().unwrap())
            .eq(skus.iter().map(String::as_str))
    );
    let sink = FilesSink::bucket(BUCKET, &bucket.prefix, Format::NdJson).unwrap();
    assert_eq!(sink.verify("items", &plan.import_key).unwrap(), 1);
}

fn what_is_wrong_is_explained() {
    let batch = items([("a", Some(1))]);
    let plan: Plan = plan("x", &batch).with_mode(Mode::Insert);
    let error = connect("s3://no-such-bucket/x")
        .unwrap()
        .begin(&plan)
        .map(|begin| matches!(begin, Begin::Done(_)))
        .unwrap_err();
    assert_eq!(error.code(), "sink/bucket", "{error:?}");
    assert_eq!(
        error.to_string(),
        "the bucket of s3://no-such-bucket/x does not exist"
    );
}
