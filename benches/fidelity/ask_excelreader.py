"""excelreader-native: its rows of cells, which say more than its typed columns.

A cell has a column, a type and the text of the value. Dates are serial numbers by design, marked as dates; the mark and
the date system of the workbook are what the documentation says to convert them with. Rows have no number.
"""

import re

import excelreader
from probe import Table, Tagged


def ask(request):
    book = excelreader.open_workbook(request["path"], password=request["password"])
    is_csv = request["path"].lower().endswith((".csv", ".tsv"))
    names = [sheet.name for sheet in book.sheets] if request["sheets"] is None else request["sheets"]
    for index, name in enumerate(names):
        sheet = book.sheets[index if is_csv else name]
        yield Table(name, cells(sheet), first_row=None)


def cells(sheet):
    for row, cells in enumerate(sheet.rows()):
        for cell in cells:
            if cell.value != "":
                yield row, cell.column, value(cell)


def value(cell):
    kind = cell.type.name
    if kind == "BOOL":
        return cell.value == "1"
    if kind == "ERROR":
        return Tagged("error", cell.value)
    if kind == "DATE":
        return Tagged("serial", [float(cell.value), cell.date1904])
    return number(cell.value) if kind == "NUMBER" else cell.value


def number(text):
    """What the text of a number cell spells; as it is if that is no number."""
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        return text
