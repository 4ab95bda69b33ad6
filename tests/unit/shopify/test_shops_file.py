"""The shops file or directory: read again when it changes, and never worse than its last good state."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from printworks_common.shopify import shops as shops_module
from printworks_common.shopify.shops import ShopRegistry, ShopsFileError, load_shops


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"domain": f"{name}.myshopify.com", "client_id": "id", "client_secret": "hush-hush", **more}


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(entries)))
    return path


def names(registry: ShopRegistry) -> list[str]:
    return [shop.domain.removesuffix(".myshopify.com") for shop in registry]


@pytest.fixture(autouse=True)
def looked_at_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shops_module, "LOOK_SECONDS", 0.0)


def test_a_change_of_the_file_is_seen_without_a_restart(tmp_path: Path) -> None:
    registry = ShopRegistry(write(tmp_path / "shops.json", entry("one")))
    write(tmp_path / "shops.json", entry("one"), entry("two"))
    assert names(registry) == ["one", "two"]
    write(tmp_path / "shops.json", entry("two"))
    assert registry.get("one.myshopify.com") is None


def test_the_files_of_a_directory_hold_a_list_or_a_single_shop(tmp_path: Path) -> None:
    write(tmp_path / "a.json", entry("one"), entry("two"))
    (tmp_path / "b.yaml").write_text("domain: three.myshopify.com\nclient_id: id\nclient_secret: hush\n")
    (tmp_path / "notes.txt").write_text("no shop")
    registry = ShopRegistry(tmp_path)
    assert names(registry) == ["one", "two", "three"]
    write(tmp_path / "c.json", entry("four"))
    (tmp_path / "a.json").unlink()
    assert names(registry) == ["three", "four"]


def test_a_mounted_secret_is_replaced_by_turning_one_link(tmp_path: Path) -> None:
    """As Kubernetes does it: `..data` is a link to the present state, the files are links into it."""
    for version, name in (("..1", "one"), ("..2", "two")):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "shops.json", entry(name))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "shops.json").symlink_to(Path("..data") / "shops.json")
    of_file, of_directory = ShopRegistry(tmp_path / "shops.json"), ShopRegistry(tmp_path)
    assert names(of_file) == names(of_directory) == ["one"]
    (tmp_path / "..new").symlink_to("..2")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    assert names(of_file) == names(of_directory) == ["two"]


@pytest.mark.parametrize("content", ["{", "[{}]", "- domain: nowhere.example.com", "\x00"])
def test_what_becomes_unreadable_keeps_the_last_good_state(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "shops.json", entry("one"))
    registry = ShopRegistry(path)
    path.write_text(content)
    assert names(registry) == ["one"]
    path.unlink()
    assert names(registry) == ["one"]
    write(path, entry("two"))
    assert names(registry) == ["two"]


def test_at_a_start_it_is_an_error_that_names_the_place_and_no_value(tmp_path: Path) -> None:
    path = write(tmp_path / "shops.json", entry("one"), {"domain": "two.myshopify.com", "client_secret": "hush-hush"})
    with pytest.raises(ShopsFileError) as wrong:
        ShopRegistry(path)
    assert "1.client_id" in str(wrong.value)
    assert "hush-hush" not in str(wrong.value)


def test_a_shop_that_is_named_twice_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.json", entry("one"))
    write(tmp_path / "b.json", entry("one"))
    with pytest.raises(ShopsFileError) as wrong:
        load_shops(tmp_path)
    assert "one.myshopify.com" in str(wrong.value)


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShopsFileError):
        ShopRegistry(tmp_path / "nothing")
