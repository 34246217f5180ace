"""Python: the .venv, variables that lead past it, and passwords for private indices."""

from __future__ import annotations

import posixpath
import re
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark
from pyenvspec.spec.model import LOCK_MANAGERS, VENV_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context
    from pyenvspec.plan import Environment

GROUP = "python"
# Without what stands before `@`: that is somebody's password.
_HOST_OF_URL = re.compile(r"https?://(?:[^@/\s\"']*@)?([\w.-]+)")
# `--extra-index-url https://pypi.lab.example/simple`, `url = "https://…"`, `extra-index-url = ["https://…"]`
_INDEX_LINE = re.compile(
    r"^[ \t]*(?:-i|--index-url|--extra-index-url|--find-links|-f|url\s*=|index-url\s*=|extra-index-url\s*=)"
    r"[\s=\"'\[]*(\S+)",
    re.MULTILINE,
)
# By the label before the top-level domain: whose indices everyone may read.
_PUBLIC_OWNERS = ("pypi", "pythonhosted", "pytorch", "nvidia")
_PUBLIC_CODE = ("github.com", "gitlab.com", "huggingface.co")


def check_python(context: Context) -> Iterator[Check]:
    """Yield the findings on environments, variables and private indices."""
    shells = context.plan.shells if context.plan else ()
    # Variants of one .venv are one line.
    for environment in {shell.environment.venv: shell.environment for shell in shells}.values():
        if environment.manager in VENV_MANAGERS:
            yield _check_venv(context, environment)
    if context.host.env("LD_LIBRARY_PATH"):
        text = "LD_LIBRARY_PATH is set: every program, git and nix too, loads libraries from there"
        yield Check(GROUP, Mark.WARN, text, ("unset LD_LIBRARY_PATH, also in ~/.bashrc and the like",))
    if context.host.env("PYTHONPATH"):
        text = "PYTHONPATH is set: its packages come before those of the environment"
        yield Check(GROUP, Mark.WARN, text, ("unset PYTHONPATH, also in ~/.bashrc and the like",))
    yield from _check_indices(context)


def _check_venv(context: Context, environment: Environment) -> Check:
    name = environment.venv
    folder = context.root / name
    if not context.host.lexists(str(folder)):
        return Check(GROUP, Mark.GOOD, f"{name} is not there yet; `pyenvspec shell` makes it")
    # What venv.sh puts into each .venv that it makes.
    is_ours = context.host.exists(str(folder / ".pyenvspec-made"))
    if not context.host.exists(str(folder / "bin/python")):
        if is_ours:
            text = f"{name}: its Python was garbage-collected; `pyenvspec shell` makes it again"
            return Check(GROUP, Mark.WARN, text, ("pyenvspec shell",))
        text = f"{name}: its Python is gone, and pyenvspec does not delete what it did not make"
        return Check(GROUP, Mark.BAD, text, (f"rm -r {quote(name)}, then: pyenvspec shell",))
    if not is_ours:
        text = f"{name} was not made by pyenvspec; it is left alone, and may have another Python"
        return Check(GROUP, Mark.WARN, text, (f"rm -r {quote(name)}, then: pyenvspec shell",))
    if environment.install and not context.host.exists(str(folder / ".pyenvspec-installed")):
        text = f"{name} is there, and its packages are not installed yet"
        return Check(GROUP, Mark.WARN, text, ("pyenvspec shell",))
    return Check(GROUP, Mark.GOOD, f"{name} is there")


def _check_indices(context: Context) -> Iterator[Check]:
    hosts: dict[str, bool] = {}
    for shell in context.plan.shells if context.plan else ():
        environment = shell.environment
        for host in _private_hosts(context, environment):
            hosts[host] = hosts.get(host, False) or environment.manager in LOCK_MANAGERS
    for host, is_sandboxed in sorted(hosts.items()):
        yield _check_password(context, host, is_sandboxed=is_sandboxed)


def _is_public(host: str) -> bool:
    return host in _PUBLIC_CODE or host.split(".")[-2:-1] in ([owner] for owner in _PUBLIC_OWNERS)


def _private_hosts(context: Context, environment: Environment) -> set[str]:
    """Return the hosts of package indices besides the public ones, as the project's files name them."""
    names = [environment.requirements] if environment.requirements else []
    names.append(posixpath.join(environment.project, "pyproject.toml"))
    hosts: set[str] = set()
    for name in names:
        text = context.project_text(name)
        if name.endswith("pyproject.toml"):
            # Of pyproject.toml only these tables: a `url` under [project.urls] is no index.
            text = "\n".join(re.findall(r"(?ms)^\[\[?tool\.(?:uv|poetry)[^\n]*$.*?(?=^\[|\Z)", text))
        for line in _INDEX_LINE.findall(text):
            host = _HOST_OF_URL.match(line)
            if host and not _is_public(host[1]):
                hosts.add(host[1])
    return hosts


def _check_password(context: Context, host: str, *, is_sandboxed: bool) -> Check:
    """Builds in the sandbox read the netrc of Nix's settings; pip, uv and poetry that of the user."""
    if is_sandboxed:
        path = next(iter(context.setting("netrc-file")), "/etc/nix/netrc")
    else:
        path = context.host.env("NETRC") or posixpath.join(context.host.env("HOME") or "/", ".netrc")
    text = context.host.read(path)
    if text is None:
        if context.host.exists(path) and not context.host.is_readable(path):
            return Check(GROUP, Mark.WARN, f"{path} cannot be read by you, so {host} is not looked up in it")
        missing = f"{host} is no public index, and there is no {path} with a password for it"
        return Check(GROUP, Mark.WARN, missing, _netrc_fix(path, host))
    machines = re.findall(r"(?m)\bmachine\s+(\S+)", text)
    if host in machines or re.search(r"(?m)^[ \t]*default\b", text):
        return Check(GROUP, Mark.GOOD, f"{path} has a password for {host}")
    # curl and pip compare the whole word with the host, so that an address there is never used.
    wrong = [name for name in machines if "://" in name and host in name]
    if wrong:
        fix = (f"write `machine {host}` instead of `machine {wrong[0]}`",)
        return Check(GROUP, Mark.BAD, f"{path} names {wrong[0]}, where only the host is looked for", fix)
    return Check(GROUP, Mark.WARN, f"{path} has no password for {host}", _netrc_fix(path, host))


def _netrc_fix(path: str, host: str) -> tuple[str, ...]:
    return (f"when it wants one, add to {path}: machine {host} login USER password TOKEN",)
