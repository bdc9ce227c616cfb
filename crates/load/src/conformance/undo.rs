//! The list of imports, and taking one of them back.

use super::{Database, claim, counts, expect, items, load, plan, seed, stored};
use crate::{ErrorKind, Missing, Mode, Origin, Plan, Reject, State};

pub(super) fn history<D: Database>(db: &D) {
    assert_eq!(db.sink().history(10).unwrap(), []);
    seed(db);
    let batch = items([("b", Some(9)), ("c", Some(3))]);
    let two = plan("two", &batch).with_mode(Mode::Insert);
    load(&*db.sink(), &two, &batch);
    let all = db.sink().history(10).unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|import| {
            (
                &*import.source_name,
                &*import.mode,
                &*import.state,
                import.counts.unwrap(),
            )
        })
        .collect();
    let expected = [
        ("two", "insert", "committed", [2, 1, 0, 0, 1, 0, 0]),
        ("seed", "insert_missing", "committed", [2, 2, 0, 0, 0, 0, 0]),
    ];
    assert_eq!(told, expected);
    assert_eq!(all[0].import_id, two.import_key.import_id());
    assert_eq!((&*all[0].table, &all[0].undone_at), ("items", &None));
    assert!(
        all[0].committed_at.as_ref().unwrap() >= &all[0].started_at,
        "{all:?}"
    );
    assert!(
        all[0].started_at >= all[1].started_at && all[0].started_at.ends_with('Z'),
        "{all:?}"
    );
    assert_eq!(db.sink().history(1).unwrap(), all[..1]);
}

pub(super) fn every_mode<D: Database>(db: &D) {
    // A column that the imports do not name comes back too.
    db.execute("CREATE TABLE \"items\" (\"sku\" VARCHAR(50) NOT NULL PRIMARY KEY, \"stock\" BIGINT, \"note\" VARCHAR(50) DEFAULT 'x')");
    db.execute(
        "INSERT INTO \"items\" VALUES ('a', 1, 'first'), ('b', NULL, 'it''s'), ('c', 3, NULL)",
    );
    let look = || db.rows("items", &["sku", "stock", "note"]);
    let before = look();
    let batch = items([
        ("b", Some(2)),
        ("c", Some(3)),
        ("d", None),
        ("e", Some(5)),
        ("e", Some(6)),
    ]);
    for mode in Mode::ALL {
        let mut plan = plan(mode.as_str(), &batch).with_mode(mode);
        if mode == Mode::Sync {
            let last = batch.slice(0, 4);
            let missings = [
                Missing::Delete,
                Missing::Set {
                    column: "note".to_owned(),
                    value: Some("gone".to_owned()),
                },
            ];
            for (name, missing) in ["delete", "set"].iter().zip(missings) {
                let plan = super::plan(name, &last)
                    .with_mode(mode)
                    .with_missing(missing);
                let outcome = load(&*db.sink(), &plan, &last);
                assert_eq!((counts(&outcome), outcome.removed), ([2, 1, 1, 0], 1));
                let undone = db.sink().undo(&outcome.import_id, false).unwrap();
                let deleted = u64::from(*name == "delete");
                let found = (
                    undone.deleted,
                    undone.restored,
                    undone.reinserted,
                    undone.kept,
                );
                assert_eq!(found, (2, 2 - deleted, deleted, 0));
                assert_eq!(look(), before, "{name}");
            }
            continue;
        }
        if mode == Mode::Append {
            plan.key.clear();
        }
        let outcome = load(&*db.sink(), &plan, &batch);
        let after = look();
        let rehearsed = db.sink().undo(&outcome.import_id, true).unwrap();
        assert!(rehearsed.dry_run);
        assert_eq!(look(), after);
        let undone = db.sink().undo(&outcome.import_id, false).unwrap();
        assert_eq!(
            (undone.deleted, undone.restored, undone.kept),
            (outcome.inserted, outcome.updated, 0),
            "{mode}"
        );
        assert_eq!(undone.reinserted, outcome.removed);
        assert_eq!(undone.import_id, outcome.import_id);
        assert_eq!(
            crate::Undone {
                dry_run: false,
                ..rehearsed
            },
            undone
        );
        assert_eq!(look(), before, "{mode}");
    }
}

pub(super) fn keeps_what_others_did<D: Database>(db: &D) {
    let seeded = items([
        ("a", Some(1)),
        ("b", Some(1)),
        ("c", Some(1)),
        ("gone", Some(1)),
    ]);
    load(&*db.sink(), &plan("seed", &seeded), &seeded);
    let batch = items([
        ("a", Some(2)),
        ("b", Some(2)),
        ("c", Some(2)),
        ("d", Some(2)),
        ("e", Some(2)),
        ("f", Some(2)),
    ]);
    let two = plan("two", &batch)
        .with_mode(Mode::Sync)
        .with_missing(Missing::Delete);
    let outcome = load(&*db.sink(), &two, &batch);
    assert_eq!((counts(&outcome), outcome.removed), ([3, 3, 0, 0], 1));
    db.execute("UPDATE \"items\" SET \"stock\" = 7 WHERE \"sku\" = 'b'");
    db.execute("DELETE FROM \"items\" WHERE \"sku\" = 'c'");
    db.execute("UPDATE \"items\" SET \"stock\" = 8 WHERE \"sku\" = 'e'");
    db.execute("DELETE FROM \"items\" WHERE \"sku\" = 'f'");
    db.execute("INSERT INTO \"items\" VALUES ('gone', 9), ('new', 10)");
    let undone = db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!(
        (undone.restored, undone.deleted, undone.reinserted),
        (1, 1, 0)
    );
    let mut kept = undone.kept_keys.clone();
    kept.sort();
    assert_eq!(
        (undone.kept, kept),
        (5, ["b", "c", "e", "f", "gone"].map(str::to_owned).to_vec())
    );
    expect(
        db,
        &[
            ("a", Some(1)),
            ("b", Some(7)),
            ("e", Some(8)),
            ("gone", Some(9)),
            ("new", Some(10)),
        ],
    );
}

pub(super) fn refusals<D: Database>(db: &D) {
    let refused = |import_id: &str| {
        let error = db.sink().undo(import_id, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error:?}");
        error.code()
    };
    assert_eq!(refused("imp_0"), "usage/import-id");
    seed(db);
    assert_eq!(refused("imp_0"), "usage/import-id");
    let batch = items([("c", Some(3)), ("b", Some(4))]);
    let without = plan("without", &batch).with_undo(false);
    assert_eq!(
        refused(&load(&*db.sink(), &without, &batch).import_id),
        "usage/undo"
    );
    let rows = stored(db);
    for table in ["_sheetlift_before", "_sheetlift_keys"] {
        let batch = items([("d", Some(4)), ("a", Some(4))]);
        let plan = plan(table, &batch).with_mode(Mode::Upsert);
        let id = load(&*db.sink(), &plan, &batch).import_id;
        db.execute(&format!("DELETE FROM \"{table}\""));
        assert_eq!(
            refused(&id),
            "usage/undo",
            "half of what is needed is not enough"
        );
        db.execute("DELETE FROM \"items\" WHERE \"sku\" = 'd'");
        db.execute("UPDATE \"items\" SET \"stock\" = 1 WHERE \"sku\" = 'a'");
    }
    assert_eq!(stored(db), rows);

    let batch = items([("d", Some(4)), ("a", Some(4))]);
    let two = plan("two", &batch).with_mode(Mode::Upsert);
    let outcome = load(&*db.sink(), &two, &batch);
    assert_eq!(
        db.sink().undo(&outcome.import_id, false).unwrap().deleted,
        1
    );
    assert_eq!(stored(db), rows);
    assert_eq!(refused(&outcome.import_id), "usage/undo");
    let latest = &db.sink().history(1).unwrap()[0];
    assert_eq!(latest.state, "undone");
    assert!(latest.undone_at.is_some());
    // What was taken back can be loaded again, and taken back again.
    let import = claim(&*db.sink(), &two);
    drop(import);
    assert_eq!(db.sink().history(1).unwrap()[0].state, "undone");
    let again = load(&*db.sink(), &two, &batch);
    assert_eq!(
        (again.state, counts(&again)),
        (State::Committed, [1, 1, 0, 0])
    );
    assert_eq!(db.sink().history(1).unwrap()[0].state, "committed");
    assert_eq!(
        db.sink().undo(&outcome.import_id, false).unwrap().deleted,
        1
    );
    assert_eq!(stored(db), rows);
}

/// A row in quarantine: part, row, codes and raw row.
type Held = (Option<String>, u32, String, String);

fn quarantine<D: Database>(db: &D, import_id: &str) -> crate::Result<Vec<Held>> {
    let mut rows = Vec::new();
    let found = db.sink().quarantined(import_id, &mut |row| {
        assert!(!row.reason.is_empty());
        rows.push((row.part, row.row, row.codes, row.raw));
    });
    rows.sort();
    found.map(|()| rows)
}

fn held(row: u32, codes: &str) -> Held {
    (None, row, codes.to_owned(), raw(row))
}

fn raw(row: u32) -> String {
    format!("{{\"row\":{row}}}")
}

fn rejected(row: u32) -> Reject {
    Reject {
        row,
        codes: vec!["cell/type".to_owned()],
        reason: "no number".to_owned(),
        raw: raw(row),
    }
}

/// A source whose rows are read again when they are asked for; no others than these may be.
fn origin(asked: &[u32]) -> Origin {
    let expected = asked.to_vec();
    Origin {
        layout: "one sheet".to_owned(),
        raw_rows: Box::new(move |rows| {
            assert_eq!(rows, expected);
            Box::new(rows.into_iter().map(|row| Ok((row, raw(row)))))
        }),
    }
}

pub(super) fn replay<D: Database>(db: &D) {
    let unknown = "usage/import-id";
    assert_eq!(quarantine(db, "imp_0").unwrap_err().code(), unknown);
    seed(db);
    assert_eq!(quarantine(db, "imp_0").unwrap_err().code(), unknown);
    assert_eq!(db.sink().layout("imp_0").unwrap_err().code(), unknown);
    let batch = items([("c", Some(3))]);
    let first = plan("first", &batch);
    let mut import = claim(&*db.sink(), &first);
    import.keep_origin(origin(&[]));
    import.stage(&batch, &[0]).unwrap();
    import.reject(&[1, 2, 3, 4, 5].map(rejected)).unwrap();
    let first = import.commit(false).unwrap().import_id;
    let all = [1, 2, 3, 4, 5].map(|row| held(row, "cell/type"));
    assert_eq!(quarantine(db, &first).unwrap(), all);
    assert_eq!(db.sink().layout(&first).unwrap().unwrap(), "one sheet");

    // Of five rows one is loaded, two are rejected again, one is a conflict, and one is not tried.
    let batch = items([("d", Some(1)), ("c", Some(2))]);
    let second = plan("second", &batch)
        .with_mode(Mode::Insert)
        .with_replay_of(&first);
    let run = |dry_run: bool| {
        let mut import = claim(&*db.sink(), &second);
        import.keep_origin(origin(&[2]));
        import.stage(&batch, &[1, 2]).unwrap();
        let mut again = [rejected(3), rejected(4)];
        again[1].codes = vec!["cell/enum".to_owned()];
        import.reject(&again).unwrap();
        import.commit(dry_run).unwrap()
    };
    assert_eq!(counts(&run(true)), [1, 0, 0, 1]);
    assert_eq!(quarantine(db, &first).unwrap(), all);
    // Somebody else is about to try the same rows under another name.
    let third = plan("third", &batch)
        .with_mode(Mode::Upsert)
        .with_replay_of(&first);
    let mut late = claim(&*db.sink(), &third);
    late.stage(&batch, &[1, 2]).unwrap();
    let outcome = run(false);
    assert_eq!((counts(&outcome), outcome.rejected), ([1, 0, 0, 1], 2));
    let left = [
        held(2, "load/key-exists"),
        held(3, "cell/type"),
        held(4, "cell/enum"),
        held(5, "cell/type"),
    ];
    assert_eq!(quarantine(db, &first).unwrap(), left);
    assert_eq!(quarantine(db, &outcome.import_id).unwrap(), []);
    let history = db.sink().history(1).unwrap();
    assert_eq!(history[0].replay_of.as_ref(), Some(&first));

    // A row leaves once.
    let error = late.commit(false).unwrap_err();
    assert_eq!(error.code(), "busy/quarantine-changed");
    expect(
        db,
        &[("a", Some(1)), ("b", None), ("c", Some(3)), ("d", Some(1))],
    );
    assert_eq!(quarantine(db, &first).unwrap(), left);

    // What a replay has loaded is taken back first, and is in quarantine again.
    let undo = |id: &str| db.sink().undo(id, false);
    assert_eq!(undo(&first).unwrap_err().code(), "usage/undo");
    assert_eq!(undo(&outcome.import_id).unwrap().deleted, 1);
    assert_eq!(quarantine(db, &first).unwrap().len(), 5);
    assert_eq!(undo(&first).unwrap().deleted, 1);
    let mut import = claim(&*db.sink(), &third);
    import.stage(&batch, &[1, 2]).unwrap();
    let error = import.commit(false).unwrap_err();
    assert_eq!(error.code(), "busy/quarantine-changed");
    expect(db, &[("a", Some(1)), ("b", None)]);
}

/// Rows that the target refuses are in quarantine as well, whichever way they went.
pub(super) fn quarantine_of_refused<D: Database>(db: &D) {
    // Into a table that is made for them, ...
    let batch = items([("a", Some(1)), ("a", Some(2)), ("b", Some(3))]);
    let mut import = claim(&*db.sink(), &plan("new", &batch));
    import.keep_origin(origin(&[5]));
    import.reject(&[rejected(2)]).unwrap();
    import.stage(&batch, &[4, 5, 6]).unwrap();
    let new = import.commit(false).unwrap();
    assert_eq!((counts(&new), new.rejected), ([2, 0, 0, 1], 1));
    let found = quarantine(db, &new.import_id).unwrap();
    assert_eq!(found, [held(2, "cell/type"), held(5, "load/key-exists")]);

    // ... into one that is there, with a part, ...
    let batch = items([("c", Some(1)), ("a", Some(2)), ("b", Some(3))]);
    let plan_of = |name: &str| {
        plan(name, &batch)
            .with_mode(Mode::Insert)
            .with_parts(["May", "June"])
    };
    let rows = [0, 7, Plan::PART_ROWS + 7];
    let begin = |name: &str, asked: &[u32]| {
        let mut import = claim(&*db.sink(), &plan_of(name));
        import.keep_origin(origin(asked));
        import.stage(&batch, &rows).unwrap();
        import
    };
    let rehearsed = begin("parts", &rows[1..]).commit(true).unwrap();
    let there = begin("parts", &rows[1..]).commit(false).unwrap();
    assert_eq!(counts(&there), [1, 0, 0, 2]);
    assert_eq!(rehearsed.conflicts, there.conflicts);
    let mut expected = [("May", rows[1]), ("June", rows[2])].map(|(part, row)| {
        (
            Some(part.to_owned()),
            7,
            "load/key-exists".to_owned(),
            raw(row),
        )
    });
    expected.sort();
    assert_eq!(quarantine(db, &there.import_id).unwrap(), expected);

    // ... and where they cannot be read again, nothing is loaded.
    let mut import = claim(&*db.sink(), &plan_of("lost"));
    import.keep_origin(Origin {
        layout: String::new(),
        raw_rows: Box::new(|_| Box::new(std::iter::once(Err("the disk is gone".into())))),
    });
    import.stage(&batch, &rows).unwrap();
    let error = import.commit(false).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    assert_eq!(stored(db).len(), 3);
}
