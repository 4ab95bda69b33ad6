"""Container images of the services: built, measured, and started as a cluster would start them.

The engine is Docker or Podman, whichever works here; where no registry is at hand, BASE_IMAGE names a base that is.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from printworks_local.services import SERVICES
from printworks_local.stack import StackError

TAG = "0.1.0"
PREFIX = "printworks"
UID = 10001

TARGETS = tuple(dict.fromkeys(service.command.removeprefix("printworks-") for service in SERVICES))
"""Images by the commands in them."""

_MOUNTED = ("/etc/ssl/certs", "/etc/pip.conf")
"""What lets pip reach its index from within a build: mounted there, never in an image."""


@dataclass(frozen=True)
class Engine:
    """A container engine as command-line words: those of every call, of a build, and of a run."""

    words: tuple[str, ...]
    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()

    def call(self, *arguments: str) -> str:
        """Standard output. Raises StackError with what the engine said."""
        done = subprocess.run([*self.words, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(f"{' '.join(arguments[:2])} failed:\n{done.stderr[-4000:]}", code="engine_failed")
        return done.stdout


def find_engine() -> Engine:
    """Docker if it runs, else Podman. Raises StackError when there is neither."""
    docker, podman = shutil.which("docker"), shutil.which("podman")
    if docker and _works(docker, "info"):
        return Engine((docker,))
    if podman:
        limits = ("--ulimit", "nofile=1024:1024")
        # As root and without systemd, as on build machines: no cgroups of its own, and runc where crun refuses.
        rootful = ("--cgroup-manager=cgroupfs", "--runtime=runc") if os.geteuid() == 0 and shutil.which("runc") else ()
        return Engine((podman, *rootful), ("--isolation=chroot", *limits), (*limits, "--ulimit", "nproc=4096:4096"))
    raise StackError("There is neither a running Docker nor Podman here.", code="engine_missing")


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Images:
    """The images of one tag."""

    engine: Engine
    tag: str = TAG

    def name(self, target: str) -> str:
        return f"localhost/{PREFIX}/{target}:{self.tag}"

    def build(self, root: Path, target: str) -> None:
        """Build one image from the checkout `root`. Raises StackError with the end of the build's output."""
        base = os.environ.get("BASE_IMAGE")
        arguments = ["--network=host", *self.engine.build]
        if self.engine.words[0].endswith("podman"):
            arguments += [word for place in _MOUNTED if Path(place).exists() for word in ("-v", f"{place}:{place}:ro")]
        arguments += ["--build-arg", f"BASE_IMAGE={base}"] if base else []
        arguments += ["--build-arg", f"VERSION={self.tag}", "--build-arg", f"REVISION={_revision(root)}"]
        file = root / "deploy" / "images" / "Dockerfile"
        self.engine.call("build", *arguments, "-f", str(file), "--target", target, "-t", self.name(target), str(root))

    def megabytes(self, target: str) -> float:
        """Size on disk, in MB."""
        (found,) = json.loads(self.engine.call("image", "inspect", self.name(target)))
        return found["Size"] / 1e6

    def python(self, target: str, code: str) -> str:
        """Standard output of Python code that runs in an image, which is all that it may read. Raises StackError."""
        words = self.command("python", ["-c", code], None, target=target)
        return self.engine.call(*words[len(self.engine.words) :])

    def command(self, program: str, arguments: list[str], files: Path | None, target: str | None = None) -> list[str]:
        """Run `program` from its image as the chart does: no root, nothing writable but /tmp, no capabilities.

        Variables that begin with PRINTWORKS_ are handed on; `files` is a folder that it may read. The image is
        that of the program, unless `target` is another.
        """
        target = target or program.removeprefix("printworks-")
        mounts = ["-v", f"{files}:{files}:ro"] if files is not None else []
        return [
            *self.engine.words, "run", "--rm", "--network=host", "--read-only", "--user", f"{UID}:{UID}",
            "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp:rw,size=2g,mode=1777",
            "--env=PRINTWORKS_*", *self.engine.run, *mounts,
            self.name(target if target in TARGETS else TARGETS[0]), program, *arguments,
        ]  # fmt: skip


def _revision(root: Path) -> str:
    done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
