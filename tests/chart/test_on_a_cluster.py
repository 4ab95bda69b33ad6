"""On a cluster, when one is at hand: KUBECONFIG, `helm` and `kubectl`, and images in PRINTWORKS_TEST_REGISTRY.

The release comes with the single-node parts of values-dev.yaml in a namespace of its own, which is deleted at the end.
"""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART, ROOT

REGISTRY = os.environ.get("PRINTWORKS_TEST_REGISTRY")
HELM, KUBECTL = shutil.which("helm"), shutil.which("kubectl")

pytestmark = pytest.mark.skipif(
    not (os.environ.get("KUBECONFIG") and REGISTRY and HELM and KUBECTL),
    reason="no cluster: set KUBECONFIG and PRINTWORKS_TEST_REGISTRY, and have helm and kubectl",
)

RELEASE = "printworks"


def run(*command: str | None, within: int = 900) -> str:
    words = [word for word in command if word is not None]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=within)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    name = f"printworks-{uuid.uuid4().hex[:8]}"
    shops = tmp_path_factory.mktemp("shops") / "shops.yaml"
    shops.write_text(yaml.safe_dump([{"domain": "trial.myshopify.com", "client_id": "a", "client_secret": "trial"}]))
    run(KUBECTL, "create", "namespace", name)
    try:
        run(KUBECTL, "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        run(KUBECTL, "-n", name, "create", "secret", "generic", "printworks-shops", f"--from-file={shops}")
        yield name
    finally:
        run(KUBECTL, "delete", "namespace", name, "--wait=false")


def deploy(namespace: str, *more: str, chart: Path = CHART) -> None:
    run(
        HELM, "upgrade", "--install", RELEASE, str(chart), "-n", namespace, "-f", str(chart / "values-dev.yaml"),
        "--set", f"image.registry={REGISTRY}", "--wait", "--timeout", "14m", *more,
    )  # fmt: skip


OURS_BEFORE = {"secret/printworks-shops"}

OF_THE_CLUSTER = {"configmap/kube-root-ca.crt", "configmap/openshift-service-ca.crt", "serviceaccount/default"}

KINDS = (
    "deployments,statefulsets,pods,jobs,cronjobs,services,configmaps,secrets,serviceaccounts,networkpolicies,ingresses,"
    "poddisruptionbudgets,horizontalpodautoscalers,persistentvolumeclaims"
)


def objects_of(namespace: str) -> set[str]:
    """Everything there, whoever made it, but what every namespace has and what was there before."""
    found = set(run(KUBECTL, "-n", namespace, "get", KINDS, "-o", "name").split())
    return found - OURS_BEFORE - OF_THE_CLUSTER


def wait_until_gone(namespace: str, within: float = 180) -> None:
    """Pods and volumes end some time after their owners."""
    deadline = time.monotonic() + within
    while (left := objects_of(namespace)) and time.monotonic() < deadline:
        time.sleep(2)
    assert not left


def previous_chart(folder: Path) -> Path:
    """The chart of the newest release (a tag `v…`), or where there is none yet this one."""
    tags = run("git", "-C", str(ROOT), "tag", "--list", "v*", "--sort=-v:refname").split()
    if not tags:
        return CHART
    chart = CHART.relative_to(ROOT)
    archive = folder / "chart.tar"
    run("git", "-C", str(ROOT), "archive", "--output", str(archive), tags[0], str(chart))
    run("tar", "-xf", str(archive), "-C", str(folder))
    return folder / chart


def test_it_is_installed_tested_upgraded_rolled_back_and_leaves_nothing(namespace: str, tmp_path: Path) -> None:
    deploy(namespace, chart=previous_chart(tmp_path))
    run(HELM, "test", RELEASE, "-n", namespace)
    deploy(namespace, "--set", "worker.settings.renderTimeoutSeconds=90")
    run(HELM, "test", RELEASE, "-n", namespace)
    run(HELM, "rollback", RELEASE, "1", "-n", namespace, "--wait", "--timeout", "14m")
    run(HELM, "test", RELEASE, "-n", namespace)
    run(HELM, "uninstall", RELEASE, "-n", namespace, "--wait", "--timeout", "5m")
    wait_until_gone(namespace)
