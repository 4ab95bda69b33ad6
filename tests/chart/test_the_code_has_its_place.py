"""What the services are in code is in the chart: roles, settings, topics, rights."""

import ast
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
import yaml
from printworks_common.events.base import Event
from printworks_common.kafka.admin import plan
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import PREFIX
from printworks_local.chart.catalog import catalog, own_settings, role_name, settings_of
from printworks_local.chart.schema import camel_case
from printworks_local.chart.values import read_values
from printworks_local.services import SERVICES, Service
from pydantic import TypeAdapter

from tests.chart.rendering import CHART, NAMES, ROOT, Object, changed, render, rendered, scenario

BY_NAME = {role_name(service): service for service in SERVICES}

EVENT_MODULES = ("artwork", "control", "orders", "print_jobs", "rendering")


def environment(release: Any, service: Service) -> dict[str, Any]:
    """What a role is told: name of the variable to its value or its reference."""
    deployment = release.one("Deployment", f"printworks-{service.name}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (source,) = container["envFrom"]
    told: dict[str, Any] = dict(release.one("ConfigMap", source["configMapRef"]["name"])["data"])
    return told | {one["name"]: one["valueFrom"] for one in container.get("env", [])}


def test_the_made_files_are_up_to_date() -> None:
    command = [sys.executable, "-m", "printworks_local.chart", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_every_role_of_the_code_has_values_and_a_deployment() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for name, service in BY_NAME.items():
        assert name in values, f"values.yaml has no `{name}` for `{service.command} {service.role}`"
        deployment = rendered("minimal").one("Deployment", f"printworks-{service.name}")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["command"] == [service.command, service.role]


@pytest.mark.parametrize("role", list(BY_NAME))
@pytest.mark.parametrize("name", ["minimal", "dev"])
def test_every_setting_that_must_be_set_is_set(name: str, role: str) -> None:
    service = BY_NAME[role]
    told = environment(rendered(name), service)
    for field, info in settings_of(service).model_fields.items():
        if info.is_required():
            assert f"{PREFIX}{field.upper()}" in told, f"{role}: {field} has no place in the chart"


@pytest.mark.parametrize("role", list(BY_NAME))
def test_a_role_is_told_nothing_that_it_does_not_read(role: str) -> None:
    known = {f"{PREFIX}{field.upper()}" for field in settings_of(BY_NAME[role]).model_fields}
    assert set(environment(rendered("minimal"), BY_NAME[role])) <= known


@pytest.mark.parametrize("role", list(BY_NAME))
def test_every_other_setting_can_be_given_and_is_read_as_given(role: str) -> None:
    service = BY_NAME[role]
    settings = settings_of(service)
    values = {
        field: info.default
        for field, info in own_settings(settings).items()
        if isinstance(info.default, (bool, int, float, str))
    }
    given = {role: {"settings": {camel_case(field): value for field, value in values.items()}}}
    counted_by_the_reconciler = {"schedules": {"count": {"enabled": False}}}
    told = environment(render(changed(scenario("minimal"), counted_by_the_reconciler, given)), service)
    for field, value in values.items():
        text = told[f"{PREFIX}{field.upper()}"]
        adapter: TypeAdapter[Any] = TypeAdapter(settings.model_fields[field].annotation or str)
        assert adapter.validate_strings(text) == value


def test_a_setting_is_named_as_the_chart_names_it_back() -> None:
    names = {field for service in SERVICES for field in own_settings(settings_of(service))}
    for name in names:
        assert "".join(f"_{char.lower()}" if char.isupper() else char for char in camel_case(name)) == name


def test_the_topics_are_those_of_the_code() -> None:
    topics = {one["spec"]["topicName"]: one["spec"] for one in rendered("production").of("KafkaTopic")}
    assert set(topics) == {topic.name for topic in plan(GROUPS)}
    for topic in plan(GROUPS):
        assert topics[topic.name]["config"] == {**topic.config, "min.insync.replicas": "2"}
    assert topics["printworks.orders.v1"]["partitions"] == 48
    assert topics["printworks.catalog.v1"]["config"]["cleanup.policy"] == "compact"


def rights(user: Object) -> dict[tuple[str, str], set[str]]:
    allowed: dict[tuple[str, str], set[str]] = {}
    for one in user["spec"]["authorization"]["acls"]:
        allowed.setdefault((one["resource"]["type"], one["resource"].get("name", "")), set()).update(one["operations"])
    return allowed


@pytest.mark.parametrize("role", [name for name in BY_NAME if name != "receiver"])
def test_a_consumer_may_read_its_topics_join_its_group_and_write_its_dead_letters(role: str) -> None:
    about = catalog()["roles"][role]
    allowed = {
        what: operations
        for user in rendered("production").of("KafkaUser")
        if user["metadata"]["name"] == f"printworks-{role}"
        for what, operations in rights(user).items()
    }
    for topic in about["reads"]:
        assert "Read" in allowed["topic", topic]
        assert "Write" in allowed["topic", f"{topic}.{about['group']}.dlq"]
    if about["group"]:
        assert "Read" in allowed["group", about["group"]]


def test_a_consumer_outside_may_read_the_public_topic_and_nothing_else() -> None:
    fulfilment = rendered("production").one("KafkaUser", "fulfilment")
    assert rights(fulfilment) == {
        ("topic", "printworks.artwork.v1"): {"Read", "Describe"},
        ("group", "fulfilment-"): {"Read", "Describe"},
    }


def test_a_worker_can_neither_read_orders_nor_write_artwork_events() -> None:
    allowed = rights(rendered("production").one("KafkaUser", "printworks-worker"))
    assert ("topic", "printworks.orders.v1") not in allowed
    assert ("topic", "printworks.artwork.v1") not in allowed


@pytest.mark.parametrize("package", sorted({service.command for service in SERVICES}))
def test_each_event_that_a_service_speaks_of_is_on_a_topic_that_one_of_its_roles_may_use(package: str) -> None:
    models = {
        name: thing.topic
        for module in EVENT_MODULES
        for name, thing in vars(import_module(f"printworks_common.events.{module}")).items()
        if isinstance(thing, type) and issubclass(thing, Event) and hasattr(thing, "topic")
    }
    roles = [catalog()["roles"][name] for name, service in BY_NAME.items() if service.command == package]
    may_use = {topic for role in roles for topic in (*role["reads"], *role["writes"], "printworks.catalog.v1")}
    for path in sorted((ROOT / "services").glob(f"*/{package.replace('-', '_')}/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("printworks_common.events"):
                for one in node.names:
                    if one.name in models:
                        assert str(models[one.name]) in may_use, f"{path}: {one.name} is on {models[one.name]}"


def test_every_value_has_a_type() -> None:
    values = read_values((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert len(values) > 100
    assert all(value.default is not None for value in values)


@pytest.mark.parametrize("name", NAMES)
def test_the_scenarios_say_only_what_the_schema_knows(name: str) -> None:
    assert rendered(name).objects
