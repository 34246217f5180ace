"""Cross-checks: what no single key can tell, each with a code of its own.

JSON Schema cannot say these; `CROSS_CHECKS` lists them for the test that compares both.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenvspec import __version__
from pyenvspec.checking.capabilities import check_capabilities
from pyenvspec.checking.context import CheckContext
from pyenvspec.checking.interpolated import check_elsewhere
from pyenvspec.checking.macos import check_macos
from pyenvspec.checking.overrides import check_overrides
from pyenvspec.checking.required import check_required
from pyenvspec.checking.services import check_services
from pyenvspec.checking.shell_keys import check_commands, check_env, shell_paths
from pyenvspec.diagnostics import Diagnostics, Severity
from pyenvspec.facts.managers import oldest_python, split_off
from pyenvspec.facts.systems import has_cuda
from pyenvspec.project.folder import effective_manager
from pyenvspec.spec.asked import asked_packages
from pyenvspec.spec.meant import known_pythons
from pyenvspec.spec.model import LOCK_MANAGERS, VENV_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.spec.model import ShellSpec, Spec, SpecFile

CROSS_CHECKS = (
    "cache-key-foreign",
    "cache-key-missing",
    "cache-unknown",
    "container-unknown-variant",
    "container-installs",
    "container-without-packages",
    "cuda-on-darwin",
    "cuda-capability",
    "cuda-not-asked",
    "cuda-unknown",
    "cuda-unfree",
    "env-interpolation",
    "env-literal",
    "env-reserved",
    "env-secret",
    "key-not-for-manager",
    "library-path",
    "manager-ambiguous",
    "name-reserved",
    "native-broken",
    "native-gone",
    "native-insecure",
    "native-not-a-package",
    "native-on-macos",
    "native-refused",
    "native-unfree",
    "native-unknown",
    "override-conflict",
    "path-missing",
    "path-outside-project",
    "port-taken",
    "process-unknown",
    "poetry2nix-unmaintained",
    "python-version",
    "run-container",
    "run-engine",
    "run-no-image",
    "run-wants-base",
    "required-version",
    "devenv-option",
    "service-option",
    "service-unknown",
    "services-need-devenv",
    "variant-invalid",
    "variant-key",
)

# Inputs that a generated flake.nix may have itself, in this version or with other keys: one of the user's would be
# defined twice.
# fmt: off
_RESERVED_INPUTS = frozenset({
    "self", "nixpkgs", "flake-parts", "devenv", "git-hooks",
    "pyproject-nix", "uv2nix", "pyproject-build-systems", "poetry2nix", "nixpkgs-python", "cuda-legacy",
    "nixpkgs-cuda",
})
# fmt: on
# By key the managers that read it: for the others it would do nothing, and nobody would know.
_MANAGER_KEYS = {
    ("python", "requirements"): ("pip",),
    ("python", "groups"): ("poetry", "uv", *LOCK_MANAGERS),
    ("python", "extras"): ("poetry", "uv", *LOCK_MANAGERS),
    ("python", "editable"): LOCK_MANAGERS,
    ("python", "install"): VENV_MANAGERS,
    ("python", "build_after"): VENV_MANAGERS,
    ("wheels",): LOCK_MANAGERS,
    ("overrides",): LOCK_MANAGERS,
    ("fixes",): LOCK_MANAGERS,
}


def named_paths(file: SpecFile) -> tuple[str, ...]:
    """Return every path that env.yaml names, normalised, sorted."""
    return tuple(sorted({posixpath.normpath(path) for shell in file.shells for _, path, _ in _paths(shell)}))


def check_spec(file: SpecFile, project: ProjectFolder) -> Diagnostics:
    """Return every finding of the cross-checks over all shells of the file."""
    findings = Diagnostics()
    # Each as merged; what several of them share is told once, by `Diagnostics`.
    for shell in file.shells:
        context = CheckContext(file, shell, findings)
        manager = effective_manager(shell, project)
        _check_manager(context, manager, project)
        _check_python(context, manager)
        check_overrides(context, manager)
        _check_cuda(context)
        _check_cuda_asked(context)
        check_capabilities(context)
        check_env(context)
        check_elsewhere(context)
        check_commands(context)
        check_services(context)
        _check_devenv_options(context)
        _check_split_off(context, manager)
        check_macos(context)
        _check_paths(context, project)
    whole = CheckContext(file, file.shells[0], findings)
    # Keys that variants cannot have stand in the tree of the default shell.
    _check_what_few_have(whole, project)
    check_required(whole, __version__)
    _check_names(whole)
    return findings


def _check_devenv_options(context: CheckContext) -> None:
    if context.shell.spec.devenv:
        from pyenvspec.checking.devenv_options import check_devenv_options

        check_devenv_options(context)


def _check_what_few_have(context: CheckContext, project: ProjectFolder) -> None:
    """Check keys of the whole file that most documents do without: their checks are imported with them."""
    spec = context.shell.spec
    if spec.containers:
        from pyenvspec.checking.containers import check_containers

        check_containers(context.file, context, project)
    if spec.run:
        from pyenvspec.checking.targets import check_targets

        check_targets(context)
    if spec.caches:
        from pyenvspec.checking.caches import check_cache_names

        check_cache_names(context)


def _check_manager(context: CheckContext, manager: str, project: ProjectFolder) -> None:
    spec = context.shell.spec
    if spec.python.manager is None and {"uv.lock", "poetry.lock"} <= project.files:
        context.add(
            "manager-ambiguous",
            ("python",),
            "both uv.lock and poetry.lock are in the project; taking uv",
            expected="`manager` says which",
            hint="write `manager: uv` or `manager: poetry` under `python`",
            severity=Severity.WARNING,
        )
    for path, managers in _MANAGER_KEYS.items():
        owner = spec.python if path[0] == "python" else spec
        # Typed, and not only to say that there is none (`groups: []`).
        if path[-1] in owner.model_fields_set and manager not in managers and getattr(owner, path[-1]):
            how = "asked for" if spec.python.manager else "taken from the project's files"
            context.add(
                "key-not-for-manager",
                path,
                f"`{'.'.join(path)}` has no meaning for manager {manager} ({how})",
                expected=f"for {', '.join(managers)}",
                hint=_manager_hint(path[-1], manager),
            )


def _manager_hint(key: str, manager: str) -> str:
    if key == "requirements":
        return f"remove it, since {manager} has its own lock, or write `manager: pip`"
    return "remove it, or change `python.manager`"


def _check_split_off(context: CheckContext, manager: str) -> None:
    """A .venv has its packages from the index; only what nixpkgs takes out of CPython is to be had there alone."""
    if manager not in VENV_MANAGERS:
        return
    parts, file = split_off(), "requirements.txt" if manager == "pip" else "pyproject.toml"
    for index, name in enumerate(context.shell.spec.python.packages):
        if name not in parts:
            context.add(
                "key-not-for-manager",
                ("python", "packages", index),
                f"{manager} installs Python packages from its own file, `{name}` among them, and not from here",
                expected=", ".join(parts),
                hint=f"write it into {file}, or take all packages from nixpkgs with `manager: nixpkgs`",
            )


def _check_python(context: CheckContext, manager: str) -> None:
    python = context.shell.spec.python
    numbers = tuple(int(number) for number in python.version.split("."))
    oldest = oldest_python(manager)
    # Elsewhere YAML makes the number 3.1 of `3.10`, and people copy what such a tool has written.
    if python.version not in known_pythons() and f"{python.version}0" in known_pythons():
        context.add(
            "python-version",
            ("python", "version"),
            f"there is no Python {python.version} to be had",
            expected=f"did you mean `{python.version}0`?",
            hint=f"write `{python.version}0`, with the zero",
        )
    elif len(numbers) < 2:
        context.add(
            "python-version",
            ("python", "version"),
            f"Python {python.version} is not one version",
            expected="a minor or an exact version, like 3.10 or 3.10.14",
            hint=f"write `{python.version}.12`" if python.version == "3" else None,
        )
    elif oldest is not None and numbers[:2] < oldest:
        context.add(
            "python-version",
            ("python", "version"),
            f"{manager} keeps no .venv for Python {python.version}",
            expected="{}.{} or newer".format(*oldest),
            hint="write `manager: nixpkgs`, or take a newer Python",
        )


def _check_cuda(context: CheckContext) -> None:
    spec = context.shell.spec
    if spec.cuda is None:
        return
    for index, system in enumerate(spec.systems or ()):
        # A shell without CUDA is made for it; this one is for the Linux systems alone.
        others = (s.spec for s in context.file.shells if s.spec.cuda is None)
        is_made = any(map(has_cuda, spec.systems or ())) and any(system in (o.systems or ()) for o in others)
        if not has_cuda(system) and not is_made:
            context.add(
                "cuda-on-darwin",
                ("systems", index),
                f"there is no CUDA for {system}",
                expected="Linux only",
                hint="remove it from `systems`, or add a variant for it: `variants: {mac: {cuda: null}}`",
            )
    if spec.nixpkgs.unfree is False:
        context.add(
            "cuda-unfree",
            ("nixpkgs", "unfree"),
            "CUDA is unfree software",
            expected="true or auto",
            hint="remove `unfree: false`, or `cuda`",
        )


def _check_cuda_asked(context: CheckContext) -> None:
    for package in asked_packages(context.shell.spec):
        if package.scope == "cuda" and not package.is_reference and context.shell.spec.cuda is None:
            context.add(
                "cuda-not-asked",
                package.path,
                f"`cuda.{package.name}` needs CUDA, which is not asked for",
                expected="`cuda: 11.8` at the top level",
            )


def _check_paths(context: CheckContext, project: ProjectFolder) -> None:
    for path, value, must_exist in _paths(context.shell):
        normal = posixpath.normpath(value)
        slashed = value.replace("\\", "/")  # a path of Windows
        # A flake is copied into the Nix store, where there is nothing outside of it.
        if value.startswith(("/", "~")) or normal.split("/")[0] == "..":
            context.add(
                "path-outside-project",
                path,
                f"`{value}` is outside the project",
                expected="a path below the folder of env.yaml",
                hint="copy it into the project",
            )
        elif must_exist and normal not in project.present:
            context.add(
                "path-missing",
                path,
                f"`{value}` does not exist",
                expected="a file or folder of the project",
                hint="create it, or correct the path"
                if slashed == value
                else f"write `{slashed}`, with slashes",
            )


def _paths(shell: ShellSpec) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield where a path stands, the path, and whether it must exist already."""
    spec = shell.spec
    yield ("python", "project"), spec.python.project, spec.python.project != "."
    if spec.python.requirements is not None:
        yield ("python", "requirements"), spec.python.requirements, True
    yield from shell_paths(spec)
    for package, source in spec.python.editable.items():
        yield ("python", "editable", package), source, True
    for package, override in spec.overrides.items():
        for index, patch in enumerate(override.patches):
            yield ("overrides", package, "patches", index), patch, True
    # Variants have these by the merge, or not at all.
    if shell.name == "default":
        yield from _paths_of_file(spec)


def _paths_of_file(spec: Spec) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield those of the keys that no variant has."""
    for name, container in spec.containers.items():
        for index, copied in enumerate(container.copy_):
            yield ("containers", name, "copy", index), copied, True
    for index, overlay in enumerate(spec.nixpkgs.overlays):
        yield ("nixpkgs", "overlays", index), overlay, True
    for index, module in enumerate(spec.modules):
        yield ("modules", index), module, True


def _check_names(context: CheckContext) -> None:
    spec = context.shell.spec
    reserved: Iterable[tuple[str, Iterable[str], frozenset[str]]] = (
        ("variants", spec.variants, frozenset({"default"})),
        ("inputs", spec.inputs, _RESERVED_INPUTS),
    )
    for key, names, taken in reserved:
        for name in names:
            if name in taken:
                context.add(
                    "name-reserved",
                    (key, name),
                    f"`{name}` is a name that pyenvspec uses itself",
                    expected="another name",
                )
