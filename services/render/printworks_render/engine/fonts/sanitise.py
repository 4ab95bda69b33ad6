"""Fonts from strangers, rewritten by the OpenType Sanitizer that browsers use, before anything else reads them.

It checks every table, leaves out those that it does not know (drawings in SVG, signatures), unpacks WOFF and WOFF2, and
writes the font anew. It runs as a program of its own with a limit of time, inside of the limits that the render process
has. Tables that it hands on unchecked (bitmaps) are emptied here.
"""

import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from printworks_common.failures import Reason

from printworks_render.engine.job import RenderError

SECONDS = 10
"""Of processor time. A CJK font of 4 MB takes 0.02 s."""

_CHECKED = frozenset(
    {
        "avar", "BASE", "CFF", "CFF2", "cmap", "COLR", "CPAL", "cvt", "fpgm", "fvar", "gasp", "GDEF", "glyf", "GPOS",
        "GSUB", "gvar", "hdmx", "head", "hhea", "hmtx", "HVAR", "JSTF", "kern", "loca", "LTSH", "MATH", "maxp", "MVAR",
        "name", "OS/2", "post", "prep", "STAT", "VDMX", "vhea", "vmtx", "VORG", "VVAR",
    }
)  # fmt: skip


def sanitised(data: bytes) -> bytes:
    """The font as TrueType or OpenType. Raises `RenderError(font_unavailable)` when it is damaged or hostile."""
    with tempfile.TemporaryDirectory(prefix="pw-font-") as folder:
        source, target = Path(folder) / "font", Path(folder) / "clean"
        source.write_bytes(data)
        process = subprocess.Popen(
            [_program(), "--quiet", str(source), str(target)],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if sys.platform == "linux":
                # Also when this process is killed meanwhile, the other one ends.
                resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
            code = process.wait(timeout=6 * SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()
            process.wait()
        if code != 0 or not target.exists():
            raise RenderError(Reason.FONT_UNAVAILABLE, "The font is damaged: it does not pass the OpenType Sanitizer.")
        return _emptied(bytearray(target.read_bytes()))


def _emptied(data: bytearray) -> bytes:
    """The font without the tables that nobody has checked: their entries stay, with no content."""
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        entry = 12 + 16 * number
        if data[entry : entry + 4].decode("latin-1").strip() not in _CHECKED:
            struct.pack_into(">II", data, entry + 8, 0, 0)
    return bytes(data)


@cache
def _program() -> str:
    """The sanitizer of the package, else that of the system: not every platform has a wheel."""
    package = find_spec("ots")
    for place in package.submodule_search_locations or () if package is not None else ():
        if (program := Path(place) / "ots-sanitize").exists():
            return str(program)
    found = shutil.which("ots-sanitize")
    if found is None:
        raise RenderError(Reason.FONT_UNAVAILABLE, "No OpenType Sanitizer is installed here; no font can be checked.")
    return found
