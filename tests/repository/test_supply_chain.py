"""Nothing is downloaded but what is pinned, and files of others are those that were recorded."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from printworks_local.audit import CLEAN, NOT_ASKED, VULNERABLE, audit, rounds, verdict
from printworks_local.stack.model import checkout_root

ROOT = checkout_root()
VENDORED: list[dict[str, Any]] = tomllib.loads((ROOT / "deploy/images/vendored.toml").read_text(encoding="utf-8"))[
    "file"
]
OURS = {
    "services/jobs-api/printworks_jobs_api/pages/static/pages.js",
    "services/render/printworks_render/engine/diamond/data/symbols.ttf",  # drawn by make_symbol_font.py
}

DOWNLOAD = re.compile(
    r"""\bpip["',\s]+(?:install|download|wheel)\b|\$\(PIP\)\s+install|\$pip\s+install|pip3?\s+install
    |\bnpm["',\s]+(?:ci|install|i|add)\b|\bnpx\b|\bgo["',\s]+(?:install|run|get)\b|"go",\s*\*
    |\bmaven,\s|\bmvn\b.*:|\bcurl\s|\bwget\s|urlopen|urlretrieve|\bgit["',\s]+clone\b
    |\[apt,|apt-get\s+(?:install|update)|install\s*=\s*\[apt|playwright["',\s]+install\b|^\s*FROM\s+\$|docker\.io/|^\w+_IMAGE\s*=""",
    re.VERBOSE,
)
"""What brings something from elsewhere, as code, make and shell say it."""

PINNED: dict[str, dict[str, str]] = {
    "Makefile": {
        r"--require-hashes": "a lock file with hashes",
        r"--no-deps --no-build-isolation \$\(EDITABLES\)": "this checkout",
        r"go install github\.com/minio/minio@\$\(MINIO_VERSION\)": "a version that Go's checksum database knows",
        r"npm ci --ignore-scripts": "package-lock.json with hashes",
    },
    "deploy/images/Dockerfile": {
        r"--require-hashes": "a lock file with hashes",
        r"^ARG BASE_IMAGE=docker\.io/library/python:3\.11-slim-bookworm$": "by tag, so that it has Debian's fixes; "
        "whoever builds for others names a digest",
        r"^FROM \$\{BASE_IMAGE\}": "the base image",
    },
    "deploy/images/install.sh": {
        r"--require-hashes": "a lock file with hashes",
        r"--no-index": "no index at all",
        r"wheel --no-deps --no-build-isolation .*\./\$project": "this checkout",
    },
    "libs/local/printworks_local/stack/kafka_distribution/__init__.py": {
        r"\[maven, .*PLUGIN": "jars.sha256, compared after the download",
    },
    "libs/local/printworks_local/stack/containers.py": {
        r'^\w+_IMAGE = f?"[\w./-]+:(\d[\w.]*|\{kafka_version\(\)\})"$': "a version; for tests alone",
    },
    "libs/local/printworks_local/chromium.py": {
        r'^    install = \[apt, "install", .*"chromium"\]$': "Debian's signatures; for tests alone",
        r'^    for command in \(install, \[apt, "update"\], install\):$': "Debian's signatures; for tests alone",
        r'"playwright", "install", "chromium"\]': "the build that the locked playwright names; for tests alone",
        r"playwright install chromium failed|apt-get install chromium failed": "a sentence",
    },
    "libs/common/printworks_common/storage/guarded.py": {
        r"\burlopen\(": "no program: merchants' storage, through the guard",
    },
    "bench/render/numbers_bench.py": {r'"npm", "ci", "--ignore-scripts"': "package-lock.json with hashes"},
    "bench/render/diamond_bench.py": {r"--require-hashes": "a lock file with hashes"},
    "tests/chart/crds/renew.py": {
        r'"mvn", "-q", "dependency:build-classpath"': "a version; its result is read by a person and committed",
        r'"go", ': "versions that Go's checksum database knows",
    },
}
"""By file: lines that may download, and what holds them to what they are."""

SOURCES = re.compile(r"(?:\.(?:py|sh|toml|ya?ml|mjs)|(?:^|/)(?:Makefile|Dockerfile|\.ci/run))$")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def unpinned(name: str, text: str) -> Iterator[str]:
    """Lines of a file that download what nothing holds to what it is."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("#") or "Debian: apt-get install" in line:
            continue
        if DOWNLOAD.search(line) and not any(re.search(known, line) for known in PINNED.get(name, {})):
            yield f"{name}: {line.strip()}"


def test_whatever_is_downloaded_is_pinned() -> None:
    here = Path(__file__).relative_to(ROOT).as_posix()
    names = [name for name in tracked() if SOURCES.search(name) and name != here and not name.startswith("docs/")]

    found = [fault for name in names for fault in unpinned(name, (ROOT / name).read_text(encoding="utf-8"))]

    assert found == [], "hold it by version and hash, then say in PINNED by what"


@pytest.mark.parametrize(
    "line",
    [
        "\t$(BIN)/pip install something==1.0",
        "    $pip install --requirement requirements/render.txt",
        "\tcurl -sSL https://example.com/install.sh | sh",
        '    subprocess.run(["npm", "install", "left-pad"])',
        "RUN apt-get update",
        "FROM docker.io/library/debian:latest",
        "    urllib.request.urlopen(address)",
        "\tgo install example.com/tool@latest",
    ],
)
def test_a_new_download_that_nothing_pins_is_noticed(line: str) -> None:
    assert list(unpinned("Makefile", line)) != []


@pytest.mark.parametrize("known", [(name, line) for name, lines in PINNED.items() for line in lines])
def test_what_is_said_to_be_pinned_is_there(known: tuple[str, str]) -> None:
    name, line = known
    assert re.search(line, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("lock", ["deploy/shopify-app/package-lock.json", "bench/render/peer/package-lock.json"])
def test_every_package_of_javascript_has_a_hash_and_no_host(lock: str) -> None:
    packages: dict[str, dict[str, Any]] = json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"]
    others = {name: about for name, about in packages.items() if name.startswith("node_modules/")}

    own = {name for name, about in others.items() if about.get("link")}

    assert {name for name, about in others.items() if "integrity" not in about} == own
    assert not any(about.get("resolved", "").startswith("http") for about in packages.values())


@pytest.mark.parametrize("file", VENDORED, ids=lambda file: Path(file["path"]).name)
def test_a_file_of_others_is_the_recorded_one(file: dict[str, Any]) -> None:
    assert hashlib.sha256((ROOT / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_every_file_of_others_in_a_service_is_recorded() -> None:
    kinds = re.compile(r"\.(js|mjs|wasm|ttf|otf|ttc|woff2?|icc|icm|so|jar|whl)$")
    carried = {name for name in tracked() if name.startswith(("services/", "libs/common/")) and kinds.search(name)}

    assert carried - OURS == {file["path"] for file in VENDORED}


def test_bills_of_materials_name_what_is_locked_with_hashes_and_are_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        command = [sys.executable, "deploy/images/sbom.py", "--locked", str(tmp_path / folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    for bill in sorted((tmp_path / "first").iterdir()):
        assert bill.read_bytes() == (tmp_path / "second" / bill.name).read_bytes()
        components = json.loads(bill.read_text(encoding="utf-8"))["components"]
        lock = (ROOT / "requirements" / f"{bill.stem}.txt").read_text(encoding="utf-8")
        libraries = [one for one in components if one["type"] == "library"]
        assert len(libraries) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
        assert sum(len(one["hashes"]) for one in libraries) == lock.count("--hash=sha256:")
        files = {one["bom-ref"] for one in components if one["type"] == "file"}
        assert files == {one["path"] for one in VENDORED if one["path"].startswith(f"services/{bill.stem}/")}
        assert all(one["hashes"] and one["licenses"] for one in components if one["type"] == "file")


ANSWERED = {"name": "one", "version": "1.0", "vulns": []}
FAULTY = {"name": "two", "version": "2.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "three", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("dependencies", "code", "sentence"),
    [
        ([ANSWERED], CLEAN, "No known vulnerability in 1 packages."),
        ([ANSWERED, FAULTY], VULNERABLE, "two 2.0: PYSEC-2026-1, mended in 2.1"),
        ([FAULTY, SKIPPED], VULNERABLE, "two 2.0: PYSEC-2026-1, mended in 2.1"),
        ([ANSWERED, SKIPPED], NOT_ASKED, "answered for 1 packages and not for 1: three."),
        ([], NOT_ASKED, "answered for 0 packages"),
    ],
)
def test_an_audit_that_asked_about_nothing_is_no_clean_one(
    dependencies: list[dict[str, Any]], code: int, sentence: str
) -> None:
    found, sentences = verdict(dependencies)

    assert found == code
    assert sentence in "\n".join(sentences)


def test_an_audit_asks_about_every_version_of_every_platform_once() -> None:
    locks = [
        'one==1.0 ; sys_platform == "win32" \\\n    --hash=sha256:11\n'
        "one==2.0 \\\n    --hash=sha256:22 \\\n    --hash=sha256:33",
        "one==2.0 --hash=sha256:22 --hash=sha256:33\ntwo==3.0 --hash=sha256:44",
    ]

    assert rounds(locks) == [
        "one==1.0 --hash=sha256:11\ntwo==3.0 --hash=sha256:44",
        "one==2.0 --hash=sha256:22 --hash=sha256:33",
    ]


def test_an_audit_without_a_database_says_so(tmp_path: Path) -> None:
    program = tmp_path / "pip-audit"
    program.write_text("#!/bin/sh\necho 'ERROR: connection refused' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)

    code, sentences = audit(program, ["one==1.0 \\\n    --hash=sha256:00"])

    assert code == NOT_ASKED
    assert sentences == [
        "Not audited: the vulnerability database could not be asked. ERROR: connection refused",
    ]
