"""DuckDB: read_xlsx of its excel extension, a sheet as a table; read_csv for csv."""

import sys
from pathlib import Path

from probe import Table
from readers import place

sys.path.append(str(Path(__file__).resolve().parents[1] / "peers"))
from worker import duckdb_with_excel  # noqa: E402


def ask(request):
    connection = duckdb_with_excel(threads=1)
    header, as_text = ("true" if request[option] else "false" for option in ("header", "as_text"))
    if request["path"].lower().endswith((".csv", ".tsv")):
        answer = connection.execute(f"from read_csv(?, header = {header}, all_varchar = {as_text})", [request["path"]])
        yield Table((request["sheets"] or ["csv"])[0], cells(answer, request["header"]))
        return
    options = f"header = {header}, stop_at_empty = false, all_varchar = {as_text}"
    for name in request["sheets"] or [None]:
        sheet = "" if name is None else ", sheet = ?"
        given = [request["path"]] + ([] if name is None else [name])
        answer = connection.execute(f"from read_xlsx(?, {options}{sheet})", given)
        # Without a header, columns are named after the cells of the first row.
        row, column = (None, None) if request["header"] else place(answer.description[0][0])
        yield Table(name or "first", cells(answer, request["header"]), first_row=row, first_column=column)


def cells(answer, header):
    rows = [[column[0] for column in answer.description]] if header else []
    return ((row, column, value) for row, values in enumerate(rows + answer.fetchall()) for column, value in enumerate(values))
