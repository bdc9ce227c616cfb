//! Jobs over the sample inventory: verdicts, loads, cancellation.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::common::{Lines, contract, dirty, job, sink, without_place};
use arrow_array::RecordBatch;
use sheetlift::{
    CancelToken, Contract, ErrorClass, ErrorKind, Job, LoadOptions, LoadState, Mode, ReadOptions,
    connect,
};
use sheetlift_fixtures::inventory;

#[test]
fn counts_are_exact_whatever_is_listed() {
    let all = dirty().validate().unwrap();
    assert_eq!(
        (all.rows.read, all.rows.accepted, all.rows.rejected),
        (240, 200, 40)
    );
    assert_eq!(all.counts.errors, inventory::planted().len() as u64);
    assert_eq!(
        (all.findings.len() as u64, all.findings_omitted),
        (all.counts.errors, 0)
    );

    let few = dirty().with_max_findings(5).validate().unwrap();
    assert_eq!(
        (few.findings.len(), few.findings_omitted),
        (5, all.counts.errors - 5)
    );
    assert_eq!(few.counts, all.counts);
    assert_eq!(few.findings, all.findings[..5]);
    assert!(!few.is_clean());
}

#[test]
fn every_finding_is_written_as_a_line() {
    let lines = Lines::default();
    let report = dirty()
        .with_max_findings(1)
        .with_findings_to(lines.clone())
        .validate()
        .unwrap();
    let lines = lines.json();
    assert_eq!(lines.len() as u64, report.counts.errors);
    assert_eq!(without_place(&lines[0]), report.to_json()["findings"][0]);
    let seqs = lines.iter().map(|line| line["seq"].as_u64().unwrap());
    assert!(seqs.eq(1..=report.counts.errors));
    assert_eq!(
        (&lines[0]["cell"], &lines[0]["address"]),
        (&"G5".into(), &"Items!G5".into())
    );
}

#[test]
fn all_findings_are_kept_where_that_is_asked_for() {
    let all = dirty().validate().unwrap();
    let few = dirty()
        .with_max_findings(3)
        .with_all_findings_kept(true)
        .with_read(ReadOptions::default().with_batch_rows(7))
        .validate()
        .unwrap();
    assert_eq!(few.findings.len(), 3);
    for _ in 0..2 {
        let kept: Vec<_> = few.all_findings().unwrap().map(Result::unwrap).collect();
        assert_eq!(kept, all.findings);
    }
    let listed: Vec<_> = all.all_findings().unwrap().map(Result::unwrap).collect();
    assert_eq!(listed, all.findings);
    assert_eq!(few.groups, all.groups);
    let grouped: u64 = all.groups.iter().map(|group| group.count).sum();
    assert_eq!(grouped, all.counts.errors + all.counts.infos);
    let first = &all.groups[0];
    assert!(
        first.count > 1 && first.first[0].starts_with("Items!"),
        "{first:?}"
    );
}

#[test]
fn findings_in_memory_are_limited() {
    let mut limits = sheetlift::Limits::default();
    limits.max_findings = 2;
    let report = dirty().with_limits(limits).validate().unwrap();
    assert_eq!(report.findings.len(), 2);
    assert_eq!(
        report.findings_omitted + 2,
        report.counts.errors + report.counts.infos
    );
}

#[test]
fn the_report_says_which_column_became_which_field() {
    let report = dirty().validate().unwrap();
    assert_eq!(report.mapping.len(), contract().fields.len());
    let sku = &report.mapping[0];
    assert_eq!(
        (&*sku.field, &*sku.column, sku.label.as_deref()),
        ("sku", "A", Some("Item Code"))
    );
    assert_eq!(report.to_json()["mapping"][0]["method"], "alias");
}

#[test]
fn a_report_is_stable_json() {
    let json = |job: Job| {
        job.validate()
            .unwrap()
            .without_timings()
            .to_json()
            .to_string()
    };
    assert_eq!(json(dirty()), json(dirty()));
    let report = dirty().validate().unwrap();
    assert!(report.to_json()["timings"]["total_ms"].is_u64());
    let keys: Vec<String> = report.to_json()["findings"][0]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let expected = [
        "cell",
        "address",
        "level",
        "code",
        "rule",
        "sheet",
        "row",
        "column",
        "field",
        "row_key",
        "value",
        "expected",
        "message",
        "suggestion",
        "score",
        "group",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn rows_come_in_order_with_their_numbers() {
    let mut seen: Vec<u32> = Vec::new();
    let job = dirty().with_read(ReadOptions::default().with_batch_rows(7));
    job.validate_to(|batch: &RecordBatch, rows: &[u32]| {
        assert_eq!(batch.num_rows(), rows.len());
        seen.extend(rows);
        Ok(())
    })
    .unwrap();
    assert_eq!(seen.len(), 200);
    assert!(seen.is_sorted() && seen[0] == 1 && !seen.contains(&4));

    let mut check = job.check().unwrap();
    let mut rejected = Vec::new();
    while let Some(checked) = check.next_window().unwrap() {
        rejected.extend(checked.rejected);
    }
    assert_eq!(rejected.len(), 40);
    assert_eq!(check.finish().unwrap().rows.rejected, 40);
}

#[test]
fn an_error_of_the_receiver_comes_back() {
    let error = dirty()
        .validate_to(|_: &RecordBatch, _: &[u32]| {
            Err(sheetlift::Error::usage("usage/enough", "enough"))
        })
        .unwrap_err();
    assert_eq!(error.code(), "usage/enough");
}

#[test]
fn loads_once() {
    let (_dir, sink) = sink();
    let options = LoadOptions::default().with_create_table(true);
    let dry = dirty()
        .load(&*sink, &options.clone().with_dry_run(true))
        .unwrap();
    let load = dry.load.clone().unwrap();
    assert_eq!(
        (load.state, load.inserted, dry.rows_changed()),
        (LoadState::DryRun, 200, 0)
    );

    let first = dirty().load(&*sink, &options).unwrap();
    let load = first.load.clone().unwrap();
    assert_eq!(
        (load.state, load.read, load.inserted, load.rejected),
        (LoadState::Committed, 240, 200, 40)
    );
    assert_eq!(
        (first.rows_changed(), load.target.as_str()),
        (200, "inventory")
    );
    assert_eq!(first.findings.len(), 43);

    let again = dirty().load(&*sink, &options).unwrap();
    let load_again = again.load.clone().unwrap();
    assert_eq!(
        (load_again.state, again.rows_changed()),
        (LoadState::AlreadyLoaded, 0)
    );
    assert_eq!(
        (&load_again.import_id, load_again.inserted),
        (&load.import_id, 200)
    );
    assert!(!again.is_clean() && again.rows.rejected == 40 && again.sheet.is_none());

    // Another way to say the same sheet is the same import; another table, mode or limit is another.
    let named = dirty().with_read(ReadOptions::default().with_sheet("Items"));
    let id = |job: &Job, options: &LoadOptions| job.plan(options).unwrap().import_key.import_id();
    assert_eq!(id(&named, &options), load.import_id);
    assert_ne!(
        id(&named, &options.clone().with_table("other")),
        load.import_id
    );
    assert_ne!(
        id(&named, &options.clone().with_mode(Mode::Upsert)),
        load.import_id
    );
    assert_ne!(
        id(
            &dirty().with_read(ReadOptions::default().with_limit(9)),
            &options
        ),
        load.import_id
    );
}

#[test]
fn conflicts_with_the_target_are_findings_about_their_rows() {
    let (_dir, sink) = sink();
    let clean = || job(inventory::clean_inventory()).with_contract(contract());
    clean()
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap();
    let lines = Lines::default();
    let report = clean()
        .with_max_findings(3)
        .with_findings_to(lines.clone())
        .load(
            &*sink,
            &LoadOptions::default()
                .with_create_table(true)
                .with_mode(Mode::Insert),
        )
        .unwrap();
    let load = report.load.clone().unwrap();
    assert_eq!((load.inserted, load.conflicts), (0, 240));
    assert_eq!(
        (
            report.counts.errors,
            report.counts.by_code["load/key-exists"]
        ),
        (240, 240)
    );
    assert_eq!(
        (
            report.findings.len(),
            report.findings_omitted,
            lines.json().len()
        ),
        (3, 237, 240)
    );
    assert_eq!(report.findings[0].address(), "Items!2:2");
    assert!(!report.is_clean() && report.findings[0].row_key.is_some());
}

#[test]
fn too_many_rejected_rows_load_nothing() {
    let (dir, sink) = sink();
    let options = LoadOptions::default()
        .with_create_table(true)
        .with_max_rejected(39);
    let error = dirty().load(&*sink, &options).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Limit);
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Limit {
                limit: 39,
                actual: 40,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!dir.path().join("inventory.db").exists());
    let report = dirty()
        .load(
            &*sink,
            &LoadOptions::default()
                .with_create_table(true)
                .with_max_rejected(40),
        )
        .unwrap();
    assert_eq!(report.rows_changed(), 200);
}

#[test]
fn a_header_that_does_not_fit_loads_nothing() {
    let (dir, sink) = sink();
    let narrow = job(inventory::dirty_inventory())
        .with_contract(contract())
        .with_read(ReadOptions::default().with_columns(["Item Code", "name"]));
    let report = narrow
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap();
    assert!(report.blocked && !report.is_clean());
    assert_eq!(report.load.as_ref().unwrap().state, LoadState::Blocked);
    assert!(report.counts.by_code["header/missing-field"] >= 1);
    assert_eq!((report.rows.read, report.rows_changed()), (0, 0));
    assert!(
        !dir.path().join("inventory.db").exists(),
        "a blocked header leaves nothing"
    );
}

#[test]
fn a_pulled_token_loads_nothing() {
    let (dir, sink) = sink();
    let (token, told) = (CancelToken::new(), Arc::new(AtomicU64::new(0)));
    let (pulled, heard) = (token.clone(), Arc::clone(&told));
    let job = dirty()
        .with_read(ReadOptions::default().with_batch_rows(50))
        .with_cancel(token)
        .with_progress(move |progress| {
            heard.store(progress.rows_read, Ordering::Relaxed);
            if progress.rows_read >= 100 {
                pulled.cancel();
            }
        });
    let error = job
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.class()),
        (ErrorKind::Cancelled, ErrorClass::Cancelled)
    );
    assert_eq!(told.load(Ordering::Relaxed), 100);
    assert!(!dir.path().join("inventory.db").exists());
    assert_eq!(
        dirty()
            .load(&*sink, &LoadOptions::default().with_create_table(true))
            .unwrap()
            .rows_changed(),
        200
    );
}

#[test]
fn progress_knows_what_the_sheet_declares() {
    let last = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&last);
    dirty()
        .with_progress(move |progress| *keep.lock().unwrap() = Some(progress))
        .validate()
        .unwrap();
    let last = last.lock().unwrap().unwrap();
    assert_eq!(
        (last.rows_read, last.rows_rejected, last.rows_expected),
        (240, 40, Some(240))
    );
}

#[test]
fn says_what_is_missing() {
    let error = job(inventory::clean_inventory()).validate().unwrap_err();
    assert_eq!(
        (error.code(), error.class()),
        ("contract/missing", ErrorClass::Caller)
    );
    let error = dirty()
        .with_read(ReadOptions::default().with_sheet("Stock"))
        .validate()
        .unwrap_err();
    assert_eq!(error.code(), "sheet/not-found");
    assert!(error.hint().unwrap().contains("Items"), "{error:?}");
    for (sheet, found) in [
        ("items", true),
        ("2", true),
        ("0", false),
        ("3", false),
        ("Stock", false),
    ] {
        assert_eq!(dirty().sheet_called(sheet).is_ok(), found, "{sheet}");
    }
    assert!(
        connect("sqlite:/no/such/directory/a.db")
            .map_err(sheetlift::Error::from)
            .is_err()
    );
}

#[test]
fn a_table_that_is_wrong_as_a_whole_is_not_loaded() {
    let text = "a,n\nx,1\ny,2\nz,three\n,,\nsum,6\n";
    let load = |rules: &str| {
        let contract = format!(
            "schema: {{fields: [{{name: a}}, {{name: n, type: integer}}], primaryKey: a}}\nsheetlift: {{load: {{table: t}}, locate: {{stop: {{blankRows: 1}}}}, {rules}}}"
        );
        let (_folder, sink) = sink();
        let job = Job::from_bytes(text.as_bytes().to_vec(), "a.csv").unwrap();
        let job = job.with_contract(contract.parse::<Contract>().unwrap());
        let report = job
            .load(&*sink, &LoadOptions::default().with_create_table(true))
            .unwrap();
        let load = report.load.unwrap();
        (report.counts.errors, load.state, load.inserted)
    };
    assert_eq!(
        load("thresholds: {rejected: 1}"),
        (1, LoadState::Committed, 2)
    );
    assert_eq!(
        load("thresholds: {rejected: 0}"),
        (2, LoadState::Blocked, 0)
    );
    let total =
        |cell: &str| format!("tableRules: [{{id: sum, total: {{field: n, cell: {cell}}}}}]");
    assert_eq!(load(&total("B6")), (2, LoadState::Blocked, 0)); // three is no number, so 6 is not reached
    assert_eq!(load(&total("B99")), (2, LoadState::Blocked, 0));
    assert_eq!(
        load("tableRules: [{id: n, rowCount: {minimum: 3, maximum: 3}}]"),
        (1, LoadState::Committed, 2)
    );
    assert_eq!(
        load("tableRules: [{id: n, level: warning, rowCount: {minimum: 9}}]"),
        (1, LoadState::Committed, 2)
    );
}
