//! Beginnings and ends: of requests, of clients, of the service.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use sheetlift_fixtures::{Book, inventory::clean_inventory};

use crate::client::{Service, command, read_answer, wait_for};

/// A small workbook whose CSV has 64 MB: 4,000 times the same long text.
fn talkative() -> Vec<u8> {
    let text = "sheetlift ".repeat(1_600);
    let row = |row: usize| {
        format!(
            "<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>{}</v></c></row>",
            usize::from(row > 1)
        )
    };
    let rows: String = (1..=4_001).map(row).collect();
    Book::new()
        .strings(&["text", &text])
        .sheet("Sheet1", &rows)
        .build()
}

/// A workbook that takes its time, and a contract for it that the service knows as `many`.
fn many(service: &Service) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.xlsx");
    let rows = if cfg!(debug_assertions) {
        20_000
    } else {
        400_000
    };
    sheetlift_fixtures::bench::inventory(&path, rows).unwrap();
    let contract = sheetlift::Job::from_path(&path).unwrap().infer_contract();
    let contract = contract.unwrap().to_json().to_string();
    std::fs::write(service.home.path().join("contracts/many.json"), contract).unwrap();
    std::fs::read(&path).unwrap()
}

/// Sends the file and reads the first bytes of what comes back.
fn begin_download(service: &Service) -> (TcpStream, String) {
    let file = talkative();
    let mut stream = service.begin_upload("/v1/convert?format=csv", file.len(), &file);
    let mut first = vec![0; 1024];
    stream.read_exact(&mut first).unwrap();
    let first = String::from_utf8(first).unwrap();
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    (stream, first)
}

fn content_length(head: &str) -> usize {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.unwrap().parse().unwrap()
}

#[test]
fn large_results_are_whole_before_they_are_sent() {
    let service = Service::start(&[]);
    let (stream, first) = begin_download(&service);
    assert!(first.contains("x-sheetlift-rows: 4000\r\n"), "{first}");
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    assert!(content_length(head) > 60 << 20);
    let rest = read_answer(stream);
    assert_eq!(body.len() + rest.len(), content_length(head));
    assert!(
        service.memory_kib("VmHWM") < 150 << 10,
        "{} KiB",
        service.memory_kib("VmHWM")
    );
    wait_for("an empty disk", || service.spooled_files() == 0);
}

#[test]
fn a_client_that_does_not_read_is_left() {
    let service = Service::start(&["--upload-timeout-s", "2", "--concurrency", "1"]);
    let (stream, first) = begin_download(&service);
    // It holds no thread, and room on the disk for a while only.
    assert_eq!(service.metric("sheetlift_files_working"), 0.0);
    assert_eq!(
        service.post("/v1/inspect", &clean_inventory()).status,
        200,
        "others are served"
    );
    assert_eq!(service.spooled_files(), 1);
    service.wait_for_metric("sheetlift_spooled_bytes", 0.0);
    assert_eq!(service.spooled_files(), 0);
    let rest = read_answer(stream);
    assert!(
        rest.len() < content_length(&first) - 1024,
        "an end that cannot be taken for the end"
    );
    wait_for("the log", || service.log().contains("too slowly"));
}

#[test]
fn a_result_without_room_is_refused() {
    let service = Service::start(&["--max-spool-bytes", "1MiB"]);
    let file = talkative();
    let full = service.post("/v1/convert?format=csv", &file);
    full.problem(503, "server/spool-full");
    assert_ne!(full.header("retry-after"), "");
    assert_eq!(service.metric("sheetlift_spooled_bytes"), 0.0);
    assert_eq!(service.spooled_files(), 0);
    assert_eq!(service.post("/v1/convert?limit=3", &file).status, 200);
}

#[test]
fn work_for_a_client_that_went_away_is_stopped() {
    let service = Service::start(&["--concurrency", "1"]);
    let file = many(&service);
    let stream = service.begin_upload("/v1/convert?format=csv", file.len(), &file);
    service.wait_for_metric("sheetlift_files_working", 1.0);
    drop(stream);
    service.wait_for_metric("sheetlift_files_working", 0.0);
    wait_for("the log", || service.log().contains("nobody waits"));
    wait_for("an empty disk", || service.spooled_files() == 0);
}

#[test]
fn a_load_whose_client_went_away_leaves_nothing() {
    let service = Service::start(&["--concurrency", "1"]);
    let file = many(&service);
    let stream = service.begin_upload(
        "/v1/load?contract=many&table=many&create_table=true",
        file.len(),
        &file,
    );
    service.wait_for_metric("sheetlift_files_working", 1.0);
    drop(stream);
    service.wait_for_metric("sheetlift_files_working", 0.0);
    wait_for("the log", || service.log().contains("nobody waits"));
    let route = "sheetlift_http_requests_total{route=\"/v1/load\",status=\"499\"}";
    service.wait_for_metric(route, 1.0);
    let database = rusqlite::Connection::open(service.home.path().join("inventory.db")).unwrap();
    let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'many'";
    assert_eq!(
        database
            .query_row(tables, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        0
    );
}

#[test]
fn a_request_is_finished_before_the_end() {
    let mut service = Service::start(&[]);
    let file = clean_inventory();
    let (first, rest) = file.split_at(file.len() / 2);
    let mut stream = service.begin_upload("/v1/inspect", file.len(), first);
    service.wait_for_metric("sheetlift_files_waiting", 1.0);
    service.terminate();
    wait_for("closed doors", || {
        TcpStream::connect(service.address).is_err()
    });
    stream.write_all(rest).unwrap();
    let answer = read_answer(stream);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"sheets\""),
        "{answer}"
    );
    assert_eq!(service.wait_for_end().code(), Some(0), "{}", service.log());
    assert_eq!(service.spooled_files(), 0);
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let mut service = Service::start(&["--shutdown-timeout-s", "1"]);
    let _stalled = service.begin_upload("/v1/inspect", 1000, b"PK");
    service.wait_for_metric("sheetlift_files_waiting", 1.0);
    service.terminate();
    assert_eq!(service.wait_for_end().code(), Some(1), "{}", service.log());
}

#[test]
fn containers_can_ask_for_its_health() {
    let service = Service::start(&[]);
    let address = service.address.to_string();
    let ask = |address: &str| {
        command()
            .args(["--check-health", "--listen", address])
            .output()
            .unwrap()
    };
    assert!(ask(&address).status.success());
    drop(service);
    assert!(!ask(&address).status.success());
}
