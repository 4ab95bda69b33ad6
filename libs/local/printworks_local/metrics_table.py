"""`python -m printworks_local.metrics_table [--check]`: docs/operations/metrics.md, from the metric definitions."""

import pkgutil
import sys
from importlib import import_module

import printworks_common
from printworks_common.metrics import MetricDefinition, definitions
from prometheus_client import Counter, Gauge, Histogram

from printworks_local.generated_page import page_command, sentence, table

MODULE = "printworks_local.metrics_table"
PAGE = "docs/operations/metrics.md"

SERVICES = (
    "printworks_ingest",
    "printworks_render",
    "printworks_jobs_api",
    "printworks_shopify_writer",
    "printworks_retention",
)


def render() -> str:
    of_service = {service: _names(service, ".metrics") for service in SERVICES}
    # Libraries define theirs where they use them.
    _names(printworks_common.__name__, "")
    taken = set[str]().union(*of_service.values())
    parts = [
        "# Metrics",
        "Every process serves them in Prometheus' text format at `/metrics`, on the port of its health paths. A "
        "process shows only the metrics of the code that it runs, and beside them those of the Prometheus client for "
        "the process (`process_…`, `python_…`). No label holds a shop, an order or a person.",
        "A histogram has the usual series `_bucket`, `_sum` and `_count`.",
        "## All services",
        _table([one for one in definitions() if one.name not in taken]),
    ]
    for service, names in of_service.items():
        parts += [
            f"## {service.removeprefix('printworks_').replace('_', '-')}",
            _table([one for one in definitions() if one.name in names]),
        ]
    return "\n\n".join(parts)


def _names(package: str, suffix: str) -> set[str]:
    """Names of the metrics that the modules of a package hold whose names end in `suffix`."""
    names: set[str] = set()
    for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        if found.name.endswith(suffix) and not found.name.endswith("__main__"):
            held = vars(import_module(found.name)).values()
            names |= {_full_name(one) for one in held if isinstance(one, Counter | Gauge | Histogram)}
    return names


def _full_name(metric: Counter | Gauge | Histogram) -> str:
    name = next(iter(metric.describe())).name
    return f"{name}_total" if isinstance(metric, Counter) else name


def _table(metrics: list[MetricDefinition]) -> str:
    rows = [
        [f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), sentence(one.help)]
        for one in metrics
    ]
    return table(["Metric", "Kind", "Labels", "Meaning"], rows)


def main() -> int:
    return page_command(MODULE, PAGE, render)


if __name__ == "__main__":
    sys.exit(main())
