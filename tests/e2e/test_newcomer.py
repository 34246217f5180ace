"""docs/newcomer.md is what happens: every line of it is run again, with the package index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "transcript"


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("PYENVSPEC_ONLINE"), reason="needs the package index: PYENVSPEC_ONLINE=1"
)
def test_the_transcript_is_still_true() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
