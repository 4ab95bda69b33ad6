"""`audit.py PIP_AUDIT LOCK…`: known weaknesses of the locked libraries, told by pip-audit.

Exit code 0: none is known; 1: some are, and are listed; 3: the database could not be asked, about any one of them.
"""

# ruff: noqa: T201 (a command that tells)

import json
import subprocess
import sys

WEAK, NOT_ASKED = 1, 3


def audit(program: str, lock: str) -> int:
    command = [program, "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json", "-r", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout)["dependencies"]
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"{lock}: not audited: {last}")
        return NOT_ASKED
    weak = [(one, fault) for one in told for fault in one.get("vulns", [])]
    skipped = [one for one in told if "skip_reason" in one]
    for one, fault in weak:
        print(f"{lock}: {one['name']} {one['version']}: {fault['id']}, mended in {fault['fix_versions'] or 'none'}")
    if skipped:
        print(f"{lock}: of {len(skipped)} of {len(told)} libraries the database told nothing: {skipped[0]['name']}, …")
    elif not weak:
        print(f"{lock}: nothing known of {len(told)} libraries")
    return WEAK if weak else NOT_ASKED if skipped else 0


if __name__ == "__main__":
    codes = {audit(sys.argv[1], lock) for lock in sys.argv[2:]}
    sys.exit(WEAK if WEAK in codes else max(codes))
