"""`python -m tests.chart.crds.renew`: makes the schemas of operators' objects anew, from what the operators publish.

KEDA, the Prometheus operator, External Secrets and Gateway API publish their types as Go modules, of which
controller-gen makes the definitions; Strimzi publishes its model and its own generator as Java archives. Needs Go,
Java 21 or newer, and Maven.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.chart.crds import SCHEMAS

CONTROLLER_GEN = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.21.0"

GO_PACKAGES = {
    "github.com/external-secrets/external-secrets/apis/externalsecrets/v1": "v0.16.2",
    "github.com/kedacore/keda/v2/apis/keda/v1alpha1": "v2.21.0",
    "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1": "v0.95.2",
    "sigs.k8s.io/gateway-api/apis/v1": "v1.6.3",
}
"""Package with the types, and its module's version."""

STRIMZI = "1.2.0"
STRIMZI_MODELS = ("topic.KafkaTopic", "user.KafkaUser")

WANTED = {
    "ExternalSecret", "HTTPRoute", "KafkaTopic", "KafkaUser", "PodMonitor", "PrometheusRule", "ScaledObject",
    "TriggerAuthentication",
}  # fmt: skip

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.strimzi</groupId><artifactId>api</artifactId><version>{version}</version></dependency>
    <dependency><groupId>io.strimzi</groupId><artifactId>crd-generator</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        for definition in [*_of_go(directory), *_of_strimzi(directory)]:
            kind = definition["spec"]["names"]["kind"]
            if kind not in WANTED:
                continue
            for version in definition["spec"]["versions"]:
                path = SCHEMAS / definition["spec"]["group"] / version["name"] / f"{kind}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                schema = _without_texts(version["schema"]["openAPIV3Schema"])
                schema["properties"].pop("status", None)
                path.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


def _of_go(directory: Path) -> Iterator[dict[str, Any]]:
    for number, (package, version) in enumerate(GO_PACKAGES.items()):
        # Each in a module of its own: they do not agree on the versions of what they stand on.
        module = directory / str(number)
        module.mkdir()
        (module / "go.mod").write_text("module x\n\ngo 1.25\n", encoding="utf-8")
        (module / "x.go").write_text(f'package x\n\nimport _ "{package}"\n', encoding="utf-8")
        _run(module, "go", "get", f"{package}@{version}")
        _run(module, "go", "run", CONTROLLER_GEN, "crd:crdVersions=v1", f"paths={package}", "output:crd:dir=made")
        yield from _read(module / "made")


def _of_strimzi(directory: Path) -> Iterator[dict[str, Any]]:
    (directory / "pom.xml").write_text(POM.format(version=STRIMZI), encoding="utf-8")
    _run(directory, "mvn", "-q", "dependency:build-classpath", "-Dmdep.outputFile=classpath")
    made = directory / "strimzi"
    made.mkdir()
    models = [f"io.strimzi.api.kafka.model.{one}={made}/{one}.yaml" for one in STRIMZI_MODELS]
    _run(
        directory, "java", "-classpath", (directory / "classpath").read_text(encoding="utf-8"),
        "io.strimzi.crdgenerator.CrdGenerator", "--target-kube", "1.16+", "--crd-api-version", "v1",
        "--api-versions", "v1", "--storage-version", "v1", "--yaml", *models,
    )  # fmt: skip
    yield from _read(made)


def _read(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def _without_texts(schema: Any, *, names: bool = False) -> Any:
    """Without descriptions, which are most of it; `names`: these keys are names of fields."""
    if isinstance(schema, list):
        return [_without_texts(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_texts(value, names=key == "properties" and not names)
        for key, value in schema.items()
        if names or key != "description"
    }


def _run(directory: Path, *command: str) -> None:
    subprocess.run(command, cwd=directory, check=True, env={**os.environ, "GOFLAGS": "-mod=mod"})


if __name__ == "__main__":
    main()
