"""The answer to a shop's newest count, from its event to the API."""

from datetime import timedelta
from uuid import uuid4

import pytest
from printworks_common.errors import PoisonError
from printworks_common.events.base import Event
from printworks_common.events.control import Difference, ReconciliationCompared, ReconciliationCounted
from printworks_common.events.envelope import encode
from printworks_common.kafka.record import Record
from printworks_jobs_api.keys import Scope
from printworks_jobs_api.reconciliations import Reconciliations

from tests.integration.jobs_api.parts import BEGIN, OTHER_SHOP, SHOP, Api


def compared(*, hours: int = 0, missing: int = 0, shop: str = SHOP) -> ReconciliationCompared:
    return ReconciliationCompared(
        shop=shop,
        run_id=uuid4(),
        window_from=BEGIN - timedelta(days=60),
        window_to=BEGIN,
        shopify_has=12,
        we_hold=12 - missing,
        customised=5,
        missing=missing,
        different=0,
        gone=0,
        differences=tuple(Difference(order_id=str(2**60 + number), kind="missing") for number in range(missing)),
        compared_at=BEGIN + timedelta(hours=hours),
    )


def record_of(event: Event, event_type: str | None = None) -> Record:
    out = encode(event, event_id="e", source="test", time=BEGIN)
    headers = out.headers | ({"ce_type": event_type} if event_type else {})
    return Record(topic=out.topic, partition=0, offset=0, timestamp=0, key=out.key, value=out.value, headers=headers)


async def test_the_newest_answer_is_shown_and_an_older_one_changes_nothing(api: Api) -> None:
    projected = Reconciliations(api.pool)
    for answer in (compared(hours=1), compared(hours=3, missing=2), compared(hours=2, missing=7)):
        await projected.handle(record_of(answer))
    async with await api.client() as client:
        answer = await client.get("/v1/reconciliation")
        shown = answer.json()
        again = await client.get("/v1/reconciliation", headers={"If-None-Match": answer.headers["etag"]})
    assert (shown["shopify_has"], shown["we_hold"], shown["customised"], shown["missing"]) == (12, 10, 5, 2)
    assert shown["differences"] == [
        {"order_id": str(2**60), "kind": "missing"},
        {"order_id": str(2**60 + 1), "kind": "missing"},
    ]
    assert again.status_code == 304


async def test_before_the_first_count_there_is_none_whatever_other_shops_have(api: Api) -> None:
    await Reconciliations(api.pool).handle(record_of(compared(shop=OTHER_SHOP)))
    async with await api.client() as client:
        answer = await client.get("/v1/reconciliation")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_key_without_the_scope_does_not_see_it(api: Api) -> None:
    async with await api.client(SHOP, Scope.EXPORT) as client:
        assert (await client.get("/v1/reconciliation")).status_code == 403


async def test_the_pages_of_a_count_are_passed_over_and_what_is_neither_is_refused(api: Api) -> None:
    page = ReconciliationCounted(
        shop=SHOP, run_id=uuid4(), window_from=BEGIN, window_to=BEGIN, page=1, last_page=True, order_ids=()
    )
    await Reconciliations(api.pool).handle(record_of(page))
    assert await api.pool.fetchval("SELECT count(*) FROM reconciliations") == 0
    with pytest.raises(PoisonError):
        await Reconciliations(api.pool).handle(record_of(page, "printworks.reconciliation.unheard-of.v1"))
