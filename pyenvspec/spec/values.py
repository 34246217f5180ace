"""Kinds of values in env.yaml: their patterns, what is made of what was typed, the base of all parts.

Data only; `model.py` and its parts are made of these.
"""

# No `from __future__ import annotations`: pydantic would parse each of the hundred types again at every start.

import re
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

# `$` alone also matches before a final newline, which must never reach a shell or a path.
END = "$(?!\\n)"
ATTR_PATH = f"^[A-Za-z_][A-Za-z0-9_+'-]*(\\.[A-Za-z_0-9][A-Za-z0-9_+'-]*)*{END}"
# A package and the file in it: `gperftools/lib/libtcmalloc.so`.
PRELOAD = ATTR_PATH.removesuffix(END) + f"(/[A-Za-z0-9._+-]+)+{END}"
ENV_NAME = f"^[A-Za-z_][A-Za-z0-9_]*{END}"
# As PEP 508 has it.
PACKAGE_NAME = f"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?{END}"
PLAIN_NAME = f"^[A-Za-z0-9_][A-Za-z0-9._-]*{END}"
# Names and tags as the distribution specification of the OCI has them.
IMAGE_NAME = f"^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*{END}"
REQUIRED = f"^(>=|<=|==|!=|~=|>|<) ?[0-9][0-9A-Za-z.]*( ?, ?(>=|<=|==|!=|~=|>|<) ?[0-9][0-9A-Za-z.]*)*{END}"
IMAGE_TAG = f"^[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}{END}"
# `.`, `_` and `-` begin a part only once: as a part or within one, they could be divided in a thousand million ways.
_PART = "[A-Za-z0-9_][A-Za-z0-9._-]*"
BASE_IMAGE = f"^[a-z0-9]+([._/:@-]{_PART}([/:@]{_PART})*)?{END}"
LABEL_NAME = f"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?{END}"
# Registries know no capital letters in a place; who may push is not for a file that is committed.
REGISTRY = f"^docker://[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*/?{END}"
# 1 to 65535.
_PORT_NUMBER = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
PORT = f"^{_PORT_NUMBER}/(tcp|udp|sctp){END}"
PORT_AS_TYPED = f"^{_PORT_NUMBER}(/(tcp|udp|sctp))?{END}"
RELEASE = f"^(auto|nixos-[0-9][0-9]\\.[0-9][0-9]|nixos-unstable|[0-9a-f]{{40}}){END}"
SHELL_NAME = f"^[A-Za-z_][A-Za-z0-9_-]*{END}"
# No longer than a version is: Python refuses to read numbers of more than 4,300 digits.
DOTTED = "[0-9]{1,9}(\\.[0-9]{1,9})*"
# `9.0a` and `12.0f`: NVIDIA's code for one architecture, or for a family.
CAPABILITY = f"^[0-9]{{1,2}}\\.[0-9]{{1,9}}[af]?{END}"
# Compute capabilities are at 12 today; a larger whole number is `86` or `sm_90` without its point.
_LAST_GPU = 20
VERSION = f"^{DOTTED}{END}"
# Each part may be missing; the look-ahead refuses that all are.
DURATION = f"^(?=[0-9])([0-9]{{1,6}}d)?([0-9]{{1,6}}h)?([0-9]{{1,6}}m)?([0-9]{{1,6}}s)?{END}"
SIZE = f"^[1-9][0-9]{{0,8}}[KMGT]i?{END}"
# As `sbatch --gpus` takes them: `2`, `a100:2`.
GPUS = f"^([A-Za-z0-9][A-Za-z0-9._-]*:)?[1-9][0-9]{{0,3}}{END}"
IMAGE = f"^[A-Za-z0-9./_][^\\s\\\\\"'`$;]*{END}"
# No blank and no quote, so that a line of options holds it as it is.
ONE_WORD = f"^[A-Za-z0-9_.,:;/@%+=()&|*!?\\[\\]-]+{END}"


def typed_text(value: object) -> object:
    """Give back a number as the user typed it: an unquoted 3.10 means "3.10"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return getattr(value, "text", str(value))
    return value


def _capability_text(value: object) -> object:
    """`9` is what is left of an unquoted 9.0 in some editors; `89` is the name of a compiler's option."""
    text = typed_text(value)
    is_whole = isinstance(value, int) and isinstance(text, str) and text.isdigit() and int(text) <= _LAST_GPU
    return f"{int(str(text))}.0" if is_whole else text


def _env_text(value: object) -> object:
    """Environment variables are texts: numbers as typed, booleans as `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return typed_text(value)


def format_version(value: object) -> object:
    """`spec: 1` and nothing else; to JSON Schema 1.0 is the same number, and a boolean is none."""
    if isinstance(value, float) and value == 1:
        return 1
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("spec_version", "must be the number 1")
    return int(value)  # older pydantics take no subclass of int for a literal


def no_number(value: object) -> object:
    """To Python 0 and 1 equal `false` and `true`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError(
            "literal_error", "must be {expected}", {"expected": "'auto', True or False"}
        )
    return value


def _whole_number(expected: str, largest: int) -> "Callable[[object], object]":
    """Take a number from 1 on without a fraction; to JSON Schema 8000.0 is 8000."""

    def check(value: object) -> object:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not 1 <= value <= largest:  # type: ignore[operator]
            raise PydanticCustomError("literal_error", "must be {expected}", {"expected": expected})
        return value

    return check


def nothing_but_a_mapping(value: object) -> object:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "must be a mapping")
    return value


# JSON Schema sees the number and not how it was typed, so that oddities such as 1e2 are left to the compiler.
VERSION_NUMBER = {"type": "number", "minimum": 0, "exclusiveMaximum": 1e9}


def _version_schema(example: str) -> WithJsonSchema:
    any_of = [{"type": "string", "pattern": VERSION}, VERSION_NUMBER]
    return WithJsonSchema({"anyOf": any_of, "examples": [example]})


class Matches:
    """What a text must match. Pydantic's own compiles the patterns of all keys when it starts, this one when needed."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """Check behind what the type checks itself."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: "CoreSchema", handler: "GetJsonSchemaHandler"
    ) -> dict[str, object]:
        """Say the pattern."""
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        # `search`, as JSON Schema has it: the pattern says itself where it begins and ends.
        if re.search(self.pattern, value) is None:
            raise PydanticKnownError("string_pattern_mismatch", {"pattern": self.pattern})
        return value


class Later:
    """Stands for a model of another module, which is imported and built with the first value of it.

    Most documents say nothing of images or clusters, and to define the models of their keys takes longer than to check
    all that they do say. Errors inside such a value keep their places: pydantic takes over those of its own kind.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    @cached_property
    def type(self) -> "type[Model]":
        """The type itself."""
        kind: type[Model] = getattr(import_module(f"pyenvspec.spec.{self.module}"), self.name)
        return kind

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """Take any value, to be checked as one of the type."""
        return core_schema.no_info_plain_validator_function(self.check)

    def check(self, value: object) -> object:
        """Return the value as the model has it."""
        return self.type.model_validate(value)


def or_text(key: str) -> BeforeValidator:
    """Accept `web: CMD` for `web: {run: CMD}`."""

    def expand(value: object) -> object:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(expand)


def or_scalar(key: str) -> BeforeValidator:
    """Accept `cuda: 11.8` for `cuda: {version: 11.8}`."""

    def expand(value: object) -> object:
        return {key: value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value

    return BeforeValidator(expand)


System = Literal["x86_64-linux", "aarch64-linux", "aarch64-darwin", "x86_64-darwin"]
AttrPath = Annotated[str, Strict(), Matches(ATTR_PATH)]
PackageName = Annotated[str, Strict(), Matches(PACKAGE_NAME)]
PlainName = Annotated[str, Strict(), Matches(PLAIN_NAME)]
ShellName = Annotated[str, Strict(), Matches(SHELL_NAME)]
RelPath = Annotated[str, Strict(), Field(min_length=1)]
PreloadPath = Annotated[str, Strict(), Matches(PRELOAD)]
EnvName = Annotated[str, Strict(), Matches(ENV_NAME)]
EnvValue = Annotated[
    str, BeforeValidator(_env_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Env = dict[EnvName, EnvValue]
PythonVersion = Annotated[str, BeforeValidator(typed_text), Matches(VERSION), _version_schema("3.10")]
CudaVersion = Annotated[str, BeforeValidator(typed_text), Matches(VERSION), _version_schema("11.8")]
Capability = Annotated[
    str,
    BeforeValidator(_capability_text),
    Matches(CAPABILITY),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": CAPABILITY},
                {"type": "number", "minimum": 0, "maximum": _LAST_GPU},
            ]
        }
    ),
]


PortNumber = Annotated[
    int,
    BeforeValidator(_whole_number("1 to 65535", 65535)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]
# Numbers of 32 bits: Kubernetes takes no larger ones, Nix none over 64, and an editor's JavaScript none over 53.
_MOST = 2**31 - 1
PositiveInt = Annotated[
    int,
    BeforeValidator(_whole_number("1, 2, 3 …", _MOST)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST}),
]


class Model(BaseModel):
    """Base of all parts: frozen, and unknown keys are errors."""

    # Built with the first value: most documents use few of the parts.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


JsonData = Annotated[Any, WithJsonSchema({})]
JsonMapping = Annotated[dict[StrictStr, JsonData], BeforeValidator(nothing_but_a_mapping)]
