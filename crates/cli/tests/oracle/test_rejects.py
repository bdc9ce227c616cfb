"""A dirty workbook goes round: load, rejected rows as a workbook, corrected with openpyxl, load, and every row is there once.

SHEETLIFT is the binary.
"""

import datetime
import json
import os
import random
import re
import sqlite3
import subprocess

import pytest

SHEETLIFT = os.environ["SHEETLIFT"]
ROWS = 10_000
LABELS = ["Item No", "name", "ean", "price", "quantity", "unit", "active", "received", "note"]
CONTRACT = {
    "name": "items",
    "schema": {
        "fields": [
            {
                "name": "sku",
                "constraints": {"required": True, "unique": True, "pattern": "[A-Z]{3}-[0-9]{5}"},
                "sheetlift": {"match": {"aliases": ["Item No"]}},
            },
            {"name": "name", "constraints": {"required": True, "maxLength": 40}},
            {"name": "ean", "sheetlift": {"check": {"checkDigit": "gtin13"}}},
            {"name": "price", "type": "number", "constraints": {"minimum": 0}},
            {"name": "quantity", "type": "integer", "constraints": {"minimum": 0}},
            {"name": "unit", "constraints": {"enum": ["pcs", "kg", "m"]}},
            {"name": "active", "type": "boolean"},
            {"name": "received", "type": "date", "constraints": {"minimum": "2015-01-01"}},
            {"name": "note"},
        ],
        "primaryKey": "sku",
        "fieldsMatch": "exact",
    },
    "sheetlift": {
        "locate": {"sheet": "Stock", "header": 3},
        "rules": [{"id": "sold-by-the-piece", "when": "unit == 'pcs'", "assert": "quantity != 13"}],
        "load": {"table": "item"},
    },
}


def gtin13(number):
    digits = f"{number:012}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def true_row(number, chance):
    return [
        f"SKU-{number:05}",
        f"Item {number}" if number % 7 else f"=Item {number}",
        gtin13(400_000_000_000 + number * 7),
        round(chance.uniform(0, 500), 2),
        chance.choice([0, 1, 5, 12, 250]),
        chance.choice(["pcs", "kg", "m"]),
        chance.choice([True, False]),
        datetime.datetime(2020, 1, 1) + datetime.timedelta(days=chance.randrange(1500)),
        chance.choice([None, "007", "  spaced ", "a\nb", "1e5"]),
    ]


def spoil(row, kind, earlier):
    """The row with a fault that its author could make."""
    row = list(row)
    if kind == 0:
        row[3] = "on request"
    elif kind == 1:
        row[3] = -row[3] - 1
    elif kind == 2:
        row[4] = 1.5
    elif kind == 3:
        row[5] = "pcss"
    elif kind == 4:
        row[0] = earlier
    elif kind == 5:
        row[2] = row[2][:-1] + str((int(row[2][-1]) + 1) % 10)
    elif kind == 6:
        row[7] = "31.02.2024"
    elif kind == 7:
        row[1] = None
    elif kind == 8:
        row[3], row[5], row[7] = "#N/A", "PCE", datetime.datetime(1999, 1, 1)
    elif kind == 9:
        row[4], row[5] = 13, "pcs"
    return row


def write(path, truth):
    from openpyxl import Workbook

    chance = random.Random(6)
    book = Workbook()
    book.active.title = "Cover"
    sheet = book.create_sheet("Stock")
    sheet["A1"] = "Stock of the northern store"
    sheet["C2"] = "printed on Monday"
    for column, label in enumerate(LABELS, 1):
        sheet.cell(3, column, label)
    spoiled = set()
    for number, row in enumerate(truth):
        if number and chance.random() < 0.1:
            spoiled.add(number)
            row = spoil(row, number % 10, truth[number - 1][0])
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number + 4, column)
            if value == "#N/A":
                cell.value, cell.data_type = value, "e"
            elif isinstance(value, str):
                cell.value, cell.data_type = value, "s"
            else:
                cell.value = value
        sheet.cell(number + 4, 4).number_format = "#,##0.00 [$EUR]"
        sheet.cell(number + 4, 8).number_format = "dd/mm/yyyy"
    book.save(path)
    return spoiled


def load(file, database, folder, *options):
    return subprocess.run(
        [SHEETLIFT, "load", file, "--contract", folder / "contract.json", "--to", f"sqlite:{database}", "--create-table"]
        + ["--report", folder / "report.json", *options],
        capture_output=True,
        text=True,
    )


def test_rejected_rows_go_round(tmp_path):
    from openpyxl import load_workbook

    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    chance = random.Random(5)
    truth = [true_row(number, chance) for number in range(ROWS)]
    dirty, rejects, database = tmp_path / "dirty.xlsx", tmp_path / "rejects.xlsx", tmp_path / "i.db"
    spoiled = write(dirty, truth)
    assert len(spoiled) > 900

    first = load(dirty, database, tmp_path, "--rejects", rejects)
    assert first.returncode == 1, first.stderr
    rows = json.loads((tmp_path / "report.json").read_text())["rows"]
    assert rows == {"read": ROWS, "accepted": ROWS - len(spoiled), "rejected": len(spoiled), "blank": 0}

    # As it is, it says the same of every row again; nothing is loaded twice.
    again = load(rejects, database, tmp_path)
    assert again.returncode == 1, again.stderr
    rows = json.loads((tmp_path / "report.json").read_text())["rows"]
    # But for the second one with a key whose first one is not in this file; that one is in the table.
    twins = {number for number in spoiled if number % 10 == 4 and number - 1 not in spoiled}
    assert rows["read"] == len(spoiled)
    assert rows["rejected"] == len(spoiled) - len(twins)

    book = load_workbook(rejects)
    sheet = book["Stock"]
    assert sheet["A1"].value == "Stock of the northern store"
    assert [cell.value for cell in sheet[3]] == LABELS + ["sheetlift: reason"]
    seen = []
    for row in sheet.iter_rows(min_row=4):
        place, reason = re.fullmatch(r"row (\d+): (.*)", row[-1].value, re.S).groups()
        number = int(place) - 4
        seen.append(number)
        assert reason
        if number % 10 == 8:
            assert all(part in reason for part in ("price shows", "unit is", "received is")), reason
        want = truth[number]
        is_bad = [
            not (cell.value == value or (cell.value is None and value is None))
            for cell, value in zip(row, want)
        ]
        assert 1 <= sum(is_bad) <= 3, (number, [cell.value for cell in row])
        assert row[3].number_format == "#,##0.00 [$EUR]" or row[3].data_type == "e" or row[3].data_type == "f"
        assert row[7].number_format == "dd/mm/yyyy"
        for cell, value, bad in zip(row, want, is_bad):
            if bad:
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # also where it looks like a formula
    assert set(seen) == spoiled and len(seen) == len(spoiled)
    assert seen == sorted(seen)
    corrected = tmp_path / "corrected.xlsx"
    book.save(corrected)

    last = load(corrected, database, tmp_path)
    assert last.returncode == 0, last.stderr + last.stdout
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            "select sku, name, ean, price, quantity, unit, active, received, note from item order by sku"
        ).fetchall()
    wanted = [
        (*row[:6], int(row[6]), row[7].date().isoformat(), row[8]) for row in truth
    ]
    assert len(found) == ROWS
    assert [row for row in zip(found, wanted) if row[0] != row[1]][:3] == []


def test_rows_of_a_text_file_keep_their_dialect(tmp_path):
    source = tmp_path / "items.csv"
    source.write_bytes("Bezeichnung;Menge\nSchraube \xe4;1\n\"Mutter; M5\";zwei\n\xd6se;3;4\n".encode("cp1252"))
    contract = tmp_path / "contract.yaml"
    contract.write_text(
        "encoding: windows-1252\nschema: {fields: [{name: Bezeichnung}, {name: Menge, type: integer}]}\n"
    )
    out = tmp_path / "rejects.csv"
    run = subprocess.run(
        [SHEETLIFT, "validate", source, "--contract", contract, "--rejects", out],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr
    lines = out.read_bytes().decode("cp1252").splitlines()
    assert lines[0] == "Bezeichnung;Menge;sheetlift: reason"
    assert lines[1].startswith('"Mutter; M5";zwei;') and "row 3" in lines[1]
    assert lines[2].startswith("\xd6se;3;") and lines[2].endswith(";4")
    again = subprocess.run(
        [SHEETLIFT, "validate", out, "--contract", contract, "--report", tmp_path / "again.json"],
        capture_output=True,
        text=True,
    )
    assert again.returncode == 1, again.stderr
    report = json.loads((tmp_path / "again.json").read_text())
    assert report["rows"] == {"read": 2, "accepted": 0, "rejected": 2, "blank": 0}


@pytest.mark.parametrize("name", ["rejects", "rejects.parquet", "-"])
def test_a_wrong_name_is_refused_before_anything_is_read(tmp_path, name):
    run = subprocess.run(
        [SHEETLIFT, "validate", "nothing.xlsx", "--contract", "nothing.yaml", "--rejects", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert list(tmp_path.iterdir()) == []
