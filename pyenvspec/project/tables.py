"""Documents that people write by hand: what is not of the form that is looked for counts as not there."""

from __future__ import annotations

import json
from typing import Any

Table = dict[str, Any]


def load_json(text: str) -> Any:
    """Return a document of JSON; raises ValueError or RecursionError where it is none."""
    return _printable(json.loads(text))


def _printable(value: Any) -> Any:
    """Return a value with `?` for each half of a character: JSON takes `\\ud800`, and no file and no terminal does."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_printable(item) for item in value]
        case dict():
            return {_printable(key): _printable(item) for key, item in value.items()}
    return value


def table_at(document: object, *keys: str) -> Table:
    """Return a table of tables, empty where it is missing or something else."""
    value = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables_in(value: object) -> list[Table]:
    """Return the tables of a list, none where it is something else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts_in(value: object) -> list[str]:
    """Return the texts of a list, none where it is something else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
