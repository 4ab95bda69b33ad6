"""How many pods there are, who decides it, and how they go."""

import pytest

from tests.chart.rendering import Object, changed, render, rendered, scenario


def settings_of(values: Object, component: str) -> Object:
    return render(values).one("ConfigMap", f"printworks-{component}")["data"]


def test_workers_scale_on_the_backlog_of_renders_consumers_on_their_lag_and_http_on_cpu() -> None:
    scaled = rendered("production").named("ScaledObject")
    assert set(scaled) == {
        "printworks-render-worker",
        "printworks-render-coordinator",
        "printworks-shopify-writer",
        "printworks-jobs-api-projector",
    }
    (backlog,) = scaled["printworks-render-worker"]["spec"]["triggers"]
    assert backlog["type"] == "prometheus"
    assert "printworks_coordinator_jobs_waiting" in backlog["metadata"]["query"]
    lags = scaled["printworks-render-coordinator"]["spec"]["triggers"]
    assert {one["metadata"]["topic"] for one in lags} >= {"printworks.orders.v1", "printworks.render-results.v1"}
    assert {one["metadata"]["consumerGroup"] for one in lags} == {"coordinator"}
    assert set(rendered("production").named("HorizontalPodAutoscaler")) == {
        "printworks-ingest-receiver",
        "printworks-jobs-api",
    }


def test_without_keda_consumers_scale_on_cpu() -> None:
    assert set(rendered("plain-jobs").named("HorizontalPodAutoscaler")) == {
        "printworks-render-coordinator",
        "printworks-render-worker",
    }


def test_a_scaled_role_has_no_number_of_replicas_that_an_upgrade_would_set_back() -> None:
    worker = rendered("production").one("Deployment", "printworks-render-worker")
    assert "replicas" not in worker["spec"]


def test_pods_go_one_by_one_and_late() -> None:
    for one in rendered("production").of("ScaledObject"):
        behaviour = one["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
        assert behaviour["stabilizationWindowSeconds"] >= 600
        assert behaviour["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 120}]


def test_the_coordinator_knows_how_many_renders_the_workers_can_do() -> None:
    minimal = scenario("minimal")
    assert settings_of(minimal, "render-coordinator")["PRINTWORKS_RENDER_SLOTS"] == "2"
    more = changed(minimal, {"worker": {"replicas": 5, "settings": {"workerSlots": 3}}})
    assert settings_of(more, "render-coordinator")["PRINTWORKS_RENDER_SLOTS"] == "15"
    scaled = settings_of(scenario("production"), "render-coordinator")
    assert scaled["PRINTWORKS_RENDER_SLOTS"] == str(16 * 2)


@pytest.mark.parametrize(("replicas", "protected"), [(1, False), (2, True)])
def test_a_disruption_budget_protects_more_than_one_pod_and_blocks_no_single_one(
    replicas: int, protected: bool
) -> None:
    release = render(changed(scenario("minimal"), {"receiver": {"replicas": replicas}}))
    assert ("printworks-ingest-receiver" in release.named("PodDisruptionBudget")) is protected


def test_a_pod_that_is_not_ready_does_not_hold_up_a_node() -> None:
    for one in rendered("production").of("PodDisruptionBudget"):
        assert one["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert one["spec"]["maxUnavailable"] == 1
