# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""What `python.build_after` names, taken out of a first installation and asked for in a second one.

    build-after.py requirements FILE OUT NAME…  OUT/rest.txt: FILE without the names, which are in OUT/NAME.txt each
    build-after.py poetry LOCK OUT NAME…        OUT/NAME.txt; poetry takes what is named for installed already
    build-after.py clear                        poetry no longer does
    build-after.py missing MODULE…              prints those modules that this Python does not have

Runs in the virtual environment, by its Python (3.6 or newer), hence no newer syntax; its pip is there.
"""

import importlib.util
import json
import re
import shutil
import sys
import sysconfig
from pathlib import Path

# Who installed a package, by PEP 376: what this file made is known again, and only that is taken away.
_OWN = "pyenvspec\n"
# `-r base.txt`, `-rbase.txt`, `--constraint=old.txt`
_FILE = re.compile(r"\s*(-r|-c|--requirement|--constraint|-f|--find-links)(?:[\s=]+|(?=[^\s=]))(.*\S)\s*$")


def main():
    verb, words = sys.argv[1], sys.argv[2:]
    if verb == "clear":
        clear_stand_ins()
    elif verb == "missing":
        missing = [name for name in words if importlib.util.find_spec(name) is None]
        sys.stdout.write(" ".join(missing) + "\n")
    else:
        source, out, names = Path(words[0]), Path(words[1]), {normalise(name): name for name in words[2:]}
        shutil.rmtree(str(out), ignore_errors=True)
        out.mkdir()
        (split_requirements if verb == "requirements" else split_lock)(source, out, names)


def normalise(name):
    """PEP 503's spelling of a name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def split_requirements(source, out, names):
    """Write rest.txt, a copy of each file that it includes, and a file for each name with the options of all."""
    split = Split(out, names)
    split.copy(source)
    for name, lines in split.wanted.items():
        (out / (names[name] + ".txt")).write_text("\n".join(split.options + lines) + "\n" if lines else "")


class Split:
    """Requirements files on their way into copies without some names."""

    def __init__(self, out, names):
        self.out, self.options, self.copies = out, [], {}
        self.wanted = {name: [] for name in names}

    def copy(self, path):
        """Write the copy of a file, once, and return where it is."""
        path = path.resolve()
        if path in self.copies:
            return self.copies[path]
        # Noted before it is read: two files may include each other.
        copy = self.out / (f"rest-{len(self.copies)}.txt" if self.copies else "rest.txt")
        self.copies[path] = copy
        rest = []
        for line in read_lines(path):
            file, name = _FILE.match(line), named(line)
            if file:
                rest.append(self.include(path, file.group(1), file.group(2)))
            elif name in self.wanted:
                self.wanted[name].append(line)
            else:
                rest.append(line)
                # `--index-url` and its like hold for what is named as well.
                if line.lstrip().startswith("--"):
                    self.options.append(line)
        copy.write_text("\n".join(rest) + "\n")
        return copy

    def include(self, path, option, value):
        """The option with its file as it is found from anywhere."""
        value = value.strip("\"'")
        # pip looks for it beside the file that names it, and the copy is elsewhere.
        where = path.parent / value
        if "://" not in value and option in ("-r", "--requirement"):
            return f"-r {quote(self.copy(where))}"
        is_file = "://" not in value and (where.exists() or option in ("-c", "--constraint"))
        line = f"{option} {quote(where) if is_file else value}"
        self.options.append(line)
        return line


def quote(path):
    return str(path).replace("\\", "\\\\").replace(" ", "\\ ")


def read_lines(path):
    """The logical lines of a requirements file, without comments."""
    text = re.sub(r"\\\r?\n", " ", path.read_text(encoding="utf-8", errors="surrogateescape"))
    return [re.sub(r"(^|(?<!\s)\s+)#.*", "", line) for line in text.splitlines()]


def named(line):
    """The name that a requirement is about: its own, or what a file or repository at its address is called."""
    line = re.sub(r"^[ \t]*(-e|--editable)[\s=]+", "", line).strip()
    # `-e git+https://host/lab.git@v1#egg=lab`, and the same without the name, which the last folder then is.
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", line)
    if egg:
        return normalise(egg.group(1))
    if "://" in line.split(" ")[0]:
        last = line.split(" ")[0].split("#")[0].rstrip("/").split("/")[-1]
        return normalise(re.sub(r"(\.git)?(@[^/]*)?$", "", last)) if not last.endswith(".whl") else ""
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return normalise(name.group()) if name else ""


def split_lock(lock, out, names):
    """Write a file for each name with what the lock says of it, and its stand-in."""
    options, wanted = [], {}
    for package in load_toml(lock)["package"]:
        name = normalise(package["name"])
        source = dict(package.get("source", {}))
        # Relative to the lock; a requirements file elsewhere needs the whole path.
        if source.get("type") in ("directory", "file"):
            source["url"] = (lock.parent / source["url"]).resolve().as_uri()
        # What poetry calls an index besides the usual one.
        elif source.get("type") == "legacy" and source["url"] not in options:
            options += ["--extra-index-url", source["url"]]
        if name in names:
            wanted.setdefault(name, []).append(requirement(package, source))
            if not is_installed(package):
                add_stand_in(package, source)
    indices = [" ".join(options[i : i + 2]) for i in range(0, len(options), 2)]
    for name, lines in wanted.items():
        (out / (names[name] + ".txt")).write_text("\n".join(indices + lines) + "\n")


def requirement(package, source):
    """A line of a requirements file that has no choice left."""
    kind, name = source.get("type"), package["name"]
    # One text, or one for each group that asks for it, all about this package.
    markers = package.get("markers", "")
    marker = " ; " + markers if isinstance(markers, str) and markers else ""
    if kind == "git":
        commit = source.get("resolved_reference", source.get("reference", "HEAD"))
        return "{} @ git+{}@{}{}".format(name, source["url"], commit, marker)
    if kind in ("url", "directory", "file"):
        return "{} @ {}{}".format(name, source["url"], marker)
    hashes = "".join(" --hash={}".format(file["hash"]) for file in package.get("files", []))
    return "{}=={}{}{}".format(name, package["version"], marker, hashes)


def load_toml(path):
    try:
        import tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib
    return tomllib.loads(path.read_text(encoding="utf-8"))


def site_packages():
    return Path(sysconfig.get_path("purelib"))


def stand_ins():
    for folder in site_packages().glob("*.dist-info"):
        installer = folder / "INSTALLER"
        if installer.is_file() and installer.read_text() == _OWN:
            yield folder


def clear_stand_ins():
    for folder in stand_ins():
        shutil.rmtree(str(folder))


def is_installed(package):
    """Whether this very version is there: poetry then leaves it alone by itself."""
    wanted = normalise(package["name"]), package["version"]
    for folder in site_packages().glob("*.dist-info"):
        name, _, version = folder.name[: -len(".dist-info")].rpartition("-")
        if (normalise(name), version) == wanted:
            return True
    return False


def add_stand_in(package, source):
    """What poetry reads of an installed package: its name, version and where it came from."""
    spelled = re.sub(r"[-_.]+", "_", package["name"])
    folder = site_packages() / "{}-{}.dist-info".format(spelled, package["version"])
    folder.mkdir()
    (folder / "INSTALLER").write_text(_OWN)
    fields = ("Metadata-Version: 2.1", "Name: " + package["name"], "Version: " + package["version"], "")
    (folder / "METADATA").write_text("\n".join(fields))
    # No file is its own: to uninstall it takes nothing else away.
    (folder / "RECORD").write_text("")
    commit, reference = source.get("resolved_reference", ""), source.get("reference", "")
    # PEP 610: without it poetry takes the package for one of an index, and installs that of the lock over it.
    kinds = {
        "git": {"vcs_info": {"vcs": "git", "requested_revision": reference, "commit_id": commit}},
        "url": {"archive_info": {}},
        "file": {"archive_info": {}},
        "directory": {"dir_info": {}},
    }
    if source.get("type") in kinds:
        origin = dict(kinds[source["type"]], url=source["url"])
        (folder / "direct_url.json").write_text(json.dumps(origin))


if __name__ == "__main__":
    main()
