//! `sheetlift convert`: every format, every option, pipes.

use std::{fs, io::Read, process::Stdio};

use crate::common::Desk;

#[test]
fn writes_every_format_by_its_extension() {
    let desk = Desk::new();
    for (name, start) in [
        ("out.parquet", &b"PAR1"[..]),
        ("out.arrow", b"ARROW1"),
        ("out.csv", b"Item Code,name,"),
        ("out.ndjson", b"{\"Item Code\":"),
    ] {
        let ran = desk.run(&format!("convert clean.xlsx -o {name}"));
        assert_eq!((ran.code, ran.stdout.len()), (0, 0), "{ran:?}");
        assert!(
            ran.stderr
                .starts_with(&format!("{name}: 240 rows, 12 columns, ")),
            "{ran:?}"
        );
        assert!(
            fs::read(desk.path(name)).unwrap().starts_with(start),
            "{name}"
        );
    }
    assert!(
        desk.files().iter().all(|name| !name.contains(".part")),
        "{:?}",
        desk.files()
    );
}

#[test]
fn writes_every_format_to_standard_output() {
    let desk = Desk::new();
    for (format, start) in [
        ("parquet", &b"PAR1"[..]),
        ("arrow", b"\xff\xff\xff\xff"), // a stream: a file would have to be complete
        ("csv", b"Item Code,"),
        ("ndjson", b"{"),
    ] {
        let ran = desk.run(&format!("convert clean.xlsx -o - --format {format}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{format}");
        assert!(ran.stdout.starts_with(start), "{format}");
    }
    let csv = desk.run("convert clean.xlsx -o - --format csv").stdout;
    desk.run("convert clean.xlsx -o out.csv");
    assert_eq!(fs::read(desk.path("out.csv")).unwrap(), csv);
}

#[test]
fn reads_what_is_asked_for() {
    let desk = Desk::new();
    let csv = |flags: &str| {
        let ran = desk.run(&format!("convert clean.xlsx -o - --format csv {flags}"));
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.text().to_owned()
    };
    let lines = |flags: &str| csv(flags).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines("--limit 2").len(), 3);
    assert_eq!(lines("--columns price,name --limit 1")[0], "name,price");
    assert_eq!(lines("--range A1:B4"), lines("--columns A,B --limit 3"));
    assert!(lines("--sheet Notes")[0].starts_with("Stock count"));
    assert_eq!(lines("--sheet 2"), lines("--sheet notes"));
    assert!(lines("--header none --limit 1")[0].starts_with("column_A,column_B"));
    assert_eq!(lines("--header 3").len(), 239);
    assert_eq!(lines("--threads 1"), lines("--threads 3"));
    assert_eq!(lines("--strings utf8"), lines("--strings dictionary"));
    let typed = csv("--columns quantity --types quantity=float --limit 1");
    assert!(typed.ends_with(".0\n"), "{typed}");
}

#[test]
fn error_cells_are_mentioned() {
    let desk = Desk::new();
    let ran = desk.run("convert dirty.xlsx -o out.csv");
    assert!(ran.stderr.contains("warning: 4 error cells"), "{ran:?}");
}

#[test]
fn a_closed_pipe_is_silent() {
    let desk = Desk::new();
    sheetlift_fixtures::bench::inventory(&desk.path("large.xlsx"), 5_000).unwrap();
    for words in [
        "convert large.xlsx -o - --format csv",
        "convert large.xlsx -o - --format parquet",
        "completions bash",
    ] {
        let mut child = desk
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 10]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.len()),
            (Some(0), 0),
            "{words}: {output:?}"
        );
    }
}

#[test]
fn a_failed_conversion_leaves_the_old_file() {
    let desk = Desk::new();
    desk.put("out.csv", b"old");
    let ran = desk.run("convert dirty.xlsx -o out.csv --types quantity=int");
    ran.fails(2, "\"twelve\" is not of type int");
    assert!(ran.stderr.contains("cell G5"), "{ran:?}");
    assert_eq!(fs::read(desk.path("out.csv")).unwrap(), b"old");
    assert_eq!(
        desk.files(),
        ["clean.xlsx", "dirty.xlsx", "items.contract.json", "out.csv"]
    );
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.run("convert clean.xlsx -o out.csv");
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("out.csv"), mode("clean.xlsx"));
}

#[test]
fn a_contract_lets_only_good_rows_through() {
    let desk = Desk::new();
    let dirty = "convert dirty.xlsx --contract items.contract.json";
    let ran = desk.run(&format!("{dirty} -o out.csv --report report.json"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("Items!G5"), "{ran:?}");
    let csv = fs::read_to_string(desk.path("out.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 200);
    assert_eq!(desk.json("report.json")["rows"]["rejected"], 40);

    let ran = desk.run("convert clean.xlsx --contract items.contract.json -o out.csv");
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.run(&format!("{dirty} -o - --format csv --report -"))
        .fails(2, "standard output");
    assert_eq!(
        desk.run("convert dirty.xlsx -o a.csv --report r.json").code,
        2
    );
}

#[test]
fn many_files_and_sheets_become_one_table() {
    let desk = Desk::new();
    let ran = desk.run("convert clean.xlsx dirty.xlsx -o out.csv --with-source");
    assert_eq!(ran.code, 0, "{ran:?}");
    let csv = fs::read_to_string(desk.path("out.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 240 + 240);
    assert!(lines[0].starts_with("source_file,source_sheet,source_row,Item Code,"));
    assert!(lines[1].starts_with("clean.xlsx,Items,2,"), "{}", lines[1]);
    assert!(
        lines[241].starts_with("dirty.xlsx,Items,"),
        "{}",
        lines[241]
    );

    let book = sheetlift_fixtures::Book::new();
    let sheet = |cells: &str| {
        const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let rows = cells.split('|').enumerate().map(|(row, cells)| {
            let cell = |text: &str| match text.parse::<f64>() {
                Ok(_) => format!("<c><v>{text}</v></c>"),
                Err(_) => format!("<c t=\"str\"><v>{text}</v></c>"),
            };
            let cells: String = cells.split(',').map(cell).collect();
            format!("<row r=\"{}\">{cells}</row>", row + 1)
        });
        let rows: String = rows.collect();
        format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>")
    };
    let book = book
        .sheet_xml("a", &sheet("n,x|1,2"))
        .sheet_xml("b", &sheet("x,n|3,0.5|4,9"));
    desk.put("sheets.xlsx", &book.build());
    let ran = desk.run("convert sheets.xlsx --all-sheets -o - --format csv");
    assert_eq!(ran.text(), "n,x\n1.0,2\n0.5,3\n9.0,4\n", "{ran:?}");

    desk.put("broken.xlsx", b"PK");
    desk.run("convert clean.xlsx broken.xlsx -o two.csv")
        .fails(3, "broken.xlsx");
    assert!(!desk.path("two.csv").exists());
    desk.run("convert clean.xlsx dirty.xlsx -o two.csv --contract items.contract.json")
        .fails(2, "contract");
}

#[test]
fn no_file_is_written_over_that_is_read() {
    let desk = Desk::new();
    desk.put("items.csv", b"sku,name\n1,bolt\n");
    desk.put(
        "rules.json",
        &fs::read(desk.path("items.contract.json")).unwrap(),
    );
    fs::hard_link(desk.path("items.csv"), desk.path("linked.csv")).unwrap();
    let mut names = vec!["items.csv", "./items.csv", "linked.csv"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("items.csv", desk.path("pointer.csv")).unwrap();
        names.push("pointer.csv");
    }
    let before = desk.files();
    for name in names {
        for command in [
            "convert items.csv",
            "convert clean.xlsx items.csv",
            "contract infer items.csv",
        ] {
            desk.run(&format!("{command} -o {name}"))
                .fails(2, "which is read");
        }
    }
    for command in ["validate", "load", "convert -o a.csv"] {
        let words = format!("{command} clean.xlsx --contract rules.json --report ./rules.json");
        desk.run(&words).fails(2, "which is read");
    }
    assert_eq!(desk.files(), before);
    assert_eq!(
        fs::read(desk.path("items.csv")).unwrap(),
        b"sku,name\n1,bolt\n"
    );
    // What is not read may be written over.
    desk.put("out.csv", b"old");
    assert_eq!(desk.run("convert items.csv -o out.csv").code, 0);
}
