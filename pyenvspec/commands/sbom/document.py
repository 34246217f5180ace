"""The CycloneDX document of an image, made by CycloneDX' own library. The same image gives the same bytes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from pyenvspec import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenvspec.commands.sbom.contents import Distribution, StorePath

_EPOCH = datetime.fromtimestamp(0, UTC)  # as in the image itself: nothing says when it was made


def format_sbom(
    name: str, tag: str, digest: str, paths: Sequence[StorePath], installed: Sequence[Distribution] = ()
) -> str:
    """Return the document of the image `name:tag` whose manifest has this digest.

    `installed` are packages that an engine installed besides.
    """
    image = Component(
        name=name,
        version=tag,
        type=ComponentType.CONTAINER,
        bom_ref=f"{name}@{digest}",
        purl=PackageURL("oci", None, name.rpartition("/")[2], digest, {"tag": tag}),
    )
    # Only ourselves, without the library's own version in it: an upgrade of it should not change the bytes.
    tool = Component(name="pyenvspec", version=__version__, type=ComponentType.APPLICATION)
    metadata = BomMetaData(component=image, tools=None, timestamp=_EPOCH)
    metadata.tools.components.add(tool)
    # Made of the digest, where the library would take a random one.
    bom = Bom(metadata=metadata, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, digest))
    components = {path.path: _component(path) for path in paths}
    for path in paths:
        component = components[path.path]
        bom.components.add(component)
        packages = [_package(package, path.path) for package in path.distributions]
        for package in packages:
            bom.components.add(package)
            bom.register_dependency(package)
        # What is built on names its compiler too, which the image has not: only what is in it counts.
        needed = [components[reference] for reference in path.references if reference in components]
        bom.register_dependency(component, [*needed, *packages])
    # What nothing refers to is what the image has for its own sake; the rest comes with it.
    referred = {reference for path in paths for reference in path.references}
    own = [_package(package, digest) for package in installed]
    for package in own:
        bom.components.add(package)
        bom.register_dependency(package)
    top = [components[path.path] for path in paths if path.path not in referred]
    bom.register_dependency(image, [*top, *own])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(path: StorePath) -> Component:
    name, version = path.name_and_version
    properties = [
        Property(name="nix:store_path", value=path.path),
        Property(name="nix:nar_hash", value=path.hash),
    ]
    return Component(
        name=name,
        version=version,
        bom_ref=path.path,
        purl=PackageURL("nix", None, name, version),
        properties=properties,
    )


def _package(package: Distribution, path: str) -> Component:
    name = canonicalize_name(package.name)
    file = package.file
    references = []
    if file is not None and file.url is not None:
        kind = ExternalReferenceType.DISTRIBUTION
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)]
        references.append(ExternalReference(type=kind, url=XsUri(file.url), hashes=hashes))
    return Component(
        name=package.name,
        version=package.version,
        bom_ref=f"{path}#{name}",
        purl=PackageURL("pypi", None, name, package.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)] if file else None,
        licenses=[LicenseExpression(package.license)] if package.license else None,
        external_references=references,
    )
