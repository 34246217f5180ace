"""`pyenvspec catalog`: where the offline names come from; `--update` lists the project's nixpkgs anew."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.facts.native import (
    CATALOGUE_HEADER,
    catalogue_names,
    catalogue_sources,
    forget_catalogue,
    own_catalogue,
)
from pyenvspec.options import Options, add_json
from pyenvspec.pinning.pins import pin_inputs, read_pins, usable_pins
from pyenvspec.reporter import put, say
from pyenvspec.tools import SystemRunner, nix_argv
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    import argparse

    from pyenvspec.tools import Result

_PATIENCE = 1800.0
_FEWEST = 100


@dataclass(frozen=True, slots=True)
class CatalogOptions(Options):
    """What this command can be told besides."""

    refresh: bool = False


def declare(parser: argparse.ArgumentParser) -> type[CatalogOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "--update", dest="refresh", action="store_true", help="list this project's nixpkgs anew, with Nix"
    )
    return CatalogOptions


def run(options: CatalogOptions) -> int:
    """Say what the catalogue is, after making it anew with `--update`."""
    if options.refresh:
        _update(options)
    sources = catalogue_sources()
    if options.json:
        put(json.dumps({"names": len(catalogue_names()), "sources": sources}, indent=2) + "\n")
        return 0
    put(f"{len(catalogue_names())} names of nixpkgs packages, from:\n")
    for word, text in sources.items():
        put(f"  {word}: {text}\n")
    return 0


def _update(options: CatalogOptions) -> None:
    reference = _nixpkgs(options)
    if not options.quiet:
        say(f"Listing {reference}; this takes some minutes.")
    # `^` is a pattern that every package matches.
    asked = SystemRunner().run(
        nix_argv("search", "--json", "--quiet", reference, "^"), timeout=_PATIENCE, cwd=options.directory
    )
    rows = _parse(asked)
    path = own_catalogue()
    text = format_catalogue(rows, reference)
    with explained(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    forget_catalogue()


def _nixpkgs(options: CatalogOptions) -> str:
    """Return the reference of the project's nixpkgs, pinned where env.lock.json pins it."""
    if not (options.directory / MANIFEST).exists():
        raise _failed("there is no env.yaml here, so no nixpkgs is chosen", "name its folder with `-C DIR`")
    plan = load_plan(options.directory)
    pins = usable_pins(plan.inputs, read_pins(options.directory))
    return next(given.url for given in pin_inputs(plan.inputs, pins) if given.name == "nixpkgs")


def _parse(asked: Result) -> dict[str, str]:
    """Return descriptions by attribute; nix names them `legacyPackages.SYSTEM.ATTRIBUTE`."""
    if asked.missing:
        raise _failed("the program `nix` is not installed", "run `pyenvspec doctor`")
    if not asked.ok:
        lines = [line.strip() for line in asked.stderr.splitlines() if "error:" in line]
        reason = "it took too long" if asked.timed_out else (lines[-1] if lines else "no reason given")
        raise _failed(f"nix could not list the packages: {reason}", "run `pyenvspec doctor`")
    try:
        found: dict[str, Any] = json.loads(asked.stdout)
        rows = {name.split(".", 2)[2]: str(row["description"]) for name, row in found.items()}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise _failed("nix printed something else than a list of packages", "run it again") from None
    if len(rows) < _FEWEST:
        raise _failed(f"nix listed {len(rows)} packages, which is not all of nixpkgs", "run it again")
    return rows


def format_catalogue(rows: dict[str, str], reference: str) -> str:
    """Return the file: attributes in order, each description on one line."""
    head = f"{CATALOGUE_HEADER}: attribute, source, description; separated by tabs.\n"
    head += f"# source nix: {reference}, listed by `nix search` (status verified)\n"
    return head + "".join(f"{name}\tnix\t{' '.join(text.split())}\n" for name, text in sorted(rows.items()))


def _failed(message: str, hint: str) -> PyenvspecError:
    return PyenvspecError(Diagnostic("catalog-failed", message, "catalogue", hint=hint))
