#!/usr/bin/env python3
"""A stand-in for `nix-prefetch-github` 7.1, put on PATH under that name by the tests; no network.

It takes the real program's arguments and answers as the real one does, from the table in the file that
STAND_IN_ANSWERS names: "owner/repo" to {"rev", "hash", "date", "time"}, or to {"fault": …} for one of the
real one's ways to fail. Each call is noted in STAND_IN_CALLS.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

NO_REVISION = (
    "Prefetch failed: Unable to locate revision. nix-prefetch-github failed to find a matching revision "
    "to download from github. Have you spelled the repository owner, repository name and revision name "
    "correctly?"
)
NO_HASH = (
    "Prefetch failed: Unable to calculate hash sum. nix-prefetch-github failed to calculate a sha256 hash "
    "for the requested github repository. Do you have nix-prefetch-git, nix-prefetch-url and nix-build in "
    "your PATH?"
)
# What git and Nix say before it, which the real program passes on with -v.
FAULTS = {
    "network": (
        "INFO: fatal: unable to access 'https://github.com/{0}.git/': Could not resolve host: github.com\n",
        NO_REVISION,
    ),
    "rate-limit": ("INFO: error: unable to download 'https://github.com/{0}': HTTP error 429\n", NO_HASH),
    "no-repository": (
        "INFO: fatal: could not read Username for 'https://github.com': terminal prompts disabled\n",
        NO_REVISION,
    ),
    "no-ref": ("INFO: Running command: git ls-remote --symref https://github.com/{0}.git\n", NO_REVISION),
    "no-revision": (
        "INFO: error: unable to download 'https://github.com/{0}/archive/x.tar.gz': HTTP error 404\n",
        NO_HASH,
    ),
    "no-nixpkgs": ("INFO: error: file 'nixpkgs' was not found in the Nix search path\n", NO_HASH),
    "server": (
        "INFO: fatal: unable to access 'https://github.com/{0}.git/': "
        "The requested URL returned error: 500\n",
        NO_REVISION,
    ),
}


def main() -> int:
    """Answer one call."""
    parser = argparse.ArgumentParser("nix-prefetch-github")
    for flag in ("--meta", "--json", "--nix", "--quiet"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--rev")
    parser.add_argument("owner")
    parser.add_argument("repo")
    given = parser.parse_args()
    repository = f"{given.owner}/{given.repo}"
    with Path(os.environ["STAND_IN_CALLS"]).open("a") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    answer = json.loads(Path(os.environ["STAND_IN_ANSWERS"]).read_text())[repository]
    match answer.get("fault"):
        case None:
            sys.stdout.write(json.dumps(document(given, answer), indent=4) + "\n")
        case "hang":
            time.sleep(600)
        case "nonsense":
            sys.stdout.write("<html>Unicorn!</html>\n")
        case "old":
            parser.error("unrecognized arguments: --meta")
        case fault:
            before, last = FAULTS[fault]
            sys.stderr.write(f"{before.format(repository)}{last}\n")
            return 1
    return 0


def document(given: argparse.Namespace, answer: dict[str, str]) -> dict[str, object]:
    """The JSON of --meta; GitHub may refuse to tell the date."""
    src = {"owner": answer.get("owner", given.owner), "repo": given.repo}
    src |= {"rev": answer.get("rev", given.rev), "hash": answer["hash"]}
    times = {"commitDate": "date", "commitTimeOfDay": "time"}
    meta = {key: answer[column] for key, column in times.items() if column in answer}
    return {"src": src, "meta": meta}


if __name__ == "__main__":
    raise SystemExit(main())
