"""Small disks that can be made full: file systems in memory, so that a full one says ENOSPC as a real one does.

To mount one a process needs the right to. Root has it; others get it in namespaces of their own (`with_rights`), where
the kernel lets them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

BALLAST = "ballast"
PIECE_BYTES = 64 * 1024


class DiskError(Exception):
    """No file system can be mounted here; the message says why."""


def with_rights(arguments: Sequence[str]) -> None:
    """Begin this program again in namespaces in which it may mount, unless it may already. Raises DiskError."""
    if os.geteuid() == 0:
        return
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which(enter[0]) is None or subprocess.run([*enter, "true"], capture_output=True, check=False).returncode:
        raise DiskError("to mount a small disk takes root, or the program unshare and a kernel that lets users use it")
    os.execvp(enter[0], [*enter, sys.executable, *arguments])


@contextmanager
def small_disk(megabytes: int) -> Generator[Path]:
    """A directory on a file system of its own. Raises DiskError."""
    with tempfile.TemporaryDirectory(prefix="printworks-disk-") as folder:
        options = f"size={megabytes}m,mode=0755"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "printworks-disk", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DiskError(f"no disk can be mounted here: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(directory: Path) -> int:
    """Leave not a byte free; returns how many there were."""
    taken = 0
    piece = b"\1" * PIECE_BYTES
    with (directory / BALLAST).open("ab", buffering=0) as file:
        while piece:
            try:
                taken += file.write(piece)
            except OSError:
                piece = piece[: len(piece) // 2]
    return taken


def free(directory: Path) -> None:
    """Undo `fill`."""
    (directory / BALLAST).unlink(missing_ok=True)
