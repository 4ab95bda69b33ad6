"""Alerts and dashboards speak of metrics that there are, and each alert has a runbook."""

import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import yaml
from printworks_local.chart import dashboards

from tests.chart.promql.expressions import selectors
from tests.chart.rendering import CHART, ROOT, changed, render, rendered, scenario

RULES = CHART / "files" / "rules.yaml"
RUNBOOKS = ROOT / "docs" / "operations" / "alerts.md"

FROM_PROMETHEUS = {"namespace", "pod", "le"}
"""Labels that the scrape adds, and the buckets of histograms."""

OF_THE_CLIENT = ("process_", "python_", "up")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


@cache
def metrics() -> dict[str, set[str]]:
    """Series that the services serve, and the labels of each."""
    # In a process of its own: other tests may define metrics.
    code = (
        "from printworks_local import metrics_table; metrics_table.render()\n"
        "from printworks_common.metrics import definitions\n"
        "for one in definitions(): print(one.kind, one.name, *one.labels)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    series: dict[str, set[str]] = {}
    for line in run.stdout.splitlines():
        kind, name, *labels = line.split(" ")
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            series[name + suffix] = set(labels)
    return series


def unknown(query: str) -> list[str]:
    """What a query says of metrics that no service serves, or of labels that they do not have."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    wrong: list[str] = []
    for selector in selectors(query.replace("$namespace", "prints")):
        name = selector.name or ""
        if name in recorded or name.startswith(OF_THE_CLIENT):
            continue
        if name not in metrics():
            wrong.append(name)
            continue
        asked = {matcher.name for matcher in selector.matchers.matchers}
        wrong += [f"{name}{{{label}}}" for label in asked - metrics()[name] - FROM_PROMETHEUS]
    return wrong


def test_the_search_for_unknown_metrics_finds_them() -> None:
    assert unknown("sum(rate(printworks_no_such_total[5m])) > 1") == ["printworks_no_such_total"]
    assert unknown('a_metric or printworks_kafka_holding{shop="x"}') == ["a_metric", "printworks_kafka_holding{shop}"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_speaks_of_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    assert selectors(rule["expr"])
    assert not unknown(rule["expr"])


@pytest.mark.parametrize("name", list(dashboards.dashboards()))
def test_a_dashboard_speaks_of_metrics_and_labels_that_there_are(name: str) -> None:
    for query in dashboards.queries(dashboards.dashboards()[name]):
        assert not unknown(query), query


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_severity_a_sentence_and_a_runbook(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"].endswith(".")
    sections = re.split(r"^## ", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    texts = {head: text.strip() for head, _, text in (section.partition("\n") for section in sections)}
    assert len(texts.get(alert["alert"], "")) > 80, f"docs/operations/alerts.md has no section {alert['alert']}"


def test_every_runbook_belongs_to_an_alert() -> None:
    heads = re.findall(r"^## (\w+)$", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert heads == list(dict.fromkeys(heads))
    assert set(heads) == {alert["alert"] for alert in ALERTS}


def test_the_chart_links_each_alert_to_its_runbook_and_leaves_out_what_is_not_wanted() -> None:
    values = changed(scenario("production"), {"metrics": {"rules": {"disabled": ["PrintworksWebhookSilence"]}}})
    (made,) = render(values).of("PrometheusRule")
    links = {
        rule["alert"]: rule["annotations"]["runbook_url"]
        for group in made["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert set(links) == {alert["alert"] for alert in ALERTS} - {"PrintworksWebhookSilence"}
    assert links["PrintworksDeadLetters"] == "https://runbooks.example/alerts.md#printworksdeadletters"


def test_the_templates_of_alerts_reach_prometheus_as_they_are() -> None:
    (made,) = rendered("production").of("PrometheusRule")
    expressions = [rule["expr"] for group in made["spec"]["groups"] for rule in group["rules"]]
    assert expressions == [rule["expr"] for rule in rules()]
    assert "{{ $labels.group }}" in str(made)


def test_dashboards_are_found_by_grafana() -> None:
    found = [one for one in rendered("production").of("ConfigMap") if "dashboard" in one["metadata"]["name"]]
    assert {name for one in found for name in one["data"]} == set(dashboards.dashboards())
    assert all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in found)


def test_no_panel_lies_on_another() -> None:
    for name, dashboard in dashboards.dashboards().items():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, f"{name}: {panel['title']}"
            assert place["x"] + place["w"] <= dashboards.WIDTH
            taken |= cells
