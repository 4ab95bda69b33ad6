"""`sbom.py SERVICE`: what is in the image of a service as CycloneDX 1.6 (JSON) on standard output.

The libraries of this environment, and the Debian packages of the base, whole: what the image leaves out of a package is
not told apart.
"""

import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

DPKG_STATUS = Path("/var/lib/dpkg/status")
OS_RELEASE = Path("/etc/os-release")


def library(distribution: metadata.Distribution) -> dict[str, Any]:
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


def debian_packages(status: str, distro: str) -> Iterator[dict[str, Any]]:
    """The installed packages that dpkg's `status` lists."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status") == "install ok installed":
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={fields['Architecture']}&distro={distro}"
            yield {"type": "library", "name": name, "version": version, "purl": purl}


def document(service: str) -> dict[str, Any]:
    """The bill of materials of a service; ours are its components too."""
    release = dict(line.split("=", 1) for line in OS_RELEASE.read_text(encoding="utf-8").splitlines() if "=" in line)
    distro = f"{release['ID']}-{release['VERSION_ID'].strip(chr(34))}"
    components = [library(one) for one in metadata.distributions()]
    components += debian_packages(DPKG_STATUS.read_text(encoding="utf-8"), distro)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"printworks/{service}"}},
        "components": sorted(components, key=lambda one: one["purl"]),
    }


if __name__ == "__main__":
    json.dump(document(sys.argv[1]), sys.stdout, indent=1)
