"""Validating: the raw tree in, a `SpecFile` and every structural mistake of the file out.

The one place that knows pydantic's errors; they are told in the user's words, at the user's own place.
Variants are merged on the raw tree, so that each value of a merged shell still knows where it was typed.
"""

from __future__ import annotations

import sys
import typing
from shlex import quote
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pyenvspec.diagnostics import MOST_FINDINGS, Diagnostic, Diagnostics
from pyenvspec.raw import (
    Entry,
    Mapping,
    Node,
    RawSpec,
    Scalar,
    locate,
    overlay,
    to_plain,
    walk_path,
    without_all,
)
from pyenvspec.spec.follows import follows, meant_path, tells_of_absence
from pyenvspec.spec.meant import some_python
from pyenvspec.spec.model import SHORTHAND, VARIANT_KEYS, ShellSpec, Spec, SpecFile
from pyenvspec.spec.values import Model
from pyenvspec.spec.words import did_you_mean, field_type, keys_of, reword, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from pyenvspec.diagnostics import KeyPath

# pydantic looks for plug-ins among all packages that are installed beside it. We have none, and to run what somebody
# else's package offers is no part of reading env.yaml; looking alone takes as long as reading the YAML.
_no_plugins = ModuleType("pydantic.plugin._loader")
_no_plugins.get_plugins = tuple  # type: ignore[attr-defined]
sys.modules.setdefault(_no_plugins.__name__, _no_plugins)

# Each round takes out what needs what the last one took out; such chains are short.
_MOST_ROUNDS = 5


def validate_spec(raw: RawSpec) -> tuple[SpecFile | None, Diagnostics]:
    """Return the file and every mistake of its structure; a mistake that several shells share is told once.

    The file is there also where some values are wrong, without those: so the cross-checks can tell what else is;
    `unsure` says what they must not build on. It is None where nothing sensible is left.
    """
    findings = Diagnostics()
    for problem in raw.problems:
        findings.add(problem)
    if is_of_conda(raw.root):
        findings.add(_tell_conda(raw))
        return None, findings
    shells = []
    base = _expand_shorthand(raw.root)
    variants = base.get("variants")
    unsure = {_in_shell(path) for path in raw.unread}
    for name, tree in [("default", base), *_merged_variants(base)]:
        shell = _validate_shell(raw, name, tree, findings, unsure)
        if shell is not None:
            shells.append(shell)
    if variants is not None:
        _check_variant_keys(raw, variants.value, findings)
    # A variant alone is no file: the cross-checks begin with the default shell.
    is_usable = bool(shells) and shells[0].name == "default"
    return SpecFile(raw, tuple(shells), frozenset(unsure)) if is_usable else None, findings


def _in_shell(path: KeyPath) -> KeyPath:
    # `variants.cpu.cuda` is `cuda` in the merged shell, where `unsure` is asked for it.
    return path[2:] if path[:1] == ("variants",) and len(path) > 2 else path


def is_of_conda(root: Mapping) -> bool:
    """Whether the file is conda's: that tool calls its own file env.yaml now and then."""
    keys = {entry.key for entry in root.entries}
    return "dependencies" in keys and "python" not in keys and bool(keys & {"channels", "prefix", "name"})


def _tell_conda(raw: RawSpec) -> Diagnostic:
    span = raw.root.entries[0].key_span
    return Diagnostic(
        "conda-file",
        f"this {raw.file} is an environment file of conda, and pyenvspec needs the name for its own",
        raw.file,
        span,
        raw.line(span.line),
        expected="a file that starts with `python:`",
        hint=f"run `mv {quote(raw.file)} environment.yml`, then `pyenvspec init`",
    )


def _merged_variants(base: Mapping) -> Iterator[tuple[str, Mapping]]:
    entry = base.get("variants")
    if entry is None or not isinstance(entry.value, Mapping):
        return
    # Containers name their variant themselves, and belong to the whole file.
    shared = Mapping(tuple(e for e in base.entries if e.key not in ("variants", "containers")), base.span)
    # By name: in whatever order variants are typed, the files are the same.
    for variant in sorted(entry.value.entries, key=lambda e: e.key):
        if isinstance(variant.value, Mapping):
            own = tuple(e for e in variant.value.entries if e.key in VARIANT_KEYS)
            merged = overlay(shared, _expand_shorthand(Mapping(own, variant.value.span)))
            assert isinstance(merged, Mapping)
            yield variant.key, merged


def _expand_shorthand(tree: Mapping) -> Mapping:
    """Write `cuda: 11.8` as `cuda: {version: 11.8}`, so that variants can change parts of it."""

    def expand(entry: Entry) -> Entry:
        inner = SHORTHAND.get(entry.key)
        value = entry.value
        if (
            inner is None
            or not isinstance(value, Scalar)
            or value.value is None
            # `cuda: true` names no version, and is told as a boolean that it cannot be.
            or isinstance(value.value, bool)
        ):
            return entry
        return Entry(entry.key, entry.key_span, Mapping((Entry(inner, value.span, value),), value.span))

    return Mapping(tuple(expand(e) for e in tree.entries), tree.span)


def _validate_shell(
    raw: RawSpec, name: str, tree: Mapping, findings: Diagnostics, unsure: set[KeyPath]
) -> ShellSpec | None:
    """Return a shell without what is wrong in it; what that was is among the findings, and its paths in `unsure`."""
    # What is wrong in the shared part comes up again in each variant.
    known = {(d.code, d.span) for d in findings.items}
    try:
        return ShellSpec(name, Spec.model_validate(to_plain(tree)), tree)
    except ValidationError as error:
        details = error.errors(include_url=False)
        mistakes = [_translate(raw, tree, detail) for detail in details[:MOST_FINDINGS]]
        for diagnostic, detail in zip(mistakes, details, strict=False):
            if tells_of_absence(detail) and follows(diagnostic, mistakes, unsure):
                continue
            if (diagnostic.code, diagnostic.span) not in known:
                findings.add(diagnostic if name == "default" else _in_variant(raw, name, diagnostic))
        # What is left of such a file says nothing that anybody reads.
        if len(details) > MOST_FINDINGS:
            findings.left_out += len(details) - MOST_FINDINGS
            return None
    unsure |= {meant_path(diagnostic) for diagnostic in mistakes}
    return _validate_rest(name, tree, {diagnostic.path for diagnostic in mistakes})


def _validate_rest(name: str, tree: Mapping, wrong: set[KeyPath]) -> ShellSpec | None:
    """Validate again without what is wrong and what needs it; where that is the Python, some one stands for it."""
    rest = tree
    for _ in range(_MOST_ROUNDS):
        rest = without_all(rest, wrong)
        if len([*walk_path(rest, ("python", "version"))]) < 3:  # the root, `python`, its version
            rest = _with_some_python(rest)
        try:
            return ShellSpec(name, Spec.model_validate(to_plain(rest)), rest)
        except ValidationError as error:
            # What needs a value that is not there is as wrong as the value.
            needing = {_path_of(rest, detail["loc"]) for detail in error.errors(include_url=False)}
            wrong = {path if [*walk_path(rest, path)][len(path) :] else path[:-1] for path in needing}
    return None


def _with_some_python(tree: Mapping) -> Mapping:
    # Nobody typed it, so it has the place of all.
    version = Entry("version", tree.span, Scalar(some_python(), some_python(), tree.span))
    overlaid = overlay(
        tree, Mapping((Entry("python", tree.span, Mapping((version,), tree.span)),), tree.span)
    )
    assert isinstance(overlaid, Mapping)
    return overlaid


def _in_variant(raw: RawSpec, name: str, diagnostic: Diagnostic) -> Diagnostic:
    """A mistake typed in the variant is told as it is; one that only the merge makes, as the variant's."""
    if diagnostic.code != "missing-key":
        return diagnostic
    span = locate(raw.root, ("variants", name), key=True)
    return Diagnostic(
        "variant-invalid",
        f"variant `{name}` merged over the rest is not valid: {diagnostic.message}",
        file=raw.file,
        span=span,
        source_line=raw.line(span.line),
        expected=diagnostic.expected,
        hint="give the missing key in the variant or in the rest of the file",
        path=("variants", name),
    )


def _check_variant_keys(raw: RawSpec, variants: Node, findings: Diagnostics) -> None:
    if not isinstance(variants, Mapping):
        return
    for variant in variants.entries:
        if not isinstance(variant.value, Mapping):
            continue
        for entry in variant.value.entries:
            if entry.key in VARIANT_KEYS:
                continue
            path: KeyPath = ("variants", variant.key, entry.key)
            expected: str | None
            if entry.key in Spec.model_fields:
                code, message = "variant-key", f"`{entry.key}` belongs to the whole file and cannot vary"
                expected = "move it to the top level"
            else:
                code, message = "unknown-key", f"`{entry.key}` is not a key of a variant"
                expected = did_you_mean(entry.key, VARIANT_KEYS)
            span = entry.key_span
            findings.add(Diagnostic(code, message, raw.file, span, raw.line(span.line), expected, path=path))
        own = Mapping(tuple(e for e in variant.value.entries if e.key in VARIANT_KEYS), variant.value.span)
        for detail in _null_mistakes(Spec, own, ()):
            findings.add(_translate(raw, own, detail))


def _null_mistakes(model: Any, node: Node, path: KeyPath) -> Iterator[ErrorDetails]:
    """Yield the keys set to null that cannot be there: merging takes them away before pydantic sees them."""
    if not isinstance(node, Mapping):
        return
    for entry in node.entries:
        is_null = isinstance(entry.value, Scalar) and entry.value.value is None
        at = (*path, entry.key)
        if isinstance(model, type) and issubclass(model, Model):
            if is_null and entry.key not in keys_of(model):
                yield {"type": "extra_forbidden", "loc": at, "msg": "", "input": None}
            below = unwrapped(field_type(model, entry.key))
        elif typing.get_origin(model) is dict:
            name, value = typing.get_args(model)
            if is_null:
                yield from _name_mistakes(name, entry.key, at)
            below = unwrapped(value)
        else:
            return
        yield from _null_mistakes(below, entry.value, at)


def _name_mistakes(kind: Any, name: str, at: KeyPath) -> Iterator[ErrorDetails]:
    from pydantic import TypeAdapter  # slow to import

    try:
        TypeAdapter(kind, config=Model.model_config).validate_python(name)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            detail["loc"] = (*at, "[key]")
            yield detail


def _translate(raw: RawSpec, tree: Mapping, detail: ErrorDetails) -> Diagnostic:
    path = _path_of(tree, detail["loc"])
    on_key = detail["loc"][-1] == "[key]" or detail["type"] in ("extra_forbidden", "missing")
    span = locate(tree, path, key=on_key)
    code, message, expected, hint = reword(detail, path)
    return Diagnostic(code, message, raw.file, span, raw.line(span.line), expected, hint, path)


def _path_of(tree: Mapping, loc: tuple[int | str, ...]) -> KeyPath:
    """Drop from pydantic's `loc` what is not a step in the file: union tags and `[key]`."""
    path: KeyPath = ()
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        here = [node for node, _ in walk_path(tree, path)][-1]
        is_step = not isinstance(here, Scalar) and len([*walk_path(tree, (*path, step))]) == len(path) + 2
        if is_step or (last and isinstance(here, Mapping) and step != "[key]"):
            path = (*path, step)
    return path
