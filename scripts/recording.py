"""Draw a terminal's session as an SVG that plays: each command appears, then what it said. Needs rich (`.[docs]`)."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 108
"""Columns; longer lines go on below."""

SECONDS = 2.5
"""Between one command and the next."""

REST = 5.0
"""Seconds for which the whole stands before it starts again."""


def draw(session: list[tuple[str, str]], title: str) -> str:
    """Return the SVG for (command line, what it printed, with its colours)."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    first_lines = []
    for command, printed in session:
        first_lines.append(_count(console))
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        if printed.strip():
            console.print(Text.from_ansi(printed.rstrip("\n")))
        console.print()
    svg: str = console.export_svg(title=title, theme=MONOKAI, clear=False)
    return _play(_without_fonts(svg), first_lines)


def _count(console: Console) -> int:
    return len(console.export_text(clear=False).splitlines())


def _without_fonts(svg: str) -> str:
    """Take out the fonts that would be asked for from elsewhere: the reader's own monospace does."""
    svg = re.sub(r"\s*@font-face \{.*?\n    \}", "", svg, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in svg.replace("Fira Code, ", "").splitlines())


def _play(svg: str, first_lines: list[int]) -> str:
    """Let each command's lines appear at its time, again and again; who wants no motion sees the whole."""
    whole = len(first_lines) * SECONDS + REST
    rules = [f"      .step {{ animation: {whole}s step-end infinite; }}"]
    for step in range(1, len(first_lines)):
        at = step * SECONDS / whole * 100
        rules.append(f"      .s{step} {{ animation-name: appear{step}; }}")
        rules.append(f"      @keyframes appear{step} {{ 0% {{ opacity: 0; }} {at:.1f}% {{ opacity: 1; }} }}")
    style = "\n".join(
        ["    @media (prefers-reduced-motion: no-preference) {", *rules, "    }", "    </style>"]
    )

    def timed(found: re.Match[str]) -> str:
        step = sum(first <= int(found["line"]) for first in first_lines) - 1
        if step < 1:
            return found[0]
        return found[0].replace('class="', f'class="step s{step} ', 1)

    svg = re.sub(r'<text [^>]*clip-path="url\(#[\w-]+-line-(?P<line>\d+)\)"[^>]*>', timed, svg)
    return svg.replace("    </style>", style, 1)
