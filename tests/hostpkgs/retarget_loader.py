"""Give a copy of the machine's ld.so a cache of its own, as a nixpkgs glibc has: `<glibc>/etc/ld.so.cache`.

In: LOADER COPY CACHE. The longer path overwrites the help text of ld.so, and every instruction that
loads the address of the old path is made to load the new one. x86-64 only: elsewhere a plain copy.
"""

import re
import struct
import sys
from pathlib import Path

_OLD = b"/etc/ld.so.cache\0"
_HELP = b"Usage: %s [OPTION]..."
_MACHINE_X86_64 = 0x3E
_PT_LOAD = 1


def main() -> int:
    loader, copy, cache = map(Path, sys.argv[1:])
    content = bytearray(loader.read_bytes())
    if struct.unpack_from("<H", content, 18)[0] == _MACHINE_X86_64:
        _retarget(content, bytes(cache) + b"\0")
    copy.write_bytes(content)
    copy.chmod(0o755)
    return 0


def _retarget(content: bytearray, new: bytes) -> None:
    place = content.index(_HELP)
    segments = _load_segments(content)
    old_address = _address_of(content.index(_OLD), segments)
    new_address = _address_of(place, segments)
    # lea REG, [rip+N]
    found = 0
    for match in re.finditer(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]", bytes(content)):
        operand = match.end()
        if operand + 4 > len(content):
            continue
        following = _address_of(operand + 4, segments)
        if following + struct.unpack_from("<i", content, operand)[0] == old_address:
            struct.pack_into("<i", content, operand, new_address - following)
            found += 1
    if not found:
        sys.exit("retarget_loader: no instruction of this ld.so loads the address of its cache's path")
    content[place : place + len(new)] = new


def _load_segments(content: bytearray) -> list[tuple[int, int, int]]:
    """Offset, address and size of what is loaded, from the program headers of a 64-bit ELF file."""
    table = struct.unpack_from("<Q", content, 32)[0]
    size, count = struct.unpack_from("<HH", content, 54)
    headers = [struct.unpack_from("<IIQQQQ", content, table + size * index) for index in range(count)]
    return [(offset, address, length) for kind, _, offset, address, _, length in headers if kind == _PT_LOAD]


def _address_of(position: int, segments: list[tuple[int, int, int]]) -> int:
    for offset, address, length in segments:
        if offset <= position < offset + length:
            return address + position - offset
    return -1


if __name__ == "__main__":
    raise SystemExit(main())
