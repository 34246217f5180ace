"""Lowering: a plan in, Nix expressions out. Total: nothing is chosen here, and failing is our bug.

`lower_flake` gives flake.nix, `lower_module` the flake-parts module. What does not depend on
env.yaml is in `nix/modules/`; here its options get their values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.lowering.commands import is_in_project, lower_commands
from pyenvspec.lowering.locked import change_locked, lower_locked, select_packages
from pyenvspec.lowering.references import Scope, project_path
from pyenvspec.lowering.vendored import VENDOR
from pyenvspec.nixexpr import (
    AttrSet,
    Binding,
    BinOp,
    Expr,
    File,
    Inherit,
    Lambda,
    Let,
    List,
    Param,
    Path,
    Pattern,
    Select,
    Str,
    Var,
    attrs,
    bind,
    call,
    ref,
)
from pyenvspec.plan import HEADER, Package
from pyenvspec.spec.model import LOCK_MANAGERS

if TYPE_CHECKING:
    from pyenvspec.plan import (
        Builder,
        Container,
        CudaSet,
        FlakeInput,
        Nixpkgs,
        Plan,
        Shell,
    )

MODULES = "./nix/pyenvspec"


def lower_flake(plan: Plan) -> File:
    """Return flake.nix: what Nix must read as plain text, and one call."""
    inherited = AttrSet((Inherit(("inputs",)),))
    outputs = call("inputs.flake-parts.lib.mkFlake", inherited, Path(MODULES))
    entries = [bind("description", plan.description)]
    # `nixConfig` has to be plain data: Nix reads it before it evaluates anything.
    settings: list[Binding] = []
    if plan.caches:
        settings.append(bind("extra-substituters", [cache.url for cache in plan.caches]))
        settings.append(bind("extra-trusted-public-keys", [cache.key for cache in plan.caches]))
    if plan.builders:
        machines = " ; ".join(map(_machine, plan.builders))
        settings.append(bind("builders", machines, "builders", blank=bool(settings)))
        settings.append(bind("builders-use-substitutes", True))
    if settings:
        comment = "caches: " + ", ".join(cache.name for cache in plan.caches) if plan.caches else ""
        entries.append(bind("nixConfig", AttrSet(tuple(settings)), comment, blank=True))
    own: list[Binding] = []
    # Without it Nix copies a checkout without its submodules.
    if plan.submodules:
        own.append(bind(("self", "submodules"), True, "Files of git submodules are read (Nix 2.27 or newer)"))
    inputs = AttrSet((*own, *(b for i in plan.inputs for b in _input_bindings(i))))
    entries.append(bind("inputs", inputs, blank=True))
    entries.append(bind("outputs", Lambda("inputs", outputs), blank=True))
    return File(HEADER, AttrSet(tuple(entries)))


def _machine(builder: Builder) -> str:
    """Return a line of Nix's file of machines, `ssh://host x86_64-linux - 8 2 big-parallel`.

    The `-` stands for an ssh key: each user has their own.
    """
    features = ",".join(builder.features) or "-"
    return f"{builder.host} {','.join(builder.systems)} - {builder.jobs} {builder.speed} {features}"


def _input_bindings(flake_input: FlakeInput) -> tuple[Binding, ...]:
    name = flake_input.name
    bindings = [bind((name, "url"), flake_input.url)]
    if not flake_input.flake:
        bindings.append(bind((name, "flake"), False))
    # Shared inputs first: what is cut off stands together below them.
    follows = sorted(flake_input.follows, key=lambda pair: not pair[1])
    if any(not ours for _, ours in follows):
        inputs = AttrSet(tuple(bind((own, "follows"), ours) for own, ours in follows))
        comment = 'What follows "" is cut off: neither locked nor fetched'
        return *bindings, bind((name, "inputs"), inputs, comment)
    return *bindings, *(bind((name, "inputs", own, "follows"), ours) for own, ours in follows)


def lower_module(plan: Plan) -> File:
    """Return nix/pyenvspec/default.nix, the flake-parts module of this env.yaml."""
    imports = [Path(f"./{VENDOR}/{name}.nix") for name in (plan.renderer, *_option_modules(plan))]
    if plan.containers:
        imports.append(Path(f"./{VENDOR}/containers.nix"))
        if any(shell.environment.lock_kind for shell in plan.shells):
            imports.append(Path(f"./{VENDOR}/container-install.nix"))
    imports += [project_path(path) for path in plan.modules]
    body = AttrSet(
        (
            bind("imports", List(tuple(imports))),
            bind("systems", list(plan.systems), "systems", blank=True),
            bind("perSystem", _per_system(plan), blank=True),
        )
    )
    # flake-parts and the other modules hand over more than is used here.
    return File(HEADER, Lambda(Pattern((Param("inputs"),), ellipsis=True), body))


_MODULE_OF = {
    "venv": "venv",
    "pythonPackages": "python-env",
    "buildAfter": "build-after",
    "dotenv": "dotenv",
    **dict.fromkeys(("processes", "services", "devenv"), "{renderer}-processes"),
    **{manager: manager for manager in LOCK_MANAGERS},
}
"""By option of a shell the module that declares it, where that is not the renderer's: only those in use are copied."""


def _option_modules(plan: Plan) -> tuple[str, ...]:
    """Return the names of the modules for the options that the shells use."""
    options = {str(b.path[0]) for shell in plan.shells for _, b in _shell_sections(plan, shell)}
    names = {_MODULE_OF[option].format(renderer=plan.renderer) for option in options & _MODULE_OF.keys()}
    if any(shell.environment.lock_kind for shell in plan.shells):
        names.add("locked")
    return tuple(sorted(names))


def _per_system(plan: Plan) -> Expr:
    entries: list[Binding] = []
    # flake-parts gives `pkgs` of the input nixpkgs as it is, without settings or overlays.
    if not plan.nixpkgs.plain:
        pkgs = _import_nixpkgs("nixpkgs", plan.nixpkgs)
        entries.append(bind(("_module", "args", "pkgs"), pkgs, "nixpkgs"))
    sections = [_shell_sections(plan, shell) for shell in plan.shells]
    default = dict(sections[0])
    variants = list(zip(plan.shells[1:], sections[1:], strict=True))
    shells = ("pyenvspec", "shells")
    whole = AttrSet(_as_bindings(sections[0]))
    # Variants say only what is otherwise, so that a review shows just that.
    entries.append(bind((*shells, "default"), Var("base") if variants else whole, blank=bool(entries)))
    for shell, section in variants:
        changed = _changed_sections(default, dict(section))
        # `//` is shallow: an option that differs is said as a whole.
        value = BinOp(Var("base"), "//", AttrSet(_as_bindings(changed))) if changed else Var("base")
        entries.append(bind((*shells, shell.name), value, f"variants.{shell.name}", blank=True))
    if plan.containers:
        scopes = {shell.name: Scope(shell.cuda) for shell in plan.shells}
        images = AttrSet(tuple(bind(c.name, _container(c, scopes[c.variant])) for c in plan.containers))
        entries.append(bind(("pyenvspec", "containers"), images, "containers", blank=True))
    lets: list[Binding] = []
    if any(flake_input.name == "nixpkgs-cuda" for flake_input in plan.inputs):
        older = _import_nixpkgs("nixpkgs-cuda", plan.nixpkgs)
        lets.append(bind("cudaPkgs", older, "An older nixpkgs for CUDA only"))
    for shell in plan.shells:
        if shell.nixpkgs is not None:
            own = _import_nixpkgs("nixpkgs", shell.nixpkgs)
            how = "for this CUDA" if shell.nixpkgs.cuda_support else "without CUDA"
            comment = f"variants.{shell.name}.cuda: Python packages of nixpkgs are built {how}"
            lets.append(bind(_own_pkgs(shell), own, comment, blank=bool(lets)))
    if variants:
        lets.append(bind("base", whole, blank=bool(lets)))
    body: Expr = AttrSet(tuple(entries))
    if lets:
        body = Let(tuple(lets), body)
    return Lambda(_arguments(plan), body)


def _arguments(plan: Plan) -> Pattern:
    names = ["pkgs"]
    if any(map(is_in_project, plan.shells)):
        names.insert(0, "config")
    # Only what is used: deadnix and editors warn of arguments that nothing reads.
    if any(shell.interpreter.origin == "nixpkgs-python" for shell in plan.shells):
        names.append("inputs'")
    imports = not plan.nixpkgs.plain or any(shell.nixpkgs is not None for shell in plan.shells)
    if imports or any(flake_input.name == "nixpkgs-cuda" for flake_input in plan.inputs):
        names.append("system")
    return Pattern(tuple(Param(name) for name in names), ellipsis=True)


def _import_nixpkgs(name: str, config: Nixpkgs) -> Expr:
    settings: list[Binding] = []
    # CUDA is unfree, and all that the older one is there for.
    if config.unfree or name == "nixpkgs-cuda":
        settings.append(bind(("config", "allowUnfree"), True))
    # The older nixpkgs gives CUDA and nothing else: what is permitted and overlaid is of the other one.
    if name == "nixpkgs":
        if config.unfree_packages:
            permits = _permits(config.unfree_packages)
            settings.append(
                bind(("config", "allowUnfreePredicate"), permits, "nixpkgs.unfree: of what is asked for")
            )
        insecure = (*(["python"] if config.insecure_python else []), *config.insecure_packages)
        if insecure:
            key = "nixpkgs.insecure" if config.insecure_packages else "python.version"
            settings.append(bind(("config", "allowInsecurePredicate"), _permits(insecure), key))
        if config.cuda_support:
            settings.append(bind(("config", "cudaSupport"), True, "cuda"))
        if config.capabilities:
            settings.append(
                bind(("config", "cudaCapabilities"), list(config.capabilities), "cuda.capabilities")
            )
        overlays = _overlays(config)
        if overlays:
            settings.append(bind("overlays", List(overlays)))
    return call("import", ref(f"inputs.{name}"), AttrSet((Inherit(("system",)), *settings)))


def _permits(names: tuple[str, ...]) -> Expr:
    """Return a test of a package by name: which patch version a release has is not known here.

    nixpkgs' own lists (`permittedInsecurePackages`) want name and version, `openssl-1.1.1w`.
    """
    name = call("inputs.nixpkgs.lib.getName", Var("package"))
    if len(names) == 1:
        return Lambda("package", BinOp(name, "==", Str(names[0])))
    return Lambda("package", call("builtins.elem", name, List(tuple(map(Str, names)))))


def _overlays(config: Nixpkgs) -> tuple[Expr, ...]:
    overlays: list[Expr] = [ref(f"inputs.{name}.overlays.default") for name in config.input_overlays]
    if config.cuda_set:
        # What nixpkgs builds for CUDA takes the set `cudaPackages`, which is the release's own default.
        chosen = attrs(bind("cudaPackages", Select(Var("final"), (config.cuda_set,))))
        overlays.append(Lambda("final", Lambda("_", chosen)))
    # The user's own come last, so that they see all that the others changed.
    overlays += [call("import", project_path(path)) for path in config.overlays]
    return tuple(overlays)


Sections = tuple[tuple[str, Binding], ...]


def _shell_sections(plan: Plan, shell: Shell) -> Sections:
    """Return the options of one shell with the env.yaml key that each comes from, in a fixed order."""
    environment = shell.environment
    scope = Scope(shell.cuda)
    sections = [("name", bind("name", plan.name))]
    if shell.systems != plan.systems:
        sections.append(("systems", bind("systems", list(shell.systems))))
    sections.append(("python", bind("python", _interpreter(shell))))
    if environment.manager == "nixpkgs":
        sections.append(("python.packages", bind("pythonPackages", select_packages(environment.packages))))
    elif environment.manager in LOCK_MANAGERS:
        sections.append(("python.manager", bind(environment.manager, lower_locked(environment, scope))))
    else:
        sections.append(("python.manager", bind("venv", _venv(shell))))
        if environment.build_after:
            sections.append(("python.build_after", bind("buildAfter", list(environment.build_after))))
    if shell.cuda:
        sections.append(("cuda", bind("cuda", _cuda(shell.cuda, scope))))
    if not shell.driver:
        sections.append(("driver", bind("driver", False)))
    if shell.native:
        sections.append(("native", bind("native", List(tuple(scope.package(p) for p in shell.native)))))
    if shell.split_off:
        sections.append(("python.packages", bind("splitOff", select_packages(shell.split_off))))
    return (*sections, *lower_commands(shell, scope))


# What the modules have as the default of each option; a variant merged by `//` can only take away so.
_EMPTY: dict[str, Expr] = {
    "onEnter": Str(""),
    "driver": Var("true"),
    "systems": Var("null"),
    "splitOff": Lambda("_", List(())),
    **dict.fromkeys(("native", "preload", "dotenv", "buildAfter"), List(())),
    **dict.fromkeys(("env", "scripts", "processes", "services", "devenv"), AttrSet(())),
}


def _changed_sections(base: dict[str, Binding], own: dict[str, Binding]) -> Sections:
    """Return what a variant says otherwise than the default shell; what it takes away is emptied."""
    changed = [
        (key, _changed_locked(base.get(key), binding))
        for key, binding in own.items()
        if base.get(key) != binding
    ]
    for key, binding in base.items():
        # Another manager's options stand under the same key.
        if key not in own or own[key].path != binding.path:
            name = binding.path[0]
            assert isinstance(name, str)
            # What is not in `_EMPTY` (`cuda`, `venv`, `uv2nix`) can be null.
            changed.append((key, bind(name, _EMPTY.get(name))))
    return tuple(changed)


def _changed_locked(base: Binding | None, own: Binding) -> Binding:
    """Say only what is otherwise of a long block, over that of the default shell."""
    if base is None or base.path != own.path or own.path[0] not in LOCK_MANAGERS:
        return own
    return Binding(own.path, BinOp(Select(Var("base"), own.path), "//", change_locked(base.value, own.value)))


def _as_bindings(sections: Sections) -> tuple[Binding, ...]:
    return tuple(
        Binding(b.path, b.value, comment=key, blank_before=i > 0) for i, (key, b) in enumerate(sections)
    )


def _interpreter(shell: Shell) -> Expr:
    interpreter = shell.interpreter
    if interpreter.origin == "nixpkgs-python":
        # `inputs'` is flake-parts' own: the outputs of each input for this system.
        return Select(Var("inputs'"), ("nixpkgs-python", "packages", interpreter.attribute))
    return Select(Var("pkgs" if shell.nixpkgs is None else _own_pkgs(shell)), (interpreter.attribute,))


def _own_pkgs(shell: Shell) -> str:
    return f"pkgs-{shell.name}"


def _venv(shell: Shell) -> Expr:
    environment = shell.environment
    entries = [bind("manager", environment.manager)]
    if environment.project != ".":
        entries.append(bind("project", environment.project))
    if environment.requirements is not None:
        entries.append(bind("requirements", environment.requirements))
    if environment.groups:
        entries.append(bind("groups", list(environment.groups)))
    if environment.extras:
        entries.append(bind("extras", list(environment.extras)))
    if not environment.install:
        entries.append(bind("install", False))
    # The reader of the lock is named by the project, so that only the one in use is copied.
    if environment.lock_kind is not None:
        entries.append(bind("lock", Path(f"./{VENDOR}/lock-{environment.lock_kind}.nix")))
    if environment.venv != ".venv":
        entries.append(bind("folder", environment.venv))
    return AttrSet(tuple(entries))


def _cuda(cuda: CudaSet, scope: Scope) -> Expr:
    entries = [
        bind("packages", List(tuple(scope.package(p) for p in cuda.packages))),
        # nvcc refuses a newer gcc than it knows: the set has the one that it was made for.
        bind("compiler", scope.package(Package("cuda", ("backendStdenv", "cc")))),
    ]
    if cuda.capabilities:
        entries.append(bind("capabilities", list(cuda.capabilities)))
    return attrs(*entries)


def _container(container: Container, scope: Scope) -> Expr:
    entries = [bind("image", container.image)]
    if container.tag != "latest":
        entries.append(bind("tag", container.tag))
    entries.append(bind("command", list(container.command)))
    if container.copy:
        entries.append(bind("copy", List(tuple(project_path(path) for path in container.copy))))
    # A default is left out, so that a change of it reaches every project.
    options: tuple[tuple[str, str | bool, str | bool], ...] = (
        ("shell", container.variant, "default"),
        ("project", container.project, True),
        ("cuda", container.cuda, "runtime"),
        ("base", container.base or "", ""),
    )
    entries += [bind(name, value) for name, value, default in options if value != default]
    if container.env:
        entries.append(
            bind("env", AttrSet(tuple(bind(name, scope.text(parts)) for name, parts in container.env)))
        )
    if container.ports:
        entries.append(bind("ports", list(container.ports)))
    if container.labels:
        entries.append(bind("labels", dict(container.labels)))
    return AttrSet(tuple(entries))
