"""`services` against the services and options that the pinned devenv has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyenvspec.facts.devenv import devenv_services, find_service
from pyenvspec.facts.meanings import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.facts.devenv import DevenvService


def check_services(context: CheckContext) -> None:
    """Tell of services that devenv lacks, of options that they lack, and of what nixpkgs refuses."""
    spec = context.shell.spec
    if spec.services and spec.shell == "native":
        context.add(
            "services-need-devenv",
            ("services",),
            "services are devenv's, and `shell` is native",
            expected="`shell: devenv`",
            hint="write `shell: devenv`, or start it under `processes`",
        )
    if spec.devenv and spec.shell == "native":
        context.add(
            "services-need-devenv",
            ("devenv",),
            "these are options of devenv, and `shell` is native",
            expected="`shell: devenv`",
            hint="write `shell: devenv`, or take the key away",
        )
    for name, options in spec.services.items():
        service = find_service(name)
        if service is None:
            nearest = closest(name, devenv_services())
            context.add(
                "service-unknown",
                ("services", name),
                f"devenv has no service `{name}`",
                expected=f"did you mean `{nearest}`?" if nearest else "one of https://devenv.sh/services",
            )
            continue
        for path in _unknown_options(service, options):
            _tell_option(context, service, path)
        _check_package(context, service, options)


def _unknown_options(
    service: DevenvService, options: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for key, value in options.items():
        path = (*above, key)
        dotted = ".".join(path)
        if dotted in service.options:
            continue  # below it are values, or keys that the program knows
        if not any(option.startswith(f"{dotted}.") for option in service.options):
            yield path
        elif isinstance(value, dict):
            yield from _unknown_options(service, value, path)


def _tell_option(context: CheckContext, service: DevenvService, path: tuple[str, ...]) -> None:
    dotted = ".".join(path)
    near = closest(dotted, service.options)
    listed = sorted(service.options)
    context.add(
        "service-option",
        ("services", service.name, *path),
        f"devenv's `{service.name}` has no option `{dotted}`",
        expected=f"did you mean `{near}`?" if near else "one of its options",
        hint=f"it has {', '.join(listed[:12])}" + (", …" if len(listed) > 12 else ""),
        key=True,
    )


def _check_package(context: CheckContext, service: DevenvService, options: Mapping[str, Any]) -> None:
    """Tell what keeps the service's own package from being built; one that the user gives is theirs."""
    spec = context.shell.spec

    if options.get("enable") is False or "package" in options:
        return
    path = ("services", service.name)
    if service.elsewhere:
        context.add(
            "service-option",
            path,
            f"devenv takes `{service.name}` from a flake of its own, which is not among the inputs here",
            expected="another service",
            hint="give its package yourself in a module of your own, or start it under `processes`",
        )
    if service.unfree and spec.nixpkgs.unfree is False:
        context.add(
            "native-unfree",
            path,
            f"`{', '.join(service.unfree)}` is unfree software",
            expected="`nixpkgs.unfree` true or auto",
            hint="remove `unfree: false`, or the service",
        )
    lacking = [package for package in service.insecure if package not in spec.nixpkgs.insecure]
    if lacking:
        listed = ", ".join(lacking)
        context.add(
            "native-insecure",
            path,
            f"nixpkgs refuses `{service.name}`: it knows vulnerabilities of {listed}",
            expected="another service, or your word that this one may be used",
            hint=f"to use it all the same write `nixpkgs: {{insecure: [{listed}]}}`",
        )
