//! Directories: addresses, leftovers, damage, and what is wrong with a disk.

use std::env;
use std::fs;
use std::process::Command;

use sheetlift_load::conformance::{Shelf, claim, items, load, numbers, plan};
use sheetlift_load::files::{FilesSink, Format};
use sheetlift_load::{Error, Import, Mode, Plan, Sink, State, connect};

use super::shelf::{Directory, walk};

const FULL: &str = "SHEETLIFT_LOAD_FULL_DISK_CHILD";

fn one() -> (arrow_array::RecordBatch, Plan) {
    let batch = items([("a", Some(1))]);
    let plan = plan("x", &batch).with_mode(Mode::Insert);
    (batch, plan)
}

fn staged(sink: &dyn Sink) -> Box<dyn Import> {
    let (batch, plan) = one();
    let mut import = claim(sink, &plan);
    import.stage(&batch, &[0]).unwrap();
    import
}

#[test]
fn addresses_are_read_and_others_explained() {
    let shelf = Directory::new(Format::Csv);
    let path = shelf.path().display().to_string();
    for url in [
        format!("file:{path}"),
        format!("file://{path}?format=arrow"),
        format!("file:{path}?"),
    ] {
        assert_eq!(connect(&url).unwrap().name(), path);
    }
    assert_eq!(
        connect("file:some/where?format=ndjson").unwrap().name(),
        "some/where"
    );
    assert_eq!(shelf.traces(), [""; 0], "connecting creates nothing");
    for (url, code) in [
        ("file:", "usage/files-address"),
        ("file://?format=csv", "usage/files-address"),
        ("file:out?format=xlsx", "usage/file-format"),
        ("file:out?secret=secret", "usage/files-options"),
        ("file:out?format=csv&password=secret", "usage/files-options"),
        ("s3://secret:secret@bucket/x", "usage/files-address"),
        ("s3:///x", "usage/files-address"),
        ("s3://bucket/a/../b", "usage/files-address"),
        ("s3://bucket//b", "usage/files-address"),
    ] {
        let error = connect(url).map(|sink| sink.name()).unwrap_err();
        assert_eq!(error.code(), code, "{url}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
}

#[test]
fn a_file_in_the_way_is_explained() {
    let shelf = Directory::new(Format::Csv);
    fs::create_dir_all(shelf.path()).unwrap();
    let file = shelf.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = FilesSink::directory(path, Format::Csv)
            .map(|sink| sink.name())
            .unwrap_err();
        assert_eq!(error.code(), "sink/not-a-directory", "{error:?}");
    }
    fs::write(shelf.path().join("items"), "").unwrap();
    let (batch, plan) = one();
    let begun = shelf.open().begin(&plan).and_then(|begin| match begin {
        sheetlift_load::Begin::Claimed(mut import) => import
            .stage(&batch, &[0])
            .and_then(|()| import.commit(false)),
        sheetlift_load::Begin::Done(_) => panic!("nothing was loaded"),
    });
    assert_eq!(begun.unwrap_err().code(), "sink/not-a-directory");
}

#[test]
#[cfg(unix)]
fn a_directory_that_may_not_be_written_is_explained() {
    use std::os::unix::fs::PermissionsExt;
    let shelf = Directory::new(Format::Parquet);
    fs::create_dir_all(shelf.path()).unwrap();
    fs::set_permissions(shelf.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(shelf.path().join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere (root)");
        return;
    }
    let (_, plan) = one();
    let error = claim(&shelf.open(), &plan).commit(false).unwrap_err();
    assert_eq!(error.code(), "sink/unwritable", "{error:?}");
    assert!(error.hint().is_some());
}

/// Not a test by itself: a process whose files may not grow beyond 64 KiB.
#[test]
fn full_disk_child() {
    let Some(path) = env::var_os(FULL) else {
        return;
    };
    let skus: Vec<String> = (0..40_000).map(|i| format!("{i:09}")).collect();
    let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
    let plan = plan("x", &batch).with_mode(Mode::Insert);
    let sink = FilesSink::directory(path, Format::Csv).unwrap();
    let mut import = claim(&sink, &plan);
    let staged = import.stage(&batch, &numbers(&batch));
    let error: Error = staged.and_then(|()| import.commit(false)).unwrap_err();
    assert_eq!(error.code(), "sink/disk-full", "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("there is no room while writing to "),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_nothing() {
    let shelf = Directory::new(Format::Csv);
    let test = env::current_exe().unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f 128; exec '{}' --exact files::directory::full_disk_child --nocapture",
        test.display()
    );
    let done = Command::new("sh")
        .args(["-c", &script])
        .env(FULL, shelf.path())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(shelf.traces(), [""; 0]);
}

#[test]
fn leftovers_of_the_killed_are_written_over_and_swept() {
    let shelf = Directory::new(Format::Csv);
    let (batch, plan) = one();
    let folder = shelf.path().join("items").join(plan.import_key.import_id());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("part-00000.csv"), "half a pa").unwrap();
    fs::write(folder.join("part-00000.csv#1"), "half").unwrap();
    let manifests = shelf.path().join("items/_sheetlift");
    let manifest = manifests.join(format!("{}.json", plan.import_key.import_id()));
    let (ours, other_import) = (
        format!("{}#1", manifest.display()),
        manifests.join("imp_0.json#1"),
    );
    fs::create_dir_all(&manifests).unwrap();
    fs::write(&ours, "{").unwrap();
    fs::write(&other_import, "{").unwrap();
    assert!(shelf.rows("items", &["sku"]).is_empty());
    drop(staged(&shelf.open()));
    assert_eq!(
        fs::read(folder.join("part-00000.csv")).unwrap(),
        b"half a pa",
        "what is not ours stays until a commit"
    );
    let other = staged(&shelf.open());
    assert_eq!(load(&shelf.open(), &plan, &batch).state, State::Committed);
    assert_eq!(walk(&folder), [folder.join("part-00000.csv")]);
    assert_eq!(walk(&manifests), [other_import, manifest]);
    assert_eq!(
        other.commit(false).unwrap().state,
        State::AlreadyLoaded,
        "a loader whose files were swept has lost the race"
    );
    assert_eq!(
        shelf.rows("items", &["sku", "stock"]),
        [["a", "1"].map(|text| Some(text.to_owned()))]
    );
}

#[test]
fn a_damaged_part_is_found() {
    let shelf = Directory::new(Format::Parquet);
    let (batch, plan) = one();
    let key = plan.import_key;
    assert_eq!(
        shelf.open().verify("items", &key).unwrap_err().code(),
        "usage/no-such-import"
    );
    load(&shelf.open(), &plan, &batch);
    assert_eq!(shelf.open().verify("items", &key).unwrap(), 1);
    let folder = shelf.path().join("items").join(key.import_id());
    let part = folder.join("part-00000.parquet");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let error = shelf.open().verify("items", &key).unwrap_err();
    assert_eq!(error.code(), "sink/damaged");
    assert!(error.to_string().contains("part-00000.parquet"), "{error}");
    fs::remove_file(&part).unwrap();
    let error = shelf.open().verify("items", &key).unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");

    let manifest = shelf
        .path()
        .join("items/_sheetlift")
        .join(format!("{}.json", key.import_id()));
    let text = fs::read_to_string(&manifest).unwrap();
    for (damaged, word) in [
        ("{".to_owned(), "damaged"),
        (
            text.replace("\"format_version\": 1", "\"format_version\": 2"),
            "format version 2",
        ),
        (
            text.replace(&key.to_hex(), &key.to_hex().replace('a', "b")),
            "another import",
        ),
    ] {
        fs::write(&manifest, damaged).unwrap();
        let error = shelf.open().begin(&plan).unwrap_err();
        assert_eq!(error.code(), "sink/manifest");
        assert!(error.to_string().contains(word), "{error}");
    }
    fs::write(
        &manifest,
        text.replace(&format!("{}/part", key.import_id()), "../../part"),
    )
    .unwrap();
    assert!(
        shelf
            .open()
            .verify("items", &key)
            .unwrap_err()
            .to_string()
            .contains("is no file of this import")
    );
}

#[test]
fn a_dry_run_leaves_what_was_there() {
    let shelf = Directory::new(Format::Csv);
    fs::create_dir_all(shelf.path().join("items")).unwrap();
    let before = shelf.traces();
    assert_eq!(
        staged(&shelf.open()).commit(true).unwrap().state,
        State::DryRun
    );
    drop(staged(&shelf.open()));
    assert_eq!(shelf.traces(), before);
}

#[test]
fn imports_run_inside_of_another_runtime() {
    let shelf = Directory::new(Format::Parquet);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (batch, plan) = one();
        drop(staged(&shelf.open()));
        assert_eq!(load(&shelf.open(), &plan, &batch).inserted, 1);
    });
}
