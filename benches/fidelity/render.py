"""The page: what the marks mean, a summary, a table for each theme, and the first difference behind each ✗."""

from judge import ACCEPTS, CRASH, ERROR, NOT_READ, RIGHT, WRONG
from readers import CPU_SECONDS, MEMORY_GIB

# Titles of the themes, which are the files below fixtures/src/quirks.
THEMES = {
    "text": "Text", "numbers": "Numbers, booleans, errors and formulas", "dates": "Dates and times",
    "formats": "Number formats", "layout": "Where cells are", "xml": "XML", "package": "Package parts",
    "strict": "ISO 29500 Strict", "tabs": "Sheets", "container": "Zip containers",
    "writer": "What writers add", "broken": "Broken files", "encodings": "Encodings of parts",
    "repeats": "Rows and cells that repeat", "xls": "xls: cells", "xls_text": "xls: texts", "xls_sheets": "xls: sheets",
    "xlsb": "xlsb", "ods": "ods: values", "ods_layout": "ods: where cells are", "csv": "csv",
}
NOTED = (WRONG, CRASH)

HEAD = """\
# Fidelity

Who reads what is in the file. Each case is a small workbook with one quirk; the fixture that makes it says which cells a reader
must find, or that the file is broken and must be refused. The same files are tests of sheetlift.

This page is written by `python3 benches/fidelity/matrix.py`, and `--check` compares it with a new run.

{versions}

## The marks

| mark | meaning |
| --- | --- |
| ✓ | every cell has its value in its place and there is no other; a broken file is refused with an error |
| ✗ | a wrong answer without an error: another value or none, another place, a made-up cell, or the remains of a broken file |
| E | an error for a good file: nothing is read, but nobody is misled |
| ○ | a broken file is read, but what is given is what was in it before the damage, or it is not known to be wrong |
| † | a panic, an abort, or more than {memory} GiB or {seconds} s of processor time |
| – | the reader does not read this format |

Values are compared by meaning, not by type, so that readers of tables are not blamed for being such:

* An integer may come as a float if it is the same number, and any value as its exact text, as in columns of mixed types.
  Numbers are compared exactly: 9007199254740993 is not 9007199254740992.
* A date may come as a moment at midnight, a time of day as a duration or with the date of day 0; both are compared to the
  millisecond. A date or time that comes as a bare number is wrong, and so is a number that comes as a date, a duration that
  comes as a date, a boolean that comes as a number.
* An error such as #N/A may come as an error or as its text, or as nothing if a message names the cell. As nothing without a
  message it is wrong.
* Empty text counts as an empty cell. Text must be the same to the last character; where it spells a number exactly, the number will do.
  All values of a text file are texts, and may come as any value they spell, unless leading zeros are lost.
* A table that does not say where it starts may start at the first row and column that hold a value. Gaps inside must stay.
* Hidden sheets are not asked for.

How each reader is asked, always for all sheets that the case lists, without a header row, and for the rest with its defaults:

* sheetlift: `sheetlift cells FILE`.
* calamine: in Rust; its cell reader for xlsx and xlsb, ranges for xls and ods.
* fastexcel: `load_sheet(header_row=None, skip_rows=0).to_arrow_with_errors()`; its list of cells in error counts as a message.
* polars: `read_excel` and `read_ods` with `has_header=False`, keeping empty rows and columns; `read_csv` for csv.
* DuckDB: `read_xlsx(header = false, stop_at_empty = false)`; `read_csv` for csv.
* fastexcel, polars and DuckDB give tables with typed columns. Where that is not right at first they get another attempt, which
  counts if it is right: with a header, if the first row is one (its texts then are the names of the columns); and with every
  value as text, if inferring types failed. polars is told the delimiter of a text file in the same manner.
* openpyxl: `load_workbook(data_only=True)` and its cells; not its read-only mode, which believes the declared dimensions.
* excelreader-native: its rows of cells. Its dates are serial numbers by design; the mark on the cell and the date system of the
  workbook make them dates.
"""


def page(cases, readers, verdicts, versions):
    titles = [reader.title for reader in readers]
    listed = ", ".join(f"{title} {version}" for title, version in versions.items() if version)
    head = HEAD.format(versions=f"Versions: {listed}.", memory=MEMORY_GIB, seconds=CPU_SECONDS)
    parts = [head, summary(cases, titles, verdicts)]
    for theme in dict.fromkeys(case.theme for case in cases):
        group = [case for case in cases if case.theme == theme]
        parts.append(section(THEMES.get(theme, theme.replace("_", " ").capitalize()), group, titles, verdicts))
    return "\n".join(parts)


def summary(cases, titles, verdicts):
    lines = [
        "## Summary", "",
        "| reader | right | wrong silently | error on a good file | accepts a broken file | crash or hang | cases |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for title in titles:
        marks = [verdicts[case.name, title].mark for case in cases]
        counts = [marks.count(mark) for mark in (RIGHT, WRONG, ERROR, ACCEPTS, CRASH)]
        cells = [title, *counts, len(marks) - marks.count(NOT_READ)]
        lines.append(row(cells))
    formats = list(dict.fromkeys(case.extension for case in cases))
    lines += ["", "Right answers by format, of all cases of the format:", "", row(["reader", *formats])]
    lines.append(row(["---", *["---:"] * len(formats)]))
    for title in titles:
        lines.append(row([title, *(share(title, extension, cases, verdicts) for extension in formats)]))
    return "\n".join([*lines, ""])


def share(title, extension, cases, verdicts):
    marks = [verdicts[case.name, title].mark for case in cases if case.extension == extension]
    return NOT_READ if NOT_READ in marks else f"{marks.count(RIGHT)} of {len(marks)}"


def section(title, cases, titles, verdicts):
    lines = [f"## {title}", "", row(["case", "", *titles]), row(["---", "---", *[":---:"] * len(titles)])]
    for case in cases:
        lines.append(row([f"`{case.name}`", escaped(case.about), *(verdicts[case.name, title].mark for title in titles)]))
    notes = [note for case in cases for note in notes_on(case, titles, verdicts)]
    return "\n".join([*lines, "", *([*notes, ""] if notes else [])])


def notes_on(case, titles, verdicts):
    """One line a case: the same difference is said once for all readers that have it."""
    readers_of = {}
    for title in titles:
        found = verdicts[case.name, title]
        if found.mark in NOTED:
            readers_of.setdefault(f"{found.mark} {found.note}", []).append(title)
    if readers_of:
        said = "; ".join(f"{', '.join(names)} {escaped(note)}" for note, names in readers_of.items())
        yield f"* `{case.name}`: {said}"


def row(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def escaped(words):
    """Literal in Markdown."""
    for character in "\\`*_<>|[]&~":
        words = words.replace(character, "\\" + character)
    return words
