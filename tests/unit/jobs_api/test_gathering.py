"""What comes while a write is under way is written together; a bad item is nobody else's trouble."""

import asyncio
from collections.abc import Sequence

import pytest
from printworks_common.errors import GroundMissingError, PoisonError
from printworks_jobs_api.gathering import Gathering


class Ledger:
    """Keeps what is written together; a write waits until it is let through."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, items: Sequence[str]) -> list[str]:
        self.batches.append(list(items))
        await self.open.wait()
        if "away" in items:
            raise GroundMissingError("away", code="database_unreachable")
        if "bad" in items:
            raise PoisonError("bad", code="unreadable_event")
        return [item.upper() for item in items]


def gathering(ledger: Ledger, most: int = 10) -> Gathering[str, str]:
    return Gathering(ledger.write, key=lambda item: item[:3], most=most)


async def test_a_single_item_waits_for_nothing() -> None:
    ledger = Ledger()
    assert await gathering(ledger).add("one") == "ONE"
    assert ledger.batches == [["one"]]


async def test_what_comes_meanwhile_is_written_together_at_most_so_many() -> None:
    ledger = Ledger()
    ledger.open.clear()
    gathered = gathering(ledger, most=2)
    adding = [asyncio.create_task(gathered.add(item)) for item in ("one", "two", "six", "ten")]
    await asyncio.sleep(0)
    ledger.open.set()
    assert await asyncio.gather(*adding) == ["ONE", "TWO", "SIX", "TEN"]
    assert [len(batch) for batch in ledger.batches] == [2, 2]


async def test_items_of_one_key_are_never_in_one_batch_and_keep_their_order() -> None:
    ledger = Ledger()
    gathered = gathering(ledger)
    adding = [asyncio.create_task(gathered.add(item)) for item in ("one/1", "one/2", "two/1", "one/3")]
    await asyncio.gather(*adding)
    assert ledger.batches == [["one/1", "two/1"], ["one/2"], ["one/3"]]


async def test_a_bad_item_fails_alone() -> None:
    ledger = Ledger()
    gathered = gathering(ledger)
    results = await asyncio.gather(*(gathered.add(item) for item in ("one", "bad", "two")), return_exceptions=True)
    assert [results[0], results[2]] == ["ONE", "TWO"]
    assert isinstance(results[1], PoisonError)


async def test_a_missing_ground_is_missing_for_all_and_is_not_tried_for_each() -> None:
    ledger = Ledger()
    gathered = gathering(ledger)
    results = await asyncio.gather(*(gathered.add(item) for item in ("one", "away", "two")), return_exceptions=True)
    assert all(isinstance(one, GroundMissingError) for one in results)
    assert len(ledger.batches) == 1


async def test_who_gave_up_waiting_is_left_out() -> None:
    ledger = Ledger()
    ledger.open.clear()
    gathered = gathering(ledger)
    first, second = (asyncio.create_task(gathered.add(item)) for item in ("one", "two"))
    await asyncio.sleep(0)
    third = asyncio.create_task(gathered.add("six"))
    await asyncio.sleep(0)
    third.cancel()
    ledger.open.set()
    assert await asyncio.gather(first, second) == ["ONE", "TWO"]
    with pytest.raises(asyncio.CancelledError):
        await third
    assert await gathered.add("ten") == "TEN"
    assert ["six"] not in ledger.batches
