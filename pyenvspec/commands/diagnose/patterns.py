"""Diagnosing: the output of something that failed in, what it means and the lines of env.yaml that fix it out.

Text to data; the families are a table (`facts.failures`), the look-ups that a table cannot hold are `LOOK_UPS`.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.diagnose import gpu, installs, running
from pyenvspec.commands.diagnose.answer import Answer, Log, otherwise
from pyenvspec.commands.diagnose.context import RESOLVERS
from pyenvspec.commands.diagnose.present import Advice, without_what_is_there
from pyenvspec.facts.failures import families

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.diagnose.answer import Values
    from pyenvspec.facts.failures import Family

# Colours and the like (`ESC[31m`), and what terminals show as a link or a title (`ESC]8;;…BEL`).
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# More than any message has; what is behind it is base64, a command line or a list.
_LONGEST_LINE = 4000
_MOST_OVER_ANOTHER = 50
"""Pieces kept of a line that was written over; an error may stand before the last of them."""
# `{package}` in a text of the table; `${name}` is the shell's own.
_HOLE = re.compile(r"(?<!\$)\{([a-z_]+)\}")


def _wants_newer(values: Values, log: Log, at: int) -> Answer:
    """Say whose symbols they are: GLIBCXX and CXXABI are of libstdc++, which comes with GCC."""
    is_c = values["version"].startswith("GLIBC_")
    library = "C library" if is_c else "C++ library (libstdc++)"
    return Answer({"path": "what is loaded here", **values, "library": library})


LOOK_UPS: dict[str, Callable[[Values, Log, int], Answer | None]] = {
    **RESOLVERS,
    "cuda-of-torch": gpu.cuda_of_torch,
    "gpu-generation": gpu.gpu_generation,
    "toolkit": gpu.toolkit,
    "gpu-of-wheels": gpu.gpu_of_wheels,
    "cython-3": installs.cython_3,
    "python-range": installs.python_range,
    "conflict": installs.conflict,
    "wanted-python": installs.wanted_python,
    "older-python": installs.older_python,
    "no-wheel": installs.no_wheel,
    "not-on-index": installs.not_on_index,
    "build-after": installs.build_after,
    "module": installs.module,
    "wheel-failed": installs.wheel_failed,
    "outside-build": running.outside_build,
    "header": running.header,
    "pkg-config": running.pkg_config,
    "cmake-package": running.cmake_package,
    "link": running.linker_library,
    "named-library": running.named_library,
    "named-program": running.named_program,
    "run-program": running.run_program,
    "qt": running.qt,
    "preload": running.preload,
    "path": otherwise(path="the line above names it"),
    "registry": running.registry,
    "extension": otherwise(file="an extension"),
    "wants-newer": _wants_newer,
    "host-of-index": running.host_of_index,
}
"""What a family's `resolve` names."""


def diagnose_log(text: str, present: dict[str, Any] | None = None) -> tuple[Advice, ...]:
    """Return what is known of a log, in its order, each thing once; `present` is what env.yaml has already."""
    lines = [
        (number, part)
        for number, line in enumerate(text.split("\n"), start=1)
        # Of what was written over each other, the end: progress bars do so thousands of times.
        for part in line.rstrip("\r").split("\r")[-_MOST_OVER_ANOTHER:]
    ]
    # Some patterns look at each place of a line for what may stand behind it: bounded, or a long line never ends.
    bounded = (_STYLE.sub("", part[:_LONGEST_LINE]) for _, part in lines)
    log = Log("\n".join(bounded), [number for number, _ in lines], present)
    advices: dict[tuple[str, str], Advice] = {}
    lines_of: dict[int, str] = {}
    for family in families():
        for match in family.compiled().finditer(log.text):
            advice = _advise(family, match, log)
            # A line that one family understands is not another's: the table has the narrower ones first.
            if advice is not None and present:
                advice = without_what_is_there(advice, present, of_nix=log.is_of_nix)
            if advice is not None and lines_of.setdefault(advice.line, family.id) == family.id:
                advices.setdefault((advice.family, advice.finding), advice)
    return tuple(sorted(advices.values(), key=lambda advice: advice.line))


def merge_yaml(advices: tuple[Advice, ...]) -> dict[str, Any]:
    """Return the lines of all advices as one mapping: lists are joined, the first of two values stays."""
    merged: dict[str, Any] = {}
    for advice in advices:
        merged = _merge(merged, advice.yaml)
    return merged


def _merge(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in more.items():
        there = result.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            result[key] = _merge(there, value)
        elif isinstance(there, list) and isinstance(value, list):
            result[key] = [*there, *(item for item in value if item not in there)]
        else:
            result.setdefault(key, value)  # what failed first; the second may follow from it
    return result


def _advise(family: Family, match: re.Match[str], log: Log) -> Advice | None:
    values: Values = {name: text for name, text in match.groupdict().items() if text is not None}
    yaml, commands = family.yaml, family.commands
    if family.resolve is not None:
        answer = LOOK_UPS[family.resolve](values, log, match.start())
        if answer is None:  # it only looks like one of these
            return None
        # An answer without lines of its own leaves the table's; one with none at all (`{}`) takes them away.
        values = answer.values
        yaml = answer.yaml if answer.yaml is not None else yaml
        commands = answer.commands if answer.commands is not None else commands
    number = log.line_number(
        match.start(family.shown) if family.shown and match[family.shown] else match.start()
    )
    # A log is anybody's text, and commands are copied into a shell.
    quoted = {name: quote(value) for name, value in values.items()}
    return Advice(
        family.id,
        log.shown_number(number),
        log.line(number).strip(),
        _fill(family.finding, values),
        _fill_data(yaml, values),
        tuple(_fill(command, quoted) for command in commands),
        family.source,
    )


def _fill(text: str, values: Values) -> str:
    return _HOLE.sub(lambda hole: values.get(hole.group(1), hole.group()), text)


def _fill_data(data: Any, values: Values) -> Any:
    if isinstance(data, dict):
        return {_fill(key, values): _fill_data(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [_fill_data(item, values) for item in data]
    return _fill(data, values) if isinstance(data, str) else data
