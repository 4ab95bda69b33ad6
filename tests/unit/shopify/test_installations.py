"""A shop that has uninstalled the app is left alone by every role, and taken up again when it is back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from printworks_common.events.control import CatalogEntry
from printworks_common.kafka.record import Record
from printworks_common.shopify.installations import Installations, LiveShops, installation
from printworks_common.shopify.shops import ShopRegistry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SHOP, OTHER = "one.myshopify.com", "two.myshopify.com"


def record(entry: CatalogEntry | None, key: str | None = None) -> Record:
    return Record(
        topic="printworks.catalog.v1",
        partition=0,
        offset=0,
        timestamp=0,
        key=key or (entry.key() if entry else ""),
        value=entry.model_dump_json().encode() if entry else b"",
    )


@pytest.fixture
def installations() -> Installations:
    return Installations()


@pytest.fixture
def live(installations: Installations, tmp_path: Path) -> LiveShops:
    file = tmp_path / "shops.yaml"
    file.write_text("".join(f"- {{domain: {name}, client_id: a, client_secret: b}}\n" for name in (SHOP, OTHER)))
    return LiveShops(ShopRegistry(file), installations)


def domains(live: LiveShops) -> list[str]:
    return [shop.domain for shop in live]


async def test_a_shop_of_which_nothing_is_said_is_installed(live: LiveShops) -> None:
    assert domains(live) == [SHOP, OTHER]


async def test_an_uninstalled_shop_is_known_but_not_called(live: LiveShops, installations: Installations) -> None:
    await installations.keep(record(installation(SHOP, installed=False, at=NOW)))
    assert domains(live) == [OTHER]
    assert live.get(SHOP) is None
    assert live.known.get(SHOP) is not None
    assert [shop.domain for shop in live.uninstalled()] == [SHOP]


async def test_a_shop_that_installs_again_is_live_again(live: LiveShops, installations: Installations) -> None:
    await installations.keep(record(installation(SHOP, installed=False, at=NOW)))
    await installations.keep(record(installation(SHOP, installed=True, at=LATER)))
    assert domains(live) == [SHOP, OTHER]


async def test_an_older_word_changes_nothing(live: LiveShops, installations: Installations) -> None:
    await installations.keep(record(installation(SHOP, installed=True, at=LATER)))
    await installations.keep(record(installation(SHOP, installed=False, at=NOW)))
    assert domains(live) == [SHOP, OTHER]


async def test_other_kinds_of_the_catalog_are_passed_over_unread(installations: Installations) -> None:
    await installations.keep(record(None, key=f"{SHOP}/template/poster"))
    assert installations.installed(SHOP)


async def test_a_deleted_entry_says_nothing(installations: Installations) -> None:
    entry = installation(SHOP, installed=False, at=NOW)
    await installations.keep(record(entry))
    await installations.keep(record(None, key=entry.key()))
    assert installations.installed(SHOP)
