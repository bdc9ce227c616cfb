"""The readers: which formats each one reads, how it is asked, and what came of it."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CPU_SECONDS = 100
PATIENCE_SECONDS = 900  # of a clock on the wall, for those that wait for ever; long, because machines are busy
MEMORY_GIB = 4
# One thread each, one clock for all: nothing but the file may make a difference.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore",
    "POLARS_MAX_THREADS": "1", "RAYON_NUM_THREADS": "2", "RUST_BACKTRACE": "0",
}
EXCEL = frozenset({"xlsx", "xlsm", "xlsb", "xls"})
TEXT = frozenset({"csv", "tsv"})


@dataclass(frozen=True)
class Reader:
    """One column of the matrix."""

    title: str
    formats: frozenset
    module: str | None = None  # of probe.py; the binaries have none
    package: str | None = None  # its pinned name in compare.PACKAGES
    gives_tables: bool = False  # with typed columns: can be told of a header row, and be asked for texts
    finds_delimiter: bool = True  # of text files


SHEETLIFT = Reader("sheetlift", EXCEL | TEXT | {"ods"})
CALAMINE = Reader("calamine", EXCEL | {"ods"})
READERS = [
    SHEETLIFT,
    CALAMINE,
    Reader("fastexcel", EXCEL | {"ods"}, "fastexcel", "fastexcel", gives_tables=True),
    Reader("polars", EXCEL | TEXT | {"ods"}, "polars", "polars", gives_tables=True, finds_delimiter=False),
    Reader("DuckDB", TEXT | {"xlsx", "xlsm"}, "duckdb", "duckdb-extension-excel", gives_tables=True),
    Reader("openpyxl", frozenset({"xlsx", "xlsm"}), "openpyxl", "openpyxl"),
    Reader("excelreader-native", EXCEL | TEXT, "excelreader", "excelreader-native"),
]


@dataclass
class Answer:
    """What a reader did: `answered` with tables, `refused` or `crashed` with a reason."""

    outcome: str
    reason: str = ""
    tables: dict = field(default_factory=dict)


@dataclass
class Table:
    """Cells of one sheet by (row, column); None as first row or column where the reader does not say where it starts."""

    first_row: int | None
    first_column: int | None
    cells: dict = field(default_factory=dict)


class Asker:
    """Runs readers on files, each in a process of its own with a time and a memory limit."""

    def __init__(self, python, sheetlift, calamine):
        self.python, self.sheetlift, self.calamine = python, sheetlift, calamine

    def ask(self, reader, path, sheets, password, header=False, as_text=False, delimiter=","):
        """The answer for the named sheets, or for every visible one if `sheets` is None."""
        if reader is SHEETLIFT:
            secret = ["--password", password] if password else []
            return self.run([self.sheetlift, "cells", path, *secret], lambda text: sheetlift_tables(text, sheets), (3, 4, 5))
        if reader is CALAMINE:
            return self.run([self.calamine, path, *(sheets or [])], tables, (3,))
        request = {"path": str(path), "sheets": sheets, "password": password}
        request |= {"header": header, "as_text": as_text, "delimiter": delimiter}
        return self.run([self.python, HERE / "probe.py", reader.module, json.dumps(request)], tables, (3,))

    def run(self, command, parse, refusals):
        # The shell sets the limits and becomes the reader.
        limits = f'ulimit -c 0 && ulimit -t {CPU_SECONDS} && ulimit -v {MEMORY_GIB << 20} && exec "$@"'
        words = ["sh", "-c", limits, "sh", *map(str, command)]
        try:
            done = subprocess.run(words, capture_output=True, timeout=PATIENCE_SECONDS, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return Answer("crashed", too_much())
        reason = complaint(done.stderr)
        if done.returncode == 0:
            return Answer("answered", tables=parse(done.stdout.decode("utf-8", "replace")))
        if done.returncode in refusals:
            return Answer("refused", reason)
        if done.returncode == 2:
            sys.exit(f"error: {command[0]} was asked the wrong way: {reason}")
        return Answer("crashed", crash(done.returncode, done.stderr.decode("utf-8", "replace")))


def tables(text):
    """The tables of the lines that `probe.py` describes."""
    found = {}
    for line in lines(text):
        what, sheet, row, column, *value = json.loads(line)
        if what == "table":
            found[sheet] = Table(row, column)
            continue
        kind, content = value
        content = tuple(content) if isinstance(content, list) else content
        table = found[sheet]
        table.cells[row + (table.first_row or 0), column + (table.first_column or 0)] = kind, content
    return found


def lines(text):
    """Not `splitlines`, which also splits at line ends that JSON leaves inside of texts."""
    return [line for line in text.split("\n") if line]


def sheetlift_tables(text, sheets):
    """The same of `sheetlift cells`, which gives hidden sheets as well, and names no sheet without a cell."""
    found = {name: Table(0, 0) for name in sheets or []}
    for line in lines(text):
        cell = json.loads(line)
        if sheets is not None and cell["sheet"] not in found:
            continue
        table = found.setdefault(cell["sheet"], Table(0, 0))
        if cell["value"] != "":
            table.cells[place(cell["ref"])] = sheetlift_value(cell["type"], cell["value"])
    return found


def sheetlift_value(kind, value):
    if kind in ("date", "datetime"):
        date, _, clock = value.partition("T")
        year, month, day = date.split("-")
        return "moment", (int(year), int(month), int(day), span(clock or "0:00:00"))
    if kind in ("time", "duration"):
        return kind, span(value)
    return kind, float(value) if kind == "float" else value


def span(clock):
    """Milliseconds of h:mm:ss[.mmm], with a sign for durations that have one."""
    hours, minutes, seconds = clock.lstrip("-").split(":")
    total = (int(hours) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000
    return -total if clock.startswith("-") else total


def place(name):
    """(row, column) of an A1 name, zero-based."""
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", name).groups()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def name_of(row, column):
    """The A1 name of a zero-based place."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def too_much():
    # One reason for both: which limit a hungry reader meets first depends on the machine.
    return f"asks for more than {MEMORY_GIB} GiB or {CPU_SECONDS} s"


def crash(code, errors):
    if code in (4, -signal.SIGXCPU, -signal.SIGKILL) or "memory allocation of" in errors or "out of memory" in errors.lower() or "bad_alloc" in errors:
        return too_much()
    if "panicked" in errors or code in (5, 101):
        return "panics"
    return f"ends by signal {-code}" if code < 0 else f"ends with exit code {code}"


def complaint(errors):
    """Our errors have a hint below; what others print last is what they died of."""
    lines = errors.decode("utf-8", "replace").strip().split("\n")
    return next((line for line in lines if line.startswith("error: ")), lines[-1])
