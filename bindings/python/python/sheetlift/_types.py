"""Types of arguments, for annotations."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Protocol, TypedDict, Union

from ._sheetlift import Workbook


class Readable(Protocol):
    """A binary file object."""

    def read(self, size: int, /) -> bytes: ...


#: What can be opened.
Source = Union[str, os.PathLike[str], bytes, bytearray, memoryview, Readable, Workbook]
#: A path, the contract itself, or its text.
Contract = Union[str, os.PathLike[str], dict[str, Any]]
Header = Union[Literal["first"], int, tuple[int, int], None]
Kind = Union[
    Literal["bool", "int", "float", "date", "timestamp", "time", "duration", "text"],
    type[Union[bool, int, float, date, datetime, time, timedelta, str]],
]


class Limits(TypedDict, total=False):
    """What a file may ask for; ``None`` is no limit."""

    max_file_bytes: int | None
    max_entries: int | None
    max_part_bytes: int | None
    max_small_part_bytes: int | None
    max_total_inflated_bytes: int | None
    max_inflate_ratio: int | None
    max_xml_depth: int | None
    max_row_bytes: int | None
    max_rows: int | None
    max_columns: int | None
    max_cells: int | None
    max_cell_bytes: int | None
    max_shared_string_bytes: int | None
    max_password_spins: int | None
    max_findings: int | None
    max_attributes: int | None
    max_repeated_cells: int | None
    max_held_bytes: int | None
    max_blank_cells: int | None
    max_text_bytes: int | None
    max_size_ratio: int | None
    max_read_seconds: int | None
