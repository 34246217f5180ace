"""Cross-check of variables that look like secrets: env.yaml is committed, and its values end in the Nix store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.raw import locate

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext
    from pyenvspec.diagnostics import KeyPath

# The last word of a name: WANDB_API_KEY and HF_TOKEN, but not TOKENIZERS_PARALLELISM or TOKEN_LIMIT.
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
# MAX_TOKEN: 512 and USE_AUTH: true are settings.
_HARMLESS = r"(?i)[0-9.]*|true|false|none|null"


def check_secret(context: CheckContext, path: KeyPath, text: str) -> bool:
    """Warn of a value that nobody else should read, without showing it; return whether."""
    name = str(path[-1])
    # With `${…}` in it, it is a path of a package or of the project.
    is_named = _NAME.search(name) and not re.fullmatch(_HARMLESS, text) and "${" not in text
    if not is_named and not _VALUE.match(text):
        return False
    if path[0] == "containers":
        end = "in the image, for whoever gets it"
        hint = "give it when the container is started (`--env-file`)"
    else:
        # A name with a variable in it (`.env.$USER`) is none that can be written here.
        files = [file for file in context.shell.spec.dotenv if "$" not in file] or [".env"]
        listed = "" if context.shell.spec.dotenv else f", and `dotenv: [{files[0]}]` here"
        end = "in the Nix store, for all users"
        hint = f"write `{name}=…` into {files[0]}{listed}; keep {files[0]} out of git"
    raw = context.file.raw
    span = locate(context.shell.tree, path, key=True)
    # Findings end in logs of CI, which more people read than the repository. In `{A_TOKEN: x, B_TOKEN: y}` the rest of
    # the line holds secrets too, so that only the key is shown, where it stands.
    key = raw.line(span.line)[span.column - 1 : span.end_column - 1]
    context.findings.add(
        Diagnostic(
            "env-secret",
            f"`{name}` looks like a secret: here it is for all to read in git, and {end}",
            raw.file,
            span,
            f"{' ' * (span.column - 1)}{key}: …",
            expected="a file that is not committed",
            hint=hint,
            path=path,
            severity=Severity.WARNING,
        )
    )
    return True
