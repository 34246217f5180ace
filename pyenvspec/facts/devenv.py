"""What the pinned devenv offers."""

from __future__ import annotations

from dataclasses import field
from functools import cache

from pyenvspec.facts._load import DATA, Status, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class DevenvService:
    """A service of devenv: its options by dotted path, each with the name of its type.

    `unfree` and `insecure` are the packages that have to be permitted before it can be built. `elsewhere` says that
    devenv takes its package from a flake input that nobody here has.
    """

    name: str
    status: Status
    source: str
    options: dict[str, str] = field(default_factory=dict, hash=False)
    unfree: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    elsewhere: bool = False


@cache
def _services() -> dict[str, DevenvService]:
    lists = ("unfree", "insecure")
    rows = read_table("devenv-services")["services"]
    return {
        row["name"]: DevenvService(**{**row, **{key: tuple(row.get(key, ())) for key in lists}})
        for row in rows
    }


def devenv_services() -> tuple[str, ...]:
    """Return the names of devenv's services, sorted."""
    return tuple(_services())


def find_service(name: str) -> DevenvService | None:
    """Return what a service of devenv offers, or None where it has none of that name."""
    return _services().get(name)


@dataclass()
class OptionTree:
    """Options of devenv by the parts of their names; `kind` is that of the option that ends here, if one does."""

    kind: str = ""
    below: dict[str, OptionTree] = field(default_factory=dict)


@cache
def devenv_options() -> OptionTree:
    """Return the options of devenv and its git hooks besides services; `<name>` stands for any name."""
    root = OptionTree()
    for line in (DATA / "devenv-options.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, kind = line.split("\t")
            tree = root
            for part in name.split("."):
                tree = tree.below.setdefault(part, OptionTree())
            tree.kind = kind
    # Options of services are in `devenv-services.json`, each with its type, and are checked against that.
    root.below["services"] = OptionTree("set")
    return root
