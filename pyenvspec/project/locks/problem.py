"""A lock that cannot be used as it is: the exception, and typed access to what TOML holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Span

if TYPE_CHECKING:
    from pyenvspec.project.tables import Table


class PackageLockError(PyenvspecError):
    """A lock that cannot be read."""


def problem(
    code: str, message: str, file: str, *, hint: str | None = None, line: int = 0
) -> PackageLockError:
    """Return the exception for a whole file, or for a line of it where one is known."""
    span = Span(line, 1, line, 1) if line else None
    return PackageLockError(Diagnostic(code, message, file, span, hint=hint))


class Reading:
    """Typed access to the tables of one lock; what is not of its type is a `PackageLockError`."""

    def __init__(self, file: str) -> None:
        self.file = file

    def text(self, table: Table, key: str, default: str | None = None) -> str:
        """Return a text; without a default it has to be there."""
        value = table.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def tables(self, table: Table, key: str) -> list[Table]:
        """Return a list of tables, empty where it is missing."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of tables")
        return value

    def items(self, table: Table, key: str) -> list[Any]:
        """Return a list, empty where it is missing."""
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return value

    def table(self, table: Table, key: str) -> Table:
        """Return a table, empty where it is missing."""
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "a table")
        return value

    def texts(self, table: Table, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty where it is missing."""
        value = self.items(table, key)
        if not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def wrong(self, key: str, wanted: str) -> PackageLockError:
        """Return the exception for a value of another type."""
        return problem("package-lock-format", f"`{key}` is not {wanted} everywhere in {self.file}", self.file)
