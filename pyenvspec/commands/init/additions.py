"""What the file of the packages leaves to the README: the framework, the project itself, what a build imports.

Only for pip, whose requirements file `init` may write; what a lock or pyproject.toml lacks is told.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pyenvspec.commands.init.instructions import (
    FRAMEWORKS,
    OF_CUDA,
    ONE_OF,
    WITH_TORCH,
    instructions_of,
    is_listed,
    is_own,
    options_of,
    told_for_file,
)
from pyenvspec.commands.init.torch_index import index_of_torch
from pyenvspec.facts.gpu_packages import requirement_of, wheel_page
from pyenvspec.facts.packages import normalise, pypi_of_import
from pyenvspec.facts.wheel_pythons import is_before, last_with_wheels, majors, pythons_of_any, unsaid_imports
from pyenvspec.project.survey.requirements import READ_OVER
from pyenvspec.project.survey.source import Claim, Wanted
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.facts.wheel_pythons import Major
    from pyenvspec.project.survey.source import Source, Survey

_BESIDE_PROJECT = ("requirements", "conda", "pixi", "pipenv", "setup", "pyproject")
"""Kinds of files whose packages do not hold the project, or hold it without its extras."""
_FEW = 3
"""Scripts that import a package of a repository, below which it may well be for one of them only."""
# The last that has tf.contrib.
_LAST_TENSORFLOW_1 = Wanted("tensorflow", "tensorflow==1.15.5", "==1.15.5")


@dataclass()
class Additions:
    """Lines that a requirements file needs besides; `own` is the one that installs the project itself.

    `after` is typed once in the shell.
    """

    packages: list[Wanted] = field(default_factory=list)
    options: list[Claim] = field(default_factory=list)
    own: str | None = None
    after: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def replaces(self) -> frozenset[str]:
        """The names of what these lines take the place of: a framework has several."""
        names = {wanted.name for wanted in self.packages}
        families = (set(family) for family in (*FRAMEWORKS.values(), *ONE_OF) if names & set(family))
        return frozenset(names.union(*families))

    @property
    def is_needed(self) -> bool:
        """Whether the file that is there does not do."""
        return bool(self.packages or self.options or self.own)


def find_additions(survey: Survey, primary: Source) -> Additions:
    """Return what is to be installed besides what `primary` lists."""
    done = Additions()
    if primary.kind == "requirements":
        done.options += [option for option in primary.options if option.note == READ_OVER]
        done.options += told_for_file(survey, primary)
    _add_framework(done, survey, primary)
    _add_beside(done, survey, primary)
    if survey.mpi is not None and primary.find("mpi4py") is None:
        _take(done, None, Wanted("mpi4py", "mpi4py"), primary, survey.mpi)
    _add_own(done, survey, primary)
    if primary.kind == "imports":
        _add_told(done, survey, primary)
    elif primary.kind != "lock":
        _add_unlisted(done, survey, primary)
    _add_to_build(done, primary)
    _add_pages(done, primary)
    # torch alone brings no numpy; what else is there mostly does, be it by way of another.
    others = [w for w in (*primary.packages, *done.packages) if w.name not in ("torch", ".")]
    if survey.framework is not None or others:
        _bound_majors(done, primary)
    return done


def before_newer_majors(packages: Iterable[Wanted]) -> list[tuple[Wanted, Major]]:
    """Return, for each major that nothing keeps out, the first package that was made before it.

    torch and numpy 2, tensorflow and protobuf 4: they say nothing of it to pip, which then takes a release that they
    cannot be imported with.
    """
    wanted = list(packages)
    outdated = []
    for major in majors():
        # Whoever bounds it at all knows of it.
        if any(package.is_bounded for package in wanted if package.name == major.of):
            continue
        first = next((package for package in wanted if _meets(package, major)), None)
        if first is not None:
            outdated.append((first, major))
    return outdated


def _meets(wanted: Wanted, major: Major) -> bool:
    """Whether it was made before the major and is for a Python that the major is for as well."""
    pythons = pythons_of_any(wanted.name, wanted.specifier) or ()
    is_old = is_before(major, wanted.name, wanted.specifier)
    return is_old and any(int(python[2:]) > major.last_without for python in pythons)


def _bound_majors(done: Additions, primary: Source) -> None:
    listed = [wanted for wanted in primary.packages if wanted.name not in done.replaces]
    for old, major in before_newer_majors([*listed, *done.packages]):
        text = f"{major.of}{major.bound}"
        done.packages.append(Wanted(major.of, text, major.bound))
        reason = f"{old.text} is older than {major.of} {major.number}, which nothing keeps out"
        done.notes.append(f"{reason}: `{text}` is added")


def bound_to_wheels(done: Additions, packages: Source, python: str) -> bool:
    """Add bounds for packages that pip would compile for this Python, of which an older release has a wheel."""
    # Packages of which no release has a wheel for this Python are left: they are built, whichever is taken.
    bounds = [(w, last_with_wheels(w.name, w.specifier, python)) for w in packages.packages]
    for wanted, last in bounds:
        if last is not None:
            text = f"{wanted.name}<={last}"
            done.packages.append(Wanted(wanted.name, text, f"<={last}"))
            reason = f"{wanted.name} {last} is the last that has a wheel for Python {python}"
            done.notes.append(f"{reason}: `{text}` is added")
    return any(last is not None for _, last in bounds)


def _add_framework(done: Additions, survey: Survey, primary: Source) -> None:
    installs = instructions_of(survey)
    if survey.framework is not None:
        name, where = survey.framework
        names = FRAMEWORKS[name]
        listed = next((wanted for package in names if (wanted := primary.find(package))), None)
        chosen = next(((s, w) for s, w in installs if w.name in names), None)
        if listed is None:
            _take(done, chosen, Wanted(name, name), primary, where)
        elif chosen and not listed.specifier and not listed.extras and _is_more(chosen, primary):
            _take(done, chosen, listed, primary, where)
        elif chosen and (version := chosen[1].version) and listed.version and OF_CUDA.search(chosen[1].text):
            # The same release, built for the CUDA that the README was written with.
            if version.partition("+")[0] == listed.version:
                _take(done, chosen, listed, primary, where)
            elif version != listed.version:
                told_at, taken = chosen[0].where(chosen[1]), primary.where(listed)
                reason = f"{told_at} installs {chosen[1].text}, and {taken} asks for {listed.text}"
                done.notes.append(f"{reason}, which is taken")
        if name == "tensorflow" and survey.tensorflow_1 and _may_be_tensorflow_2(done, listed):
            done.packages.append(_LAST_TENSORFLOW_1)
            reason = f"{survey.tensorflow_1} uses tf.contrib, which tensorflow 2 no longer has"
            done.notes.append(f"{reason}: {_LAST_TENSORFLOW_1.text} is added")


def _add_beside(done: Additions, survey: Survey, primary: Source) -> None:
    """What is imported beside torch and listed nowhere; of a repository only where much of the project needs it."""
    there = {wanted.name for wanted in (*primary.packages, *done.packages)}
    # The table is of what goes with torch: without it such a name is another package's, or the project's own.
    if "torch" not in there:
        return
    own = {normalise(source.name) for source in survey.sources if source.name}
    for module, file, count in survey.beside:
        name = normalise(module)
        text = requirement_of(module)
        if name in there or name in own:
            continue
        reason = f"{file} imports {module}, which {primary.file} does not list"
        if "git+" not in text:
            done.packages.append(Wanted(name, text))
            done.notes.append(f"{reason}: it is added")
        elif count >= _FEW:
            done.packages.append(Wanted(name, text))
            done.notes.append(f"{reason}, and no index has: it is added from its repository")
        else:
            done.notes.append(f"{reason}: if you use that, add `{text}`")


def _is_more(chosen: tuple[Source, Wanted], primary: Source) -> bool:
    """Whether what is told says more than a bare name: a framework for CUDA, or any version for an import."""
    source, package = chosen
    if package.version and any(claim.line == package.line for claim in source.cuda):
        return True
    return bool(OF_CUDA.search(package.text)) or (primary.kind == "imports" and bool(package.specifier))


def _may_be_tensorflow_2(done: Additions, listed: Wanted | None) -> bool:
    # What is added goes before what is listed: it is what pip will take.
    tensorflow = next((w for w in done.packages if w.name in FRAMEWORKS["tensorflow"]), listed)
    # `==1.15.5`, `~=1.14`, `<2`, `<=1.15`, `<2.0.0`: these cannot be a 2.
    return tensorflow is None or not re.search(r"(==|~=)\s*1\.|<=?\s*(1\.|2(\.0)*\b)", tensorflow.specifier)


def _take(
    done: Additions, chosen: tuple[Source, Wanted] | None, plain: Wanted, primary: Source, where: str
) -> None:
    if chosen is None:
        done.packages.append(plain)
        done.notes.append(f"{where} imports {plain.name}, which {primary.file} does not list: it is added")
        return
    source, wanted = chosen
    # torchvision and torchaudio of the same command are made for this very torch.
    beside = [w for w in source.packages if w.line == wanted.line and w.name in WITH_TORCH]
    taken = [wanted, *(w for w in beside if primary.find(w.name) is None)]
    done.packages += [replace(one, file=source.file) for one in taken]
    done.options += options_of(source, wanted)
    # `conda install pytorch=1.12 cudatoolkit=11.3`: for pip the CUDA is in the address of the index.
    cuda = next((c for c in source.cuda if c.line == wanted.line or (c.note and wanted.is_prose)), None)
    if wanted.name == "torch" and wanted.specifier and cuda and source.kind == "readme":
        done.options.append(index_of_torch(wanted, replace(cuda, file=source.file)))
    done.notes.append(_told_and_added(source, wanted, primary))


def pages_wanted(packages: Iterable[Wanted], options: Iterable[Claim]) -> list[tuple[Wanted, str]]:
    """Return the packages whose wheels no index has, each with the page of them that no option names."""
    named = " ".join(option.value for option in options)
    pages = ((w, wheel_page(w.name, w.version, w.extras)) for w in packages)
    return [(wanted, page.page) for wanted, page in pages if page is not None and page.page not in named]


def _add_to_build(done: Additions, primary: Source) -> None:
    """What a build imports without saying so: it is built after the rest, among which that has to be."""
    for wanted in [w for w in (*primary.packages, *done.packages) if not w.wheels]:
        for name in unsaid_imports(wanted.name, wanted.version):
            if primary.find(name) is None and all(w.name != name for w in done.packages):
                done.packages.append(Wanted(name, name))
                reason = f"the build of {wanted.text} imports {name}, which {primary.file} does not list"
                done.notes.append(f"{reason}: it is added")


def _add_pages(done: Additions, primary: Source) -> None:
    """The pages and the indices of wheels that are on no other."""
    packages = [*(w for w in primary.packages if w.name not in done.replaces), *done.packages]
    options = [*primary.options, *done.options]
    new = {f"--find-links {page}": wanted for wanted, page in pages_wanted(packages, options)}
    # `torch==1.12.1+cu113` is in torch's own index only.
    if not any("/whl" in option.value or "index-url" in option.value for option in options):
        of_cuda = ((w, re.search(r"\+cu([0-9]{2,3})$", w.version or "")) for w in packages)
        for wanted, tag in of_cuda:
            if tag and wanted.name in ("torch", *WITH_TORCH):
                cuda = Claim(f"{tag[1][:-1]}.{tag[1][-1]}")
                new.setdefault(index_of_torch(replace(wanted, name="torch"), cuda).value, wanted)
    for option, wanted in new.items():
        done.options.append(Claim(option, wanted.line, file=wanted.file))
        done.notes.append(
            f"{primary.where(wanted)}: the package index has not what {wanted.text} asks for: `{option}` is added"
        )


def _told_and_added(source: Source, wanted: Wanted, primary: Source) -> str:
    where, file = source.where(wanted), primary.file
    if wanted.is_prose:
        return f"{where} asks for {wanted.text}, which {file} does not: it is added"
    if primary.find(wanted.name) is not None:
        return f"{where} installs {wanted.text}, of which {file} does not say so much: it is added"
    return f"{where} installs {wanted.text}, which {file} does not list: it is added"


def _add_unlisted(done: Additions, survey: Survey, primary: Source) -> None:
    """What a README installs and scripts import, or the project's image installs, and the file does not list."""
    own = {normalise(source.name) for source in survey.sources if source.name}
    imported = {normalise(pypi_of_import(module) or module) for module in survey.imported}
    imported |= {normalise(module) for module in survey.imported}
    for source, wanted in instructions_of(survey):
        is_used = wanted.name in imported or posixpath.basename(source.file) == "Dockerfile"
        there = replace(primary, packages=[*primary.packages, *done.packages])
        if wanted.name == "." or wanted.text.startswith(("git+", "http")) or not is_used:
            continue
        # A framework that no script imports, as an image has it below the project, is none of its packages.
        is_framework = any(wanted.name in names for names in FRAMEWORKS.values())
        if not (is_framework or is_listed(there, wanted.name) or is_own(wanted.name, own)):
            done.packages.append(replace(wanted, file=source.file))
            values = {option.value for option in (*primary.options, *done.options)}
            done.options += [o for o in options_of(source, wanted) if o.value not in values]
            done.notes.append(_told_and_added(source, wanted, primary))


def _add_own(done: Additions, survey: Survey, primary: Source) -> None:
    """The project itself, where the README installs it; built without isolation where its setup.py imports others."""
    setup = next((s for s in survey.of("setup") if s.file == "setup.py"), None)
    own = {normalise(source.name) for source in survey.sources if source.name}
    # Of a README that installs its own repository, a clone of it is what is meant here.
    own_install = next(
        (
            w
            for _, w in instructions_of(survey)
            if w.name == "." or (w.text.startswith("git+") and w.name in own)
        ),
        None,
    )
    is_project = bool(survey.of("setup") or survey.of("pyproject"))
    has_own = any(w.name == "." for w in primary.packages)
    if setup is not None and setup.imported_to_build and (own_install or primary.kind == "setup"):
        # pip builds in an environment of its own, where what setup.py imports (torch, for its extensions) is not.
        done.after = "pip install --no-build-isolation -e ."
        names = ", ".join(setup.imported_to_build)
        done.notes.append(
            f"setup.py imports {names}: once everything else is there, run `{done.after}` in the shell"
        )
        for name in setup.imported_to_build:
            wanted = name.lower()
            if primary.find(wanted) is None and all(w.name != wanted for w in done.packages):
                done.packages.append(Wanted(wanted, wanted))
    elif primary.kind in _BESIDE_PROJECT and is_project and not has_own and own_install is not None:
        # With the extras that are asked for: `-e .[vis]`
        done.own = own_install.text if own_install.name == "." else "-e ."


def _add_told(done: Additions, survey: Survey, primary: Source) -> None:
    """Of imports no version is known: a README that says one, or lists more, knows better."""
    own = {source.name for source in survey.sources if source.name}
    for source in survey.of("readme"):
        for wanted in source.packages:
            is_there = any(w.name == wanted.name for w in done.packages)
            if (
                wanted.name != "."
                and wanted.name not in own
                and not is_there
                and not wanted.text.startswith("git+")
            ):
                listed = primary.find(wanted.name)
                if listed is None or wanted.specifier:
                    done.packages.append(replace(wanted, file=source.file))
                    there = {option.value for option in done.options}
                    done.options += [o for o in options_of(source, wanted) if o.value not in there]
