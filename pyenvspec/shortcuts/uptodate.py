"""Answers a compile that has nothing to do, before anything slow is imported.

After a compile that left the project up to date, a small record is kept in the user's cache folder: the digest of
each file of the project that was read, whether each path that was looked for was there, the digest of each file
written, the state of git's index, and of pyenvspec itself. `skip_compile` compares all of that with the disk; where
anything differs, is missing or is not understood it says nothing, and the full compile runs.

What was read is known from Python itself (`sys.addaudithook`), so no pass has to tell, and none can forget to.
Nothing here imports what `python -c pass` has not imported already, but for one C module.
"""

from __future__ import annotations

import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    _Identity = tuple[int, ...] | None

_FORMAT = "pyenvspec record 1"
_FOLDER = "nix/pyenvspec"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A file written less than this before it is read can change again without its times showing it.
_SETTLED = 50_000_000
_MOST_BYTES = 64 * 1024 * 1024

is_wanted = False
"""Whether this process is one command line, and not a program that uses our modules."""

_opened: dict[str, _Identity] | None = None
"""Path → identity and times of each file when it was first opened; None where nobody watches."""


def skip_compile(argv: Sequence[str]) -> int | None:
    """Return the exit code where this command line asks for what is there already; None for all else."""
    try:
        folder, check, quiet = _read_words(argv)
        root = os.path.realpath(folder)
        shown = _shown_if_current(root)
    # Whatever is odd is left to the compile, which has words for it.
    except (OSError, ValueError):
        return None
    _tell(shown, done=not (check or quiet), quiet=quiet)
    return 0


def watch() -> None:
    """From now on, keep which files are opened: `remember` needs them. It cannot be undone, so it must be wanted."""
    global _opened
    if not is_wanted or _opened is not None:
        return
    _opened = {}
    seen = _opened

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        # A file is opened by a number or bytes too, never by our readers of the project.
        if event == "open" and isinstance(arguments[0], str) and arguments[0] not in seen:
            seen[arguments[0]] = None  # first, since `stat` must not come here again
            seen[arguments[0]] = _identity(arguments[0])

    sys.addaudithook(note)


def remember(
    root: str, looked_for: Mapping[str, bool], outputs: Mapping[str, bytes], shown: tuple[str, str]
) -> None:
    """Keep a record of a compile that left everything up to date; that it cannot is not worth a word.

    `looked_for` says of paths whether they were there, `outputs` what the files written hold, `shown` is the
    text of the findings without and with colours.
    """
    if _opened is not None:
        try:  # noqa: SIM105 (contextlib is slow to import)
            _write(os.path.realpath(root), looked_for, outputs, shown)
        except (OSError, ValueError):
            pass


def _read_words(argv: Sequence[str]) -> tuple[str, bool, bool]:
    """Return folder, `--check` and `--quiet`; ValueError where the command line has anything else."""
    folder, check, quiet = ".", False, False
    words = iter(argv)
    if next(words, None) != "compile":
        raise ValueError
    for word in words:
        if word == "-C":
            folder = next(words, "")
            if not folder or folder.startswith("-"):
                raise ValueError
        elif word == "--check":
            check = True
        elif word in ("-q", "--quiet"):
            quiet = True
        else:
            raise ValueError
    return folder, check, quiet


def _shown_if_current(root: str) -> tuple[str, str]:
    """Return the findings of the record; ValueError or OSError where it is not what is on the disk."""
    with open(record_path(root), "rb") as stream:
        expected, _, body = stream.read().partition(b"\n")
    # A record that was cut off, by a full disk say, is none.
    if expected.decode() != digest(body):
        raise ValueError
    head, _, rest = body.partition(b"\n\n")
    form, tool, git, *entries = os.fsdecode(head).split("\n")
    if form != _FORMAT or tool != _tool() or git != _git(root):
        raise ValueError
    for entry in entries:
        state, _, path = entry.partition("\t")
        if state_at(root, path, state[:1]) != state:
            raise ValueError
    plain, _, colored = rest.decode().partition("\0")
    return plain, colored


def _tell(shown: tuple[str, str], *, done: bool, quiet: bool) -> None:
    if shown[0] and not quiet:
        from pyenvspec.reporter import emit, wants_color

        emit(shown[wants_color(sys.stderr)], sys.stderr)
    if done:
        from pyenvspec.locale.language import translated

        text = translated("Everything is up to date.") + "\n"
        try:  # noqa: SIM105
            os.write(2, text.encode(getattr(sys.stderr, "encoding", None) or "utf-8", "replace"))
        except OSError:  # nobody reads it
            pass


def _write(
    root: str, looked_for: Mapping[str, bool], outputs: Mapping[str, bytes], shown: tuple[str, str]
) -> None:
    read = {path: was for path, was in _files_read(root) if path not in outputs}
    changed = any(_is_unsure(os.path.join(root, path), was) for path, was in read.items())
    unread = {path: there for path, there in looked_for.items() if path not in read}
    changed |= any(os.path.exists(os.path.join(root, path)) != there for path, there in unread.items())
    if changed or _is_unsure(_index(root)):
        raise ValueError
    folders = {parent for path in outputs for parent in _parents(path)}
    entries = [f"o{digest(content)}\t{path}" for path, content in outputs.items()]
    entries += [f"{state_at(root, path, '=')}\t{path}" for path in read]
    entries += [f"{state_at(root, path, 'k')}\t{path}" for path in unread.keys() | folders]
    entries += [f"{state_at(root, folder, 'l')}\t{folder}" for folder in (_FOLDER, f"{_FOLDER}/vendor")]
    lines = [_FORMAT, _tool(), _git(root), *sorted(entries)]
    # A path with a line end would be two entries.
    if any("\n" in line for line in lines):
        raise ValueError
    # Findings have no NUL in them: the reporter spells out what a terminal would act on.
    body = os.fsencode("\n".join(lines)) + b"\n\n" + "\0".join(shown).encode()
    path = record_path(root)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    draft = f"{path}.{os.getpid()}"
    with open(draft, "wb") as stream:
        stream.write(digest(body).encode() + b"\n" + body)
    os.replace(draft, path)


def _parents(path: str) -> Iterator[str]:
    while path := os.path.dirname(path):
        yield path


def _files_read(root: str) -> Iterator[tuple[str, _Identity]]:
    """Yield the files of the project that were opened, and what they were then; not those of Python and git."""
    others = tuple(os.path.join(folder, "") for folder in (sys.prefix, _PACKAGE, os.path.join(root, ".git")))
    others += (os.path.join(root, ".pyenvspec-"),)  # what a compile makes and takes away again
    # A copy: looking at a path may open another file.
    for path, was in dict(_opened or {}).items():
        # Only the folder: a link as the last part is a file of the project, whatever it leads to.
        whole = os.path.realpath(os.path.dirname(path)) + os.sep + os.path.basename(path)
        is_folder = was is not None and stat.S_ISDIR(was[0])
        if whole.startswith(root + os.sep) and not whole.startswith(others) and not is_folder:
            yield os.path.relpath(whole, root), was


def _is_unsure(path: str, was: _Identity | str = "") -> bool:
    """Whether a file is another than it was, or is so fresh that it could become so without its times telling."""
    now = _identity(path)
    return was not in ("", now) or (now is not None and time.time_ns() - max(now[-2:]) < _SETTLED)


def _identity(path: str) -> _Identity:
    try:
        status = os.stat(path)
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return status.st_mode, status.st_dev, status.st_ino, status.st_size, *times


def state_at(root: str, path: str, kind: str) -> str:
    """Return what is at a path: o the content of a plain file of ours · = of any file · k what is there · l names."""
    whole = os.path.join(root, path)
    if kind == "l":
        return f"l{digest(chr(0).join(sorted(_names(whole))).encode(errors='surrogateescape'))}"
    try:
        mode = (os.lstat if kind == "o" else os.stat)(whole).st_mode
    except FileNotFoundError:
        return f"{kind}nothing"
    if kind == "k" or not stat.S_ISREG(mode):
        link = "link" if stat.S_ISLNK(os.lstat(whole).st_mode) else ""
        return f"{kind}{stat.S_IFMT(mode):o}{link}"
    with open(whole, "rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:  # none of ours, and nothing that was read
        raise ValueError
    return f"{kind}{digest(content)}"


def _names(folder: str) -> Iterator[str]:
    """Yield the paths of all that is in a folder, with what it is."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            yield f"{entry.path}{'/' if is_folder else ''}"
            if is_folder:
                yield from _names(entry.path)


def _git(root: str) -> str:
    """Return which files git knows, as far as a look at its index tells; Nix sees no others."""
    index = _index(root)
    return f"{index} {_identity(index)}" if index else "no git"


def _index(root: str) -> str:
    """Return the index of the nearest `.git` upwards, which is Nix's too; empty where there is none."""
    folder = root
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    place = os.path.join(folder, ".git")
    if not os.path.isdir(place):  # a worktree or submodule: the file says where
        if not stat.S_ISREG(os.stat(place).st_mode):
            raise ValueError
        with open(place, "rb") as stream:
            place = os.path.join(folder, os.fsdecode(stream.read(4096).strip()).removeprefix("gitdir: "))
    return os.path.join(place, "index")


def _tool() -> str:
    """Return what stands for this pyenvspec: its files' sizes and times, its Python and language, and sys.path."""
    # What is told is kept in the language of the locale.
    language = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    # The time of a folder of sys.path changes when pip installs into it.
    parts = [sys.version, *language, *(f"{path} {_identity(path)}" for path in sys.path), *own_files()]
    return digest("\n".join(parts).encode(errors="surrogateescape"))


def own_files() -> list[str]:
    """Return the files of this pyenvspec with their sizes and times."""
    folders = [_PACKAGE]
    if not os.path.isdir(os.path.join(_PACKAGE, "_assets")):
        checkout = os.path.dirname(_PACKAGE)
        # A checkout that one works on: what it copies into projects lies beside the package.
        folders += [os.path.join(checkout, "nix", "modules"), os.path.join(checkout, "schema")]
    parts: list[str] = []
    for folder in folders:
        parts += sorted(_stamps(folder))
    return parts


def _stamps(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _stamps(entry.path)
            else:
                status = entry.stat()
                yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"


def record_path(root: str) -> str:
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(cache):
        raise ValueError
    return os.path.join(cache, "pyenvspec", "compiled", digest(os.fsencode(root))[:32])


def digest(content: bytes) -> str:
    from _blake2 import blake2b  # `hashlib` would load OpenSSL, which takes as long as all of this

    return str(blake2b(content, digest_size=32).hexdigest())
