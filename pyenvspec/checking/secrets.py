"""Cross-check of variables that look like secrets: env.yaml is committed, and its values end in the Nix store."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.raw import locate

if TYPE_CHECKING:
    from pyenvspec.checking.place import Place
    from pyenvspec.diagnostics import KeyPath

_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|SECRET_KEY|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|ACCESS_KEY_ID|PRIVATE_KEY"
    r"|CREDENTIALS?|AUTH)$",
    re.IGNORECASE,
)
# What the keys of much used services start with.
_VALUE = re.compile(
    r"(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|ASIA|AIza|pypi-|npm_|eyJ)[A-Za-z0-9_.-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    # user and password of an address
    r"|[a-z][a-z0-9+.-]*://[^/\s:@$]*:[^/\s@$]+@"
)
_HARMLESS = re.compile(r"[0-9.]*|true|false|none|null", re.IGNORECASE)


def check_secret(place: Place, path: KeyPath, text: str) -> None:
    """Warn of a value that nobody else should read; it is not shown."""
    name = str(path[-1])
    is_named = _NAME.search(name) and not _HARMLESS.fullmatch(text) and "${" not in text
    if not is_named and not _VALUE.match(text):
        return
    raw = place.file.raw
    span = locate(place.shell.tree, path, key=True)
    files = [file for file in place.shell.spec.dotenv if "$" not in file] or [".env"]
    listed = "" if place.shell.spec.dotenv else f", and `dotenv: [{files[0]}]` here"
    end = (
        "in the image, for whoever gets it" if path[0] == "containers" else "in the Nix store, for all users"
    )
    where = "give it when the container is started (`--env-file`)"
    if path[0] != "containers":
        where = f"write `{name}=…` into {files[0]}{listed}; keep {files[0]} out of git"
    place.findings.add(
        replace(
            Diagnostic(
                "env-secret", f"`{name}` looks like a secret: here it is for all to read in git, and {end}"
            ),
            file=raw.file,
            span=span,
            source_line=raw.line(span.line).replace(text, "…") if text else raw.line(span.line),
            expected="a file that is not committed",
            hint=where,
            path=path,
            severity=Severity.WARNING,
        )
    )
