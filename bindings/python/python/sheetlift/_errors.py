"""The exceptions. Bad rows are never one: they are findings in a report."""

from __future__ import annotations

from typing import Any


class SheetliftError(Exception):
    """Why a run cannot go on.

    ``code`` is stable (``file/corrupt``), ``location`` says where as far as it is known (``file``, ``part``, ``byte``,
    ``sheet``, ``cell``), ``hint`` says what to do about it.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "internal/bug",
        location: dict[str, Any] | None = None,
        hint: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.location = location or {}
        self.hint = hint
        for name, value in more.items():
            setattr(self, name, value)
        if hint and hasattr(self, "add_note"):  # Python 3.11: shown below the message
            self.add_note(f"hint: {hint}")

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UsageError(SheetliftError, ValueError):
    """The caller asked for something that cannot be. ``ddl`` may hold a statement that mends the target table."""

    ddl: str | None = None


class ContractError(UsageError):
    """The contract is wrong in itself."""


class MalformedError(SheetliftError):
    """The file is damaged or is not what its name says."""


class UnsupportedError(SheetliftError):
    """The file is well formed but uses something that is not read."""


class EncryptedError(SheetliftError):
    """The file is protected by a password."""


class LimitError(SheetliftError):
    """A limit was passed: ``name``, ``limit``, and ``actual``, which is what was found, at least."""

    name: str
    limit: int
    actual: int


class SheetliftIoError(SheetliftError, OSError):
    """The environment failed: disk, permissions, database. The same call may succeed later."""

    retry_after_ms: int | None = None


class SourceNotFoundError(SheetliftIoError, FileNotFoundError):
    """There is no such file."""


class SourcePermissionError(SheetliftIoError, PermissionError):
    """The file may not be read."""


class InternalError(SheetliftError):
    """A defect of sheetlift."""
