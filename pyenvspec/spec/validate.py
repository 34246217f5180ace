"""Validating: the raw tree in, a `SpecFile` and every structural mistake of the file out.

The one place that knows pydantic's errors; they are told in the user's words, at the user's own place.
Variants are merged on the raw tree, so that each value of a merged shell still knows where it was typed.
"""

from __future__ import annotations

import re
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from pyenvspec.diagnostics import MOST_FINDINGS, Diagnostic, Diagnostics
from pyenvspec.names import closest
from pyenvspec.raw import Entry, Mapping, Node, RawSpec, Scalar, locate, overlay, to_plain, walk_path, without
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.model import (
    ATTR_PATH,
    ENV_NAME,
    PACKAGE_NAME,
    PLAIN_NAME,
    SHELL_NAME,
    VARIANT_KEYS,
    VERSION,
    Model,
    ShellSpec,
    Spec,
    SpecFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from pyenvspec.diagnostics import KeyPath

SHORTHAND = {"python": "version", "cuda": "version", "nixpkgs": "release"}
"""Keys whose single value stands for one key of their mapping."""

_FORMS = {
    VERSION: "a version: digits and dots, like 3.10 or 11.8",
    ATTR_PATH: "a nixpkgs attribute, like ffmpeg or xorg.libX11",
    ENV_NAME: "letters, digits and `_`, not starting with a digit",
    PACKAGE_NAME: "a Python package name: letters, digits, `.`, `_`, `-`",
    PLAIN_NAME: "a name of letters, digits, `.`, `_`, `-`",
    SHELL_NAME: "a name of letters, digits, `_`, `-` that does not start with a digit",
}


def validate_spec(raw: RawSpec) -> tuple[SpecFile | None, Diagnostics]:
    """Return the file and every mistake of its structure; a mistake that several shells share is told once.

    The file is there also where some values are wrong, without those: so the cross-checks can tell what else is.
    It is None where nothing sensible is left.
    """
    found = Diagnostics()
    shells = []
    base = _expand_shorthand(raw.root)
    variants = base.get("variants")
    for name, tree in [("default", base), *_merged_variants(base)]:
        shell = _validate_shell(raw, name, tree, found)
        if shell is not None:
            shells.append(shell)
    if variants is not None:
        _check_variant_keys(raw, variants.value, found)
    is_usable = bool(shells) and shells[0].name == "default"
    return SpecFile(raw, tuple(shells)) if is_usable else None, found


def _merged_variants(base: Mapping) -> Iterator[tuple[str, Mapping]]:
    entry = base.get("variants")
    if entry is None or not isinstance(entry.value, Mapping):
        return
    shared = Mapping(tuple(e for e in base.entries if e.key not in ("variants", "containers")), base.span)
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
            or isinstance(value.value, bool)
        ):
            return entry
        return Entry(entry.key, entry.key_span, Mapping((Entry(inner, value.span, value),), value.span))

    return Mapping(tuple(expand(e) for e in tree.entries), tree.span)


def _validate_shell(raw: RawSpec, name: str, tree: Mapping, found: Diagnostics) -> ShellSpec | None:
    known = {(d.code, d.span) for d in found.items}
    wrong: set[KeyPath] = set()
    try:
        return ShellSpec(name, Spec.model_validate(to_plain(tree)), tree)
    except ValidationError as error:
        details = error.errors(include_url=False)
        for detail in details[:MOST_FINDINGS]:
            diagnostic = _translate(raw, tree, detail)
            wrong.add(diagnostic.path)
            if (diagnostic.code, diagnostic.span) not in known:
                found.add(diagnostic if name == "default" else _in_variant(raw, name, diagnostic))
        if len(details) > MOST_FINDINGS:
            found.left_out += len(details) - MOST_FINDINGS
            return None
    return _validate_rest(name, tree, wrong)


def _validate_rest(name: str, tree: Mapping, wrong: set[KeyPath]) -> ShellSpec | None:
    """Validate again without the values that are wrong; None where what is needed is among them."""
    rest: Node = tree
    # From the end, so that the positions in lists still hold.
    for path in sorted(wrong, key=lambda path: [(str(type(step)), step) for step in path], reverse=True):
        rest = without(rest, path)
    assert isinstance(rest, Mapping)
    try:
        return ShellSpec(name, Spec.model_validate(to_plain(rest)), rest)
    except ValidationError:
        return None


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


def _check_variant_keys(raw: RawSpec, variants: Node, found: Diagnostics) -> None:
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
                expected = _did_you_mean(entry.key, VARIANT_KEYS)
            span = entry.key_span
            found.add(Diagnostic(code, message, raw.file, span, raw.line(span.line), expected, path=path))
        own = Mapping(tuple(e for e in variant.value.entries if e.key in VARIANT_KEYS), variant.value.span)
        for detail in _null_mistakes(Spec, own, ()):
            found.add(_translate(raw, own, detail))


def _null_mistakes(model: Any, node: Node, path: KeyPath) -> Iterator[ErrorDetails]:
    """Yield the keys set to null that cannot be there: merging takes them away before pydantic sees them."""
    if not isinstance(node, Mapping):
        return
    for entry in node.entries:
        is_null = isinstance(entry.value, Scalar) and entry.value.value is None
        at = (*path, entry.key)
        if isinstance(model, type) and issubclass(model, Model):
            if is_null and entry.key not in _keys_of(model):
                yield {"type": "extra_forbidden", "loc": at, "msg": "", "input": None}
            below = _unwrapped(_field_type(model, entry.key))
        elif typing.get_origin(model) is dict:
            name, value = typing.get_args(model)
            if is_null:
                yield from _name_mistakes(name, entry.key, at)
            below = _unwrapped(value)
        else:
            return
        yield from _null_mistakes(below, entry.value, at)


def _name_mistakes(kind: Any, name: str, at: KeyPath) -> Iterator[ErrorDetails]:
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
    code, message, expected, hint = _words(detail, path)
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


def _words(detail: ErrorDetails, path: KeyPath) -> tuple[str, str, str | None, str | None]:
    """Return code, message, what was expected and what to do, in the user's words."""
    kind, value, name = detail["type"], detail["input"], _dotted(path)
    match kind:
        case "extra_forbidden":
            return _unknown_key(path)
        case "missing":
            return "missing-key", f"`{name}` is missing", _example(path), None
        case "literal_error":
            options = _options(detail)
            choices = ("one of " if len(options) > 1 else "") + ", ".join(options)
            meant = _did_you_mean(str(value), options)
            message = f"`{name}` cannot be {_shown(value)}"
            return "invalid-choice", message, meant or choices, f"write {choices}" if meant else None
        case "string_pattern_mismatch":
            where = "the name" if detail["loc"][-1] == "[key]" else f"`{name}`"
            shown = _shown(path[-1] if detail["loc"][-1] == "[key]" else value)
            pattern = detail.get("ctx", {}).get("pattern", "")
            known = _FORMS.get(pattern)
            if pattern == ATTR_PATH and isinstance(value, str) and path[0] != "python":
                expected, hint = _meaning(value)
                return "invalid-value", f"{where} cannot be {shown}", expected or known, hint
            return "invalid-value", f"{where} cannot be {shown}", known or _example(path), None
        case "string_type" if isinstance(value, int | float) and "version" not in path[-1:]:
            return "wrong-type", f"`{name}` must be text, not {_shown(value)}", "put it in quotes", None
    form, article = _EXPECTED.get(kind, (detail["msg"], ""))
    given = "nothing" if value is None else _KIND.get(type(value), _NUMBER)
    message = f"`{name}` must be {article}{form}, not {given}"
    return (
        "wrong-type",
        message,
        _example(path),
        "give it a value, or remove the line" if value is None else None,
    )


def _meaning(name: str) -> tuple[str | None, str | None]:
    """Return what was probably meant by a text that no attribute is called: `ffmpeg@4`, `libfoo:amd64`."""
    from pyenvspec.meanings import understand

    meant = understand(name)
    if meant is None:
        return None, None
    hint = meant.hint if meant.kind != "close" else None
    return (f"did you mean `{meant.attr}`?" if meant.attr else None), hint


_EXPECTED = {
    "string_type": ("text", ""),
    "bool_type": ("true or false", ""),
    "dict_type": ("mapping (`key: value` lines)", "a "),
    "model_type": ("mapping (`key: value` lines)", "a "),
    "tuple_type": ("list (`[a, b]`, or lines that start with `- `)", "a "),
    "too_short": ("list with at least one entry", "a "),
    "string_too_short": ("text that is not empty", ""),
    "fixes_type": ("all, none or a list of packages", ""),
    "cache_type": ("name of a known cache, or a mapping with `url` and `key`", "the "),
    "spec_version": ("1", ""),
}
_KIND: dict[type, str] = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
_NUMBER = "a number"


def _unknown_key(path: KeyPath) -> tuple[str, str, str | None, str | None]:
    key, parent = str(path[-1]), path[:-1]
    keys = _keys_at(parent)
    where = f"`{_dotted(parent)}`" if parent else "env.yaml"
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).replace("-", "_").lower()
    if snake in keys:
        return "key-spelling", f"`{key}` is not how {where} spells it", f"write `{snake}`", None
    hint = None if _did_you_mean(key, keys) else "its keys are " + ", ".join(keys)
    return "unknown-key", f"`{key}` is not a key of {where}", _did_you_mean(key, keys), hint


def _keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys that the mapping at `path` may have."""
    model: Any = Spec
    for step in path:
        if isinstance(model, type) and issubclass(model, Model):
            model = _unwrapped(_field_type(model, str(step)))
        else:
            model = _unwrapped(typing.get_args(model)[-1 if isinstance(step, str) else 0])
    return _keys_of(model) if isinstance(model, type) and issubclass(model, Model) else ()


def _keys_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _field_type(model: type[Model], key: str) -> Any:
    return next((f.annotation for n, f in model.model_fields.items() if (f.alias or n) == key), None)


def _unwrapped(annotation: Any) -> Any:
    """Take Annotated, `| None` and unions away, down to a model, a dict or a tuple."""
    if typing.get_origin(annotation) is Annotated:
        return _unwrapped(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [_unwrapped(a) for a in typing.get_args(annotation) if a is not type(None)]
        return next((p for p in parts if isinstance(p, type) and issubclass(p, Model)), parts[0])
    return annotation


def _example(path: KeyPath) -> str | None:
    """Return an example of the key from its own field, as YAML in one line."""
    model: Any = Spec
    examples: list[Any] = []
    for step in path:
        if not (isinstance(model, type) and issubclass(model, Model)):
            return None
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == step), None)
        if field is None:
            return None
        examples = list(field.examples or ())
        model = _unwrapped(field.annotation)
    return f"for example `{path[-1]}: {format_flow(examples[0])}`" if examples else None


def _options(detail: ErrorDetails) -> list[str]:
    expected = detail.get("ctx", {}).get("expected", "")
    return [
        word.strip("'").replace("True", "true").replace("False", "false")
        for word in re.split(r", | or ", expected)
    ]


def _did_you_mean(word: str, candidates: typing.Iterable[str]) -> str | None:
    found = closest(word, candidates)
    return f"did you mean `{found}`?" if found else None


def _dotted(path: KeyPath) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _shown(value: object) -> str:
    text = str(getattr(value, "text", value))
    if isinstance(value, bool) or value is None:
        text = "nothing" if value is None else text.lower()
    elif isinstance(value, dict | list):
        text = _KIND[type(value)]
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"
