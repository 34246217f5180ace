"""What a file of another tool asks for, as a requirements file of pip."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.commands.init.torch_index import index_of_torch, newest_torch_of
from pyenvspec.project.survey.gpu import cuda_of_page
from pyenvspec.project.survey.source import Claim, Source

if TYPE_CHECKING:
    from pyenvspec.commands.init.additions import Additions
    from pyenvspec.project.survey.source import Wanted

# Of the options that a file names, those that say where packages are; others (--no-cache-dir) are of the machine.
_NEEDED_BY_PIP = re.compile(
    r"--(extra-index-url|index-url|find-links|trusted-host|pre|constraint)\b|-[ifc]\b"
)

_INDEX_OF_TORCH = re.compile(r"/whl/(?!torch-)")


def convert(source: Source, more: Additions) -> tuple[Source, str]:
    """Return the packages with the index that they need, and the text of the file, completed by `more`."""
    if source.kind == "pyproject" or (source.kind == "lock" and source.tool in ("uv", "poetry")):
        # pip takes the project as its pyproject.toml says it; a lock of another tool it does not read.
        options = [claim for claim in source.options if _NEEDED_BY_PIP.match(claim.value)] + more.options
        return source, _text(
            source, options, [*(wanted.text for wanted in more.packages), more.own or "-e ."]
        )
    if source.kind == "requirements":
        return _include(source, more)
    options = [claim for claim in source.options if _NEEDED_BY_PIP.match(claim.value)] + more.options
    includes = [claim for claim in source.options if re.match(r"-r|--requirement", claim.value)]
    # What an included file lists stands among the packages already, and its line is gone.
    left_out = [Claim(c.value, c.line, "there is no such file") for c in includes]
    packages = list(_distinct([*(w for w in source.packages if w.name not in more.replaces), *more.packages]))
    if source.kind == "setup" and more.after is None:
        packages_text = [*(wanted.text for wanted in more.packages), more.own or "-e ."]
    else:
        packages = _with_torch_of_cuda(source, packages)
        options += _index_of_torch(source, packages)
        packages_text = [*(wanted.text for wanted in packages), *([more.own] if more.own else [])]
    whole = replace(source, options=options, packages=packages, left_out=[*source.left_out, *left_out])
    return whole, _text(source, options, packages_text)


def _include(source: Source, more: Additions) -> tuple[Source, str]:
    """A requirements file that stays as it is, with what it lacks."""
    own = [more.own] if more.own else []
    # First what narrows: pip downloads a package as soon as it reads of it.
    lines = [*(wanted.text for wanted in more.packages), f"-r {source.file}", *own]
    options = [*source.options, *more.options]
    packages = [*(wanted for wanted in source.packages if wanted.name not in more.replaces), *more.packages]
    return replace(source, options=options, packages=packages), _text(source, more.options, lines)


def _text(source: Source, options: list[Claim], packages: list[str]) -> str:
    lines = [
        f"# From {source.file}, by `pyenvspec init`; from now on this is the file to edit.",
        # Each once, in the order of the files: pip asks all indices, so that a second line only costs time.
        *dict.fromkeys(option.value for option in options),
        *packages,
    ]
    return "\n".join(lines) + "\n"


def _distinct(packages: list[Wanted]) -> list[Wanted]:
    """One line for each package; the one that says a version where two do not agree."""
    by_name: dict[str, Wanted] = {}
    for wanted in packages:
        # `.` is each folder that is installed: several are no doubles.
        old = by_name.get(wanted.name)
        if old is None or (not old.specifier and wanted.specifier):
            by_name[wanted.name if wanted.name != "." else wanted.text] = wanted
    return list(by_name.values())


def _with_torch_of_cuda(source: Source, packages: list[Wanted]) -> list[Wanted]:
    """A torch without a version, beside a CUDA that the newest is no longer built for, is the last that was."""
    cuda = source.installed_cuda
    minor = newest_torch_of(cuda.value) if cuda else None
    if minor is None:
        return packages
    exact = f"=={minor}.*"
    return [
        replace(one, text=f"torch{exact}", specifier=exact)
        if one.name == "torch" and not one.specifier
        else one
        for one in packages
    ]


def _index_of_torch(source: Source, packages: list[Wanted]) -> list[Claim]:
    """conda's torch is built for the CUDA beside it; PyPI's for one only, so that the index is torch's own."""
    torch = next((wanted for wanted in packages if wanted.name == "torch"), None)
    cuda = source.installed_cuda
    # torch-scatter and its like are built for one torch and its CUDA: it has to be that one.
    cuda = cuda or cuda_of_page(source)
    if torch is None or cuda is None or any(_INDEX_OF_TORCH.search(o.value) for o in source.options):
        return []
    return [index_of_torch(torch, cuda)]
