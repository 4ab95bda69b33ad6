"""`python -m printworks_jobs_api.openapi` writes docs/integrators/openapi.json; `--check` fails when it is out of date.

Both fail when a client of the committed document would break.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from printworks_jobs_api.app import routed_app
from printworks_jobs_api.openapi.compatibility import breaking_changes
from printworks_jobs_api.openapi.document import document

PAGE = Path("docs/integrators/openapi.json")
MODULE = "printworks_jobs_api.openapi"


def render() -> str:
    """The document as it is committed."""
    return json.dumps(document(routed_app()), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=f"Write {PAGE}.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not up to date")
    parser.add_argument("--against", metavar="REVISION", help="compare with the document of a git revision")
    parser.add_argument(
        "--accept-breaking", action="store_true", help="replace the document although clients break; for a new /v2 only"
    )
    options = parser.parse_args(arguments)
    text = render()
    before = _committed(options.against)
    faults = [] if before is None else breaking_changes(json.loads(before), json.loads(text))
    if faults and not options.accept_breaking:
        print("Clients would break; add instead of changing:", *faults, sep="\n  ")
        return 1
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        print(f"{PAGE} is out of date: run `python -m {MODULE}`.")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


def _committed(revision: str | None) -> str | None:
    if revision is None:
        return PAGE.read_text(encoding="utf-8") if PAGE.exists() else None
    command = ["git", "show", f"{revision}:./{PAGE}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
