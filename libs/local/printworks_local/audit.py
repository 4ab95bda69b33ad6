"""`python -m printworks_local.audit PIP_AUDIT`: known vulnerabilities of all that the lock files name.

Exit codes: 0 when every package was looked up and none is known to be vulnerable, 1 when one is, 3 when the database
could not be asked about all of them. pip-audit itself ends with 0 for packages that its database does not answer for.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from printworks_local.stack.model import checkout_root

CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 3
TIMEOUT = 600.0
SHOWN = 5


def rounds(locks: Iterable[str]) -> list[str]:
    """Every version that any lock file names, for whatever platform, as few lock files that name no package twice:
    pip-audit refuses a second line of a package, and passes over what a marker keeps from this machine."""
    pins: dict[str, dict[str, str]] = {}
    for lock in locks:
        for line in lock.replace("\\\n", " ").splitlines():
            requirement, *hashes = line.split(" --hash=")
            pin = requirement.partition(";")[0].strip()
            pins.setdefault(pin.partition("==")[0], {})[pin] = " ".join(f"--hash={one.strip()}" for one in hashes)
    most = max((len(versions) for versions in pins.values()), default=0)
    lines = [[f"{pin} {hashes}" for pin, hashes in versions.items()] for versions in pins.values()]
    return ["\n".join(one[at] for one in lines if at < len(one)) for at in range(most)]


def verdict(dependencies: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Exit code and sentences for the dependencies that pip-audit reports as JSON."""
    found = sorted(
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none yet'}"
        for one in dependencies
        for fault in one.get("vulns", ())
    )
    skipped = sorted(one["name"] for one in dependencies if "skip_reason" in one)
    asked = len(dependencies) - len(skipped)
    if found:
        return VULNERABLE, found
    if skipped or not asked:
        names = ", ".join([*skipped[:SHOWN], *(["…"] if len(skipped) > SHOWN else [])])
        return NOT_ASKED, [
            f"Not audited: the vulnerability database answered for {asked} packages and not for {len(skipped)}"
            f"{': ' + names if names else ''}."
        ]
    return CLEAN, [f"No known vulnerability in {asked} packages."]


def audit(program: Path, locks: Iterable[str]) -> tuple[int, list[str]]:
    """Ask pip-audit about the contents of lock files: exit code and sentences."""
    dependencies: list[Mapping[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, requirements in enumerate(rounds(locks)):
            file = Path(folder) / f"{number}.txt"
            file.write_text(requirements + "\n", encoding="utf-8")
            try:
                dependencies += _ask(program, file)
            except (ValueError, subprocess.TimeoutExpired) as error:
                return NOT_ASKED, [f"Not audited: the vulnerability database could not be asked. {error}"]
    return verdict(dependencies)


def _ask(program: Path, file: Path) -> Sequence[Mapping[str, Any]]:
    """Raises ValueError with what pip-audit said when that is no report."""
    command = [str(program), "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(
        [*command, "--requirement", str(file)], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    try:
        return json.loads(done.stdout)["dependencies"]
    except ValueError:
        said = done.stderr.strip().splitlines() or [f"Its exit code was {done.returncode}."]
        raise ValueError(said[-1]) from None


def main() -> int:
    locks = sorted((checkout_root() / "requirements").glob("*.txt"))
    code, sentences = audit(Path(sys.argv[1]), [lock.read_text(encoding="utf-8") for lock in locks])
    print("\n".join(sentences))
    return code


if __name__ == "__main__":
    sys.exit(main())
