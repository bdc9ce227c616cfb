"""The functions of the module: signatures and documentation here, the work in ``_sheetlift``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import _sheetlift

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from ._sheetlift import Table, Workbook
    from ._types import Contract, Header, Kind, Limits, Source
    from ._values import Report


def open(
    src: Source,
    *,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> Workbook:
    """Opens a workbook: its directory and its list of sheets, no more.

    ``password`` is that of a protected workbook; ``encoding`` and ``delimiter`` say how a text file is read where that should
    not be detected. ``src`` is a path, bytes, or a binary file object, which is read to its end. ``name`` is what messages and reports call
    bytes. A file that is opened by its path is mapped into memory: replace such a file, do not overwrite it while it is read.
    """
    return _sheetlift.open(**locals())


def read(
    src: Source,
    *,
    sheet: str | int | None = None,
    range: str | None = None,
    columns: Sequence[str] | str | None = None,
    header: Header = "first",
    skip_hidden: Literal["rows", "columns", "all"] | None = None,
    fill_merged: Literal["down", "right", "all"] | None = None,
    display_text: bool = False,
    types: Mapping[str, Kind] | str | None = None,
    n_rows: int | None = None,
    strings: Literal["view", "utf8", "dictionary"] = "view",
    batch_rows: int = 65536,
    threads: int = 0,
    blank_rows: bool = True,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> Table:
    """Reads one sheet as a ``Table``.

    * ``sheet``: its name, or its place counted from 0. Default: the first visible worksheet.
    * ``range``: cells such as ``"B2:F100"``, ``"B:F"``, ``"2:100"``, ``"B2:"``, or the name of a table or a defined name.
    * ``columns``: names or letters of columns.
    * ``header``: ``"first"`` (the first row with a value), a row number as the spreadsheet shows it, ``None``, or the first and
      the last of several rows such as ``(1, 2)``.
    * ``skip_hidden``: leave hidden rows, columns or both out. ``fill_merged``: give the value of merged cells to the others.
    * ``display_text``: read numbers shown as identifiers (``00000``) as the text that is shown.
    * ``types``: types of columns by name. Others get the narrowest type that holds all their cells.
    * ``n_rows``: rows to read at most.
    * ``strings``: ``"view"`` (Arrow's string view, no copy per cell), ``"utf8"`` or ``"dictionary"``.
    * ``batch_rows``, ``threads``: how it is read; 0 threads are one for each core.
    * ``blank_rows``: keep rows without a value between others.
    """
    return _sheetlift.read(**locals())


def inspect(
    src: Source,
    *,
    full: bool = False,
    range: str | None = None,
    header: Header = "first",
    skip_hidden: Literal["rows", "columns", "all"] | None = None,
    fill_merged: Literal["down", "right", "all"] | None = None,
    display_text: bool = False,
    threads: int = 0,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Says what is in a workbook: sheets, rows, columns and their types, Excel tables, defined names.

    Looks at the first 1,000 rows of each sheet, or at all with ``full=True``.
    """
    return _sheetlift.inspect(**locals())


def infer_contract(
    src: Source,
    *,
    ranges: bool = False,
    sheet: str | int | None = None,
    range: str | None = None,
    header: Header = "first",
    skip_hidden: Literal["rows", "columns", "all"] | None = None,
    fill_merged: Literal["down", "right", "all"] | None = None,
    display_text: bool = False,
    n_rows: int | None = None,
    threads: int = 0,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Proposes a contract for a sheet that is good, to be edited. Every row is looked at.

    Types, required and unique columns, a primary key, the values of columns that have few, patterns of codes, lengths, and
    numbers that are not below 0; with ``ranges=True`` the smallest and the largest value of each column too.
    """
    return _sheetlift.infer_contract(**locals())


def validate(
    src: Source,
    contract: Contract,
    *,
    accepted: bool = False,
    max_findings: int = 1000,
    reports: Sequence[str | PathLike[str]] | None = None,
    rejects: str | PathLike[str] | None = None,
    annotated: str | PathLike[str] | None = None,
    resource: str | None = None,
    sheet: str | int | None = None,
    range: str | None = None,
    columns: Sequence[str] | str | None = None,
    header: Header = "first",
    skip_hidden: Literal["rows", "columns", "all"] | None = None,
    fill_merged: Literal["down", "right", "all"] | None = None,
    display_text: bool = False,
    n_rows: int | None = None,
    batch_rows: int = 65536,
    threads: int = 0,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> Report:
    """Holds every row of a sheet to a contract. Bad rows are findings in the report, never exceptions.

    ``contract`` is a path, a dict, or JSON or YAML as text. With ``accepted=True`` the rows without error are in
    ``report.accepted``. ``reports`` are files to write the report to, by the ends of their names (``.html``, ``.csv``,
    ``.parquet``, ``.ndjson``, ``.json``, ``.xml`` for JUnit, ``.sarif``); ``rejects`` is a workbook of the rejected rows, to be
    corrected and sent again; ``annotated`` is a copy of the workbook with its faults marked.
    """
    return _sheetlift.validate(**locals())


def load(
    src: Source,
    contract: Contract,
    *,
    to: str,
    mode: Literal["insert_missing", "insert", "upsert", "update_only", "append", "replace", "sync"] | None = None,
    dry_run: bool = False,
    table: str | None = None,
    create_table: bool = False,
    missing: str | None = None,
    max_missing: float | None = None,
    undo: bool = True,
    max_rejected: int | None = None,
    max_rejected_ratio: float | None = None,
    max_findings: int = 1000,
    reports: Sequence[str | PathLike[str]] | None = None,
    rejects: str | PathLike[str] | None = None,
    annotated: str | PathLike[str] | None = None,
    resource: str | None = None,
    sheet: str | int | None = None,
    range: str | None = None,
    columns: Sequence[str] | str | None = None,
    header: Header = "first",
    skip_hidden: Literal["rows", "columns", "all"] | None = None,
    fill_merged: Literal["down", "right", "all"] | None = None,
    display_text: bool = False,
    n_rows: int | None = None,
    batch_rows: int = 65536,
    threads: int = 0,
    password: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
) -> Report:
    """Loads the rows that a contract accepts into a database, exactly once.

    ``to`` is the address of the database, such as ``sqlite:inventory.db``, ``postgres://USER@HOST/DATABASE`` or ``mysql://USER@HOST/DATABASE``. A missing table is
    an error that has the statement for it (``error.ddl``), unless ``create_table=True``. With ``mode="sync"`` ``missing`` says what
    becomes of rows that the file lacks: ``"keep"``, ``"delete"``, or a column and its value such as ``"active=false"``; more than
    the share ``max_missing`` of them is an error. ``undo=False`` keeps nothing that :func:`undo` would need. The same file under the same contract into the same
    table is loaded once, however often this is called; ``report.load["state"]`` says which call it was. ``reports``, ``rejects``
    and ``annotated`` are as in :func:`validate`.
    """
    return _sheetlift.load(**locals())


def history(to: str, limit: int = 100) -> list[dict[str, Any]]:
    """Lists what was loaded into a database, the newest first: ``import_id``, ``state``, times, ``counts`` and so on."""
    return _sheetlift.history(to, limit)


def replay(
    import_id: str,
    contract: Contract,
    *,
    to: str,
    mode: Literal["insert_missing", "insert", "upsert", "update_only", "append", "sync"] | None = None,
    dry_run: bool = False,
    table: str | None = None,
    create_table: bool = False,
    undo: bool = True,
    reports: Sequence[str | PathLike[str]] | None = None,
    resource: str | None = None,
) -> Report | None:
    """Loads what now passes out of the rows that a load rejected, or that its table refused; ``None`` when there is none left.

    ``contract`` is most often one that was mended. Rows that enter the table leave the quarantine, the others stay there with the reason
    of now; findings name the cells of the file that the rows came from. :func:`undo` takes a replay back as any other load.
    """
    return _sheetlift.replay(**locals())


def undo(import_id: str, to: str, dry_run: bool = False) -> dict[str, Any]:
    """Takes a load back. Rows that it added are deleted, rows that it changed or deleted are as they were.

    Rows that others have changed since stay as they are: ``kept`` counts them, ``kept_keys`` names the first 1,000. With
    ``dry_run=True`` nothing is written.
    """
    return _sheetlift.undo(import_id, to, dry_run)
