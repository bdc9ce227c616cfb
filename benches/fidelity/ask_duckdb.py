"""DuckDB: read_xlsx of its excel extension, a sheet as a table; read_csv for csv."""

import re
import sys
from pathlib import Path

from probe import Table
from readers import place

sys.path.append(str(Path(__file__).resolve().parents[1] / "peers"))
from worker import duckdb_with_excel  # noqa: E402


def ask(request):
    connection = duckdb_with_excel(threads=1)
    as_text = "true" if request["as_text"] else "false"
    if request["path"].lower().endswith((".csv", ".tsv")):
        answer = connection.execute(f"from read_csv(?, header = false, all_varchar = {as_text})", [request["path"]])
        yield Table((request["sheets"] or ["csv"])[0], cells(answer))
        return
    options = f"header = false, stop_at_empty = false, all_varchar = {as_text}"
    for name in request["sheets"] or [None]:
        sheet = "" if name is None else ", sheet = ?"
        given = [request["path"]] + ([] if name is None else [name])
        answer = connection.execute(f"from read_xlsx(?, {options}{sheet})", given)
        row, column = origin(answer.description[0][0])
        yield Table(name or "first", cells(answer), first_row=row, first_column=column)


def cells(answer):
    return ((row, column, value) for row, values in enumerate(answer.fetchall()) for column, value in enumerate(values))


def origin(name):
    """Row and column of the first cell: without a header, columns are named after the cells of the first row."""
    return place(name) if re.fullmatch(r"[A-Z]+\d+", name) else (None, None)
