"""`python -m printworks_local.chart [--check]`: what the chart has from the code and from its values' comments."""

import argparse
import sys
from pathlib import Path

from printworks_local.chart import catalog, dashboards, readme, schema
from printworks_local.chart.values import read_values
from printworks_local.generated_page import NOTE, is_current
from printworks_local.stack.model import checkout_root

MODULE = "printworks_local.chart"
CHART = "deploy/helm/printworks"
MINIMAL = "tests/chart/scenarios/minimal.yaml"


def files(root: Path) -> dict[Path, str]:
    """Every made file and its text."""
    chart = root / CHART
    values = read_values((chart / "values.yaml").read_text(encoding="utf-8"))
    page = readme.render(values, (root / MINIMAL).read_text(encoding="utf-8"))
    note = f"# Made by `python -m {MODULE}`. Change the code and run it again.\n"
    return {
        chart / "files" / "catalog.yaml": note + catalog.render(),
        chart / "values.schema.json": schema.render(values),
        **{chart / "files" / "dashboards" / name: dashboards.render(name) for name in dashboards.dashboards()},
        chart / "README.md": f"{NOTE.format(module=MODULE)}\n\n{page.strip()}\n",
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    chosen = parser.parse_args()
    code = 0
    for path, text in files(checkout_root()).items():
        if is_current(path, text):
            continue
        if chosen.check:
            print(f"{path.relative_to(checkout_root())} is out of date: run `python -m {MODULE}`.", file=sys.stderr)
            code = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
