"""`sbom.py SERVICE`: what is in the image of a service as CycloneDX 1.6 (JSON) on standard output.

The libraries of this environment, the files of others in the service, and the Debian packages of the base, whole: what
the image leaves out of a package is not told apart.

`sbom.py --locked FOLDER`: the same from a checkout, without an image: `FOLDER/SERVICE.json` has what the lock file
names with the hashes of all its files, for every platform, and the files of others. Licences are those that the
libraries of this environment state. The same checkout and environment give the same bytes.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VENDORED = Path(__file__).with_name("vendored.toml")

DPKG_STATUS = Path("/var/lib/dpkg/status")
OS_RELEASE = Path("/etc/os-release")


def stated_licence(distribution: metadata.Distribution) -> str:
    """What a library states of its licence in a line; empty where it states none."""
    about = distribution.metadata
    licence = next((about[field] for field in ("License-Expression", "License") if field in about), "")
    classifiers = [
        one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    return licence if 0 < len(licence) < 100 else "; ".join(classifiers)


def library(name: str, version: str, licence: str) -> dict[str, Any]:
    """A library by name, version, package URL and licence, if one is known."""
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        **licences(licence),
    }


def licences(stated: str) -> dict[str, Any]:
    return {"licenses": [{"license": {"name": stated}}]} if stated else {}


def hashes(*digests: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest} for digest in digests]


def locked_libraries(lock: str) -> Iterator[dict[str, Any]]:
    """What a lock file names: each version with its hashes, its marker, and the licence of the installed library."""
    stated = {
        re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): stated_licence(one) for one in metadata.distributions()
    }
    for line in lock.replace("\\\n", " ").splitlines():
        requirement, *digests = line.split(" --hash=sha256:")
        pinned, _, marker = requirement.partition(" ; ")
        name, _, version = pinned.strip().partition("==")
        yield {
            **library(name, version, stated.get(name, "")),
            "hashes": hashes(*sorted(digest.strip() for digest in digests)),
            **({"properties": [{"name": "printworks:marker", "value": marker.strip()}]} if marker else {}),
        }


def vendored(service: str) -> Iterator[dict[str, Any]]:
    """The files of others in a service: JavaScript, fonts, colour profiles, as `vendored.toml` records them."""
    for one in tomllib.loads(VENDORED.read_text(encoding="utf-8"))["file"]:
        if one["path"].startswith(f"services/{service}/"):
            pedigree = {"pedigree": {"notes": "A subset of the original."}} if one.get("changed") else {}
            yield {
                "type": "file",
                "bom-ref": one["path"],
                "name": one["path"].removeprefix(f"services/{service}/"),
                "description": one["name"],
                **{field: one[field] for field in ("version", "purl") if field in one},
                "hashes": hashes(one["sha256"]),
                **licences(one["licence"]),
                **pedigree,
            }


def debian_packages(status: str, distro: str) -> Iterator[dict[str, Any]]:
    """The installed packages that dpkg's `status` lists."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status") == "install ok installed":
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={fields['Architecture']}&distro={distro}"
            yield {"type": "library", "name": name, "version": version, "purl": purl}


def of_image(service: str) -> dict[str, Any]:
    """The bill of materials of the image that this runs in; ours are its components too."""
    release = dict(line.split("=", 1) for line in OS_RELEASE.read_text(encoding="utf-8").splitlines() if "=" in line)
    distro = f"{release['ID']}-{release['VERSION_ID'].strip(chr(34))}"
    components = [library(one.metadata["Name"], one.version, stated_licence(one)) for one in metadata.distributions()]
    components += debian_packages(DPKG_STATUS.read_text(encoding="utf-8"), distro)
    return document("container", service, [*components, *vendored(service)])


def of_locks(service: str) -> dict[str, Any]:
    """The bill of materials of a service in this checkout."""
    lock = (ROOT / "requirements" / f"{service}.txt").read_text(encoding="utf-8")
    return document("application", service, [*locked_libraries(lock), *vendored(service)])


def document(kind: str, service: str, components: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": kind, "name": f"printworks/{service}"}},
        "components": sorted(components, key=lambda one: (one.get("purl", ""), one["name"])),
    }


def main() -> None:
    if sys.argv[1] != "--locked":
        json.dump(of_image(sys.argv[1]), sys.stdout, indent=1)
        return
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for project in sorted((ROOT / "services").glob("*/pyproject.toml")):
        service = project.parent.name
        target = folder / f"{service}.json"
        target.write_text(json.dumps(of_locks(service), indent=1) + "\n", encoding="utf-8")
        print(target)


if __name__ == "__main__":
    main()
