"""How a defect is tried: a copy of the code, the detector that runs on it, and whether it has noticed."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from printworks_local.stack.model import checkout_root

from tests.faults.defects.seeded import Defect, Simulator
from tests.faults.system import PACKAGES, packages_of

SEED = "20261126"

_NOTICED = re.compile(r"^[1-9]\d* (promises are broken|worlds broken)", re.MULTILINE)
"""What a detector says of a broken promise. A system that does not start is none."""


def copied(folder: Path) -> Path:
    """The services and what they share, without what is installed or made."""
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for package in PACKAGES:
        shutil.copytree(checkout_root() / package, folder / package, ignore=left_out)
    return folder


def environment(checkout: Path) -> dict[str, str]:
    """Python takes the copy's packages before those that are installed."""
    return {"PYTHONPATH": os.pathsep.join(map(str, packages_of(checkout))), "PYTHONDONTWRITEBYTECODE": "1"}


def detector(defect: Defect, checkout: Path) -> Sequence[str]:
    by = defect.noticed_by
    if isinstance(by, Simulator):
        return [sys.executable, "-m", "tests.simulator", "--orders", str(by.orders), "--seed", SEED]
    words = [sys.executable, "-m", "tests.faults.failpoints", "--seed", SEED, "--source", str(checkout)]
    words += ["--times", str(by.times), "--orders", str(by.orders), "--rate", "1.5", "--within", "60"]
    return [*words, "--only", by.only] if by.only else words


def noticed(code: int, said: str) -> bool:
    return code == 1 and _NOTICED.search(said) is not None
