"""`printworks-ingest reconcile`: a count and a sweep of one shop, now."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from printworks_common import ids
from printworks_common.errors import PoisonError
from printworks_common.events.control import Difference, ReconciliationCompared
from printworks_common.events.envelope import encode
from printworks_common.settings import KafkaSettings
from printworks_ingest import at_once
from printworks_ingest.settings import ReconcilingSettings

from tests.integration.ingest.conftest import Bench

DAY = timedelta(days=1)


@pytest.fixture
def settings(bench: Bench, kafka: KafkaSettings, tmp_path: Path) -> ReconcilingSettings:
    return ReconcilingSettings(kafka_bootstrap=kafka.kafka_bootstrap, shops_file=tmp_path / "shops.json")


async def run(bench: Bench, settings: ReconcilingSettings, *, wait: float) -> tuple[bool, list[str]]:
    """Whether the count was answered, and what the command told."""
    told: list[str] = []
    since = bench.clock.now() - DAY
    answer = await at_once.reconcile(
        settings, bench.shop.domain, since, clock=bench.clock, tell=told.append, answer_seconds=wait
    )
    return answer is not None, told


async def answer_the_count(bench: Bench) -> None:
    """In the coordinator's place."""
    page: Mapping[str, Any] | None = None
    async with asyncio.timeout(60):
        while page is None:
            events = await bench.published.take(bench.shop.domain)
            page = next((one for one in events if one.get("last_page")), None)
    compared = ReconciliationCompared(
        shop=bench.shop.domain, run_id=UUID(page["run_id"]), window_from=page["window_from"],
        window_to=page["window_to"], shopify_has=2, we_hold=1, customised=1, missing=1, different=0, gone=0,
        differences=(Difference(order_id="2", kind="missing"),), compared_at=bench.clock.now(),
    )  # fmt: skip
    event_id = ids.event_id(compared.type_name, compared.run_id)
    await bench.producer.send(encode(compared, event_id=event_id, source="test", time=compared.compared_at))


async def test_the_answer_is_told_and_what_was_updated_since_is_published(
    bench: Bench, settings: ReconcilingSettings
) -> None:
    for order_id, ago in ((1, 2), (2, 3), (3, 30)):
        await bench.put_order(order_id, ago=timedelta(hours=ago))
    (answered, told), _ = await asyncio.gather(run(bench, settings, wait=60), answer_the_count(bench))
    assert answered
    assert told[0].startswith("Shopify has 2 orders created from ")
    assert told[1:3] == ["we hold 1 (1 customised): 1 missing, 0 different, 0 gone from Shopify", "  missing 2"]
    assert told[3].startswith("2 orders updated since ")
    assert await bench.orders() == ["1", "2"]


async def test_without_a_coordinator_the_orders_are_read_all_the_same(
    bench: Bench, settings: ReconcilingSettings
) -> None:
    await bench.put_order(1)
    answered, told = await run(bench, settings, wait=0.1)
    assert not answered
    assert "no answer came" in told[1]
    assert await bench.orders() == ["1"]


async def test_a_shop_that_is_not_in_the_file_is_said(bench: Bench, settings: ReconcilingSettings) -> None:
    with pytest.raises(PoisonError) as refused:
        await at_once.reconcile(
            settings, "nobody.myshopify.com", bench.clock.now(), clock=bench.clock, tell=lambda _: None
        )
    assert refused.value.code == "shop_unknown"


class TestTheCommandLine:
    @pytest.mark.parametrize("since", ["yesterday", "2026-11-24T08:00:00", "2026-11-24 00:00"])
    def test_a_moment_without_its_zone_is_refused(self, since: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            at_once.command(["--shop", "example.myshopify.com", "--since", since])
        assert ended.value.code == 2
        assert "--since" in capsys.readouterr().err

    def test_what_is_wrong_is_told_on_standard_error_without_a_trace(
        self, settings: ReconcilingSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PRINTWORKS_KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
        monkeypatch.setenv("PRINTWORKS_SHOPS_FILE", str(settings.shops_file))
        assert at_once.command(["--shop", "nobody.myshopify.com", "--since", "2026-11-24"]) == 1
        assert capsys.readouterr().err.strip().startswith("There is no shop nobody.myshopify.com")
