"""What every image has to be: no root, nothing writable but /tmp, no program but its own, byte code, the locked
libraries and no other, a bill of materials that names them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROGRAMS = re.compile(
    r"/opt/printworks/bin/(printworks-[a-z-]+|dbmate)"
    r"|/usr(/local)?/bin/python3\.\d+"
    r"|/(usr/)?lib(64)?/.*/?(ld-linux\S*|libc|libc\.so\.6)"
    r"|/opt/printworks/lib/python3\.\d+/site-packages/ots/ots-sanitize"
    r"|(/opt/printworks|/usr|/usr/local)/lib/python3\.\d+/.*\.py"
)
"""All that may be started in an image: the services, their migrations, Python and its modules, the font sanitizer."""

LOCKED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)

OURS = "printworks-"


def normal(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(requirements: str) -> dict[str, set[str]]:
    """Versions by name in a lock file; it may have several for several platforms."""
    versions: dict[str, set[str]] = {}
    for name, version in LOCKED.findall(requirements):
        versions.setdefault(normal(name), set()).add(version)
    return versions


def faults(seen: Mapping[str, Any], requirements: str, user: int) -> Iterator[str]:
    """What is not as it must be, in sentences. `seen` is what `image_inspection` prints."""
    if seen["user"] != user:
        yield f"it runs as user {seen['user']}, not {user}"
    if seen["writable"] != ["/tmp"]:
        yield f"writable are {seen['writable']}, not /tmp alone"
    for path in seen["programs"]:
        if not PROGRAMS.fullmatch(path):
            yield f"there is a program {path}"
    for path in seen["privileged"]:
        yield f"{path} takes the rights of its owner"
    for path in seen["uncompiled"]:
        yield f"{path} has no byte code"
    allowed = locked(requirements)
    billed = {purl.partition("@")[0] for purl in seen["bill"]}
    for one in seen["installed"]:
        name, version = one.split("==")
        if not normal(name).startswith(OURS) and version not in allowed.get(normal(name), ()):
            yield f"{one} is not in the lock file"
        if f"pkg:pypi/{name.lower().replace('_', '-')}" not in billed:
            yield f"{name} is not in the bill of materials"
    if not any(purl.startswith("pkg:deb/") for purl in billed):
        yield "the bill of materials has no package of the base"


def inspection() -> str:
    """The program that is run in the image."""
    return Path(__file__).with_name("image_inspection.py").read_text(encoding="utf-8")
