"""What the pages that follow from the code say in Japanese, from the program's own catalogue."""

from __future__ import annotations

import re

from pyenvspec.locale.translations import catalogue, translate_text

PAGE = "page"
"""The context of what only these pages say, so that no sentence of the program is taken for it."""


def japanese(text: str) -> str:
    """Return a text of a page in Japanese; one that the catalogue lacks stays as it is."""
    told = catalogue("ja").pgettext(PAGE, text)
    return translate_text(text, "ja") if told == text else told


def fill(text: str, *values: str) -> str:
    """Put values into the places of a text: `{}`, or in a translation `{0}`, `{1}` …"""
    given = iter(values)
    return re.sub(r"\{(\d?)\}", lambda place: values[int(place[1])] if place[1] else next(given), text)
