"""What is generated from the code and committed is what the code gives now."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_japanese import japanese
from manual import format_commands, format_manual

from pyenvspec.spec.reference import format_errors, format_reference
from pyenvspec.spec.schema import format_schema

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("schema/env.schema.json", format_schema()),
        ("docs/spec.md", format_reference()),
        ("docs/errors.md", format_errors()),
        ("docs/commands.md", format_commands()),
        ("docs/spec.ja.md", format_reference(japanese)),
        ("docs/errors.ja.md", format_errors(japanese)),
        ("docs/commands.ja.md", format_commands(japanese)),
        ("docs/man/pyenvspec.1", format_manual()),
    ],
)
def test_the_committed_file_is_fresh(path: str, text: str) -> None:
    assert (ROOT / path).read_text() == text, "run scripts/regenerate"
