"""What people write who come from other tools, and what is written here for it."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Row, read_table


@cache
def _keys() -> dict[str, str]:
    return {row["word"]: row["hint"] for row in read_table("mistaken-words")["keys"]}


@cache
def _values() -> dict[tuple[str, str], Row]:
    return {(row["key"], row["word"]): row for row in read_table("mistaken-words")["values"]}


def hint_for_key(key: str) -> str | None:
    """Return what to do with a key at the top level that is one of other tools."""
    return _keys().get(key)


@cache
def _nested() -> dict[tuple[str, str], Row]:
    return {(row["at"], row["word"]): row for row in read_table("mistaken-words")["nested"]}


def key_meant(where: str, key: str) -> tuple[str | None, str | None]:
    """Return the key that another tool's word stands for in a part of env.yaml, and what to do instead."""
    row = _nested().get((where, key), {})
    return row.get("meant"), row.get("hint")


def hint_for_value(key: str, value: str) -> str | None:
    """Return what to write instead of a value of other tools."""
    # Values are names (`Poetry`, `PIP`), whose case people take over from titles; keys have one spelling.
    return _values().get((key, value.lower()), {}).get("hint")


def meant_by(key: str, value: str) -> str | None:
    """Return the value that another tool's word stands for."""
    return _values().get((key, value.lower()), {}).get("meant")
