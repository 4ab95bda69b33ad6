"""Every object of every scenario is one that the API server would take."""

from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import pytest

from tests.chart.crds import SPECS
from tests.chart.rendering import CHART, NAMES, Object, rendered, scenario

MINORS = ("1.30", "1.34", "1.35", "1.36", "1.37")
"""The oldest that the chart says it runs on, and those that are kept up upstream."""


def of_operators(one: Object) -> bool:
    return (one["apiVersion"], one["kind"]) in SPECS


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("name", NAMES)
def test_each_object_is_valid_for_each_supported_version_of_kubernetes(name: str, minor: str) -> None:
    for one in rendered(name).objects:
        if not of_operators(one):
            kubernetes_validate.validate(one, minor, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_each_object_of_an_operator_has_only_fields_that_the_operator_knows(name: str) -> None:
    for one in filter(of_operators, rendered(name).objects):
        jsonschema.validate(one["spec"], SPECS[(one["apiVersion"], one["kind"])])


def test_the_scenarios_have_every_kind_that_the_chart_can_make() -> None:
    made = {(one["apiVersion"], one["kind"]) for name in NAMES for one in rendered(name).objects}
    assert {kind for kind in SPECS if not kind[0].endswith("v1beta2")} <= made
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
