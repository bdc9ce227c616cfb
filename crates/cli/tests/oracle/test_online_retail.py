"""The real file: 541,909 rows, mixed types, a wrong dimension. Ours against openpyxl, cell by cell.

SHEETLIFT is the binary, ONLINE_RETAIL the workbook (not part of the project; without it the tests are skipped).
"""

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

SHEETLIFT = os.environ["SHEETLIFT"]
WORKBOOK = Path(os.environ.get("ONLINE_RETAIL", ""))
CONTRACT = Path(__file__).parents[4] / "fixtures/files/online_retail.contract.json"
ROWS = 541_909

pytestmark = pytest.mark.skipif(
    not WORKBOOK.is_file(), reason="online_retail.xlsx is not here: set ONLINE_RETAIL to its path"
)


@pytest.fixture(scope="module")
def truth():
    """Every row as openpyxl sees it; the first one is the header."""
    from openpyxl import load_workbook

    sheet = load_workbook(WORKBOOK, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # the declared one is wrong
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    while not any(value is not None for value in rows[-1]):
        rows.pop()  # 1,000 rows that are formatted and hold nothing
    return rows


def test_parquet_equals_openpyxl_cell_by_cell(truth, tmp_path):
    import pyarrow.parquet as pq

    out = tmp_path / "retail.parquet"
    subprocess.run([SHEETLIFT, "convert", WORKBOOK, "-o", out], check=True)
    table = pq.read_table(out)
    header, *rows = truth
    assert table.column_names == header
    assert table.num_rows == len(rows) == ROWS
    types = dict(zip(table.schema.names, map(str, table.schema.types)))
    assert types["InvoiceNo"] in ("string", "string_view", "large_string")
    assert types["StockCode"] in ("string", "string_view", "large_string")
    assert types["Quantity"] == "int64"
    for index, name in enumerate(header):
        ours = table.column(name).to_pylist()
        wrong = [
            (row + 2, name, theirs[index], mine)
            for row, (theirs, mine) in enumerate(zip(rows, ours))
            if not same(theirs[index], mine)
        ]
        assert not wrong, wrong[:10]


def same(theirs, mine):
    if isinstance(mine, str) and isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
        # A number in a column of text: its shortest text, every digit kept.
        return mine == (repr(theirs) if isinstance(theirs, float) else str(theirs))
    return type(theirs) is type(mine) and theirs == mine or (
        isinstance(theirs, (int, float)) and isinstance(mine, float) and theirs == mine
    )


def test_load_puts_every_row_into_sqlite(truth, tmp_path):
    database = tmp_path / "inventory.db"
    report = tmp_path / "report.json"
    command = [SHEETLIFT, "load", WORKBOOK, "--contract", CONTRACT, "--to", f"sqlite:{database}", "--create-table"]
    done = subprocess.run([*command, "--report", report], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(report.read_text())["rows"]["accepted"] == ROWS
    rows = truth[1:]
    with sqlite3.connect(database) as connection:
        count, quantity, customers, invoices = connection.execute(
            'select count(*), sum("Quantity"), count("CustomerID"), count(distinct "InvoiceNo") from invoice_lines'
        ).fetchone()
        prices = connection.execute('select total("UnitPrice") from invoice_lines').fetchone()[0]
    assert count == ROWS
    assert quantity == sum(row[3] for row in rows)
    assert customers == sum(row[6] is not None for row in rows)
    assert invoices == len({str(row[0]) for row in rows})
    assert prices == pytest.approx(sum(row[5] for row in rows), rel=1e-12)
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0 and "already loaded" in again.stdout + again.stderr
    with sqlite3.connect(database) as connection:
        assert connection.execute("select count(*) from invoice_lines").fetchone() == (ROWS,)
