# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Join layers and a configuration into an OCI image layout in $out; blobs are links to those of the layers."""

import hashlib
import json
import os
from pathlib import Path

_TIME = "1970-01-01T00:00:01Z"
_KIND = "application/vnd.oci.image."
# What Docker's and Podman's storage can put over each other.
_MOST_LAYERS = 127


def main():
    with open(os.environ["NIX_ATTRS_JSON_FILE"], encoding="utf-8") as file:
        given = json.load(file)
    # A build says where to write in the file, a program over a base image by environment.
    out = Path(os.environ.get("out") or given["outputs"]["out"])
    blobs = out / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    base = _read_base(os.environ.get("base"), blobs)
    config, layers = base["config"], base["layers"]
    rootfs, history = (
        config.setdefault("rootfs", {"type": "layers", "diff_ids": []}),
        config.setdefault("history", []),
    )
    for folder in map(Path, given["layers"]):
        for layer in json.loads((folder / "layers.json").read_text(encoding="utf-8")):
            digest = layer["digest"].split(":")[1]
            if not (blobs / digest).exists():
                (blobs / digest).symlink_to(folder / "blobs" / "sha256" / digest)
            rootfs["diff_ids"].append(layer["diffId"])
            history.append({"created": _TIME, "created_by": "pyenvspec: " + layer["title"]})
            layers.append(
                {"mediaType": _KIND + "layer.v1.tar+gzip", "digest": layer["digest"], "size": layer["size"]}
            )
    if len(layers) > _MOST_LAYERS:
        raise SystemExit(
            f"pyenvspec: the image has {len(layers)} layers, and engines take {_MOST_LAYERS}: "
            "take another `base` image, or fewer packages under `native`"
        )
    platform = {"architecture": given["architecture"], "os": "linux"}
    config.update(platform, created=_TIME, config=_merge(config.get("config") or {}, given["config"]))
    manifest = {
        "schemaVersion": 2,
        "mediaType": _KIND + "manifest.v1+json",
        "config": _put(blobs, config, "config.v1+json"),
        "layers": layers,
    }
    entry = _put(blobs, manifest, "manifest.v1+json")
    entry.update(platform=platform, annotations={"org.opencontainers.image.ref.name": given["tag"]})
    (out / "index.json").write_text(_dump({"schemaVersion": 2, "manifests": [entry]}), encoding="utf-8")
    (out / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="utf-8")


def _read_base(folder, blobs):
    """The configuration and the layers of an image layout that is underneath."""
    if not folder:
        return {"config": {}, "layers": []}
    folder = Path(folder)

    def read(digest):
        return json.loads((folder / "blobs" / digest.replace(":", "/")).read_text(encoding="utf-8"))

    manifest = read(json.loads((folder / "index.json").read_text(encoding="utf-8"))["manifests"][0]["digest"])
    for layer in manifest["layers"]:
        name = layer["digest"].split(":")[1]
        (blobs / name).symlink_to(folder / "blobs" / "sha256" / name)
    return {"config": read(manifest["config"]["digest"]), "layers": manifest["layers"]}


def _merge(base, own):
    """Ours wins; variables and labels are added to those of the base, whose folders end PATH."""
    variables = dict(line.split("=", 1) for line in base.get("Env") or [])
    ours = dict(own.pop("Env"))
    folders = variables.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(":")
    ours["PATH"] = ":".join(dict.fromkeys(ours["PATH"].split(":") + folders))
    merged = {**base, **own, "Env": ["=".join(pair) for pair in sorted({**variables, **ours}.items())]}
    merged["Labels"] = {**(base.get("Labels") or {}), **own.get("Labels", {})}
    # What a base starts first would get our command as its words.
    merged.pop("Entrypoint", None)
    return merged


def _put(blobs, document, kind):
    content = _dump(document).encode()
    digest = hashlib.sha256(content).hexdigest()
    (blobs / digest).write_bytes(content)
    return {"mediaType": _KIND + kind, "digest": "sha256:" + digest, "size": len(content)}


def _dump(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


if __name__ == "__main__":
    main()
