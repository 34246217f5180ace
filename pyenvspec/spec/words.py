"""A mistake that pydantic found, in the user's words: code, message, what was expected, what to do."""

from __future__ import annotations

import re
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pyenvspec.facts.mistaken import hint_for_key, key_meant
from pyenvspec.facts.native import find_native_name
from pyenvspec.names import closest
from pyenvspec.reading.lookalikes import find_lookalike, name_lookalike, to_plain_characters
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.meant import (
    Meant,
    as_list,
    as_mapping,
    as_text,
    explain_choice,
    explain_form,
    explain_value,
)
from pyenvspec.spec.model import Spec
from pyenvspec.spec.values import (
    ATTR_PATH,
    BASE_IMAGE,
    CAPABILITY,
    DURATION,
    ENV_NAME,
    GPUS,
    IMAGE,
    IMAGE_NAME,
    IMAGE_TAG,
    LABEL_NAME,
    ONE_WORD,
    PACKAGE_NAME,
    PLAIN_NAME,
    PORT,
    REGISTRY,
    REQUIRED,
    SHELL_NAME,
    SIZE,
    VERSION,
    Later,
    Model,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from pyenvspec.diagnostics import KeyPath

FORMS = {
    VERSION: "a version: digits and dots, like 3.10 or 11.8",
    CAPABILITY: "major and minor, like 8.6 or 9.0",
    ATTR_PATH: "a nixpkgs attribute, like ffmpeg or xorg.libX11",
    ENV_NAME: "letters, digits and `_`, not starting with a digit",
    PACKAGE_NAME: "a Python package name: letters, digits, `.`, `_`, `-`",
    PLAIN_NAME: "a name of letters, digits, `.`, `_`, `-`",
    IMAGE_NAME: "a name of lower-case letters and digits, parted by `.`, `_`, `-` or `/`",
    IMAGE_TAG: "at most 128 letters, digits, `.`, `_`, `-`",
    BASE_IMAGE: "an image by its address, like docker.io/library/debian:12-slim",
    LABEL_NAME: "letters, digits, `.`, `_`, `-`, `/`, like org.example.team",
    REGISTRY: "docker:// with a registry and a place in it, in lower case and without a password: "
    "docker://registry.example/lab/",
    PORT: "a port, like 8000 or 53/udp",
    DURATION: "a number of days, hours, minutes or seconds, like 1d12h or 90m",
    SIZE: "a number with K, M, G or T, like 64G or 64Gi",
    GPUS: "a number, or a type and a number, like 2 or a100:2",
    IMAGE: "an address like registry.example/lab/speech:v1, or a file like /scratch/lab.sif",
    ONE_WORD: "one word without blanks and quotes",
    REQUIRED: "a comparison with a version of pyenvspec, like >=0.1 or >=0.1,<1",
    SHELL_NAME: "a name of letters, digits, `_`, `-` that does not start with a digit",
}
"""What a text of a pattern is, in words; editors say the same."""


class Words(NamedTuple):
    """What the user is told of one mistake."""

    code: str
    message: str
    expected: str | None
    hint: str | None


def reword(detail: ErrorDetails, path: KeyPath) -> Words:
    """Return a mistake in the user's words."""
    kind, value, name = detail["type"], detail["input"], _dotted(path)
    # pydantic says so where the key of a mapping is wrong, and not its value.
    on_name = detail["loc"][-1] == "[key]"
    match kind:
        case "extra_forbidden":
            return _unknown_key(path)
        case "missing":
            return Words("missing-key", f"`{name}` is missing", _example(path), None)
        case "literal_error":
            return _wrong_choice(detail, path)
        case "string_pattern_mismatch":
            where, shown = ("the name", path[-1]) if on_name else (f"`{name}`", value)
            meant = (None if on_name else explain_value(path, value)) or Meant(None)
            pattern = detail.get("ctx", {}).get("pattern", "")
            known = FORMS.get(pattern)
            # `{LIMIT: 0,5}` are two keys to YAML, the second of them `5`.
            if on_name and pattern == ENV_NAME and str(path[-1]).isdecimal():
                meant = Meant(
                    None, f'a comma ends a value between `{{` and `}}`: quote it, as in `"0,{path[-1]}"`'
                )
            elif not on_name and meant == Meant(None):
                meant = explain_form(pattern, value)
            message = f"{where} cannot be {_shown(shown)}"
            if (
                pattern == ATTR_PATH
                and isinstance(value, str)
                and path[0] != "python"
                and meant == Meant(None)
            ):
                meant = _meaning(value)
            return Words("invalid-value", message, meant.expected or known or _example(path), meant.hint)
        # Not for a version, which takes numbers: what is left is `true`, and in quotes that is as wrong.
        case "string_type" if isinstance(value, int | float) and "version" not in path[-1:]:
            return Words(
                "wrong-type", f"`{name}` must be text, not {_shown(value)}", "put it in quotes", None
            )
    return _wrong_type(detail, path)


def _meaning(name: str) -> Meant:
    """Return what was probably meant by a text that no attribute is called: `ffmpeg@4`, `libfoo:amd64`."""
    # The catalogue behind it is opened for mistakes only.
    from pyenvspec.facts.meanings import understand

    suggestion = understand(name)
    if suggestion is None:
        return Meant(None)
    # That hint is the question which stands beside the caret already.
    hint = suggestion.hint if suggestion.kind != "close" else None
    return Meant(f"did you mean `{suggestion.attr}`?" if suggestion.attr else None, hint)


def _wrong_choice(detail: ErrorDetails, path: KeyPath) -> Words:
    options = _options(detail)
    choices = ("one of " if len(options) > 1 else "") + ", ".join(options)
    message = f"`{_dotted(path)}` cannot be {_shown(detail['input'])}"
    known = explain_choice(path, detail["input"])
    if known:
        return Words("invalid-choice", message, known.expected or choices, known.hint or f"write {choices}")
    meant = did_you_mean(str(detail["input"]), options)
    # The one choice of words that takes a list besides: `fixes: torch` is one of a single package.
    listed = as_list(path, detail["input"]) if path == ("fixes",) else None
    return Words("invalid-choice", message, meant or choices, f"write {choices}" if meant else listed)


def _wrong_type(detail: ErrorDetails, path: KeyPath) -> Words:
    kind, value = detail["type"], detail["input"]
    kind_found = "nothing" if value is None else _KIND.get(type(value), _NUMBER)
    # Rare kinds keep pydantic's own words.
    message = f"`{_dotted(path)}` must be {_EXPECTED.get(kind, detail['msg'])}, not {kind_found}"
    hint = None
    if value is None:
        empty = f'write `{path[-1]}: ""` for an empty text, ' if kind == "string_type" else ""
        hint = f"{empty}give it a value, or remove the line"
    elif kind == "tuple_type":
        hint = as_list(path, value)
    elif kind == "string_type" and isinstance(value, list):
        hint = as_text(path, value)
    elif kind in ("dict_type", "model_type"):
        hint = as_mapping(path, value)
    # `cuda: false` is no shorthand for a version.
    elif path == ("cuda",):
        meant = explain_value(("cuda", "version"), str(value).lower())
        hint = meant.hint if meant else None
    return Words("wrong-type", message, _example(path), hint)


_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a mapping (`key: value` lines)",
    "model_type": "a mapping (`key: value` lines)",
    "tuple_type": "a list (`[a, b]`, or lines that start with `- `)",
    "too_short": "a list with at least one entry",
    "string_too_short": "text that is not empty",
    "fixes_type": "all, none or a list of packages",
    "cache_type": "the name of a known cache, or a mapping with `url` and `key`",
    "spec_version": "1",
}
_KIND: dict[type, str] = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
_NUMBER = "a number"


def _unknown_key(path: KeyPath) -> Words:
    key, parent = str(path[-1]), path[:-1]
    keys = _keys_at(parent)
    where = f"`{_dotted(parent)}`" if parent else "env.yaml"
    # Who comes from other tools writes `extraIndex` or `extra-index`.
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).replace("-", "_").lower()
    if snake in keys:
        return Words("key-spelling", f"`{key}` is not how {where} spells it", f"write `{snake}`", None)
    first, _, below = key.partition(".")
    # `cuda.version: 12.4`, as settings of other tools are written.
    if below and first in keys:
        inside = f"{first}: {{{': {'.join(below.split('.'))}: …{'}' * key.count('.')}"
        message = f"`{key}` is not a key of {where}"
        return Words("unknown-key", message, f"the keys of `{first}` inside of it", f"write `{inside}`")
    model = _model_at(parent)
    # The table of other tools' words calls parts of env.yaml by the names of their models.
    word, foreign = key_meant(model.__name__, snake) if model and parent else (None, _foreign(snake, keys))
    meant = f"did you mean `{word}`?" if word else None if foreign else did_you_mean(key, keys)
    hint = foreign or (None if meant else "its keys are " + ", ".join(keys))
    if wide := find_lookalike(key):
        hint = f"it holds {name_lookalike(wide)}: write `{to_plain_characters(key).strip()}`"
    return Words("unknown-key", f"`{key}` is not a key of {where}", meant, hint)


def _foreign(key: str, keys: tuple[str, ...]) -> str | None:
    """Return what to do with a key at the top level: one of other tools, or the name of a Python package."""
    known = hint_for_key(key)
    if known is None and did_you_mean(key, keys) is None:
        # `numpy: 1.26` at the top level.
        row = find_native_name(key.replace("_", "-"))
        if row is not None and row.kind == "python":
            return "Python packages belong in requirements.txt or pyproject.toml, with their versions"
    return known


def _model_at(path: KeyPath) -> type[Model] | None:
    """Return what the mapping at `path` is; None where its keys are free."""
    model: Any = Spec
    for step in path:
        if isinstance(model, type) and issubclass(model, Model):
            model = unwrapped(field_type(model, str(step)))
        else:
            model = unwrapped(typing.get_args(model)[-1 if isinstance(step, str) else 0])
    return model if isinstance(model, type) and issubclass(model, Model) else None


def _keys_at(path: KeyPath) -> tuple[str, ...]:
    model = _model_at(path)
    return keys_of(model) if model else ()


def keys_of(model: type[Model]) -> tuple[str, ...]:
    """Return the keys of a mapping as env.yaml spells them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def field_type(model: type[Model], key: str) -> Any:
    """Return the type of a key's value, None for a key that does not exist."""
    return next((f.annotation for n, f in model.model_fields.items() if (f.alias or n) == key), None)


def unwrapped(annotation: Any) -> Any:
    """Take Annotated, `| None` and unions away, down to a model, a dict or a tuple."""
    if typing.get_origin(annotation) is Annotated:
        kind, *notes = typing.get_args(annotation)
        later = next((note for note in notes if isinstance(note, Later)), None)
        return unwrapped(later.type if later is not None else kind)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [unwrapped(a) for a in typing.get_args(annotation) if a is not type(None)]
        # Of a union the model is what has keys; the other side is its shorthand.
        return next((p for p in parts if isinstance(p, type) and issubclass(p, Model)), parts[0])
    return annotation


def _example(path: KeyPath) -> str | None:
    """Return an example of the key from its own field, as YAML in one line; for an entry that of the whole."""
    model: Any = Spec
    key: str | int = ""
    examples: list[Any] = []
    for step in path:
        if isinstance(model, type) and issubclass(model, Model):
            field = next((f for n, f in model.model_fields.items() if (f.alias or n) == step), None)
            if field is None:
                return None
            key, examples, model = step, list(field.examples or ()), unwrapped(field.annotation)
        elif inner := typing.get_args(model):
            model = unwrapped(inner[-1 if isinstance(step, str) else 0])
        else:
            return None
    return f"for example `{key}: {format_flow(examples[0])}`" if examples else None


def _options(detail: ErrorDetails) -> list[str]:
    expected = detail.get("ctx", {}).get("expected", "")
    return [
        word.strip("'").replace("True", "true").replace("False", "false")
        # pydantic says `'all' or 'none'`, and True where YAML has true.
        for word in re.split(r", | or ", expected)
    ]


def did_you_mean(word: str, candidates: typing.Iterable[str]) -> str | None:
    """Return the nearest of the candidates as a question."""
    nearest = closest(word, candidates)
    return f"did you mean `{nearest}`?" if nearest else None


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
