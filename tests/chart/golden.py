"""`python -m tests.chart.golden [--check]`: scenarios as they are rendered, so that a change shows in a review."""

import argparse
import sys
from pathlib import Path

import yaml

from tests.chart.rendering import ROOT, rendered

FOLDER = Path(__file__).parent / "golden"
KEPT = ("minimal", "production")


def text(name: str) -> str:
    objects = sorted(
        rendered(name).objects,
        key=lambda one: (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]),
    )
    head = f"# Scenario {name}, rendered. Made by `python -m tests.chart.golden`.\n"
    return head + yaml.safe_dump_all(objects, sort_keys=False, width=120)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chart.golden", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    check = parser.parse_args().check
    code = 0
    for name in KEPT:
        path = FOLDER / f"{name}.yaml"
        wanted = text(name)
        if path.is_file() and path.read_text(encoding="utf-8") == wanted:
            continue
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run `python -m tests.chart.golden`.", file=sys.stderr)
            code = 1
        else:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
