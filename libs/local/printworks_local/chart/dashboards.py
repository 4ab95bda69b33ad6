"""Grafana dashboards of the chart, from the tables below: overview, services, the way of one order."""

import json
from dataclasses import dataclass
from typing import Any

Panel = dict[str, Any]

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
LOKI = {"type": "loki", "uid": "${loki}"}
TEMPO = {"type": "tempo", "uid": "${tempo}"}

IN_NAMESPACE = 'namespace="$namespace"'
WIDTH = 24
SCHEMA_VERSION = 39


@dataclass(frozen=True, slots=True)
class Graph:
    """A panel: title, queries with their legends, unit as Grafana names it, and whether it shows one number."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    single: bool = False
    limit: float | None = None
    """Above it the number is red."""


def _one(title: str, query: str, unit: str = "short", limit: float | None = None) -> Graph:
    return Graph(title, ((query, ""),), unit, single=True, limit=limit)


def _rate(metric: str, by: str, window: str = "5m") -> str:
    return f"sum by ({by}) (rate({metric}{{{IN_NAMESPACE}}}[{window}]))"


def _quantile(metric: str, q: float, by: str = "", window: str = "15m") -> str:
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{{{IN_NAMESPACE}}}[{window}])))"


def _greatest(metric: str, by: str = "") -> str:
    return f"max by ({by}) ({metric}{{{IN_NAMESPACE}}})" if by else f"max({metric}{{{IN_NAMESPACE}}})"


def _total(metric: str, by: str) -> str:
    return f"sum by ({by}) ({metric}{{{IN_NAMESPACE}}})"


def _print_jobs(by: str, more: str = "") -> str:
    """Every projector tells the same numbers, so the greatest is it."""
    return f"sum by ({by}) (max by (status, reason) (printworks_jobs_api_print_jobs{{{IN_NAMESPACE}{more}}}))"


OVERVIEW = (
    _one("Oldest job that waits", _greatest("printworks_coordinator_oldest_waiting_seconds"), "s", limit=600),
    _one("Paid to ready, 95 of 100", _quantile("printworks_coordinator_paid_to_ready_seconds", 0.95, window="1h"), "s"),
    _one("Dead letters today", f"sum(increase(printworks_kafka_dead_letters_total{{{IN_NAMESPACE}}}[1d]))", limit=1),
    _one("Orders not on Shopify yet", _greatest("printworks_writer_orders_waiting"), limit=100),
    Graph(
        "Webhooks a second", ((_rate("printworks_ingest_webhooks_total", "topic, outcome"), "{{topic}} {{outcome}}"),)
    ),
    Graph("Orders taken in a second", ((_rate("printworks_coordinator_orders_total", "outcome"), "{{outcome}}"),)),
    Graph("Print jobs by status", ((_print_jobs("status"), "{{status}}"),)),
    Graph("Failed print jobs by reason", ((_print_jobs("reason", ', status="failed"'), "{{reason}}"),)),
    Graph("Jobs that wait", ((_greatest("printworks_coordinator_jobs_waiting", "step"), "{{step}}"),)),
    Graph("Results a second", ((_rate("printworks_coordinator_results_total", "outcome"), "{{outcome}}"),)),
    Graph(
        "Paid to ready",
        tuple(
            (_quantile("printworks_coordinator_paid_to_ready_seconds", q), f"{int(q * 100)} of 100")
            for q in (0.5, 0.95)
        ),
        "s",
    ),
    Graph("Lag", ((_total("printworks_kafka_lag_records", "group"), "{{group}}"),)),
    Graph(
        "Missed and found again",
        (
            (_rate("printworks_coordinator_missed_webhooks_total", "topic", "1h"), "missed {{topic}}"),
            (_rate("printworks_coordinator_count_differences_total", "kind", "1h"), "count: {{kind}}"),
        ),
    ),
    Graph("Purged a second", ((_rate("printworks_retention_purged_orders_total", "namespace", "1h"), "orders"),)),
)

SERVICES = (
    Graph("Webhook to answer", ((_quantile("printworks_ingest_webhook_seconds", 0.99), "99 of 100"),), "s"),
    Graph("Sweeps", ((_greatest("printworks_ingest_oldest_sweep_seconds"), "longest since a sweep"),), "s"),
    Graph("Re-reads that wait", ((_greatest("printworks_ingest_rereads_waiting"), "orders"),)),
    Graph("Pinning", ((_quantile("printworks_coordinator_pin_seconds", 0.95), "95 of 100"),), "s"),
    Graph("Fetches a second", ((_rate("printworks_fetches_total", "outcome"), "{{outcome}}"),)),
    Graph("Render time", ((_quantile("printworks_worker_render_seconds", 0.95, "recipe"), "{{recipe}}"),), "s"),
    Graph(
        "Render memory", ((_quantile("printworks_worker_render_memory_mb", 0.95, "recipe"), "{{recipe}}"),), "decmbytes"
    ),
    Graph("Renders a second", ((_rate("printworks_worker_renders_total", "outcome"), "{{outcome}}"),)),
    Graph("Deliveries a second", ((_rate("printworks_deliverer_deliveries_total", "outcome"), "{{outcome}}"),)),
    Graph("Delivery time", ((_quantile("printworks_deliverer_delivery_seconds", 0.95), "95 of 100"),), "s"),
    Graph("Snapshot to Shopify", ((_quantile("printworks_writer_delay_seconds", 0.95), "95 of 100"),), "s"),
    Graph(
        "Shopify's points left",
        tuple((_quantile("printworks_shopify_points_left_ratio", q), f"{int(q * 100)} of 100") for q in (0.05, 0.5)),
        "percentunit",
    ),
    Graph("Wait for points", ((_quantile("printworks_shopify_points_wait_seconds", 0.95), "95 of 100"),), "s"),
    Graph("Writes a second", ((_rate("printworks_writer_writes_total", "outcome"), "{{outcome}}"),)),
    Graph(
        "Snapshot to read model", ((_quantile("printworks_jobs_api_projection_lag_seconds", 0.95), "95 of 100"),), "s"
    ),
    Graph(
        "API requests a second",
        ((_rate("printworks_jobs_api_requests_total", "route, status"), "{{route}} {{status}}"),),
    ),
    Graph("API time", ((_quantile("printworks_jobs_api_request_seconds", 0.95, "route"), "{{route}}"),), "s"),
    Graph("Outbox", ((_greatest("printworks_outbox_oldest_seconds", "pod"), "{{pod}}"),), "s"),
    Graph(
        "Records handled a second",
        ((_rate("printworks_kafka_records_total", "group, outcome"), "{{group}} {{outcome}}"),),
    ),
    Graph("Time of a record", ((_quantile("printworks_kafka_handling_seconds", 0.95, "group"), "{{group}}"),), "s"),
    Graph("Retries a second", ((_rate("printworks_kafka_retries_total", "group, code"), "{{group}} {{code}}"),)),
    Graph("Memory", ((_total("process_resident_memory_bytes", "pod"), "{{pod}}"),), "bytes"),
    Graph("CPU", ((_rate("process_cpu_seconds_total", "pod"), "{{pod}}"),)),
)


def dashboards() -> dict[str, dict[str, Any]]:
    """File name to dashboard."""
    return {
        "overview.json": _dashboard("Printworks: overview", "printworks-overview", _graphs(OVERVIEW)),
        "services.json": _dashboard("Printworks: services", "printworks-services", _graphs(SERVICES)),
        "order.json": _dashboard("Printworks: the way of one order", "printworks-order", _order(), of_an_order=True),
    }


def render(name: str) -> str:
    return json.dumps(dashboards()[name], indent=1) + "\n"


def queries(dashboard: dict[str, Any]) -> list[str]:
    """All Prometheus queries of a dashboard."""
    return [
        target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if panel["datasource"] == PROMETHEUS
    ]


def _graphs(graphs: tuple[Graph, ...]) -> list[Panel]:
    panels: list[Panel] = []
    x = y = 0
    for number, graph in enumerate(graphs, start=1):
        width, height = (6, 4) if graph.single else (8, 8)
        if x + width > WIDTH:
            x, y = 0, y + panels[-1]["gridPos"]["h"]
        panels.append(_panel(number, graph, {"x": x, "y": y, "w": width, "h": height}))
        x += width
    return panels


def _panel(number: int, graph: Graph, place: dict[str, int]) -> Panel:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if graph.limit is not None:
        steps.append({"color": "red", "value": graph.limit})
    return {
        "id": number,
        "type": "stat" if graph.single else "timeseries",
        "title": graph.title,
        "datasource": PROMETHEUS,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": graph.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(graph.queries)
        ],
    }


def _order() -> list[Panel]:
    """Logs of all services about one order, and the traces of its webhooks. Needs Loki and Tempo."""
    lines = '{namespace="$namespace"} |= "$order"'
    return [
        {
            "id": 1,
            "type": "logs",
            "title": "What each service did with the order",
            "datasource": LOKI,
            "gridPos": {"x": 0, "y": 0, "w": WIDTH, "h": 14},
            "options": {"showTime": True, "sortOrder": "Ascending", "wrapLogMessage": True},
            "targets": [{"refId": "A", "expr": lines}],
        },
        {
            "id": 2,
            "type": "table",
            "title": "Traces: a webhook, and all that came of it",
            "datasource": TEMPO,
            "gridPos": {"x": 0, "y": 14, "w": WIDTH, "h": 10},
            "targets": [
                {"refId": "A", "queryType": "traceql", "query": '{ span.printworks.order_id = "$order" }', "limit": 20}
            ],
        },
    ]


def _dashboard(title: str, uid: str, panels: list[Panel], *, of_an_order: bool = False) -> dict[str, Any]:
    kinds = ("prometheus", "loki", "tempo") if of_an_order else ("prometheus",)
    variables: list[dict[str, Any]] = [
        {"name": kind, "type": "datasource", "query": kind, "label": kind.capitalize()} for kind in kinds
    ]
    variables.append(
        {
            "name": "namespace",
            "type": "query",
            "label": "Namespace",
            "datasource": PROMETHEUS,
            "query": "label_values(printworks_coordinator_jobs_waiting, namespace)",
            "refresh": 2,
        }
    )
    if of_an_order:
        variables.append({"name": "order", "type": "textbox", "label": "Order id", "query": ""})
    return {
        "uid": uid,
        "title": title,
        "tags": ["printworks"],
        "timezone": "utc",
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables},
        "panels": panels,
    }
