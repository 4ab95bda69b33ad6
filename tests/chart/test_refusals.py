"""A mistake in the values fails before anything is deployed, with a sentence that says what to do."""

from typing import Any

import pytest
from helm_python import HelmError

from tests.chart.rendering import changed, render, scenario


def refusal(*changes: dict[str, Any]) -> str:
    with pytest.raises(HelmError) as caught:
        render(changed(scenario("minimal"), *changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recevier": {"replicas": 3}}, "recevier"),
        ({"worker": {"replica": 3}}, "replica"),
        ({"worker": {"settings": {"workerSlot": 2}}}, "workerSlot"),
        ({"worker": {"settings": {"workerSlots": "two"}}}, "workerSlots"),
        ({"worker": {"settings": {"workerSlots": 0}}}, "workerSlots"),
        ({"receiver": {"settings": {"workerSlots": 2}}}, "workerSlots"),
        ({"kafka": {"securityProtocol": "SASL-SSL"}}, "securityProtocol"),
        ({"networkPolicy": {"s3": {"ports": ["https"]}}}, "ports"),
    ],
)
def test_a_misspelt_or_impossible_value_is_named(change: dict[str, Any], said: str) -> None:
    assert said in refusal(change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image": {"tag": "latest"}}, "name a version"),
        ({"kafka": {"bootstrap": ""}}, "kafka.bootstrap is empty"),
        ({"publicUrl": ""}, "publicUrl is empty"),
        ({"s3": {"bucket": ""}}, "s3.bucket is empty"),
        ({"networkPolicy": {"s3": {"to": []}}}, "networkPolicy.s3.to is empty"),
        ({"telemetry": {"otlpEndpoint": "http://collector:4318"}}, "networkPolicy.telemetry.to is empty"),
        ({"strimzi": {"users": True}}, "strimzi.cluster is empty"),
        ({"strimzi": {"users": True, "cluster": "prod"}}, "set kafka.topics.mode to strimzi"),
        ({"kafka": {"clientCertificate": True, "securityProtocol": "PLAINTEXT"}}, "needs TLS"),
        ({"externalSecrets": {"enabled": True}}, "externalSecrets.store is empty"),
        ({"gateway": {"enabled": True}}, "gateway.parentRefs is empty"),
        ({"ingress": {"api": {"host": ""}}}, "ingress.api.host is empty"),
        ({"migrations": {"hooks": False, "post": True}}, "migrations.post needs hooks"),
        ({"dev": {"enabled": True, "password": "x"}}, "set migrations.hooks to false"),
        ({"keda": {"enabled": True}, "worker": {"autoscaling": {"enabled": True}}}, "keda.prometheus is empty"),
        ({"reconciler": {"settings": {"reconcileCounts": True}}}, "switch one of them off"),
        ({"api": {"autoscaling": {"enabled": True, "minReplicas": 9}}}, "minReplicas is above maxReplicas"),
    ],
)
def test_values_that_cannot_work_together_are_refused_with_the_way_out(change: dict[str, Any], said: str) -> None:
    assert said in refusal(change)
