"""The memory of what was published a moment ago: bounded, oldest out first."""

from printworks_ingest.recent import Recent


def test_any_of_its_names_tells_a_repeat() -> None:
    recent = Recent()
    recent.add(("shop", "w-1"), ("shop", "orders/paid", "e-1"))
    assert recent.has(("shop", "w-2"), ("shop", "orders/paid", "e-1"))
    assert not recent.has(("shop", "w-2"), ("shop", "orders/updated", "e-1"))
    assert not recent.has(("other shop", "w-1"))


def test_it_keeps_the_newest_and_no_more_than_it_has_room_for() -> None:
    recent = Recent(capacity=3)
    for number in range(10):
        recent.add((str(number),))
    assert [number for number in range(10) if recent.has((str(number),))] == [7, 8, 9]
