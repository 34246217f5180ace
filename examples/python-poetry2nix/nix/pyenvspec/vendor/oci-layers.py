# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Make layers of an OCI image in $out: `blobs/sha256/…`, `layers.json` and `paths`, what later layers do without.

Of store paths: their closure less that of the layers below, each large one in a layer of its own. Of a folder: its
content at the root of the image. The same content gives the same bytes: fixed times, order, owners and compression.
"""

import hashlib
import json
import os
import stat
import subprocess
import tarfile
from pathlib import Path

# So large that a change of its neighbours must not move it again.
_LARGE = 32 << 20
# An image is made of about eight closures (image-layers.nix) and one for each large wheel; engines stop at 127 layers.
_MOST_LARGE = 10
# The Nix store's own; some programs take 0 for a file without a time.
_TIME = 1


def main():
    with open(os.environ["NIX_ATTRS_JSON_FILE"], encoding="utf-8") as file:
        given = json.load(file)
    out = Path(given["outputs"]["out"])
    (out / "blobs" / "sha256").mkdir(parents=True)
    if given.get("tree"):
        layers = [_Layer(given, out).add_tree(Path(given["tree"]), given["owned"]).close()]
        paths = []
    else:
        below = set()
        for folder in given["below"]:
            below.update((Path(folder) / "paths").read_text(encoding="utf-8").split())
        closure = [path for path in given["closure"] if path["path"] not in below]
        paths = sorted(path["path"] for path in closure)
        large = sorted(
            (path for path in closure if path["narSize"] >= _LARGE), key=lambda path: -path["narSize"]
        )
        apart = sorted(path["path"] for path in large[:_MOST_LARGE])
        together = [path for path in paths if path not in apart]
        layers = [_Layer(given, out, path).add_paths([path]).close() for path in apart]
        layers += [_Layer(given, out).add_paths(together).close()] if together else []
    (out / "paths").write_text("".join(path + "\n" for path in paths), encoding="utf-8")
    (out / "layers.json").write_text(json.dumps(layers, indent=1), encoding="utf-8")


class _Layer:
    """A tar archive that is hashed and compressed while it is written."""

    def __init__(self, given, out, path=None):
        self.title = given["title"] + (": " + Path(path).name.split("-", 1)[1] if path else "")
        self.blobs = out / "blobs" / "sha256"
        # Its name is its digest, which is known at the end.
        self.temporary = out / "layer"
        self.content = hashlib.sha256()
        self.file = self.temporary.open("wb")
        self.compressor = subprocess.Popen(given["compress"], stdin=subprocess.PIPE, stdout=self.file)
        self.tar = tarfile.open(fileobj=self, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.parents = set()

    def write(self, data):
        """For tarfile."""
        self.content.update(data)
        return self.compressor.stdin.write(data)

    def add_paths(self, paths):
        for path in paths:
            self._add_below(Path(path), Path(path), lambda _name, mode: (mode, 0, 0))
        return self

    def add_tree(self, tree, owned):
        """`owned`: places with the numbers of their owner, the mode of the folder itself and whether below it too."""

        def owner(name, mode):
            # The store has no write permission; who owns a file in an image expects to have it.
            mode |= stat.S_IWUSR
            for place in owned:
                if name == place["path"]:
                    return int(place.get("mode") or oct(mode), 8) & 0o7777, place["uid"], place["gid"]
                if name.startswith(place["path"].rstrip("/") + "/"):
                    return mode, place["uid"], place["gid"]
            return mode, 0, 0

        for path in sorted(tree.iterdir()):
            self._add_below(path, Path("/") / path.name, owner)
        return self

    def _add_below(self, source, target, owner):
        # Engines make folders that an archive leaves out, each in its own way.
        for parent in reversed(list(target.parents)[:-1]):
            if parent not in self.parents:
                self.parents.add(parent)
                self._add(None, parent, lambda _name, _mode: (0o755, 0, 0))
        self._add(source, target, owner)
        if source.is_dir() and not source.is_symlink():
            self.parents.add(target)
            for path in sorted(source.iterdir()):
                self._add_below(path, target / path.name, owner)

    def _add(self, source, target, owner):
        entry = tarfile.TarInfo(str(target).lstrip("/"))
        entry.mtime = _TIME
        status = None if source is None else source.lstat()
        mode = 0o755 if status is None else stat.S_IMODE(status.st_mode)
        entry.mode, entry.uid, entry.gid = owner(str(target), mode)
        if status is None or stat.S_ISDIR(status.st_mode):
            entry.type = tarfile.DIRTYPE
            self.tar.addfile(entry)
        elif stat.S_ISLNK(status.st_mode):
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, os.readlink(str(source)), 0o777
            self.tar.addfile(entry)
        else:
            entry.size = status.st_size
            with source.open("rb") as file:
                self.tar.addfile(entry, file)

    def close(self):
        self.tar.close()
        self.compressor.stdin.close()
        if self.compressor.wait() != 0:
            raise SystemExit("pyenvspec: the compressor failed")
        self.file.close()
        compressed = hashlib.sha256()
        with self.temporary.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                compressed.update(block)
        self.temporary.replace(self.blobs / compressed.hexdigest())
        return {
            "title": self.title,
            "digest": "sha256:" + compressed.hexdigest(),
            "size": (self.blobs / compressed.hexdigest()).stat().st_size,
            "diffId": "sha256:" + self.content.hexdigest(),
        }


if __name__ == "__main__":
    main()
