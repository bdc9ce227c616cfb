"""Values that calls return."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ._sheetlift import Table


class Sheet(NamedTuple):
    """One sheet, as the workbook lists it."""

    name: str
    #: ``visible``, ``hidden`` or ``veryHidden``
    visibility: str
    #: ``worksheet``, ``chart`` or ``other``
    kind: str


class ExcelTable(NamedTuple):
    """An Excel table; ``range`` includes header and totals."""

    name: str
    sheet: str
    range: str
    header_rows: int
    totals_rows: int


class DefinedName(NamedTuple):
    """A defined name; ``sheet`` is the one it is local to."""

    name: str
    refers_to: str
    sheet: str | None


_CLASSES: dict[str, Any] = {"Sheet": Sheet, "ExcelTable": ExcelTable, "DefinedName": DefinedName}


def of_json(name: str, text: str) -> list[Any]:
    """A list of one of the classes above."""
    return [_CLASSES[name](**item) for item in json.loads(text)]


class Report(Mapping[str, Any]):
    """The verdict on one sheet, and what became of its rows: the same JSON at every face of sheetlift.

    Its parts are keys and attributes alike: ``report["rows"]``, ``report.rows``.
    """

    __slots__ = ("_data", "_ok", "_accepted")

    def __init__(self, data: dict[str, Any], ok: bool, accepted: Table | None = None) -> None:
        self._data = data
        self._ok = ok
        self._accepted = accepted

    @property
    def ok(self) -> bool:
        """True when every row was accepted and none was refused by the target."""
        return self._ok

    @property
    def accepted(self) -> Table | None:
        """The rows without error, when ``accepted=True`` asked for them."""
        return self._accepted

    @property
    def file(self) -> str | None:
        """Name or path of the file."""
        return self._data["file"]

    @property
    def sheet(self) -> str | None:
        """Name of the sheet; ``None`` when the import was loaded before and the file was not read again."""
        return self._data["sheet"]

    @property
    def sheets(self) -> list[str]:
        """Names of the sheets, where the table is on several; ``sheet`` is None then."""
        return self._data.get("sheets", [])

    @property
    def contract(self) -> dict[str, Any]:
        """``name`` and ``hash`` of the contract."""
        return self._data["contract"]

    @property
    def blocked(self) -> bool:
        """True when the header does not fit the contract: no row was checked and nothing was loaded."""
        return self._data["blocked"]

    @property
    def mapping(self) -> list[dict[str, Any]]:
        """Which column was taken for which field: ``field``, ``column`` (its letters), ``label``, ``method``, ``score``;
        ``sheet`` where the table is on several."""
        return self._data["mapping"]

    @property
    def rows(self) -> dict[str, int]:
        """Rows ``read``, ``accepted``, ``rejected`` and ``blank``."""
        return self._data["rows"]

    @property
    def counts(self) -> dict[str, Any]:
        """All findings, counted: ``errors``, ``warnings``, ``infos``, ``by_code``, ``by_rule``, ``by_field``."""
        return self._data["counts"]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The first findings."""
        return self._data["findings"]

    @property
    def findings_omitted(self) -> int:
        """Findings that are counted but not listed."""
        return self._data["findings_omitted"]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Findings by what repairs them, the worst and largest groups first, up to 1,000: ``id``, which is ``group`` in a finding,
        ``count``, ``value``, ``suggestion``, ..."""
        return self._data["groups"]

    @property
    def load(self) -> dict[str, Any] | None:
        """What was loaded: ``state``, ``inserted``, ``updated``, ``unchanged``, ``conflicts``, ``rejected``, ``removed``, ..."""
        return self._data["load"]

    @property
    def timings(self) -> dict[str, int] | None:
        """How long it took: ``total_ms``, ``rows_per_second``, of a load also ``staged_ms``: until all rows were sent."""
        return self._data.get("timings")

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return json.loads(json.dumps(self._data))

    def to_json(self, *, indent: int | None = None) -> str:
        """As JSON."""
        return json.dumps(self._data, ensure_ascii=False, indent=indent)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        rows, errors = self.rows, self.counts["errors"]
        verdict = "ok" if self._ok else "blocked" if self.blocked else f"{errors} errors"
        loaded = f", {self.load['state']}" if self.load else ""
        return (
            f"<sheetlift.Report {verdict}: {rows['accepted']} of {rows['read']} rows accepted{loaded}>"
        )
