"""Run directories: `.printworks/run/<id>/` holds data, logs and the record of one stack's processes.

The record outlives a killed owner, so the next start, or `make down`, ends what was left and removes its data.
A process is known by pid and start time: a pid alone may belong to a stranger by now.
"""

import json
import os
import secrets
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from printworks_local.stack.process import kill_tree

RECORD = "processes.json"
OWNER_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Known:
    """A process that may be ended, if it is still the same one."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Known":
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(slots=True)
class Run:
    """The record of one stack that this process owns."""

    directory: Path
    label: str
    keep_data: bool
    processes: dict[str, Known] = field(default_factory=dict[str, Known])

    def record(self, name: str, pid: int) -> None:
        self.processes[name] = Known.of(pid)
        self._write()

    def forget(self, name: str) -> None:
        self.processes.pop(name, None)
        self._write()

    def _write(self) -> None:
        owner = Known.of(os.getpid())
        text = json.dumps(
            {
                "label": self.label,
                "keep_data": self.keep_data,
                "owner": [owner.pid, owner.started],
                "processes": {name: [known.pid, known.started] for name, known in self.processes.items()},
            }
        )
        temporary = self.directory / f"{RECORD}.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.directory / RECORD)

    def close(self) -> None:
        """After the parts have ended: remove the data, or only the record where the data is kept."""
        if self.keep_data:
            (self.directory / RECORD).unlink(missing_ok=True)
        else:
            shutil.rmtree(self.directory)


def runs_directory(root: Path) -> Path:
    return root / ".printworks" / "run"


def open_run(root: Path, label: str, run_id: str | None, keep_data: bool) -> Run:
    """Make the run directory of a new stack, after ending what killed owners have left."""
    end_runs(root)
    name = run_id or f"{label}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    directory = runs_directory(root) / name
    directory.mkdir(parents=True, exist_ok=True)
    run = Run(directory, label, keep_data)
    run._write()
    return run


def end_runs(root: Path, *, live_label: str | None = None) -> list[str]:
    """End the parts of runs whose owner is dead, and with `live_label` also live owners of that label.

    Returns the names of the ended runs. Live owners get SIGTERM and 30 seconds to end by themselves, then SIGKILL."""
    ended: list[str] = []
    for record in sorted(runs_directory(root).glob(f"*/{RECORD}")):
        with suppress(FileNotFoundError):  # another process may be ending the same run
            data: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
            owner = Known(*data["owner"])
            if owner.alive():
                if data["label"] != live_label or owner.pid == os.getpid():
                    continue
                _end_owner(owner)
            for known in (Known(*value) for value in data["processes"].values()):
                if known.alive():
                    kill_tree(known.pid)
            if data["keep_data"]:
                record.unlink(missing_ok=True)
            else:
                shutil.rmtree(record.parent, ignore_errors=True)
            ended.append(record.parent.name)
    return ended


def _end_owner(owner: Known) -> None:
    os.kill(owner.pid, signal.SIGTERM)
    deadline = time.monotonic() + OWNER_GRACE_SECONDS
    while owner.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    if owner.alive():
        kill_tree(owner.pid)
