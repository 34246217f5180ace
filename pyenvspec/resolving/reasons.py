"""Why inputs, caches and settings of nixpkgs are there, as decisions that `explain` tells.

Takes what `resolve` has planned; chooses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.caches import caches_for
from pyenvspec.facts.input_sources import input_source
from pyenvspec.plan import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyenvspec.plan import Cache, FlakeInput, Nixpkgs, Shell
    from pyenvspec.resolving.releases.model import ReleaseChoice

_INPUT_REASONS = {
    "nixpkgs": ("nixpkgs", "all packages come from it"),
    "flake-parts": ("spec", "the generated module is one of flake-parts"),
    "devenv": ("shell", "`shell: devenv` builds the shell"),
    "git-hooks": ("devenv", "the hooks under `git-hooks` need it"),
    "nixpkgs-python": ("python.version", "the interpreter comes from it"),
    "cuda-legacy": ("cuda.version", "it adds the CUDA that nixpkgs no longer has"),
    "nixpkgs-cuda": ("cuda.version", "CUDA, and nothing else, comes from this older nixpkgs"),
    "poetry2nix": ("python.manager", "it reads poetry.lock"),
    "uv2nix": ("python.manager", "it reads uv.lock"),
    "pyproject-nix": ("python.manager", "uv2nix builds with it"),
    "pyproject-build-systems": ("python.manager", "it holds the build systems that uv.lock leaves out"),
}


def decide_inputs(inputs: Iterable[FlakeInput]) -> tuple[Decision, ...]:
    """Return one decision for each input."""
    return tuple(_decide_input(one) for one in inputs)


def _decide_input(flake_input: FlakeInput) -> Decision:
    key, reason = _INPUT_REASONS.get(flake_input.name, (f"inputs.{flake_input.name}", "asked for"))
    # `follows = ""`
    if any(not ours for _, ours in flake_input.follows):
        reason += "; its own inputs that nothing here needs are cut off"
    source = input_source(flake_input.name)
    return Decision(key, f"input {flake_input.name}", reason, source.source if source else None)


def decide_caches(caches: Iterable[Cache], choice: ReleaseChoice) -> tuple[Decision, ...]:
    """Return one decision for each binary cache: what it is wanted for."""
    # A cache that the user names as well is told by what needs it.
    needs = [*choice.inputs, *(["cuda"] if choice.cuda else [])]
    # Of two needs that one cache serves the last is told; either is true.
    served = {cache.url: (need, cache.source) for need in needs for cache in caches_for(need)}
    return tuple(_decide_cache(cache, served) for cache in caches)


def _decide_cache(cache: Cache, served: Mapping[str, tuple[str, str]]) -> Decision:
    if cache.url not in served:
        return Decision("caches", cache.name, "asked for")
    need, source = served[cache.url]
    return Decision(
        "caches", cache.name, f"has builds of {'CUDA packages' if need == 'cuda' else need}", source
    )


def decide_settings(nixpkgs: Nixpkgs, shells: Iterable[Shell], *, is_asked: bool) -> tuple[Decision, ...]:
    """Return why nixpkgs is configured as it is; `is_asked` when `unfree` is the user's own word."""
    decisions: list[Decision] = []
    if nixpkgs.unfree:
        reason = "asked for" if is_asked else "CUDA is unfree software"
        decisions.append(Decision("nixpkgs.unfree", "true", reason))
    for name in nixpkgs.unfree_packages:
        decisions.append(Decision("nixpkgs.unfree", name, "it is unfree, and what is asked for needs it"))
    if nixpkgs.insecure_python:
        reason = "nixpkgs refuses this Python as insecure; asking for the version permits it and nothing else"
        decisions.append(Decision("python.version", "permitted", reason))
    if nixpkgs.cuda_support:
        decisions.append(
            Decision("cuda", "cudaSupport", "Python packages that nixpkgs builds are to use the GPU")
        )
    if nixpkgs.capabilities:
        reason = "only for these GPUs; caches have the default set, so such packages are built here"
        decisions.append(Decision("cuda.capabilities", ", ".join(nixpkgs.capabilities), reason))
    for shell in shells:
        if shell.nixpkgs is not None:
            choice = "cudaSupport" if shell.nixpkgs.cuda_support else "no cudaSupport"
            reason = "nixpkgs builds Python packages for one CUDA or for none, so this variant has a set of its own"
            decisions.append(Decision(f"variants.{shell.name}.cuda", choice, reason))
    return tuple(decisions)
