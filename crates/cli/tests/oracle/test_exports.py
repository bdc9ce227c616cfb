"""What a contract is exported to, as others understand it: openpyxl the template, jsonschema the schema of rows."""

import json
import os
import sqlite3
import subprocess
import warnings
from datetime import date, datetime, time
from pathlib import Path

import pytest

SHEETLIFT = Path(os.environ["SHEETLIFT"])

CONTRACT = """
title: Items of the shop
name: items
schema:
  fields:
  - {name: sku, title: SKU, description: Our number, example: AB-1, constraints: {pattern: "[A-Z]{2}-[0-9]{1,3}", maxLength: 6}, sheetlift: {match: {aliases: [SKU]}}}
  - {name: unit, constraints: {required: true, enum: [pcs, kg, m]}}
  - {name: city, constraints: {enum: [@CITIES@]}}
  - {name: qty, type: integer, constraints: {minimum: 1, maximum: 9999}}
  - {name: price, type: number, constraints: {exclusiveMinimum: 0}}
  - {name: cost, type: number, constraints: {minimum: 0}, sheetlift: {check: {scale: 2}}}
  - {name: active, type: boolean}
  - {name: day, type: date, format: "%d.%m.%Y", constraints: {minimum: "01.01.2024", maximum: "31.12.2030"}}
  - {name: at, type: datetime}
  - {name: clock, type: time}
  - {name: note, constraints: {minLength: 2, maxLength: 20}, sheetlift: {levels: {maxLength: warning, minLength: warning}}}
  - {name: free, type: any}
  primaryKey: sku
sheetlift: {load: {table: item}}
""".replace("@CITIES@", ", ".join(f"city number {number}" for number in range(60)))


def run(*arguments, cwd):
    command = [SHEETLIFT, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    (folder / "items.yaml").write_text(CONTRACT)
    ran = run("contract", "export", "items.yaml", "--to", "template.xlsx", "-o", "template.xlsx", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return folder


def load(path):
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what openpyxl cannot keep, it warns of
        return load_workbook(path)


def test_openpyxl_sees_the_template(desk):
    workbook = load(desk / "template.xlsx")
    assert workbook.sheetnames == ["Items of the shop", "Instructions", "Lists"]
    assert workbook["Lists"].sheet_state == "hidden"
    sheet = workbook.active
    assert sheet.title == "Items of the shop"
    assert [cell.value for cell in sheet[1]] == [
        "SKU", "unit", "city", "qty", "price", "cost", "active", "day", "at", "clock", "note", "free",
    ]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L1001"
    assert sheet["A1"].comment.text.startswith("Our number\n\n• ")
    assert "For example: AB-1" in sheet["A1"].comment.text
    assert sheet.column_dimensions["A"].number_format == "@"

    found = {}
    for validation in sheet.data_validations.dataValidation:
        assert validation.errorTitle and validation.error.startswith("Expected: ")
        assert validation.showErrorMessage
        (cells,) = [str(cells) for cells in validation.sqref.ranges]
        assert cells.endswith("1048576"), cells
        found[cells[0]] = (validation.type, validation.operator, validation.formula1, validation.formula2)
    assert found["A"][0] == "custom" and "EXACT" in found["A"][2] and "LEN(A2)<=6" in found["A"][2]
    assert found["B"] == ("list", None, '"pcs,kg,m"', None)
    assert found["C"] == ("list", None, "'Lists'!$A$1:$A$60", None)
    assert found["D"] == ("whole", None, "1", "9999")  # between is the default
    assert found["E"] == ("decimal", "greaterThan", "0", None)
    assert found["F"] == ("custom", None, "AND(ISNUMBER(F2),F2>=0,ROUND(F2,2)=F2)", None)
    assert found["G"] == ("list", None, '"TRUE,FALSE"', None)
    assert found["H"] == ("date", None, "45292", "47848")
    assert found["I"][0] == "date" and found["J"][0] == "time"
    assert found["K"] == ("textLength", None, "2", "20")
    assert "L" not in found
    styles = {str(one.sqref)[0]: one.errorStyle for one in sheet.data_validations.dataValidation}
    assert styles["D"] in (None, "stop") and styles["K"] == "warning"
    (prompted,) = [one for one in sheet.data_validations.dataValidation if str(one.sqref)[0] == "A"]
    assert "[A-Z]{2}-[0-9]{1,3}" in prompted.prompt


def test_a_filled_template_is_loaded(desk):
    workbook = load(desk / "template.xlsx")
    sheet = workbook.active
    sheet.append([
        "AB-1", "pcs", "city number 7", 5, 1.5, 0.25, True, date(2024, 2, 29), datetime(2024, 2, 29, 18, 30), time(18, 30), "note", 7,
    ])
    sheet.append(["AB-2", "box", None, 0, 0, 0.255, None, date(2023, 1, 1), None, None, None, None])
    workbook.save(desk / "filled.xlsx")
    ran = run("load", "filled.xlsx", "--contract", "items.yaml", "--to", "sqlite:items.db", "--create-table", "--report", "report.json", cwd=desk)
    assert ran.returncode == 1, ran.stderr
    report = json.loads((desk / "report.json").read_text())
    assert (report["rows"]["accepted"], report["rows"]["rejected"]) == (1, 1)
    codes = sorted(finding["code"] for finding in report["findings"])
    assert codes == ["cell/enum", "cell/minimum", "cell/minimum", "cell/minimum", "cell/precision"]

    # The table that was made by loading is the one that the ddl says.
    ddl = run("contract", "export", "items.yaml", "--to", "ddl", cwd=desk)
    assert ddl.returncode == 0, ddl.stderr
    with sqlite3.connect(":memory:") as said, sqlite3.connect(desk / "items.db") as made:
        said.execute(ddl.stdout)
        columns = "SELECT name, type, \"notnull\", pk FROM pragma_table_info('item')"
        assert said.execute(columns).fetchall() == made.execute(columns).fetchall()


def test_jsonschema_accepts_accepted_rows(desk):
    from jsonschema import Draft202012Validator, FormatChecker

    ran = run("contract", "export", "items.yaml", "--to", "json-schema", cwd=desk)
    assert ran.returncode == 0, ran.stderr
    schema = json.loads(ran.stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    rows = "SKU,unit,city,qty,price,cost,active,day,at,clock,note,free\n" + "".join(
        f"AB-{at},{'pcs' if at % 2 else 'kg'},,{at},{at}.5,0.25,true,29.02.2024,2024-02-29T18:30:{at % 60:02}.25,18:30:00,note,x\n"
        for at in range(1, 300)
    )
    (desk / "rows.csv").write_text(rows)
    ran = run("convert", "rows.csv", "--contract", "items.yaml", "-o", "rows.ndjson", cwd=desk)
    assert ran.returncode == 0, ran.stderr
    accepted = [json.loads(line) for line in (desk / "rows.ndjson").read_text().splitlines()]
    assert len(accepted) == 299
    for row in accepted:
        assert [error.message for error in validator.iter_errors(row)] == []
    for change in [
        {"sku": "ab-1"}, {"sku": None}, {"unit": "box"}, {"qty": 0}, {"qty": 1.5}, {"price": 0}, {"active": "yes"},
        {"day": "2024-02-30"}, {"at": "2024-02-29"}, {"clock": "25:00:00"}, {"more": 1},
    ]:
        assert not validator.is_valid({**accepted[0], **change}), change


def test_a_proposed_contract_has_the_comments_of_the_header(desk):
    workbook = load(desk / "template.xlsx")
    workbook.active.append(["AB-1", "pcs", None, 5, 1.5])
    workbook.save(desk / "one.xlsx")
    ran = run("contract", "infer", "one.xlsx", cwd=desk)
    assert ran.returncode == 0, ran.stderr
    fields = json.loads(ran.stdout)["schema"]["fields"]
    assert fields[0]["name"] == "sku" and fields[0]["description"].startswith("Our number")
