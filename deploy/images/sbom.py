"""`sbom.py SERVICE`: the libraries of this environment as CycloneDX 1.6 (JSON) on standard output."""

import json
import sys
from importlib import metadata
from typing import Any


def component(distribution: metadata.Distribution) -> dict[str, Any]:
    """A library by name, version, package URL and licence, where it states one."""
    about = distribution.metadata
    name, version = about["Name"], distribution.version
    licence = next((about[field] for field in ("License-Expression", "License") if field in about), "")
    classifiers = [
        one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    stated = licence if 0 < len(licence) < 100 else "; ".join(classifiers)
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        **({"licenses": [{"license": {"name": stated}}]} if stated else {}),
    }


def document(service: str) -> dict[str, Any]:
    """The bill of materials of a service; ours are its components too."""
    components = sorted((component(one) for one in metadata.distributions()), key=lambda one: one["purl"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"printworks/{service}"}},
        "components": components,
    }


if __name__ == "__main__":
    json.dump(document(sys.argv[1]), sys.stdout, indent=1)
