"""`devenv` against the options that the pinned devenv and its git hooks have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyenvspec.facts.devenv import devenv_options
from pyenvspec.names import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.facts.devenv import OptionTree

# What Nix' types take of YAML's values; other kinds (`one of …`, `submodule`) are left to devenv.
_TAKES: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "str": ((str,), "a text, in quotes"),
    "int": ((int,), "a whole number"),
    "list": ((list,), "a list"),
    "set": ((dict,), "a mapping"),
    "null or bool": ((bool, type(None)), "true or false"),
    "null or str": ((str, type(None)), "a text, in quotes"),
}
_HOOKS = ("devenv", "git-hooks", "hooks")


def check_devenv_options(context: CheckContext) -> None:
    """Tell of options that devenv does not have, and of values that are none of theirs."""
    _check(context, ("devenv",), context.shell.spec.devenv, (devenv_options(),))


def _check(
    context: CheckContext, path: tuple[str, ...], values: Mapping[str, Any], trees: tuple[OptionTree, ...]
) -> None:
    # `<name>` stands for the keys of an attrsOf: any name goes there. An option may have both, as git hooks do.
    known = {name for tree in trees for name in tree.below if name != "<name>"}
    for key, value in values.items():
        below = tuple(tree.below[name] for tree in trees for name in (key, "<name>") if name in tree.below)
        here = (*path, key)
        if not below or (path == _HOOKS and key not in known and not _is_own_hook(value)):
            near = closest(key, known)
            listed = sorted(known)
            context.add(
                "devenv-option",
                here,
                f"devenv has no {'git hook' if path == _HOOKS else 'option'} `{'.'.join(here[1:])}`",
                expected=f"did you mean `{near}`?" if near else "one of https://devenv.sh/reference/options",
                hint=None
                if near
                else f"there is {', '.join(listed[:12])}" + (", …" if len(listed) > 12 else ""),
                key=True,
            )
            continue
        _check_value(context, here, value, below)


def _is_own_hook(value: object) -> bool:
    """A hook of the user's own says what it runs; git-hooks has it for all others."""
    return isinstance(value, dict) and "entry" in value


def _check_value(
    context: CheckContext, path: tuple[str, ...], value: object, trees: tuple[OptionTree, ...]
) -> None:
    kind = next((tree.kind for tree in trees if tree.kind), None)
    deeper = tuple(tree for tree in trees if tree.below)
    if isinstance(value, dict) and deeper:
        _check(context, path, value, deeper)
    elif not kind and deeper:
        message = f"`{'.'.join(path[1:])}` is no option of devenv's but has some"
        context.add("devenv-option", path, message, expected="a mapping")
    elif kind in _TAKES and not deeper:
        types, words = _TAKES[kind]
        # In Python True is an int, in Nix it is none.
        if not isinstance(value, types) or (kind == "int" and isinstance(value, bool)):
            dotted = ".".join(path[1:])
            context.add("devenv-option", path, f"devenv's `{dotted}` takes {words}", expected=words)
