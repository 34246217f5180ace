"""The packages of nixpkgs that env.yaml names, against the release that was chosen: there, permitted, able to run.

What is told depends on the release, so this runs after `resolve`; where that has nothing to say because of other
mistakes, the release that env.yaml names, or the newest stable one, stands for it.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.checking.context import CheckContext
from pyenvspec.diagnostics import Diagnostics, Severity
from pyenvspec.facts.cuda_packages import cuda_package_names, gone_from_sets
from pyenvspec.facts.meanings import hint_beside, last_release
from pyenvspec.facts.native import CATALOGUE_DAY, find_attribute, may_be_unlisted, spelled_for
from pyenvspec.facts.nixpkgs import branch_day, newest_stable
from pyenvspec.names import closest, is_native, suggest_native
from pyenvspec.spec.asked import asked_packages

if TYPE_CHECKING:
    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.facts.meanings import Suggestion
    from pyenvspec.facts.native import Attribute
    from pyenvspec.spec.model import SpecFile

# What throws and aliases of nixpkgs say: `'foo' has been replaced by 'bar'`, `foo was removed; use bar`.
_SUCCESSOR = (
    r"(?:replaced by|renamed to|in favou?r of|[Uu]se|[Cc]onsider using|[Mm]oved to|superseded by)"
    r" ['`]?([\w.+-]+\w)"
)


def check_native_names(file: SpecFile, branch: str | None) -> Diagnostics:
    """Return every finding about names of packages; `branch` is the release that the plan takes, if there is one."""
    findings = Diagnostics()
    for shell in file.shells:
        release = branch or _release(file)
        context = CheckContext(file, shell, findings)
        for package in asked_packages(shell.spec):
            if findings.is_full:  # a guess takes a look at all of nixpkgs
                findings.left_out += 1
            elif package.scope == "cuda":
                _check_cuda_name(context, package.path, package.name, release)
            elif package.is_reference:
                _check_reference(context, package.path, package.name, release)
            else:
                _check_name(context, package.path, package.name, release)
    return findings


def _release(file: SpecFile) -> str:
    return newest_stable() if file.spec.nixpkgs.release == "auto" else file.spec.nixpkgs.release


def _check_name(context: CheckContext, path: KeyPath, name: str, branch: str) -> None:
    spelled = spelled_for(name, branch)
    attribute = find_attribute(spelled)
    if attribute is not None and attribute.standing(branch) == "gone":
        _tell_gone(context, path, attribute, branch)
        return
    is_there = is_native(spelled) or (attribute is not None and attribute.gone is not None)
    meant = suggest_native(name) if attribute is None or attribute.gone is None else None
    # A service's name may be that of its program as well, which is then what belongs here.
    if is_there and meant is not None and meant.kind != "service":
        _tell_meaning_of_attribute(context, path, name, meant)
    elif meant is not None and not is_there:
        _tell_meaning(context, path, name, meant, may_exist=_may_be_newer(context, branch))
    elif not is_there:
        _tell_unknown(context, path, name, may_exist=_may_be_newer(context, branch))
    elif attribute is not None:
        _check_attribute(context, path, attribute, branch)


def _may_be_newer(context: CheckContext, branch: str) -> bool:
    """Return whether a name that no list has may be there: by an overlay, or in a nixpkgs newer than the list."""
    return bool(context.shell.spec.nixpkgs.overlays) or may_be_unlisted(branch)


def _tell_unknown(context: CheckContext, path: KeyPath, name: str, *, may_exist: bool) -> None:
    context.add(
        "native-unknown",
        path,
        f"nixpkgs has no `{name}`" if not may_exist else f"no nixpkgs known here has `{name}`",
        expected="a package of nixpkgs",
        hint=f"run `pyenvspec search {quote(name)}`, or bring it in with `nixpkgs: {{overlays: [./overlay.nix]}}`",
        severity=Severity.WARNING if may_exist else Severity.ERROR,
    )


def _tell_meaning(
    context: CheckContext, path: KeyPath, name: str, meant: Suggestion, *, may_exist: bool
) -> None:
    expected = f"did you mean `{meant.attr}`?" if meant.attr else None
    if meant.kind == "close":
        who = "nixpkgs has no" if not may_exist else "no nixpkgs known here has"
        severity = Severity.WARNING if may_exist else Severity.ERROR
        context.add("native-unknown", path, f"{who} `{name}`", expected=expected, severity=severity)
    elif meant.kind in ("key", "python", "present", "refused"):
        message = f"`{name}` does not belong under `{path[0]}`"
        beside = hint_beside(meant, _python_asked_for(context))
        context.add("native-refused", path, message, expected=expected, hint=beside)
    else:
        hint = meant.hint if meant.kind in ("version", "service") or not expected else None
        context.add("native-unknown", path, f"nixpkgs has no `{name}`", expected=expected, hint=hint)


def _python_asked_for(context: CheckContext) -> str:
    """Return the version that the file has; "" where what it has could not be read."""
    return "" if context.file.is_unsure("python", "version") else context.shell.spec.python.version


def _tell_meaning_of_attribute(context: CheckContext, path: KeyPath, name: str, meant: Suggestion) -> None:
    """Tell what is odd about a name that nixpkgs does have."""
    if meant.kind == "attr":
        attribute = find_attribute(name)
        text = attribute.text if attribute else ""
        context.add(
            "native-unknown",
            path,
            f"`{name}` is something else in nixpkgs: {text}",
            expected=f"did you mean `{meant.attr}`?",
            severity=Severity.WARNING,
        )
        return
    context.add(
        "native-refused",
        path,
        f"`{name}` does not belong under `{path[0]}`",
        hint=hint_beside(meant, _python_asked_for(context)),
        severity=Severity.WARNING if meant.harmless else Severity.ERROR,
    )


def _tell_gone(context: CheckContext, path: KeyPath, attribute: Attribute, branch: str) -> None:
    last = last_release(attribute)
    instead = " or ".join(f"`{name}`" for name in _successors(attribute)[:2])
    # The name stands in the message already: of `'foo' has been removed, as …` the rest is told.
    why = re.sub(rf"^['`]?{re.escape(attribute.name)}['`]? (has been|was) ", "", attribute.text)
    hint = None
    if last is not None:
        hint = f"the last release that has it is {last}: `nixpkgs: {{release: {last}}}`"
    context.add(
        "native-gone",
        path,
        f"{branch} has no `{attribute.name}` any more" + (f": {why}" if why else ""),
        expected=f"{instead} instead" if instead else "another package",
        hint=hint,
    )


def _successors(attribute: Attribute) -> list[str]:
    """Return the packages that the message of one that is gone names."""
    text = attribute.text
    words = [*re.findall(r"['`]([\w.+-]+)['`]", text), *re.findall(_SUCCESSOR, text)]
    return [word for word in dict.fromkeys(words) if word != attribute.name and is_native(word)]


def _check_attribute(context: CheckContext, path: KeyPath, attribute: Attribute, branch: str) -> None:
    name, spec = attribute.name, context.shell.spec
    if not attribute.is_package:
        kind = "a set of packages" if attribute.is_set else "a function of nixpkgs, not a package"
        hint = (
            f"run `pyenvspec search {quote(name)}`" if attribute.is_set else "take the package that is meant"
        )
        context.add("native-not-a-package", path, f"`{name}` is {kind}", expected="one package", hint=hint)
        return
    if attribute.standing(branch) == "not yet":
        context.add(
            "native-gone",
            path,
            f"`{name}` came to nixpkgs after {branch}",
            expected=f"a release from {attribute.new} on",
            hint="remove `nixpkgs.release`, or take another package",
            severity=Severity.WARNING,
        )
    if attribute.unfree and spec.nixpkgs.unfree is False:
        context.add(
            "native-unfree",
            path,
            f"`{name}` is unfree software",
            expected="`nixpkgs.unfree` true or auto",
            hint="remove `unfree: false`, or the package",
        )
    lacking = [package for package in attribute.insecure if package not in spec.nixpkgs.insecure]
    if lacking:
        listed = ", ".join(lacking)
        context.add(
            "native-insecure",
            path,
            f"nixpkgs refuses `{name}`: it knows vulnerabilities of {listed}",
            expected="another package, or your word that this one may be used",
            hint=f"to use it all the same write `nixpkgs: {{insecure: [{listed}]}}`",
            severity=_sure(branch),
        )
    if attribute.is_broken or attribute.not_for_linux:
        why = "nixpkgs marks it as broken" if attribute.is_broken else "it is not for Linux"
        context.add(
            "native-broken",
            path,
            f"nixpkgs refuses `{name}`: {why}",
            expected="another package",
            severity=_sure(branch),
        )


def _sure(branch: str) -> Severity:
    """What today's nixpkgs refuses may be fine in an older one, and in a newer one again."""
    # Releases from 26.05 on are near enough to the nixpkgs that was read for its word to hold.
    day = branch_day(branch)
    return Severity.ERROR if day is not None and "2026-05" <= day <= CATALOGUE_DAY else Severity.WARNING


def _check_reference(context: CheckContext, path: KeyPath, name: str, branch: str) -> None:
    """`${pkgs.X}`: any value with a path will do, sets excepted; only what surely is not there is told."""
    attribute = find_attribute(spelled_for(name, branch))
    if attribute is not None and attribute.standing(branch) == "gone":
        _tell_gone(context, path, attribute, branch)
    elif attribute is not None and attribute.is_package:
        _check_attribute(context, path, attribute, branch)
    elif attribute is None and not is_native(name) and find_attribute(name.split(".")[0]) is None:
        meant = suggest_native(name)
        may_exist = _may_be_newer(context, branch)
        context.add(
            "native-unknown",
            path,
            f"nixpkgs has no `{name}`",
            expected=f"did you mean `${{pkgs.{meant.attr}}}`?"
            if meant and meant.attr
            else "a package of nixpkgs",
            severity=Severity.WARNING if may_exist else Severity.ERROR,
        )


def _check_cuda_name(context: CheckContext, path: KeyPath, name: str, branch: str) -> None:
    cuda = context.shell.spec.cuda
    if cuda is None:
        return
    known = cuda_package_names(cuda.version)
    # Behind the package may stand an output: `cuda_cudart.dev`.
    head = name.split(".")[0]
    gone = gone_from_sets(branch).get(head)
    if gone and gone.now is None and head in known.here:
        context.add(
            "cuda-unknown",
            path,
            f"the packages of CUDA have no `{head}` in {branch}",
            expected=f"a package that nixpkgs has; the last release with this one is {gone.until}",
            # CUDA may come from an older nixpkgs of its own.
            severity=Severity.WARNING,
        )
        return
    if head in known.here or (not known.here and head in known.anywhere):
        return
    if head in known.anywhere:
        context.add(
            "cuda-unknown",
            path,
            f"the packages of CUDA {cuda.version} have no `{head}`, those of other versions do",
            expected="a package of this CUDA",
            severity=Severity.WARNING,
        )
        return
    if re.fullmatch(r"(cudnn|cutensor|libcutensor|nccl|tensorrt)_[0-9_]+", head):
        return  # the attribute of one version, of which each release has others
    near = closest(head, known.here or known.anywhere)
    context.add(
        "cuda-unknown",
        path,
        f"the packages of CUDA have no `{head}`",
        expected=f"did you mean `{near}`?" if near else "such as cudatoolkit, cuda_nvcc, cudnn, nccl",
        # The lists do not go back to the first sets.
        severity=Severity.ERROR if known.here or near else Severity.WARNING,
    )
