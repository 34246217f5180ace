"""Resolving: everything that is a choice is made here, from facts, and written down with its reason.

Takes the valid file and what lies in the project; gives a `Plan` in which nothing is left to choose.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pyenvspec.facts.cuda_packages import gone_from_sets
from pyenvspec.facts.input_sources import input_source
from pyenvspec.facts.nixpkgs import version_key
from pyenvspec.facts.packages import normalise
from pyenvspec.plan import (
    CudaSet,
    Decision,
    Environment,
    FlakeInput,
    Generate,
    Interpreter,
    Nixpkgs,
    Package,
    Plan,
    Shell,
)
from pyenvspec.project.folder import effective_manager, lock_kind
from pyenvspec.resolving.caches import plan_builders, plan_caches
from pyenvspec.resolving.commands import (
    plan_bash,
    plan_preload,
    plan_processes,
    plan_python_packages,
    plan_scripts,
)
from pyenvspec.resolving.images import plan_containers
from pyenvspec.resolving.overrides import plan_overrides, plan_text
from pyenvspec.resolving.permits import permitted_unfree, spell_names
from pyenvspec.resolving.reasons import decide_caches, decide_inputs, decide_settings
from pyenvspec.resolving.release import choose_release, cuda_request, refuse_unserved
from pyenvspec.resolving.shell_systems import (
    all_systems,
    served_systems_of_shells,
    wanted_systems,
)
from pyenvspec.spec.model import VENV_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.project.locks.locked_project import LockedProjects
    from pyenvspec.resolving.releases.model import PythonChoice, ReleaseChoice
    from pyenvspec.resolving.shell_systems import ShellSystems
    from pyenvspec.spec.model import ShellSpec, SpecFile
    from pyenvspec.spec.packages import Cuda

T = TypeVar("T")

MANAGER_INPUTS = {
    "poetry2nix": ("poetry2nix",),
    "uv2nix": ("pyproject-nix", "uv2nix", "pyproject-build-systems"),
}
# Inputs of devenv's own that some of its options need.
DEVENV_INPUTS = ("git-hooks",)
# Interpreters of nixpkgs-python come from its cache only with its own nixpkgs.
KEPT_INPUTS = {"nixpkgs-python": ("nixpkgs",)}
# As a flake it brings four inputs that evaluating it as a plain folder does without.
PLAIN_FOLDERS = ("poetry2nix",)


def resolve_plan(file: SpecFile, project: ProjectFolder, locks: LockedProjects | None = None) -> Plan:
    """Return the plan of a valid file; `locks` are those of the lock-file managers, by shell.

    Raises PyenvspecError where no nixpkgs release has what is asked for.
    """
    spec = file.spec
    managers = {shell.name: effective_manager(shell, project) for shell in file.shells}
    wanted, lacking = wanted_systems(file, locks or {})
    # One release for all shells, so that flake.lock has one nixpkgs.
    choice = choose_release(file, managers, wanted)
    cuda = {
        s.name: choice.cuda_for(cuda_request(s.spec.cuda)) for s in file.shells if s.spec.cuda is not None
    }
    systems, without = served_systems_of_shells(file, wanted, choice, cuda)
    refuse_unserved(file, wanted, systems)
    # Fixes depend on the systems: a wheel of one, a build on another.
    file, fixes = _fix_shells(file, locks or {}, systems)
    nixpkgs, otherwise = _plan_nixpkgs_of_shells(file, choice, managers)
    shells = tuple(
        replace(
            _plan_shell(shell, managers[shell.name], choice, systems[shell.name], lock_kind(shell, project)),
            nixpkgs=otherwise.get(shell.name),
        )
        for shell in file.shells
    )
    name = spec.name or _valid_name(project.folder)
    # Last of what is about packages, so that those of the fixes are spelled too.
    (shells, containers), spellings = spell_names(
        (shells, plan_containers(spec, name, shells)), choice.release
    )
    inputs = _plan_inputs(file, choice, managers.values())
    caches = plan_caches(spec, choice)
    return Plan(
        name=name,
        # An empty one is the user's word as well.
        description=spec.description if spec.description is not None else f"Python environment of {name}",
        systems=all_systems(systems.values()),
        inputs=inputs,
        caches=caches,
        builders=plan_builders(spec),
        nixpkgs=nixpkgs,
        renderer=spec.shell,
        shells=shells,
        containers=containers,
        modules=tuple(posixpath.normpath(path) for path in spec.modules),
        generate=Generate(**spec.generate.model_dump()),
        watched=_watched_files(shells, (*spec.modules, *spec.nixpkgs.overlays)),
        submodules=any(map(project.is_in_submodule, _read_by_nix(file, project, locks or {}))),
        decisions=(
            *_manager_decisions(file, managers, project),
            *_release_decisions(choice),
            *lacking,
            *without,
            *fixes,
            *spellings,
            *decide_settings(nixpkgs, shells, is_asked=spec.nixpkgs.unfree != "auto"),
            *decide_caches(caches, choice),
            *decide_inputs(inputs),
        ),
        alternatives=choice.alternatives,
    )


def _fix_shells(
    file: SpecFile, locks: LockedProjects, systems: ShellSystems
) -> tuple[SpecFile, tuple[Decision, ...]]:
    """Put the known fixes under the overrides of the shells that are built from a lock."""
    if not locks:
        return file, ()
    # Slow to import, and most projects have no lock that Nix reads.
    from pyenvspec.resolving.fixes import fix_shells

    shells, decisions = fix_shells(file.shells, locks, systems)
    return replace(file, shells=shells), decisions


def _plan_shell(
    shell: ShellSpec, manager: str, choice: ReleaseChoice, systems: tuple[str, ...], lock: str | None
) -> Shell:
    spec = shell.spec
    cuda = _plan_cuda(spec.cuda, choice) if spec.cuda is not None else None
    return Shell(
        name=shell.name,
        systems=systems,
        interpreter=_plan_interpreter(choice.python_for(spec.python.version)),
        environment=replace(_plan_environment(shell, manager, cuda), lock_kind=lock),
        cuda=cuda,
        driver=spec.driver == "auto",
        native=tuple(Package("pkgs", tuple(name.split("."))) for name in _distinct(spec.native)),
        preload=plan_preload(spec),
        split_off=plan_python_packages(spec) if manager in VENV_MANAGERS else (),
        env=tuple((name, plan_text(text, cuda)) for name, text in sorted(spec.env.items())),
        dotenv=tuple(posixpath.normpath(path) for path in _distinct(spec.dotenv)),
        scripts=plan_scripts(spec, cuda),
        processes=plan_processes(spec, cuda),
        services=tuple(sorted(spec.services.items())),
        devenv=spec.devenv,
        on_enter=None if spec.on_enter is None else plan_bash(spec.on_enter, cuda),
    )


def _plan_interpreter(choice: PythonChoice) -> Interpreter:
    return Interpreter(choice.version, "pkgs" if choice.origin == "nixpkgs" else choice.origin, choice.attr)


def _plan_environment(shell: ShellSpec, manager: str, cuda: CudaSet | None) -> Environment:
    spec, python, venv = shell.spec, shell.spec.python, manager in VENV_MANAGERS
    return Environment(
        manager=manager,
        project=posixpath.normpath(python.project),
        # Without the key it is pip's usual name; where there is no such file the shell opens without packages.
        requirements=posixpath.normpath(python.requirements or "requirements.txt")
        if manager == "pip"
        else None,
        # poetry and uv get the names as they are typed; uv2nix and poetry2nix compare them as they are normalised.
        groups=_distinct(python.groups if venv else map(normalise, python.groups)),
        extras=_distinct(python.extras if venv else map(normalise, python.extras)),
        packages=() if venv else plan_python_packages(spec),
        install=python.install == "on_lock_change",
        # A variant's packages would take those of the default shell away again, each time that it is entered.
        venv=".venv" if shell.name == "default" else f".venv-{shell.name}",
        build_after=_distinct(map(normalise, python.build_after)) if venv else (),
        editable=tuple(
            sorted((normalise(n), posixpath.normpath(path)) for n, path in python.editable.items())
        ),
        prefer_wheels=spec.wheels.prefer,
        from_source=tuple(sorted({normalise(name) for name in spec.wheels.disabled})),
        overrides=plan_overrides(spec.overrides.items(), cuda),
    )


def _plan_cuda(cuda: Cuda, choice: ReleaseChoice) -> CudaSet:
    cuda_choice = choice.cuda_for(cuda_request(cuda))
    cudnn = None if cuda.cudnn == "none" else cuda_choice.cudnn
    release = choice.cuda_release if cuda_choice.origin == "nixpkgs-cuda" else choice.release
    renamed = {old: gone.now for old, gone in gone_from_sets(release or "").items() if gone.now}
    # cuDNN comes by the attribute of the version that was chosen, whether it is listed or not.
    wanted = [renamed.get(name, name) for name in _distinct(cuda.packages) if name != "cudnn"]
    names = [*dict.fromkeys(wanted), *([cudnn] if cudnn else [])]
    return CudaSet(
        version=cuda.version,
        # The overlay of cuda-legacy puts its sets into pkgs.
        origin="nixpkgs-cuda" if cuda_choice.origin == "nixpkgs-cuda" else "pkgs",
        attribute=cuda_choice.attr,
        packages=tuple(Package("cuda", tuple(name.split("."))) for name in names),
        cudnn=cudnn,
        capabilities=_distinct(cuda.capabilities),
        renamed=tuple(sorted(renamed.items())),
    )


def _plan_inputs(file: SpecFile, choice: ReleaseChoice, managers: Iterable[str]) -> tuple[FlakeInput, ...]:
    spec, names = file.spec, ["nixpkgs", "flake-parts"]
    if spec.shell == "devenv":
        names.append("devenv")
        # Of all shells: a variant may be the only one that has hooks.
        names += [name for name in DEVENV_INPUTS if any(name in shell.spec.devenv for shell in file.shells)]
    for manager in managers:
        names += MANAGER_INPUTS.get(manager, ())
    standard = _distinct([*names, *choice.inputs])
    ours = [_standard_input(name, standard, choice) for name in standard]
    users = [
        FlakeInput(
            name, f"github:{source.github}" + (f"/{source.ref}" if source.ref else ""), flake=source.flake
        )
        for name, source in sorted(spec.inputs.items())
    ]
    return (*ours, *users)


def _standard_input(name: str, names: tuple[str, ...], choice: ReleaseChoice) -> FlakeInput:
    """Return an input at the revision that was tested, sharing our inputs; what it has besides is cut off."""
    source = input_source(name)
    # Only these two have no revision of their own in the table: which branch they are was decided.
    branch = {"nixpkgs": choice.release, "nixpkgs-cuda": choice.cuda_release}.get(name)
    assert source is not None
    url = f"github:{source.owner}/{source.repo}/{branch}" if branch else source.url
    if name in PLAIN_FOLDERS:
        return FlakeInput(name, url, flake=False)
    # flake-parts wants nixpkgs for its `lib` alone, and calls it so.
    shared = {own: own for own in names} | {"nixpkgs-lib": "nixpkgs"}
    kept = KEPT_INPUTS.get(name, ())
    # What follows another input of the same flake is shared or cut off with that one.
    declared = [own.name for own in source.inputs if own.follows is None or own.name in names]
    return FlakeInput(name, url, tuple((own, shared.get(own, "")) for own in declared if own not in kept))


def _plan_nixpkgs_of_shells(
    file: SpecFile, choice: ReleaseChoice, managers: dict[str, str]
) -> tuple[Nixpkgs, dict[str, Nixpkgs]]:
    """Return the nixpkgs of the file, and by variant those that differ from it.

    nixpkgs builds Python packages for one CUDA or for none; a .venv has wheels instead.
    """
    built = [shell for shell in file.shells if managers[shell.name] not in VENV_MANAGERS]
    plans = {shell.name: _plan_nixpkgs(file, choice, shell.spec.cuda) for shell in built}
    # The first that Nix builds Python packages for; with a .venv nobody reads how nixpkgs would build them.
    main = next(iter(plans.values())) if plans else _plan_nixpkgs(file, choice, None)
    others = {name: plan for name, plan in plans.items() if plan != main}
    # Without CUDA nothing is compiled for a GPU, whichever the other shells name.
    return main, {n: p if p.cuda_support else replace(p, capabilities=()) for n, p in others.items()}


def _plan_nixpkgs(file: SpecFile, choice: ReleaseChoice, cuda: Cuda | None) -> Nixpkgs:
    """Return the nixpkgs whose Python packages are built for this CUDA."""
    spec = file.spec
    # Of all shells, as they share the one nixpkgs.
    capabilities = _distinct(
        c for s in file.shells if s.spec.cuda is not None for c in s.spec.cuda.capabilities
    )
    cuda_set = _plan_cuda(cuda, choice) if cuda else None
    unfree, unfree_packages = permitted_unfree(file, choice.release, has_cuda=bool(choice.cuda))
    return Nixpkgs(
        release=choice.release,
        unfree=unfree,
        unfree_packages=unfree_packages,
        insecure_packages=_distinct(sorted(spec.nixpkgs.insecure)),
        insecure_python=any(python.insecure for python in choice.python),
        cuda_support=cuda_set is not None,
        # The last one is what nixpkgs also compiles for the GPUs to come.
        capabilities=tuple(sorted(capabilities, key=version_key)),
        # Packages of another nixpkgs (`nixpkgs-cuda`) are for no recipe of this one.
        cuda_set=cuda_set.attribute if cuda_set and cuda_set.origin == "pkgs" else None,
        overlays=tuple(posixpath.normpath(path) for path in spec.nixpkgs.overlays),
        input_overlays=("cuda-legacy",) if "cuda-legacy" in choice.inputs else (),
    )


def _read_by_nix(file: SpecFile, project: ProjectFolder, locks: LockedProjects) -> Iterator[str]:
    """Yield the paths of the project that Nix reads: what env.yaml names, and path dependencies of the locks."""
    yield from project.present
    for shell in file.shells:
        if shell.name in locks and (lock := locks[shell.name].lock) is not None:
            folder = shell.spec.python.project
            yield from (posixpath.join(folder, p.source.place) for p in lock.packages if p.is_local)


def _watched_files(shells: tuple[Shell, ...], nix_files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files whose change means another environment, for direnv; `nix_files` are the user's own."""
    watched = {"env.yaml", *nix_files}
    for shell in shells:
        environment = shell.environment
        if environment.requirements:
            # `-e .` in it has its own requirements there.
            watched |= {environment.requirements, "pyproject.toml"}
        # nixpkgs takes the packages that env.yaml names.
        elif environment.manager != "nixpkgs":
            lock = "uv.lock" if environment.manager in ("uv", "uv2nix") else "poetry.lock"
            watched |= {posixpath.join(environment.project, file) for file in ("pyproject.toml", lock)}
        # Its variables are in the shell; a name with `$` in it is known only when the shell opens.
        watched |= {path for path in shell.dotenv if "$" not in path}
        watched |= {path for override in environment.overrides for path in override.patches}
    return tuple(sorted(posixpath.normpath(path) for path in watched))


def _manager_decisions(
    file: SpecFile, managers: dict[str, str], project: ProjectFolder
) -> tuple[Decision, ...]:
    # Looked at by `effective_manager` in the folder of the default shell.
    files = ", ".join(sorted(project.files)) or "no project file"
    return tuple(
        Decision(
            "python.manager" if shell.name == "default" else f"variants.{shell.name}.python.manager",
            managers[shell.name],
            "asked for" if shell.spec.python.manager else f"the project has {files}",
        )
        for shell in file.shells
    )


def _release_decisions(choice: ReleaseChoice) -> tuple[Decision, ...]:
    """Return the chooser's decisions by key; variants that share a CUDA say the same twice."""
    return _distinct(
        Decision(_answered_key(d.subject), d.choice, d.reason, d.source) for d in choice.decisions
    )


def _answered_key(subject: str) -> str:
    """Return the key of env.yaml that a decision on `nixpkgs`, `python 3.10`, `cuda 11.8 cudnn` answers."""
    head, *rest = subject.split()
    if head == "cuda":
        return "cuda.cudnn" if rest[1:] else "cuda.version"
    return {"nixpkgs": "nixpkgs.release", "python": "python.version"}.get(head, head)


def _valid_name(folder: str) -> str:
    """Make a folder's name a valid project name: other letters become `-`."""
    # `My Project (2)` → `My-Project-2`; nothing is left of a name in Japanese.
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder).strip("-.") or "project"


def _distinct(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
