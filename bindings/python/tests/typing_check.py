"""Checked by mypy, never run: what users' type checkers see."""

from pathlib import Path
from typing import Any

import sheetlift as sl
from typing_extensions import assert_type

with sl.open(Path("items.xlsx"), limits={"max_rows": 10, "max_cells": None}) as workbook:
    assert_type(workbook, sl.Workbook)
    assert_type(workbook.sheets[0].name, str)
    table = workbook.read(sheet="Items", columns=["sku"], types={"sku": "text", "n": int}, header=None)
    for batch in workbook.scan(strings="utf8"):
        assert_type(batch, sl.Table)

assert_type(table.num_rows, int)
report = sl.load(b"", {"schema": {}}, to="sqlite:a.db", mode="sync", missing="delete", max_missing=0.1, undo=False, dry_run=True)
assert_type(report, sl.Report)
assert_type(sl.replay("imp_0", {"schema": {}}, to="sqlite:a.db", mode="upsert"), sl.Report | None)
assert_type(report.ok, bool)
assert_type(report.accepted, sl.Table | None)
assert_type(sl.inspect(workbook), dict[str, Any])

try:
    sl.read("items.xlsx", n_rows=3)
except sl.LimitError as error:
    assert_type(error.code, str)
    assert_type(error.limit, int)
sl.read("items.xlsx", rows=3)  # type: ignore[call-arg]
sl.read("items.xlsx", strings="utf-16")  # type: ignore[arg-type]
