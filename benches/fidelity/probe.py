"""Asks one Python reader for the cells of one file and prints them, a JSON array a line. Runs in a process of its own.

    probe.py READER REQUEST

REQUEST is a JSON object of path, sheets, password, header, as_text and delimiter, as `Asker` of `readers.py` writes it.
READER names the module `ask_READER.py` beside this file. Its `ask(request)` yields `Table`s; null sheets means every
visible one, for files that nobody can list the sheets of. `header` and `as_text` are for readers of tables: the first row
names the columns, every value is a text; `delimiter` is for those that do not find the one of a text file. What is
printed, `readers.py` reads:

    ["table", sheet, row of the first row or null, column of the first column or null]
    ["cell", sheet, row, column, kind, content]        zero-based, counted from the first row and column of the table

Exit 0: answered; 3: refused, the reason on stderr; 4: out of memory; 5: panicked.
"""

import datetime
import importlib
import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Iterable


@dataclass
class Table:
    """Cells of one sheet as (row, column, value); None as first row or column where the reader does not say."""

    sheet: str
    cells: Iterable[tuple[int, int, Any]]
    first_row: int | None = 0
    first_column: int | None = 0


@dataclass
class Tagged:
    """A value that no Python type stands for: an error literal, a serial number marked as date, a reported error."""

    kind: str
    content: Any


def by_columns(columns, names=None):
    """(row, column, value) of a table that is held by columns; `names` are what its header row became."""
    columns = (column if names is None else [names[index], *column] for index, column in enumerate(columns))
    return ((row, index, value) for index, column in enumerate(columns) for row, value in enumerate(column))


def normal(value):
    """(kind, content) as `values.py` describes them, or None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, Tagged):
        return value.kind, value.content
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int):
        return "int", value
    if isinstance(value, float):
        return "float", value
    if isinstance(value, Decimal):
        return "text", str(value)
    if isinstance(value, datetime.datetime):
        return "moment", [value.year, value.month, value.day, milliseconds(value)]
    if isinstance(value, datetime.date):
        return "moment", [value.year, value.month, value.day, 0]
    if isinstance(value, datetime.time):
        return "time", milliseconds(value)
    if isinstance(value, datetime.timedelta):
        return "duration", value / datetime.timedelta(milliseconds=1)
    return "text", str(value)


def milliseconds(clock):
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000 + clock.microsecond / 1000


def answer(reader, request):
    lines = []
    for table in importlib.import_module(f"ask_{reader}").ask(request):
        lines.append(json.dumps(["table", table.sheet, table.first_row, table.first_column]))
        for row, column, value in table.cells:
            if known := normal(value):
                lines.append(json.dumps(["cell", table.sheet, row, column, *known]))
    return lines


def main():
    reader, request = sys.argv[1], json.loads(sys.argv[2])
    try:
        sys.stdout.writelines(f"{line}\n" for line in answer(reader, request))
    except MemoryError:
        return 4
    except BaseException as error:  # a panic of Rust is no Exception
        print(f"{type(error).__name__}:", *str(error).split(), file=sys.stderr)
        return 5 if "Panic" in type(error).__name__ else 3
    return 0


if __name__ == "__main__":
    sys.modules["probe"] = sys.modules["__main__"]  # the same Table for the readers
    sys.exit(main())
