"""The examples are compiled again and compared with what is committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyenvspec.driver import compile_project
from pyenvspec.writing.write import plan_writes

ROOT = Path(__file__).parent.parent
# The project's own shell counts as one.
EXAMPLES = [ROOT, *sorted(path.parent for path in (ROOT / "examples").glob("*/env.yaml"))]


@pytest.mark.parametrize("example", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_the_committed_output_is_what_compiling_gives(example: Path) -> None:
    changes = plan_writes(example, compile_project(example).files)
    assert changes.conflicts == ()
    assert changes.diff() == ""
