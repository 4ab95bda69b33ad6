"""The chart rendered by Helm itself (its library, in a wheel): no cluster, no command-line tool."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

Object = dict[str, Any]
"""A Kubernetes object as plain data."""

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "printworks"
SCENARIOS = Path(__file__).parent / "scenarios"

RELEASE, NAMESPACE = "printworks", "prints"

NAMES = [*sorted(path.stem for path in SCENARIOS.glob("*.yaml")), "dev"]
"""Every scenario: the values files beside this one, and the chart's own values for trying it out."""


@dataclass(frozen=True)
class Rendered:
    """All objects of a release, those of hooks too."""

    objects: tuple[Object, ...]
    texts: dict[str, str]

    def of(self, kind: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str) -> Object:
        found = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        assert len(found) == 1, f"{kind} {name}: there are {sorted(one['metadata']['name'] for one in self.of(kind))}"
        return found[0]

    def named(self, kind: str) -> dict[str, Object]:
        return {one["metadata"]["name"]: one for one in self.of(kind)}


def render(values: dict[str, Any]) -> Rendered:
    """The whole chart with these values. Raises HelmError with Helm's own words when it refuses them."""
    result: dict[str, str] = _chart().render(values, name=RELEASE, namespace=NAMESPACE)
    return Rendered(tuple(_objects(result)), result)


def scenario(name: str) -> dict[str, Any]:
    path = CHART / "values-dev.yaml" if name == "dev" else SCENARIOS / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


@cache
def rendered(name: str) -> Rendered:
    """A scenario, rendered once."""
    return render(scenario(name))


def changed(values: dict[str, Any], *changes: dict[str, Any]) -> dict[str, Any]:
    """Values with changes merged into them, as Helm merges them."""
    result = dict(values)
    for change in changes:
        for key, value in change.items():
            old = result.get(key)
            result[key] = changed(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def pod_templates(release: Rendered) -> Iterator[tuple[str, Object]]:
    """The pods that a release starts: name of the object, and the pod's template."""
    for one in release.objects:
        name = f"{one['kind']} {one['metadata']['name']}"
        match one["kind"]:
            case "Pod":
                yield name, one
            case "Deployment" | "StatefulSet" | "Job":
                yield name, one["spec"]["template"]
            case "CronJob":
                yield name, one["spec"]["jobTemplate"]["spec"]["template"]
            case _:
                continue


@cache
def _chart() -> Any:
    load: Callable[[Path], Any] = helm_python.Chart.load
    return load(CHART)


def _objects(result: dict[str, str]) -> Iterator[Object]:
    for name, text in sorted(result.items()):
        if name.endswith(".txt"):
            continue
        for document in yaml.safe_load_all(text):
            if document:
                yield document
