"""Named queries in SQL files of a package."""

import sys
from pathlib import Path

import pytest
from printworks_common.postgres import load_queries


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"queries_of_{abs(hash(request.node.name))}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def write(package: str, tmp_path: Path, text: str) -> None:
    (tmp_path / package / "queries.sql").write_text(text)


def test_queries_are_found_by_name(package: str, tmp_path: Path) -> None:
    write(package, tmp_path, "-- about\n\n-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT 2\n")
    assert dict(load_queries(package, "queries.sql")) == {"one": "-- why\nSELECT 1;", "two": "SELECT 2"}


def test_two_queries_of_one_name_are_a_mistake(package: str, tmp_path: Path) -> None:
    write(package, tmp_path, "-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
    with pytest.raises(ValueError, match="two queries named one"):
        load_queries(package, "queries.sql")
