# The compiled part; `mypy.stubtest` holds it to the module (see test.sh). The functions are in `_api.py`.
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, final

import pandas  # type: ignore
import polars  # type: ignore
import pyarrow  # type: ignore
from typing_extensions import Self

from ._types import Contract, Header, Kind, Source
from ._values import DefinedName, ExcelTable, Report, Sheet

__all__ = [
    "Batches",
    "Scan",
    "Schema",
    "Table",
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

__version__: str

@final
class Schema:
    """Names and types of columns. ``pyarrow.schema(schema)`` and others take it as it is."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
    @property
    def types(self) -> list[str]:
        """Arrow types of the columns, in words."""
    def __len__(self) -> int: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Table:
    """Rows and columns in memory, in Arrow's layout.

    Anything that speaks the Arrow PyCapsule interface takes it as it is: ``polars.DataFrame(table)``,
    ``pyarrow.table(table)``, ``duckdb.sql("select * from table")``, ``pandas.DataFrame.from_arrow(table)``.
    """

    @property
    def schema(self) -> Schema:
        """Names and types of the columns."""
    @property
    def num_rows(self) -> int:
        """Number of rows."""
    @property
    def num_columns(self) -> int:
        """Number of columns."""
    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
    @property
    def error_cells(self) -> int:
        """Error cells (``#N/A``, ...) of the sheet; they are null here."""
    def to_polars(self, **options: Any) -> polars.DataFrame:
        """As a ``polars.DataFrame``; keywords are those of its constructor."""
    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """As a ``pandas.DataFrame``, through pyarrow; keywords are those of ``pyarrow.Table.to_pandas``."""
    def to_pyarrow(self) -> pyarrow.Table:
        """As a ``pyarrow.Table``."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class Scan:
    """A sheet that is read as it is consumed, by iterating over it or as an Arrow stream; each time anew."""

    @property
    def schema(self) -> Schema:
        """Names and types of the columns."""
    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
    def __iter__(self) -> Batches: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class Batches(Iterator[Table]):
    """The batches of a scan, each as a table."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Table: ...

@final
class Workbook:
    """An open workbook: its sheets, and what can be read from them. A context manager, as files are."""

    @property
    def sheets(self) -> list[Sheet]:
        """All sheets, in the order of the tabs."""
    @property
    def tables(self) -> list[ExcelTable]:
        """The Excel tables."""
    @property
    def defined_names(self) -> list[DefinedName]:
        """All defined names but hidden ones."""
    def read(
        self,
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
    ) -> Table:
        """Reads a sheet as a ``Table``; see ``sheetlift.read`` for the options."""
    def scan(
        self,
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
    ) -> Scan:
        """Reads a sheet while it is consumed, as a ``Scan``; see ``sheetlift.read`` for the options."""
    def close(self) -> None:
        """Lets the file go. Tables that were read stay."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
        /,
    ) -> None: ...

def open(src: Source, **options: Any) -> Workbook: ...
def read(src: Source, **options: Any) -> Table: ...
def inspect(src: Source, **options: Any) -> dict[str, Any]: ...
def infer_contract(src: Source, **options: Any) -> dict[str, Any]: ...
def validate(src: Source, contract: Contract, **options: Any) -> Report: ...
def load(src: Source, contract: Contract, *, to: str, **options: Any) -> Report: ...
def history(to: str, limit: int) -> list[dict[str, Any]]: ...
def replay(import_id: str, contract: Contract, *, to: str, **options: Any) -> Report | None: ...
def undo(import_id: str, to: str, dry_run: bool) -> dict[str, Any]: ...
