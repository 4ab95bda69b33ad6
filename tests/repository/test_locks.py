"""The lock files in requirements/ are what the pyproject.toml files ask for."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from printworks_local.stack.model import checkout_root

ROOT = checkout_root()
LOCKS = ROOT / "requirements"
SERVICES = ("ingest", "render", "jobs-api", "shopify-writer", "retention")


def project(path: Path) -> dict[str, Any]:
    return tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> Iterator[Path]:
    yield from (path.parent for room in ("libs", "services") for path in (ROOT / room).glob("*/pyproject.toml"))


def of_this_workspace(requirement: Requirement) -> bool:
    return requirement.name.startswith("printworks-")


def required(path: Path) -> set[str]:
    """What a package needs, with what the packages of the workspace it needs need themselves."""
    found: set[str] = set()
    for text in project(path)["project"]["dependencies"]:
        requirement = Requirement(text)
        if of_this_workspace(requirement):
            found |= required(next(one for one in packages() if project(one)["project"]["name"] == requirement.name))
        else:
            found.add(text)
    return found


def grouped(name: str) -> set[str]:
    """A dependency group of the root, with the groups that it includes."""
    found: set[str] = set()
    for one in project(ROOT)["dependency-groups"][name]:
        found |= {one} if isinstance(one, str) else grouped(one["include-group"])
    return found


def locked(name: str) -> dict[str, list[Version]]:
    """Package to pinned versions; more than one where a marker decides."""
    pins: dict[str, list[Version]] = {}
    for match in re.finditer(r"^([A-Za-z0-9._-]+)==([^\s;]+)", (LOCKS / f"{name}.txt").read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(match.group(1)), []).append(Version(match.group(2)))
    return pins


def missing(requirements: set[str], lock: str) -> list[str]:
    pins = locked(lock)
    return sorted(
        text
        for text in requirements
        for requirement in [Requirement(text)]
        if not any(version in requirement.specifier for version in pins.get(canonicalize_name(requirement.name), []))
    )


ADVICE = "requirements/{}.txt is behind; run `make lock` and commit it"


def test_the_lock_of_developers_holds_what_any_package_and_tool_asks_for() -> None:
    everything = grouped("dev").union(*(required(path) for path in packages()))
    assert missing(everything, "dev") == [], ADVICE.format("dev")


def test_the_lock_of_the_local_stack_holds_what_any_package_asks_for() -> None:
    everything = grouped("build").union(*(required(path) for path in packages()))
    assert missing(everything, "local") == [], ADVICE.format("local")


@pytest.mark.parametrize("service", SERVICES)
def test_the_lock_of_a_service_holds_what_the_service_asks_for(service: str) -> None:
    assert missing(required(ROOT / "services" / service), service) == [], ADVICE.format(service)


@pytest.mark.parametrize("service", [*SERVICES, "local"])
def test_every_lock_has_the_versions_of_the_lock_of_developers(service: str) -> None:
    developers = locked("dev")
    assert {name: pins for name, pins in locked(service).items() if developers.get(name) != pins} == {}


@pytest.mark.parametrize("lock", sorted(path.stem for path in LOCKS.glob("*.txt")))
def test_a_lock_names_packages_with_hashes_and_no_host_or_path(lock: str) -> None:
    for line in (LOCKS / f"{lock}.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^/]+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
