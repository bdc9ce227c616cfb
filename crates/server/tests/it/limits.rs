//! Limits: at each of them, and past it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use sheetlift_fixtures::inventory::clean_inventory;

use crate::client::{KEY, Service, form, read_answer, wait_for};

#[test]
fn a_file_may_be_as_large_as_the_limit() {
    let service = Service::start(&["--max-body-bytes", "100KiB"]);
    let (most, more) = (vec![b'x'; 100 << 10], vec![b'x'; (100 << 10) + 1]);
    service
        .post("/v1/inspect", &most)
        .problem(422, "file/not-a-workbook");
    service
        .post_form("/v1/inspect", &[("file", &most)])
        .problem(422, "file/not-a-workbook");
    let problem = service
        .post("/v1/inspect", &more)
        .problem(413, "upload/too-large");
    assert_eq!(
        (&problem["limit"]["name"], &problem["limit"]["limit"]),
        (&"max_body_bytes".into(), &102_400.into())
    );
    service
        .post_form("/v1/inspect", &[("file", &more)])
        .problem(413, "upload/too-large");
    // Without a length it is found out on the way.
    service
        .post_chunked("/v1/inspect", &most)
        .problem(422, "file/not-a-workbook");
    service
        .post_chunked("/v1/inspect", &more)
        .problem(413, "upload/too-large");
    assert_eq!(service.metric("sheetlift_spooled_bytes"), 0.0);
}

#[test]
fn whoever_sends_far_too_much_still_gets_the_answer() {
    let service = Service::start(&["--max-body-bytes", "1MiB"]);
    let flood = vec![b'x'; 24 << 20];
    service
        .post("/v1/inspect", &flood)
        .problem(413, "upload/too-large");
    let body = form(&[("file", &flood)]);
    let media = "multipart/form-data; boundary=frontier";
    service
        .post_as("/v1/inspect", media, &body, &[])
        .problem(413, "upload/too-large");
    service
        .post_as("/v1/inspect", media, &body, &[("x-api-key", "nobody")])
        .problem(401, "http/unauthorized");
}

#[test]
fn whoever_asks_before_sending_need_not_send() {
    let service = Service::start(&["--max-body-bytes", "1MiB"]);
    let mut stream = TcpStream::connect(service.address).unwrap();
    let head = format!(
        "POST /v1/inspect HTTP/1.1\r\nhost: test\r\nx-api-key: {KEY}\r\nconnection: close\r\n\
         expect: 100-continue\r\ncontent-length: 2000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = read_answer(stream);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_part_without_end_is_not_kept() {
    let service = Service::start(&[]);
    let mut body = b"--frontier\r\nContent-Disposition: form-data; name=\"".to_vec();
    body.resize(64 << 20, b'x');
    let before = service.memory_kib("VmHWM");
    let media = "multipart/form-data; boundary=frontier";
    service
        .post_as("/v1/inspect", media, &body, &[])
        .problem(400, "upload/broken");
    let grown = service.memory_kib("VmHWM") - before;
    assert!(grown < 32 << 10, "{grown} KiB for the headers of a part");
    let long = vec![b' '; (1 << 20) + 1];
    service
        .post_form("/v1/validate", &[("contract", &long)])
        .problem(413, "upload/too-large");
}

#[test]
fn limits_inside_the_file_have_names() {
    let service = Service::start(&["--limit", "max_rows=100"]);
    let problem = service
        .post("/v1/convert?format=csv", &clean_inventory())
        .problem(413, "file/too-large");
    assert_eq!(problem["limit"]["name"], "max_rows");
}

#[test]
fn the_disk_is_bounded() {
    let service = Service::start(&["--max-spool-bytes", "1000"]);
    service
        .post("/v1/inspect", &[b'x'; 1000])
        .problem(422, "file/not-a-workbook");
    let full = service.post("/v1/inspect", &[b'x'; 1001]);
    full.problem(503, "server/spool-full");
    assert_ne!(full.header("retry-after"), "");
    service
        .post("/v1/inspect", &[b'x'; 1000])
        .problem(422, "file/not-a-workbook");
}

#[test]
fn one_file_too_many_is_asked_to_come_again() {
    let service = Service::start(&["--concurrency", "1", "--queue", "0"]);
    let file = clean_inventory();
    let (first, rest) = file.split_at(1000);
    let mut here = service.begin_upload("/v1/inspect", file.len(), first);
    service.wait_for_metric("sheetlift_files_waiting", 1.0);
    let refused = service.post("/v1/inspect", &file);
    refused.problem(503, "server/overloaded");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(service.get("/healthz").status, 200);
    here.write_all(rest).unwrap();
    assert!(read_answer(here).starts_with("HTTP/1.1 200"));
    assert_eq!(service.post("/v1/inspect", &file).status, 200);
}

#[test]
fn time_is_bounded() {
    let service = Service::start(&["--timeout-s", "0", "--upload-timeout-s", "1"]);
    // A result that is there before anybody looks at the clock is a result.
    let mut late = service.post("/v1/inspect", &clean_inventory());
    wait_for("a late one", || {
        let in_time = late.status == 200;
        if in_time {
            late = service.post("/v1/inspect", &clean_inventory());
        }
        !in_time
    });
    assert_eq!(
        late.problem(413, "run/timeout")["limit"]["name"],
        "timeout_s"
    );
    let stalled = service.begin_upload("/v1/inspect", 1000, b"PK");
    let answer = read_answer(stalled);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("http/timeout"), "{answer}");
    service.wait_for_metric("sheetlift_files_waiting", 0.0);
    wait_for("an empty disk", || service.spooled_files() == 0);
}

#[test]
fn connections_wait_for_their_turn() {
    let service = Service::start(&["--max-connections", "1"]);
    let ask = || {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
            .unwrap();
        stream
    };
    let idle = TcpStream::connect(service.address).unwrap();
    std::thread::sleep(Duration::from_millis(100)); // until it is accepted
    let mut waiting = ask();
    let moment = Some(Duration::from_millis(300));
    waiting.set_read_timeout(moment).unwrap();
    assert!(waiting.read(&mut [0; 1]).is_err(), "there was one too many");
    drop(idle);
    waiting.set_read_timeout(None).unwrap();
    assert!(read_answer(waiting).starts_with("HTTP/1.1 200"));
    assert!(read_answer(ask()).starts_with("HTTP/1.1 200"));
}
