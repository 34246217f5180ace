"""What a user is told: positions, diagnostics and the registry of their codes.

Imports nothing of pyenvspec but `records`. Every pass returns or raises `Diagnostic` values; only `reporter`
prints them.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum

from pyenvspec.records import dataclass

KeyPath = tuple[str | int, ...]
"""Path of a value in env.yaml: mapping keys as `str`, list positions as 0-based `int`."""


class Severity(StrEnum):
    """How much a diagnostic weighs; only `ERROR` stops a compile."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of text; lines and columns count from 1, columns in characters, `end_column` exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1 or (self.end_line, self.end_column) < (self.line, self.column):
            raise ValueError(f"not a span: {self}")


@dataclass(frozen=True)
class Diagnostic:
    """One finding in the four parts of a message: where, what, what was expected, what to do.

    `file` is the name as the user knows it (`env.yaml`), `source_line` the user's own line at `span.line`.
    `expected` goes beside the caret; `hint` is one imperative sentence or a line to paste.
    """

    code: str
    message: str
    file: str = "env.yaml"
    span: Span | None = None
    source_line: str | None = None
    expected: str | None = None
    hint: str | None = None
    path: KeyPath = ()
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unregistered diagnostic code: {self.code}")


class PyenvspecError(Exception):
    """Base of all expected failures; carries what the user is told. Never raised bare."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics


MOST_FINDINGS = 100
"""Nobody reads more at once, and some of them cost a look at all of nixpkgs."""


@dataclass()
class Diagnostics:
    """A growing list of findings that a pass fills and its caller reads."""

    items: list[Diagnostic] = field(default_factory=list)
    left_out: int = 0
    _known: set[Diagnostic] = field(default_factory=set, repr=False)
    _has_left_out_errors: bool = False

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a finding once, however many shells of the file lead to it; the first `MOST_FINDINGS` of them."""
        if diagnostic in self._known:
            return
        if self.is_full:
            self.left_out += 1
            self._has_left_out_errors |= diagnostic.severity is Severity.ERROR
            return
        self._known.add(diagnostic)
        self.items.append(diagnostic)

    def merge(self, others: Diagnostics) -> None:
        """Keep the findings of another pass too."""
        for diagnostic in others.items:
            self.add(diagnostic)
        self.left_out += others.left_out
        self._has_left_out_errors |= others._has_left_out_errors

    @property
    def is_full(self) -> bool:
        """Whether no more is kept: what is found from here on need not be worded."""
        return len(self.items) >= MOST_FINDINGS

    @property
    def has_errors(self) -> bool:
        """Whether anything found stops the compile."""
        return self._has_left_out_errors or any(d.severity is Severity.ERROR for d in self.items)

    def ordered(self) -> tuple[Diagnostic, ...]:
        """Findings by position in the file, those without one last; the last one says how many are left out."""
        findings = sorted(self.items, key=_position)
        if self.left_out:
            more = f"{self.left_out:,} more findings are left out: mend these first"
            findings[-1] = replace(
                findings[-1], hint=f"{findings[-1].hint}\n{more}" if findings[-1].hint else more
            )
        return tuple(findings)


def _position(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span
    # Behind every line that a file can have.
    line, column = (span.line, span.column) if span else (2**31, 0)
    return diagnostic.file, line, column, diagnostic.code, diagnostic.message


CODES: dict[str, str] = {
    # validating
    "unknown-key": "a key does not exist",
    "key-spelling": "a key is spelled in camelCase or kebab-case instead of snake_case",
    "missing-key": "a key that is needed is not there",
    "wrong-type": "a value is of another kind than its key takes",
    "invalid-value": "a value does not have the form that its key takes",
    "invalid-choice": "a value is none of those that its key takes",
    "variant-invalid": "a variant merged over the rest of the file is not valid",
    "variant-key": "a variant gives a key that belongs to the whole file",
    # cross-checks
    "cache-key-foreign": "address and key of a binary cache are not of the same known cache",
    "cache-key-missing": "a binary cache is given without its public key",
    "cache-unknown": "a binary cache is not known, or not served any more",
    "container-unknown-variant": "an image of a shell that does not exist",
    "container-installs": "an engine installs an image's Python packages, as no lock names their files by hash",
    "container-without-packages": "an image will hold no Python packages, as there is no lock that names their files",
    "conda-file": "env.yaml is an environment file of conda",
    "cuda-capability": "a GPU generation is not one that this CUDA compiles for",
    "cuda-on-darwin": "CUDA is asked for on macOS",
    "cuda-not-asked": "something of the CUDA package set is used without `cuda`",
    "cuda-unknown": "the CUDA package set has no package of that name",
    "cuda-unfree": "CUDA is asked for and unfree packages are refused",
    "env-interpolation": "a `${…}` is none of ${project}, ${pkgs.X}, ${cuda.X}",
    "env-secret": "a variable looks like a secret, and env.yaml is no place for one",
    "env-literal": "the value of a variable looks as if a shell would fill it in, and none does",
    "env-reserved": "a variable is one that the shell or bash sets itself",
    "key-not-for-manager": "a key has no meaning for the manager in use",
    "library-path": "LD_LIBRARY_PATH or LD_PRELOAD is set for the whole shell",
    "manager-ambiguous": "the project has locks of two managers",
    "name-reserved": "a name is one that pyenvspec uses itself",
    "native-broken": "nixpkgs marks a package as broken, or as not for Linux",
    "native-gone": "the release that is used no longer has a package, or not yet",
    "native-insecure": "nixpkgs refuses a package because of known vulnerabilities",
    "native-not-a-package": "a name is a set of packages or a function",
    "native-on-macos": "libraries of `native` are not visible to Python on macOS",
    "native-refused": "a package is one that must not come from nixpkgs",
    "native-unfree": "a package is unfree, and unfree packages are refused",
    "native-unknown": "a name is not one of nixpkgs",
    "override-conflict": "parts of an override contradict each other",
    "path-missing": "a path that env.yaml names does not exist",
    "path-outside-project": "a path leaves the project",
    "port-taken": "two processes listen on one port",
    "process-unknown": "a process waits for one that is not there, or for itself",
    "poetry2nix-unmaintained": "a manager is used that nobody keeps up any more",
    "required-version": "the project asks for another version of pyenvspec",
    "python-version": "a Python version is not precise enough",
    "run-engine": "a target of `run` has no engine, or several",
    "run-container": "a target of `run` takes an image that does not exist",
    "run-no-image": "an engine cannot get the image, as nothing says where it is",
    "run-wants-base": "an engine wants a distribution in the image",
    "devenv-option": "devenv has no such option, or it takes another value",
    "service-option": "a service of devenv has no such option",
    "service-unknown": "devenv has no such service",
    "services-need-devenv": "services are asked for in a native shell",
    # editing env.yaml
    "edit-refused": "env.yaml is written in a way that cannot be edited by a program",
    "edit-not-listed": "a package that is to be removed is not in env.yaml",
    # writing
    "write-conflict": "a file that pyenvspec would write is the user's own",
    "write-blocked": "a symlink, a folder or a special file is where a generated file goes",
    "write-failed": "the file system refuses to read or write a generated file",
    "write-locked": "another pyenvspec is writing to the same project",
    "write-kept-copy": "a user's file was replaced and kept as a copy",
    "stale-output": "a generated file is not what env.yaml says",
    "git-add-failed": "git could not be told of new files",
    # locking: the file
    "lock-syntax": "env.lock.json is not valid JSON",
    "lock-conflict": "env.lock.json holds the marks of a git merge conflict",
    "lock-duplicate-key": "a key is given twice in env.lock.json",
    "lock-format": "env.lock.json has a format that this pyenvspec does not know",
    "lock-invalid": "a value of env.lock.json is missing or has another form",
    "lock-revision": "a revision in env.lock.json is not 40 hexadecimal digits",
    "lock-hash": "a hash in env.lock.json is not a SHA-256 in SRI form",
    "lock-mismatch": "a hash in env.lock.json does not belong to its revision",
    "lock-missing-pin": "an input has no pin in env.lock.json",
    "lock-stale-pin": "a pin in env.lock.json is for another repository or ref than is asked for",
    "lock-unknown-input": "an input named on the command line does not exist",
    # locking: nix-prefetch-github
    "prefetch-missing": "nix-prefetch-github is not installed",
    "prefetch-old": "nix-prefetch-github is too old",
    "prefetch-incomplete": "a program that nix-prefetch-github needs is not there",
    "prefetch-timeout": "nix-prefetch-github took too long",
    "prefetch-network": "GitHub cannot be reached",
    "prefetch-rate-limit": "GitHub refuses more requests for now",
    "prefetch-repository": "GitHub has no such public repository",
    "prefetch-ref": "a repository has no such branch, tag or revision",
    "prefetch-failed": "nix-prefetch-github failed for another reason",
    "prefetch-answer": "nix-prefetch-github printed something else than its JSON",
    "prefetch-hash": "nix-prefetch-github printed a hash of another form",
    "prefetch-mismatch": "nix-prefetch-github answered for another repository or revision",
    # writing the first env.yaml
    "init-below": "the projects are in folders below this one",
    "init-exists": "there is an env.yaml already",
    "init-source": "a file that env.yaml is to be made from is missing or not understood",
    "init-manager": "a manager does not exist, or cannot build this project",
    "init-template": "there is no such template",
    # locks of Python packages
    "package-lock-missing": "the lock that the manager builds from does not exist",
    "package-lock-syntax": "a lock of Python packages is not valid TOML",
    "package-lock-conflict": "a lock of Python packages holds the marks of a git merge conflict",
    "package-lock-format": "a lock of Python packages has a format that this pyenvspec does not know",
    "package-lock-stale": "a lock of Python packages is not that of its pyproject.toml",
    "package-lock-project": "pyproject.toml is missing, broken, or not of the kind that the manager reads",
    "package-lock-python": "a lock of Python packages is for another Python",
    "package-lock-no-wheel": "a package has no wheel for the Python and systems asked for, and no source",
    "package-lock-no-sdist": "a package is to be built and has no source",
    "build-isolated": "a build imports another package, which an isolated build does not have",
    "package-lock-unknown-name": "a package named in env.yaml is not in the lock",
    "package-lock-conflicting-extras": "extras or groups are chosen that the lock says exclude each other",
    "package-lock-unknown-group": "a dependency group or extra does not exist in the project",
    "package-lock-outside": "a package comes from a path outside the project",
    "requirement-no-wheel": "a pinned requirement has no wheel for the Python asked for",
    "package-lock-index": "packages come from an index that may ask for a password",
    # running Nix
    "nix-missing": "the program nix is not installed",
    "nix-unasked": "getting Nix was not agreed to",
    "host-python-missing": "`shell --host` found no Python of the version asked for",
    "host-program-missing": "`shell --host` needs a program that is not installed",
    "engine-missing": "the program that a command hands over to is missing",
    "variant-unknown": "a shell named on the command line does not exist",
    "cache-not-filled": "a binary cache is to be filled, and env.yaml does not say which",
    "run-unknown": "a target of `run` named on the command line does not exist",
    "run-no-command": "nothing is given to run on a cluster",
    "ship-host": "the machine named on the command line is no address",
    "container-base": "an image over another one is to become a file that opens by itself",
    "container-unknown": "a container named on the command line does not exist",
    "container-no-registry": "an image is to be pushed, and env.yaml does not say where",
    "clean-unasked": "taking away what is not needed was not agreed to",
    # resolving
    "no-release": "no nixpkgs release, alone or with the inputs known, has what is asked for",
    "release-newer": "the nixpkgs release asked for is newer than those that are known here",
    "release-ended": "the nixpkgs release that is used no longer gets security fixes",
    # reading
    "file-not-found": "env.yaml, or a file that it names, does not exist",
    "file-unreadable": "a file exists and cannot be read",
    "file-too-large": "env.yaml is larger than 1 MiB",
    "not-utf8": "env.yaml is not UTF-8 text",
    "empty-file": "env.yaml has no content",
    "yaml-syntax": "env.yaml is not valid YAML",
    "yaml-conflict": "env.yaml holds the marks of a git merge conflict",
    "yaml-lookalike": "a character looks like one of YAML's own and is another, such as a full-width colon",
    "yaml-tab": "a tab is used where YAML wants spaces",
    "yaml-second-document": "env.yaml holds more than one YAML document",
    "yaml-tag": "a YAML tag is used",
    "yaml-alias-loop": "an alias or merge key refers to itself",
    "yaml-alias-bomb": "aliases expand to too many values",
    "yaml-merge": "a merge key (`<<`) is given something that is not a mapping",
    "yaml-key": "a key is not a plain text",
    "yaml-top-level": "env.yaml holds something else than keys with values",
    "yaml-nesting": "values are nested too deeply",
    "duplicate-key": "a key is given twice in one mapping",
    "ambiguous-boolean": "a word that older YAML takes for a boolean is not quoted",
    "control-character": "a text holds a character that no Nix string or shell can carry",
}
