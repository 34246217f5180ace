"""Jobs for GitHub Actions and GitLab CI: a plan in, texts out.

Names of env.yaml go into them as data and reach a shell as variables. The verbs of pyenvspec do the rest, so that
addresses, words and paths of env.yaml are read there and need no quoting here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyenvspec import RELEASED, __version__
from pyenvspec.facts._load import read_table
from pyenvspec.facts.caches import is_known_pair
from pyenvspec.plan import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.plan import Cache, Plan

SOURCE = "github.com/pyenvspec/pyenvspec"
_TEST = "test"
_LOOK = "python --version"
_HINT = f"# With `scripts: {{{_TEST}: pytest}}` in env.yaml the tests run here.\n"
# `docker://ghcr.io/lab/`, `docker://localhost:5000/x`
_REGISTRY = r"docker://([A-Za-z0-9.-]+(?::[0-9]+)?)(?:/|$)"
# `team-1:6NCHdD59X431o0gW…=`; anything else in it could begin another setting of nix.conf.
_KEY = r"[A-Za-z0-9._-]+:[A-Za-z0-9+/=]+"
# What comes back when images are pushed: only from the branch that all work ends in.
_ON_MAIN = "github.event_name == 'push' && github.ref_name == github.event.repository.default_branch"


def _source(before_tag: str) -> tuple[str, str]:
    """Return the end of pyenvspec's own address, and a line for who reads it: a missing tag would fail every run."""
    if RELEASED:
        return f"{before_tag}v{__version__}", ""
    return "", f"# {__version__} is not released yet, so this is the newest.\n"


def nix_settings(plan: Plan, *, experimental: bool = True) -> list[str]:
    """Return lines of nix.conf: the caches that are known, and those that the team fills itself.

    `accept-flake-config` would trust every flake with every setting, that of a stranger's pull request too. Neither a
    comma nor a `$` or `#` is in the lines.
    """
    caches = [(_plain(cache.url), cache.key) for cache in plan.caches if _is_trusted(cache)]
    lines = ["experimental-features = nix-command flakes"] if experimental else []
    if caches:
        lines.append("extra-substituters = " + " ".join(url for url, _ in caches))
        lines.append("extra-trusted-public-keys = " + " ".join(key for _, key in caches))
    return lines


def _is_trusted(cache: Cache) -> bool:
    trusted = cache.push is not None or is_known_pair(cache.url, cache.key)
    return trusted and re.fullmatch(_KEY, cache.key) is not None


def _plain(url: str) -> str:
    # `$`, `#`, a comma or a blank would end the address or mean something in one of the files that it goes into.
    return quote(url, safe=":/?&=%@+~.-_")


def _commands(plan: Plan) -> dict[str, list[str]]:
    """Return what is run in the shells, each command with the names of those that it is for."""
    commands: dict[str, list[str]] = {}
    for shell in plan.shells:
        # A variant may take the script away, and there `test` would be bash's own, which fails without a word.
        has_test = any(name == _TEST for name, _ in shell.scripts)
        commands.setdefault(_TEST if has_test else _LOOK, []).append(shell.name)
    return commands


def _action(name: str) -> str:
    """Return an action by commit: what a tag names may be changed by whoever holds it."""
    row = next(row for row in read_table("github-actions")["actions"] if row["action"] == name)
    return f"{name}@{row['commit']} # {row['version']}"


def _indented(lines: Iterable[str], by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines)


def github_actions(plan: Plan) -> str:
    """Return a workflow: checks, tests in each shell, images."""
    # JSON is YAML too, and a name such as `on` stays a text in it.
    shells = [shell.name for shell in plan.shells]
    text = f"""\
# {HEADER}
name: pyenvspec
on:
  push:
  pull_request:
permissions:
  contents: read
concurrency:
  group: pyenvspec-${{{{ github.ref }}}}
  cancel-in-progress: true
jobs:
  shell:
    runs-on: ubuntu-latest
    timeout-minutes: 180
    strategy:
      fail-fast: false
      matrix:
        shell: {json.dumps(shells)}
    env:
      VARIANT: ${{{{ matrix.shell }}}}
    steps:
{_github_steps(plan, "matrix.shell")}\
      - name: The generated files are those of env.yaml
        run: pyenvspec compile --check
      - run: nix flake check --no-build
{_github_test(plan)}\
"""
    if any(cache.push for cache in plan.caches):
        text += f"""\
      - name: To the team's cache
        if: {_ON_MAIN}
        run: pyenvspec cache push
        env:
          CACHIX_AUTH_TOKEN: ${{{{ secrets.CACHIX_AUTH_TOKEN }}}}
          AWS_ACCESS_KEY_ID: ${{{{ secrets.AWS_ACCESS_KEY_ID }}}}
          AWS_SECRET_ACCESS_KEY: ${{{{ secrets.AWS_SECRET_ACCESS_KEY }}}}
"""
    return text + (_github_images(plan) if plan.containers else "")


def _github_steps(plan: Plan, key: str) -> str:
    """Return what each job starts with."""
    # Runners have some 14 GB free, and a CUDA toolkit with torch takes more.
    room = ""
    if any(shell.cuda for shell in plan.shells):
        room = """\
      - name: Room for CUDA
        run: sudo rm -rf /usr/local/lib/android /usr/share/dotnet /usr/share/swift /opt/ghc /opt/hostedtoolcache/CodeQL
"""
    settings = nix_settings(plan, experimental=False)
    parameters = (
        f"        with:\n          extra_nix_config: |\n{_indented(settings, 12)}" if settings else ""
    )
    tag, newest = _source("@")
    install = f"git+https://{SOURCE}{tag}"
    others = any(not _is_trusted(cache) for cache in plan.caches)
    note = (
        "      # Caches that pyenvspec does not know and nobody here fills are not used.\n" if others else ""
    )
    return f"""\
      - uses: {_action("actions/checkout")}
        with:
          persist-credentials: false
{room}\
{note}\
      - uses: {_action("cachix/install-nix-action")}
{parameters}\
      - uses: {_action("nix-community/cache-nix-action")}
        with:
          primary-key: nix-${{{{ runner.os }}}}-${{{{ {key} }}}}-${{{{ hashFiles('flake.lock', 'nix/pyenvspec/**') }}}}
          restore-prefixes-first-match: nix-${{{{ runner.os }}}}-${{{{ {key} }}}}-
          gc-max-store-size-linux: 5G
{_indented(newest.splitlines(), 6)}\
      - run: pipx install "{install}"
"""


def _github_test(plan: Plan) -> str:
    text, commands = "", _commands(plan)
    for command, shells in commands.items():
        only = f"contains(fromJSON('{json.dumps(shells)}'), matrix.shell)"
        condition = f"        if: {only}\n" if len(commands) > 1 else ""
        name = f"scripts.{_TEST} of env.yaml, in the shell" if command == _TEST else "Python, in the shell"
        text += f"""\
      - name: {name}
{condition}\
        run: pyenvspec shell "$VARIANT" -- {command}
"""
    return text if _TEST in commands else f"      {_HINT}{text}"


def registry_host(address: str | None) -> str:
    """Return the machine that an image is pushed to, "" where there is none to log in to."""
    match = re.match(_REGISTRY, address or "")
    return match[1] if match else ""


def _github_images(plan: Plan) -> str:
    images = [
        {"container": container.name, "registry": registry_host(container.registry)}
        for container in plan.containers
    ]
    on_github = any(image["registry"] == "ghcr.io" for image in images)
    # GitHub's own registry takes the job's token, which may write packages only where the job says so.
    rights = "    permissions:\n      contents: read\n      packages: write\n" if on_github else ""
    text = f"""\
  image:
    needs: shell
    runs-on: ubuntu-latest
    timeout-minutes: 180
{rights}\
    strategy:
      fail-fast: false
      matrix:
        include:
{_indented((f"- {json.dumps(image)}" for image in images), 10)}\
    env:
      CONTAINER: ${{{{ matrix.container }}}}
    steps:
{_github_steps(plan, "matrix.container")}\
      - run: pyenvspec container build "$CONTAINER"
"""
    if not any(image["registry"] for image in images):
        return text
    return f"""\
{text}\
      - name: To its registry
        if: matrix.registry != '' && {_ON_MAIN}
        run: |
          printf %s "$REGISTRY_PASSWORD" | docker login "$REGISTRY" --username "$REGISTRY_USER" --password-stdin
          pyenvspec container push "$CONTAINER"
        env:
          REGISTRY: ${{{{ matrix.registry }}}}
          REGISTRY_USER: ${{{{ matrix.registry == 'ghcr.io' && github.actor || secrets.REGISTRY_USER }}}}
          REGISTRY_PASSWORD: ${{{{ matrix.registry == 'ghcr.io' && github.token || secrets.REGISTRY_PASSWORD }}}}
"""


def gitlab_ci(plan: Plan) -> str:
    """Return the same for GitLab."""
    tag, newest = _source("/")
    image = read_table("ci-images")["images"][0]
    commands = _commands(plan)
    is_mixed = len(commands) > 1
    test = "$COMMAND" if is_mixed else next(iter(commands))
    hint = "" if _TEST in commands else f"    {_HINT}"
    matrix = ""
    for command, shells in commands.items():
        matrix += f"      - VARIANT: {json.dumps(shells)}\n"
        matrix += f"        COMMAND: {json.dumps(command)}\n" if is_mixed else ""
    push = ""
    if any(cache.push for cache in plan.caches):
        push = """\

team-cache:
  stage: .post
  script:
    - nix run "$PYENVSPEC" -- cache push
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
"""
    return f"""\
# {HEADER}
default:
  image: {image["image"]}:{image["version"]}

variables:
{_indented(newest.splitlines(), 2)}\
  PYENVSPEC: github:{SOURCE.removeprefix("github.com/")}{tag}
  NIX_CONFIG: |
{_indented(nix_settings(plan), 4)}\

shell:
  stage: test
  parallel:
    matrix:
{matrix}\
  script:
    - nix run "$PYENVSPEC" -- compile --check
    - nix flake check --no-build
{hint}\
    - nix run "$PYENVSPEC" -- shell "$VARIANT" -- {test}
{push}\
{_gitlab_images(plan)}\
"""


def _gitlab_images(plan: Plan) -> str:
    if not plan.containers:
        return ""
    pushed = [{"CONTAINER": c.name, "REGISTRY": registry_host(c.registry)} for c in plan.containers]
    return f"""\

container:
  stage: deploy
  parallel:
    matrix:
{_indented((f"- {json.dumps(image)}" for image in pushed), 6)}\
  script:
    - nix run "$PYENVSPEC" -- container build "$CONTAINER"
    - |
      if [ -n "$REGISTRY" ] && [ "$CI_COMMIT_BRANCH" = "$CI_DEFAULT_BRANCH" ]; then
        # The registry of this GitLab needs no variables; for another one set REGISTRY_USER and REGISTRY_PASSWORD.
        if [ "$REGISTRY" = "$CI_REGISTRY" ]; then
          REGISTRY_USER=$CI_REGISTRY_USER REGISTRY_PASSWORD=$CI_REGISTRY_PASSWORD
        fi
        export REGISTRY_AUTH_FILE=$(mktemp -d)/auth.json
        printf %s "$REGISTRY_PASSWORD" |
          nix run --inputs-from . nixpkgs#skopeo -- login --username "$REGISTRY_USER" --password-stdin "$REGISTRY"
        nix run "$PYENVSPEC" -- container push "$CONTAINER"
      fi
"""
