"""Opens a shell again from the environment that is kept of it, before anything slow is imported.

The first `pyenvspec shell` becomes `nix develop --profile`, which keeps the environment from Nix's garbage collector;
entering it (nix/modules/enter.sh) keeps the stamp of everything that it came from. While that stamp is what is on
the disk, the next one takes the environment as a script and starts neither Nix nor a compile. The code of entering
runs as ever, so `.venv`, `dotenv` and `on_enter` are current.

Kept in the user's cache folder, by project and variant: `profile` (of Nix), `project` (its folder), `stamp`,
`bash` (the one that `nix develop` started), `script` (the environment as bash code).
"""

from __future__ import annotations

import os

from pyenvspec.shortcuts import uptodate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FORMAT = "pyenvspec shell 1"
READER = ("bash",)
"""What runs where commands come from a pipe or a file: a bash that is not typed into reads none of what sets it up."""
# `--rcfile` takes the place of ~/.bashrc, so the script reads that itself. Aliases that are set there must not
# change what the code of the environment runs, and that code must not see the words of the command as its own.
_SCRIPT = """\
_pyenvspec_words=("$@")
set --
if [[ $- == *i* && -e ~/.bashrc ]]; then source ~/.bashrc; fi
shopt -u expand_aliases
source "$PYENVSPEC_KEPT/script"
shopt -s expand_aliases
SHELL=$BASH
unset PYENVSPEC_KEPT
[[ ${#_pyenvspec_words[@]} -eq 0 ]] || exec -- "${_pyenvspec_words[@]}"
unset _pyenvspec_words
"""


def reopen(argv: Sequence[str]) -> int | None:
    """Become the kept shell where this command line asks for one that is current; None for all else."""
    try:
        directory, variant, command = _read_words(argv)
        folder = folder_of(directory, variant)
        if not is_current(directory, folder) or not os.path.exists(os.path.join(folder, "script")):
            return None
        # It returns only where that could not be done.
        _become(directory, folder, command)
    except (OSError, ValueError):
        # Whatever is odd is left to the command itself, which has words for it.
        pass
    return None


def _read_words(argv: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    """Return folder, variant and command; ValueError where the command line has anything else."""
    directory, variant = ".", ""
    words = iter(argv)
    if next(words, None) != "shell":
        raise ValueError
    for word in words:
        if word == "--":
            command = tuple(words)
            if not command:
                raise ValueError
            return directory, variant or "default", command
        if word == "-C":
            directory = next(words, "")
        elif word in ("-q", "--quiet"):
            continue
        elif word.startswith("-") or variant:
            raise ValueError
        else:
            variant = word
    return directory, variant or "default", ()


def folder_of(directory: str, variant: str) -> str:
    """Return the folder in which the shell of a project is kept; ValueError where there is no cache."""
    digest = uptodate.digest(os.fsencode(f"{os.path.realpath(directory)}\0{variant}"))[:32]
    compiled = os.path.dirname(uptodate.record_path(""))
    return os.path.join(os.path.dirname(compiled), "shells", digest)


def is_current(directory: str, folder: str) -> bool:
    """Whether the environment is there and came from what is on the disk now."""
    with open(os.path.join(folder, "stamp"), encoding="utf-8", errors="surrogateescape") as stream:
        form, tool, *entries = stream.read().split("\n")
    with open(os.path.join(folder, "bash"), encoding="utf-8") as stream:
        bash = stream.read()
    # Its bash may be gone with Nix's garbage, where the profile was removed by hand.
    if form != _FORMAT or tool != _tool() or not os.access(bash, os.X_OK):
        return False
    # The link stays when Nix collects what it leads to.
    if not os.path.exists(os.path.realpath(os.path.join(folder, "profile"))):
        return False
    root = os.path.realpath(directory)
    for entry in entries:
        state, _, path = entry.partition("\t")
        if uptodate.state_at(root, path, state[:1]) != state:
            return False
    return True


def _tool() -> str:
    """Return what stands for this pyenvspec, however its Python was started."""
    return str(uptodate.digest("\n".join(uptodate.own_files()).encode(errors="surrogateescape")))


def write_stamp(directory: str, folder: str, paths: Sequence[str]) -> None:
    """Write down what a shell is about to be made from; entering it makes this the stamp.

    `paths` are what it comes from besides the files of the flake, folders with all that is in them.
    """
    root = os.path.realpath(directory)
    files = {"env.yaml", "flake.nix", "flake.lock", "env.lock.json"}
    for path in ("nix", *paths):
        files |= set(_files_below(root, path))
    entries = [f"{uptodate.state_at(root, path, '=')}\t{path}" for path in sorted(files)]
    if os.path.isdir(os.path.join(root, "nix")):
        entries.append(f"{uptodate.state_at(root, 'nix', 'l')}\tnix")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # Until the new shell has been entered, nothing here may pass for a whole one.
    for name in ("stamp", "script", "start"):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    text = "\n".join([_FORMAT, _tool(), *entries])
    with open(os.path.join(folder, "project"), "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(root)
    with open(os.path.join(folder, "stamp.new"), "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)


def _files_below(root: str, path: str) -> Iterator[str]:
    whole = os.path.join(root, path)
    if not os.path.isdir(whole):
        yield path
        return
    for folder, _, names in os.walk(whole):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def start(folder: str, command: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command line of a kept shell, and its variables; OSError where it is not whole."""
    with open(os.path.join(folder, "bash"), encoding="utf-8") as stream:
        bash = stream.read()
    path = os.path.join(folder, "start")
    if not os.path.exists(path):
        draft = f"{path}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as stream:
            stream.write(_SCRIPT)
        os.replace(draft, path)
    words = (path, *command) if command else ("--rcfile", path)
    # `impure` is what `nix develop` has there.
    return (bash, *words), {"PYENVSPEC_KEPT": folder, "IN_NIX_SHELL": "impure"}


def _become(directory: str, folder: str, command: Sequence[str]) -> None:
    argv, env = start(folder, command or (() if os.isatty(0) else READER))
    os.chdir(directory)
    os.execve(argv[0], argv, {**os.environ, **env})
