//! Who is let in, and how each kind of error comes back.

use std::{fs, process::Stdio};

use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};

use crate::client::{KEY, Service, command, wait_for};

const OCTETS: &str = "application/octet-stream";

#[test]
fn only_keys_open_it() {
    let service = Service::start(&[]);
    let ask = |name, value: &str| {
        service.post_as("/v1/inspect", OCTETS, &dirty_inventory(), &[(name, value)])
    };
    assert_eq!(ask("x-api-key", KEY).status, 200);
    assert_eq!(ask("authorization", &format!("Bearer {KEY}")).status, 200);
    for (name, value) in [
        ("x-api-key", "a-key-for-tests-onlY"),
        ("x-api-key", ""),
        ("authorization", KEY),
    ] {
        let refused = ask(name, value);
        refused.problem(401, "http/unauthorized");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    for (path, status) in [
        ("/metrics", 401),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/openapi.json", 200),
    ] {
        let url = format!("http://{}{path}", service.address);
        let answer = ureq::get(url)
            .config()
            .http_status_as_error(false)
            .build()
            .call()
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
}

#[test]
fn refuses_to_start_without_keys() {
    let end = |args: &[&str], key: &str| {
        let run = command()
            .env("SHEETLIFT_API_KEYS", key)
            .args(args)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    };
    for (args, key, why) in [
        (&["--listen", "127.0.0.1:0"][..], "", "no API key"),
        (
            &["--listen", "0.0.0.0:0", "--insecure-no-auth"],
            "",
            "loopback",
        ),
        (&["--listen", "127.0.0.1:0"], "short", "16 characters"),
        (&["--api-keys-file", "/nowhere"], "", "/nowhere"),
    ] {
        let (code, said) = end(args, key);
        assert!(code == Some(2) || code == Some(1), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let (code, said) = end(&["--target", "oracle://u:secret@h/db"], KEY);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("--target") && !said.contains("secret"),
        "{said}"
    );
}

#[test]
fn errors_come_back_as_their_authors_need_them() {
    let service = Service::start(&["--tables", "inventory,suppliers"]);
    let (file, contract) = (dirty_inventory(), contract_json());
    let file: (&str, &[u8]) = ("file", &file);
    let contract = ("contract", contract.as_bytes());
    for (path, parts, status, code) in [
        (
            "/v1/convert?sheet=Nowhere",
            &[file][..],
            400,
            "sheet/not-found",
        ),
        ("/v1/convert?range=B2:", &[file], 200, ""),
        ("/v1/convert?header=second", &[file], 400, "usage/header"),
        ("/v1/convert?format=xlsx", &[file], 400, "usage/format"),
        ("/v1/convert?shet=Items", &[file], 400, "usage/option"),
        ("/v1/convert?limit=many", &[file], 400, "usage/option"),
        ("/v1/validate", &[file], 400, "contract/missing"),
        (
            "/v1/validate",
            &[file, ("contract", b"{\"fields\": 3}")],
            400,
            "contract/invalid",
        ),
        (
            "/v1/validate",
            &[file, ("contract", b"\xff")],
            400,
            "upload/encoding",
        ),
        (
            "/v1/validate?contract=inventory",
            &[file, contract],
            400,
            "contract/twice",
        ),
        (
            "/v1/validate?contract=../contracts/inventory",
            &[file],
            400,
            "contract/not-found",
        ),
        (
            "/v1/validate?contract=.inventory",
            &[file],
            400,
            "contract/not-found",
        ),
        ("/v1/validate", &[contract], 400, "upload/no-file"),
        ("/v1/validate", &[file, file], 400, "upload/part"),
        (
            "/v1/validate",
            &[file, ("surprise", b"")],
            400,
            "upload/part",
        ),
        (
            "/v1/validate",
            &[file, contract, ("options", b"sheet")],
            400,
            "usage/options",
        ),
        (
            "/v1/validate",
            &[file, contract, ("options", b"{\"mode\": \"upsert\"}")],
            400,
            "usage/option",
        ),
        (
            "/v1/load?mode=merge",
            &[file, contract],
            400,
            "usage/unknown-mode",
        ),
        (
            "/v1/load?table=secrets",
            &[file, contract],
            400,
            "load/table-not-allowed",
        ),
        (
            "/v1/load?target=sqlite:other.db",
            &[file, contract],
            400,
            "usage/option",
        ),
        (
            "/v1/validate",
            &[("file", b"PK\x03\x04"), contract],
            422,
            "file/corrupt",
        ),
        ("/v1/nothing", &[file], 404, "http/not-found"),
    ] {
        let answer = service.post_form(path, parts);
        if status == 200 {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        } else {
            let problem = answer.problem(status, code);
            let text = problem.to_string();
            assert!(
                !text.contains("spool") && !text.contains("--"),
                "{path}: {text}"
            );
        }
    }
    let unbound = service.post_as("/v1/inspect", "multipart/form-data", b"", &[]);
    unbound.problem(400, "upload/broken");
    let torn = b"--frontier\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf";
    let torn = service.post_as(
        "/v1/inspect",
        "multipart/form-data; boundary=frontier",
        torn,
        &[],
    );
    torn.problem(400, "upload/broken");
    assert_eq!(service.spooled_files(), 0);
}

#[test]
fn a_cell_is_named_where_the_file_is_damaged() {
    let service = Service::start(&[]);
    let mut fixtures = sheetlift_fixtures::manifest().into_iter();
    let damaged = fixtures
        .find(|fixture| fixture.name == "shared_string_out_of_range")
        .unwrap();
    let answer = service.post(
        "/v1/convert?filename=C:%5Citems.xlsx&format=csv",
        &(damaged.bytes)(),
    );
    let place = answer.problem(422, "file/corrupt")["location"].clone();
    assert_eq!(
        (&place["file"], &place["cell"]),
        (&"items.xlsx".into(), &"C17".into()),
        "{place}"
    );
}

#[test]
fn the_environment_is_not_told_to_everybody() {
    let service = Service::start(&[]);
    let load = || {
        service.post(
            "/v1/load?contract=inventory&create_table=true",
            &dirty_inventory(),
        )
    };
    assert_eq!(load().status, 200);
    let database = service.home.path().join("inventory.db");
    for name in ["inventory.db-wal", "inventory.db-shm"] {
        let _ = fs::remove_file(service.home.path().join(name));
    }
    fs::write(
        &database,
        "this was a database once, before somebody wrote over it",
    )
    .unwrap();
    let failed = load();
    let problem = failed.problem(502, failed.json()["code"].as_str().unwrap());
    assert!(!problem.to_string().contains("inventory.db"), "{problem}");
    assert_ne!(failed.header("retry-after"), "");

    fs::remove_dir(service.home.path().join("spool")).unwrap();
    let problem = load().problem(503, "io/failed");
    assert!(!problem.to_string().contains("spool"), "{problem}");
    service.get("/readyz").problem(503, "io/failed");
    // The log says what the answer does not.
    let id = problem["request_id"].as_str().unwrap();
    wait_for("the log", || {
        let log = service.log();
        log.lines()
            .any(|line| line.contains(id) && line.contains("spool"))
    });
}

#[test]
fn a_table_is_made_only_where_somebody_asks_for_it() {
    let missing = |service: &Service, path: &str| {
        let answer = service.post(path, &dirty_inventory());
        let problem = answer.problem(400, "target/missing-table");
        let ddl = problem["ddl"].as_str().unwrap();
        assert!(ddl.starts_with("CREATE TABLE \"inventory\" ("), "{ddl}");
        assert!(problem["hint"].as_str().unwrap().contains("create_table"));
    };
    let load = "/v1/load?contract=inventory";
    missing(&Service::start(&[]), load);
    let service = Service::start(&["--create-table"]);
    missing(&service, &format!("{load}&create_table=false"));
    assert_eq!(service.post(load, &dirty_inventory()).status, 200);
}

#[test]
fn without_a_target_nothing_is_loaded() {
    let service = Service::start_without_target(&[]);
    let path = "/v1/load?contract=inventory";
    service
        .post(path, &dirty_inventory())
        .problem(501, "load/no-target");
}

#[test]
fn keys_may_come_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys");
    fs::write(&file, "# mine\n\nanother-key-of-mine-0123\n").unwrap();
    let service = Service::start(&["--api-keys-file", file.to_str().unwrap()]);
    for key in ["another-key-of-mine-0123", KEY] {
        let key = [("x-api-key", key)];
        assert_eq!(
            service
                .post_as("/v1/inspect", OCTETS, &dirty_inventory(), &key)
                .status,
            200
        );
    }
}
