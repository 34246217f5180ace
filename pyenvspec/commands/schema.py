"""`pyenvspec schema`: print the JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.options import Options
from pyenvspec.reporter import put
from pyenvspec.spec.schema import format_schema

if TYPE_CHECKING:
    import argparse


def declare(parser: argparse.ArgumentParser) -> type[Options]:
    """Declare the arguments; return what holds them."""
    return Options


def run(options: Options) -> int:
    """Print the schema on stdout."""
    put(format_schema())
    return 0
