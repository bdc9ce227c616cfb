"""Spreadsheets into Arrow and inventory databases: every good row exactly once, every bad cell by its address.

>>> import sheetlift as sl, polars as pl
>>> pl.DataFrame(sl.read("items.xlsx", columns=["sku", "price"]))
>>> report = sl.load("items.xlsx", "items.contract.json", to="sqlite:inventory.db", create_table=True)
>>> [(f["address"], f["message"]) for f in report.findings]
"""

from ._api import history, infer_contract, inspect, load, open, read, replay, undo, validate
from ._errors import (
    ContractError,
    EncryptedError,
    InternalError,
    LimitError,
    MalformedError,
    SheetliftError,
    SheetliftIoError,
    SourceNotFoundError,
    SourcePermissionError,
    UnsupportedError,
    UsageError,
)
from ._sheetlift import Scan, Schema, Table, Workbook, __version__
from ._values import DefinedName, ExcelTable, Report, Sheet

__all__ = [
    "ContractError",
    "DefinedName",
    "EncryptedError",
    "ExcelTable",
    "InternalError",
    "LimitError",
    "MalformedError",
    "Report",
    "Scan",
    "Schema",
    "Sheet",
    "SheetliftError",
    "SheetliftIoError",
    "SourceNotFoundError",
    "SourcePermissionError",
    "Table",
    "UnsupportedError",
    "UsageError",
    "Workbook",
    "__version__",
    "history",
    "infer_contract",
    "inspect",
    "load",
    "open",
    "read",
    "replay",
    "undo",
    "validate",
]
