import json
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from conftest import CLEAN, CONTRACT, DIRTY, FIXTURES, count

import sheetlift as sl

PLANTED = json.loads((FIXTURES / "dirty_inventory.planted.json").read_text())


def test_every_planted_fault_is_found():
    report = sl.validate(DIRTY, CONTRACT)
    assert not report.ok and not report.blocked
    assert report.mapping[0]["method"] in {"exact", "alias", "loose"} and report.mapping[0]["score"] is None
    assert report.rows == {"read": 240, "accepted": 200, "rejected": 40, "blank": report.rows["blank"]}
    found = {(finding["cell"], finding["code"]) for finding in report.findings if finding["level"] == "error"}
    assert {(fault["cell"], fault["code"]) for fault in PLANTED["planted"]} <= found
    assert report.counts["errors"] == len(report.findings) == sum(report.counts["by_code"].values())
    assert report.load is None and report.accepted is None
    assert report["rows"] == report.rows and dict(report) == report.to_dict() == json.loads(report.to_json())
    assert repr(report) == f"<sheetlift.Report {report.counts['errors']} errors: 200 of 240 rows accepted>"


def test_a_clean_file_is_ok():
    report = sl.validate(CLEAN, CONTRACT, accepted=True)
    assert report.ok and report.rows["accepted"] == len(report.accepted) == 240
    assert repr(report) == "<sheetlift.Report ok: 240 of 240 rows accepted>"


def test_a_contract_comes_in_any_form():
    text = CONTRACT.read_text()
    want = sl.validate(DIRTY, CONTRACT).contract["hash"]
    for contract in [str(CONTRACT), CONTRACT, text, json.loads(text), "# yaml\n" + text]:
        assert sl.validate(DIRTY, contract).contract["hash"] == want
    package = {"name": "p", "resources": [dict(json.loads(text), name=name) for name in ("a", "b")]}
    assert sl.validate(DIRTY, package, resource="b").contract["name"] == "b"
    with pytest.raises(sl.ContractError):
        sl.validate(DIRTY, package, resource="c")


def test_findings_can_be_fewer_and_stay_counted():
    report = sl.validate(DIRTY, CONTRACT, max_findings=3)
    assert len(report.findings) == 3
    assert report.findings_omitted == report.counts["errors"] + report.counts["warnings"] + report.counts["infos"] - 3


def test_reports_are_files_too(tmp_path, database):
    names = ["r.html", "r.csv", "r.parquet", "r.ndjson", "r.json", "r.xml", "r.sarif"]
    files = {"rejects": tmp_path / "rejects.xlsx", "annotated": str(tmp_path / "marked.xlsx")}
    report = sl.validate(DIRTY, CONTRACT, max_findings=3, reports=[tmp_path / name for name in names], **files)
    assert len(report.findings) == 3
    assert {path.name for path in tmp_path.iterdir()} == {*names, "rejects.xlsx", "marked.xlsx"}
    lines = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, report.findings_omitted + 3 + 1))
    assert Counter(line["group"] for line in lines) == {group["id"]: group["count"] for group in report.groups}
    again = sl.load(tmp_path / "rejects.xlsx", CONTRACT, to=f"sqlite:{database}", create_table=True, reports=[tmp_path / "again.html"])
    # All but those whose only fault was a key that a row has which is not in this file.
    assert (again.rows["read"], again.rows["rejected"]) == (40, 36)
    assert (tmp_path / "again.html").read_text().startswith("<!doctype html>")
    with pytest.raises(sl.UsageError):
        sl.validate(DIRTY, CONTRACT, reports=[tmp_path / "r.pdf"])
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(DIRTY.read_bytes())
    with pytest.raises(sl.UsageError):
        sl.validate(copy, CONTRACT, annotated=copy)
    assert copy.read_bytes() == DIRTY.read_bytes()


def test_a_header_that_does_not_fit_blocks():
    report = sl.validate(FIXTURES / "shared_strings.xlsx", CONTRACT, accepted=True)
    assert report.blocked and not report.ok and len(report.accepted) == 0
    assert report.accepted.column_names == [f["name"] for f in json.loads(CONTRACT.read_text())["schema"]["fields"]]


def test_accepted_rows_are_those_that_are_loaded(database):
    accepted = pa.table(sl.validate(DIRTY, CONTRACT, accepted=True).accepted)
    sl.load(DIRTY, CONTRACT, to=f"sqlite:{database}", create_table=True)
    with sqlite3.connect(database) as connection:
        loaded = {row[0] for row in connection.execute("select sku from inventory")}
    assert set(accepted["sku"].to_pylist()) == loaded and len(loaded) == accepted.num_rows == 200


def test_loads_exactly_once(database):
    to = f"sqlite:{database}"
    dry = sl.load(DIRTY, CONTRACT, to=to, create_table=True, dry_run=True)
    assert dry.load["state"] == "dry_run" and dry.load["inserted"] == 200 and dry.load["dry_run"]
    first = sl.load(DIRTY, CONTRACT, to=to, create_table=True)
    assert first.load["state"] == "committed" and (first.load["inserted"], first.load["rejected"]) == (200, 40)
    assert count(database) == 200
    for source in [DIRTY, DIRTY.read_bytes(), sl.open(DIRTY)]:
        again = sl.load(source, CONTRACT, to=to, create_table=True)
        assert again.load["state"] == "already_loaded" and again.load["inserted"] == 200
        assert again.load["import_id"] == first.load["import_id"]
    assert count(database) == 200
    clean = sl.load(CLEAN, CONTRACT, to=to, create_table=True)
    assert clean.load["state"] == "committed"
    assert clean.load["inserted"] + clean.load["unchanged"] == 240
    assert repr(clean).endswith("240 of 240 rows accepted, committed>")


def test_load_takes_its_options(database):
    to = f"sqlite:{database}"
    report = sl.load(CLEAN, CONTRACT, to=to, create_table=True, table="other", mode="upsert")
    assert (report.load["target"], report.load["mode"]) == ("other", "upsert")
    assert count(database, "other") == 240
    with pytest.raises(sl.UsageError, match="unknown load mode"):
        sl.load(CLEAN, CONTRACT, to=to, create_table=True, mode="merge")
    with pytest.raises(sl.UsageError) as raised:
        sl.load(CLEAN, CONTRACT, to=to, table="missing")
    assert raised.value.ddl.lower().startswith("create table")
    with pytest.raises(sl.LimitError) as raised:
        sl.load(DIRTY, CONTRACT, to=to, create_table=True, max_rejected=39)
    assert raised.value.name == "max_rejected"
    with pytest.raises(sl.LimitError):
        sl.load(DIRTY, CONTRACT, to=to, create_table=True, max_rejected_ratio=0.1)
    for address, error in [
        ("oracle://user:secret@host/db", sl.UsageError),
        ("postgres://user:secret@127.0.0.1:1/db?sslmode=disable", sl.SheetliftIoError),
    ]:
        with pytest.raises(error) as raised:
            sl.load(CLEAN, CONTRACT, to=address)
        assert "secret" not in str(raised.value)
    for wrong in [{"missing": "drop"}, {"missing": "delete"}, {"max_missing": 2.0}]:
        with pytest.raises(sl.UsageError):
            sl.load(CLEAN, CONTRACT, to=to, table="other", **wrong)


def test_rejected_rows_are_loaded_once_they_pass(database, tmp_path):
    to = f"sqlite:{database}"
    contract = lambda *kinds: {
        "name": "items",
        "schema": {"fields": [{"name": "sku"}, {"name": "kind", "constraints": {"enum": list(kinds)}}], "primaryKey": "sku"},
    }
    source = b"sku,kind\nA,book\nB,film\nC,tape\n"
    report = sl.load(source, contract("book"), to=to, create_table=True)
    assert (report.load["inserted"], report.load["rejected"]) == (1, 2)
    mended = contract("book", "film")
    dry = sl.replay(report.load["import_id"], mended, to=to, dry_run=True)
    assert (dry.load["inserted"], dry.load["state"]) == (1, "dry_run")
    written = tmp_path / "report.csv"
    replayed = sl.replay(report.load["import_id"], mended, to=to, reports=[written])
    assert (replayed.load["inserted"], replayed.load["rejected"]) == (1, 1)
    assert "tape" in written.read_text()
    assert sl.history(to, limit=1)[0]["replay_of"] == report.load["import_id"]
    assert sl.replay(report.load["import_id"], contract("book", "film", "tape"), to=to).ok
    assert sl.replay(report.load["import_id"], mended, to=to) is None
    with pytest.raises(sl.UsageError, match="imp_0"):
        sl.replay("imp_0", mended, to=to)


def test_a_load_is_listed_and_taken_back(database):
    to = f"sqlite:{database}"
    report = sl.load(DIRTY, CONTRACT, to=to, create_table=True)
    [listed] = sl.history(to)
    assert listed["import_id"] == report.load["import_id"]
    assert (listed["state"], listed["counts"]["inserted"], listed["counts"]["rejected"]) == ("committed", 200, 40)
    dry = sl.undo(listed["import_id"], to, dry_run=True)
    assert (dry["deleted"], dry["kept"], dry["dry_run"]) == (200, 0, True)
    assert count(database) == 200
    assert sl.undo(listed["import_id"], to)["deleted"] == 200
    assert count(database) == 0
    with pytest.raises(sl.UsageError, match="undone"):
        sl.undo(listed["import_id"], to)
    assert sl.history(to, limit=1)[0]["state"] == "undone"
    sl.load(DIRTY, CONTRACT, to=to, undo=False)
    with pytest.raises(sl.UsageError, match="nothing was kept"):
        sl.undo(listed["import_id"], to)


def test_two_threads_load_once(database):
    start = threading.Barrier(4)

    def load(_):
        start.wait()
        for _ in range(100):
            try:
                return sl.load(DIRTY, CONTRACT, to=f"sqlite:{database}", create_table=True).load["state"]
            except sl.SheetliftIoError as busy:
                assert busy.retry_after_ms is not None
                threading.Event().wait(0.05)
        raise AssertionError("busy for too long")

    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(load, range(4)))
    assert states == ["already_loaded"] * 3 + ["committed"]
    assert count(database) == 200


def test_a_contract_is_inferred_and_holds():
    contract = sl.infer_contract(CLEAN)
    assert contract["schema"]["fields"][1]["name"] == "name"
    assert sl.validate(CLEAN, contract).ok
    fields = {field["name"]: field for field in contract["schema"]["fields"]}
    assert fields["item_code"]["constraints"]["pattern"]
    assert fields["category"]["constraints"]["enum"]
    assert "maximum" not in fields["quantity"]["constraints"]
    ranged = sl.infer_contract(CLEAN, ranges=True)
    fields = {field["name"]: field for field in ranged["schema"]["fields"]}
    assert fields["quantity"]["constraints"]["maximum"] > 0
    assert sl.validate(CLEAN, ranged).ok


def test_inspect_says_what_is_in_it():
    found = sl.inspect(DIRTY)
    sheet = found["sheets"][0]
    assert (sheet["name"], sheet["rows"], sheet["rows_are"]) == ("Items", 240, "counted")
    assert sl.inspect(DIRTY.read_bytes(), full=True, name="x.xlsx")["file"] == "x.xlsx"
    assert sl.inspect(sl.open(DIRTY)) == found
