//! Files that are odd, of another format, or protected.

use sheetlift_core::{Annotated, Error, Limits, OpenOptions, Password, Source, Workbook};
use sheetlift_fixtures::{Book, forge};

use super::support::{all_cells, annotate, errors, parts};

#[test]
fn what_is_hostile_ends() {
    let mut copied = 0;
    for file in sheetlift_fixtures::hostile() {
        if file.heavy || !file.file_name.ends_with(".xlsx") {
            continue;
        }
        let Ok(workbook) = Workbook::from_bytes((file.bytes)()) else {
            continue;
        };
        // As good as it gets: a copy that is one, or what is wrong.
        match annotate(&workbook, &errors(&["A1", "B2", "C3"])) {
            Ok((_, copy)) => {
                // What was just within a limit may be beyond it, packed as it is here.
                match Workbook::from_bytes(copy) {
                    Ok(_) => copied += 1,
                    Err(error) => {
                        assert_eq!(error.code(), "file/zip-bomb", "{}: {error}", file.name)
                    }
                }
            }
            Err(error) => assert_ne!(error.code(), "internal/bug", "{}: {error}", file.name),
        }
    }
    assert!(copied > 10, "{copied}");
}

#[test]
fn other_formats_are_refused() {
    let csv = Source::from_bytes(&b"a,b\n1,2\n"[..], &Limits::default()).unwrap();
    let workbook = Workbook::open(csv.with_name("a.csv"), OpenOptions::default()).unwrap();
    assert_eq!(workbook.annotated_extension().unwrap(), None);
    let error: Error = annotate(&workbook, &errors(&["A1"])).unwrap_err();
    assert_eq!(error.code(), "file/unsupported");
    assert!(error.hint().is_some());
}

#[test]
fn a_copy_says_what_it_is_named() {
    let of = |kind: &str| {
        let name = format!("{kind}.main+xml");
        let bytes = Book::new().sheet("a", "").build();
        let mut files = parts(&bytes);
        let types = String::from_utf8(files["[Content_Types].xml"].clone()).unwrap();
        let known = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
        assert!(types.contains(known));
        files.insert(
            "[Content_Types].xml".to_owned(),
            types.replace(known, &name).into(),
        );
        let files: Vec<(String, Vec<u8>)> = files.into_iter().collect();
        let bytes = forge::pack(&files, Default::default());
        Workbook::from_bytes(bytes)
            .unwrap()
            .annotated_extension()
            .unwrap()
    };
    assert_eq!(
        of("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Some("xlsx")
    );
    assert_eq!(
        of("application/vnd.ms-excel.sheet.macroEnabled"),
        Some("xlsm")
    );
    assert_eq!(
        of("application/vnd.openxmlformats-officedocument.spreadsheetml.template"),
        Some("xltx")
    );
    assert_eq!(
        of("application/vnd.ms-excel.template.macroEnabled"),
        Some("xltm")
    );
}

#[test]
fn a_protected_workbook_has_a_copy_without_password() {
    let dir = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/files/encrypted"
    );
    let open = |name: &str| {
        let options = OpenOptions::default().with_password(Password::new("secret"));
        let source = Source::from_path(format!("{dir}/{name}.xlsx"), &options.limits).unwrap();
        Workbook::open(source, options).unwrap()
    };
    let (annotated, copy) = annotate(&open("standard_aes128"), &errors(&["A1"])).unwrap();
    assert_eq!(annotated.notes, [Annotated::NO_PASSWORD]);
    let copy = Workbook::from_bytes(copy).unwrap();
    assert!(!copy.is_encrypted());
    let plain = open("plain");
    let (annotated, _) = annotate(&plain, &errors(&["A1"])).unwrap();
    assert_eq!(annotated.notes, [""; 0]);
    let count = plain.sheets().len();
    assert_eq!(all_cells(&copy, count), all_cells(&plain, count));
}
