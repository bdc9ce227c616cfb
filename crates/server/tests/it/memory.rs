//! Memory is bounded by what is worked on, not by what is sent.

use std::{collections::BTreeMap, sync::Mutex, thread, time::Instant};

use sheetlift_fixtures::{Book, bench, prng};

use crate::client::Service;

const CLIENTS: usize = 32;
const MAX_KIB: u64 = 700 << 10;

#[test]
fn holds_many_large_uploads_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = workbook(dir.path());
    assert!(
        (18 << 20..24 << 20).contains(&file.len()),
        "{} bytes",
        file.len()
    );
    let contract = sheetlift::Job::from_path(dir.path().join("many.xlsx"))
        .unwrap()
        .infer_contract()
        .unwrap();
    let service = Service::start(&["--concurrency", "2"]);
    std::fs::write(
        service.home.path().join("contracts/many.json"),
        contract.to_json().to_string(),
    )
    .unwrap();
    let (began, statuses) = (Instant::now(), Mutex::new(BTreeMap::new()));
    let paths = [
        "/v1/validate?contract=many",
        "/v1/convert?format=parquet",
        "/v1/inspect",
        "/v1/convert?format=csv",
    ];
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (service, file, statuses) = (&service, &file, &statuses);
            scope.spawn(move || {
                let answer = service.post(paths[client % paths.len()], file);
                *statuses.lock().unwrap().entry(answer.status).or_insert(0) += 1;
            });
        }
    });
    let statuses = statuses.into_inner().unwrap();
    println!(
        "{statuses:?}, {} MiB, {:?}",
        service.memory_kib("VmHWM") >> 10,
        began.elapsed()
    );
    assert!(
        statuses
            .keys()
            .all(|status| [200, 429, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(
        statuses
            .get(&200)
            .is_some_and(|served| *served >= CLIENTS / 2),
        "{statuses:?}"
    );
    assert!(
        service.memory_kib("VmHWM") < MAX_KIB,
        "{} KiB",
        service.memory_kib("VmHWM")
    );
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.spooled_files(), 0);
}

/// About 20 MB, as `many.xlsx` too. All of it is rows in a release build; a debug build, which takes its time over rows, has
/// mostly a picture.
fn workbook(dir: &std::path::Path) -> Vec<u8> {
    let path = dir.join("many.xlsx");
    if cfg!(debug_assertions) {
        let row = |row: u32| {
            let id = 10_000 + row;
            format!(
                "<row r=\"{row}\"><c r=\"A{row}\"><v>{id}</v></c><c r=\"B{row}\" t=\"s\"><v>{}</v></c></row>",
                2 + row % 8
            )
        };
        let head =
            "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>";
        let rows: String = std::iter::once(head.to_owned())
            .chain((2..=10_000).map(row))
            .collect();
        let words = ["id", "word", "a", "b", "c", "d", "e", "f", "g", "h"];
        let mut noise = prng::Prng::new(7);
        let picture: Vec<u8> = (0..20 << 17)
            .flat_map(|_| noise.bits().to_le_bytes())
            .collect();
        let book = Book::new().strings(&words).sheet("Items", &rows);
        std::fs::write(
            &path,
            book.part("xl/media/image1.png", Some("image/png"), picture)
                .build(),
        )
        .unwrap();
    } else {
        bench::inventory(&path, 210_000).unwrap();
    }
    std::fs::read(&path).unwrap()
}
