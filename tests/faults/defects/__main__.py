"""Is the proof one? Each seeded defect in a copy of the code, and the part of the harness that has to notice it:
`python -m tests.faults.defects [--only TEXT]`. Ends with code 1 when more than one of twenty is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from printworks_local.stack.model import checkout_root

from tests.faults.defects.seeded import DEFECTS, Defect, Simulator
from tests.faults.defects.trying import copied, detector, environment, noticed

MOST_MISSED = 0.05
MINUTES = 10


def tried(defect: Defect) -> tuple[bool, str]:
    """Whether it was noticed, and what the detector printed."""
    with tempfile.TemporaryDirectory(prefix="pw-defect-") as folder:
        checkout = copied(Path(folder))
        defect.apply(checkout)
        try:
            ran = subprocess.run(
                detector(defect, checkout),
                cwd=checkout_root(),
                env={**os.environ, **environment(checkout)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=MINUTES * 60,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return False, f"no verdict within {MINUTES} minutes: {error.cmd}"
    return noticed(ran.returncode, ran.stdout), ran.stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.defects", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="defects whose names contain it")
    parser.add_argument("--list", action="store_true", help="print the defects and end")
    arguments = parser.parse_args()
    chosen = [one for one in DEFECTS if arguments.only in one.name]
    if not chosen:
        parser.error(f"{arguments.only} names no defect")
    if arguments.list:
        print("\n".join(one.name for one in chosen))
        return 0
    missed = 0
    for defect in chosen:
        began = time.monotonic()
        found, said = tried(defect)
        missed += not found
        by = "simulator" if isinstance(defect.noticed_by, Simulator) else "running system"
        word = "caught" if found else "MISSED"
        print(f"{word} {time.monotonic() - began:4.0f} s  {by:<14}  {defect.name}", flush=True)
        if not found:
            print("\n".join(f"    {line}" for line in said.splitlines()[-12:]), flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} seeded defects are caught")
    return 1 if missed > MOST_MISSED * len(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
