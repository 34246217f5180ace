"""torch's own index for a CUDA: conda's torch is built for the toolkit beside it, PyPI's for one CUDA only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.facts.drivers import torch_wheels
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.facts.wheel_pythons import newest_before
from pyenvspec.project.survey.source import Claim

if TYPE_CHECKING:
    from pyenvspec.project.survey.source import Wanted

_TORCH_INDEX = "https://download.pytorch.org/whl"
"""Where torch's builds for each CUDA are; source: https://pytorch.org/get-started/previous-versions."""


def newest_torch_of(cuda: str) -> str | None:
    """Return the newest minor of torch that has builds for a CUDA: what conda takes where no version is asked for."""
    exact_tag = "cu" + cuda.replace(".", "")
    minors = [
        row.torch for row in torch_wheels() if exact_tag in {tag.split(" ")[0] for tag in row.cuda_tags}
    ]
    return max(minors, key=lambda minor: [int(part) for part in minor.split(".")], default=None)


def index_of_torch(torch: Wanted, cuda: Claim) -> Claim:
    """Return pip's option for the builds of this torch that come nearest to the CUDA asked for."""
    # conda's own answer for an open version: the newest below the bound, of which the table knows the builds.
    version = torch.version or newest_before("torch", torch.specifier)
    minor = minor_of(version) if version else ""
    row = next((row for row in torch_wheels() if row.torch == minor), None)
    exact_tag = "cu" + cuda.value.replace(".", "")
    # `cu121 (plain pip)` in the table: the word is the tag
    tags = [tag.split(" ")[0] for tag in row.cuda_tags] if row else [exact_tag]
    # A driver for this CUDA runs wheels of older ones, and of newer ones perhaps not.
    usable = [tag for tag in tags if _number(tag) <= _number(exact_tag)] or tags
    tag = exact_tag if exact_tag in tags else max(usable, key=_number)
    return Claim(f"--extra-index-url {_TORCH_INDEX}/{tag}", cuda.line, file=cuda.file)


def _number(tag: str) -> int:
    # Four digits at most: a conda file is anybody's text, and Python refuses numbers of thousands.
    return int(re.sub(r"\D", "", tag)[:4] or "0")
