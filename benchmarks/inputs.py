#!/usr/bin/env python3
"""How much a flake makes everyone fetch: nodes of flake.lock, and how many of them are a whole nixpkgs.

Ours are the locks of the examples, with pins made up for the inputs that each user pins; the others are counted by
`--count FILE…` in locks of other people's and kept in `others.json` with where they come from.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from measure import ROOT, keep, print_table

from pyenvspec.driver import compile_project, load_plan
from pyenvspec.pinning.flakelock import find_unknown, format_flake_lock
from pyenvspec.pinning.pinfile import FlakeRef, Pin
from pyenvspec.pinning.pins import tested_pins

OTHERS = Path(__file__).parent / "others.json"


def count(lock: dict[str, Any]) -> dict[str, int]:
    """Return the nodes besides the root, and the distinct revisions of nixpkgs among them."""
    locked = [node["locked"] for node in lock["nodes"].values() if "locked" in node]
    nixpkgs = {one["rev"] for one in locked if one.get("repo", "").lower() == "nixpkgs"}
    return {"nodes": len(locked), "nixpkgs": len(nixpkgs)}


def made_up(name: str, url: str) -> Pin:
    """Return a pin of an input whose revision the user decides; each name has a revision of its own."""
    owner, repo, *ref = url.removeprefix("github:").split("/")
    digest = hashlib.sha256(name.encode())
    nar_hash = "sha256-" + base64.b64encode(digest.digest()).decode()
    return Pin(FlakeRef(owner, repo, "/".join(ref) or None), digest.hexdigest()[:40], nar_hash, 1)


def count_ours(folder: Path) -> dict[str, int] | None:
    """Return the counts of one example; None where what its inputs bring is not known."""
    files = compile_project(folder).files
    if "flake.lock" in files:
        return count(json.loads(files["flake.lock"]))
    inputs = load_plan(folder).inputs
    tested = tested_pins(inputs)
    pins = {given.name: tested.get(given.name) or made_up(given.name, given.url) for given in inputs}
    return None if find_unknown(inputs, pins) else count(json.loads(format_flake_lock(inputs, pins)))


def main() -> int:
    """Count, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="nothing is kept")
    parser.add_argument(
        "--count", nargs="+", type=Path, metavar="FILE", help="only count these flake.lock files"
    )
    options = parser.parse_args()
    if options.count:
        for path in options.count:
            print(path, count(json.loads(path.read_text())))
        return 0
    ours = {
        path.parent.name: count_ours(path.parent) for path in sorted((ROOT / "examples").glob("*/env.yaml"))
    }
    others = json.loads(OTHERS.read_text())
    rows = [
        (f"examples/{name}", *(found.values() if found else ("unknown", ""))) for name, found in ours.items()
    ]
    rows += [(f"{row['name']} ({row['source']})", row["nodes"], row["nixpkgs"]) for row in others["locks"]]
    print_table(("flake.lock", "nodes", "nixpkgs"), rows)
    keep("inputs", {"ours": ours, "others": others["locks"]}, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
