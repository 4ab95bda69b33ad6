"""Every object of every scenario is one that the API server would take."""

import copy
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import pytest

from tests.chart import crds
from tests.chart.rendering import CHART, NAMES, Object, rendered, scenario

MINORS = ("1.30", "1.34", "1.35", "1.36", "1.37")
"""The oldest that the chart says it runs on, and those that are kept up upstream."""


FREE = {("KafkaTopic", ("config",))}
"""Where an operator's own schema takes everything."""


def of_operators(one: Object) -> bool:
    return (one["apiVersion"], one["kind"]) in crds.known()


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("name", NAMES)
def test_each_object_is_valid_for_each_supported_version_of_kubernetes(name: str, minor: str) -> None:
    for one in rendered(name).objects:
        if not of_operators(one):
            kubernetes_validate.validate(one, minor, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_each_object_of_an_operator_is_valid_and_has_only_fields_that_the_operator_knows(name: str) -> None:
    for one in filter(of_operators, rendered(name).objects):
        crds.validate(one)


@pytest.mark.parametrize("api_version_and_kind", sorted(crds.known()), ids="/".join)
def test_a_field_that_an_operator_does_not_know_is_found_wherever_it_is(api_version_and_kind: tuple[str, str]) -> None:
    made = (one for name in NAMES for one in rendered(name).objects)
    one = next(one for one in made if (one["apiVersion"], one["kind"]) == api_version_and_kind)
    places = list(objects_in(one["spec"]))
    assert places
    for place in places:
        wrong = copy.deepcopy(one)
        target = wrong["spec"]
        for step in place:
            target = target[step]
        target["misspelt"] = {"a": [1]}
        if (one["kind"], place) in FREE:
            crds.validate(wrong)
            continue
        with pytest.raises(jsonschema.ValidationError):
            crds.validate(wrong)


def objects_in(value: Any, place: tuple[Any, ...] = ()) -> Any:
    """The places of all objects in a value, itself too."""
    if isinstance(value, dict):
        yield place
        for key, inner in value.items():
            yield from objects_in(inner, (*place, key))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from objects_in(inner, (*place, number))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("ScaledObject", {"minReplicaCount": "two"}),
        ("ScaledObject", {"triggers": [{"type": "kafka"}]}),
        ("ScaledObject", {"fallback": {"failureThreshold": 1, "replicas": 1, "behavior": "never"}}),
        ("PodMonitor", {"podMetricsEndpoints": [{"interval": "soon"}]}),
        ("PrometheusRule", {"groups": [{"rules": []}]}),
        ("KafkaUser", {"authentication": {"type": "password"}}),
        ("KafkaTopic", {"partitions": 0}),
    ],
)
def test_a_value_that_an_operator_would_refuse_is_refused(kind: str, wrong: dict[str, Any]) -> None:
    one = rendered("production").of(kind)[0]
    crds.validate(one)
    with pytest.raises(jsonschema.ValidationError):
        crds.validate({**one, "spec": {**one["spec"], **wrong}})


def test_the_scenarios_have_every_kind_that_the_chart_can_make() -> None:
    made = {(one["apiVersion"], one["kind"]) for name in NAMES for one in rendered(name).objects}
    assert crds.known() <= made
    assert {"Deployment", "CronJob", "Job", "Ingress", "HorizontalPodAutoscaler", "PriorityClass"} <= {
        k for _, k in made
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_object_is_there_twice(name: str) -> None:
    names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in rendered(name).objects]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_helm_finds_nothing_to_say_about_the_chart(name: str) -> None:
    report: dict[str, Any] = helm_python.lint(CHART, scenario(name), strict=True, kube_version="v1.34.0")
    said = [message for message in report["messages"] if message["severity"] > 1]
    assert not said
    assert not report["errors"]
