"""The console script: the only place that sets up and ends the process."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from pyenvspec.shortcuts import kept, uptodate

    # Each knows one verb and looks only at files; None is all that needs more.
    code = uptodate.skip_compile(sys.argv[1:])
    if code is None:
        code = kept.reopen(sys.argv[1:])
    if code is None:
        _start_light()
        # From here on what is read is this command line's, and a compile may remember it.
        uptodate.is_wanted = True
        from pyenvspec.cli import run

        code = run(sys.argv[1:])
    _leave(code)


def _start_light() -> None:
    """Leave out what a short run does not need and would pay for at its start."""
    import gc

    # Nothing to collect comes up in the time that this process lives.
    gc.disable()


def _leave(code: int) -> None:
    """End the process without taking apart what ends with it anyway, which takes longer than `--help`."""
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # it is where the process was started with the stream closed
                stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    main()
