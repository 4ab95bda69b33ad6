"""Policies that every pod of every scenario keeps."""

import re
from typing import Any

import pytest

from tests.chart.rendering import NAMES, Object, changed, pod_templates, render, rendered, scenario

PINNED = re.compile(r"^\S+(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$")


def pods(name: str) -> list[tuple[str, Object]]:
    return list(pod_templates(rendered(name)))


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def ours(pod: Object) -> bool:
    """Not one of the single-node servers for trying it out."""
    return not pod["metadata"]["labels"]["app.kubernetes.io/name"].endswith("-dev")


def serving(name: str) -> list[tuple[str, Object]]:
    return [(what, pod) for what, pod in pods(name) if what.startswith("Deployment")]


@pytest.mark.parametrize("name", NAMES)
def test_images_are_named_by_version_or_digest(name: str) -> None:
    for what, pod in pods(name):
        for container in containers(pod):
            assert PINNED.match(container["image"]), f"{what}: {container['image']}"


@pytest.mark.parametrize("name", NAMES)
def test_pod_security_is_restricted(name: str) -> None:
    for what, pod in pods(name):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, what
        assert spec["securityContext"]["runAsUser"] > 0, what
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, what
        assert not any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")), what
        assert not any("hostPath" in volume for volume in spec.get("volumes", [])), what
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, what
            assert context["capabilities"] == {"drop": ["ALL"]}, what
            assert context["readOnlyRootFilesystem"] is True or not ours(pod), what


@pytest.mark.parametrize("name", NAMES)
def test_no_pod_gets_a_token_of_the_api_server(name: str) -> None:
    for what, pod in pods(name):
        assert pod["spec"]["automountServiceAccountToken"] is False, what
    for account in rendered(name).of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", NAMES)
def test_every_writable_place_has_a_size(name: str) -> None:
    for what, pod in pods(name):
        places = [volume["emptyDir"] for volume in pod["spec"].get("volumes", []) if "emptyDir" in volume]
        assert all("sizeLimit" in place for place in places), what
        mounts = [mount for container in containers(pod) for mount in container.get("volumeMounts", [])]
        writable = [mount["mountPath"] for mount in mounts if not mount.get("readOnly")]
        assert writable == ["/tmp"] or not ours(pod), what


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_limited_to_what_is_requested_and_cpu_is_not_limited(name: str) -> None:
    for what, pod in pods(name):
        for container in containers(pod):
            resources: dict[str, Any] = container["resources"]
            assert resources["limits"] == {"memory": resources["requests"]["memory"]}, what
            assert resources["requests"]["cpu"], what


@pytest.mark.parametrize("name", NAMES)
def test_what_serves_is_probed_for_life_and_readiness_and_they_ask_for_different_things(name: str) -> None:
    for what, pod in serving(name):
        (container,) = containers(pod)
        paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
        assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}, what


@pytest.mark.parametrize("name", NAMES)
def test_what_is_secret_comes_from_a_secret(name: str) -> None:
    for what, pod in pods(name):
        for variable in (one for container in containers(pod) for one in container.get("env", []) if ours(pod)):
            if re.search("PASSWORD|SECRET|DSN|KEYS?$", variable["name"]):
                assert "secretKeyRef" in variable["valueFrom"], f"{what}: {variable['name']}"
    for config in rendered(name).of("ConfigMap"):
        assert not re.search("password|secret", str(config["data"]).lower().replace("secretname", ""))


def grace(values: dict[str, Any], deployment: str) -> int:
    return render(values).one("Deployment", deployment)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]


def test_the_grace_period_holds_the_end_of_traffic_the_drain_and_a_margin() -> None:
    minimal = scenario("minimal")
    assert grace(minimal, "printworks-render-worker") == 210 + 15
    assert grace(minimal, "printworks-ingest-receiver") == 10 + 25 + 15
    longer = changed(minimal, {"worker": {"settings": {"drainSeconds": 600}}})
    assert grace(longer, "printworks-render-worker") == 600 + 15


def test_the_sealing_key_is_given_to_the_roles_that_open_shops_own_storages_alone() -> None:
    holders = {
        document["metadata"]["name"]
        for document in rendered("production").of("Deployment")
        for container in document["spec"]["template"]["spec"]["containers"]
        if any(one["name"] == "PRINTWORKS_SEALING_KEYS" for one in container.get("env", ()))
    }
    assert holders == {"printworks-jobs-api", "printworks-render-deliverer"}


def test_a_worker_gets_the_memory_that_its_slots_ask_for() -> None:
    worker = rendered("production").one("Deployment", "printworks-render-worker")
    resources = worker["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "2", "memory": f"{2 * 2048 + 512}Mi"}


def test_a_change_of_settings_starts_new_pods() -> None:
    def stamp(values: dict[str, Any]) -> str:
        template = render(values).one("Deployment", "printworks-render-worker")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/settings"]

    minimal = scenario("minimal")
    assert stamp(minimal) == stamp(changed(minimal, {"receiver": {"replicas": 3}}))
    assert stamp(minimal) != stamp(changed(minimal, {"worker": {"settings": {"renderTimeoutSeconds": 90}}}))


def test_pods_of_a_role_are_spread_over_nodes_and_zones() -> None:
    for what, pod in serving("minimal"):
        keys = [one["topologyKey"] for one in pod["spec"]["topologySpreadConstraints"]]
        assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"], what


def test_what_customers_wait_for_goes_before_renders() -> None:
    classes = {what: pod["spec"]["priorityClassName"] for what, pod in serving("production")}
    assert classes["Deployment printworks-render-worker"] == "printworks-low"
    assert classes["Deployment printworks-ingest-receiver"] == "printworks-high"
