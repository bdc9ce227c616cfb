"""fastexcel: a sheet as a record batch, types inferred from its first 1,000 rows, with its list of cells in error."""

import re

import fastexcel
from probe import Table, Tagged, by_columns

LITERALS = {
    "NA": "#N/A", "Div0": "#DIV/0!", "Ref": "#REF!", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!",
    "Value": "#VALUE!", "GettingData": "#GETTING_DATA",
}


def ask(request):
    book = fastexcel.read_excel(request["path"])
    types = {"dtypes": "string"} if request["as_text"] else {}
    for name in request["sheets"] or book.sheet_names:
        sheet = book.load_sheet(name, header_row=0 if request["header"] else None, skip_rows=0, **types)
        batch, errors = sheet.to_arrow_with_errors()
        names = [None if name.startswith("__UNNAMED__") else name for name in batch.schema.names]
        cells = list(by_columns((column.to_pylist() for column in batch.columns), names if request["header"] else None))
        for error in errors.errors if errors else []:
            row, column = error.offset_position
            cells.append((row + request["header"], column, reported(error.detail)))
        # Rows count from the first row of the sheet, columns from the first that has a value.
        yield Table(name, cells, first_row=None, first_column=None)


def reported(detail):
    """A cell without a value, and a message on it."""
    name = re.search(r"Error\((\w+)\)", detail)
    return Tagged("reported", LITERALS.get(name[1]) if name else None)
