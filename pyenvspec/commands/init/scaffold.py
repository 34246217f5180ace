"""env.yaml written for a project: `Decisions` in, text out.

Each line that is there because of a file says so, so that whoever reads it can judge it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.commands.init.templates import SCHEMA_LINE
from pyenvspec.reporter import make_visible
from pyenvspec.spec.flow import quote_text

if TYPE_CHECKING:
    from pyenvspec.commands.init.decide import Decisions


def format_manifest(decisions: Decisions, *, without: frozenset[str] = frozenset()) -> str:
    """Return env.yaml for what was decided; `without` are native packages that turned out not to be had."""
    done = decisions
    lines = ["spec: 1"]
    if done.name:
        lines.append(f"name: {_scalar(done.name)}")
    lines += ["python:", _with(f"  version: {done.python.value}", done.python.why)]
    lines.append(_with(f"  manager: {done.manager}", done.why_manager))
    # requirements.txt is what pip takes where env.yaml says nothing.
    if done.manager == "pip" and done.requirements not in (None, "requirements.txt"):
        lines.append(f"  requirements: {_scalar(done.requirements or '')}")
    if done.build_after:
        built = ", ".join(map(_scalar, done.build_after))
        lines.append(_with(f"  build_after: [{built}]", "their builds import what is installed before them"))
    # Commented out, since what a project offers is mostly not what one machine wants all of.
    for key, names, file in done.choices:
        lines.append(
            _with(f"  # {key}: [{', '.join(map(_scalar, names))}]", f"{file} has these; take what you use")
        )
    lines += _gpu_lines(done)
    native = [(name, why) for name, why in done.native if name not in without]
    if native:
        lines.append("native:")
        lines += [_with(f"  - {_scalar(name)}", why) for name, why in native]
    return SCHEMA_LINE + "\n".join(lines) + "\n"


def _gpu_lines(done: Decisions) -> list[str]:
    gpu = done.gpu
    if gpu is None:
        return []
    why = f"{gpu.why} ({gpu.where})"
    if gpu.toolkit:
        cudnn = f", cudnn: {gpu.cudnn}" if gpu.cudnn else ""
        value = f"{{version: {gpu.toolkit}{cudnn}}}" if cudnn else gpu.toolkit
        return [_with(f"cuda: {value}", why)]
    # A comment only: a toolkit of another CUDA than torch's makes extensions that do not load.
    if gpu.compiled:
        return [f"# cuda: 12.6  # {why}: write the CUDA that torch was built with"]
    return [
        f"# GPU: {' '.join(why.split())}.",
        "# The machine's driver is found by itself; no `cuda` is needed.",
    ]


def _with(line: str, why: str) -> str:
    # A reason may quote a file: a line break in it would end the comment, and YAML takes no control characters.
    return f"{line}  # {make_visible(' '.join(why.split()))}"


def _scalar(text: str) -> str:
    return make_visible(quote_text(text))
