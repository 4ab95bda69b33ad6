"""What an image is, seen from within: run in it with its own Python, it prints JSON. Only the standard library.

podman run … IMAGE python -c "$(cat image_inspection.py)"
"""

import json
import os
import stat
import struct
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

HOME = Path("/opt/printworks")

PROC_FILE_SYSTEMS = ("/proc", "/sys", "/dev", "/tmp", "/run")

INTERPRETER_SEGMENT = 3
"""PT_INTERP: only a program has it, and the C library."""


def regular_files() -> Iterator[tuple[Path, os.stat_result]]:
    for folder, folders, names in os.walk("/"):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in PROC_FILE_SYSTEMS]
        for name in names:
            path = Path(folder, name)
            about = path.lstat()
            if stat.S_ISREG(about.st_mode):
                yield path, about


def is_program(path: Path) -> bool:
    """A script with an interpreter, or an ELF file that can be started."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if head[:2] == b"#!":
                return True
            if head[:4] != b"\x7fELF" or head[4] != 2:
                return False
            offset, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
            file.seek(offset)
            table = file.read(size * count)
            kinds = (struct.unpack_from("<I", table, size * number)[0] for number in range(count))
            return INTERPRETER_SEGMENT in kinds
    except OSError:
        return False


def is_writable(place: str) -> bool:
    probe = Path(place, ".probe")
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def look() -> dict[str, object]:
    """`uncompiled`: sources of the services and their libraries without byte code."""
    programs: list[str] = []
    privileged: list[str] = []
    uncompiled: list[str] = []
    for path, about in regular_files():
        if about.st_mode & (stat.S_ISUID | stat.S_ISGID):
            privileged.append(str(path))
        if about.st_mode & 0o111 and is_program(path):
            programs.append(str(path))
        if path.suffix == ".py" and HOME / "lib" in path.parents and not Path(cache_from_source(str(path))).exists():
            uncompiled.append(str(path))
    bill = json.loads((HOME / "sbom.json").read_text(encoding="utf-8"))
    return {
        "user": os.getuid(),
        "writable": [place for place in ("/", "/etc", "/opt/printworks", "/tmp", "/usr", "/var") if is_writable(place)],
        "programs": sorted(programs),
        "privileged": privileged,
        "uncompiled": uncompiled,
        "installed": sorted(f"{one.metadata['Name']}=={one.version}" for one in metadata.distributions()),
        "bill": sorted(component["purl"] for component in bill["components"] if "purl" in component),
    }


if __name__ == "__main__":
    json.dump(look(), sys.stdout)
