"""Who reaches whom: default deny, and for each role what it needs and nothing else."""

from typing import Any

import pytest

from tests.chart.rendering import Object, Rendered, rendered

KAFKA, POSTGRES, STORE, INTERNET = "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24", "0.0.0.0/0"


def policy(release: Rendered, component: str) -> Object:
    return release.one("NetworkPolicy", f"printworks-{component}")["spec"]


def reached(release: Rendered, component: str) -> dict[str, set[int]]:
    """IPv4 ranges that a role may reach, and the ports there."""
    found: dict[str, set[int]] = {}
    for rule in policy(release, component)["egress"]:
        for peer in rule["to"]:
            cidr = peer.get("ipBlock", {}).get("cidr")
            if cidr and ":" not in cidr:
                found.setdefault(cidr, set()).update(port["port"] for port in rule["ports"])
    return found


def test_everything_is_denied_but_the_resolution_of_names() -> None:
    spec = policy(rendered("minimal"), "default-deny")
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    assert spec["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "printworks",
        "app.kubernetes.io/instance": "printworks",
    }
    assert [{port["port"] for port in rule["ports"]} for rule in spec["egress"]] == [{53}]


@pytest.mark.parametrize(
    ("component", "places"),
    [
        ("render-worker", {KAFKA, STORE}),
        ("ingest-receiver", {KAFKA}),
        ("jobs-api-projector", {KAFKA, POSTGRES}),
        ("render-coordinator", {KAFKA, POSTGRES, STORE, INTERNET}),
        ("render-deliverer", {KAFKA, STORE, INTERNET}),
        ("jobs-api", {KAFKA, POSTGRES, STORE, INTERNET}),
        ("shopify-writer", {KAFKA, POSTGRES, INTERNET}),
        ("ingest-reconciler", {KAFKA, POSTGRES, INTERNET}),
    ],
)
def test_a_role_reaches_what_it_needs_and_nothing_else(component: str, places: set[str]) -> None:
    assert set(reached(rendered("minimal"), component)) == places


def test_the_way_out_ends_before_private_addresses() -> None:
    for component in ("render-coordinator", "shopify-writer", "ingest-reconciler"):
        blocks: list[Any] = [
            peer["ipBlock"]
            for rule in policy(rendered("minimal"), component)["egress"]
            for peer in rule["to"]
            if "except" in peer.get("ipBlock", {})
        ]
        assert [block["cidr"] for block in blocks] == ["0.0.0.0/0", "::/0"]
        assert {"10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8", "192.168.0.0/16"} <= set(blocks[0]["except"])
        assert {"fc00::/7", "fe80::/10"} <= set(blocks[1]["except"])


def test_pictures_are_fetched_over_http_and_https_shopify_is_asked_over_https_alone() -> None:
    assert reached(rendered("minimal"), "render-coordinator")[INTERNET] == {80, 443}
    assert reached(rendered("minimal"), "shopify-writer")[INTERNET] == {443}


def test_metrics_are_for_the_monitoring_namespace_alone() -> None:
    (rule,) = policy(rendered("minimal"), "render-worker")["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_webhooks_come_through_the_ingress_controller() -> None:
    http, _ = policy(rendered("production"), "ingest-receiver")["ingress"]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}} in http["from"]


def test_for_a_trial_the_parts_are_those_of_the_release() -> None:
    rules = policy(rendered("dev"), "render-worker")["egress"]
    assert [rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for rule in rules] == [
        "kafka",
        "s3",
    ]
    for rule in rules:
        labels = rule["to"][0]["podSelector"]["matchLabels"]
        servers = [one["spec"]["template"]["metadata"]["labels"] for one in rendered("dev").of("StatefulSet")]
        assert any(labels.items() <= server.items() for server in servers)
