//! Loading once: claims, leases, fences, dry runs and thresholds.

use std::thread;
use std::time::Duration;

use super::{Database, claim, counts, expect, items, load, numbers, plan, seed, stored};
use crate::{Begin, ErrorKind, Mode, Outcome, Plan, Reject, State};

pub(super) fn loads<D: Database>(db: &D) {
    let batch = items([("a", Some(1)), ("b", None)]);
    let plan = plan("one", &batch);
    let mut import = claim(&*db.sink(), &plan);
    assert_eq!(import.import_id(), plan.import_key.import_id());
    import.stage(&batch, &[5, 7]).unwrap();
    let reject = Reject {
        row: 6,
        codes: vec!["cell/type".into(), "cell/required".into()],
        reason: "stock: expected an integer, got \"many\"".into(),
        raw: "{\"stock\":\"many\"}".into(),
    };
    import.reject(&[reject]).unwrap();
    let outcome = import.commit(false).unwrap();
    assert_eq!(
        (outcome.state, outcome.read, outcome.rejected),
        (State::Committed, 3, 1)
    );
    assert_eq!(counts(&outcome), [2, 0, 0, 0]);
    expect(db, &[("a", Some(1)), ("b", None)]);
    let json = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome);
    let rejects = db.rows("_sheetlift_rejects", &["row", "codes", "raw"]);
    let expected = ["6", "cell/type,cell/required", "{\"stock\":\"many\"}"];
    assert_eq!(rejects, [expected.map(|text| Some(text.to_owned()))]);
    let ledger = db.rows(
        "_sheetlift_imports",
        &["source_name", "mode", "state", "inserted"],
    );
    let expected = ["one", "insert_missing", "committed", "2"];
    assert_eq!(ledger, [expected.map(|text| Some(text.to_owned()))]);
}

pub(super) fn reload_changes_nothing<D: Database>(db: &D) {
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    let first = load(&*db.sink(), &plan, &batch);
    db.execute("UPDATE \"items\" SET \"stock\" = 5");
    let Begin::Done(again) = db.sink().begin(&plan).unwrap() else {
        panic!("loaded twice")
    };
    assert_eq!(again.state, State::AlreadyLoaded);
    assert_eq!(
        (counts(&again), again.import_id),
        (counts(&first), first.import_id)
    );
    expect(db, &[("a", Some(5))]);
}

pub(super) fn any_batches<D: Database>(db: &D) {
    let skus: Vec<String> = (0..1_000).map(|i| format!("{i:04}")).collect();
    let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
    for name in ["new table", "table that is there"] {
        let plan = plan(name, &batch).with_mode(Mode::Upsert);
        let mut import = claim(&*db.sink(), &plan);
        let mut start = 0;
        for length in [0, 1, 2, 500, 497] {
            let rows: Vec<u32> = (start as u32..(start + length) as u32).collect();
            import.stage(&batch.slice(start, length), &rows).unwrap();
            start += length;
        }
        let outcome = import.commit(false).unwrap();
        assert_eq!(outcome.read, 1_000);
        assert_eq!(outcome.inserted + outcome.unchanged, 1_000);
        assert_eq!(stored(db).len(), 1_000);
    }
    let plan = plan("nothing", &batch);
    assert_eq!(claim(&*db.sink(), &plan).commit(false).unwrap().read, 0);
}

pub(super) fn dry_run<D: Database>(db: &D) {
    let batch = items([("b", Some(2)), ("c", Some(3)), ("c", Some(4))]);
    for (name, mode) in [
        ("new table", Mode::Upsert),
        ("table that is there", Mode::Upsert),
    ] {
        let plan = plan(name, &batch).with_mode(mode);
        let tables = [
            "items",
            "_sheetlift_imports",
            "_sheetlift_outcomes",
            "_sheetlift_rejects",
        ];
        let columns: [&[&str]; 4] = [
            &["sku", "stock"],
            &["import_id", "fence"],
            &["row"],
            &["row"],
        ];
        let look = || -> Vec<_> {
            tables
                .iter()
                .zip(columns)
                .map(|(table, columns)| db.rows(table, columns))
                .collect()
        };
        let before = look();
        let rehearse = || {
            let mut import = claim(&*db.sink(), &plan);
            import.stage(&batch, &numbers(&batch)).unwrap();
            import.commit(true).unwrap()
        };
        let rehearsed = [rehearse(), rehearse()];
        assert_eq!(rehearsed[0], rehearsed[1]);
        assert_eq!(rehearsed[0].state, State::DryRun);
        assert_eq!(look(), before);
        let outcome = load(&*db.sink(), &plan, &batch);
        let [rehearsed, _] = rehearsed;
        assert_eq!(
            Outcome {
                state: State::Committed,
                ..rehearsed
            },
            outcome
        );
    }
}

pub(super) fn dropped<D: Database>(db: &D) {
    for name in ["new table", "table that is there"] {
        let batch = items([(name, Some(2))]);
        let plan = plan(name, &batch);
        let before = stored(db);
        for _ in 0..2 {
            let mut import = claim(&*db.sink(), &plan);
            import.stage(&batch, &[0]).unwrap();
            drop(import);
            assert_eq!(stored(db), before);
        }
        assert_eq!(load(&*db.sink(), &plan, &batch).inserted, 1);
    }
}

pub(super) fn busy<D: Database>(db: &D) {
    for name in ["new table", "table that is there"] {
        let batch = items([(name, Some(2))]);
        let plan = plan(name, &batch);
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &[0]).unwrap();
        let error = db.sink().begin(&plan).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error:?}");
        assert!(error.retry_after_ms().unwrap() > 0);
        assert_eq!(import.commit(false).unwrap().inserted, 1);
        assert!(matches!(db.sink().begin(&plan).unwrap(), Begin::Done(_)));
    }
}

pub(super) fn takeover<D: Database>(db: &D) {
    seed(db);
    let batch = items([("c", Some(3))]);
    let plan = plan("two", &batch).with_lease_ms(50);
    let mut stale = claim(&*db.sink(), &plan);
    stale.stage(&batch, &[0]).unwrap();
    thread::sleep(Duration::from_millis(80));
    let patient = plan.clone().with_lease_ms(60_000);
    let mut second = claim(&*db.sink(), &patient);
    second.stage(&batch, &[0]).unwrap();
    let error = stale
        .stage(&batch, &[1])
        .expect_err("the renewal sees the takeover");
    assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error:?}");
    drop(stale);
    let error = db
        .sink()
        .begin(&plan)
        .expect_err("a stale holder must not release its successor");
    assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error:?}");
    assert_eq!(second.commit(false).unwrap().inserted, 1);

    // The stale holder comes back before and after the commit of its successor.
    for (name, successor_commits) in [("three", false), ("four", true)] {
        let batch = items([(name, Some(3))]);
        let plan = super::plan(name, &batch).with_lease_ms(50);
        let mut stale = claim(&*db.sink(), &plan);
        stale.stage(&batch, &[0]).unwrap();
        thread::sleep(Duration::from_millis(80));
        let mut second = claim(&*db.sink(), &plan.clone().with_lease_ms(60_000));
        second.stage(&batch, &[0]).unwrap();
        let mut second = Some(second);
        if successor_commits {
            assert_eq!(second.take().unwrap().commit(false).unwrap().inserted, 1);
        }
        let error = stale.commit(false).expect_err("the fence was raised");
        assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error:?}");
        if let Some(second) = second {
            assert_eq!(second.commit(false).unwrap().inserted, 1);
        }
    }
    expect(
        db,
        &[
            ("a", Some(1)),
            ("b", None),
            ("c", Some(3)),
            ("four", Some(3)),
            ("three", Some(3)),
        ],
    );
}

pub(super) fn thresholds<D: Database>(db: &D) {
    let batch = items([("a", Some(1))]);
    let reject = Reject {
        row: 1,
        codes: vec![],
        reason: String::new(),
        raw: "{}".into(),
    };
    let commit = |plan: Plan| {
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &[0]).unwrap();
        import.reject(std::slice::from_ref(&reject)).unwrap();
        import.commit(true)
    };
    let plan = plan("one", &batch);
    assert_eq!(
        commit(plan.clone().with_max_rejected(1)).unwrap().rejected,
        1
    );
    assert_eq!(
        commit(plan.clone().with_max_rejected_ratio(0.5))
            .unwrap()
            .rejected,
        1
    );
    for plan in [
        plan.clone().with_max_rejected(0),
        plan.with_max_rejected_ratio(0.4),
    ] {
        let error = commit(plan).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Limit {
                    actual: 1,
                    limit: 0,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert_eq!(stored(db), []);
}
