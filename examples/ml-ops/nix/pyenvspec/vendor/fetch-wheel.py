# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Fetch one wheel into $out: from its address, or from the page of its package on an index, found there by its hash.

Runs in a build whose output Nix checks against the lock. uv.lock names the address of each file, poetry.lock only its
name and hash. Everything comes by environment: `url` or `index` (or `pip`) and `project`, `file`, `sha256`, `out`.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

_JSON = "application/vnd.pypi.simple.v1+json"
# A build has no state and is not started again by itself: what passes in seconds is waited for.
_TRIES = 4


def main():
    file, sha256 = os.environ["file"], os.environ["sha256"]
    url = os.environ.get("url") or _find(
        _index().rstrip("/") + "/" + os.environ["project"] + "/", file, sha256
    )
    with _open(url) as answer, open(os.environ["out"], "wb") as out:
        while True:
            block = answer.read(1 << 20)
            if not block:
                break
            out.write(block)


def _index():
    """The index of the lock; where it names none, the one that pip goes to by itself."""
    if os.environ["index"]:
        return os.environ["index"]
    sys.path.insert(0, os.environ["pip"])
    from pip._internal.models.index import PyPI

    return PyPI.simple_url


def _find(page, file, sha256):
    """The address of a file on a page of an index (PEP 503 and 691)."""
    # Small indexes know only HTML; PEP 691 has them choose.
    with _open(page, {"Accept": f"{_JSON}, text/html;q=0.1"}) as answer:
        is_json = "json" in answer.headers.get("Content-Type", "")
        # Links are relative to where the index led to.
        page, text = answer.geturl(), answer.read().decode()
    if is_json:
        files = [
            (item["filename"], item["url"], item["hashes"].get("sha256"))
            for item in json.loads(text)["files"]
        ]
    else:
        links = _Links()
        links.feed(text)
        files = links.files
    # The same file name may stand there twice; where a page gives no hash, Nix checks it in the end.
    for wanted in (sha256, None):
        for name, url, found in files:
            if name == file and found == wanted:
                return urllib.parse.urljoin(page, url)
    # An index may call a file by another name; what is in it is what counts.
    for _name, url, found in files:
        if found == sha256:
            return urllib.parse.urljoin(page, url)
    sys.exit(f"pyenvspec: {page} has no {file} with the hash of the lock")


class _Links(HTMLParser):
    """The links of an index page, as (file name, address, hash or None)."""

    def __init__(self):
        super().__init__()
        self.files = []

    def handle_starttag(self, tag, attributes):
        target = dict(attributes).get("href")
        if tag == "a" and target:
            url, _, fragment = target.partition("#")
            sha256 = re.fullmatch(r"sha256=([0-9a-f]{64})", fragment)
            name = urllib.parse.unquote(url.split("?")[0].rsplit("/", 1)[-1])
            self.files.append((name, url, sha256[1] if sha256 else None))


def _open(url, headers=None):
    request = urllib.request.Request(url, headers={"User-Agent": "pyenvspec", **(headers or {})})
    for attempt in range(_TRIES):
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            # 429: too many requests.
            if (error.code < 500 and error.code != 429) or attempt == _TRIES - 1:
                sys.exit(f"pyenvspec: {url}: {error}")
        except OSError as error:
            if attempt == _TRIES - 1:
                sys.exit(f"pyenvspec: {url}: {error}")
        time.sleep(2**attempt)
    return None


if __name__ == "__main__":
    main()
