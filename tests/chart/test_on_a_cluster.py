"""On a cluster, when one is at hand: KUBECONFIG, `helm` and `kubectl`, and images in PRINTWORKS_TEST_REGISTRY.

The release comes with the single-node parts of values-dev.yaml in a namespace of its own, which is deleted at the end.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART

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
        HELM, "upgrade", "--install", RELEASE, str(chart), "-n", namespace, "-f", str(CHART / "values-dev.yaml"),
        "--set", f"image.registry={REGISTRY}", "--wait", "--timeout", "14m", *more,
    )  # fmt: skip


def names_of(namespace: str) -> set[str]:
    kinds = "deployments,statefulsets,services,configmaps,networkpolicies,serviceaccounts,jobs,cronjobs,ingresses"
    selected = ("-l", "app.kubernetes.io/part-of=printworks", "-o", "name")
    return set(run(KUBECTL, "-n", namespace, "get", kinds, *selected).split())


def test_it_is_installed_tested_upgraded_rolled_back_and_leaves_nothing(namespace: str) -> None:
    deploy(namespace)
    run(HELM, "test", RELEASE, "-n", namespace)
    deploy(namespace, "--set", "worker.settings.renderTimeoutSeconds=90")
    run(HELM, "test", RELEASE, "-n", namespace)
    run(HELM, "rollback", RELEASE, "1", "-n", namespace, "--wait", "--timeout", "14m")
    run(HELM, "test", RELEASE, "-n", namespace)
    run(HELM, "uninstall", RELEASE, "-n", namespace, "--wait", "--timeout", "5m")
    assert not names_of(namespace)
