"""Holds the answer of a reader to what a fixture must give, and says so in one mark."""

from dataclasses import dataclass

import intact
from readers import TEXT, name_of, place
from values import agrees, expected, show

RIGHT, WRONG, ERROR, CRASH, ACCEPTS, NOT_READ = "✓", "✗", "E", "†", "○", "–"


@dataclass(frozen=True)
class Verdict:
    """A mark, and for the marks that need one a note: the first difference or the reason."""

    mark: str
    note: str = ""


class Case:
    """One fixture of the manifest."""

    def __init__(self, entry):
        self.name, self.file, self.about, self.theme = entry["name"], entry["file"], entry["about"], entry["theme"]
        self.password = entry.get("password")
        self.extension = self.file.rpartition(".")[2].lower()
        self.untyped = self.extension in TEXT
        self.code = entry["expect"].get("error")
        self.sheets = None if self.code else {
            sheet["name"]: {place(cell["at"]): expected(cell["value"]) for cell in sheet["cells"]}
            for sheet in entry["expect"]["sheets"]
        }

    @property
    def has_header(self):
        """Whether a person would say so: a first row of texts alone, and more rows below."""
        def header(cells):
            rows = {row for row, _ in cells}
            return len(rows) > 1 and all(value[0] == "text" for (row, _), value in cells.items() if row == min(rows))

        return any(header(cells) for cells in self.sheets.values())

    @property
    def sheet_names(self):
        return None if self.sheets is None else list(self.sheets)


def verdict(case, reader, ask):
    """The mark of `reader` for `case`; `ask(header=, as_text=)` asks it."""
    if case.extension not in reader.formats:
        return Verdict(NOT_READ)
    answer = ask()
    if answer.outcome == "crashed":
        return Verdict(CRASH, answer.reason)
    if case.code:
        return Verdict(RIGHT) if answer.outcome == "refused" else accepted(case, answer.tables)
    difference = answer.reason if answer.outcome == "refused" else first_difference(case, answer.tables)
    if not difference and answer.outcome == "answered":
        return Verdict(RIGHT)
    for way in other_ways(case, reader, answer.outcome == "refused"):
        another = ask(**way)
        if another.outcome == "answered" and not first_difference(case, another.tables):
            return Verdict(RIGHT)
    return Verdict(WRONG if answer.outcome == "answered" else ERROR, difference)


def other_ways(case, reader, refused):
    """To ask a reader of tables once more can make it right, never worse: no one is blamed for what a caller has to know."""
    if not reader.gives_tables:
        return
    if case.has_header:
        yield {"header": True}
    if case.untyped and not reader.finds_delimiter:
        for delimiter in ";\t|":
            yield {"header": case.has_header, "delimiter": delimiter}
    if refused:
        yield {"as_text": True}


def accepted(case, tables):
    """A reader answered for a broken file."""
    first = next(iter(tables.values()), None)
    before = intact.CELLS.get(case.name)
    if before is None:
        gives_cells = any(table.cells for table in tables.values())
        if gives_cells and case.code in intact.NO_CELLS:
            return Verdict(WRONG, "gives cells of a file that is no workbook")
        return Verdict(ACCEPTS)
    if first is None:
        return Verdict(WRONG, "accepts the file and gives no sheet")
    difference = differences({place(at): value for at, value in before.items()}, first, case.untyped)
    return Verdict(WRONG, f"accepts the file: {words(difference)}") if difference else Verdict(ACCEPTS)


def first_difference(case, tables):
    """In words, or None if every sheet has every value in its place and no other."""
    for name, cells in case.sheets.items():
        if name not in tables:
            return f"sheet {name} is not there"
        if found := differences(cells, tables[name], case.untyped):
            return ("" if len(case.sheets) == 1 else f"{name} ") + words(found)
    return None


def differences(cells, table, untyped):
    """(place, wanted, given) of every cell that differs, in reading order.

    A table that does not say where it starts may start anywhere up to the first row or column that holds a value.
    """
    rows = shifts([row for row, _ in cells], [row for row, _ in table.cells], table.first_row)
    columns = shifts([column for _, column in cells], [column for _, column in table.cells], table.first_column)
    return min((shifted(cells, table, untyped, down, right) for down in rows for right in columns), key=len)


def shifts(wanted, given, start):
    """How far the table may be moved along one axis: not at all, or to where the first value is."""
    if start is not None or not wanted or not given:
        return [0]
    first = min(wanted)
    return sorted({0, first, max(0, first - min(given))})


def shifted(cells, table, untyped, down, right):
    given = {(row + down, column + right): value for (row, column), value in table.cells.items()}
    places = sorted(cells.keys() | given.keys())
    differing = [(at, cells.get(at), given.get(at)) for at in places]
    return [(at, wanted, found) for at, wanted, found in differing if wanted is None or not agrees(wanted, found, untyped)]


def words(found):
    """The first cell that is not as it should be, or the first that should not be."""
    at, wanted, given = next((difference for difference in found if difference[1] is not None), found[0])
    return f"{name_of(*at)} {show(given)} instead of {show(wanted)}"
