"""The console script: the only place that ends the process."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from pyenvspec.cli import run

    raise SystemExit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
