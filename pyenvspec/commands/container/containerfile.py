"""The Containerfile of an image whose packages an engine installs; its texts go into a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.plan import HEADER
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.plan import Container

# Declared by ARG, and so not in the image: an address may have a password in it.
_INDICES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
)


CERTIFICATES = "certificates.crt"
"""Beside the Containerfile: what the installation trusts, where this machine has certificates of its own."""

_CERTIFICATES_LINES = (
    f"COPY {CERTIFICATES} /opt/{CERTIFICATES}",
    f"ENV PIP_CERT=/opt/{CERTIFICATES} REQUESTS_CA_BUNDLE=/opt/{CERTIFICATES} SSL_CERT_FILE=/opt/{CERTIFICATES}",
)


@dataclass(frozen=True)
class Installation:
    """Why an engine installs the packages, the commit of the project, and the folders that hold the project."""

    reasons: tuple[str, ...]
    revision: str | None = None
    folders: tuple[str, ...] = ("/app",)


def format_containerfile(container: Container, installation: Installation) -> str:
    """Return the Containerfile: what Nix made, and one line that installs."""
    base = place_of_parts(container)
    lines = [
        f"# {HEADER}",
        "# Nix makes the images that are named here, the same on every machine. What RUN installs is not:",
        *(f"#   {' '.join(reason.split())}" for reason in installation.reasons),
        # Two stages: what installs (pip or uv, compilers, caches) is not in the image.
        f"FROM {base}/install:{container.tag} AS packages",
        *(f"ARG {name}" for name in indices()),
        *(_CERTIFICATES_LINES if certificates() else ()),
        "RUN /opt/install",
        "",
        f"FROM {base}/nix:{container.tag}",
        "COPY --from=packages /opt/env /opt/env",
    ]
    for folder in installation.folders:
        # COPY makes root the owner, and the image's user is 1000, who works in /app.
        owner = "--chown=1000:1000 " if folder == "/app" else ""
        lines.append(f"COPY {owner}--from={base}/project:{container.tag} {folder} {folder}")
    return "\n".join(lines) + "\n"


def indices() -> list[str]:
    """Return the names of the variables by which pip and uv are told of another index here.

    Their values are taken from the environment by the engine, and are on no command line.
    """
    return [name for name in _INDICES if os.environ.get(name)]


def certificates() -> Path | None:
    """Return the file of certificates that this machine's programs are told to trust: of a proxy that reads along."""
    named = (os.environ.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE"))
    return next((Path(name) for name in named if name and Path(name).is_file()), None)


def place_of_parts(container: Container) -> str:
    """Return where the images of Nix are: `localhost`, so that no registry is ever asked for them."""
    return f"localhost/{container.image}"
